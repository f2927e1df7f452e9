"""What is proven of a block is what record by record comes to: the same items, rejects and errors."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import proofs, reading
from pipeline.formats.rows import DELIMITERS
from tests.functions.volume import ROOT
from tests.pipeline.both_ways import Outcome, run, schemas

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

NAMES = ("id", "sort", "text", "day", "count", "amount", "flag")
PROPERTIES: dict[str, list[Any]] = {
    "id": [{"type": "string"}, {"type": "string", "minLength": 1, "maxLength": 8}],
    "sort": [{"type": "string", "title": "Sort"}, {"type": ["string", "null"]}],
    "text": [
        {"type": "string", "pattern": "^[a-zä]*$"},
        {"type": "string", "enum": ["a", "ä", ""]},
        {"type": "string", "maxLength": 2},
        {},
        {"type": ["string", "number"]},
    ],
    "day": [{"type": "string", "format": "date"}, {"type": "string", "format": "email"}, {"type": "string"}],
    "count": [
        {"type": "integer", "minimum": 0},
        {"type": "integer"},
        {"type": "integer", "maximum": 1.5},
        {"type": "integer", "multipleOf": 2},
    ],
    "amount": [
        {"type": "number"},
        {"type": "number", "exclusiveMinimum": 0.1, "maximum": 1000},
        {"type": "number", "minimum": 0, "exclusiveMinimum": 0},
        {"type": "number", "minimum": 0.30000000000000004},
    ],
    "flag": [{"type": "boolean"}, {"type": "boolean", "const": True}, {"type": "array"}],
}
STRINGS = (
    "a",
    "ä",
    "b",
    "",
    "\u2028",
    "USD\n",
    'q"uote',
    "back\\slash",
    "2025-08-18",
    "2025-02-30",
    "x@y.zz",
    "ab:c",
)
TOKENS = (
    *("0", "-0", "1", "1.0", "1.50", "-0.0", "0.1", "0.10", "0.1000000000000000055", "1000", "1000.01", "01"),
    *(
        "1e2",
        "1E400",
        "1e-400",
        "12345678901234567890",
        "1" * 39,
        "1234567890123456.789",
        "NaN",
        "true",
        "false",
        " true",
        "true ",
        " 1",
        "0.1000000000000000000",
        "0.09999999999999999999",
        "1000.0000000000000000000001",
        "0.10000000000000000000000000000000000001",
    ),
    *(
        "null",
        "[]",
        "{}",
        '"\\ud800"',
        '"\\u0061"',
        '"\\/"',
        '"a\tb"',
        '"1"',
        '""',
        '"a"',
        '"ä"',
        "0.30000000000000004",
    ),
)


@st.composite
def contract(draw: st.DrawFn) -> dict[str, Any]:
    """A contract of the dataset `things`."""
    names = ["id", *draw(st.lists(st.sampled_from(NAMES[1:]), unique=True, min_size=1))]
    key: dict[str, Any] = {"partition": {"name": "id", "type": "S"}}
    said: dict[str, Any] = {"sources": [{"keys": "things/**"}], "key": key}
    if "sort" in names and draw(st.booleans()):
        key["sort"] = {"name": "sort", "type": "S"}
    if "text" in names and draw(st.booleans()):
        lookup = {"to": "looked_up", "op": "lookup", "from": "text", "table": "reference/table.json"}
        said["derive"] = [{**lookup, **draw(st.sampled_from([{}, {"default": "none"}]))}]
    if "day" in names and draw(st.booleans()):
        said["rename"] = {"day": "on_day"}
    if draw(st.booleans()):
        said.setdefault("derive", []).append({"to": "made", "op": "constant", "value": "100 %"})
    if "amount" in names and draw(st.booleans()):
        when = {"properties": {"amount": {"exclusiveMinimum": 500}}, "required": ["amount"]}
        said["alerts"] = [{"name": "large", "severity": "info", "when": when, "message": "{id}"}]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Thing",
        "description": "A thing.",
        "type": "object",
        "properties": {name: draw(st.sampled_from(PROPERTIES[name])) for name in names},
        "required": draw(st.lists(st.sampled_from(names), unique=True)),
        "x-dataset": said,
    }


def _usual(name: str, number: int, row: int) -> str:
    if name in ("count", "amount"):
        return ("1", "2", "700.25", "0.5")[number % 4] if name == "amount" else str(number % 3)
    if name == "flag":
        return "true"
    text = {"id": f"i{row if number % 3 else 0}", "sort": "s", "text": "a", "day": "2025-08-18"}[name]
    return json.dumps(text)


@st.composite
def lines(draw: st.DrawFn, names: Sequence[str]) -> bytes:
    """A file of mostly ordinary records."""
    found, rare = [], draw(st.sets(st.sampled_from(names)))
    if draw(st.booleans()):
        names = draw(st.permutations(names))
    for row in range(draw(st.integers(1, 40))):
        number = draw(st.integers(0, 200))
        members = [(name, _usual(name, number, row)) for name in names if 7 * row % 5 or name not in rare]
        if number >= 190 and members:
            place = draw(st.integers(0, len(members) - 1))
            strange = st.sampled_from(TOKENS) | st.sampled_from(STRINGS).map(json.dumps)
            members[place] = (members[place][0], draw(strange))
        if number == 189 and members:
            members.append(draw(st.sampled_from(members)))
        if number == 188 and members:
            members.pop()
        if number == 187:
            members.append(("more", "1"))
        colon, comma = draw(st.sampled_from([(":", ","), (": ", ", "), (" :", " ,")]))
        line = "{" + comma.join(f"{json.dumps(name)}{colon}{token}" for name, token in members) + "}"
        oddities = {186: "", 185: " " + line, 184: line + line, 183: line[:-1], 182: line.replace(",", ",\n")}
        found.append(oddities.get(number, line) + ("\r" if 170 < number < 180 else ""))
    return ("\n".join(found) + draw(st.sampled_from(["", "\n"]))).encode()


@st.composite
def table(draw: st.DrawFn, names: Sequence[str], delimiter: str) -> bytes:
    """A CSV file of mostly ordinary rows."""
    text, rare = io.StringIO(), draw(st.sets(st.sampled_from(names)))
    empty = draw(st.sets(st.sampled_from(names)))
    writer = csv.writer(text, delimiter=delimiter, lineterminator=draw(st.sampled_from(["\n", "\r\n"])))
    writer.writerow(names)
    for row in range(draw(st.integers(1, 40))):
        number = draw(st.integers(0, 200))
        cells = [_usual(name, number, row).strip('"') for name in names]
        for place, name in enumerate(names):
            if name in empty or (name in rare and row % 3 == 0):
                cells[place] = ""
        if number >= 190:
            strange = st.sampled_from(TOKENS) | st.sampled_from(STRINGS)
            cells[draw(st.integers(0, len(cells) - 1))] = draw(strange)
        if number in (188, 189):
            cells = [*cells, "x"] if number == 189 else cells[:-1]
        writer.writerow(cells if number != 187 else [])
    return text.getvalue().encode()


MANY = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def both(folder: Path, body: bytes, format_: str, shards: int, partitions: int, least_alike: int = 1) -> int:
    """Hold both ways against each other; return how many records were proven."""
    outcomes = []
    for proven in (True, False):
        with pytest.MonkeyPatch.context() as monkeypatch:
            monkeypatch.setattr(reading, "LEAST_LINES", 2)
            monkeypatch.setattr(proofs, "LEAST_ALIKE", least_alike)
            outcomes.append(
                run(monkeypatch, folder, body, format_, shards=shards, partitions=partitions, proofs=proven)
            )
    fast, slow = outcomes
    if isinstance(fast, str) or isinstance(slow, str):
        assert fast == slow
        return 0
    assert isinstance(fast, Outcome)
    assert fast[:-1] == slow[:-1]
    assert slow.in_columns == 0
    return fast.in_columns


@MANY
@given(st.data(), contract(), st.integers(1, 2), st.integers(1, 3))
def test_json_lines_come_to_the_same_either_way(
    tmp_path: Path, data: st.DataObject, said: dict[str, Any], shards: int, partitions: int
) -> None:
    body = data.draw(lines(list(said["properties"])))
    both(schemas(tmp_path, said), body, "jsonl", shards, partitions)


@MANY
@given(st.data(), contract(), st.integers(1, 3), st.sampled_from(sorted(DELIMITERS.items())))
def test_rows_come_to_the_same_either_way(
    tmp_path: Path, data: st.DataObject, said: dict[str, Any], partitions: int, kind: tuple[str, str]
) -> None:
    format_, delimiter = kind
    body = data.draw(table(list(said["properties"]), delimiter))
    both(schemas(tmp_path, said), body, format_, 1, partitions)


ORDER = {
    "order_id": "o-1",
    "customer_id": "c",
    "order_date": "2025-08-18",
    "quantity": 1,
    "amount": 1.5,
    "currency": "USD",
}


def orders(tmp_path: Path) -> Path:
    """Make the contract of the orders that of the dataset `things`."""
    said = json.loads((ROOT / "schemas/datasets/orders/1.json").read_bytes())
    said["x-dataset"]["sources"] = [{"keys": "things/**"}]
    folder = schemas(tmp_path, said)
    (folder / "reference/currencies.json").write_bytes(
        (ROOT / "schemas/reference/currencies.json").read_bytes()
    )
    return folder


def test_ordinary_orders_are_proven(tmp_path: Path) -> None:
    records = [{**ORDER, "order_id": f"o-{number}"} for number in range(100)]
    body = "".join(json.dumps(each) + "\n" for each in records).encode()
    assert both(orders(tmp_path), body, "jsonl", 1, 2) >= 99


def test_one_bad_order_leaves_its_neighbours_proven(tmp_path: Path) -> None:
    records = [{**ORDER, "order_id": f"o-{number}", "quantity": number - 50} for number in range(49, 151)]
    body = "".join(json.dumps(each) + "\n" for each in records).encode()
    assert both(orders(tmp_path), body, "jsonl", 1, 1) >= 98


def things(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a contract of things with an id."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Thing",
        "description": "A thing.",
        "type": "object",
        "properties": {"id": {"type": "string"}, **properties},
        "required": ["id"],
        "x-dataset": {"sources": [{"keys": "things/**"}], "key": {"partition": {"name": "id", "type": "S"}}},
        **more,
    }


def in_lines(records: Iterable[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(each) + "\n" for each in records).encode()


def test_records_with_and_without_optional_members_are_proven(tmp_path: Path) -> None:
    said = things({"a": {"type": "string"}, "b": {"type": "integer"}})
    records = [
        {"id": f"i-{at}", **({"a": "x"} if at % 2 else {}), **({"b": at} if at % 3 else {})}
        for at in range(400)
    ]
    folder = schemas(tmp_path, said)
    rows = [f"{each['id']},{each.get('a', '')},{each.get('b', '')}\n" for each in records]

    assert both(folder, in_lines(records), "jsonl", 1, 2, proofs.LEAST_ALIKE) == 400
    assert both(folder, ("id,a,b\n" + "".join(rows)).encode(), "csv", 1, 2, proofs.LEAST_ALIKE) == 400


def test_a_column_without_a_value_keeps_no_row_from_being_proven(tmp_path: Path) -> None:
    folder = schemas(tmp_path, things({"a": {"type": "integer"}}))
    body = b"id,a\n" + b"".join(b"i-%d,\n" % at for at in range(100))
    assert both(folder, body, "csv", 1, 1, proofs.LEAST_ALIKE) == 100


@pytest.mark.parametrize(
    "odd", [{"more": 1}, {"quantity": -1}, {"amount": "x"}, {"currency": "\\"}, {"customer_id": None}]
)
def test_one_odd_order_in_twenty_leaves_all_others_proven(tmp_path: Path, odd: dict[str, Any]) -> None:
    records = [{**ORDER, "order_id": f"o-{at}", **(odd if at % 20 == 7 else {})} for at in range(400)]
    lines_of = [json.dumps(each) for each in records]
    lines_of[100] = lines_of[100][:-1]

    body = ("\n".join(lines_of) + "\n").encode()

    assert both(orders(tmp_path), body, "jsonl", 1, 2, proofs.LEAST_ALIKE) == 400 - 20 - 1


@pytest.mark.parametrize(
    ("number", "is_proven"),
    [
        ("0.04950495049504951", True),
        ("1" * 38, True),
        ("1" * 39, False),
        ("1000", True),
        ("1000.00000000000000001", False),
        ("999.99999999999999999", False),
    ],
)
def test_numbers_of_38_digits_are_proven_unless_a_float_takes_them_for_a_bound(
    tmp_path: Path, number: str, is_proven: bool
) -> None:
    amount = {"type": "number"} if len(number) > 30 else {"type": "number", "maximum": 1000}
    body = b"id,a\n" + b"".join(b"i-%d,%b\n" % (at, number.encode()) for at in range(100))
    found = both(schemas(tmp_path, things({"a": amount})), body, "csv", 1, 1, proofs.LEAST_ALIKE)
    assert found == (100 if is_proven else 0)


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb", "", "é", "a b", "class", "f0"])
def test_any_name_may_be_that_of_a_property(tmp_path: Path, name: str) -> None:
    folder = schemas(tmp_path, things({name: {"type": "string"}}))
    records = [{"id": f"i-{at}", name: "x"} for at in range(100)]
    assert both(folder, in_lines(records), "jsonl", 1, 1) in (0, 100)


def test_where_little_is_proven_it_is_not_tried_for_each_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried, prove = [], proofs.Proof.of_lines
    monkeypatch.setattr(proofs.Proof, "of_lines", lambda self, block: tried.append(1) or prove(self, block))
    folder = schemas(tmp_path, things({"a": {"type": "object"}}))
    records = [{"id": f"i-{at}" + "x" * 90, "a": {}} for at in range(20_000)]

    with pytest.MonkeyPatch.context() as patched:
        found = run(patched, folder, in_lines(records), "jsonl", proofs=True)

    assert isinstance(found, Outcome)
    assert (found.in_columns, found.counts[0][0]["valid"]) == (0, 20_000)
    assert len(tried) == reading.PATIENCE


@pytest.mark.parametrize(
    "pair",
    [
        b'{"a":1,"b":2}{"a":1,"b":2}\n{"a":\n1,"b":2}\n',
        b'{"a":1,"b":2}{"a":1,"b":2}\n{"a":\n{"x":1},"b":2}\n',
        b'{"a":1,\n"b":2}{"a":1,"b":2}\n',
        b'{"a":1,"b":\n{}}{"a":1,"b":2}\n',
        b'{"a":1,"b":[\n{}]}{"a":1,"b":2}\n',
    ],
)
def test_records_that_lie_across_lines_are_none_and_two_in_a_line_neither(
    tmp_path: Path, pair: bytes
) -> None:
    said = {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}, "id": {"type": "string"}},
        "x-dataset": {
            "sources": [{"keys": "things/**"}],
            "key": {"partition": {"name": "key", "type": "S"}},
            "derive": [{"to": "key", "op": "constant", "value": "k"}],
        },
    }
    said |= {
        "title": "Pair",
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "description": "Two.",
    }
    good = b'{"a":1,"b":2}\n' * 5
    assert both(schemas(tmp_path, said), pair * 3 + good, "jsonl", 1, 1) <= 5
    assert both(schemas(tmp_path, said), good + pair + good, "jsonl", 1, 1) == 10


def test_a_row_that_spans_blocks_is_one_row(tmp_path: Path) -> None:
    row = "o-{},c,2025-08-18,1,1.5,USD\n"
    spanning = 'o-x,"' + "c\n" * 30 + '",2025-08-18,1,1.5,USD\n'
    text = ",".join(ORDER) + "\n" + "".join(map(row.format, range(20))) + spanning
    body = (text + "".join(map(row.format, range(20, 60)))).encode()
    assert both(orders(tmp_path), body, "csv", 1, 1) > 30
