"""Following the data: from a quarantined record, or from an item's lineage, to the state and the bytes.

A quarantined record names its object, shard and byte; an item does so by the attributes that the pipeline
adds to it (`_file_id`, `_s3_key`, `_offset`, `_line`). The ledger leads from the file to the execution.
"""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import ClientError

from statewright.local.quarantines import QuarantinedFile, QuarantineError, Quarantines, Rejected

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from statewright.local.place_options import Connection

Json = Any

MAX_FOLLOWED_FILES = 200  # files with records in quarantine that are listed
MAX_FOLLOWED_OFFSET = 100_000  # records of a file that are paged through
PAGE = 100
_SHOWN_BYTES = 4096
_LINEAGE = ("_s3_key", "_line", "_offset", "_file_id", "_contract")
_COMPRESSED = (".gz", ".zst", ".bz2", ".xz")
_TYPES = {"S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"}


class NotFollowedError(LookupError):
    """There is nothing to follow from here; the message says why."""


class Follower:
    """Follows the data of one deployment."""

    def __init__(self, deployment: Connection) -> None:
        self._deployment = deployment
        self._quarantines = Quarantines(deployment)

    def tables(self) -> list[dict[str, Json]]:
        """Return the datasets with the attributes of their tables' keys."""
        found = []
        for name, dataset in sorted(self._deployment.names.project.datasets.items()):
            keys = [dataset.table.partition_key, dataset.table.sort_key]
            found.append({"dataset": name, "keys": [{"name": k.name, "type": k.type} for k in keys if k]})
        return found

    def files(self) -> dict[str, Json]:
        """Return the files with records in quarantine, the newest first."""
        found = self._quarantines.files()[::-1]
        listed = [_file(file) for file in found[:MAX_FOLLOWED_FILES]]
        return {"files": listed, "total": len(found)}

    def file(self, name: str, offset: int) -> dict[str, Json]:
        """Return a file by its id, its first digits or its key, and a page of its quarantined records.

        Raises NotFollowedError.
        """
        try:
            file = self._quarantines.find(name)
            page = list(islice(self._records(file), offset, offset + PAGE + 1))
        except QuarantineError as error:
            row = self._quarantines.row(name) if len(name) == 32 else {}
            if row:
                return {"file": _file_of_row(row), "row": plain(row), "records": [], "more": False}
            raise NotFollowedError(str(error)) from error
        return {
            "file": _file(file),
            "row": plain(file.row),
            "records": page[:PAGE],
            "offset": offset,
            "more": len(page) > PAGE,
        }

    def _records(self, file: QuarantinedFile) -> Iterator[dict[str, Json]]:
        before = self._quarantines.lines_before(file)
        for key in sorted(file.objects):
            stage = key.rpartition("/")[2].partition("-")[0]
            for record in self._quarantines.records(replace(file, objects=(key,))):
                yield _record(record, before, stage, f"s3://{self._quarantines.bucket}/{key}")

    # --- items ---

    def item(self, dataset: str, values: list[str]) -> dict[str, Json]:
        """Return an item of a dataset's table by the values of its key; raises NotFollowedError."""
        known = self._deployment.names.project.datasets.get(dataset)
        if known is None:
            raise NotFollowedError(f"There is no dataset {dataset}")
        keys = [key for key in (known.table.partition_key, known.table.sort_key) if key]
        if len(values) != len(keys) or not all(values):
            raise NotFollowedError(f"The key of {dataset} is {' and '.join(key.name for key in keys)}")
        table = self._deployment.names.of(dataset)
        asked = {key.name: {key.type: value} for key, value in zip(keys, values, strict=True)}
        try:
            answer = self._deployment.clients("dynamodb").get_item(
                TableName=table, Key=asked, ConsistentRead=True
            )
        except ClientError as error:
            raise NotFollowedError(f"{table}: {error.response['Error'].get('Message', error)}") from error
        if "Item" not in answer:
            raise NotFollowedError(f"{table} has no item with this key")
        return self._followed(_untyped(answer["Item"]), table)

    def pasted(self, text: str) -> dict[str, Json]:
        """Return what an item in JSON, plain or DynamoDB's, says of itself; raises NotFollowedError."""
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise NotFollowedError(f"This is no JSON: {error}") from error
        item = value.get("Item", value) if isinstance(value, dict) else None
        if not isinstance(item, dict):
            raise NotFollowedError("This is no item: it is no JSON object")
        return self._followed(_untyped(item) if _is_typed(item) else item, None)

    def _followed(self, item: dict[str, Json], table: str | None) -> dict[str, Json]:
        lineage = {name: plain(item[name]) for name in _LINEAGE if name in item}
        if not isinstance(item.get("_file_id"), str):
            raise NotFollowedError("This item has no lineage: it has no _file_id")
        row = self._quarantines.row(lineage["_file_id"])
        return {"table": table, "item": plain(item), "lineage": lineage, "row": plain(row)}

    # --- bytes ---

    def raw(self, bucket: str, key: str, version: str, offset: int) -> dict[str, Json]:
        """Return the line that begins at a byte of an object, {"text", "isWhole"}, or {"problem"}."""
        if key.endswith(_COMPRESSED):
            return {"problem": "The object is compressed: the byte counts in what comes out of it"}
        if bucket != self._deployment.names.bucket("raw"):
            return {"problem": f"{bucket} is not this deployment's bucket of raw objects"}
        pinned = {"VersionId": version} if version and version != "null" else {}
        span = f"bytes={offset}-{offset + _SHOWN_BYTES - 1}"
        try:
            answer = self._deployment.clients("s3").get_object(Bucket=bucket, Key=key, Range=span, **pinned)
        except ClientError as error:
            return {"problem": str(error.response["Error"].get("Message", error))}
        found: bytes = answer["Body"].read()
        line, end, _ = found.partition(b"\n")
        return {
            "text": line.decode(errors="backslashreplace"),
            "isWhole": bool(end) or len(found) < _SHOWN_BYTES,
        }


