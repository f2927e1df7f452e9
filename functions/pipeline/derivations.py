"""The closed set of derivations that a contract may name, compiled to functions that change a record."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import TYPE_CHECKING, Any

from pipeline.documents import pointer
from pipeline.rejects import Reject
from pipeline.values import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.values import Record

    Step = Callable[[Record, Callable[[], str]], Reject | None]
    """Changes a record; the second argument gives its content hash when asked."""

_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[Tt ][0-9].*)?", re.ASCII)
_ROUNDING = Context(prec=200, rounding=ROUND_HALF_EVEN)


def moment(text: object) -> datetime | None:
    """Return the moment of an ISO 8601 date (its midnight) or date-time; without offset it is UTC."""
    if not isinstance(text, str) or not _TIME.fullmatch(text):
        return None
    try:
        found = datetime.fromisoformat(text.upper())
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def day(text: object) -> date | None:
    """Return the day (UTC) of a date or date-time."""
    found = moment(text)
    return found.date() if found else None


def compiled(step: Mapping[str, Any], tables: Mapping[str, Mapping[str, Any]]) -> Step:
    """Return the function of one derivation; `tables` are the reference files by name."""
    return _COMPILERS[step["op"]](step, tables)


def _date(step: Mapping[str, Any], _: Any) -> Step:
    source, to = step["from"], step["to"]
    fault = Reject("date", pointer([source]), f"{to} needs a date or date-time (ISO 8601) in {source}")

    def derive(record: Record, _: Callable[[], str]) -> Reject | None:
        if (value := record.get(source)) is None:
            return None
        found = day(value)
        if found is None:
            return fault
        record[to] = found.isoformat()
        return None

    return derive


def _round(step: Mapping[str, Any], _: Any) -> Step:
    source, to = step["from"], step["to"]
    unit = Decimal(1).scaleb(-step["digits"])
    fault = Reject("round", pointer([source]), f"{to} needs a number in {source}")

    def derive(record: Record, _: Callable[[], str]) -> Reject | None:
        value = record.get(source)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
            return fault
        record[to] = value if isinstance(value, int) else value.quantize(unit, context=_ROUNDING)
        return None

    return derive


def _constant(step: Mapping[str, Any], _: Any) -> Step:
    def derive(record: Record, _: Callable[[], str]) -> Reject | None:
        record[step["to"]] = step["value"]
        return None

    return derive


def _lookup(step: Mapping[str, Any], tables: Mapping[str, Mapping[str, Any]]) -> Step:
    source, to, table, default = step["from"], step["to"], tables[step["table"]], step.get("default")
    fault = Reject("lookup", pointer([source]), f"{step['table']} says nothing of what {source} holds")

    def derive(record: Record, _: Callable[[], str]) -> Reject | None:
        value = record.get(source)
        if value is None:
            return None
        found = table.get(value, default) if isinstance(value, str) else default
        if found is None:
            return fault
        record[to] = found
        return None

    return derive


def _content_hash(step: Mapping[str, Any], _: Any) -> Step:
    def derive(record: Record, content_hash: Callable[[], str]) -> Reject | None:
        record[step["to"]] = content_hash()
        return None

    return derive


def _join(step: Mapping[str, Any], _: Any) -> Step:
    to, separator = step["to"], step["separator"]

    def derive(record: Record, _: Callable[[], str]) -> Reject | None:
        parts = []
        for source in step["from"]:
            value = record.get(source)
            if value is None:
                return None
            if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
                return Reject("join", pointer([source]), f"{to} needs a string or a number in {source}")
            parts.append(value if isinstance(value, str) else str(plain(Decimal(value))))
        record[to] = separator.join(parts)
        return None

    return derive


_COMPILERS: dict[str, Callable[[Mapping[str, Any], Mapping[str, Mapping[str, Any]]], Step]] = {
    "date": _date,
    "round": _round,
    "constant": _constant,
    "lookup": _lookup,
    "content_hash": _content_hash,
    "join": _join,
}
