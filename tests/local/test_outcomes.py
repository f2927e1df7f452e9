"""How outcomes are told."""

from __future__ import annotations

import io
import json
from typing import Any

from rich.console import Console

from statewright.local.following import Outcome
from statewright.local.outcomes import conservation_line, json_of, lines_of, remarks_of, table_of


def outcome(**changes: Any) -> Outcome:
    counts = {"read": 1200, "written": 1000, "superseded": 150, "quarantined": 50, "alerts": 3}
    plain = {
        "file": "a.jsonl",
        "bucket": "raw",
        "key": "orders/a.jsonl",
        "file_id": "0" * 32,
        "status": "SUCCEEDED",
        "execution": "arn:e",
        "seconds": 1.25,
        "dataset": "orders",
        "counts": counts,
    }
    return Outcome(**{**plain, **changes})


def test_the_sums_are_one_equation_that_says_whether_it_holds() -> None:
    lost = outcome(counts={**outcome().counts, "written": 999})

    assert conservation_line([outcome(), outcome()]) == (
        "read 2,400 = written 2,000 + superseded 300 + quarantined 100"
    )
    assert conservation_line([lost]).startswith("read 1,200 ≠ written 999")


def test_a_row_of_the_table_has_all_counts() -> None:
    console = Console(width=140, record=True, file=io.StringIO())
    console.print(table_of([outcome()]))

    [header, row] = [line.split() for line in console.export_text().strip().splitlines()]

    assert header == [
        "object",
        "dataset",
        "status",
        "read",
        "written",
        "superseded",
        "quarantined",
        "alerts",
        "seconds",
    ]
    assert row == ["orders/a.jsonl", "orders", "SUCCEEDED", "1,200", "1,000", "150", "50", "3", "1.2"]


def test_a_failure_tells_its_error_and_a_bounded_cause() -> None:
    told = lines_of(outcome(status="FAILED", error="EmptyFile", cause="x" * 1000))

    assert told[0] == "orders/a.jsonl: FAILED, EmptyFile"
    assert len(told[1]) < 320
    assert told[2] == "  execution: arn:e"


def test_the_message_of_a_function_is_told_without_its_stack_trace() -> None:
    cause = json.dumps({"errorMessage": "byte 3 is no UTF-8", "stackTrace": ["..."]})

    assert lines_of(outcome(status="FAILED", error="E", cause=cause))[1] == "  byte 3 is no UTF-8"


def test_quarantine_is_told_with_rules_and_place() -> None:
    told = lines_of(outcome(reasons={"type": 49, "required": 1}, quarantine=["s3://out/q.gz"]))

    assert told[1:] == ["  quarantined by rule: type 49, required 1", "  quarantine: s3://out/q.gz"]


def test_duplicates_and_catalogued_objects_are_told_as_such() -> None:
    assert (
        "already ingested by arn:other"
        in lines_of(outcome(status="ALREADY_INGESTED", duplicate_of="arn:other"))[0]
    )
    assert "in the hands of arn:other" in lines_of(outcome(status="IN_PROGRESS", duplicate_of="arn:other"))[0]
    assert "catalogued" in lines_of(outcome(status="CATALOGUED"))[0]


def test_json_holds_everything() -> None:
    [found] = json.loads(json_of([outcome(cause="ü" * 1000)]))

    assert found["counts"]["alerts"] == 3
    assert len(found["cause"]) == 1000


def test_each_failed_or_quarantined_object_has_one_line_on_why_and_where() -> None:
    fine = outcome(counts={**outcome().counts, "quarantined": 0})
    failed = outcome(status="FAILED", error="EmptyFile", cause=json.dumps({"errorMessage": "no\nbyte"}))
    places = ["s3://out/q/manifest.json", "s3://out/q/parse-00000.jsonl.gz"]
    partly = outcome(reasons={"type": 49, "required": 1}, quarantine=places)

    assert remarks_of([fine, failed, partly]) == [
        "orders/a.jsonl: EmptyFile: no byte",
        "orders/a.jsonl: quarantined by rule: type 49, required 1; see s3://out/q/parse-00000.jsonl.gz",
    ]


def test_a_key_that_looks_like_markup_is_shown_as_it_is() -> None:
    console = Console(width=140, record=True, file=io.StringIO())
    console.print(table_of([outcome(key="orders/[/red][bold].jsonl")]))

    assert "orders/[/red][bold].jsonl" in console.export_text()
