"""What the daily report reads of the ledger: the rows of a day, by the index `by_day`, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline.aws import calling, dynamodb

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BY_DAY = "by_day"
COUNTS = ("read", "written", "superseded", "quarantined", "alerts")
# What is asked for: a row has more, such as a preview of its file.
_NAMES = (
    *("file_id", "source", "status", "dataset", "bucket_name", "file_key", "version", "file_size", "etag"),
    *("processed_at", "seconds", "error", "cause", "execution", "counts", "reasons", "quarantine"),
    *("messages", "replay_of", "duplicates", "alert_rules"),
)


class Row(NamedTuple):
    """A file, or a group of messages, as the ledger has it; `milliseconds` from the start to the end.

    `counts` and `reasons` are empty where the ledger does not know them. `content` is equal for objects with
    the same bytes, empty where that is not known. `manifest` is the s3:// URI of its quarantine. `duplicates`
    are further executions that found it ingested.
    """

    file_id: str
    source: str
    status: str
    dataset: str
    bucket: str
    key: str
    version: str
    size: int
    content: str
    processed_at: str
    milliseconds: int | None
    error: str
    cause: str
    execution: str
    counts: dict[str, int]
    reasons: dict[str, int]
    manifest: str
    replay_of: str
    duplicates: int
    alert_rules: dict[str, int]


def read_day(table: str, day: str) -> Iterator[Row]:
    """Yield the rows that changed last on a day (UTC); raises as `calling` does."""
    pages = (
        dynamodb()
        .get_paginator("query")
        .paginate(
            TableName=table,
            IndexName=BY_DAY,
            KeyConditionExpression="processed_day = :day",
            ExpressionAttributeValues={":day": {"S": day}},
            ExpressionAttributeNames={f"#{name}": name for name in _NAMES},
            ProjectionExpression=", ".join(f"#{name}" for name in _NAMES),
        )
    )
    with calling("DynamoDB Query"):
        for page in pages:
            for item in page["Items"]:
                yield row_of(item)


def row_of(item: Mapping[str, Any]) -> Row:
    """Return a row of which DynamoDB tells."""
    text = {name: str(value.get("S", "")) for name, value in item.items()}
    size = _number(item, "file_size") or 0
    links = item.get("quarantine", {}).get("L", [])
    seconds = item.get("seconds", {}).get("N")
    return Row(
        file_id=text.get("file_id", ""),
        source=text.get("source", "files"),
        status=text.get("status", "UNKNOWN"),
        dataset=text.get("dataset", ""),
        bucket=text.get("bucket_name", ""),
        key=text.get("file_key", ""),
        version=text.get("version", ""),
        size=size,
        content=f"{text['etag']}:{size}" if text.get("etag") else "",
        processed_at=text.get("processed_at", ""),
        milliseconds=None if seconds is None else round(float(seconds) * 1000),
        error=text.get("error", ""),
        cause=text.get("cause", ""),
        execution=text.get("execution", ""),
        counts=_counts(item),
        reasons=_numbers(item, "reasons"),
        manifest=str(links[0].get("S", "")) if links else "",
        replay_of=text.get("replay_of", ""),
        duplicates=len(item.get("duplicates", {}).get("SS", ())),
        alert_rules=_numbers(item, "alert_rules"),
    )


def _counts(item: Mapping[str, Any]) -> dict[str, int]:
    """Return the counts; a group of messages that failed has their number alone."""
    found = _numbers(item, "counts")
    if not found and (messages := _number(item, "messages")) is not None:
        return {"read": messages}
    return found


def _numbers(item: Mapping[str, Any], name: str) -> dict[str, int]:
    return {each: int(count["N"]) for each, count in item.get(name, {}).get("M", {}).items()}


def _number(item: Mapping[str, Any], name: str) -> int | None:
    found = item.get(name, {}).get("N")
    return None if found is None else int(found)
