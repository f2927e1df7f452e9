"""Enrich: items, pseudonyms, what cannot become an item."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pipeline import enriching
from pipeline.errors import StagedDataBroken
from tests.functions.cloud import (
    OUTPUT,
    RAW,
    ingest,
    invoke,
)
from tests.functions.objects_sent import json_lines, order

if TYPE_CHECKING:
    from tests.functions.cloud import Cloud


def test_emails_become_pseudonyms_everywhere(cloud: Cloud) -> None:
    body = b"name,email,amount,date\nAda,ada@example.com,1,2025-01-01\nBob,ada@example.com,,2025-01-01\n"
    cloud.put("raw/deep/x.csv", body)

    outcome = ingest("raw/deep/x.csv")

    items = cloud.items("sales")
    assert len({item["email"]["S"] for item in items}) == 1
    assert all(len(item["email"]["S"]) == 64 for item in items)
    assert "content_preview" not in cloud.row(outcome.collected["file"]["id"])
    for bucket in (OUTPUT,):
        assert cloud.keys(bucket) == []


def test_records_that_cannot_be_items_are_put_aside_with_their_bytes(cloud: Cloud) -> None:
    records = [order(1), order(2, note="x" * 410_000), order(3, _line=7), order(4, note=["y" * 50] * 100)]
    body = json_lines(*records)
    cloud.put("orders/x.jsonl", body)

    outcome = ingest("orders/x.jsonl")

    assert outcome.notified["counts"]["written"] == 2
    assert outcome.notified["reasons"] == {"item_size": 1, "reserved_name": 1}
    (place,) = [shard["quarantine_enrich"] for shard in outcome.shards]
    lines = cloud.lines(place)
    assert [(line["rule"], line["pointer"], line["line"]) for line in lines] == [
        ("item_size", "", 2),
        ("reserved_name", "/_line", 3),
    ]
    assert json.loads(lines[0]["raw"]) == records[1]


def test_a_rejected_record_that_is_not_found_again_is_a_defect(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.put("orders/x.jsonl", json_lines(order(1, _line=1)))
    file = invoke("collect_data", {"s3Bucket": RAW, "s3Key": "orders/x.jsonl"})["file"]
    shard = {"index": 0, "start": 0, "end": file["size"]}
    parsed = invoke("parse_and_validate", {"file": file, "shard": shard})
    monkeypatch.setattr(enriching.reading, "candidates", lambda *_, **__: iter(()))
    with pytest.raises(StagedDataBroken, match="0 of 1"):
        invoke("enrich", {"file": file, "shard": shard, "partitions": 1, "parsed": parsed})
