"""The ledger: the table `files`, one row a version of an object, claimed before any work is done."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline.aws import calling, dynamodb
from pipeline.errors import ClaimLost
from pipeline.executions import LONGEST_INVOCATION
from pipeline.items import typed
from pipeline.moments import moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PROCESSING, SUCCEEDED, FAILED, CATALOGUED = "PROCESSING", "SUCCEEDED", "FAILED", "CATALOGUED"

# Whether no function can be writing items that another start would not write: the documents (contracts,
# lookup tables) are the same, or no execution ended after it may have begun to write, or one did long ago.
# The failure branch notes it, and so does who takes over; no claim removes it.
_SAME_DOCUMENTS = "attribute_not_exists(#documents) OR #documents = :documents"
_NO_WRITER = (
    f"{_SAME_DOCUMENTS} OR attribute_not_exists(may_have_written_at) OR may_have_written_at < :long_ago"
)
# A row is free where there is none, where the work of another execution failed, or where nobody had a
# contract for it; an execution may write again what it holds where its work is another by now. A claim that
# is late on its way changes nothing: what its execution has closed stays closed, what it does goes on.
_FREE = (
    "attribute_not_exists(file_id) OR #status = :catalogued"
    f" OR (#status = :failed AND #execution <> :execution AND ({_NO_WRITER}))"
    " OR (#status = :processing AND #execution = :execution"
    " AND (attribute_not_exists(#work) OR #work <> :work))"
)
# More executions that found a file ingested are not noted: a row stays small.
MAX_DUPLICATES = 20
_NAMES = {"#status": "status", "#execution": "execution"}
# What a claim leaves nothing of: it speaks of the work of an earlier execution. The links between a file and
# its replays stay, and so does what another program may have noted there.
_OF_AN_EXECUTION = (
    *("dataset", "contract", "documents", "content_preview", "taken_over_from"),
    *("run", "work", "work_before", "run_before"),
    *("error", "cause", "shard_error", "shard_cause", "counts", "reasons", "quarantine", "seconds"),
    *("shards_kept", "partitions_kept", "summary", "alert_rules", "duplicates"),
)


class Holder(NamedTuple):
    """The execution that has a row, the row's status, and when it was claimed or closed."""

    execution: str
    status: str
    since: datetime


class Before(NamedTuple):
    """What the row said before an execution claimed it: its work, and its run; empty where nothing."""

    work: str
    run: str


def claim(table: str, row: Mapping[str, Any]) -> Holder | Before:
    """Write a row unless another execution has it; return that holder, or what the row said before."""
    values: dict[str, Any] = {":failed": FAILED, ":catalogued": CATALOGUED, ":processing": PROCESSING}
    values |= {":execution": row["execution"], ":work": row.get("work", "")}
    values |= {":documents": row.get("documents", ""), ":long_ago": moment(_long_ago())}
    return _write(table, row, _FREE, values)


def take_over(table: str, row: Mapping[str, Any], dead: Holder, ended: datetime) -> Holder | Before:
    """Write a row in the place of one whose execution is over; return as `claim` does, or who was faster."""
    condition = "#execution = :execution AND #status = :status"
    values = {":execution": dead.execution, ":status": dead.status}
    if ended > _long_ago():
        condition += f" AND ({_SAME_DOCUMENTS})"
        values[":documents"] = row.get("documents", "")
    taken = {"taken_over_from": dead.execution, "may_have_written_at": moment(ended)}
    return _write(table, {**row, **taken}, condition, values)


