"""CSV and TSV (RFC 4180, header required): rows with their bytes, cells typed by the contract."""

from __future__ import annotations

import csv
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline import documents, values
from pipeline.errors import MalformedFile
from pipeline.formats import encoding
from pipeline.formats.lines import MAX_LINE_BYTES
from pipeline.rejects import Reject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pipeline.contracts import Contract
    from pipeline.formats.lines import Line
    from pipeline.values import Record

DELIMITERS = {"csv": ",", "tsv": "\t"}
# A quote that never ends takes in the lines after it: so many, which bounds memory and what is lost to it.
MAX_ROW_LINES = 50_000
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,9})?")
# Python refuses to convert longer integers, and DynamoDB keeps 38 digits.
_MAX_CELL_DIGITS = 1000


class Row(NamedTuple):
    """A row's cells, or why it has none; `raw` is its bytes, `size` more where they were cut."""

    line: int
    offset: int
    raw: bytes
    size: int
    cells: list[str] | Reject


def rows(lines: Iterator[Line], delimiter: str, *, one_line_records: bool) -> Iterator[Row]:
    """Yield each row that is not blank; a line that is too long, or quoted wrongly, yields a Reject."""
    csv.field_size_limit(2 * MAX_LINE_BYTES)  # lines bound the cells already
    for first in lines:
        taken = [first]
        if first.size > len(first.raw):
            yield _row(taken, _too_long())
            continue
        cells = _cells(taken, iter(()) if one_line_records else lines, delimiter)
        if cells:
            yield _row(taken, cells)


def _cells(taken: list[Line], lines: Iterator[Line], delimiter: str) -> list[str] | Reject:
    """Parse the row that begins with the one line in `taken`; more lines are taken as its quotes ask."""
    size = 0

    def texts() -> Iterator[str]:
        nonlocal size
        yield encoding.text(taken[0].raw, taken[0].offset) + "\n"
        for line in lines:
            taken.append(line)
            size += line.size
            if size > MAX_LINE_BYTES or line.size > len(line.raw) or len(taken) > MAX_ROW_LINES:
                raise _RowTooLong
            yield encoding.text(line.raw, line.offset) + "\n"

    try:
        return next(csv.reader(texts(), delimiter=delimiter, strict=True))
    except csv.Error:
        return Reject("syntax", "", "not a row of RFC 4180: a quote or a line break is out of place")
    except _RowTooLong:
        return _too_long()


class _RowTooLong(Exception):  # noqa: N818 - control flow inside this module
    """The quotes of a row do not end within the longest row."""


def _too_long() -> Reject:
    return Reject("line_too_long", "", f"longer than {MAX_LINE_BYTES} bytes or {MAX_ROW_LINES} lines")


def _row(taken: Sequence[Line], cells: list[str] | Reject) -> Row:
    raw = b"\n".join(line.raw for line in taken)
    size = sum(line.size for line in taken) + len(taken) - 1
    return Row(taken[0].number, taken[0].offset, raw, size, cells)


def header(row: Row | None, contract: Contract) -> list[str]:
    """Return the column names of a header row; raises MalformedFile where they do not fit the contract."""
    if row is None or isinstance(row.cells, Reject):
        raise MalformedFile("the file has no header row that can be read")
    names = row.cells
    properties = contract.schema["properties"]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        said = f"column {twice!r}" if twice in properties else f"the column at place {names.index(twice) + 1}"
        raise MalformedFile(f"{said} stands twice in the header")
    missing = [name for name in contract.schema.get("required", ()) if name not in names]
    if missing:
        raise MalformedFile(f"the header lacks {', '.join(missing)}, which {contract.name} requires")
    if "" in names:
        raise MalformedFile(f"the column at place {names.index('') + 1} has no name")
    return names


def to_record(names: Sequence[str], typing: Mapping[str, Any], cells: Sequence[str]) -> Record | Reject:
    """Return the record of a row, or why it is none; empty cells are absent."""
    if len(cells) != len(names):
        return Reject("ragged_row", "", f"the header has {len(names)} columns, the row has {len(cells)}")
    record: Record = {}
    for name, cell in zip(names, cells, strict=True):
        if not cell:
            continue
        convert = typing.get(name)
        value = cell if convert is None else convert(cell)
        if isinstance(value, Reject):
            return Reject(value.rule, documents.pointer([name]), value.message)
        record[name] = value
    return record


def converters(contract: Contract) -> dict[str, Any]:
    """Return a converter for each property that is not a string."""
    found = {}
    for name, schema in contract.schema["properties"].items():
        kinds = _kinds(schema)
        if kinds and "string" not in kinds[:1]:
            found[name] = _converter(contract.name, kinds)
    return found


def _kinds(schema: Any) -> list[str]:
    """Return the types that a cell may have, the narrowest first; none where all are allowed."""
    said = schema.get("type", []) if isinstance(schema, dict) else []
    kinds = [said] if isinstance(said, str) else list(said)
    order = ["boolean", "integer", "number", "string"]
    return sorted(
        (kind for kind in kinds if kind != "null"),
        key=lambda kind: order.index(kind) if kind in order else -1,
    )


def _converter(contract: str, kinds: Sequence[str]) -> Callable[[str], Any]:
    wanted = documents.shown(list(kinds) if len(kinds) > 1 else kinds[0])
    wrong = Reject("type", "", f"the contract {contract} wants type: {wanted}")

    def convert(cell: str) -> Any:
        for kind in kinds:
            value = _CELLS[kind](cell) if kind in _CELLS else None
            if value is not None:
                return value
        return wrong

    return convert


def _boolean(cell: str) -> bool | None:
    return {"true": True, "false": False}.get(cell)


def _integer(cell: str) -> int | Reject | None:
    if not _INTEGER.fullmatch(cell):
        return None
    return int(cell) if len(cell) <= _MAX_CELL_DIGITS else Reject("number", "", values.NUMBER)


def _number(cell: str) -> int | Decimal | Reject | None:
    if not _NUMBER.fullmatch(cell):
        return None
    if len(cell) > _MAX_CELL_DIGITS:
        return Reject("number", "", values.NUMBER)
    return int(cell) if _INTEGER.fullmatch(cell) else Decimal(cell)


_CELLS: dict[str, Callable[[str], Any]] = {
    "boolean": _boolean,
    "integer": _integer,
    "number": _number,
    "string": str,
}
