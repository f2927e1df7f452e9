"""Executions that could not tell of their end: stopped, out of time, cut off by the end of the local cloud.

Their failure branch did not come as far as the dead-letter queue, so no message tells of them. They are found
among the executions themselves, and by the rows of the ledger that they have not closed.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from statewright.local.ledger import rows_of, unfinished_rows
from statewright.local.waiting import (
    ID_DIGITS,
    ObjectVersion,
    Waiting,
    digest_of,
    execution_of,
    machine_of,
    object_of,
    restart_name,
)

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from statewright.local.clients import Clients
    from statewright.local.ledger import Row
    from statewright.local.names import Names

# https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html: 14 days after its end an
# execution can no longer be redriven, and SQS has forgotten what told of it.
REDRIVABLE = timedelta(days=14)
LONGEST_EXECUTION = timedelta(days=1)  # TimeoutSeconds of the workflow
MAX_EXECUTIONS = 10_000  # that are looked at for each way to end
ENDS = ("ABORTED", "TIMED_OUT", "FAILED")
PARALLEL = 4  # requests at once: there may be thousands
LAST_EVENTS = 100  # six attempts to send and six to tell are fewer
FIRST_EVENTS = 50
# An execution that came here goes on with nothing but telling of its failure.
FAILURE_BRANCH = frozenset({"RecordFailure", "SendToDeadLetters", "TellPeople", "Failed"})
_ALIVE = frozenset({"RUNNING", "PENDING_REDRIVE"})


@dataclass(frozen=True)
class _End:
    """How an execution ended: the state it was in, and whether a dead letter tells of it."""

    state: str | None
    told: bool


def cut_off(names: Names, clients: Clients, known: Container[str]) -> list[Waiting]:
    """Return the executions without a dead letter, the oldest first; `known` are those that have one.

    Left out are those whose file was ingested, or is by now in the hands of another execution.
    """
    ended = [each for machine in _machines(names) for each in _ended(clients, machine)]
    names_there = {each["name"] for each in ended}
    unclear = [
        each
        for each in ended
        if each["executionArn"] not in known and restart_name(each["executionArn"]) not in names_there
    ]
    with ThreadPoolExecutor(PARALLEL) as threads:
        looked_at = threads.map(lambda each: _look(each, clients), unclear)
        found = [each for each in looked_at if each is not None]
    rows = rows_of(names, clients, (each.file.file_id for each in found if each.file.file_id))
    kept = [each for each in found if _has_business(each, rows.get(each.file.file_id or ""), clients)]
    seen = {each["executionArn"] for each in ended}
    stranded = [
        each
        for row in unfinished_rows(names, clients)
        if row.execution not in seen
        and row.execution not in known
        and (each := _stranded(row, names, clients)) is not None
    ]
    return sorted([*kept, *stranded], key=lambda each: each.since)


def _machines(names: Names) -> list[str]:
    rules = names.project.description.rules.values()
    return [names.state_machine_arn(each) for each in dict.fromkeys(rule.state_machine for rule in rules)]


def _ended(clients: Clients, machine: str) -> Iterator[dict[str, Any]]:
    """Yield the executions that ended badly and may still be redriven."""
    now = datetime.now(UTC)
    for status in ENDS:
        pages = (
            clients("stepfunctions")
            .get_paginator("list_executions")
            .paginate(
                stateMachineArn=machine,
                statusFilter=status,
                PaginationConfig={"PageSize": 1000, "MaxItems": MAX_EXECUTIONS},
            )
        )
        for page in pages:
            executions = page["executions"]
            yield from (each for each in executions if now - each["stopDate"] <= REDRIVABLE)
            if executions and now - executions[-1]["startDate"] > REDRIVABLE + LONGEST_EXECUTION:
                break  # they come with the newest first


def _look(summary: dict[str, Any], clients: Clients) -> Waiting | None:
    """Return what is to be done about an execution, None where a dead letter told of it."""
    sfn, arn = clients("stepfunctions"), summary["executionArn"]
    end = _end_of(sfn, arn)
    if end.told:
        return None
    described = sfn.describe_execution(executionArn=arn)
    again = summary["status"] == "FAILED" and described.get("redriveCount", 0) > 0
    redrivable = described.get("redriveStatus") == "REDRIVABLE"
    place = f"in the state {end.state}" if end.state else "before its first state"
    return Waiting(
        id=digest_of(arn)[:ID_DIGITS],
        kind="cut_off",
        since=summary["stopDate"].timestamp(),
        action="redrive" if redrivable and end.state not in FAILURE_BRANCH and not again else "start",
        error=described.get("error") or summary["status"],
        cause=described.get("cause") or f"the execution ended {summary['status']} {place}",
        file=_file_of(described, sfn),
        execution=arn,
        machine=machine_of(arn),
        name=restart_name(arn),
        input=described["input"],
    )


def _end_of(sfn: Any, arn: str) -> _End:
    events = sfn.get_execution_history(
        executionArn=arn, reverseOrder=True, maxResults=LAST_EVENTS, includeExecutionData=False
    )["events"]
    entered = (
        each["stateEnteredEventDetails"]["name"] for each in events if "stateEnteredEventDetails" in each
    )
    succeeded = [each.get("taskSucceededEventDetails", {}) for each in events]
    sent = {"resourceType": "sqs", "resource": "sendMessage"}
    return _End(next(entered, None), any(sent.items() <= each.items() for each in succeeded))


def _file_of(described: dict[str, Any], sfn: Any) -> ObjectVersion:
    """Return the object of an execution; the version that CollectData chose where the input names none."""
    try:
        file = object_of(json.loads(described["input"]))
    except (ValueError, RecursionError):
        file = ObjectVersion()
    if file.file_id is not None:
        return file
    events = sfn.get_execution_history(executionArn=described["executionArn"], maxResults=FIRST_EVENTS)[
        "events"
    ]
    for event in events:
        details = event.get("stateExitedEventDetails", {})
        if details.get("name") == "CollectData":
            return _collected(details.get("output", ""), file)
    return file


def _collected(output: str, otherwise: ObjectVersion) -> ObjectVersion:
    try:
        file = json.loads(output)["file"]
        return ObjectVersion(file["bucket"], file["key"], file["version"], file["id"])
    except (ValueError, KeyError, TypeError):
        return otherwise


def _has_business(waiting: Waiting, row: Row | None, clients: Clients) -> bool:
    """Say whether nobody else has the execution's file, and no new start stands in for it."""
    if row is not None and (row.is_done or row.execution != waiting.execution):
        return False
    if waiting.action != "start" or waiting.machine is None or waiting.name is None:
        return True
    return _status(clients, execution_of(waiting.machine, waiting.name)) is None


