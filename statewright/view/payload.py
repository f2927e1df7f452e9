"""Payloads as people read them: unfolded, compared, measured."""

from __future__ import annotations

import json
from math import isfinite
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = Any

PAYLOAD_LIMIT = 262_144  # https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
MAX_DIFFERENCES = 200
_LONGEST_VALUE = 300
_UNFOLDED_LEVELS = 4
_DEEPEST = 60


def parse(text: str | None) -> Json:
    """Return the value of a JSON text; the text itself where it is none, None without a text."""
    if text is None:
        return None
    try:
        return json.loads(text, parse_constant=_no_constant, parse_float=_number)
    except (ValueError, RecursionError):
        return text


def _no_constant(name: str) -> Json:
    raise ValueError(f"{name} is not JSON")


def _number(text: str) -> float | str:
    """Return a number; one beyond what a float holds as its text."""
    number = float(text)
    return number if isfinite(number) else text


def size(text: str | None) -> int | None:
    """Return the bytes of a payload, None where the history does not tell it."""
    return None if text is None else len(text.encode("utf-8", "surrogatepass"))


def unfold(value: Json, level: int = 0) -> Json:
    """Put the values for texts that are JSON objects or arrays, as causes of errors hold them."""
    if level > _UNFOLDED_LEVELS:
        return value
    if isinstance(value, str):
        inner = parse(value) if value[:1] in ("{", "[") else value
        return unfold(inner, level + 1) if isinstance(inner, dict | list) else value
    if isinstance(value, dict):
        return {name: unfold(each, level + 1) for name, each in value.items()}
    if isinstance(value, list):
        return [unfold(each, level + 1) for each in value]
    return value


def redact(value: Json, level: int = 0) -> Json:
    """Put the kind and the length for each value, so that the form of a payload is told and nothing in it.

    Names of members stay.
    """
    if isinstance(value, dict):
        if level > _DEEPEST:
            return f"object of {len(value)}"
        return {name: redact(each, level + 1) for name, each in value.items()}
    if isinstance(value, list):
        return f"array of {len(value)}" if level > _DEEPEST else [redact(each, level + 1) for each in value]
    if isinstance(value, str):
        return f"string of {len(value)}"
    return "null" if value is None else "boolean" if isinstance(value, bool) else "number"


def differences(before: Json, after: Json) -> list[dict[str, Json]]:
    """Return what is added (+), removed (-) and changed (~) from one value to another, by path.

    At most MAX_DIFFERENCES; values are shortened.
    """
    found: list[dict[str, Json]] = []
    for each in _differences(before, after, "$", 0):
        if len(found) == MAX_DIFFERENCES:
            found.append({"op": "…", "path": "and more"})
            break
        found.append(each)
    return found


def _differences(before: Json, after: Json, path: str, level: int) -> Iterator[dict[str, Json]]:
    if _same(before, after):
        return
    if level < _DEEPEST and isinstance(before, dict) and isinstance(after, dict):
        yield from _of_objects(before, after, path, level)
    elif level < _DEEPEST and isinstance(before, list) and isinstance(after, list):
        yield from _of_arrays(before, after, path, level)
    else:
        yield {"op": "~", "path": path, "before": _short(before), "after": _short(after)}


def _of_objects(
    before: dict[str, Json], after: dict[str, Json], path: str, level: int
) -> Iterator[dict[str, Json]]:
    for name in before:
        if name not in after:
            yield {"op": "-", "path": f"{path}.{name}", "before": _short(before[name])}
    for name, value in after.items():
        if name not in before:
            yield {"op": "+", "path": f"{path}.{name}", "after": _short(value)}
        else:
            yield from _differences(before[name], value, f"{path}.{name}", level + 1)


def _of_arrays(before: list[Json], after: list[Json], path: str, level: int) -> Iterator[dict[str, Json]]:
    for index, (one, other) in enumerate(zip(before, after, strict=False)):
        yield from _differences(one, other, f"{path}[{index}]", level + 1)
    for index in range(len(after), len(before)):
        yield {"op": "-", "path": f"{path}[{index}]", "before": _short(before[index])}
    for index in range(len(before), len(after)):
        yield {"op": "+", "path": f"{path}[{index}]", "after": _short(after[index])}


def _same(one: Json, other: Json) -> bool:
    """Compare as JSON does: true is not 1, and 1 is not 1.0."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _short(value: Json) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + "…"
