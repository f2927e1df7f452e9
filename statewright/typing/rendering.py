"""Types in words: short, as a person would say them, for messages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from statewright.typing.shapes import (
    INFINITY,
    Array,
    Boolean,
    Named,
    Null,
    Number,
    Object,
    Shape,
    String,
    Type,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

_MAX_DEPTH = 3
_MOST_NAMES = 8
_MOST_VALUES = 6


def show(type_: Type, depth: int = 0) -> str:
    """Write a type in one line: `{id: string, size?: integer ≥ 0} | null`."""
    if type_.is_unknown:
        return "unknown"
    if type_.is_never:
        return "nothing"
    shown = dict.fromkeys(_show_shape(shape, depth) for shape in type_.shapes)
    return " | ".join(shown)


def show_names(shape: Object) -> str:
    """List the names of an object's fields."""
    names = [name for name, member in shape.fields.items() if not member.type.is_never]
    if not names:
        return "no field" if shape.is_closed else "no field by name"
    return few(names, _MOST_NAMES)


def few(names: Iterable[str], most: int) -> str:
    """List some names, and how many are left out."""
    listed = list(names)
    shown = ", ".join(listed[:most])
    return shown if len(listed) <= most else f"{shown} and {len(listed) - most} more"


def _show_shape(shape: Shape, depth: int) -> str:
    if isinstance(shape, Null):
        return "null"
    if isinstance(shape, Boolean):
        return "boolean" if len(shape.values) == 2 else str(next(iter(shape.values))).lower()
    if isinstance(shape, Number):
        return _show_number(shape)
    if isinstance(shape, String):
        return _show_string(shape)
    if isinstance(shape, Named):
        return shape.name
    return _show_array(shape, depth) if isinstance(shape, Array) else _show_object(shape, depth)


def _show_number(shape: Number) -> str:
    if shape.values is not None:
        return " | ".join(map(str, sorted(shape.values)[:_MOST_VALUES]))
    name = "integer" if shape.is_integer else "number"
    if shape.low != -INFINITY:
        name += f" {'>' if shape.is_low_open else '≥'} {shape.low}"
    if shape.high != INFINITY:
        name += f" {'<' if shape.is_high_open else '≤'} {shape.high}"
    return name + _show_refinements(shape.also)


def _show_string(shape: String) -> str:
    if shape.values is not None:
        shown = [f"'{value}'" for value in sorted(shape.values)[:_MOST_VALUES]]
        more = len(shape.values) - _MOST_VALUES
        return " | ".join(shown) + (f" and {more} more" if more > 0 else "")
    length = ""
    if shape.low and shape.high is not None:
        length = f" of {shape.low} to {shape.high} characters"
    elif shape.low:
        length = f" of {shape.low} characters or more"
    elif shape.high is not None:
        length = f" of at most {shape.high} characters"
    return f"string{length}{_show_refinements(shape.also)}"


def _show_refinements(also: frozenset[str]) -> str:
    shown = []
    for text in sorted(also):
        try:
            shown += [f"{key} {value}" for key, value in json.loads(text).items()]
        except (ValueError, AttributeError):
            shown.append(text)
    return f" ({', '.join(shown)})" if shown else ""


def _show_array(shape: Array, depth: int) -> str:
    if shape.high == 0:
        return "[]"
    if depth >= _MAX_DEPTH:
        return "array"
    if shape.prefix and shape.low == shape.high == len(shape.prefix):
        return "[" + ", ".join(show(item, depth + 1) for item in shape.prefix) + "]"
    items = show(shape.items if not shape.prefix else shape.prefix[0], depth + 1)
    return f"array of {items if ' | ' not in items else '(' + items + ')'}"


def _show_object(shape: Object, depth: int) -> str:
    if not shape.fields:
        if shape.is_closed:
            return "{}"
        return (
            "object"
            if shape.rest.is_unknown or depth >= _MAX_DEPTH
            else f"map of {show(shape.rest, depth + 1)}"
        )
    if depth >= _MAX_DEPTH:
        return "object"
    parts = [
        f"{name}{'' if member.is_required else '?'}: {show(member.type, depth + 1)}"
        for name, member in list(shape.fields.items())[:_MOST_NAMES]
    ]
    if len(shape.fields) > _MOST_NAMES or not shape.is_closed:
        parts.append("…")
    return "{" + ", ".join(parts) + "}"
