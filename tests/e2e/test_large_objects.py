"""Objects of several shards on the local cloud: both Distributed Maps, over real byte ranges."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.e2e.clouds import Cloud

SHARD_BYTES = 32 * 1024 * 1024
RECORDS = 180  # of 200 KB each, in two shards


def order(name: str, **changes: Any) -> bytes:
    record = {"order_id": name, "customer_id": "c", "order_date": "2026-01-02", "quantity": 1, "amount": 2}
    return json.dumps({**record, "currency": "USD", "note": "x" * 200_000, **changes}).encode() + b"\n"


def test_an_object_of_two_shards_is_read_in_parts_and_written_in_partitions(cloud: Cloud) -> None:
    key = "orders/two_shards.jsonl"
    lines = [order(f"two-{number}") for number in range(RECORDS)]
    lines[-1] = order("two-0", quantity=7)  # in the other shard than the one that it replaces
    lines[-2] = b'{"order_id": \n'
    body = b"".join(lines)
    assert SHARD_BYTES < len(body) < 2 * SHARD_BYTES

    execution = cloud.ingest(key, body)

    output = json.loads(execution["output"])
    counts = {name: output["counts"][name] for name in ("read", "written", "superseded", "quarantined")}
    assert counts == {"read": 180, "written": 178, "superseded": 1, "quarantined": 1}
    assert {"ParseShards", "WritePartitions"} <= set(cloud.states_of(execution["executionArn"]))
    item = cloud.client("dynamodb").get_item(
        TableName=cloud.env["ORDERS_TABLE"], Key={"order_id": {"S": "two-0"}}
    )["Item"]
    assert item["quantity"] == {"N": "7"}
    [row] = cloud.ledger(key)
    assert row["content_preview"] == body[:500].decode()


def test_the_error_of_a_shard_is_the_error_of_its_object(cloud: Cloud) -> None:
    key = "orders/latin1_in_the_second_shard.jsonl"
    lines = [order(f"latin-{number}") for number in range(RECORDS)]
    lines[-1] = order("caf\N{LATIN SMALL LETTER E WITH ACUTE}").replace(b"\\u00e9", b"\xe9")

    execution = cloud.ingest(key, b"".join(lines))

    assert (execution["status"], execution["error"]) == ("FAILED", "UnsupportedEncoding")
    assert "convert the file to UTF-8" in execution["cause"]
    [row] = cloud.ledger(key)
    assert (row["status"], row["error"]) == ("FAILED", "UnsupportedEncoding")
    assert row["shard_error"] == row["error"]
