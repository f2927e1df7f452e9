"""What a change of types breaks: values that were right before and are not now.

An open schema may hold more than it names; what nobody has named is not held against the other side, so that
a new optional member breaks nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from statewright.asl.source import escape
from statewright.typing.findings import pointed
from statewright.typing.lattice import DEEPEST, field_of
from statewright.typing.schemas import to_schema
from statewright.typing.selection import part_at
from statewright.typing.shapes import NEVER, Array, Field, Object, Shape, Type
from statewright.typing.subsumption import Difference, compare

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Json = Any


@dataclass(frozen=True, slots=True)
class Break:
    """One thing that was right and is not: in words, where it lies in a value, and the types there.

    `is_proved`: no means no; else it cannot be shown that it is still right.
    """

    words: str
    where: tuple[str | int, ...]
    before: Type
    after: Type
    is_proved: bool = True


def breaks(before: Type, after: Type) -> list[Break]:
    """Give what was of the type before and is not of the type after, member by member."""
    named = _closed(before, 0)
    found = [_break(difference, named, after) for difference in _differences(named, after)]
    if found:
        return found
    found = [
        Break("members that it does not name are refused", where, before, after)
        for where in _newly_closed(before, after, ())
    ]
    if found or compare(named, after).answer == "yes" or to_schema(before) == to_schema(after):
        return found
    return [Break("it cannot be shown that what was right still is", (), before, after, is_proved=False)]


def _break(difference: Difference, before: Type, after: Type) -> Break:
    where = difference.where
    if difference.name is not None and difference.kind in ("missing", "optional", "excess"):
        where = (*where, difference.name)
    return Break(
        pointed(difference), where, part_at(before, difference.where), part_at(after, difference.where)
    )


def _differences(before: Type, after: Type) -> Iterator[Difference]:
    """Give the first difference of each member where both are objects of one shape, else the first of all."""
    one, other = _only_object(before), _only_object(after)
    if one is None or other is None:
        difference = compare(before, after).difference
        if difference is not None:
            yield difference
        return
    for name in dict.fromkeys((*one.fields, *other.fields)):
        part = replace(one, fields={name: one.fields[name]} if name in one.fields else {}, low=0, high=None)
        wanted = field_of(other, name)
        whole = replace(other, fields={name: wanted} if name in other.fields else {}, low=0, high=None)
        difference = compare(_alone(part), _alone(whole)).difference
        if difference is not None:
            yield difference


def _alone(shape: Object) -> Type:
    return Type((shape,))


def _only_object(type_: Type) -> Object | None:
    shapes = type_.shapes
    return shapes[0] if len(shapes) == 1 and isinstance(shapes[0], Object) else None


def _closed(type_: Type, depth: int) -> Type:
    """Give the values that have no member besides those that are named."""
    if depth > DEEPEST:
        return type_
    return replace(type_, shapes=tuple(_closed_shape(shape, depth) for shape in type_.shapes))


def _closed_shape(shape: Shape, depth: int) -> Shape:
    if isinstance(shape, Array):
        prefix = tuple(_closed(item, depth + 1) for item in shape.prefix)
        return replace(shape, prefix=prefix, items=_closed(shape.items, depth + 1))
    if not isinstance(shape, Object):
        return shape
    fields = {
        name: Field(_closed(member.type, depth + 1), member.is_required, member.is_presumed)
        for name, member in shape.fields.items()
    }
    is_open = shape.rest.is_unknown and shape.is_declared
    return replace(shape, fields=fields, rest=NEVER if is_open else shape.rest)


def _newly_closed(before: Type, after: Type, where: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Give the places of objects that took any member before and take none but theirs now."""
    one, other = _only_object(before), _only_object(after)
    if one is None or other is None or len(where) > DEEPEST:
        return
    if one.rest.is_unknown and other.rest.is_never:
        yield where
    for name, member in one.fields.items():
        if name in other.fields:
            yield from _newly_closed(member.type, other.fields[name].type, (*where, name))


def schema_pointer(schema: Json, where: Sequence[str | int], start: str = "") -> str:
    """Give the pointer of the part of a schema that speaks of a place in its values, or of the nearest."""
    pointer = start
    for key in where:
        step = _step(schema, key)
        if step is None:
            break
        for part in step:
            schema = schema[part]
        pointer += "".join(f"/{escape(part)}" for part in step)
    return pointer


def _step(schema: Json, key: str | int) -> tuple[str, ...] | None:
    if not isinstance(schema, dict):
        return None
    if isinstance(key, str) and key in schema.get("properties", {}):
        return ("properties", key)
    if key == "*" and "items" in schema:
        return ("items",)
    return None
