"""The records of the benchmarks: real orders (samples/), in every format, as many as are asked for."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "samples/good/orders.jsonl.gz"
SCHEMA = ROOT / "schemas/datasets/orders/1.json"
FORMATS = {"JSON Lines": "jsonl", "CSV": "csv", "gzip": "jsonl.gz"}


def lines(count: int) -> Iterator[bytes]:
    """Yield orders as lines of JSON: those of the sample, then the same under other ids."""
    sample = gzip.decompress(SAMPLE.read_bytes()).splitlines(keepends=True)
    for turn in range(-(-count // len(sample))):
        some = sample[: count - turn * len(sample)]
        if not turn:
            yield from some
            continue
        for line in some:
            yield line.replace(b'{"order_id":"', b'{"order_id":"%d-' % turn, 1)


def rows(count: int) -> Iterator[bytes]:
    """Yield the same orders as rows of CSV, a header first."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for number, line in enumerate(lines(count)):
        record = json.loads(line, parse_float=str)
        if not number:
            writer.writerow(record)
        writer.writerow(record.values())
        if not number % 1000:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def body(format_: str, count: int) -> bytes:
    """Return a file of so many orders; `format_` is the end of its name."""
    if format_ == "csv":
        return b"".join(rows(count))
    plain = b"".join(lines(count))
    return gzip.compress(plain, 6, mtime=0) if format_.endswith("gz") else plain