def plain(value: Json) -> Json:
    """Return a value of boto's resources as JSON has it; numbers that JSON would not keep as text."""
    if isinstance(value, Decimal):
        if not value.is_finite():
            return str(value)
        number = int(value) if value == value.to_integral_value() else float(value)
        return number if abs(value) < 2**53 and Decimal(str(number)) == value else str(value)
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, list | set | tuple):
        return [plain(each) for each in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _file(file: QuarantinedFile) -> dict[str, Json]:
    told = {"id": file.file_id, "dataset": file.dataset, "day": file.day, "key": file.key}
    reasons = plain(file.row.get("reasons", {}))
    return {**told, "status": file.status, "execution": file.row.get("execution"), "reasons": reasons}


def _file_of_row(row: Mapping[str, Json]) -> dict[str, Json]:
    told = {"id": row.get("file_id"), "dataset": row.get("dataset"), "day": None, "key": row.get("file_key")}
    return {**told, "status": row.get("status"), "execution": row.get("execution"), "reasons": {}}


def _record(record: Rejected, before: dict[int, int], stage: str, place: str) -> dict[str, Json]:
    text = record.content[:_SHOWN_BYTES].decode(errors="backslashreplace")
    line = before[record.shard] + record.line if record.shard in before else None
    names = ("bucket", "key", "version", "offset", "shard", "contract", "rule", "pointer", "message")
    told = {name: getattr(record, name) for name in names}
    is_whole = record.cut_from_bytes is None and len(record.content) <= _SHOWN_BYTES
    return {
        **told,
        "line": line,
        "lineInShard": record.line,
        "stage": stage,
        "object": place,
        "raw": text,
        "isWhole": is_whole,
    }


def _is_typed(item: dict[str, Json]) -> bool:
    return bool(item) and all(
        isinstance(each, dict) and len(each) == 1 and next(iter(each)) in _TYPES for each in item.values()
    )


def _untyped(item: dict[str, Json]) -> dict[str, Json]:
    try:
        return {name: TypeDeserializer().deserialize(value) for name, value in item.items()}
    except (TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise NotFollowedError(f"This is no item of DynamoDB: {error}") from error
