"""Groups of messages through the four functions: what is written, gives way, goes back, and is told."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import shutil
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from pipeline import items, objects, oversize, staging
from pipeline.errors import ConservationViolated, ServiceUnavailable, StagedDataBroken
from tests.functions.cloud import OUTPUT, SCHEMAS, STAGING, forget, ingest
from tests.functions.objects_sent import json_lines, order
from tests.functions.streams import (
    collect,
    enriched,
    inline_bytes,
    lines_of,
    message,
    notify,
    processed,
    quarantined,
    stream,
    told_row,
    unpacked,
    work,
    write,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.functions.cloud import Cloud

BAD = order(2, quantity=-1)
RESERVED = order(3, _line=1)


def row(cloud: Cloud, key: str = "o-1") -> dict[str, Any]:
    (found,) = [item for item in cloud.items("orders") if item["order_id"]["S"] == key]
    return found


def test_each_message_is_written_or_goes_back_alone_with_its_reason(cloud: Cloud) -> None:
    done = stream(message(order(1), "m1"), message(BAD, "m2"), message(RESERVED, "m3"), message("{", "m4"))

    assert done.sums == (1, 0, 3)
    assert done.failures == ["m2", "m4", "m3"]
    assert [item["order_id"]["S"] for item in cloud.items("orders")] == ["o-1"]
    assert {(each["message_id"], each["rule"], each["raw"]) for each in quarantined(cloud)} == {
        ("m2", "minimum", json.dumps(BAD)),
        ("m3", "reserved_name", json.dumps(RESERVED)),
        ("m4", "syntax", "{"),
    }
    assert not [key for bucket in (STAGING, OUTPUT) for key in cloud.keys(bucket) if "summary" in key]
    reason = told_row("message:m2")
    assert reason is not None
    assert (reason["rule"]["S"], reason["pointer"]["S"]) == ("minimum", "/quantity")
    assert told_row("message:m1") is None


def test_the_ledger_has_a_row_for_the_group_that_expires(cloud: Cloud) -> None:
    done = stream(message(order(1), "m1"), message(BAD, "m2"))
    found = cloud.row(done.notified["file"]["id"])
    assert (found["source"], found["status"]) == ("messages", "SUCCEEDED")
    assert found["counts"] == done.counts
    assert found["expires_at"] > 1_755_543_600


def test_an_item_knows_its_message_and_no_object(cloud: Cloud) -> None:
    stream(message(order(1), "m1"))
    item = row(cloud)
    assert item["_sent"]["S"] == "1755543600000-m1"
    assert "_s3_key" not in item


# What happens to a key that messages bring again.


def test_a_duplicate_changes_nothing(cloud: Cloud) -> None:
    stream(message(order(1), "m1"))
    before = row(cloud)
    assert stream(message(order(1), "m2", sent=5)).sums == (0, 1, 0)
    assert row(cloud) == before


def test_a_duplicate_in_the_same_group_gives_way(cloud: Cloud) -> None:
    assert stream(message(order(1), "m1"), message(order(1), "m2", sent=5)).sums == (1, 1, 0)


def test_an_older_message_gives_way(cloud: Cloud) -> None:
    stream(message(order(1, quantity=2), "m2", sent=5))
    assert stream(message(order(1, quantity=1), "m1")).sums == (0, 1, 0)
    assert row(cloud)["quantity"] == {"N": "2"}


def test_a_newer_message_wins(cloud: Cloud) -> None:
    stream(message(order(1, quantity=1), "m1"))
    assert stream(message(order(1, quantity=2), "m2", sent=5)).sums == (1, 0, 0)
    assert row(cloud)["quantity"] == {"N": "2"}


def test_in_a_group_the_message_that_was_sent_last_wins_whatever_their_order(cloud: Cloud) -> None:
    late, early = message(order(1, quantity=2), "m2", sent=5), message(order(1, quantity=1), "m1")
    assert stream(late, early).sums == (1, 1, 0)
    assert row(cloud)["quantity"] == {"N": "2"}


def test_a_group_that_is_tried_again_counts_as_written_what_it_wrote(cloud: Cloud) -> None:
    sent = [message(order(number), f"m{number}") for number in range(3)]
    assert stream(*sent).sums == stream(*sent).sums == (3, 0, 0)


def test_a_message_replaces_what_a_file_has_written_and_a_file_what_a_message_has(cloud: Cloud) -> None:
    cloud.put("orders/x.jsonl", json_lines(order(1, quantity=1)))
    ingest("orders/x.jsonl")
    assert stream(message(order(1, quantity=2), "m1")).sums == (1, 0, 0)
    cloud.put("orders/y.jsonl", json_lines(order(1, quantity=3)))
    ingest("orders/y.jsonl")
    assert row(cloud)["quantity"] == {"N": "3"}


# A group that failed half-way: its messages come back, in other groups.


def broken_off(cloud: Cloud, monkeypatch: pytest.MonkeyPatch, *sent: dict[str, Any]) -> dict[str, Any]:
    """Write a group's items, and fail before it is told what they are; return the group."""
    (group,) = collect(*sent)
    shard = enriched(group)
    with monkeypatch.context() as broken:
        broken.setattr(objects, "put", unavailable)
        with pytest.raises(ServiceUnavailable):
            write(group, shard)
    assert len(cloud.items("orders")) == len(sent)
    assert processed(cloud) == {}
    return group