def note_duplicate(table: str, file_id: str, digest: str) -> None:
    """Note that another execution found a file ingested; the same one is noted once, MAX_DUPLICATES in all.

    A row that is gone by now stays so.
    """
    from botocore.exceptions import ClientError

    is_new = "NOT contains(duplicates, :digest) AND size(duplicates) < :most"
    condition = f"#status = :succeeded AND (attribute_not_exists(duplicates) OR ({is_new}))"
    with calling("DynamoDB UpdateItem"):
        try:
            dynamodb().update_item(
                TableName=table,
                Key={"file_id": typed(file_id)},
                UpdateExpression="ADD duplicates :digests",
                ConditionExpression=condition,
                ExpressionAttributeNames={"#status": "status"},
                ExpressionAttributeValues={
                    ":succeeded": typed(SUCCEEDED),
                    ":digest": typed(digest),
                    ":digests": {"SS": [digest]},
                    ":most": typed(MAX_DUPLICATES),
                },
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise


def _long_ago() -> datetime:
    """Return the time at which a function that still lives cannot have lived."""
    return datetime.now(UTC) - LONGEST_INVOCATION


def _write(table: str, row: Mapping[str, Any], condition: str, values: Mapping[str, Any]) -> Holder | Before:
    from botocore.exceptions import ClientError

    written = {name: value for name, value in row.items() if name != "file_id"}
    new = {f":new_{name}": value for name, value in written.items()} | {":nothing": ""}
    with calling("DynamoDB UpdateItem"):
        try:
            answer = dynamodb().update_item(
                TableName=table,
                Key={"file_id": typed(row["file_id"])},
                UpdateExpression=_replacing(written),
                ConditionExpression=condition,
                ExpressionAttributeNames={f"#{name}": name for name in {*written, *_OF_AN_EXECUTION}},
                ExpressionAttributeValues={name: typed(value) for name, value in {**values, **new}.items()},
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            response: dict[str, Any] = dict(error.response)
            if response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return _held(table, row, response.get("Item"))
    return _before(answer["Attributes"])


def _replacing(written: Iterable[str]) -> str:
    """Return the update that writes attributes anew, and removes what is of another execution.

    The row keeps what was there before: a claim whose answer was lost is made again, and knows it still.
    """
    before = [f"#{name}_before = if_not_exists(#{name}, :nothing)" for name in ("work", "run")]
    assigned = [f"#{name} = :new_{name}" for name in written]
    removed = [f"#{name}" for name in _OF_AN_EXECUTION if name not in (*written, "work_before", "run_before")]
    return f"SET {', '.join(before + assigned)} REMOVE {', '.join(removed)}"


def _held(table: str, row: Mapping[str, Any], found: dict[str, Any] | None) -> Holder | Before:
    """Return who has a row; what it said before where that is the one that asks."""
    if not found:  # not every emulator returns the row with the failure
        key = {"file_id": typed(row["file_id"])}
        answer = dynamodb().get_item(TableName=table, Key=key, ConsistentRead=True)
        found = dict(answer.get("Item", {}))
    execution, status = (found.get(name, {}).get("S", "unknown") for name in ("execution", "status"))
    if (execution, status) == (row["execution"], PROCESSING):
        return _before(found)
    since = found.get("processed_at", {}).get("S") or moment(datetime.now(UTC))
    return Holder(execution, status, datetime.fromisoformat(since))


def _before(row: Mapping[str, Any]) -> Before:
    work, run = (row.get(name, {}).get("S", "") for name in ("work_before", "run_before"))
    return Before(work, run)


def put(table: str, row: Mapping[str, Any]) -> None:
    """Write the row of a group of messages, which belongs to nobody else."""
    item = {name: typed(value) for name, value in row.items()}
    with calling("DynamoDB PutItem"):
        dynamodb().put_item(TableName=table, Item=item)


def change(table: str, file_id: str, execution: str, changes: Mapping[str, Any]) -> None:
    """Change a row that this execution holds; raises ClaimLost where it is another one's, or has failed.

    What a shard that failed has left there is removed: a redrive has made up for it.
    """
    from botocore.exceptions import ClientError

    names = {f"#{place}": name for place, name in enumerate(changes)}
    values = {f":{place}": typed(value) for place, value in enumerate(changes.values())}
    assignments = ", ".join(f"#{place} = :{place}" for place in range(len(changes)))
    with calling("DynamoDB UpdateItem"):
        try:
            dynamodb().update_item(
                TableName=table,
                Key={"file_id": typed(file_id)},
                UpdateExpression=f"SET {assignments} REMOVE shard_error, shard_cause",
                ConditionExpression="#execution = :execution AND #status <> :failed",
                ExpressionAttributeNames={**names, **_NAMES},
                ExpressionAttributeValues={
                    **values,
                    ":execution": typed(execution),
                    ":failed": typed(FAILED),
                },
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            raise ClaimLost(f"the row {file_id} is not held by this execution any more") from error
