"""ParseAndValidate: shards, quarantine, what is staged."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from pipeline import objects
from tests.functions.cloud import (
    OUTPUT,
    RAW,
    ROOT,
    STAGING,
    ingest,
    small_plan,
)
from tests.functions.objects_sent import json_lines, order

if TYPE_CHECKING:
    from tests.functions.cloud import Cloud


@pytest.mark.parametrize("shards", [2, 9])
def test_quarantine_of_many_shards_leads_back_to_lines_and_bytes(cloud: Cloud, shards: int) -> None:
    records = [order(number, quantity=-1 if number % 10 == 3 else 1) for number in range(50)]
    body = json_lines(*records)
    version = cloud.put("orders/x.jsonl", body)

    outcome = ingest("orders/x.jsonl", plan=small_plan(len(body), shards, 2))

    manifest_uri, *uris = outcome.notified["quarantine"]
    manifest = json.loads(
        cloud.s3.get_object(Bucket=OUTPUT, Key=manifest_uri.removeprefix(f"s3://{OUTPUT}/"))["Body"].read()
    )
    first_lines = {entry["shard"]: entry["first_line"] for entry in manifest["shards"]}
    found = [
        line
        for uri in uris
        for line in cloud.lines({"bucket": OUTPUT, "key": uri.removeprefix(f"s3://{OUTPUT}/")})
    ]
    assert sorted(first_lines[line["shard"]] + line["line"] - 1 for line in found) == [4, 14, 24, 34, 44]
    for line in found:
        raw = line["raw"].encode()
        assert body[line["offset"] : line["offset"] + len(raw)] == raw
        assert (line["rule"], line["pointer"], line["contract"]) == ("minimum", "/quantity", "orders/1")
        assert (line["bucket"], line["key"], line["version"]) == (RAW, "orders/x.jsonl", version)


def test_csv_that_promises_one_line_a_row_is_read_in_shards(
    cloud: Cloud, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "schemas"
    (folder / "datasets/orders").mkdir(parents=True)
    for name in ("contract.json", "common.json"):
        (folder / name).write_text((ROOT / "schemas" / name).read_text())
    for name in ("functions", "reference"):
        (folder / name).symlink_to(ROOT / "schemas" / name)
    contract = json.loads((ROOT / "schemas/datasets/orders/1.json").read_text())
    contract["x-dataset"]["sources"][0]["newline_in_quotes"] = False
    (folder / "datasets/orders/1.json").write_text(json.dumps(contract))
    monkeypatch.setenv("SCHEMAS_DIR", str(folder))
    header = ",".join(order(0))
    rows = [",".join(str(cell) for cell in order(number).values()) for number in range(40)]
    rows[7] = '"o-7,c'
    body = "\r\n".join([header, *rows]).encode()
    cloud.put("orders/x.csv", body)

    outcome = ingest("orders/x.csv", plan=small_plan(len(body), 6, 2))

    assert outcome.notified["counts"]["written"] == 39
    assert outcome.notified["reasons"] == {"syntax": 1}
    assert sorted(int(item["_line"]["N"]) for item in cloud.items("orders")) == [
        line for line in range(2, 42) if line != 9
    ]


def test_a_large_file_goes_through_multipart_uploads(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "PART_BYTES", 5 * 1024 * 1024)
    records = [order(number, note=f"{number * 2654435761 % 2**32:x}" * 6000) for number in range(500)]
    cloud.put("orders/x.jsonl", json_lines(*records))

    outcome = ingest("orders/x.jsonl", plan={"shards": 1, "shard_bytes": 1, "partitions": 3})

    assert outcome.notified["counts"]["written"] == 500
    assert boto3.client("s3", "us-east-1").list_multipart_uploads(Bucket=STAGING).get("Uploads", []) == []


def test_a_line_that_is_no_record_is_kept_by_its_beginning(cloud: Cloud) -> None:
    cloud.put("orders/x.jsonl", json_lines(order(1)) + b"\xff" * 17_000_000 + b"\n")
    outcome = ingest("orders/x.jsonl")
    (line,) = cloud.lines(outcome.shards[0]["quarantine"])
    assert base64.b64decode(line["raw_base64"]) == b"\xff" * 1024
    assert line["cut_from_bytes"] == 17_000_000
