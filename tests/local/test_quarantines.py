"""Reading a quarantine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from statewright.local.quarantines import QuarantineError
from tests.local.quarantined import DAY, RUN, numbers, strings

if TYPE_CHECKING:
    from tests.local.quarantined import Quarantined


def test_files_are_found_by_dataset_and_day_with_their_rows(stored: Quarantined) -> None:
    old, new = stored.upload("orders/old.jsonl", b"1"), stored.upload("orders/new.jsonl", b"2")
    stored.tell(old, "SUCCEEDED", quarantine=strings(stored.put_aside(old, "parse-00000", [{"raw": "1"}])))
    stored.put_aside(new, "parse-00000", [{"raw": "2"}], day="2026-01-03")

    every = stored.quarantines.files()
    of_day = stored.quarantines.files(day=DAY)

    assert [(file.key, file.day, file.status) for file in every] == [
        ("orders/old.jsonl", DAY, "SUCCEEDED"),
        ("-", "2026-01-03", "UNKNOWN"),
    ]
    assert [file.file_id for file in of_day] == [old.file_id]
    assert [file.file_id for file in stored.quarantines.files("orders", DAY)] == [old.file_id]
    assert stored.quarantines.files("sales") == []


def test_rules_come_from_the_ledger_where_the_file_came_to_its_end(stored: Quarantined) -> None:
    origin = stored.upload("orders/a.jsonl", b"1")
    place = stored.put_aside(origin, "parse-00000", [{"raw": "1"}])
    stored.tell(origin, "SUCCEEDED", quarantine=strings(place), reasons=numbers(type=41, format=1))

    (file,) = stored.quarantines.files()

    assert stored.quarantines.rules(file) == {"type": 41, "format": 1}


@pytest.mark.parametrize("status", ["FAILED", "PROCESSING"])
def test_rules_are_counted_where_the_ledger_has_none(stored: Quarantined, status: str) -> None:
    origin = stored.upload("orders/a.jsonl", b"1")
    stored.put_aside(origin, "parse-00000", [{"raw": "1"}, {"raw": "2", "rule": "format"}])
    stored.put_aside(origin, "enrich-00000", [{"raw": "3"}])
    stored.tell(origin, status)

    (file,) = stored.quarantines.files()

    assert (file.status, stored.quarantines.rules(file)) == (status, {"format": 1, "type": 2})


def test_rules_that_are_counted_together_are_told_by_name(stored: Quarantined) -> None:
    origin = stored.upload("orders/a.jsonl", b"1")
    place = stored.put_aside(origin, "parse-00000", [{"raw": "1", "rule": "pattern"}])
    stored.tell(origin, "SUCCEEDED", quarantine=strings(place), reasons=numbers(other=1))

    assert stored.quarantines.rules(stored.quarantines.files()[0]) == {"pattern": 1}


def test_what_an_earlier_execution_left_does_not_count_where_the_file_is_well_by_now(
    stored: Quarantined,
) -> None:
    origin = stored.upload("orders/a.jsonl", b"1")
    stored.put_aside(origin, "parse-00000", [{"raw": "1"}])
    stored.tell(origin, "SUCCEEDED", quarantine=strings())

    assert stored.quarantines.files() == []
    with pytest.raises(QuarantineError, match=r"orders/a\.jsonl \(SUCCEEDED\) has no record in quarantine"):
        stored.quarantines.find(origin.file_id)


@pytest.mark.parametrize("status", ["FAILED", "PROCESSING"])
def test_of_a_file_that_failed_what_its_series_of_executions_left_counts(
    stored: Quarantined, status: str
) -> None:
    origin = stored.upload("orders/a.jsonl", b"1")
    other, first, last = "f" * 12, RUN, f"{RUN}-10"
    stored.put_aside(origin, "parse-00000", [{"raw": "of other work"}], run=other)
    stored.put_aside(origin, "parse-00000", [{"raw": "kept"}], run=first)
    for run, raw in ((first, "1st"), (f"{RUN}-9", "9th"), (last, "10th")):
        stored.put_aside(origin, "parse-00001", [{"raw": raw}], run=run)
    stored.tell(origin, status, run={"S": last})

    (file,) = stored.quarantines.files()

    assert [each.raw for each in stored.quarantines.records(file)] == ["kept", "10th"]


def test_records_of_both_stages_come_in_the_order_of_the_file(stored: Quarantined) -> None:
    origin = stored.upload("orders/a.jsonl", b"1")
    stored.put_aside(origin, "parse-00001", [{"raw": "e", "offset": 5}])
    stored.put_aside(origin, "enrich-00000", [{"raw": "b", "offset": 20}, {"raw": "d", "offset": 40}])
    stored.put_aside(
        origin, "parse-00000", [{"raw": "a", "offset": 10}, {"raw_base64": "/w==", "offset": 30}]
    )

    records = list(stored.quarantines.records(stored.quarantines.find(origin.file_id)))

    assert [record.content for record in records] == [b"a", b"b", b"\xff", b"d", b"e"]


def test_the_lines_before_a_shard_come_from_the_manifest(stored: Quarantined) -> None:
    origin = stored.upload("orders/a.jsonl", b"1")
    place = stored.put_aside(origin, "parse-00003", [{"raw": "1"}])
    manifest = {"file": {}, "shards": [{"shard": 3, "first_line": 101}]}
    key = f"quarantine/orders/{DAY}/{origin.file_id}/{RUN}/manifest.json"
    told = stored.put(key, json.dumps(manifest).encode())

    assert stored.quarantines.lines_before(stored.quarantines.find(origin.file_id)) == {0: 0}
    stored.tell(origin, "SUCCEEDED", quarantine=strings(told, place))
    assert stored.quarantines.lines_before(stored.quarantines.find(origin.file_id)) == {3: 100}


def test_the_beginning_of_an_id_is_enough_as_long_as_it_is_of_one_file(stored: Quarantined) -> None:
    origins = [stored.upload(f"orders/{number}.jsonl", b"1") for number in range(17)]  # two begin alike
    for origin in origins:
        stored.put_aside(origin, "parse-00000", [{"raw": "1"}])
    ids = [origin.file_id for origin in origins]
    shared = next(each[0] for each in ids if sum(other[0] == each[0] for other in ids) > 1)

    assert stored.quarantines.find(ids[0][:31]).file_id == ids[0]
    with pytest.raises(QuarantineError, match=f"files have an id that begins with {shared}; give "):
        stored.quarantines.find(shared)


def test_the_key_is_enough_where_one_version_of_it_is_in_quarantine(stored: Quarantined) -> None:
    first, second = stored.upload("orders/a.jsonl", b"1"), stored.upload("orders/a.jsonl", b"2")
    for origin in (first, second):
        stored.tell(origin, "FAILED")
    stored.put_aside(first, "parse-00000", [{"raw": "1"}])

    assert stored.quarantines.find("orders/a.jsonl").file_id == first.file_id
    stored.put_aside(second, "parse-00000", [{"raw": "1"}])
    with pytest.raises(QuarantineError, match=r"2 files have the key orders/a\.jsonl; give"):
        stored.quarantines.find("orders/a.jsonl")


@pytest.mark.parametrize("name", ["", "xyz", "A" * 32, "0" * 33, "execution:one"])
def test_what_is_neither_id_nor_key_is_refused(stored: Quarantined, name: str) -> None:
    with pytest.raises(QuarantineError, match="no file with records in quarantine has the key"):
        stored.quarantines.find(name)


def test_an_id_of_no_file_is_refused(stored: Quarantined) -> None:
    with pytest.raises(QuarantineError, match="quarantine list` names them"):
        stored.quarantines.find("0" * 32)


@pytest.mark.parametrize("body", [b"no gzip", b"\x1f\x8b\x08\x00"])
def test_an_object_that_is_broken_is_told_by_its_place(stored: Quarantined, body: bytes) -> None:
    origin = stored.upload("orders/a.jsonl", b"1")
    place = stored.put(f"quarantine/orders/{DAY}/{origin.file_id}/{RUN}/parse-00000.jsonl.gz", body)
    file = stored.quarantines.find(origin.file_id)

    with pytest.raises(QuarantineError, match=f"{place} is not what the pipeline wrote"):
        list(stored.quarantines.records(file))


def test_other_objects_of_the_bucket_are_left_alone(stored: Quarantined) -> None:
    for key in ("alerts/orders/2026-01-02/x/alerts-00000.jsonl.gz", "quarantine/notes.txt"):
        stored.put(key, b"")

    assert stored.quarantines.files() == []
