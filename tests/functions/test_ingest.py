"""All five functions in the workflow's order."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pipeline import plans
from tests.functions.cloud import (
    OUTPUT,
    STAGING,
    ingest,
)
from tests.functions.objects_sent import json_lines, order

if TYPE_CHECKING:
    from tests.functions.cloud import Cloud


def test_running_a_state_again_writes_the_same_bytes(cloud: Cloud) -> None:
    body = json_lines(order(1), order(2, quantity=-1), order(3, amount=9999))
    cloud.put("orders/x.jsonl", body)

    def snapshot() -> dict[str, bytes]:
        return {
            f"{bucket}/{key}": cloud.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
            for bucket in (STAGING, OUTPUT)
            for key in cloud.keys(bucket)
        }

    ingest("orders/x.jsonl")
    first = snapshot()
    ingest("orders/x.jsonl")
    assert snapshot() == first
    assert len(first) == 5


def test_the_outcomes_of_the_most_shards_fit_a_payload(cloud: Cloud) -> None:
    cloud.put("orders/x.jsonl", json_lines(order(1, amount=5000), order(2, quantity=-1), order(3, _line=1)))
    shard = ingest("orders/x.jsonl").shards[0]
    shard["shard"] = {"index": 255, "start": 68_000_000_000, "end": 68_719_476_736}
    for name in ("read", "valid", "enriched", "quarantined", "lines", "bytes", "alerts"):
        shard[name] = 268_435_456
    shard["reasons"] = dict.fromkeys(["type", "required", "format", "syntax", "number"], 268_435_456)
    assert len(json.dumps(shard, separators=(",", ":"))) * plans.MAX_SHARDS < 256 * 1024
