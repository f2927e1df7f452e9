"""A day beside its week: headline, what is unusual, medians, costs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline import report, report_costs, report_words
from pipeline.report_rows import row_of
from pipeline.report_sums import sums_of
from statewright.costs import timing, work
from statewright.costs.calls import Load
from statewright.costs.facts import File, facts_of
from statewright.project import read_project
from tests.pipeline.report_days import day_of_rows

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
DAY = "2026-11-20"


def day(*rows: dict[str, Any]) -> dict[str, Any]:
    """Return the summary of a day with such rows; what they do not say is usual."""
    usual = {"status": {"S": "SUCCEEDED"}, "processed_at": {"S": f"{DAY}T08:00:00.000Z"}}
    return report.summary(
        SCHEMAS,
        *sums_of(row_of({"file_id": {"S": f"f{place}"}, **usual, **row}) for place, row in enumerate(rows)),
    )


def orders(read: int, *, rejected: int = 0, dataset: str = "orders", rule: str = "type") -> dict[str, Any]:
    counts = {"read": read, "written": read - rejected, "superseded": 0, "quarantined": rejected, "alerts": 0}
    numbers = {name: {"N": str(count)} for name, count in counts.items()}
    reasons = {rule: {"N": str(rejected)}} if rejected else {}
    return {"dataset": {"S": dataset}, "counts": {"M": numbers}, "reasons": {"M": reasons}}


FAILED = {"status": {"S": "FAILED"}, "dataset": {"S": "orders"}, "error": {"S": "EmptyFile"}}
NOTHING = day()
WEEK = [day(orders(100 + each), orders(10, dataset="sales")) for each in range(7)]


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        ([], "Nothing came"),
        ([orders(1)], "1 file, none failed; 1 record: 100 % written"),
        ([orders(0)], "1 file, none failed; no records"),
        (
            [orders(10_000, rejected=1), FAILED],
            "2 files, 1 failed; 10,000 records: 99.9 % written, 1 rejected",
        ),
        (
            [{**orders(3, rejected=1), "source": {"S": "messages"}}],
            "3 messages: 66.6 % written, 1 rejected",
        ),
        (
            [{**FAILED, "source": {"S": "messages"}}],
            "no messages; 1 group of messages failed",
        ),
    ],
)
def test_the_headline_says_what_happened(rows: list[dict[str, Any]], wanted: str) -> None:
    assert report.headline(day(*rows)) == wanted


def test_given_a_usual_day_nothing_is_notable() -> None:
    told = report.report_of(DAY, day(orders(105), orders(9, dataset="sales")), WEEK)

    assert told["notable"] == []
    assert told["before"]["days"][0] == "2026-11-13"
    assert told["measures"]["read"]["before"] == [110, 111, 112, 113, 114, 115, 116]
    assert told["measures"]["read"]["median"] == 113


def test_given_a_bad_day_what_is_unusual_is_said_in_words() -> None:
    told = report.report_of(DAY, day(orders(200, rejected=40), FAILED), WEEK)

    assert told["notable"] == [
        "More files failed than on any of the seven days before: 1, against always 0",
        "More records were rejected than on any of the seven days before: 40, against always 0",
        "More records came than on any of the seven days before: 200, against 110 to 116",
        "Nothing came for sales; a usual day has 1 file",
        "The rule type rejected 40 records; on the seven days before it rejected none",
    ]
    assert told["measures"]["failed"]["unusual"] == "above"


def test_given_fewer_records_than_ever_it_is_said() -> None:
    told = report.report_of(DAY, day(orders(5), orders(1, dataset="sales")), WEEK)

    assert told["notable"] == [
        "Fewer records came than on any of the seven days before: 6, against 110 to 116"
    ]


def test_given_more_that_is_unusual_than_anybody_reads_the_worst_is_told() -> None:
    rows = [orders(9, rejected=1, rule=f"rule-{each:02}") for each in range(report.MAX_NOTABLE + 3)]

    told = report.report_of(DAY, day(*rows, FAILED), WEEK)["notable"]

    assert len(told) == report.MAX_NOTABLE
    assert told[0].startswith("More files failed")


def test_given_a_rule_that_messages_broke_it_is_said_of_messages() -> None:
    broken = {**orders(9, rejected=2, rule="enum"), "source": {"S": "messages"}}
    told = report.report_of(DAY, day(orders(105), orders(9, dataset="sales"), broken), WEEK)["notable"]

    assert told[-1] == "The rule enum rejected 2 messages; on the seven days before it rejected none"


def test_given_too_few_days_to_compare_with_nothing_is_unusual() -> None:
    told = report.report_of(DAY, day(orders(5, rejected=5)), [NOTHING] * 5 + WEEK[:2])

    assert told["notable"] == []
    assert told["before"]["with_anything"] == 2
    assert {measure["unusual"] for measure in told["measures"].values()} == {None}


def test_given_records_that_are_lost_it_comes_first_whatever_the_week_was() -> None:
    lost = {**orders(5), "counts": {"M": {"read": {"N": "5"}, "written": {"N": "4"}}}}

    told = report.report_of(DAY, day(lost, {"status": {"S": "PROCESSING"}}), [NOTHING] * 7)

    assert told["notable"] == [
        "The records of 1 file are not all accounted for",
        "1 file had neither succeeded nor failed",
    ]


def test_given_messages_that_are_lost_it_is_said_of_messages() -> None:
    lost = {**orders(5), "counts": {"M": {}}, "source": {"S": "messages"}}

    told = report.report_of(DAY, day(lost), [NOTHING] * 7)

    assert told["notable"] == ["The messages of 1 group of them are not all accounted for"]


def test_given_a_report_as_one_of_the_days_before_it_counts_as_its_summary_does() -> None:
    week = [report.report_of(DAY, each, [NOTHING] * 7) for each in WEEK]
    kept = json.loads(json.dumps(week))
    found = day(orders(300, rejected=3), FAILED)

    assert report.report_of(DAY, found, kept) == report.report_of(DAY, found, WEEK)


def test_medians_stand_beside_each_kind() -> None:
    told = report.report_of(DAY, day(orders(7, rejected=2)), WEEK)["files"]

    assert told["datasets"][0]["medians"] == {"count": 1, "read": 103, "quarantined": 0}
    assert told["reasons"] == [{"name": "type", "count": 2, "medians": {"count": 0}}]


def test_the_cost_is_the_number_of_requests_by_the_price_list() -> None:
    large = {**orders(100), "file_size": {"N": "250000"}}
    cost = day(large, {"status": {"S": "CATALOGUED"}}, {**orders(5), "source": {"S": "messages"}})["cost"]

    counts = {each["name"]: each["count"] for each in cost["parts"]}
    assert counts == {
        "item_writes": 100 * 3 + 5,
        "ledger_writes": 2 * 10 + 4,
        "transitions": 7 + 3,
        "express_requests": 1,
        "invocations": 5 + 1 + 5,
    }
    assert cost["usd"] == pytest.approx(sum(each["usd"] for each in cost["parts"]), abs=3e-6)
    assert cost["usd"] == pytest.approx((305 + 24) * 0.625e-6 + 10 * 25e-6 + 1e-6 + 11 * 0.2e-6, abs=1e-6)


def test_the_cost_takes_the_prices_of_its_region_and_else_names_whose_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    usd = {}
    for region in ("us-east-1", "eu-central-1", "mars-north-1"):
        monkeypatch.setenv("AWS_REGION", region)
        cost = day(orders(1_000_000))["cost"]
        usd[region] = (cost["region"], cost["usd"])

    assert usd["eu-central-1"][0] == "eu-central-1"
    assert usd["eu-central-1"][1] / usd["us-east-1"][1] == pytest.approx(0.7625 / 0.625, rel=0.01)
    assert usd["mars-north-1"] == usd["us-east-1"]


def test_the_cost_counts_as_the_cost_model_does() -> None:
    project = read_project(SCHEMAS.parent)
    facts = facts_of(project, File("orders", 100, 16_000))
    machine = timing.Machine.of(project)
    file, batch = work.of_file(facts, 16_000, Load(100), machine), work.of_batch(facts, 100, machine)

    assert file["step_functions.state_transitions"] == report_costs.TRANSITIONS_A_FILE
    assert file["lambda.requests"] == report_costs.INVOCATIONS_A_FILE
    assert file.amounts["dynamodb.write_units", "ledger"] == report_costs.UNITS_A_FILE
    assert batch["lambda.requests"] == report_costs.INVOCATIONS_A_GROUP
    assert batch.amounts["dynamodb.write_units", "ledger"] == report_costs.UNITS_A_GROUP


@pytest.mark.parametrize(
    ("part", "whole", "wanted"),
    [
        (0, 0, "0 %"),
        (0, 5, "0 %"),
        (5, 5, "100 %"),
        (99_999, 100_000, "99.9 %"),
        (1, 100_000, "0.1 %"),
        (1, 3, "33.3 %"),
    ],
)
def test_a_share_never_says_all_of_what_is_not_all(part: int, whole: int, wanted: str) -> None:
    assert report_words.share(part, whole) == wanted


@pytest.mark.parametrize(
    ("count", "wanted"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (10**18, "1,000.0 PB"),
    ],
)
def test_sizes_have_the_unit_that_fits(count: int, wanted: str) -> None:
    assert report_words.size(count) == wanted


def test_a_cause_is_the_message_of_a_functions_error_and_is_cut() -> None:
    assert report_words.plain_cause('{"errorMessage": "no bytes", "stackTrace": []}') == "no bytes"
    assert report_words.plain_cause('["errorMessage"]') == '["errorMessage"]'
    cut = report_words.plain_cause("x" * 600)
    assert len(cut) == report_words.MAX_CAUSE_CHARACTERS
    assert len(report_words.plain_cause("x" * 500)) == 500


def test_the_days_that_tests_invent_are_like_the_ledgers() -> None:
    files, messages = sums_of(row_of(item) for item in day_of_rows(DAY, 200, 1, 5))

    assert (files.count, messages.count) == (200, 5)
    assert not files.violated
