"""Does one value belong to a type? True, False, or None where a refinement would have to be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from statewright.typing.lattice import field_of, is_within, item_at
from statewright.typing.shapes import (
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
    from collections.abc import Iterable

Json = Any
Answer = bool | None


def contains(type_: Type, value: Json) -> Answer:
    """Say whether a value is in a type."""
    if type_.is_unknown:
        return True
    return _any(_shape_contains(shape, value) for shape in shapes_of(type_))


def _any(answers: Iterable[Answer]) -> Answer:
    result: Answer = False
    for answer in answers:
        if answer:
            return True
        if answer is None:
            result = None
    return result


def _all(answers: Iterable[Answer]) -> Answer:
    result: Answer = True
    for answer in answers:
        if answer is False:
            return False
        if answer is None:
            result = None
    return result


def _shape_contains(shape: Shape, value: Json) -> Answer:
    if isinstance(shape, Named):
        return None
    found = _fits(shape, value)
    return None if found and shape.also else found


def _fits(shape: Shape, value: Json) -> Answer:
    if isinstance(shape, Null):
        return value is None
    if isinstance(shape, Boolean):
        return isinstance(value, bool) and value in shape.values
    if isinstance(shape, Number):
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return is_number and is_within(shape, value) and (shape.values is None or value in shape.values)
    if isinstance(shape, String):
        return isinstance(value, str) and _string_fits(shape, value)
    if isinstance(shape, Array):
        return isinstance(value, list) and _array_fits(shape, value)
    assert isinstance(shape, Object)
    return isinstance(value, dict) and _object_fits(shape, value)


def _string_fits(shape: String, value: str) -> bool:
    if shape.values is not None and value not in shape.values:
        return False
    return len(value) >= shape.low and (shape.high is None or len(value) <= shape.high)


def _array_fits(shape: Array, value: list[Json]) -> Answer:
    if len(value) < shape.low or (shape.high is not None and len(value) > shape.high):
        return False
    return _all(contains(item_at(shape, place), item) for place, item in enumerate(value))


def _object_fits(shape: Object, value: dict[str, Json]) -> Answer:
    if len(value) < shape.low or (shape.high is not None and len(value) > shape.high):
        return False
    if any(member.is_required and name not in value for name, member in shape.fields.items()):
        return False
    return _all(contains(field_of(shape, name).type, member) for name, member in value.items())
