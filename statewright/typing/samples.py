"""A few values of a type: the corners, where another type is likely to differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from statewright.typing.lattice import is_within, item_at
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
    shapes_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = Any

_MOST = 12
_MAX_DEPTH = 6
_MAX_LENGTH = 1000


def samples(type_: Type, depth: int = 0) -> list[Json]:
    """Give some values that are certainly in a type; none where refinements or depth leave that open."""
    if type_.is_unknown:
        return [None, "", 0]
    if depth > _MAX_DEPTH:
        return []
    found: list[Json] = []
    for shape in shapes_of(type_):
        if not isinstance(shape, Named) and not shape.also:
            found += _of_shape(shape, depth)
    return found[:_MOST]


def _of_shape(shape: Shape, depth: int) -> list[Json]:
    if isinstance(shape, Null):
        return [None]
    if isinstance(shape, Boolean):
        return sorted(shape.values)
    if isinstance(shape, Number):
        return list(_numbers(shape))
    if isinstance(shape, String):
        return list(_strings(shape))
    if isinstance(shape, Array):
        return list(_arrays(shape, depth))
    assert isinstance(shape, Object)
    return list(_objects(shape, depth))


def _numbers(shape: Number) -> Iterator[float]:
    if shape.values is not None:
        yield from sorted(shape.values)
        return
    low = shape.low if shape.low != -INFINITY else None
    high = shape.high if shape.high != INFINITY else None
    near = low if low is not None else high if high is not None else 0
    candidates: list[float] = [near, near + 1, near - 1, near + 0.5, near - 0.5, -1, 0, 1, 1e6]
    candidates += [] if high is None else [high, high - 0.5]
    yield from (each for each in dict.fromkeys(candidates) if is_within(shape, each))


def _strings(shape: String) -> Iterator[str]:
    if shape.is_opaque:
        return
    if shape.values is not None:
        yield from sorted(shape.values)
    elif shape.low <= _MAX_LENGTH:
        yield "x" * shape.low
        if shape.high is None or shape.high > shape.low:
            yield "x" * (shape.low + 1)


def _arrays(shape: Array, depth: int) -> Iterator[list[Json]]:
    for length in (shape.low, max(shape.low, len(shape.prefix)) + 1):
        if length > _MAX_LENGTH or (shape.high is not None and length > shape.high):
            continue
        items = [samples(item_at(shape, place), depth + 1) for place in range(length)]
        if all(items):
            yield [item[0] for item in items]


def _objects(shape: Object, depth: int) -> Iterator[dict[str, Json]]:
    members = {name: samples(member.type, depth + 1) for name, member in shape.fields.items()}
    required = [name for name, member in shape.fields.items() if member.is_required]
    if not all(members[name] for name in required):
        return
    least = {name: members[name][0] for name in required}
    most = {name: values[0] for name, values in members.items() if values}
    for value in (least, most):
        if len(value) >= shape.low and (shape.high is None or len(value) <= shape.high):
            yield value
    for name in required:
        for other in members[name][1:]:
            yield {**least, name: other}
