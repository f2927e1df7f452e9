"""The sums of a day: the same in any order and of any parts, bounded however much came."""

from __future__ import annotations

import itertools
import random
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import report, report_rows, reporting
from pipeline.report_rows import Row, row_of
from pipeline.report_sums import (
    MAX_FAILURES,
    MAX_KIND_CHARACTERS,
    MAX_KINDS,
    MAX_NAMED,
    holds,
    sums_of,
    type_of,
)
from tests.pipeline.report_days import day_of_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY = "2026-11-20"
SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
TEXTS = st.text(max_size=6)
COUNTS = st.dictionaries(
    st.sampled_from(("read", "written", "superseded", "quarantined", "alerts")), st.integers(0, 5)
)


@st.composite
def many_rows(draw: st.DrawFn) -> list[Row]:
    """Rows with few different values each, so that equals meet."""
    drawn = st.builds(
        Row,
        file_id=st.just(""),
        source=st.sampled_from(("files", "messages")),
        status=st.sampled_from(("SUCCEEDED", "FAILED", "CATALOGUED", "PROCESSING", "REDRIVEN", "?")),
        dataset=st.sampled_from(("", "orders", "sales")),
        bucket=st.just("raw"),
        key=TEXTS,
        version=st.just("v"),
        size=st.integers(0, 3),
        content=st.sampled_from(("", "a", "b")),
        processed_at=st.sampled_from((f"{DAY}T01:00:00.000Z", f"{DAY}T23:59:59.999Z", "")),
        milliseconds=st.none() | st.integers(0, 3),
        error=TEXTS,
        cause=TEXTS,
        execution=TEXTS,
        counts=COUNTS,
        reasons=st.dictionaries(TEXTS, st.integers(1, 3), max_size=3),
        manifest=st.just(""),
        replay_of=st.sampled_from(("", "f")),
        duplicates=st.integers(0, 3),
        alert_rules=st.dictionaries(TEXTS, st.integers(1, 3), max_size=3),
    )
    found = draw(st.lists(drawn, max_size=40))
    return [row._replace(file_id=f"{place:032x}") for place, row in enumerate(found)]


@given(rows=many_rows(), seed=st.integers())
def test_given_any_order_the_sums_are_the_same(rows: list[Row], seed: int) -> None:
    whole = [each.section() for each in sums_of(rows)]

    random.Random(seed).shuffle(rows)

    assert [each.section() for each in sums_of(rows)] == whole


class Pages:
    """A client of DynamoDB whose answers are cut where a test wants them to be."""

    def __init__(self, items: list[dict[str, Any]], cuts: list[int]) -> None:
        bounds = [0, *sorted(min(cut, len(items)) for cut in cuts), len(items)]
        self._pages = [{"Items": items[start:end]} for start, end in itertools.pairwise(bounds)]

    def get_paginator(self, operation: str) -> Pages:
        assert operation == "query"
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return self._pages


@given(seed=st.integers(0, 50), cuts=st.lists(st.integers(0, 30), max_size=5))
def test_given_a_day_in_any_pages_the_report_is_the_same(seed: int, cuts: list[int]) -> None:
    items = list(day_of_rows(DAY, 20, seed, 10))

    def report_in(cuts: list[int], items: list[dict[str, Any]]) -> bytes:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(report_rows, "dynamodb", lambda: Pages(items, cuts))
            found = report.summary(SCHEMAS, *sums_of(report_rows.read_day("files", DAY)))
        return reporting.encoded(report.report_of(DAY, found, [found] * 7))

    assert report_in(cuts, items[::-1]) == report_in([], items)


@given(rows=many_rows())
def test_given_any_rows_the_parts_add_up_to_the_whole(rows: list[Row]) -> None:
    for section in (each.section() for each in sums_of(rows)):
        for part in ("statuses", "types", "datasets", "hours"):
            assert sum(each["count"] for each in section[part]) == section["count"]
        assert section["failed"] == sum(each["failed"] for each in section["datasets"])
        assert section["failed"] == sum(each["count"] for each in section["errors"])
        assert len(section["failures"]) == min(section["failed"], MAX_FAILURES)
        for name in section["records"]:
            assert sum(each[name] for each in section["datasets"]) == section["records"][name]


