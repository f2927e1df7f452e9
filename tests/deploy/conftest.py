"""An account for the tests: Step Functions is the engine behind its API, the rest is moto in this process."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws

from statewright.api import create_app
from statewright.engine import Engine
from statewright.engine.functions import LocalFunctions
from tests.api.serving import served

if TYPE_CHECKING:
    from collections.abc import Iterator

REGION = "eu-central-1"
ROLE = "arn:aws:iam::000000000000:role/shop"


@dataclass(frozen=True)
class Machine:
    """A state machine with two versions; its alias `live` leads to the first."""

    arn: str

    @property
    def alias(self) -> str:
        return f"{self.arn}:live"

    def version(self, number: int) -> str:
        return f"{self.arn}:{number}"


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    async def make() -> Any:
        functions = LocalFunctions({})
        engine = Engine(functions=functions, clients=lambda service: None)
        return create_app(engine, functions), engine.close

    with served(make) as url:
        yield url


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> Iterator[pytest.MonkeyPatch]:
    """A shell that leads to the account, and nowhere else."""
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "CI"):
        monkeypatch.delenv(name, raising=False)
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    for name, value in {**keys, "AWS_REGION": REGION, "AWS_ENDPOINT_URL_SFN": endpoint}.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        yield monkeypatch


@pytest.fixture
def sfn(shell: pytest.MonkeyPatch, endpoint: str) -> Any:
    return boto3.client(
        "stepfunctions",
        endpoint_url=endpoint,
        region_name=REGION,
        config=Config(inject_host_prefix=False),
    )


@pytest.fixture
def cloudwatch(shell: pytest.MonkeyPatch) -> Any:
    return boto3.client("cloudwatch", region_name=REGION)


@pytest.fixture
def machine(sfn: Any) -> Machine:
    name = f"shop-{uuid.uuid4().hex}"
    first = {"StartAt": "Do", "States": {"Do": {"Type": "Succeed"}}}
    made = sfn.create_state_machine(name=name, definition=json.dumps(first), roleArn=ROLE, publish=True)
    arn = made["stateMachineArn"]
    second = json.dumps({**first, "Comment": "the second"})
    sfn.update_state_machine(stateMachineArn=arn, definition=second, publish=True)
    routes = [{"stateMachineVersionArn": f"{arn}:1", "weight": 100}]
    sfn.create_state_machine_alias(name="live", routingConfiguration=routes)
    return Machine(arn)


@pytest.fixture
def alarm(cloudwatch: Any) -> str:
    """The name of an alarm that does not ring."""
    cloudwatch.put_metric_alarm(
        AlarmName="shop-ingest_failed",
        Namespace="AWS/States",
        MetricName="ExecutionsFailed",
        Statistic="Sum",
        Period=300,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
    )
    set_alarm(cloudwatch, "shop-ingest_failed", "OK")
    return "shop-ingest_failed"


def set_alarm(cloudwatch: Any, name: str, state: str) -> None:
    cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="a test")


def routes(sfn: Any, alias: str) -> dict[int, int]:
    """Return the weights of an alias by version's number."""
    described = sfn.describe_state_machine_alias(stateMachineAliasArn=alias)
    return {
        int(each["stateMachineVersionArn"].rpartition(":")[2]): each["weight"]
        for each in described["routingConfiguration"]
    }
