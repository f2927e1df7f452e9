"""The model counts the calls that are made: of a small file, of one in shards, of a batch of messages."""

from __future__ import annotations

import dataclasses
import functools
import json
import random
from typing import TYPE_CHECKING

import pytest

from pipeline import objects, plans, staging
from pipeline.routing import Route
from statewright.costs import calls, timing, work
from statewright.costs.facts import Facts, File, facts_of
from statewright.project import read_project
from tests.costs import counting
from tests.functions import streams
from tests.functions.cloud import OUTPUT, ROOT, STAGING

if TYPE_CHECKING:
    from tests.costs.counting import Counted
    from tests.functions.cloud import Cloud

PROJECT = read_project(ROOT)
PLAN = plans.plan
ROUTE = Route("orders", "orders/1", "jsonl", "none", splittable=True)
RECORDS = 401  # no shard ends with a line
LEAST_PART = "moto.s3.models.S3_UPLOAD_PART_MIN_SIZE"
KIB = 1024
FILE_FUNCTIONS = ("collect_data", "parse_and_validate", "enrich", "write_to_ddb", "notify")


def orders(count: int) -> bytes:
    """Return so many orders with keys of their own."""
    return b"".join(
        json.dumps(
            {
                "order_id": f"o-{number:07}",
                "customer_id": f"c-{number % 1000:04}",
                "order_date": "2025-08-18",
                "quantity": 1,
                "amount": 10.5,
                "currency": "USD",
            },
            separators=(",", ":"),
        ).encode()
        + b"\n"
        for number in range(count)
    )


