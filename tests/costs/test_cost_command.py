"""`statewright cost`: what it prints, what its JSON adds up to, what it refuses."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from click.testing import CliRunner

from statewright.cli import statewright
from statewright.costs import history
from statewright.engine import Engine
from statewright.local.names import camel
from tests.costs.test_calls import RECORDS, orders, shrink
from tests.functions.cloud import HANDLERS, ROOT, Cloud
from tests.functions.workflow import run

ARN = "arn:aws:states:us-east-1:000000000000:execution:statewright-ingest:first"


def cost(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(statewright, ["cost", "--project", str(ROOT), *arguments])
    assert result.exit_code == code, result.output
    return result.output


def as_json(*arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(cost(*arguments, "--json"))
    return found


def test_given_records_it_prints_each_service_the_floor_and_how_far_it_is_above() -> None:
    said = cost("--records", "10000", "--compare")

    for service in (
        "DynamoDB",
        "Step Functions",
        "Lambda",
        "S3",
        "EventBridge",
        "SNS",
        "CloudWatch",
        "X-Ray",
    ):
        assert service in said
    assert "floor           the items' writes alone" in said
    assert "% above the floor" in said
    assert "whether or not files come" in said
    assert "one execution a record" in said
    assert "? found in no source of AWS's own" in said


def test_given_json_its_lines_add_up_and_name_the_page_of_each_price() -> None:
    said = as_json("--records", "1000000", "--files", "10", "--compare")

    assert sum(line["usd"] for line in said["lines"]) == pytest.approx(said["usd"])
    assert said["floor_usd"] == pytest.approx(1_000_000 * 0.625e-6)
    assert said["above_floor_percent"] == pytest.approx((said["usd"] / said["floor_usd"] - 1) * 100)
    assert all(line["price"]["source"].startswith("https://aws.amazon.com/") for line in said["lines"])
    assert said["ways"][0]["usd"] == pytest.approx(said["usd"])
    assert all(way["usd"] > said["usd"] for way in said["ways"][1:])
    assert said["monthly"]["fixed"]["usd"] > 0 < said["monthly"]["storage"]["usd"]


def test_given_another_region_its_prices_are_taken() -> None:
    here, there = (as_json("--records", "100", "--region", each) for each in ("us-east-1", "eu-central-1"))

    assert there["floor_usd"] / here["floor_usd"] == pytest.approx(0.7625 / 0.625)


def test_given_messages_they_are_charged_by_the_batch() -> None:
    said = as_json("--records", "1000", "--messages")

    units = {line["what"]: line["units"] for line in said["lines"]}
    assert units["executions of stream"] == 10
    assert units["invocations"] == 50
    assert units["items"] == 1000


def test_given_files_that_are_there_they_are_charged_by_a_backfill() -> None:
    said = as_json("--records", "5000", "--files", "100", "--backfill", "--compare")

    units = {line["what"]: line["units"] for line in said["lines"]}
    assert units["batches of the backfill"] == 4
    assert units["invocations"] == 500
    assert "new object" not in units
    ways = {way["name"]: way["usd"] for way in said["ways"]}
    assert ways["the 100 files, by a backfill"] == pytest.approx(said["usd"])
    assert ways["100 files of 50"] > said["usd"]


def test_given_a_large_gzip_it_is_cut_into_chunks_first() -> None:
    said = as_json("--records", "10000000", "--bytes", "200000000", "--gzip", "--compare")

    units = {line["what"]: line["units"] for line in said["lines"]}
    assert units["state transitions"] == 7 + 2
    assert not any("backfill" in way["name"] for way in said["ways"])  # of a single file nobody asks


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--records", "5", "--messages", "--backfill"], "--messages are no files"),
        ([], "how many records? Give --records, or --execution"),
        (
            ["--records", "5", "--region", "mars-north-1"],
            "no prices of 'mars-north-1'; there are those of us-east-1",
        ),
        (["--records", "5", "--dataset", "none"], "no dataset named 'none'; there are: orders"),
        (["--records", "5", "--files", "6"], "6 files of 5 records"),
        (["--records", "5", "--rejected", "6"], "--rejected 6: a file has 5 records"),
        (["--records", "9", "--bytes", "90000000000000", "--gzip"], "cut it into several"),
        (["--records", "9000", "--bytes", "3000000000", "--gzip"], "of its format may have 17179869184"),
        (["--execution", "arn:aws:states:us-east-1:1:express:a:b:c"], "leaves no history"),
    ],
)
def test_given_what_cannot_be_priced_it_says_why(arguments: list[str], reason: str) -> None:
    assert reason in " ".join(cost(*arguments, code=2).split())


class Client:
    """As much of Step Functions as a cost asks: the events of an execution that ran here."""

    def __init__(self, events: list[dict[str, Any]], children: int) -> None:
        self._events, self._children = events, children

    def get_paginator(self, _: str) -> Client:
        return self

    def paginate(self, **_: str) -> list[dict[str, Any]]:
        half = len(self._events) // 2
        return [{"events": self._events[:half]}, {"events": self._events[half:]}]

    def describe_map_run(self, **_: str) -> dict[str, Any]:
        return {"executionCounts": {"total": self._children}}


def events_of(monkeypatch: pytest.MonkeyPatch, cloud: Cloud, key: str, body: bytes) -> list[dict[str, Any]]:
    """Run the workflow over an object; return its history."""
    kept: list[list[dict[str, Any]]] = []
    read = Engine.get_execution_history

    def keep(engine: Engine, arn: str, *rest: Any, **more: Any) -> Any:
        found = read(engine, arn, *rest, **more)
        kept.append(found)
        return found

    monkeypatch.setattr(Engine, "get_execution_history", keep)
    cloud.put(key, body)
    run(cloud, key)
    text = json.dumps(kept[0])
    for name in HANDLERS:  # they have short names here
        text = text.replace(f'FunctionName\\": \\"{camel(name)}', f'FunctionName\\": \\"statewright-{name}')
        text = text.replace(f'FunctionName\\":\\"{camel(name)}', f'FunctionName\\":\\"statewright-{name}')
    events: list[dict[str, Any]] = json.loads(text)
    return [{**event, "timestamp": datetime.fromtimestamp(event["timestamp"], UTC)} for event in events]


def test_given_an_execution_its_history_is_counted_and_the_model_does_the_rest(
    monkeypatch: pytest.MonkeyPatch, cloud: Cloud
) -> None:
    client = Client(events_of(monkeypatch, cloud, "orders/a.jsonl", orders(40)), 0)
    monkeypatch.setattr("statewright.costs.cost_command.boto3.client", lambda *_, **__: client)

    said = as_json("--execution", ARN)

    units = {(line["service"], line["what"]): line["units"] for line in said["lines"]}
    assert (said["records"], said["dataset"]) == (40, "orders")
    assert units["Step Functions", "state transitions"] == 7
    assert units["Lambda", "invocations"] == 5
    assert units["DynamoDB", "items"] == 40
    assert "40 records of orders" in cost("--execution", ARN)


def test_given_an_execution_in_shards_its_children_are_counted_and_their_functions_modelled(
    monkeypatch: pytest.MonkeyPatch, cloud: Cloud
) -> None:
    body = orders(RECORDS)
    shrink(monkeypatch, len(body), 4, 3)
    client = Client(events_of(monkeypatch, cloud, "orders/a.jsonl", body), children=2)
    monkeypatch.setattr("statewright.costs.cost_command.boto3.client", lambda *_, **__: client)

    said = as_json("--execution", ARN)

    units = {line["what"]: line["units"] for line in said["lines"]}
    assert units["child executions"] == 2 * 2  # two Maps, of which the client says the same
    assert units["state transitions"] == 7
    assert units["invocations"] == 1 + 2 * 4 + 3 + 1
    assert units["items"] == RECORDS


def test_given_an_execution_that_cut_its_file_its_chunks_are_the_shards(
    monkeypatch: pytest.MonkeyPatch, cloud: Cloud
) -> None:
    body = orders(RECORDS)
    monkeypatch.setattr("pipeline.formats.gzip_stream.decompress.__defaults__", (len(body) // 2,))
    monkeypatch.setattr("pipeline.plans.CHUNK_BYTES", len(body) // 4)
    events = events_of(monkeypatch, cloud, "orders/a.jsonl.gz", gzip.compress(body))
    client = Client(events, children=5)
    monkeypatch.setattr("statewright.costs.cost_command.boto3.client", lambda *_, **__: client)

    said = as_json("--execution", ARN)

    units = {line["what"]: line["units"] for line in said["lines"]}
    # Its first plan did not ask for it: ParseAndValidate found more text than one invocation reads.
    assert units["state transitions"] == 9
    assert units["invocations"] == 1 + 1 + 1 + 2 * 4 + 1 + 1
    assert units["items"] == RECORDS


def test_given_a_retry_it_is_a_transition_and_an_invocation_more() -> None:
    at = datetime(2026, 11, 21, 12, tzinfo=UTC)
    call = {"parameters": '{"FunctionName": "arn:aws:lambda:us-east-1:1:function:statewright-enrich:3"}'}
    events = [
        {"id": 1, "type": "TaskStateEntered", "previousEventId": 0},
        {"id": 2, "type": "TaskScheduled", "previousEventId": 1, "taskScheduledEventDetails": call},
        {"id": 3, "type": "TaskStarted", "previousEventId": 2, "timestamp": at},
        {"id": 4, "type": "TaskFailed", "previousEventId": 3, "timestamp": at},
        {"id": 5, "type": "TaskScheduled", "previousEventId": 4, "taskScheduledEventDetails": call},
        {"id": 6, "type": "TaskStarted", "previousEventId": 5, "timestamp": at},
        {
            "id": 7,
            "type": "TaskSucceeded",
            "previousEventId": 6,
            "timestamp": at,
            "taskSucceededEventDetails": {},
        },
    ]

    told = history.tell(events, ["enrich", "rich"])

    assert told.transitions == 2
    assert told.seconds["enrich"] == [0.0, 0.0]
