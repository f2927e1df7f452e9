"""The sums of a day."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from statewright.local import days, status_command
from statewright.local.days import read_day, sum_day
from statewright.local.deploy import deploy
from tests.local.quarantined import numbers

if TYPE_CHECKING:
    from statewright.local.clients import Clients
    from statewright.local.names import Names


def row(number: int, status: str = "SUCCEEDED", counts: tuple[int, ...] | None = None, **more: str) -> Any:
    told: dict[str, Any] = {
        "file_id": f"{number:032x}",
        "file_key": f"orders/{number}.jsonl",
        "status": status,
    }
    item = {name: {"S": value} for name, value in {**told, **more}.items()}
    if counts is not None:
        named = zip(("read", "written", "superseded", "quarantined"), counts, strict=True)
        item["counts"] = {"M": {name: {"N": str(count)} for name, count in named}}
    return item


def test_files_are_counted_by_status_and_records_are_summed() -> None:
    day = sum_day(
        "2026-01-02",
        [row(1, counts=(5, 2, 1, 2)), row(2, counts=(1, 1, 0, 0)), row(3, "FAILED"), row(4, "CATALOGUED")],
    )

    assert day.files == {"CATALOGUED": 1, "FAILED": 1, "SUCCEEDED": 2}
    assert day.counts == {"read": 6, "written": 3, "superseded": 1, "quarantined": 2, "alerts": 0}
    assert day.holds


def test_files_that_failed_have_sums_of_their_own() -> None:
    day = sum_day(
        "2026-01-02",
        [
            row(1, counts=(5, 2, 1, 2)),
            {**row(2, "FAILED", error="TooManyInvalid"), "counts": numbers(read=9, quarantined=4)},
            {**row(3, "FAILED", error="ServiceRefused"), "counts": numbers(read=1, quarantined=0)},
            {**row(4, "FAILED", error="EmptyFile"), "counts": numbers()},
        ],
    )

    assert (day.counts["read"], day.counts["quarantined"]) == (5, 2)
    assert day.failed == {"files": 2, "read": 10, "quarantined": 4}
    assert day.holds


def test_what_failed_files_held_is_told_below_the_sums() -> None:
    refused = {**row(2, "FAILED", error="TooManyInvalid"), "counts": numbers(read=9, quarantined=4)}
    lines = []
    for rows in ([row(1, counts=(5, 2, 1, 2)), refused], [row(1, counts=(5, 2, 1, 2))]):
        day = sum_day("2026-01-02", rows)
        lines += status_command._of_day({**asdict(day), "holds": day.holds})

    assert lines == [
        "files of 2026-01-02: 1 FAILED, 1 SUCCEEDED",
        "records of 2026-01-02: read 5 = written 2 + superseded 1 + quarantined 2",
        "in files that failed after they were read: read 9, of these in quarantine 4 (files: 1)",
        "files of 2026-01-02: 1 SUCCEEDED",
        "records of 2026-01-02: read 5 = written 2 + superseded 1 + quarantined 2",
    ]


def test_two_files_that_are_wrong_in_opposite_ways_are_both_told() -> None:
    day = sum_day("2026-01-02", [row(1, counts=(5, 4, 0, 0)), row(2, counts=(5, 6, 0, 0))])

    assert day.counts["read"] == day.counts["written"]
    assert not day.holds
    assert [each.reason for each in day.violations] == [
        "read = 5, but written + superseded + quarantined = 4",
        "read = 5, but written + superseded + quarantined = 6",
    ]


def test_a_file_without_numbers_and_one_that_notify_refused_are_told() -> None:
    cause = '{"errorType": "ConservationViolated", "errorMessage": "read = 5, but the rest = 4"}'
    refused = row(2, "FAILED", error="ConservationViolated", cause=cause)

    day = sum_day("2026-01-02", [row(1), refused, row(3, "FAILED", error="EmptyFile", cause="nothing")])

    assert [(each.key, each.reason) for each in day.violations] == [
        ("orders/1.jsonl", "SUCCEEDED, and the ledger has no counts"),
        ("orders/2.jsonl", "read = 5, but the rest = 4"),
    ]


def test_of_many_violations_the_first_are_named_and_all_are_counted() -> None:
    day = sum_day("2026-01-02", [row(number) for number in range(days.VIOLATIONS_TOLD + 1)])

    assert (day.violated, len(day.violations)) == (days.VIOLATIONS_TOLD + 1, days.VIOLATIONS_TOLD)


def test_a_day_is_read_by_the_index_and_days_do_not_mix(names: Names, clients: Clients) -> None:
    deploy(names, clients)
    for number, day in enumerate(["2026-01-02", "2026-01-02", "2026-01-03"]):
        moments = {"processed_day": day, "processed_at": f"{day}T00:00:00.000Z"}
        clients("dynamodb").put_item(
            TableName=names.of("files"), Item=row(number, counts=(1, 1, 0, 0), **moments)
        )

    found = read_day(names, clients, "2026-01-02")

    assert found is not None
    assert (found.files, found.counts["read"]) == ({"SUCCEEDED": 2}, 2)


def test_a_violation_is_read_by_the_index_too(names: Names, clients: Clients) -> None:
    deploy(names, clients)
    moments = {"processed_day": "2026-01-02", "processed_at": "2026-01-02T00:00:00.000Z"}
    refused = row(1, "FAILED", error="ConservationViolated", cause="read = 5, but the rest = 4", **moments)
    clients("dynamodb").put_item(TableName=names.of("files"), Item=refused)

    found = read_day(names, clients, "2026-01-02")

    assert found is not None
    assert [each.reason for each in found.violations] == ["read = 5, but the rest = 4"]
    assert read_day(names, clients, "2026-01-04") == sum_day("2026-01-04", [])