def _stranded(row: Row, names: Names, clients: Clients) -> Waiting | None:
    """Return a row that is still claimed by an execution that is over, or that nobody knows any more."""
    if not row.execution.startswith("arn:"):
        return None  # a direct call of the function, which nobody but its caller follows
    status = _status(clients, row.execution)
    if status in _ALIVE:
        return None
    request = {"s3Bucket": row.bucket, "s3Key": row.key}
    if not row.version.startswith("etag:"):
        request["s3VersionId"] = row.version
    machine = machine_of(row.execution)
    if machine not in _machines(names):
        return None
    how = "is not known any more" if status is None else f"ended {status}"
    return Waiting(
        id=digest_of(row.execution)[:ID_DIGITS],
        kind="cut_off",
        since=_seconds(row.processed_at),
        action="start",
        error=row.error or "Unfinished",
        cause=f"the ledger says {row.status}, and the execution {how}",
        file=ObjectVersion(row.bucket, row.key, row.version, row.file_id),
        execution=row.execution,
        machine=machine,
        name=restart_name(row.execution),
        input=json.dumps(request, ensure_ascii=False),
    )


def _status(clients: Clients, arn: str) -> str | None:
    try:
        return str(clients("stepfunctions").describe_execution(executionArn=arn)["status"])
    except ClientError as error:
        if error.response["Error"]["Code"] in ("ExecutionDoesNotExist", "InvalidArn"):
            return None
        raise


def _seconds(moment: str) -> float:
    try:
        return datetime.fromisoformat(moment).timestamp()
    except ValueError:
        return 0.0
