"""The sums of a day: the same in any order and of any parts, bounded however much came."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.report_rows import Row, row_of
from pipeline.report_sums import (
    MAX_FAILURES,
    MAX_KIND_CHARACTERS,
    MAX_KINDS,
    MAX_NAMED,
    Sums,
    holds,
    sums_of,
    type_of,
)
from tests.pipeline.report_days import day_of_rows

DAY = "2026-11-20"
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
    )
    found = draw(st.lists(drawn, max_size=40))
    return [row._replace(file_id=f"{place:032x}") for place, row in enumerate(found)]


@given(rows=many_rows(), cuts=st.lists(st.integers(0, 40), max_size=4), seed=st.integers())
def test_given_any_order_and_any_parts_the_sums_are_the_same(
    rows: list[Row], cuts: list[int], seed: int
) -> None:
    whole = [each.section() for each in sums_of(rows)]
    random.Random(seed).shuffle(rows)
    bounds = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    merged = (Sums(), Sums())
    for start, end in itertools.pairwise(bounds):
        for sums, part in zip(merged, sums_of(rows[start:end]), strict=True):
            sums.merge(part)

    assert [each.section() for each in merged] == whole


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
