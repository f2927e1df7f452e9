"""Executions that could not tell of their end: stopped, out of time, cut off by the end of the local cloud.

Their failure branch did not come as far as the dead-letter queue, so no message tells of them. They are found
among the executions themselves, and by the rows of the ledger that they have not closed.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
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
    from collections.abc import Container

    from statewright.local.clients import Clients
    from statewright.local.ledger import Row
    from statewright.local.names import Names

# https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html: 14 days after its end an
# execution can no longer be redriven, and SQS has forgotten what told of it.
REDRIVABLE = timedelta(days=14)
LONGEST_EXECUTION = timedelta(days=1)  # TimeoutSeconds of the workflow
MAX_EXECUTIONS = 10_000  # that are looked at for each way to end, the newest
ENDS = ("ABORTED", "TIMED_OUT", "FAILED")
_NEW_STARTS = 64  # one in the place of the other, of which each left the ledger's row as it was
PARALLEL = 4  # requests at once: there may be thousands
LAST_EVENTS = 100  # six attempts to send and six to tell are fewer
FIRST_EVENTS = 50
# An execution that came here goes on with nothing but telling of its failure.
FAILURE_BRANCH = frozenset({"RecordFailure", "SendToDeadLetters", "TellPeople", "Failed"})
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
LONGEST_EXPRESS = timedelta(minutes=5)
_ALIVE = frozenset({"RUNNING", "PENDING_REDRIVE"})


@dataclass(frozen=True)
class _End:
    """How an execution ended: the state it was in, and whether a dead letter tells of it."""

    state: str | None
    told: bool


@dataclass(frozen=True)
class CutOff:
    """What was cut off, the oldest first; `complete` where all executions were looked at."""

    waiting: list[Waiting]
    complete: bool


def cut_off(names: Names, clients: Clients, known: Container[str]) -> CutOff:
    """Return the executions without a dead letter; `known` are those that have one.

    Left out are those whose file was ingested, or is by now in the hands of another execution.
    """
    read = [_ended(clients, machine, status) for machine in _machines(names) for status in ENDS]
    ended = [each for listed, _ in read for each in listed]
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
    kept = [
        each
        for one in found
        if (each := _with_business(one, rows.get(one.file.file_id or ""), clients)) is not None
    ]
    seen = {each["executionArn"] for each in ended}
    stranded = [
        each
        for row in unfinished_rows(names, clients)
        if row.execution not in seen
        and row.execution not in known
        and (each := _stranded(row, names, clients)) is not None
    ]
    waiting = sorted([*kept, *stranded], key=lambda each: each.since)
    return CutOff(waiting, complete=all(complete for _, complete in read))


def _machines(names: Names) -> list[str]:
    """Return the state machines whose executions Step Functions keeps a list of."""
    machines = names.project.description.state_machines
    return [names.state_machine_arn(each) for each, said in machines.items() if said.type == "STANDARD"]


def _ended(clients: Clients, machine: str, status: str) -> tuple[list[dict[str, Any]], bool]:
    """Return the executions that ended so and may still be redriven, and whether these are all."""
    now = datetime.now(UTC)
    found: list[dict[str, Any]] = []
    pages = (
        clients("stepfunctions")
        .get_paginator("list_executions")
        .paginate(
            stateMachineArn=machine,
            statusFilter=status,
            PaginationConfig={"PageSize": min(1000, MAX_EXECUTIONS), "MaxItems": MAX_EXECUTIONS},
        )
    )
    for page in pages:
        executions = page["executions"]
        found += [each for each in executions if now - each["stopDate"] <= REDRIVABLE]
        if executions and now - executions[-1]["startDate"] > REDRIVABLE + LONGEST_EXECUTION:
            return found, True  # they come with the newest first
    return found, pages.resume_token is None


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


def _with_business(waiting: Waiting, row: Row | None, clients: Clients) -> Waiting | None:
    """Return what waits where nobody else has the execution's file, and no new start stands in for it."""
    if row is not None and (row.is_done or not _stands_in(waiting, row.execution)):
        return None
    return waiting if waiting.action != "start" else _with_a_free_name(waiting, row, clients)


def _stands_in(waiting: Waiting, holder: str) -> bool:
    """Say whether what waits holds a row, or is a new start for the holder, or for such a one."""
    for _ in range(_NEW_STARTS):
        if holder == waiting.execution:
            return True
        holder = execution_of(machine_of(holder), restart_name(holder))
    return False


def _with_a_free_name(waiting: Waiting, row: Row | None, clients: Clients) -> Waiting | None:
    """Return what waits with the name of a new start that is still to be made; None where one was made.

    One that is under way stands in for it; one that failed waits by itself. One that succeeded and left the
    row as it is has waited for this execution in vain: the next has a name that follows from its own.
    """
    machine, name = waiting.machine, waiting.name
    while machine is not None and name is not None:
        made = execution_of(machine, name)
        status = _status(clients, made)
        if status is None:
            break
        if row is None or status != "SUCCEEDED":
            return None
        name = restart_name(made)
    return replace(waiting, name=name)


def _stranded(row: Row, names: Names, clients: Clients) -> Waiting | None:
    """Return a row that is still claimed by an execution that is over, or that nobody knows any more."""
    if not row.execution.startswith("arn:"):
        return None  # a direct call of the function, which nobody but its caller follows
    found = _holder(row, names, clients)
    if found is None:
        return None
    request = {"s3Bucket": row.bucket, "s3Key": row.key}
    if not row.version.startswith("etag:"):
        request["s3VersionId"] = row.version
    if found.execution is None and row.dataset is not None:
        request["dataset"] = row.dataset  # which a backfill may name
    stranded = Waiting(
        id=digest_of(found.identity)[:ID_DIGITS],
        kind="cut_off",
        since=_seconds(row.processed_at),
        action="start",
        error=row.error or "Unfinished",
        cause=f"the ledger says {row.status}, and the execution {found.end}",
        file=ObjectVersion(row.bucket, row.key, row.version, row.file_id),
        execution=found.execution,
        machine=found.machine,
        name=restart_name(found.identity),
        input=json.dumps(request, ensure_ascii=False),
    )
    return _with_a_free_name(stranded, row, clients)


@dataclass(frozen=True)
class _Holder:
    """Who left a row unfinished: how it ended, the machine of a new start, and what that is named after.

    `execution` is None where Step Functions would know nothing of it.
    """

    machine: str
    end: str
    identity: str
    execution: str | None = None


def _holder(row: Row, names: Names, clients: Clients) -> _Holder | None:
    """Return the execution that left a row, None of one that may work still, or is of another project.

    A batch of a backfill has many rows, and of EXPRESS executions Step Functions says nothing.
    """
    if ":express:" in row.execution:
        ingest = names.state_machine_arn("ingest")
        if ingest not in _machines(names) or not _is_over(row):
            return None
        return _Holder(ingest, "was a batch that is over", f"{row.execution}\n{row.file_id}")
    status = _status(clients, row.execution)
    machine = machine_of(row.execution)
    if status in _ALIVE or machine not in _machines(names):
        return None
    end = "is not known any more" if status is None else f"ended {status}"
    return _Holder(machine, end, row.execution, row.execution)


def _is_over(row: Row) -> bool:
    return datetime.now(UTC).timestamp() - _seconds(row.processed_at) > LONGEST_EXPRESS.total_seconds()


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
