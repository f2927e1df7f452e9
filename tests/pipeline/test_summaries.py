from __future__ import annotations

import json
import shutil
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import contracts, field_values, file_summary, quantiles, sketches, summaries
from pipeline.reading import Candidate
from pipeline.reasons import MAX_POINTER_CHARACTERS
from pipeline.rejects import Reject
from pipeline.summaries import Part, Summary
from tests.functions.cloud import SCHEMAS

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.contracts import Contract

PROPERTIES: dict[str, Any] = {
    "id": {"type": "string"},
    "whole": {"type": "integer"},
    "price": {"type": ["number", "null"]},
    "day": {"type": "string", "format": "date"},
    "at": {"type": "string", "format": "date-time"},
    "paid": {"type": "boolean"},
    "more": {"type": "object"},
    "any": {},
    "email": {"type": "string", "format": "email"},
}
KINDS = ["string", "number", "number", "date", "date-time", "boolean", "other", "other", "string"]


@pytest.fixture(scope="module")
def contract(tmp_path_factory: pytest.TempPathFactory) -> Contract:
    folder = tmp_path_factory.mktemp("schemas")
    return contract_of(folder, PROPERTIES, rename={"whole": "entire"}, pseudonymise=["email"])


def contract_of(folder: Path, properties: dict[str, Any], **said: Any) -> Contract:
    shutil.copy(SCHEMAS / "contract.json", folder)
    (folder / "datasets/kinds").mkdir(parents=True)
    about = {"sources": [{"keys": "kinds/**"}], "key": {"partition": {"name": "id", "type": "S"}}, **said}
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": properties,
        "required": ["id"],
        "x-dataset": about,
    }
    (folder / "datasets/kinds/1.json").write_text(json.dumps(schema), encoding="utf-8")
    return contracts.load_contract(folder, "kinds", 1)


def optional(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), values)


moments = st.builds(
    "{}T{}{}".format,
    st.dates().map(str),
    st.times().map(lambda time: time.isoformat()),
    st.sampled_from(["Z", "z", "+02:00", "-11:30"]),
) | st.sampled_from(["1990-12-31T23:59:60Z", "0001-01-01T00:00:00+14:00", "2025-08-18t19:00:00.123456789Z"])
items = st.fixed_dictionaries(
    {"id": st.text(max_size=80)},
    optional={
        "entire": st.integers(-9, 99),
        "price": optional(st.decimals(-10, 1000, places=2)),
        "day": st.dates().map(str),
        "at": moments,
        "paid": st.booleans(),
        "more": st.just({"a": 1}),
        "any": optional(st.one_of(st.integers(), st.text())),
        "email": st.text("0123456789abcdef", min_size=64, max_size=64),
    },
)


def summary_of(contract: Contract, records: list[dict[str, Any]]) -> Summary:
    summary = Summary(contract)
    for record in records:
        summary.add(record, 100)
    return summary


def part_of(contract: Contract, records: list[dict[str, Any]]) -> Part:
    return msgspec.json.decode(summary_of(contract, records).part(), type=Part)


@given(found=st.lists(items, max_size=40), data=st.data())
@settings(max_examples=80)
def test_any_split_in_any_order_gives_the_same_bytes(
    contract: Contract, found: list[dict[str, Any]], data: st.DataObject
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sketches, "MAX_DISTINCT", 9)
        patched.setattr(sketches, "HASHES", 5)
        patched.setattr(quantiles, "MAX_NUMBERS", 6)
        patched.setattr(summaries, "BATCH_BYTES", data.draw(st.integers(1, 2000)))
        whole = summary_of(contract, found).part()
        patched.setattr(summaries, "BATCH_BYTES", data.draw(st.integers(1, 2000)))
        cuts = sorted(data.draw(st.lists(st.integers(0, len(found)), max_size=5)))
        mixed = data.draw(st.permutations(found))
        parts = [mixed[first:end] for first, end in zip([0, *cuts], [*cuts, len(found)], strict=True)]
        merged = Summary(contract)
        for part in parts:
            merged.merge(part_of(contract, part), 0)
        assert merged.part() == whole


