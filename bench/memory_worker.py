"""A worker whose memory is measured: the functions over a file, S3 a folder, nothing in DynamoDB's place.

python -m bench.memory_worker FORMAT BYTES     prints its idle and its peak memory, and the records

The file has so many bytes of text, compressed or not. Before it comes a small one: what the process needs in
any case is there then. The peak is that of the resident memory (VmHWM of proc(5)) from then on.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from bench import orders
from bench.folder import Folder
from bench.kept import ready, settings_of_nothing
from pipeline import contracts, enriching, objects, parsing, plans, rechunking, staging, tables, writing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.settings import Settings

Json = Any
SMALL_BYTES = 100_000


def main(format_: str, size: int) -> None:
    """Measure."""
    with tempfile.TemporaryDirectory() as folder:
        named: Json = vars(objects)
        named["s3"] = lambda: Folder(Path(folder))
        vars(tables)["write_items"] = ready
        settings = settings_of_nothing()
        raw = Path(folder) / settings.raw_bucket / "orders"
        raw.mkdir(parents=True)
        _write(raw / f"small.{format_}", format_, SMALL_BYTES)
        _write(raw / f"large.{format_}", format_, size)
        _ingest(settings, f"orders/small.{format_}", raw / f"small.{format_}")
        idle = _memory("VmRSS")
        Path("/proc/self/clear_refs").write_text("5")
        records = _ingest(settings, f"orders/large.{format_}", raw / f"large.{format_}")
        sys.stdout.write(json.dumps({"idle": idle, "peak": _memory("VmHWM"), "records": records}))


def _memory(name: str) -> int:
    """Return a figure of this process, in bytes."""
    found = re.search(rf"^{name}:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found
    return int(found[1]) * 1024


def _write(path: Path, format_: str, size: int) -> None:
    """Write a file of at least so many bytes, in whole records."""
    with gzip.open(path, "wb", 1) if format_.endswith("gz") else path.open("wb") as file:
        written = 0
        for piece in _endless(format_.removesuffix(".gz")):
            written += len(piece)
            file.write(piece)
            if written >= size:
                return


def _endless(format_: str) -> Iterator[bytes]:
    return orders.rows(1 << 40) if format_ == "csv" else orders.lines(1 << 40)


def _ingest(settings: Settings, key: str, path: Path) -> int:
    """Do what the workflow does with a file; return how many records were written."""
    size = path.stat().st_size
    route = contracts.catalogue(settings.schemas).route(key)
    assert route is not None
    file: Json = {
        "id": f"{len(key):032x}",
        "run": "0" * 12,
        "bucket": settings.raw_bucket,
        "key": key,
        "version": "v",
        "size": size,
        "day": "2025-08-18",
        "dataset": route.dataset,
        "contract": route.contract,
        "format": route.format,
        "compression": route.compression,
    }
    plan: Json = plans.plan(size, route)
    found: Json = plans.ranges(plan, size)
    if plan.get("rechunk"):
        cut: Json = rechunking.rechunk({"file": file, "plan": plan, "round": 1}, settings, lambda: 900.0)
        file, plan = cut["file"], cut["plan"]
        place = staging.ranges_place(settings.staging_bucket, file)
        found = msgspec.json.decode(b"".join(objects.read_staged(place, 0, objects.size_of(place))))
    shards = []
    for shard in found:
        parsed: Json = parsing.parse_and_validate({"file": file, "shard": shard}, settings)
        request: Json = {"file": file, "shard": shard, "partitions": plan["partitions"], "parsed": parsed}
        shards.append({**parsed, **enriching.enrich(request, settings)})
    written = 0
    for number in range(plan["partitions"]):
        part: Json = {"file": file, "partition": number, "shards": shards}
        written += writing.write_to_ddb(part, settings, lambda: 900)["written"]
    return written


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
