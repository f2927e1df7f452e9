"""The ledger: the table `files`, one row a version of an object, claimed before any work is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline.aws import calling, dynamodb
from pipeline.errors import ClaimLost
from pipeline.items import typed, typed_record

if TYPE_CHECKING:
    from collections.abc import Mapping

PROCESSING, SUCCEEDED, FAILED, CATALOGUED = "PROCESSING", "SUCCEEDED", "FAILED", "CATALOGUED"

# A row is free where there is none, where its work failed, or where nobody had a contract for it; an
# execution may claim again what it holds (a retry).
_FREE = "attribute_not_exists(file_id) OR #status IN (:failed, :catalogued) OR #execution = :execution"
_NAMES = {"#status": "status", "#execution": "execution"}


class Holder(NamedTuple):
    """The execution that has a row, and the row's status."""

    execution: str
    status: str


def claim(table: str, row: Mapping[str, Any]) -> Holder | None:
    """Write a row unless another execution has it; return that holder, None where the row is ours."""
    from botocore.exceptions import ClientError

    with calling("DynamoDB PutItem"):
        try:
            dynamodb().put_item(
                TableName=table,
                Item=typed_record(dict(row)),
                ConditionExpression=_FREE,
                ExpressionAttributeNames=_NAMES,
                ExpressionAttributeValues={
                    ":failed": typed(FAILED),
                    ":catalogued": typed(CATALOGUED),
                    ":execution": typed(row["execution"]),
                },
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            response: dict[str, Any] = dict(error.response)
            if response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return _holder(table, str(row["file_id"]), response.get("Item"))
    return None


def _holder(table: str, file_id: str, old: dict[str, Any] | None) -> Holder:
    if not old:  # not every emulator returns the row with the failure
        answer = dynamodb().get_item(TableName=table, Key={"file_id": typed(file_id)}, ConsistentRead=True)
        old = dict(answer.get("Item", {}))
    execution, status = (old.get(name, {}).get("S", "unknown") for name in ("execution", "status"))
    return Holder(execution, status)


def close(table: str, file_id: str, execution: str, changes: Mapping[str, Any]) -> None:
    """Write the end of a file's work into its row; raises ClaimLost where the row is another execution's."""
    from botocore.exceptions import ClientError

    names = {f"#{place}": name for place, name in enumerate(changes)}
    values = {f":{place}": typed(value) for place, value in enumerate(changes.values())}
    assignments = ", ".join(f"#{place} = :{place}" for place in range(len(changes)))
    with calling("DynamoDB UpdateItem"):
        try:
            dynamodb().update_item(
                TableName=table,
                Key={"file_id": typed(file_id)},
                UpdateExpression=f"SET {assignments}",
                ConditionExpression="#execution = :execution",
                ExpressionAttributeNames={**names, "#execution": "execution"},
                ExpressionAttributeValues={**values, ":execution": typed(execution)},
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            raise ClaimLost(f"the row {file_id} is not held by this execution any more") from error