def facts_of_orders(body: bytes, records: int) -> Facts:
    """Return the facts of a file of orders, with the plan and the numbers that hold in this process."""
    found = facts_of(PROJECT, File("orders", records, len(body)))
    plan = plans.plan(len(body), ROUTE)
    numbers = {"range_bytes": objects.RANGE_BYTES, "part_bytes": objects.PART_BYTES}
    numbers |= {"buffered_bytes": staging.BUFFERED_BYTES}
    constants = dataclasses.replace(found.constants, **numbers)
    frame = staging.FRAME_BYTES
    part = min(found.part_records, objects.RANGE_BYTES // found.record_bytes)
    return dataclasses.replace(found, **plan, constants=constants, frame_bytes=frame, part_records=part)


def ratios_of(cloud: Cloud, facts: Facts, records: int) -> calls.Ratios:
    """Return what zstd left of the lines that were staged, and of those that were kept as processed."""
    sizes = dict.fromkeys(("parsed", "enriched", "processed"), 0)
    for bucket in (STAGING, OUTPUT):
        for found in cloud.s3.list_objects_v2(Bucket=bucket).get("Contents", []):
            kind = next((kind for kind in sizes if kind in found["Key"].split("/")), None)
            if kind is not None:
                sizes[kind] += found["Size"]
    return calls.Ratios(
        sizes["parsed"] / facts.parsed_bytes / records,
        sizes["enriched"] / facts.enriched_bytes / records,
        sizes["processed"] / facts.processed_bytes / records,
        0,  # nothing is cut into chunks
    )


def held(counted: Counted, modelled: calls.Calls) -> None:
    """Hold counts to the model: what follows from how keys spread over partitions may differ by a fifth."""
    by_chance = {("write_to_ddb", each) for each in (calls.GET, calls.BATCH_WRITE, calls.PART)}
    assert {call: count for call, count in counted.calls.items() if call not in by_chance} == {
        call: count for call, count in modelled.items() if count and call not in by_chance
    }
    for call in by_chance:
        assert modelled[call] == pytest.approx(counted.calls[call], rel=0.2, abs=1)


def test_given_a_small_file_the_model_counts_its_calls(cloud: Cloud) -> None:
    body = orders(60)
    counted = counting.file(cloud, "orders/small.jsonl", body)
    assert counted.status == "SUCCEEDED"
    facts = facts_of_orders(body, 60)
    modelled = calls.of_file(facts, len(body), calls.Load(60), ratios_of(cloud, facts, 60))
    held(counted, modelled)
    assert counted.invocations == dict.fromkeys(FILE_FUNCTIONS, 1)
    assert (counted.states, counted.children) == (work.transitions(facts, {}), 0)


@pytest.mark.parametrize(("shards", "partitions"), [(4, 1), (1, 3), (4, 3)])
def test_given_a_file_in_shards_and_partitions_the_model_counts_its_calls(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, shards: int, partitions: int
) -> None:
    body = orders(RECORDS)
    shrink(monkeypatch, len(body), shards, partitions)
    counted = counting.file(cloud, "orders/large.jsonl", body)
    facts = facts_of_orders(body, RECORDS)
    assert (counted.status, facts.shards, facts.partitions) == ("SUCCEEDED", shards, partitions)
    load, ratios = calls.Load(RECORDS), ratios_of(cloud, facts, RECORDS)
    held(counted, calls.of_file(facts, len(body), load, ratios))
    charged = work.of_file(facts, len(body), load, timing.Machine.of(PROJECT))
    assert counted.states == charged["step_functions.state_transitions"]
    assert counted.invocations.total() == charged["lambda.requests"]
    assert counted.invocations == {name: ran.count for name, ran in charged.invocations.items()}
    assert counted.children == charged["step_functions.express_requests"]


def shrink(monkeypatch: pytest.MonkeyPatch, size: int, shards: int, partitions: int) -> None:
    """Let a file of `size` bytes be cut as one of gigabytes is: shards, partitions, ranges, frames."""
    monkeypatch.setattr(
        plans,
        "plan",
        functools.partial(PLAN, shard_bytes=-(-size // shards), partition_bytes=-(-size // partitions)),
    )
    monkeypatch.setattr(objects, "RANGE_BYTES", 8 * KIB)
    monkeypatch.setattr(objects, "PART_BYTES", 3 * KIB)
    monkeypatch.setattr(LEAST_PART, 1)
    for frame in ("FRAME_BYTES", "COLUMNS_BYTES"):
        monkeypatch.setattr(staging, frame, 4 * KIB, raising=False)
    monkeypatch.setattr(staging, "BUFFERED_BYTES", 64 * KIB)


def test_given_records_that_are_rejected_or_raise_alerts_the_model_counts_their_calls(cloud: Cloud) -> None:
    rejected = b"".join(b'{"order_id": %d}\n' % number for number in range(3))
    large = b"".join(line.replace(b"10.5", b"5000") for line in some_lines(40, 2))
    body = orders(38) + large + rejected
    counted = counting.file(cloud, "orders/mixed.jsonl", body)
    facts = facts_of_orders(body, 43)
    load = calls.Load(43, rejected=3, alerts=2)
    held(counted, calls.of_file(facts, len(body), load, ratios_of(cloud, facts, 43)))


def some_lines(start: int, count: int) -> list[bytes]:
    """Return the lines of orders from a number on."""
    return orders(start + count).splitlines(keepends=True)[start:]


@pytest.mark.parametrize("wide", [False, True], ids=["handed on in the payload", "staged in S3"])
def test_given_a_batch_of_messages_the_model_counts_its_calls(cloud: Cloud, wide: bool) -> None:
    noise = random.Random(5)
    more = [{"more": noise.randbytes(4000).hex()} if wide else {} for _ in range(20)]
    sent = [json.loads(line) | each for line, each in zip(some_lines(0, 20), more, strict=True)]
    with counting.counting() as counted:
        streams.stream(*(streams.message(each, f"m-{number}") for number, each in enumerate(sent)))
    facts = facts_of(PROJECT, File("orders", 20, sum(len(json.dumps(each)) for each in sent)))
    ratio = 0.6 if wide else 0.2
    assert counted.calls == calls.of_batch(facts, 20, calls.Ratios(ratio, ratio, ratio, ratio))
    assert counted.invocations.total() == 5
