"""A smoke test of a deployment: one small file goes through, and every record of it is accounted for.

The file has good records, one that replaces another, and one that is refused. Their keys are of this run
alone, so nothing that is in the table already is touched; the items are deleted again, the file and its row
in the ledger stay. The deployment is found by the variables that `terraform output -raw exports` and
`statewright env` print, so the same test runs against AWS and the local cloud.
"""

from __future__ import annotations

import json
import tempfile
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from statewright.local.following import NotFollowed, NotStarted, follow, upload
from statewright.local.names import Names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from statewright.deploy.account import Account
    from statewright.local.following import Outcome, Upload
    from statewright.project import Project

DATASET = "orders"
WANTED = ("RAW_BUCKET", "FILES_TABLE", "ORDERS_TABLE", "INGEST_STATE_MACHINE_ARN")
GOOD = 20
EXPECTED = {"read": GOOD + 2, "written": GOOD, "superseded": 1, "quarantined": 1, "alerts": 0}


class NoDeployment(Exception):  # noqa: N818 - what is missing
    """The environment does not say where the deployment is, or it lacks the dataset."""


@dataclass(frozen=True)
class Deployed(Names):
    """Names of a deployment as the environment has them."""

    environment: Mapping[str, str]

    def of(self, logical: str) -> str:
        """Return the name of a table."""
        return self.environment[f"{logical.upper()}_TABLE"]

    def bucket(self, logical: str) -> str:
        """Return the name of a bucket."""
        return self.environment[f"{logical.upper()}_BUCKET"]

    def state_machine_arn(self, logical: str) -> str:
        """Return the ARN that executions are started by: an alias on AWS."""
        return self.environment[f"{logical.upper()}_STATE_MACHINE_ARN"]


def find_deployment(project: Project, environment: Mapping[str, str]) -> Deployed:
    """Return the deployment that the environment names; raises NoDeployment."""
    if DATASET not in project.datasets:
        raise NoDeployment(f"the project has no dataset {DATASET!r}, which the smoke test sends a file of")
    missing = [name for name in WANTED if not environment.get(name)]
    if missing:
        raise NoDeployment(
            f'{", ".join(missing)} not set: eval "$(terraform -chdir=terraform output -raw exports)", or'
            ' eval "$(statewright env)" for the local cloud'
        )
    return Deployed(project, "", environment)


def smoke(deployed: Deployed, account: Account, seconds: float, tell: Callable[[str], None]) -> list[str]:
    """Send a file through and return what was not as it should be, in words.

    Raises botocore's errors.
    """
    run = f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{uuid.uuid4().hex[:8]}"
    clients: Any = account.client  # all that is asked of clients is to be called with a service's name
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "orders.jsonl"
        file.write_text("\n".join(lines(run)) + "\n", encoding="utf-8")
        key = f"{DATASET}/smoke/{run}.jsonl"
        uploaded = upload(file, deployed.bucket("raw"), key, clients)
    tell(f"uploaded s3://{uploaded.bucket}/{key}")
    try:
        outcome = _followed(uploaded, deployed, clients, seconds, tell)
    except (NotStarted, NotFollowed) as error:
        return [f"the execution did not end within {seconds:.0f} s: {error}"]
    finally:
        items = _take_items(run, deployed.of(DATASET), clients("dynamodb"))
    return [*_faults_of(outcome), *_faults_in_table(items, uploaded)]


def lines(run: str) -> list[str]:
    """Return the file's lines: good records, one more for the first key, and one without an amount."""
    good = [_record(run, number) for number in range(GOOD)]
    return [json.dumps(each) for each in [*good, {**good[0], "quantity": 2}]] + [
        json.dumps({key: value for key, value in _record(run, GOOD).items() if key != "amount"})
    ]


def _record(run: str, number: int) -> dict[str, Any]:
    return {
        "order_id": f"smoke-{run}-{number}",
        "customer_id": "00001",
        "order_date": "1997-01-01",
        "quantity": 1,
        "amount": 11.77,
        "currency": "USD",
    }


def _followed(
    uploaded: Upload, deployed: Deployed, clients: Any, seconds: float, tell: Callable[[str], None]
) -> Outcome:
    stop = threading.Event()
    timer = threading.Timer(seconds, stop.set)
    timer.daemon = True
    timer.start()
    try:
        return follow(uploaded, deployed, clients, tell, stop)
    finally:
        timer.cancel()


def _take_items(run: str, table: str, dynamodb: Any) -> list[dict[str, Any]]:
    """Return the items of a run, and delete them."""
    found = []
    for number in range(GOOD + 1):
        key = {"order_id": {"S": f"smoke-{run}-{number}"}}
        answer = dynamodb.delete_item(TableName=table, Key=key, ReturnValues="ALL_OLD")
        if "Attributes" in answer:
            found.append(answer["Attributes"])
    return found


def _faults_of(outcome: Outcome) -> list[str]:
    if outcome.status != "SUCCEEDED":
        return [
            f"the execution is {outcome.status}: {outcome.error} {outcome.cause or ''} ({outcome.execution})"
        ]
    return [
        f"{name} is {outcome.counts[name]}, expected {wanted}"
        for name, wanted in EXPECTED.items()
        if outcome.counts[name] != wanted
    ]


def _faults_in_table(items: list[dict[str, Any]], uploaded: Upload) -> list[str]:
    faults = (
        [] if len(items) == GOOD else [f"the table has {len(items)} of this run's items, expected {GOOD}"]
    )
    strange = [each for each in items if each.get("_file_id", {}).get("S") != uploaded.file_id]
    if strange:
        faults.append(f"{len(strange)} items do not name the file that they came from")
    first = [each for each in items if each["order_id"]["S"].endswith("-0")]
    if first and first[0]["quantity"].get("N") != "2":
        faults.append("the first record was not replaced by the later one with its key")
    return faults
