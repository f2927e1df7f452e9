"""Records that a contract accepts, generated from its JSON Schema.

The library for it, hypothesis-jsonschema, does not run with the Hypothesis of today: its newest version,
0.23.1 of 2024, uses internals that are gone.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
CONTRACTS = sorted(f"{path.parent.name}/{path.stem}" for path in (SCHEMAS / "datasets").glob("*/*.json"))
# Keywords that say nothing about a value.
_WORDS = {"$schema", "title", "description", "x-dataset"}
_MOMENTS = st.datetimes().map(lambda moment: moment.isoformat(timespec="seconds") + "Z")
_FORMATS = {
    "date": st.dates().map(lambda day: day.isoformat()),
    "date-time": _MOMENTS,
    "email": st.from_regex(r"[a-z]{1,8}@[a-z]{1,8}\.org", fullmatch=True),
}
# Without half surrogate pairs, which no JSON in UTF-8 can hold.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
# 38 digits are what DynamoDB holds.
NUMBERS = st.integers(-(10**30), 10**30) | st.decimals(-(10**12), 10**12, places=3).map(float)


def contract(name: str) -> dict[str, Any]:
    """Return a contract, `<dataset>/<version>`."""
    found: dict[str, Any] = json.loads((SCHEMAS / "datasets" / f"{name}.json").read_text(encoding="utf-8"))
    return found


def key_of(name: str, suffix: str) -> str:
    """Return a key that leads to the contract."""
    return f"{name.partition('/')[0]}/x.{suffix}"


def values(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Generate what a schema accepts; raises KeyError for a keyword that is not known here."""
    said = {name: value for name, value in schema.items() if name not in _WORDS}
    kind = said.pop("type")
    return _KINDS[kind](**said)


def _objects(
    properties: dict[str, Any] | None = None, required: list[str] | None = None
) -> st.SearchStrategy[Any]:
    if properties is None:
        return st.dictionaries(st.sampled_from(["a", "b", "c"]), TEXT | NUMBERS | st.none(), max_size=3)
    wanted = {name: values(properties[name]) for name in required or ()}
    others = {name: values(each) for name, each in properties.items() if name not in wanted}
    return st.fixed_dictionaries(wanted, optional=others)


def _strings(
    minLength: int = 0,  # noqa: N803 - JSON Schema's names
    maxLength: int = 20,  # noqa: N803
    pattern: str | None = None,
    format: str | None = None,  # noqa: A002
) -> st.SearchStrategy[Any]:
    if format is not None:
        return _FORMATS[format]
    if pattern is not None:
        return st.from_regex(pattern.replace("$", r"\Z")).filter(lambda text: len(text) >= minLength)
    return TEXT.filter(lambda text: minLength <= len(text) <= maxLength)


def _integers(minimum: int = -(10**30)) -> st.SearchStrategy[Any]:
    return st.integers(minimum, 10**30)


def _numbers(minimum: int = -(10**30)) -> st.SearchStrategy[Any]:
    return NUMBERS.filter(lambda number: number >= minimum)


_KINDS: dict[str, Callable[..., st.SearchStrategy[Any]]] = {
    "object": _objects,
    "string": _strings,
    "integer": _integers,
    "number": _numbers,
}
