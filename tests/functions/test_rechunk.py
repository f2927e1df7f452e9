"""Rechunk: what cannot be split becomes chunks, and ends as it would in one piece."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

import rechunk
from pipeline import chunks, objects, plans, rechunking
from pipeline.errors import ObjectTooLarge, ServiceUnavailable
from pipeline.settings import settings
from tests.functions.cloud import HANDLERS, OUTPUT, RAW, STAGING, Context, invoke
from tests.functions.objects_sent import json_lines, order
from tests.functions.test_file_summary import summary_at
from tests.functions.workflow import run

if TYPE_CHECKING:
    from tests.functions.cloud import Cloud

BAD = (order(90, quantity=-1), order(91, currency="usd"), order(92, _line=1), {"order_id": 7})
CHUNK = 700


def records(count: int = 40) -> list[dict[str, Any]]:
    """Return orders with repeated keys far apart, some that raise an alert, some that are put aside."""
    made = [order(number % (count - 4), amount=5000 if number % 9 == 7 else 10.5) for number in range(count)]
    return [*made[: count // 2], *BAD, *made[count // 2 :]]


def table_of(made: list[dict[str, Any]]) -> bytes:
    """Return good records as CSV, each with a line break inside quotes."""
    rows = [",".join(map(str, {**each, "customer_id": '"c\n1"'}.values())) for each in made if len(each) == 6]
    return "\r\n".join([",".join(made[0]), *rows, ""]).encode()


BODIES = {
    "orders/x.jsonl.gz": gzip.compress(json_lines(*records()[:17]))
    + gzip.compress(json_lines(*records()[17:])),
    "orders/x.json": json.dumps(records(), indent=1).encode(),
    "orders/x.csv": b"\xef\xbb\xbf" + table_of(records()),
    "orders/x.json.gz": gzip.compress(json.dumps(records()).encode()),
}


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let everything that cannot be split be cut into chunks of 700 bytes, in partitions of as much."""
    monkeypatch.setattr(plans, "MAX_SHARD_BYTES", 100)
    monkeypatch.setattr(plans, "CHUNK_BYTES", CHUNK)
    for name in ("PARTITION_BYTES", "ROWS_PARTITION_BYTES"):
        monkeypatch.setattr(plans, name, 2 * CHUNK)


def left(cloud: Cloud, key: str) -> dict[str, Any]:
    """Return what an ingested object leaves: items, rejects with their places, counts, its summary."""
    (row,) = [each for each in cloud.files.scan()["Items"] if each["file_key"] == key]
    summary = summary_at(cloud, row["summary"])
    del summary["processed"]["objects"]  # one of each partition
    aside = [
        line
        for name in cloud.keys(OUTPUT)
        if name.startswith("quarantine/") and name.endswith(".gz")
        for line in cloud.lines({"bucket": OUTPUT, "key": name})
    ]
    return {
        "items": sorted(json.dumps(item, sort_keys=True) for item in cloud.items("orders")),
        "rejects": sorted((each["offset"], each["rule"], each["pointer"], each["raw"]) for each in aside),
        "counts": row["counts"],
        "reasons": row["reasons"],
        "lines": sorted(lines_of(cloud, row)),
        "summary": summary,
    }


