"""A Step Functions endpoint on the real engine, with functions of this process."""

from __future__ import annotations

import json
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from statewright.api import create_app
from statewright.engine import Engine
from statewright.engine.functions import LocalFunctions
from tests.api.machines import PASS, ROLE, ended
from tests.api.serving import served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RELEASE = threading.Event()


class OutOfStock(Exception):  # noqa: N818 - the name that the tests look for
    """What a handler of a user may raise."""


def _fail(event: Any, context: Any) -> None:
    raise OutOfStock("nothing left")


def _hold(event: Any, context: Any) -> str:
    RELEASE.wait(20)
    return "released"


HANDLERS = {
    "double": lambda event, context: {"value": event["value"] * 2},
    "fail": _fail,
    "hold": _hold,
}


def sfn_client(url: str) -> Any:
    return boto3.client(
        "stepfunctions",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(
            retries={"total_max_attempts": 1}, inject_host_prefix=False, parameter_validation=False
        ),
    )


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    threads = ThreadPoolExecutor(8)

    async def make():
        functions = LocalFunctions(HANDLERS, executor=threads)
        engine = Engine(functions=functions, clients=lambda service: None)
        return create_app(engine, functions), engine.close

    with served(make) as url:
        yield url
    RELEASE.set()
    threads.shutdown(wait=True)


@pytest.fixture(scope="session")
def sfn(endpoint: str) -> Any:
    return sfn_client(endpoint)


@pytest.fixture
def make(sfn: Any) -> Iterator[Callable[..., str]]:
    """Create state machines that are deleted in the end."""
    made: list[str] = []

    def create(definition: Any = PASS, **options: Any) -> str:
        name = f"m-{uuid.uuid4().hex[:12]}"
        text = definition if isinstance(definition, str) else json.dumps(definition)
        arn = sfn.create_state_machine(name=name, definition=text, roleArn=ROLE, **options)["stateMachineArn"]
        made.append(arn)
        return arn

    yield create
    for arn in made:
        sfn.delete_state_machine(stateMachineArn=arn)


@pytest.fixture
def run(sfn: Any, make: Callable[..., str]) -> Callable[..., Any]:
    """Run a definition to its end; give the execution's description."""

    def to_the_end(definition: Any = PASS, execution_input: str = "{}") -> Any:
        arn = sfn.start_execution(stateMachineArn=make(definition), input=execution_input)["executionArn"]
        return ended(sfn, arn)

    return to_the_end


@pytest.fixture
def activity(sfn: Any) -> Iterator[str]:
    """Create an activity."""
    arn = sfn.create_activity(name=f"a-{uuid.uuid4().hex[:12]}")["activityArn"]
    yield arn
    sfn.delete_activity(activityArn=arn)


@pytest.fixture
def execution(sfn: Any, activity: str) -> Iterator[str]:
    """Start an execution that waits for a worker of the activity."""
    machine = {"StartAt": "Work", "States": {"Work": {"Type": "Task", "Resource": activity, "End": True}}}
    name = activity.rpartition(":")[2]
    request = {"name": name, "definition": json.dumps(machine), "roleArn": ROLE}
    arn = sfn.create_state_machine(**request)["stateMachineArn"]
    yield sfn.start_execution(stateMachineArn=arn, input='{"a": 1}')["executionArn"]
    sfn.delete_state_machine(stateMachineArn=arn)
