"""The ledger: the table `files`, one row a version of an object, claimed before any work is done."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline.aws import calling, dynamodb
from pipeline.errors import ClaimLost
from pipeline.items import typed, typed_record
from pipeline.moments import moment

if TYPE_CHECKING:
    from collections.abc import Mapping

PROCESSING, SUCCEEDED, FAILED, CATALOGUED = "PROCESSING", "SUCCEEDED", "FAILED", "CATALOGUED"

# A row is free where there is none, where the work of another execution failed, or where nobody had a
# contract for it; an execution may claim again what it holds (a retry). What it has closed it cannot open
# again: a claim that is late on its way would do that.
_FREE = (
    "attribute_not_exists(file_id) OR #status = :catalogued"
    " OR (#status = :failed AND #execution <> :execution)"
    " OR (#status = :processing AND #execution = :execution)"
)
_NAMES = {"#status": "status", "#execution": "execution"}


class Holder(NamedTuple):
    """The execution that has a row, the row's status, and when it was claimed or closed."""

    execution: str
    status: str
    since: datetime


def claim(table: str, row: Mapping[str, Any]) -> Holder | dict[str, str]:
    """Write a row unless another execution has it; return that holder.

    Where the row is ours, return the texts of the one that it replaced, none where there was none.
    """
    values = {":failed": FAILED, ":catalogued": CATALOGUED, ":processing": PROCESSING}
    values |= {":execution": row["execution"]}
    return _put(table, row, _FREE, values)


def take_over(table: str, row: Mapping[str, Any], dead: Holder) -> Holder | dict[str, str]:
    """Write a row in the place of one whose execution is over; return as `claim` does, or who was faster."""
    values = {":execution": dead.execution, ":status": dead.status}
    taken = {**row, "taken_over_from": dead.execution}
    return _put(table, taken, "#execution = :execution AND #status = :status", values)


def _put(
    table: str, row: Mapping[str, Any], condition: str, values: Mapping[str, str]
) -> Holder | dict[str, str]:
    from botocore.exceptions import ClientError

    with calling("DynamoDB PutItem"):
        try:
            answer = dynamodb().put_item(
                TableName=table,
                Item=typed_record(dict(row)),
                ReturnValues="ALL_OLD",
                ConditionExpression=condition,
                ExpressionAttributeNames=_NAMES,
                ExpressionAttributeValues={name: typed(value) for name, value in values.items()},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            response: dict[str, Any] = dict(error.response)
            if response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return _holder(table, str(row["file_id"]), response.get("Item"))
    replaced = answer.get("Attributes", {})
    return {name: value["S"] for name, value in replaced.items() if "S" in value}


def _holder(table: str, file_id: str, old: dict[str, Any] | None) -> Holder:
    if not old:  # not every emulator returns the row with the failure
        answer = dynamodb().get_item(TableName=table, Key={"file_id": typed(file_id)}, ConsistentRead=True)
        old = dict(answer.get("Item", {}))
    execution, status = (old.get(name, {}).get("S", "unknown") for name in ("execution", "status"))
    since = old.get("processed_at", {}).get("S") or moment(datetime.now(UTC))
    return Holder(execution, status, datetime.fromisoformat(since))


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
