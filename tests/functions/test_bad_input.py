"""Bad input at its edges: each kind by its name, and how the workflow ends with it.

Every case is an object that goes through the production workflow. What is held against it: the execution, the
ledger's row, the sums, the table, the quarantine with rule, place and bytes, the dead letters.
"""

from __future__ import annotations

import base64
import functools
import gzip
import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from pipeline import objects, plans
from pipeline.formats import gzip_stream
from tests.functions.bad_inputs import (
    CASES,
    HEADER,
    ONE,
    TWO,
    Catalogued,
    Ends,
    Fails,
    Outcome,
    csv_row,
    noting,
)
from tests.functions.cloud import OUTPUT, RAW, SCHEMAS, forget
from tests.functions.objects_sent import json_lines, order
from tests.functions.workflow import run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.functions.cloud import Cloud
    from tests.functions.workflow import Run


@pytest.mark.parametrize(
    ("key", "body", "outcome"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_bad_input(cloud: Cloud, key: str, body: bytes, outcome: Outcome) -> None:
    cloud.put(key, body)

    ended = run(cloud, key)

    check(cloud, ended, key, body, outcome)


def check(cloud: Cloud, ended: Run, key: str, body: bytes, outcome: Outcome) -> None:
    """Hold everything that an execution left against what is expected."""
    [row] = ended.rows
    assert row["file_key"] == key
    match outcome:
        case Catalogued():
            assert (ended.status, ended.entered[-1], row["status"]) == (
                "SUCCEEDED",
                "Catalogued",
                "CATALOGUED",
            )
            assert cloud.items("orders") == []
        case Fails():
            _check_failure(cloud, ended, row, outcome)
        case Ends():
            _check_end(cloud, ended, row, outcome)
            _check_quarantine(cloud, row, body, outcome)


def _check_failure(cloud: Cloud, ended: Run, row: dict[str, Any], outcome: Fails) -> None:
    assert (ended.status, ended.error) == ("FAILED", outcome.error)
    assert (row["status"], row["error"]) == ("FAILED", outcome.error)
    assert outcome.says in row["cause"]
    [letter] = ended.dead_letters
    assert (letter["error"], letter["input"]["s3Key"]) == (outcome.error, row["file_key"])
    assert [json.loads(told["Message"])["event"] for told in cloud.messages()] == ["failed"]
    assert cloud.items("orders") == []


def _check_end(cloud: Cloud, ended: Run, row: dict[str, Any], outcome: Ends) -> None:
    assert ended.status == "SUCCEEDED", (ended.error, row.get("cause", "")[:500])
    written = outcome.read - len(outcome.rejects) - outcome.superseded
    sums = {"read": outcome.read, "written": written, "quarantined": len(outcome.rejects)}
    counts = {**sums, "superseded": outcome.superseded, "alerts": ended.output["counts"]["alerts"]}
    assert row["status"] == "SUCCEEDED"
    assert ended.output["counts"] == row["counts"] == counts
    items = {item["order_id"]["S"]: item for item in cloud.items("orders")}
    assert len(items) == written
    assert outcome.item.items() <= items.get("o-3", {}).items()
    assert ended.dead_letters == []


def _check_quarantine(cloud: Cloud, row: dict[str, Any], body: bytes, outcome: Ends) -> None:
    found = quarantined(cloud, row)
    assert tuple((each["line"], each["rule"], each["pointer"]) for each in found) == outcome.rejects
    content = gzip.decompress(body) if body.startswith(gzip_stream.MAGIC) else body
    for each in found:
        raw = each["raw"].encode() if "raw" in each else base64.b64decode(each["raw_base64"])
        assert content[each["offset"] : each["offset"] + len(raw)] == raw
        if "cut_from_bytes" in each:
            assert each["cut_from_bytes"] == len(content[each["offset"] :].split(b"\n", 1)[0])


def quarantined(cloud: Cloud, row: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the quarantined records that a row of the ledger leads to, with their lines in the file."""
    if not row["quarantine"]:
        return []
    manifest, *uris = (uri.removeprefix(f"s3://{OUTPUT}/") for uri in row["quarantine"])
    shards = json.loads(cloud.s3.get_object(Bucket=OUTPUT, Key=manifest)["Body"].read())["shards"]
    before = {shard["shard"]: shard["first_line"] - 1 for shard in shards}
    found = [line for uri in uris for line in cloud.lines({"bucket": OUTPUT, "key": uri})]
    return sorted(
        ({**line, "line": before[line["shard"]] + line["line"]} for line in found),
        key=lambda line: line["line"],
    )


def test_a_gzip_bomb_ends_at_the_limit(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gzip_stream.decompress, "__defaults__", (500_000,))
    monkeypatch.setattr(plans, "MAX_TEXT_BYTES", 1_000_000)
    body = gzip.compress(ONE * 20_000)
    cloud.put("orders/x.jsonl.gz", body)

    ended = run(cloud, "orders/x.jsonl.gz")

    check(cloud, ended, "orders/x.jsonl.gz", body, Fails("ObjectTooLarge", "more than 1000000 bytes"))
    assert ended.entered[2:4] == ["ParseAndValidate", "Rechunk"]


def small_shards(monkeypatch: pytest.MonkeyPatch, shard_bytes: int) -> None:
    """Let objects be cut into shards of so many bytes, where they may be cut at all."""
    plan = functools.partial(plans.plan, shard_bytes=shard_bytes, partition_bytes=500)
    monkeypatch.setattr(plans, "plan", plan)


QUOTED = HEADER + b"".join(
    csv_row(number, customer_id=f'"first {number}\nsecond, ""{number}""\r\n\nthird"') for number in range(12)
)


@pytest.mark.parametrize("shard_bytes", [40, 97, 333])
def test_newlines_inside_quotes_at_a_shard_border_are_kept(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, shard_bytes: int
) -> None:
    small_shards(monkeypatch, shard_bytes)
    cloud.put("orders/x.csv", QUOTED)

    ended = run(cloud, "orders/x.csv")

    assert "ParseShards" not in ended.entered
    kept = {"customer_id": {"S": 'first 3\nsecond, "3"\r\n\nthird'}}
    check(cloud, ended, "orders/x.csv", QUOTED, Ends(12, item=kept))


@pytest.mark.parametrize("shard_bytes", [40, 97, 333])
def test_newlines_inside_quotes_against_the_promise_are_quarantined_whatever_the_shards(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, shard_bytes: int
) -> None:
    promise_one_line_rows(tmp_path, monkeypatch)
    small_shards(monkeypatch, shard_bytes)
    body = QUOTED + csv_row(20)
    cloud.put("orders/x.csv", body)

    ended = run(cloud, "orders/x.csv")

    assert "ParseShards" in ended.entered
    broken = [
        place
        for number in range(12)
        for place in (
            (2 + 4 * number, "syntax", ""),
            (3 + 4 * number, "ragged_row", ""),
            (5 + 4 * number, "ragged_row", ""),
        )
    ]
    check(cloud, ended, "orders/x.csv", body, Ends(37, tuple(broken)))


def promise_one_line_rows(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the contract of orders say that no cell holds a line break."""
    made = folder / "schemas"
    shutil.copytree(SCHEMAS, made)
    path = made / "datasets/orders/1.json"
    contract = json.loads(path.read_text())
    contract["x-dataset"]["sources"][0]["newline_in_quotes"] = False
    path.write_text(json.dumps(contract))
    monkeypatch.setenv("SCHEMAS_DIR", str(made))
    forget()


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_a_character_at_a_shard_border_is_read_whole(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, cut: int
) -> None:
    line = ONE[:-2].replace(b'"c"', '"€"'.encode()) + b"}\n"
    small_shards(monkeypatch, line.index("€".encode()) + cut)
    body = line + TWO + noting('"\u2028"')
    cloud.put("orders/x.jsonl", body)

    ended = run(cloud, "orders/x.jsonl")

    assert "ParseShards" in ended.entered
    check(cloud, ended, "orders/x.jsonl", body, Ends(3, item={"note": {"S": "\u2028"}}))


READERS = ["parse_and_validate", "enrich"]
LONG = b"".join(json_lines(order(number)) for number in range(30)) + json_lines(order(99, order_id="x" * 129))


def meanwhile(monkeypatch: pytest.MonkeyPatch, reader: str, change: Any) -> dict[str, Any]:
    """Let something happen before a function, or while the one that reads the object is at it."""
    if reader != "parse_and_validate":
        return {reader: change}
    read, asked = objects._range, []

    def reading(bucket: str, key: str, start: int, end: int, pin: Any) -> bytes:
        asked.append(start)
        if len(asked) == 4:
            change()
        return read(bucket, key, start, end, pin)

    monkeypatch.setattr(objects, "_range", reading)
    monkeypatch.setattr(objects, "RANGE_BYTES", 500)
    return {}


@pytest.mark.parametrize("reader", READERS)
def test_an_object_replaced_while_being_read_ends_as_it_was(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, reader: str
) -> None:
    cloud.put("orders/x.jsonl", LONG)
    before = meanwhile(monkeypatch, reader, lambda: cloud.put("orders/x.jsonl", b"{}"))

    ended = run(cloud, "orders/x.jsonl", before=before)

    check(cloud, ended, "orders/x.jsonl", LONG, Ends(31, ((31, "maxLength", "/order_id"),)))


@pytest.mark.parametrize("reader", READERS)
def test_an_object_deleted_while_being_read_ends_as_it_was(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, reader: str
) -> None:
    cloud.put("orders/x.jsonl", LONG)
    before = meanwhile(monkeypatch, reader, lambda: cloud.s3.delete_object(Bucket=RAW, Key="orders/x.jsonl"))

    ended = run(cloud, "orders/x.jsonl", before=before)

    check(cloud, ended, "orders/x.jsonl", LONG, Ends(31, ((31, "maxLength", "/order_id"),)))


def test_a_version_deleted_for_good_while_being_read_has_changed(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = cloud.put("orders/x.jsonl", LONG)
    meanwhile(
        monkeypatch,
        "parse_and_validate",
        lambda: cloud.s3.delete_object(Bucket=RAW, Key="orders/x.jsonl", VersionId=version),
    )

    check(
        cloud,
        run(cloud, "orders/x.jsonl"),
        "orders/x.jsonl",
        LONG,
        Fails("ObjectChanged", "gone or replaced"),
    )


@pytest.mark.parametrize("replacement", [b"{}", LONG.replace(b"o-1", b"o-7"), None])
def test_an_object_without_versions_replaced_or_deleted_while_being_read_has_changed(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, replacement: bytes | None
) -> None:
    place = {"Bucket": "plain-bucket", "Key": "orders/x.jsonl"}
    cloud.s3.create_bucket(Bucket="plain-bucket")
    cloud.s3.put_object(**place, Body=LONG)

    def change() -> None:
        if replacement is None:
            cloud.s3.delete_object(**place)
        else:
            cloud.s3.put_object(**place, Body=replacement)

    meanwhile(monkeypatch, "parse_and_validate", change)

    ended = run(cloud, "orders/x.jsonl", bucket="plain-bucket")

    check(cloud, ended, "orders/x.jsonl", LONG, Fails("ObjectChanged", "gone or replaced"))


def test_an_object_that_was_never_there_is_not_found(cloud: Cloud) -> None:
    ended = run(cloud, "orders/none.jsonl")

    assert (ended.status, ended.error) == ("FAILED", "ObjectNotFound")
    [row] = cloud.files.scan()["Items"]
    assert (row["status"], row["error"]) == ("FAILED", "ObjectNotFound")
    assert [letter["error"] for letter in ended.dead_letters] == ["ObjectNotFound"]
