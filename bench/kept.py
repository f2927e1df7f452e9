"""The functions over a dictionary in the place of S3, and nothing in that of DynamoDB: no network."""

from __future__ import annotations

import io
import os
import sys
from itertools import pairwise
from time import process_time
from typing import TYPE_CHECKING, Any, NamedTuple

from bench.orders import ROOT

sys.path.insert(0, str(ROOT / "functions"))

from pipeline import enriching, objects, parsing, tables, writing
from pipeline.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipeline.tables import Batch


class Kept:
    """The calls of S3 that the three functions make."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], bytes] = {}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, **_: Any) -> None:  # noqa: N803
        self.objects[Bucket, Key] = bytes(Body)

    def create_multipart_upload(self, *, Bucket: str, Key: str, **_: Any) -> dict[str, str]:  # noqa: N803
        self.objects[Bucket, Key] = b""
        return {"UploadId": "one"}

    def upload_part(self, *, Bucket: str, Key: str, Body: bytes, **_: Any) -> dict[str, str]:  # noqa: N803
        self.objects[Bucket, Key] += bytes(Body)
        return {"ETag": "e"}

    def complete_multipart_upload(self, **_: Any) -> None:
        """Do nothing: the parts came in order."""

    def head_object(self, *, Bucket: str, Key: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        size = len(self.objects[Bucket, Key])
        return {"ContentLength": size, "ETag": '"e"', "LastModified": None}

    def get_object(self, *, Bucket: str, Key: str, Range: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        first, last = map(int, Range.removeprefix("bytes=").split("-"))
        return {"Body": io.BytesIO(self.objects[Bucket, Key][first : last + 1])}


class Seconds(NamedTuple):
    """CPU seconds of each function for one file, and how many records it had."""

    parse: float
    enrich: float
    write: float
    records: int

    @property
    def all(self) -> float:
        return self.parse + self.enrich + self.write


def ready(table: str, batches: Iterable[Batch], _: object) -> int:
    """Make the body of each BatchWriteItem, as the writer does; send none."""
    written = 0
    for batch in batches:
        tables.body_of(table, batch.requests)
        written += batch.items
    return written


def keep(body: bytes, format_: str) -> tuple[Any, Any]:
    """Keep a file of orders; return what the functions are told of it, and of its one shard."""
    store = Kept()
    named: Any = vars(objects)
    named["s3"] = lambda: store
    key = f"orders/bench.{format_}"
    store.objects["raw", key] = body
    file = {
        "id": "0" * 32,
        "run": "0" * 12,
        "bucket": "raw",
        "key": key,
        "version": "v",
        "size": len(body),
        "day": "2025-08-18",
        "dataset": "orders",
        "contract": "orders/1",
        "format": format_.partition(".")[0],
        "compression": "gzip" if format_.endswith("gz") else "none",
    }
    return file, {"index": 0, "start": 0, "end": len(body)}


def work(body: bytes, format_: str, partitions: int = 1) -> Seconds:
    """Let the functions work on a file of orders."""
    file, shard = keep(body, format_)
    vars(tables)["write_items"] = ready
    settings = settings_of_nothing()
    times = [process_time()]
    parsed: Any = parsing.parse_and_validate({"file": file, "shard": shard}, settings)
    times.append(process_time())
    request: Any = {"file": file, "shard": shard, "partitions": partitions, "parsed": parsed}
    shards: Any = [{**parsed, **enriching.enrich(request, settings)}]
    times.append(process_time())
    written = sum(
        writing.write_to_ddb({"file": file, "partition": number, "shards": shards}, settings, lambda: 900)[
            "written"
        ]
        for number in range(partitions)
    )
    times.append(process_time())
    if written != parsed["read"]:
        raise ValueError(f"{parsed['read'] - written} records of the sample were not written")
    parse, enrich, write = (after - before for before, after in pairwise(times))
    return Seconds(parse, enrich, write, written)


def settings_of_nothing() -> Settings:
    """Return settings whose buckets, tables and topic are not there."""
    names = (
        "raw",
        "staging",
        "output",
        "files",
        "told",
        "transactions",
        "statewright-",
        "topic",
        "parameter",
    )
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    return Settings(*names, ROOT / "schemas")
