"""Uploads an object to the raw bucket and follows what becomes of it.

The trigger starts the execution; the ledger tells which one: its row for the object's version (file id: the
first 32 hex digits of the SHA-256 of "bucket\\nkey\\nversion") holds the execution's ARN.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from pathlib import Path

    from statewright.local.clients import Clients
    from statewright.local.names import Names

# One PutObject: https://docs.aws.amazon.com/AmazonS3/latest/userguide/upload-objects.html
MAX_UPLOAD_BYTES = 5 * 1024**3
POLL_SECONDS = (0.05, 0.5)  # the first pause and the longest
# An execution that fails before it claims its object leaves no row under the file id: then it is looked for.
SEARCH_AFTER_SECONDS = 2.0
START_SECONDS = 120.0  # a start takes two seconds at most, unless many files wait for their turn
COUNTS = ("read", "written", "superseded", "quarantined", "alerts")


class NotStarted(Exception):  # noqa: N818 - what happened
    """No execution was started for an object."""


class NotFollowed(Exception):  # noqa: N818 - what happened
    """Whoever followed an object was told to stop."""


@dataclass(frozen=True)
class Upload:
    """An object as it was uploaded; `version` is its version id, or `etag:<etag>` without versions."""

    file: Path
    bucket: str
    key: str
    version: str
    at: float

    @property
    def file_id(self) -> str:
        """The ledger's key of this version."""
        return hashlib.sha256(f"{self.bucket}\n{self.key}\n{self.version}".encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Outcome:
    """What became of an object.

    `status` is SUCCEEDED, FAILED, CATALOGUED (no dataset claims it), ALREADY_INGESTED, or
    IN_PROGRESS (another execution was waited for, and had it still in hand); `error` and `cause`
    where it failed. `seconds` is from the upload's end to the execution's.
    """

    file: str
    bucket: str
    key: str
    file_id: str
    status: str
    execution: str
    seconds: float
    dataset: str | None = None
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))
    reasons: dict[str, int] = field(default_factory=dict)
    quarantine: list[str] = field(default_factory=list)
    summary: str | None = None
    error: str | None = None
    cause: str | None = None
    duplicate_of: str | None = None


def upload(file: Path, bucket: str, key: str, clients: Clients) -> Upload:
    """Put a file into a bucket; raises OSError, ClientError, ValueError for one that is too large."""
    if file.stat().st_size > MAX_UPLOAD_BYTES:
        raise ValueError(f"{file} is larger than one upload may be (5 GiB)")
    with file.open("rb") as body:
        answer = clients("s3").put_object(Bucket=bucket, Key=key, Body=body)
    version = answer.get("VersionId") or f"etag:{answer['ETag'].strip(chr(34))}"
    return Upload(file, bucket, key, version, time.time())


def follow(
    uploaded: Upload,
    names: Names,
    clients: Clients,
    tell: Callable[[str], None],
    stop: threading.Event,
    execution: str | None = None,
) -> Outcome:
    """Wait until the object's execution has ended; `tell` hears the name of each state as it is entered.

    `execution` is its ARN where it is known. Raises NotStarted, and NotFollowed as soon as `stop` is set.
    """
    pause, said = POLL_SECONDS[0], ""
    while not stop.is_set():
        execution = execution or _find_execution(uploaded, names, clients)
        if execution is not None:
            found = clients("stepfunctions").describe_execution(executionArn=execution)
            if found["status"] != "RUNNING":
                return _outcome(uploaded, found, names, clients)
            state = _current_state(execution, clients)
            if state != said:
                said = state
                tell(state)
        elif time.time() - uploaded.at > START_SECONDS:
            raise NotStarted(f"no execution started for s3://{uploaded.bucket}/{uploaded.key}")
        stop.wait(pause)
        pause = min(pause * 1.5, POLL_SECONDS[1])
    raise NotFollowed(uploaded.key)


def _find_execution(uploaded: Upload, names: Names, clients: Clients) -> str | None:
    row = _ledger_row(uploaded, names, clients)
    if "execution" in row:
        return str(row["execution"]["S"])
    if time.time() - uploaded.at > SEARCH_AFTER_SECONDS:
        return _search_execution(uploaded, names, clients)
    return None


def _ledger_row(uploaded: Upload, names: Names, clients: Clients) -> dict[str, Any]:
    answer = clients("dynamodb").get_item(
        TableName=names.of("files"), Key={"file_id": {"S": uploaded.file_id}}, ConsistentRead=True
    )
    row: dict[str, Any] = answer.get("Item", {})
    return row


def _search_execution(uploaded: Upload, names: Names, clients: Clients) -> str | None:
    """Look for the execution whose input is this object's event, among those that started since."""
    sfn = clients("stepfunctions")
    pages = sfn.get_paginator("list_executions").paginate(stateMachineArn=names.state_machine_arn("ingest"))
    for page in pages:
        for execution in page["executions"]:
            if execution["startDate"].timestamp() < uploaded.at - 60:
                return None
            found = sfn.describe_execution(executionArn=execution["executionArn"])
            if _is_event_of(uploaded, json.loads(found["input"])):
                return str(execution["executionArn"])
    return None


def _is_event_of(uploaded: Upload, event: Any) -> bool:
    detail = event.get("detail", {}) if isinstance(event, dict) else {}
    found = detail.get("object", {})
    version = found.get("version-id") or f"etag:{found.get('etag')}"
    place = (detail.get("bucket", {}).get("name"), found.get("key"), version)
    return place == (uploaded.bucket, uploaded.key, uploaded.version)


def _current_state(execution: str, clients: Clients) -> str:
    """Return the name of the state that was entered last."""
    try:
        history = clients("stepfunctions").get_execution_history(
            executionArn=execution, reverseOrder=True, maxResults=20, includeExecutionData=False
        )
    except ClientError:
        return "running"
    for event in history["events"]:
        if "stateEnteredEventDetails" in event:
            return str(event["stateEnteredEventDetails"]["name"])
    return "started"


def _outcome(uploaded: Upload, found: dict[str, Any], names: Names, clients: Clients) -> Outcome:
    output = json.loads(found.get("output") or "{}")
    row = _ledger_row(uploaded, names, clients)
    dataset = output.get("file", {}).get("dataset") or row.get("dataset", {}).get("S")
    counts = {name: int(output.get("counts", {}).get(name, 0)) for name in COUNTS}
    return Outcome(
        file=str(uploaded.file),
        bucket=uploaded.bucket,
        key=uploaded.key,
        file_id=output.get("file", {}).get("id", uploaded.file_id),
        status=_status(found["status"], output),
        execution=found["executionArn"],
        seconds=max(0.0, found["stopDate"].timestamp() - uploaded.at),
        dataset=dataset,
        counts=counts,
        reasons=output.get("reasons", {}),
        quarantine=output.get("quarantine", []),
        summary=output.get("summary"),
        error=found.get("error"),
        cause=found.get("cause"),
        duplicate_of=output.get("duplicate_of"),
    )


def _status(execution_status: str, output: dict[str, Any]) -> str:
    if execution_status != "SUCCEEDED":
        return "FAILED"
    return {
        "duplicate": "ALREADY_INGESTED",
        "in_progress": "IN_PROGRESS",
        "catalogued": "CATALOGUED",
    }.get(output.get("outcome", ""), "SUCCEEDED")
