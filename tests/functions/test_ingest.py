from __future__ import annotations

import base64
import gzip
import json
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from pipeline import enriching, objects, plans
from pipeline.errors import ObjectNotFound, StagedDataBroken
from tests.functions.cloud import (
    EXECUTION,
    OUTPUT,
    RAW,
    ROOT,
    STAGING,
    STARTED_AT,
    ingest,
    invoke,
    small_plan,
)

if TYPE_CHECKING:
    from tests.functions.cloud import Cloud


def order(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "order_id": f"o-{number}",
        "customer_id": "c",
        "order_date": "2025-08-18",
        "quantity": 1,
        "amount": 10.5,
        "currency": "USD",
        **changes,
    }


def json_lines(*records: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


@pytest.mark.parametrize(("shards", "partitions"), [(1, 1), (1, 4), (7, 1), (7, 5), (40, 3)])
def test_every_plan_leaves_the_same_table(cloud: Cloud, shards: int, partitions: int) -> None:
    good = [order(number) for number in range(60)]
    again = [order(number, amount=20 + number) for number in range(0, 60, 4)]
    body = b"\xef\xbb\xbf" + json_lines(*good, order(1, quantity=-1)) + b"\nnot json\n" + json_lines(*again)
    cloud.put("orders/x.jsonl", body)

    outcome = ingest("orders/x.jsonl", plan=small_plan(len(body), shards, partitions))

    counts = outcome.notified["counts"]
    assert counts == {"read": 77, "written": 60, "superseded": 15, "quarantined": 2, "alerts": 0}
    assert outcome.notified["reasons"] == {"minimum": 1, "syntax": 1}
    items = {item["order_id"]["S"]: item for item in cloud.items("orders")}
    assert len(items) == 60
    for number in range(60):
        item = items[f"o-{number}"]
        line = 64 + number // 4 if number % 4 == 0 else number + 1
        assert item["_line"] == {"N": str(line)}
        assert Decimal(item["amount"]["N"]) == (20 + number if number % 4 == 0 else Decimal("10.5"))
        start = int(item["_offset"]["N"])
        assert json.loads(body[start:].split(b"\n")[0])["order_id"] == f"o-{number}"


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


def test_an_event_becomes_an_object_and_a_row(cloud: Cloud) -> None:
    event = json.loads((ROOT / "samples/good/event.json").read_text())

    outcome = ingest("", request={"event": event})

    key = outcome.collected["file"]["key"]
    assert key.startswith("year=2025/month=08/day=18/")
    (item,) = cloud.items("user_activity")
    assert item["user_id"] == {"S": "user-fd7721"}
    assert item["event_type"] == {"S": "click"}
    assert item["event_ts"] == {"S": "2025-08-18T19:00:00Z"}
    assert item["metadata"] == {"M": {"note": {"S": "test data"}, "source": {"S": "collect_lambda"}}}
    assert item["_s3_key"] == {"S": key}

    retried = ingest("", request={"event": event})
    assert retried.collected["file"] == outcome.collected["file"]
    assert len(cloud.items("user_activity")) == 1


def event_of_s3(key: str, version: str | None = None) -> dict[str, Any]:
    detail: dict[str, Any] = {"bucket": {"name": RAW}, "object": {"key": key}, "reason": "PutObject"}
    if version:
        detail["object"]["version-id"] = version
    return {"detail-type": "Object Created", "source": "aws.s3", "detail": detail}


def test_the_event_of_an_object_that_an_execution_wrote_itself_is_a_duplicate(cloud: Cloud) -> None:
    written = ingest("", request={"event": {"userId": "u"}}).collected["file"]
    by_rule = {
        **event_of_s3(written["key"], written["version"]),
        "execution": {"id": "other", "started_at": STARTED_AT},
    }

    answer = invoke("collect_data", by_rule)

    assert (answer["outcome"], answer["duplicate_of"]) == ("duplicate", EXECUTION)


def test_a_copy_of_such_an_object_is_ingested(cloud: Cloud) -> None:
    written = ingest(
        "", request={"event": {"userId": "u", "eventType": "e", "timestamp": STARTED_AT}}
    ).collected
    source = {"Bucket": RAW, "Key": written["file"]["key"]}
    cloud.s3.copy_object(Bucket=RAW, Key="user_activity/copy.json", CopySource=source)

    answer = invoke("collect_data", event_of_s3("user_activity/copy.json"))

    assert answer["outcome"] == "work"


def test_an_object_of_two_events_is_ingested_once(cloud: Cloud) -> None:
    version = cloud.put("orders/x y+%41é😀.jsonl", json_lines(order(1)))
    first = ingest("", request=event_of_s3("orders/x y+%41é😀.jsonl", version))

    second = ingest("", request=event_of_s3("orders/x y+%41é😀.jsonl", version), execution="second")

    assert first.notified["counts"]["written"] == 1
    assert second.collected["outcome"] == "duplicate"
    assert second.collected["duplicate_of"] == EXECUTION
    assert cloud.row(first.collected["file"]["id"])["event_name"] == "Object Created:PutObject"


def test_a_new_version_is_new_work_and_a_failed_one_may_be_tried_again(cloud: Cloud) -> None:
    cloud.put("orders/x.jsonl", json_lines(order(1)))
    first = ingest("orders/x.jsonl").collected["file"]
    cloud.put("orders/x.jsonl", json_lines(order(2)))
    second = ingest("orders/x.jsonl", execution="second").collected["file"]
    assert first["id"] != second["id"]

    cloud.files.update_item(
        Key={"file_id": second["id"]},
        UpdateExpression="SET #s = :f",
        ExpressionAttributeNames={"#s": "status"},
        ExpressionAttributeValues={":f": "FAILED"},
    )
    assert ingest("orders/x.jsonl", execution="third").notified["counts"]["written"] == 1
    older = ingest("", request={"s3Bucket": RAW, "s3Key": "orders/x.jsonl", "s3VersionId": first["version"]})
    assert older.collected["file"]["id"] == first["id"]


def test_the_ledger_holds_the_row_of_a_file(cloud: Cloud) -> None:
    body = json_lines(order(1))
    cloud.put("orders/x.jsonl.gz", gzip.compress(body), ContentType="application/gzip")
    file = ingest("orders/x.jsonl.gz").collected["file"]
    row = cloud.row(file["id"])
    assert row["file_key"] == "orders/x.jsonl.gz"
    assert row["bucket_name"] == RAW
    assert row["timestamp"] == STARTED_AT
    assert row["file_size"] == file["size"]
    assert row["content_type"] == "application/gzip"
    assert row["content_preview"] == body.decode()
    assert row["dataset"] == "orders"
    assert row["contract"] == "orders/1"
    assert row["status"] == "SUCCEEDED"
    assert row["counts"]["written"] == 1
    assert row["processed_at"].startswith(row["processed_day"])
    assert {"last_modified", "etag", "event_name", "version", "execution"} <= row.keys()


def test_all_moments_of_the_ledger_have_the_form_of_the_workflow(cloud: Cloud) -> None:
    cloud.put("orders/x.jsonl", json_lines(order(1)))
    cloud.put("elsewhere/x.bin", b"\x00")
    ingested = ingest("orders/x.jsonl").collected["file"]
    catalogued = ingest("elsewhere/x.bin").collected["file"]
    for row in (cloud.row(ingested["id"]), cloud.row(catalogued["id"])):
        for name in ("processed_at", "last_modified", "timestamp"):
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", row[name]), name


def test_an_object_of_many_pages_has_a_preview_too(cloud: Cloud) -> None:
    cloud.put("orders/x.jsonl", body := json_lines(*(order(number) for number in range(500))))
    row = cloud.row(ingest("orders/x.jsonl").collected["file"]["id"])
    assert row["content_preview"] == body.decode()[:500]


def test_an_object_of_no_contract_is_catalogued_as_often_as_it_comes(cloud: Cloud) -> None:
    cloud.put("elsewhere/x.bin", b"\x00\x01")
    cloud.put("orders/readme", b"no format")
    for execution in ("one", "two"):
        assert ingest("elsewhere/x.bin", execution=execution).collected["outcome"] == "catalogued"
        answer = ingest("orders/readme", execution=execution).collected
        assert answer["outcome"] == "catalogued"
    row = cloud.row(answer["file"]["id"])
    assert row["status"] == "CATALOGUED"
    assert row["content_preview"] == "no format"


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


def test_equal_records_of_two_objects_are_one_item(cloud: Cloud) -> None:
    cloud.put("sales/a.csv", b"name,email,amount,date\nAda,ada@example.com,1.50,2025-01-01\n")
    cloud.put(
        "sales/b.json", b'[{"date":"2025-01-01","amount":15e-1,"email":"ada@example.com","name":"Ada"}]'
    )
    ingest("sales/a.csv")
    ingest("sales/b.json")
    assert len(cloud.items("sales")) == 1


def test_alerts_are_told_one_by_one_up_to_a_cap_then_summed_up(cloud: Cloud) -> None:
    records = [order(number, amount=2000 if number % 2 else 1) for number in range(50)]
    body = json_lines(*records)
    cloud.put("orders/x.jsonl", body)

    outcome = ingest("orders/x.jsonl", plan=small_plan(len(body), 5, 1))

    told = cloud.messages()
    alerts = [message for message in told if json.loads(message["Message"])["event"] == "alert"]
    (summary,) = [message for message in told if json.loads(message["Message"])["event"] == "ingested"]
    assert len(alerts) == 20
    assert sorted(json.loads(alert["Message"])["line"] for alert in alerts) == list(range(2, 42, 2))
    first = next(alert for alert in alerts if json.loads(alert["Message"])["line"] == 2)
    assert first["Subject"] == "Large order o-1"
    assert json.loads(first["Message"])["message"] == "Order o-1 of 2025-08-18: 2000 USD"
    assert first["MessageAttributes"]["severity"]["Value"] == "warning"
    assert first["MessageAttributes"]["rule"]["Value"] == "large_order"
    assert json.loads(summary["Message"])["counts"]["alerts"] == 25
    assert summary["MessageAttributes"]["event"]["Value"] == "ingested"
    assert summary["MessageAttributes"]["dataset"]["Value"] == "orders"
    assert summary["MessageAttributes"]["status"]["Value"] == "SUCCEEDED"
    item = next(item for item in cloud.items("orders") if item["order_id"]["S"] == "o-1")
    assert item["_alerts"] == {"L": [{"S": "large_order"}]}
    assert outcome.notified["counts"]["alerts"] == 25


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


def test_a_bucket_without_versions_is_pinned_by_etag(cloud: Cloud) -> None:
    cloud.s3.create_bucket(Bucket="plain-bucket")
    cloud.s3.put_object(Bucket="plain-bucket", Key="orders/x.jsonl", Body=json_lines(order(1)))

    outcome = ingest("", request={"s3Bucket": "plain-bucket", "s3Key": "orders/x.jsonl"})

    assert outcome.collected["file"]["version"].startswith(objects.ETAG)
    assert outcome.notified["counts"]["written"] == 1


@pytest.mark.parametrize(
    "request_",
    [
        {"s3Bucket": RAW, "s3Key": "orders/none.jsonl"},
        {"s3Bucket": "no-such-bucket", "s3Key": "x"},
        {"s3Bucket": RAW, "s3Key": "orders/x.jsonl", "s3VersionId": "no-such-version"},
    ],
)
def test_what_is_not_there_is_not_found(cloud: Cloud, request_: dict[str, str]) -> None:
    cloud.put("orders/x.jsonl", json_lines(order(1)))
    with pytest.raises(ObjectNotFound):
        invoke("collect_data", request_)


def test_a_key_of_1024_bytes_is_ingested(cloud: Cloud) -> None:
    key = "orders/" + "k" * (1024 - len("orders/") - len(".jsonl")) + ".jsonl"
    cloud.put(key, json_lines(order(1)))
    assert ingest(key).notified["counts"]["written"] == 1


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


def test_a_rejected_record_that_is_not_found_again_is_a_defect(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.put("orders/x.jsonl", json_lines(order(1, _line=1)))
    file = invoke("collect_data", {"s3Bucket": RAW, "s3Key": "orders/x.jsonl"})["file"]
    shard = {"index": 0, "start": 0, "end": file["size"]}
    parsed = invoke("parse_and_validate", {"file": file, "shard": shard})
    monkeypatch.setattr(enriching.reading, "candidates", lambda *_, **__: iter(()))
    with pytest.raises(StagedDataBroken, match="0 of 1"):
        invoke("enrich", {"file": file, "shard": shard, "partitions": 1, "parsed": parsed["staged"]})


def test_the_outcomes_of_the_most_shards_fit_a_payload(cloud: Cloud) -> None:
    cloud.put("orders/x.jsonl", json_lines(order(1, amount=5000), order(2, quantity=-1), order(3, _line=1)))
    shard = ingest("orders/x.jsonl").shards[0]
    shard["shard"] = {"index": 255, "start": 68_000_000_000, "end": 68_719_476_736}
    for name in ("read", "valid", "enriched", "quarantined", "lines", "bytes", "alerts"):
        shard[name] = 268_435_456
    shard["reasons"] = dict.fromkeys(["type", "required", "format", "syntax", "number"], 268_435_456)
    assert len(json.dumps(shard, separators=(",", ":"))) * plans.MAX_SHARDS < 256 * 1024
