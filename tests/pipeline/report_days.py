"""Days of the ledger that never were: rows as DynamoDB tells them, the same for the same seed."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pipeline.items import typed_record

if TYPE_CHECKING:
    from collections.abc import Iterator

EXECUTION = "arn:aws:states:us-east-1:000000000000:execution:statewright-ingest"
DATASETS = (("orders", "jsonl"), ("orders", "csv"), ("user_activity", "json"), ("sales", "csv"))
RULES = ("required", "minimum", "format", "type", "enum", "key")
CAUSE = '{"errorMessage": "byte 112 is not gzip; upload the file again", "errorType": "CorruptGzip"}'
# The busy hours of a day.
HOURS = (0, 1, 2, 6, 7, 8, 8, 8, 9, 9, 10, 11, 13, 14, 14, 15, 16, 17, 19, 22)


def day_of_rows(day: str, files: int, seed: int, groups: int = 0) -> Iterator[dict[str, Any]]:
    """Yield the rows of so many files and groups of messages, typed."""
    rng = random.Random(f"{day}-{seed}")
    for number in range(files):
        yield typed_record(_file(rng, day, number))
    for number in range(groups):
        yield typed_record(_group(rng, day, number))


def _file(rng: random.Random, day: str, number: int) -> dict[str, Any]:
    dataset, ending = rng.choice(DATASETS)
    minute, second = rng.randrange(60), rng.uniform(0, 59.999)
    minute, second = rng.randrange(60), rng.uniform(0, 59.999)
    at = f"{day}T{rng.choice(HOURS):02}:{minute:02}:{second:06.3f}Z"
    row: dict[str, Any] = {
        "file_id": f"{rng.getrandbits(128):032x}",
        "file_key": f"{dataset}/{day}/part-{number:06}.{ending}{rng.choice(['', '', '.gz'])}",
        "bucket_name": "statewright-raw",
        "version": f"v{number}",
        "etag": f"{rng.getrandbits(128):032x}" if rng.random() < 0.98 else "0" * 32,
        "processed_at": at,
        "processed_day": day,
        "execution": f"{EXECUTION}:{number}",
        "file_size": int(rng.lognormvariate(11, 1.4)),
    }
    kind = rng.random()
    if kind < 0.02:
        return {**row, "status": "CATALOGUED", "file_size": 512}
    row["dataset"] = dataset
    if kind < 0.025:
        return {**row, "status": "FAILED", "error": "CorruptGzip", "cause": CAUSE}
    return {**row, "status": "SUCCEEDED", **_outcome(rng, row["file_size"] // 220 + 1)}


def _group(rng: random.Random, day: str, number: int) -> dict[str, Any]:
    return {
        "file_id": f"{rng.getrandbits(128):032x}",
        "source": "messages",
        "status": "SUCCEEDED",
        "dataset": "orders",
        "file_key": f"messages/{number}",
        "bucket_name": "statewright-staging",
        "processed_at": f"{day}T{rng.choice(HOURS):02}:00:00.000Z",
        "processed_day": day,
        "execution": f"{EXECUTION}:group-{number}",
        "file_size": 20_000,
        **_outcome(rng, rng.randint(1, 100)),
    }


def _outcome(rng: random.Random, read: int) -> dict[str, Any]:
    quarantined = rng.randint(1, max(1, read // 40)) if rng.random() < 0.08 else 0
    superseded = rng.randint(0, (read - quarantined) // 50)
    counts = {
        "read": read,
        "written": read - quarantined - superseded,
        "superseded": superseded,
        "quarantined": quarantined,
        "alerts": rng.randint(0, 2) if rng.random() < 0.1 else 0,
    }
    reasons = {rng.choice(RULES): quarantined} if quarantined else {}
    links = ["s3://statewright-output/quarantine/manifest.json"] if quarantined else []
    seconds = round(rng.lognormvariate(0.4, 0.6), 3)
    row = {"counts": counts, "reasons": reasons, "quarantine": links, "seconds": Decimal(str(seconds))}
    return {**row, "alert_rules": {"large_order": counts["alerts"]}} if counts["alerts"] else row
