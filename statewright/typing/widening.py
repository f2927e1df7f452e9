"""Widening: what makes a growing chain of types come to an end."""

from __future__ import annotations

from dataclasses import replace

from statewright.typing.lattice import DEEPEST, join, join_all
from statewright.typing.shapes import (
    INFINITY,
    UNKNOWN,
    Array,
    Number,
    Object,
    Shape,
    String,
    Type,
    is_unknown,
)


def widen(before: Type, after: Type) -> Type:
    """Give a type that holds both, from a chain that must end: what grew, grows no more after this.

    Numbers lose a bound that moved, strings their values and longest length, and what nests deeper than
    DEEPEST is unknown.
    """
    joined = _shallow(join(before, after), 0)
    if joined == before or is_unknown(joined):
        return joined
    return replace(joined, shapes=tuple(_widened(shape, before) for shape in joined.shapes))


def _widened(shape: Shape, before: Type) -> Shape:
    if isinstance(shape, Number):
        old = next((each for each in before.shapes if isinstance(each, Number)), None)
        if old is None or old == shape:
            return shape
        low = shape.low if shape.low >= old.low else -INFINITY
        high = shape.high if shape.high <= old.high else INFINITY
        return Number(shape.is_integer, low, high, also=shape.also)
    if isinstance(shape, String) and shape not in before.shapes and shape.values is not None:
        return String(None, shape.low, None, shape.also, shape.is_opaque)
    if isinstance(shape, String) and shape not in before.shapes:
        return replace(shape, high=None)
    if isinstance(shape, Array):
        return _widened_array(shape, [each for each in before.shapes if isinstance(each, Array)])
    if isinstance(shape, Object):
        return _widened_object(shape, [each for each in before.shapes if isinstance(each, Object)])
    return shape


def _widened_array(shape: Array, olds: list[Array]) -> Shape:
    if not olds or shape in olds:
        return shape
    before = join_all(join_all((*old.prefix, old.items)) for old in olds)
    now = join_all((*shape.prefix, shape.items))
    low = min(shape.low, *(old.low for old in olds))
    return Array((), widen(before, now), low, None, shape.also)


def _widened_object(shape: Object, olds: list[Object]) -> Shape:
    if not olds or shape in olds:
        return shape
    fields = {}
    for name, member in shape.fields.items():
        known = [old.fields[name].type for old in olds if name in old.fields]
        fields[name] = replace(member, type=widen(join_all(known), member.type) if known else member.type)
    return replace(shape, fields=fields)


def _shallow(type_: Type, depth: int) -> Type:
    if not type_.shapes:
        return type_
    if depth > DEEPEST:
        return UNKNOWN.along(type_.origin)
    return replace(type_, shapes=tuple(_shallow_shape(shape, depth) for shape in type_.shapes))


def _shallow_shape(shape: Shape, depth: int) -> Shape:
    if isinstance(shape, Array):
        prefix = tuple(_shallow(item, depth + 1) for item in shape.prefix)
        return replace(shape, prefix=prefix, items=_shallow(shape.items, depth + 1))
    if isinstance(shape, Object):
        fields = {
            name: replace(member, type=_shallow(member.type, depth + 1))
            for name, member in shape.fields.items()
        }
        return replace(shape, fields=fields, rest=_shallow(shape.rest, depth + 1))
    return shape