def lines_of(cloud: Cloud, row: dict[str, Any]) -> list[int]:
    """Return the lines of the object that were put aside."""
    if not row["quarantine"]:
        return []
    bucket, _, key = row["quarantine"][0].removeprefix("s3://").partition("/")
    manifest = json.loads(cloud.s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    return [
        shard["first_line"] - 1 + line["line"]
        for shard in manifest["shards"]
        for uri in shard["objects"]
        for line in cloud.lines(
            dict(zip(("bucket", "key"), uri.removeprefix("s3://").split("/", 1), strict=True))
        )
    ]


@pytest.mark.parametrize("key", BODIES)
def test_an_object_in_chunks_ends_as_it_does_in_one_piece(
    cloud: Cloud, key: str, request: pytest.FixtureRequest
) -> None:
    cloud.put(key, BODIES[key])
    whole = run(cloud, key)
    assert (whole.status, "Rechunk" in whole.entered) == ("SUCCEEDED", False)
    expected = left(cloud, key)
    cloud.files.delete_item(Key={"file_id": whole.rows[0]["file_id"]})
    for name in cloud.keys(OUTPUT):
        cloud.s3.delete_object(Bucket=OUTPUT, Key=name)

    request.getfixturevalue("small_chunks")
    chunked = run(cloud, key, name="second")

    assert chunked.status == "SUCCEEDED", chunked.error
    assert {"Rechunk", "ParseShards", "WritePartitions"} <= set(chunked.entered)
    assert left(cloud, key) == expected
    assert len([name for name in cloud.keys(STAGING) if "/chunks/" in name]) > 2


def test_a_gzip_that_holds_more_than_it_seems_is_cut_into_chunks_then(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.formats.gzip_stream.decompress.__defaults__", (2000,))
    monkeypatch.setattr(plans, "CHUNK_BYTES", CHUNK)
    cloud.put("orders/x.jsonl.gz", BODIES["orders/x.jsonl.gz"])

    ended = run(cloud, "orders/x.jsonl.gz")

    assert ended.status == "SUCCEEDED", ended.error
    assert ended.entered[:6] == [
        "CollectData", "WhatToDo", "ParseAndValidate", "Rechunk", "IsRechunked", "ParseShards",
    ]  # fmt: skip
    assert ended.output["counts"]["read"] == 44


class Hurried(Context):
    """Has time for two chunks at each invocation."""

    def __init__(self) -> None:
        self.asked = 0

    def get_remaining_time_in_millis(self) -> int:
        self.asked += 1
        return 840_000 if self.asked % 2 else 1000


@pytest.mark.usefixtures("small_chunks")
def test_an_invocation_whose_end_is_near_is_followed_by_another_that_goes_on(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "orders/x.jsonl.gz"
    cloud.put(key, BODIES[key])
    written: list[str] = []
    put, hurried = objects.put, Hurried()

    def noted(place: Any, *rest: Any) -> None:
        written.append(place["key"].rpartition("/")[2])
        put(place, *rest)

    monkeypatch.setattr(objects, "put", noted)
    monkeypatch.setitem(HANDLERS, "rechunk", lambda event, context: rechunk.handler(event, hurried))

    ended = run(cloud, key)

    assert ended.status == "SUCCEEDED", ended.error
    assert ended.output["counts"]["read"] == 44
    rounds = ended.entered.count("Rechunk")
    made = [name for name in written if "-0000" in name]
    assert rounds == ended.entered.count("IsRechunked") > 3
    # The last chunk of an invocation is begun anew by the next one: where it ends is not known before.
    assert len(made) == len(set(made)) + rounds - 1


@pytest.mark.usefixtures("small_chunks")
def test_a_text_that_ends_with_a_chunk_is_finished_however_near_the_end_is(cloud: Cloud) -> None:
    lines = b"".join(json_lines(order(number)).strip().ljust(CHUNK // 4 - 1) + b"\n" for number in range(8))
    cloud.put("orders/x.jsonl.gz", gzip.compress(lines))
    collected = invoke("collect_data", {"s3Bucket": RAW, "s3Key": "orders/x.jsonl.gz"})
    request = {"file": collected["file"], "plan": collected["plan"], "round": 1}

    hurried = Hurried()
    answer = rechunk.handler(request, hurried)

    assert len(lines) == 2 * CHUNK
    assert (answer["outcome"], answer["plan"]["shards"], hurried.asked) == ("finished", 2, 2)


@pytest.mark.usefixtures("small_chunks")
def test_what_takes_too_many_invocations_is_given_up(cloud: Cloud) -> None:
    cloud.put("orders/x.json", BODIES["orders/x.json"])
    collected = invoke("collect_data", {"s3Bucket": RAW, "s3Key": "orders/x.json"})
    request = {"file": collected["file"], "plan": collected["plan"], "round": rechunking.MAX_ROUNDS}
    with pytest.raises(ObjectTooLarge, match=f"more than {rechunking.MAX_ROUNDS} invocations"):
        rechunking.rechunk(request, settings(), lambda: 1.0)  # type: ignore[arg-type]


@pytest.mark.usefixtures("small_chunks")
def test_a_try_that_broke_leaves_its_chunks_to_the_next_one(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "orders/x.json"
    cloud.put(key, BODIES[key])
    collected = invoke("collect_data", {"s3Bucket": RAW, "s3Key": key})
    request = {"file": collected["file"], "plan": collected["plan"], "round": 1}
    put, written = objects.put, list[str]()

    def failing(place: Any, *rest: Any) -> None:
        written.append(place["key"])
        if len(written) == 4:
            raise ServiceUnavailable("S3 PutObject")
        put(place, *rest)

    monkeypatch.setattr(objects, "put", failing)
    with pytest.raises(ServiceUnavailable):
        invoke("rechunk", request)
    assert chunks.staged(STAGING, collected["file"])[-1].number == 2

    finished = invoke("rechunk", request)

    assert finished["outcome"] == "finished"
    assert written[2] == written[4]  # the last one that was there
    assert written[3] == written[5]
    assert len(set(written)) == finished["plan"]["shards"] + 1  # and the ranges


@pytest.mark.usefixtures("small_chunks")
def test_a_chunk_that_is_gone_is_staged_again_with_those_after_it(cloud: Cloud) -> None:
    key = "orders/x.json"
    cloud.put(key, BODIES[key])
    collected = invoke("collect_data", {"s3Bucket": RAW, "s3Key": key})
    request = {"file": collected["file"], "plan": collected["plan"], "round": 1}
    first = invoke("rechunk", request)
    before = [name for name in cloud.keys(STAGING) if "/chunks/" in name]
    cloud.s3.delete_object(Bucket=STAGING, Key=before[2])

    assert invoke("rechunk", request) == first
    assert [name for name in cloud.keys(STAGING) if "/chunks/" in name] == before


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize(
    ("key", "body", "error"),
    [
        ("orders/x.jsonl.gz", BODIES["orders/x.jsonl.gz"][:-20], "CorruptGzip"),
        ("orders/x.json", BODIES["orders/x.json"][:-3], "MalformedFile"),
        ("orders/x.json", b"\xff\xfe" * 600, "UnsupportedEncoding"),
        ("orders/x.csv", BODIES["orders/x.csv"].replace(b"order_id", b"order"), "MalformedFile"),
        ("orders/x.json", b" \n" * 600, "EmptyFile"),
    ],
)
def test_a_broken_object_fails_by_its_name_and_leaves_no_item(
    cloud: Cloud, key: str, body: bytes, error: str
) -> None:
    cloud.put(key, body)
    ended = run(cloud, key)
    assert (ended.status, ended.error) == ("FAILED", error)
    assert ended.rows[0]["error"] == error
    assert len(ended.dead_letters) == 1
    assert cloud.items("orders") == []
