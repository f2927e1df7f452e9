"""What the ledger says of files: rows of the table `files` by their id."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from statewright.local.clients import Clients
    from statewright.local.names import Names

LEDGER = "files"  # the table's logical name
BATCH = 100  # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
DONE = ("SUCCEEDED", "CATALOGUED")
REDRIVEN = "REDRIVEN"  # what failed before it knew its object, and was started anew
INTERRUPTED = "Interrupted"  # the error of files whose execution the end of the local cloud cut off


@dataclass(frozen=True)
class Row:
    """A file in the ledger: its status, and the execution that has it or had it last."""

    file_id: str
    status: str
    execution: str
    bucket: str
    key: str
    version: str
    processed_at: str
    error: str | None = None
    dataset: str | None = None

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to be done about the file."""
        return self.status in DONE


def file_id_of(bucket: str, key: str, version: str) -> str | None:
    """Return the ledger's key of a version of an object, None of what is no Unicode text."""
    try:
        text = f"{bucket}\n{key}\n{version}".encode()
    except UnicodeEncodeError:
        return None
    return hashlib.sha256(text).hexdigest()[:32]


def rows_of(names: Names, clients: Clients, file_ids: Iterable[str]) -> dict[str, Row]:
    """Return the rows that exist, by file id."""
    return {file_id: _row(item) for file_id, item in items_of(names, clients, file_ids).items()}


def items_of(names: Names, clients: Clients, file_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return the rows that exist as DynamoDB tells them, by file id."""
    if LEDGER not in names.tables():
        return {}
    return read_items(clients, names.of(LEDGER), "file_id", file_ids)


def read_items(clients: Clients, table: str, key: str, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return those items of a table that exist, as DynamoDB tells them, by their key."""
    found: dict[str, dict[str, Any]] = {}
    keys = [{key: {"S": each}} for each in dict.fromkeys(ids)]
    for at in range(0, len(keys), BATCH):
        wanted = {table: {"Keys": keys[at : at + BATCH], "ConsistentRead": True}}
        while wanted:
            answer = clients("dynamodb").batch_get_item(RequestItems=wanted)
            found |= {item[key]["S"]: item for item in answer["Responses"].get(table, [])}
            wanted = answer.get("UnprocessedKeys", {})
    return found


def unfinished_rows(names: Names, clients: Clients) -> Iterator[Row]:
    """Yield the rows that an execution has, or had when the local cloud ended."""
    if LEDGER not in names.tables():
        return
    pages = (
        clients("dynamodb")
        .get_paginator("scan")
        .paginate(
            TableName=names.of(LEDGER),
            FilterExpression="#status = :processing OR #error = :interrupted",
            ExpressionAttributeNames={"#status": "status", "#error": "error"},
            ExpressionAttributeValues={
                ":processing": {"S": "PROCESSING"},
                ":interrupted": {"S": INTERRUPTED},
            },
        )
    )
    for page in pages:
        yield from map(_row, page["Items"])


def claim_again(names: Names, clients: Clients, file_id: str, execution: str) -> None:
    """Give an interrupted row back to its execution, before that goes on; rows of others are left alone."""
    try:
        clients("dynamodb").update_item(
            TableName=names.of(LEDGER),
            Key={"file_id": {"S": file_id}},
            UpdateExpression="SET #status = :processing REMOVE #error, #cause",
            ConditionExpression="#execution = :execution AND #status = :failed AND #error = :interrupted",
            ExpressionAttributeNames={
                "#status": "status",
                "#error": "error",
                "#cause": "cause",
                "#execution": "execution",
            },
            ExpressionAttributeValues={
                ":processing": {"S": "PROCESSING"},
                ":failed": {"S": "FAILED"},
                ":interrupted": {"S": INTERRUPTED},
                ":execution": {"S": execution},
            },
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise


def mark_redriven(names: Names, clients: Clients, execution: str, successor: str) -> None:
    """Say in the row of an execution that failed before it knew its object which one stands in for it.

    Any other has no row of its own, and nothing is written.
    """
    if LEDGER not in names.tables():
        return
    try:
        clients("dynamodb").update_item(
            TableName=names.of(LEDGER),
            Key={"file_id": {"S": f"execution:{execution.rpartition(':')[2]}"}},
            UpdateExpression="SET #status = :redriven, redriven_by = :successor",
            ConditionExpression="#execution = :execution",
            ExpressionAttributeNames={"#status": "status", "#execution": "execution"},
            ExpressionAttributeValues={
                ":redriven": {"S": REDRIVEN},
                ":successor": {"S": successor},
                ":execution": {"S": execution},
            },
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise


def _row(item: dict[str, Any]) -> Row:
    texts = {name: value.get("S", "") for name, value in item.items()}
    return Row(
        file_id=texts["file_id"],
        status=texts.get("status", ""),
        execution=texts.get("execution", ""),
        bucket=texts.get("bucket_name", ""),
        key=texts.get("file_key", ""),
        version=texts.get("version", ""),
        processed_at=texts.get("processed_at", ""),
        error=texts.get("error"),
        dataset=texts.get("dataset"),
    )