def unavailable(*_: Any) -> None:
    raise ServiceUnavailable("S3 PutObject")


def test_what_a_failed_group_has_written_counts_for_the_group_in_which_it_comes_again(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = message(order(1), "m1"), message(order(2), "m2")
    broken_off(cloud, monkeypatch, one, two)

    assert stream(one, message(order(3), "m3")).sums == (2, 0, 0)
    assert stream(two, message(order(2), "m4", sent=5)).sums == (1, 1, 0)
    lines = [line["order_id"] for lines in processed(cloud).values() for line in lines]
    assert sorted(lines) == ["o-1", "o-2", "o-3"]


def test_it_counts_once_even_where_the_message_comes_once_more(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = message(order(1), "m1")
    broken_off(cloud, monkeypatch, one, message(order(2), "m2"))
    assert stream(one, message(order(3), "m3")).sums == (2, 0, 0)
    assert stream(one, message(order(4), "m4")).sums == (1, 1, 0)


def test_a_message_that_comes_again_after_its_group_ended_well_changes_nothing(cloud: Cloud) -> None:
    tomorrow = 86_400_000  # the group has the day of its last message
    one = message(order(1), "m1")
    stream(one, message(order(2), "m2", sent=tomorrow))
    assert stream(one, message(order(3), "m3")).sums == (1, 1, 0)


def test_what_a_failed_group_has_written_gives_way_to_a_newer_message(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = message(order(1), "m1")
    broken_off(cloud, monkeypatch, one)
    assert stream(message(order(1, quantity=9), "m2", sent=5)).sums == (1, 0, 0)
    assert stream(one, message(order(3), "m3")).sums == (1, 1, 0)
    assert row(cloud)["quantity"] == {"N": "9"}


@pytest.fixture
def ordered(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """Orders whose contract says that the highest quantity is the newest."""
    folder = shutil.copytree(SCHEMAS, tmp_path / "schemas")
    path = folder / "datasets" / "orders" / "1.json"
    contract = json.loads(path.read_text())
    contract["x-dataset"]["order"] = {"name": "quantity", "type": "N"}
    path.write_text(json.dumps(contract))
    monkeypatch.setenv("SCHEMAS_DIR", str(folder))
    forget()
    return cloud


def test_where_a_contract_names_an_order_that_comes_before_the_time(ordered: Cloud) -> None:
    stream(message(order(1, quantity=5), "m1"))
    assert stream(message(order(1, quantity=4), "m2", sent=5)).sums == (0, 1, 0)
    assert stream(message(order(1, quantity=6), "m0", sent=-5)).sums == (1, 0, 0)
    assert row(ordered)["quantity"] == {"N": "6"}


def test_so_it_is_taken_over_from_a_failed_group(ordered: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    one = message(order(1, quantity=5), "m1")
    broken_off(ordered, monkeypatch, one)
    assert stream(one, message(order(2), "m2")).sums == (2, 0, 0)


def test_of_equals_in_that_order_the_later_message_wins(ordered: Cloud) -> None:
    stream(message(order(1, amount=1), "m1"))
    assert stream(message(order(1, amount=2), "m2", sent=5)).sums == (1, 0, 0)
    assert stream(message(order(1, amount=3), "m0", sent=-5)).sums == (0, 1, 0)
    assert row(ordered)["amount"] == {"N": "2"}


# What happens to a message that is refused, and comes again.


def test_a_message_that_is_received_again_is_in_quarantine_once(cloud: Cloud) -> None:
    assert stream(message(BAD, "m1"), message(order(1), "m2")).sums == (1, 0, 1)
    for other in (["m3"], [], [], ["m4"]):
        again = stream(message(BAD, "m1"), *(message(order(1), name) for name in other))
        assert again.sums == (0, 1 + len(other), 0)
        assert again.failures == ["m1"]
    assert len(quarantined(cloud)) == 1


def test_so_is_one_that_only_enrich_refuses(cloud: Cloud) -> None:
    assert stream(message(RESERVED, "m1"), message(order(1), "m2")).sums == (1, 0, 1)
    assert stream(message(RESERVED, "m1")).sums == (0, 1, 0)
    assert len(quarantined(cloud)) == 1


def test_a_group_that_is_tried_again_puts_its_messages_aside_again_in_the_same_place(cloud: Cloud) -> None:
    sent = [message(BAD, "m1"), message(RESERVED, "m2")]
    assert stream(*sent).sums == stream(*sent).sums == (0, 0, 2)
    assert len(quarantined(cloud)) == 2


def test_a_message_that_went_back_for_another_reason_is_put_aside_when_it_is_refused(cloud: Cloud) -> None:
    collect(message(BAD, "m1", dataset="nothing"))
    assert stream(message(BAD, "m1")).sums == (0, 0, 1)
    assert len(quarantined(cloud)) == 1


def test_a_refused_message_is_written_once_the_contract_takes_it(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream(message(BAD, "m1"), message(order(1), "m2"))
    folder = shutil.copytree(SCHEMAS, tmp_path / "schemas")
    path = folder / "datasets" / "orders" / "1.json"
    path.write_text(path.read_text().replace('"type": "integer", "minimum": 0', '"type": "integer"'))
    monkeypatch.setenv("SCHEMAS_DIR", str(folder))
    forget()
    assert stream(message(BAD, "m1")).sums == (1, 0, 0)


def test_a_record_that_is_not_found_again_stops_the_group(cloud: Cloud) -> None:
    (group,) = collect(message(RESERVED, "m1"))
    (other,) = collect(message(order(1, customer_id="c" * 50), "m1"), message(order(2), "m2"))
    shard = enriched(group)
    assert shard["quarantined"] == 1
    with pytest.raises(StagedDataBroken):
        enriched({**other, "content": {"inline": "AAAA"}})


def test_sums_of_a_group_that_do_not_hold_fail_it(cloud: Cloud) -> None:
    (group,) = collect(message(order(1), "m1"), message(BAD, "m2"))
    shard = enriched(group)
    written = write(group, shard)
    for name in ("read", "quarantined", "bytes", "enriched"):
        with pytest.raises(ConservationViolated):
            notify(group, {**shard, name: shard[name] + 1}, written)
    with pytest.raises(ConservationViolated):
        notify(group, shard, {**written, "superseded": 1})
    with pytest.raises(ConservationViolated):
        notify(group, {**shard, "refusals": []}, written)


# Staged data, inline as long as they are small.


def test_small_groups_leave_nothing_in_the_staging_bucket(cloud: Cloud) -> None:
    (group,) = collect(*(message(order(number), f"m{number}") for number in range(100)))
    shard = enriched(group)
    assert inline_bytes(group["content"])
    assert inline_bytes(shard["staged"])
    write(group, shard)
    assert cloud.keys(STAGING) == []


def test_large_groups_are_staged_at_each_step(cloud: Cloud) -> None:
    rng = random.Random(1)
    sent = [message(order(n, note=rng.randbytes(40_000).hex()), f"m{n}") for n in range(3)]
    done = stream(*sent)
    assert done.sums == (3, 0, 0)
    assert [key.split("/")[-2] for key in cloud.keys(STAGING)] == [
        "enriched",
        "parsed",
        done.notified["file"]["day"],
    ]


# Items of any size.


def sized(bytes_of_item: int, **changes: Any) -> dict[str, Any]:
    """Return an order whose item takes so many bytes in DynamoDB, its line apart."""
    return order(1, **changes, note="x" * bytes_of_item)


def as_staged(record: dict[str, Any]) -> dict[str, Any]:
    """Return the item of an order as the writer gets it."""
    (group,) = collect(message(record, "m1"))
    (line,) = lines_of(enriched(group)["staged"], 0)
    item: dict[str, Any] = json.loads(line, parse_float=Decimal)[3]
    return item


def test_an_item_of_400_kilobytes_stays_in_the_table_and_one_byte_more_moves_to_s3(cloud: Cloud) -> None:
    empty = sum(len(name) + items.size(value) for name, value in as_staged(sized(0)).items())
    room = items.MAX_ITEM_BYTES - items.LINE_ATTRIBUTE_BYTES - empty
    assert len(as_staged(sized(room - 8))["note"]) == room - 8
    assert "_body" in as_staged(sized(room + 1))


def test_a_large_item_is_whole_in_s3_to_the_last_digit(cloud: Cloud) -> None:
    digits = "12345678901234567890.123456789"
    body = json.dumps(sized(600_000, wide={"deep": [1, 2]})).replace("10.5", digits)
    assert stream(message(body, "m1")).sums == (1, 0, 0)

    item = row(cloud)
    pointer = {name: next(iter(value.values())) for name, value in item["_body"]["M"].items()}
    whole = unpacked(cloud, pointer["key"])
    assert pointer["bucket"] == OUTPUT
    assert (int(pointer["bytes"]), pointer["sha256"]) == (len(whole), hashlib.sha256(whole).hexdigest())
    assert pointer["key"] == f"items/orders/{pointer['sha256']}.json.zst"
    assert f'"amount":{digits},'.encode() in whole
    assert json.loads(whole)["note"] == "x" * 600_000
    assert item["amount"] == {"N": digits}
    assert item["order_id"] == {"S": "o-1"}
    assert {"_sent", "_digest", "_file_id", "_contract", "_line", "_offset"} <= item.keys()
    assert not {"note", "wide"} & item.keys()


def test_a_group_that_is_tried_again_has_one_object_for_a_body(cloud: Cloud) -> None:
    for _ in range(2):
        stream(message(sized(600_000), "m1"))
    assert len([key for key in cloud.keys(OUTPUT) if key.startswith("items/")]) == 1


def test_a_large_item_of_a_file_moves_too(cloud: Cloud) -> None:
    cloud.put("orders/x.jsonl", json_lines(sized(600_000)))
    assert ingest("orders/x.jsonl").notified["counts"]["written"] == 1
    assert "_body" in row(cloud)


def test_many_scalars_do_not_make_the_rest_too_large(cloud: Cloud) -> None:
    record = order(1, **{f"name_{number}": "x" * 1000 for number in range(900)})
    assert stream(message(record, "m1")).sums == (1, 0, 0)
    item = row(cloud)
    assert oversize.KEPT_BYTES - 2048 < len(json.dumps(item)) < oversize.KEPT_BYTES + 8192


def test_what_a_contract_derives_is_no_reason_to_keep_it(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(SCHEMAS, tmp_path / "schemas")
    path = folder / "datasets" / "orders" / "1.json"
    contract = json.loads(path.read_text())
    contract["properties"]["note"] = {"type": "string"}
    step = {"to": "joined", "op": "join", "from": ["note", "customer_id"], "separator": "-"}
    contract["x-dataset"]["derive"].append(step)
    path.write_text(json.dumps(contract))
    monkeypatch.setenv("SCHEMAS_DIR", str(folder))
    forget()
    assert stream(message(sized(500_000), "m1")).sums == (1, 0, 0)
    assert "joined" not in row(cloud)


# Processed records.


def test_each_written_record_is_processed_once_and_no_other(cloud: Cloud) -> None:
    stream(
        message(order(1), "m1"), message(order(1), "m2", sent=1), message(BAD, "m3"), message(order(4), "m4")
    )
    ((key, lines),) = processed(cloud).items()
    assert key.startswith("processed/dataset=orders/day=2025-08-18/")
    assert sorted(line["order_id"] for line in lines) == ["o-1", "o-4"]
    assert all(line["currency_name"] == "United States dollar" and line["_line"] for line in lines)


def test_large_items_are_processed_whole(cloud: Cloud) -> None:
    nested = {"_body": {"is": "no pointer"}}
    stream(message(sized(500_000), "m1"), message(order(2, nested=nested), "m2"))
    ((_, lines),) = processed(cloud).items()
    by_key = {line["order_id"]: line for line in lines}
    assert by_key["o-1"]["note"] == "x" * 500_000
    assert by_key["o-2"]["nested"] == nested
    assert all("_body" not in line and line["_line"] for line in lines)


def test_so_are_those_of_a_file(cloud: Cloud) -> None:
    cloud.put("orders/x.jsonl", json_lines(sized(500_000)))
    ingest("orders/x.jsonl")
    ((_, (line,)),) = processed(cloud).items()
    assert line["note"] == "x" * 500_000


def test_a_body_that_is_gone_fails_the_writer(cloud: Cloud) -> None:
    (group,) = collect(message(sized(500_000), "m1"))
    shard = enriched(group)
    for key in cloud.keys(OUTPUT):
        cloud.s3.delete_object(Bucket=OUTPUT, Key=key)
    with pytest.raises(StagedDataBroken, match=r"items/orders/.* is not there"):
        write(group, shard)


def test_nothing_is_processed_where_nothing_was_written(cloud: Cloud) -> None:
    stream(message(order(1), "m1"))
    stream(message(order(1), "m2", sent=1), message(BAD, "m3"))
    assert len(processed(cloud)) == 1


def test_a_group_that_is_tried_again_replaces_what_it_left(cloud: Cloud) -> None:
    sent = [message(order(number), f"m{number}") for number in range(20)]
    stream(*sent)
    first = processed(cloud)
    stream(*sent)
    assert processed(cloud) == first


def test_the_records_of_a_file_are_processed_too_one_object_a_partition(cloud: Cloud) -> None:
    cloud.put("orders/x.jsonl", json_lines(order(1), order(2), order(1, quantity=9)))
    ingest("orders/x.jsonl")
    ((_, lines),) = processed(cloud).items()
    assert sorted((line["order_id"], line["quantity"], line["_line"]) for line in lines) == [
        ("o-1", 9, 3),
        ("o-2", 1, 2),
    ]


def test_an_alert_log_names_the_message(cloud: Cloud) -> None:
    done = stream(message(order(1, amount=5000), "m1"))
    place = done.shard["alerts_object"]
    body = cloud.s3.get_object(Bucket=place["bucket"], Key=place["key"])["Body"].read()
    assert json.loads(gzip.decompress(body))["message_id"] == "m1"
    assert staging.room_beside({"inline": ""}) == staging.MAX_INLINE_CHARACTERS
    assert work(collect(message(order(1, amount=5000), "m1"))[0]).counts["alerts"] == 1
