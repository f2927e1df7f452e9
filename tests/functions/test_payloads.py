"""What the functions say of the largest file fits the payloads that carry it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pipeline import documents, outcomes, plans, rejects, staging
from pipeline.alerts import AlertLog
from pipeline.quarantine import Quarantine
from pipeline.routing import Route
from statewright.engine.payloads import MAX_PAYLOAD_BYTES, dump
from tests.functions.cloud import SCHEMAS

if TYPE_CHECKING:
    from pipeline.shapes import Execution, File, ShardOutcome, Written

LONGEST_BUCKET = "b" * 63
LONGEST_DATASET = "d" * 64
LARGEST_FILE = plans.MAX_SHARDS * plans.MAX_SHARD_BYTES
MOST_RECORDS = plans.MAX_SHARD_BYTES  # of a shard, or of a partition
EXECUTION: Execution = {
    "id": f"arn:aws:states:ap-southeast-2:000000000000:execution:{'m' * 80}:{'e' * 80}",
    "started_at": "2026-01-01T00:00:00.000Z",
}
# The longest names that rules have, keywords of JSON Schema most of them.
LONGEST_RULES = (
    "unevaluatedProperties",
    "additionalProperties",
    "patternProperties",
    "dependentRequired",
    "dependentSchemas",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "unevaluatedItems",
    "attribute_name",
    "minProperties",
    "maxProperties",
    "line_too_long",
    "reserved_name",
    "propertyNames",
)


def largest_file() -> File:
    return {
        "id": "f" * 32,
        "run": f"{'5' * outcomes.DIGITS}-9999",
        "bucket": LONGEST_BUCKET,
        "key": "\x01" * 1024,  # six characters of JSON each
        "version": "v" * 1024,
        "size": LARGEST_FILE,
        "day": "2026-01-01",
        "dataset": LONGEST_DATASET,
        "contract": f"{LONGEST_DATASET}/999999",
        "format": "jsonl",
        "compression": "none",
    }


def longest_reasons() -> dict[str, int]:
    """Return counts of more rules than are counted by name."""
    reasons: dict[str, int] = {}
    for rule in LONGEST_RULES:
        rejects.count_reason(reasons, rule)
    assert len(reasons) == rejects.MAX_REASONS
    return dict.fromkeys(reasons, MOST_RECORDS)


def longest_shard(file: File, index: int) -> ShardOutcome:
    return {
        "shard": {"index": index, "start": LARGEST_FILE, "end": LARGEST_FILE},
        "read": MOST_RECORDS,
        "valid": MOST_RECORDS,
        "quarantined": MOST_RECORDS,
        "lines": MOST_RECORDS,
        "bytes": MOST_RECORDS,
        "reasons": longest_reasons(),
        "enriched": MOST_RECORDS,
        "alerts": MOST_RECORDS,
        "staged": staging.enriched_place(LONGEST_BUCKET, file, index),
        "quarantine": Quarantine(LONGEST_BUCKET, file, "parse", index).place,
        "quarantine_enrich": Quarantine(LONGEST_BUCKET, file, "enrich", index).place,
        "alerts_object": AlertLog(LONGEST_BUCKET, file, index).place,
        # All that Enrich can say of a record: it knows none of the rules of a schema.
        "reasons_enrich": dict.fromkeys(
            ("date", "round", "lookup", "join", "ttl", "key", "order", "reserved_name"),
            MOST_RECORDS,
        ),
        "kept": False,
    }


def longest_shards(file: File) -> list[ShardOutcome]:
    plan = plans.plan(LARGEST_FILE, Route(LONGEST_DATASET, "", "jsonl", "none", splittable=True))
    assert (plan["shards"], plan["partitions"]) == (plans.MAX_SHARDS, plans.MAX_PARTITIONS)
    return [longest_shard(file, index) for index in range(plan["shards"])]


def assert_fits(function: str, payload: dict[str, Any]) -> None:
    documents.signature(SCHEMAS, function, "input").validate(payload)
    arguments = {"FunctionName": f"arn:aws:lambda:ap-southeast-2:000000000000:function:{'f' * 64}"}
    assert len(dump(arguments | {"Payload": payload}).encode()) <= MAX_PAYLOAD_BYTES


def test_all_outcomes_of_the_largest_file_fit_the_payload_of_notify() -> None:
    file = largest_file()
    partitions: list[Written] = [
        {"partition": index, "written": MOST_RECORDS, "superseded": MOST_RECORDS, "kept": False}
        for index in range(plans.MAX_PARTITIONS)
    ]
    request = {"file": file, "shards": longest_shards(file), "partitions": partitions, "execution": EXECUTION}
    assert_fits("notify", request)


def test_the_results_of_a_map_with_the_largest_failures_fit_the_payload_of_a_state() -> None:
    file = largest_file()
    maps = json.loads((SCHEMAS.parent / "statemachines/ingest.asl.json").read_text())["States"]
    tolerated = maps["ParseShards"]["ToleratedFailureCount"]
    shard = {"index": 127, "start": LARGEST_FILE, "end": LARGEST_FILE}
    child = {"file": file, "keep": True, "partitions": plans.MAX_PARTITIONS, "shard": shard}
    entries: list[Any] = [*longest_shards(file)[tolerated:], *[failed_child(child)] * tolerated]
    assert len(dump(entries).encode()) <= MAX_PAYLOAD_BYTES


@pytest.mark.parametrize("shards", [1, 2, 10, 16, 30, 55, 60, plans.MAX_SHARDS])
def test_the_results_of_failed_writers_fit_too(shards: int) -> None:
    file = largest_file()
    child = {"file": file, "keep": True, "shards": longest_shards(file)[:shards], "partition": 511}
    tolerated = max(0, min(3, 100_000 // len(dump([file, child["shards"]]))))  # as the workflow has it
    written = {"partition": 511, "written": MOST_RECORDS, "superseded": MOST_RECORDS, "kept": False}
    entries: list[Any] = [*[written] * (plans.MAX_PARTITIONS - tolerated), *[failed_child(child)] * tolerated]
    assert len(dump(entries).encode()) <= MAX_PAYLOAD_BYTES


def failed_child(input_: Any) -> dict[str, Any]:
    """Return what a Distributed Map's result says of a child that failed.

    https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
    The workflow cuts causes.
    """
    machine = f"arn:aws:states:ap-southeast-2:000000000000:stateMachine:{'m' * 80}/{'l' * 40}"
    return {
        "Cause": "\x01" * 1000,
        "Error": "Lambda.ClientExecutionTimeoutException",
        "ExecutionArn": f"{machine}:{'u' * 36}:{'u' * 36}",
        "Input": dump(input_),
        "InputDetails": {"Included": True},
        "Name": "u" * 36,
        "OutputDetails": {"Included": True},
        "RedriveCount": 0,
        "StartDate": EXECUTION["started_at"],
        "StateMachineArn": machine,
        "Status": "FAILED",
        "StopDate": EXECUTION["started_at"],
    }


def test_the_shards_of_the_largest_file_fit_the_payload_of_a_writer() -> None:
    file = largest_file()
    request = {
        "file": file,
        "keep": True,
        "shards": longest_shards(file),
        "partition": plans.MAX_PARTITIONS - 1,
    }
    assert_fits("write_to_ddb", request)
