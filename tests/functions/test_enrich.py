"""Enrich: items, pseudonyms, what cannot become an item."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
import zstandard

from pipeline import enriching, summaries
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
    processed, summary = cloud.keys(OUTPUT)
    said = cloud.s3.get_object(Bucket=OUTPUT, Key=summary)["Body"].read()
    assert b"ada@" not in said
    assert items[0]["email"]["S"].encode() in said
    stored = cloud.s3.get_object(Bucket=OUTPUT, Key=processed)["Body"].read()
    assert b"ada@" not in zstandard.ZstdDecompressor().decompressobj().decompress(stored)


def test_records_that_cannot_be_items_are_put_aside_with_their_bytes(cloud: Cloud) -> None:
    records = [order(1), order(2, note="x" * 410_000), order(3, _line=7), order(4, note=["y" * 50] * 100)]
    body = json_lines(*records)
    cloud.put("orders/x.jsonl", body)

    outcome = ingest("orders/x.jsonl")

    assert outcome.notified["counts"]["written"] == 3
    assert outcome.notified["reasons"] == {"reserved_name": 1}
    (place,) = [shard["quarantine_enrich"] for shard in outcome.shards]
    lines = cloud.lines(place)
    assert [(line["rule"], line["pointer"], line["line"]) for line in lines] == [
        ("reserved_name", "/_line", 3)
    ]
    assert json.loads(lines[0]["raw"]) == records[2]


def test_an_item_that_dynamodb_cannot_hold_has_its_body_in_s3(cloud: Cloud) -> None:
    record = order(2, note="x" * 410_000, list=["y" * 2000], amount=12.5)
    cloud.put("orders/x.jsonl", json_lines(order(1), record))

    outcome = ingest("orders/x.jsonl")

    assert outcome.notified["counts"]["written"] == 2
    item = next(item for item in cloud.items("orders") if item["order_id"]["S"] == record["order_id"])
    place = item["_body"]["M"]
    assert (item["amount"], item["_line"]) == ({"N": "12.5"}, {"N": "2"})
    assert not {"note", "list"} & item.keys()
    stored = cloud.s3.get_object(Bucket=place["bucket"]["S"], Key=place["key"]["S"])["Body"].read()
    body = zstandard.ZstdDecompressor().decompress(stored)
    assert hashlib.sha256(body).hexdigest() == place["sha256"]["S"]
    assert len(body) == int(place["bytes"]["N"])
    assert {name: value for name, value in json.loads(body).items() if name in record} == record


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


def test_of_items_whose_whole_goes_to_s3_the_summary_holds_few_at_once(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    add = summaries.Summary.add

    def noted(summary: summaries.Summary, item: dict[str, Any], size: int) -> None:
        sizes.append(size)
        add(summary, item, size)

    monkeypatch.setattr(summaries.Summary, "add", noted)
    cloud.put("orders/x.jsonl", json_lines(order(1, note="x" * 500_000)))
    ingest("orders/x.jsonl")
    assert min(sizes) > 500_000