@given(found=st.lists(items, min_size=1, max_size=40))
@settings(max_examples=80)
def test_what_is_said_is_what_a_plain_count_says(contract: Contract, found: list[dict[str, Any]]) -> None:
    summary = Summary(contract)
    summary.merge(part_of(contract, found), 0)
    said = {each["name"]: each for each in told(summary)["fields"]}
    assert [each["kind"] for each in said.values()] == KINDS
    for name in PROPERTIES:
        present = [value for each in found if (value := each.get(said[name]["attribute"])) is not None]
        assert (said[name]["count"], said[name]["missing"]) == (len(present), len(found) - len(present))
    whole = [each["entire"] for each in found if "entire" in each]
    if whole:
        assert said["whole"]["sum"] == sum(whole)
        assert (said["whole"]["min"], said["whole"]["max"]) == (min(whole), max(whole))
        assert said["whole"]["quantiles"]["p50"] == sorted(whole)[(len(whole) + 1) // 2 - 1]
    prices = [each["price"] for each in found if each.get("price") is not None]
    assert Fraction(said["price"]["sum"] or 0) == sum(map(Fraction, prices))
    days = [each["day"] for each in found if "day" in each]
    assert said["day"]["earliest"] == min(days, default=None)
    assert said["day"]["latest"] == max(days, default=None)
    paid = Counter(each["paid"] for each in found if "paid" in each)
    assert (said["paid"]["true"], said["paid"]["false"]) == (paid[True], paid[False])
    ids = [each["id"] for each in found]
    assert (said["id"]["distinct"], said["id"]["longest"]) == (len(set(ids)), max(map(len, ids)))


def told(summary: Summary) -> dict[str, Any]:
    counts: Any = {"read": summary.records, "written": summary.records, "superseded": 0, "quarantined": 0}
    return file_summary.told({"run": "r"}, summary, {**counts, "alerts": 0})  # type: ignore[typeddict-item]


def field(summary: Summary, name: str) -> dict[str, Any]:
    return next(each for each in told(summary)["fields"] if each["name"] == name)


def test_the_most_frequent_come_first_and_those_that_come_once_not_at_all(contract: Contract) -> None:
    summary = Summary(contract)
    summary.merge(part_of(contract, [{"id": text} for text in "babacd"]), 0)
    assert field(summary, "id")["frequent"] == [{"value": "a", "count": 2}, {"value": "b", "count": 2}]


def test_of_many_texts_ten_are_shown(contract: Contract) -> None:
    texts = [f"{number:02}" for number in range(field_values.MAX_FREQUENT + 1)]
    summary = Summary(contract)
    summary.merge(part_of(contract, [{"id": text} for text in texts * 2]), 0)
    assert [each["value"] for each in field(summary, "id")["frequent"]] == texts[:10]


def test_a_long_text_is_shown_by_its_beginning_and_told_from_others(contract: Contract) -> None:
    longest, longer = "x" * field_values.MAX_TEXT_CHARACTERS, "x" * 400_000
    found = [{"id": text} for text in (longest, longer, longer + "y") for _ in range(2)]
    summary = Summary(contract)
    summary.merge(part_of(contract, found), 0)
    said = field(summary, "id")
    assert (said["distinct"], said["longest"]) == (3, 400_001)
    shown = [each["value"] for each in said["frequent"]]
    assert longest in shown
    assert {len(text) for text in shown} == {field_values.MAX_TEXT_CHARACTERS}
    assert sum(text.startswith("x" * 47 + "…") for text in shown) == 2


def test_moments_are_compared_as_moments_and_told_in_utc(contract: Contract) -> None:
    texts = ["2025-08-18T19:00:00Z", "2025-08-18T19:00:00.5Z", "2025-08-18T20:30:00+02:00"]
    summary = Summary(contract)
    summary.merge(part_of(contract, [{"id": "a", "at": text} for text in texts]), 0)
    said = field(summary, "at")
    assert (said["earliest"], said["latest"]) == ("2025-08-18T18:30:00Z", "2025-08-18T19:00:00.500000Z")
    summary.merge(part_of(contract, [{"id": "a", "at": "1990-12-31T23:59:60Z"}]), 0)
    assert (field(summary, "at")["unread"], field(summary, "at")["count"]) == (1, 4)


def test_records_are_looked_at_before_they_fill_memory(contract: Contract) -> None:
    summary = Summary(contract)
    for _ in range(3):
        summary.add({"id": "a", "more": {"text": "x"}}, summaries.BATCH_BYTES)
        assert summary._batch == []
    assert summary.records == 3


def test_of_more_fields_than_the_bound_the_first_are_told(tmp_path: Path) -> None:
    names = ["id", *(f"f{number}" for number in range(summaries.MAX_FIELDS))]
    contract = contract_of(tmp_path, {name: {"type": "string"} for name in names})
    assert [each["name"] for each in told(Summary(contract))["fields"]] == names[:-1]


def candidate(offset: int, line: int) -> Candidate:
    return Candidate(line, offset, b"", 0, None)


def test_reasons_are_counted_by_rule_and_field_with_the_first_of_the_file(contract: Contract) -> None:
    first, second = Summary(contract), Summary(contract)
    first.reasons.add(candidate(70, 7), Reject("type", "/price", "wants a number"))
    first.reasons.add(candidate(10, 1), Reject("required", "", "wants id"))
    second.reasons.add(candidate(90, 2), Reject("type", "/price", "wants a number"))
    second.reasons.add(candidate(80, 1), Reject("type", "/unknown/deep", "wants a number"))
    for order in ((first, 0), (second, 8)), ((second, 8), (first, 0)):
        merged = Summary(contract)
        for part, before in order:
            merged.merge(msgspec.json.decode(part.part(), type=Part), before)
        found = [(each["rule"], each["field"], each["count"]) for each in told(merged)["reasons"]]
        assert found == [("type", "price", 2), ("required", None, 1), ("type", None, 1)]
        examples = [each["example"] for each in told(merged)["reasons"]]
        assert [(each["line"], each["offset"], each["pointer"]) for each in examples] == [
            (7, 70, "/price"),
            (1, 10, ""),
            (9, 80, "/unknown/deep"),
        ]


def test_of_a_hidden_field_no_name_inside_is_told(contract: Contract) -> None:
    summary = Summary(contract)
    summary.reasons.add(candidate(1, 1), Reject("type", "/email/ada@example.com", "wants a string"))
    assert told(summary)["reasons"][0]["example"]["pointer"] == "/email"


def test_a_long_pointer_is_cut(contract: Contract) -> None:
    summary = Summary(contract)
    for offset, length in enumerate((MAX_POINTER_CHARACTERS, MAX_POINTER_CHARACTERS + 1)):
        summary.reasons.add(candidate(offset, 1), Reject(f"rule {offset}", "/" + "x" * (length - 1), ""))
    pointers = [each["example"]["pointer"] for each in told(summary)["reasons"]]
    assert pointers[0] == "/" + "x" * (MAX_POINTER_CHARACTERS - 1)
    assert pointers[1] == "/" + "x" * (MAX_POINTER_CHARACTERS - 2) + "…"


def test_more_reasons_than_are_shown_are_counted_together(contract: Contract) -> None:
    summary = Summary(contract)
    for number in range(file_summary.MAX_SHOWN_REASONS + 2):
        summary.reasons.add(candidate(number, 1), Reject(f"rule {number:02}", "", ""))
    said = told(summary)
    assert len(said["reasons"]) == file_summary.MAX_SHOWN_REASONS
    assert said["other_reasons"] == {"kinds": 2, "count": 2}


@pytest.mark.parametrize(
    ("read", "quarantined", "rate"),
    [(0, 0, None), (3, 0, "1.000000"), (3, 3, "0.000000"), (3, 1, "0.666666"), (10**7, 1, "0.999999")],
)
def test_the_success_rate_is_never_rounded_up(
    contract: Contract, read: int, quarantined: int, rate: str | None
) -> None:
    counts: Any = {"read": read, "quarantined": quarantined}
    said = file_summary.told({}, Summary(contract), counts)["success_rate"]  # type: ignore[typeddict-item]
    assert said == (None if rate is None else Decimal(rate))


@given(
    found=st.lists(items, min_size=1, max_size=30),
    escaped=st.booleans(),
    seconds=st.lists(
        st.datetimes().map(lambda at: at.isoformat(timespec="seconds") + "Z")
        | st.sampled_from(["1990-12-31T23:59:60Z", "0000-01-01T00:00:00Z"]),
        min_size=1,
        max_size=9,
    ),
)
@settings(max_examples=150)
def test_a_column_tells_what_its_values_tell(
    contract: Contract, found: list[dict[str, Any]], escaped: bool, seconds: list[str]
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sketches, "MAX_DISTINCT", 9)
        patched.setattr(sketches, "HASHES", 5)
        patched.setattr(quantiles, "MAX_NUMBERS", 6)
        patched.setattr(field_values, "MAX_WAITING", 8)
        for field in summaries.fields_of(contract):
            values = [record[field.attribute] for record in found if record.get(field.attribute) is not None]
            for some in (values, seconds if field.kind == "date-time" else values[::-1]):
                if some:
                    texts = "\t".join(_json(value, escaped) for value in some).encode()
                    one, other = summaries.KINDS[field.kind](), summaries.KINDS[field.kind]()
                    for half in (some, some):
                        one.add(half)
                        other.add_column(texts)
                    one.settle()
                    other.settle()
                    assert msgspec.json.encode(one) == msgspec.json.encode(other), texts


def _json(value: Any, escaped: bool) -> str:
    if isinstance(value, Decimal):
        return str(value)
    return json.dumps(value, ensure_ascii=escaped)