def test_given_a_large_day_what_is_named_is_bounded() -> None:
    rows = [row_of(item) for item in day_of_rows(DAY, 600, 1)]
    failed = [
        row._replace(status="FAILED", error=f"e{place}", key=f"a.t{place}") for place, row in enumerate(rows)
    ]

    section = sums_of([*rows, *(row._replace(file_id=f"x{row.file_id}") for row in failed)])[0].section()

    assert len(section["failures"]) == MAX_FAILURES
    assert section["failures"] == sorted(section["failures"], key=lambda each: each["at"], reverse=True)
    assert [len(section[name]) for name in ("slowest", "largest", "rejected")] == [MAX_NAMED] * 3
    assert len(section["errors"]) == len(section["types"]) == MAX_KINDS + 1
    assert section["errors"][-1]["name"] == "other"
    assert sum(each["count"] for each in section["errors"]) == section["failed"]


@pytest.mark.parametrize(
    ("key", "wanted"),
    [
        ("orders/a.CSV", "csv"),
        ("a.b/c.jsonl.gz", "jsonl.gz"),
        ("x.gz", "gz"),
        ("folder.d/plain", "none"),
        ("", "none"),
        ("a.", "none"),
        ("a.<script>", "other"),
        ("a.abcdefghijklmn", "other"),
        ("a.ü", "other"),
    ],
)
def test_a_type_is_what_the_key_ends_in(key: str, wanted: str) -> None:
    assert type_of(key) == wanted


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"counts": {"read": 3, "written": 1, "superseded": 1, "quarantined": 1}}, True),
        ({"counts": {"read": 4, "written": 1, "superseded": 1, "quarantined": 1}}, False),
        ({"counts": {}}, False),
        ({"counts": {}, "status": "CATALOGUED"}, True),
        ({"counts": {"read": 9}, "status": "FAILED", "error": "CorruptGzip"}, True),
        ({"counts": {}, "status": "FAILED", "error": "ConservationViolated"}, False),
    ],
)
def test_a_file_whose_records_are_not_accounted_for_is_told(changes: dict[str, Any], wanted: bool) -> None:
    row = row_of({"file_id": {"S": "f"}, "status": {"S": "SUCCEEDED"}})._replace(**changes)

    assert holds(row) is wanted
    assert sums_of([row])[0].section()["violated"] == (not wanted)


def test_a_file_that_another_execution_stands_in_for_is_counted_apart() -> None:
    row = row_of({"file_id": {"S": "execution:a"}, "status": {"S": "REDRIVEN"}, "error": {"S": "Throttled"}})

    section = sums_of([row])[0].section()

    assert (section["count"], section["redriven"], section["failed"]) == (0, 1, 0)


def test_alerts_are_counted_by_their_rule_and_executions_that_came_once_more() -> None:
    rules = ({"large": {"N": "2"}, "odd": {"N": "3"}}, {"large": {"N": "5"}})
    rows = [
        row_of(
            {
                "file_id": {"S": str(place)},
                "status": {"S": "SUCCEEDED"},
                "alert_rules": {"M": each},
                "duplicates": {"SS": ["a", "b"]},
            }
        )
        for place, each in enumerate(rules)
    ]

    section = sums_of(rows)[0].section()

    assert section["alert_rules"] == [{"name": "large", "count": 7}, {"name": "odd", "count": 3}]
    assert section["duplicates"] == 4


def test_a_name_of_a_kind_is_cut_and_names_that_are_cut_alike_count_as_one() -> None:
    longest = "x" * MAX_KIND_CHARACTERS
    rows = [
        row_of({"file_id": {"S": name}, "status": {"S": "FAILED"}, "error": {"S": name}})
        for name in (longest, longest + "y", longest + "z")
    ]

    assert sums_of(rows)[0].section()["errors"] == [{"name": longest, "count": 3}]


def test_a_group_of_messages_that_failed_has_the_number_of_its_messages() -> None:
    row = row_of({"source": {"S": "messages"}, "status": {"S": "FAILED"}, "messages": {"N": "17"}})

    files, messages = (each.section() for each in sums_of([row]))

    assert files["count"] == 0
    assert messages["failed_records"] == {"read": 17, "quarantined": 0}


def test_given_twenty_thousand_files_memory_holds_a_few_numbers_of_each() -> None:
    kinds = [row_of(item) for item in day_of_rows(DAY, 50, 1)]
    count = 20_000

    def rows() -> Iterator[Row]:
        for place in range(count):
            yield kinds[place % 50]._replace(file_id=f"{place:032x}", content=f"{place}")

    tracemalloc.start()
    files, _ = sums_of(rows())
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert files.count == count
    assert most < 250 * count
