"""Many records of mixed badness through the three functions that see records, in a process of its own.

    python -m tests.functions.volume RECORDS SHARD_BYTES

S3 is a folder, and DynamoDB counts what it is sent: so the process's memory is that of the functions. Prints
their sums, those that were to be expected, and the highest resident size in KiB, as JSON.
"""

from __future__ import annotations

import json
import random
import resource
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "functions")]

from bench.folder import Folder  # noqa: E402
from bench.kept import settings_of_nothing  # noqa: E402
from pipeline import enriching, notifying, objects, parsing, plans, tables, writing  # noqa: E402
from pipeline.routing import Route  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pipeline.shapes import File, Shard

KEY = "orders/many.jsonl"
# What each kind of record becomes, and how many of a hundred there are.
KINDS = {"written": 70, "superseded": 15, "invalid": 6, "unreadable": 4, "reserved": 3, "repeated_key": 2}


def records(count: int) -> Iterator[tuple[str, bytes]]:
    """Yield so many lines with their kinds, the same ones each time."""
    random_ = random.Random(7)
    kinds = random_.choices(list(KINDS), list(KINDS.values()), k=count)
    for number, kind in enumerate(kinds):
        yield kind, _line(kind, number)


def _line(kind: str, number: int) -> bytes:
    if kind == "unreadable":
        return b'{"order_id": "o-%d", "quantity": \n' % number
    # One that is superseded shares its key with all of its kind: the last of them is written.
    record = {
        "order_id": "o-often" if kind == "superseded" else f"o-{number}",
        "customer_id": f"c-{number % 1000}",
        "order_date": "2025-08-18",
        "quantity": -1 if kind == "invalid" else 1,
        "amount": number % 900,
        "currency": "USD",
    }
    if kind == "reserved":
        record["_line"] = 1
    line = json.dumps(record).encode()
    return line[:-1] + (b', "quantity": 2}\n' if kind == "repeated_key" else b"}\n")


def main(count: int, shard_bytes: int) -> None:
    """Run the functions over so many records; print what came of them."""
    expected = Counter(kind for kind, _ in records(count))
    with tempfile.TemporaryDirectory() as folder:
        settings = settings_of_nothing()
        path = Path(folder) / settings.raw_bucket / KEY
        path.parent.mkdir(parents=True)
        with path.open("wb") as file:
            file.writelines(line for _, line in records(count))
        sent: list[int] = []
        vars(objects)["s3"] = lambda: Folder(Path(folder))

        def write(table: str, batches: Iterable[tables.Batch], _: object) -> int:
            items = sum(batch.requests.count(b'{"PutRequest":') for batch in batches)
            sent.append(items)
            return items

        tables.write_items = write
        counts = _run(settings, path.stat().st_size, shard_bytes)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    said = {"counts": counts, "expected": expected, "sent": sum(sent), "peak": peak}
    sys.stdout.write(json.dumps(said))


def _run(settings: Any, size: int, shard_bytes: int) -> Any:
    file: File = {
        "id": "0" * 32,
        "run": "0" * 12,
        "bucket": settings.raw_bucket,
        "key": KEY,
        "version": "v",
        "size": size,
        "day": "2025-08-18",
        "dataset": "orders",
        "contract": "orders/1",
        "format": "jsonl",
        "compression": "none",
    }
    route = Route("orders", "orders/1", "jsonl", "none", splittable=True)
    plan = plans.plan(size, route, shard_bytes=shard_bytes, partition_bytes=shard_bytes)
    shards: list[Any] = []
    for index in range(plan["shards"]):
        start = index * plan["shard_bytes"]
        shard: Shard = {"index": index, "start": start, "end": min(size, start + plan["shard_bytes"])}
        parsed: Any = parsing.parse_and_validate({"file": file, "shard": shard}, settings)
        request: Any = {"file": file, "shard": shard, "partitions": plan["partitions"], "parsed": parsed}
        enriched: Any = enriching.enrich(request, settings)
        both = parsed["quarantined"] + enriched["quarantined"]
        shards.append({**parsed, **enriched, "quarantined": both})
    written = [
        writing.write_to_ddb({"file": file, "partition": partition, "shards": shards}, settings, lambda: 900)
        for partition in range(plan["partitions"])
    ]
    return notifying.conserved(file, shards, written)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
