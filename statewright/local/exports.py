"""Processed records of a dataset as Parquet: one file a day, for those who ask Athena, Spark or DuckDB.

    parquet/dataset=<dataset>/day=<day>/records.parquet

The pipeline leaves an object for each group of messages and each partition of a file; here those of a day
become one file, typed by the contract. Its name follows from the day alone: an export once more replaces it,
so each record is there once. pyarrow is an optional extra, which the functions do without.
"""

from __future__ import annotations

import importlib.util
import io
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import zstandard

from statewright.local.parquet_columns import MORE, Column, decoded, row_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from statewright.local.clients import Clients

REMEDY = "Parquet needs the package pyarrow: pip install 'statewright[parquet]'"
PROCESSED = "processed"
PARQUET = "parquet"
# A row group: what is held in memory.
ROWS = 20_000
ROW_GROUP_BYTES = 64 * 1024 * 1024
_DAY = re.compile(r"day=(\d{4}-\d\d-\d\d)/")


@dataclass(frozen=True)
class Exported:
    """A file that was written: where it is, and how many records it has."""

    day: str
    place: str
    records: int


def is_available() -> bool:
    """Say whether Parquet files can be written."""
    return importlib.util.find_spec("pyarrow") is not None


def days_of(clients: Clients, bucket: str, dataset: str) -> list[str]:
    """Return the days that have processed records of a dataset, in their order."""
    keys = _keys(clients, bucket, f"{PROCESSED}/dataset={dataset}/")
    return sorted({found[1] for key in keys if (found := _DAY.search(key))})


def export_day(
    clients: Clients, bucket: str, dataset: str, day: str, columns: list[Column], folder: Path | None
) -> Exported:
    """Write a day's records into a folder, or beside them into their bucket; raises botocore's errors."""
    lines = lines_of(clients, bucket, f"{PROCESSED}/dataset={dataset}/day={day}/")
    name = f"dataset={dataset}/day={day}/records.parquet"
    if folder is not None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".new")
        records = write(unfinished, lines, columns)
        unfinished.replace(path)
        return Exported(day, str(path), records)
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "records.parquet"
        records = write(path, lines, columns)
        clients("s3").upload_file(str(path), bucket, f"{PARQUET}/{name}")
    return Exported(day, f"s3://{bucket}/{PARQUET}/{name}", records)


def lines_of(clients: Clients, bucket: str, prefix: str) -> Iterator[bytes]:
    """Yield the processed records under a prefix, a line each."""
    for key in _keys(clients, bucket, prefix):
        packed = clients("s3").get_object(Bucket=bucket, Key=key)["Body"]
        with zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True) as body:
            yield from io.BufferedReader(body)


def _keys(clients: Clients, bucket: str, prefix: str) -> Iterator[str]:
    for page in clients("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from (found["Key"] for found in page.get("Contents", []))


def write(path: Path, lines: Iterable[bytes], columns: list[Column]) -> int:
    """Write records as Parquet; return how many."""
    from pyarrow import Table, parquet

    schema = _schema(columns)
    count = 0
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for group in _groups(lines):
            rows = [row_of(record, columns) for record in decoded(iter(group))]
            writer.write_table(Table.from_pylist(rows, schema=schema))
            count += len(rows)
    return count


def _groups(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    group: list[bytes] = []
    held = 0
    for line in lines:
        group.append(line)
        held += len(line)
        if len(group) == ROWS or held >= ROW_GROUP_BYTES:
            yield group
            group, held = [], 0
    if group:
        yield group


def _schema(columns: list[Column]) -> Any:
    import pyarrow as pa

    types = {
        "string": pa.string(),
        "json": pa.string(),
        "date": pa.date32(),
        "int64": pa.int64(),
        "bool": pa.bool_(),
        "strings": pa.list_(pa.string()),
    }
    fields = [
        pa.field(each.name, pa.decimal128(38, each.scale) if each.kind == "decimal" else types[each.kind])
        for each in columns
    ]
    return pa.schema([*fields, pa.field(MORE, pa.string())])
