"""The columns that processed records of a dataset have in Parquet, typed by its contract.

    string                          string, with `format: date` date32
    integer                         int64
    number                          decimal128(38, 9); the digits after the point are those of `multipleOf`
    boolean                         bool
    array, object, several types    string: its JSON

All may be null. What a column cannot hold exactly, and what has no column, is in `_more`, a JSON object: no
value is rounded or lost. The types follow from the contract alone, so the files of all days fit one table.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Kind = Literal["string", "date", "int64", "decimal", "bool", "json", "strings"]
Json = Any

# Athena's and Spark's widest: https://docs.aws.amazon.com/athena/latest/ug/data-types.html
DIGITS = 38
SCALE = 9
MORE = "_more"
# What the pipeline writes into each item (functions/pipeline/contract_checks.py), but where its body lies.
LINEAGE: dict[str, Kind] = {
    "_file_id": "string",
    "_contract": "string",
    "_s3_key": "string",
    "_sent": "string",
    "_digest": "string",
    "_line": "int64",
    "_offset": "int64",
    "_alerts": "strings",
}
_KINDS: dict[str, Kind] = {"string": "string", "integer": "int64", "number": "decimal", "boolean": "bool"}
# More digits than the pipeline lets pass: nothing is rounded.
_EXACT = Context(prec=400)
_ENCODER = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True)
class Column:
    """A column; `scale` counts the digits after the point of a decimal."""

    name: str
    kind: Kind
    scale: int = 0


def columns_of(contract: Mapping[str, Json]) -> list[Column]:
    """Return the columns of a contract's records: its properties, what it derives, their lineage."""
    said = contract["x-dataset"]
    rename, hidden = said.get("rename", {}), said.get("pseudonymise", ())
    found = {
        rename.get(name, name): Column(rename.get(name, name), "string")
        if name in hidden
        else _column(rename.get(name, name), schema)
        for name, schema in contract["properties"].items()
    }
    for step in said.get("derive", ()):
        found[step["to"]] = _derived(step)
    if "ttl" in said:
        found[said["ttl"]["attribute"]] = Column(said["ttl"]["attribute"], "int64")
    return [*found.values(), *(Column(name, kind) for name, kind in LINEAGE.items())]


def _column(name: str, schema: Json) -> Column:
    said = schema.get("type") if isinstance(schema, dict) else None
    types = [each for each in (said if isinstance(said, list) else [said]) if each != "null"]
    kind = _KINDS.get(str(types[0]), "json") if len(types) == 1 else "json"
    if kind == "string" and schema.get("format") == "date":
        return Column(name, "date")
    if kind == "decimal":
        return Column(name, "decimal", _scale(schema.get("multipleOf")))
    return Column(name, kind)


def _scale(step: Json) -> int:
    exponent = Decimal(str(step)).normalize().as_tuple().exponent if step is not None else -SCALE
    return min(DIGITS, max(0, -exponent)) if isinstance(exponent, int) else SCALE


def _derived(step: Mapping[str, Json]) -> Column:
    name = step["to"]
    if step["op"] == "round":
        return Column(name, "decimal", step.get("digits", 0))
    if step["op"] == "constant":
        kinds: dict[type, Kind] = {bool: "bool", int: "int64"}
        return Column(name, kinds.get(type(step["value"]), "string"))
    return Column(name, "string")


def row_of(record: Mapping[str, Json], columns: list[Column]) -> dict[str, Json]:
    """Return a record's values by column, and what no column holds in `_more`."""
    row: dict[str, Json] = {}
    held: set[str] = set()
    for column in columns:
        value = record.get(column.name)
        row[column.name] = found = None if value is None else _held(value, column)
        if found is not None or value is None:
            held.add(column.name)
    more = {name: value for name, value in record.items() if name not in held}
    row[MORE] = _ENCODER.encode(more).decode() if more else None
    return row


def _held(value: Json, column: Column) -> Json:
    """Return a value as its column has it, None where it cannot hold that exactly."""
    if column.kind == "json":
        return _ENCODER.encode(value).decode()
    if column.kind in ("int64", "decimal"):
        return _number(value, column)
    if column.kind == "date":
        return _date(value)
    if column.kind == "strings":
        return value if isinstance(value, list) and all(isinstance(each, str) for each in value) else None
    wanted = bool if column.kind == "bool" else str
    return value if isinstance(value, wanted) else None


def _number(value: Json, column: Column) -> int | Decimal | None:
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        return None
    if column.kind == "int64":
        whole = int(value)
        return whole if whole == value and -(2**63) <= whole < 2**63 else None
    exact = _EXACT.normalize(Decimal(value))
    exponent = exact.as_tuple().exponent
    assert isinstance(exponent, int)  # JSON has no infinity
    if not exact:
        return Decimal(0)
    return exact if -exponent <= column.scale and exact.adjusted() < DIGITS - column.scale else None


def _date(value: Json) -> date | None:
    try:
        found = date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found is not None and found.isoformat() == value else None


def decoded(lines: Iterator[bytes]) -> Iterator[dict[str, Json]]:
    """Yield the records of lines, with all digits of their numbers."""
    decoder = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)
    return (decoder.decode(line) for line in lines)
