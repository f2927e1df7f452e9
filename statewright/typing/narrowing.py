"""What is known of a value behind a test: the values of a type for which the test has come out so."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from statewright.typing.lattice import array_within, join_all, meet, object_within
from statewright.typing.shapes import (
    NEVER,
    UNKNOWN,
    Array,
    Boolean,
    Field,
    Null,
    Number,
    Object,
    Shape,
    String,
    Type,
    shapes_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from statewright.typing.selection import Key


def only(wanted: Type) -> Callable[[Type], Type]:
    """Keep the values that are of a type."""
    return lambda type_: meet(type_, wanted)


def none(_type: Type) -> Type:
    """Keep nothing."""
    return NEVER


def anything(type_: Type) -> Type:
    """Keep everything."""
    return type_


def excluding(unwanted: Type) -> Callable[[Type], Type]:
    """Leave the values of a type out, as far as a type can say so."""

    def keep(type_: Type) -> Type:
        if type_.is_unknown:
            return type_
        left = [_without(shape, unwanted.shapes) for shape in shapes_of(type_)]
        return replace(type_, shapes=tuple(shape for shape in left if shape is not None))

    return keep


def _without(shape: Shape, unwanted: Sequence[Shape]) -> Shape | None:
    for other in unwanted:
        if isinstance(shape, Null) and isinstance(other, Null):
            return None
        if isinstance(shape, Boolean) and isinstance(other, Boolean):
            values = shape.values - other.values
            return replace(shape, values=values) if values else None
        if isinstance(shape, String) and isinstance(other, String):
            if other == String():
                return None
            if shape.values is not None and other.values is not None:
                kept = shape.values - other.values
                return replace(shape, values=kept) if kept else None
        if isinstance(shape, Number) and isinstance(other, Number):
            if other == Number():
                return None
            return _number_without(shape, other)
    return shape


def _number_without(shape: Number, other: Number) -> Shape | None:
    if other.values is None:
        return shape
    if shape.values is not None:
        left = shape.values - other.values
        return replace(shape, values=left, low=min(left), high=max(left)) if left else None
    if shape.is_integer and shape.low in other.values and shape.low != shape.high:
        return replace(shape, low=shape.low + 1)
    if shape.is_integer and shape.high in other.values and shape.low != shape.high:
        return replace(shape, high=shape.high - 1)
    return shape


def narrow(
    type_: Type,
    keys: Sequence[Key],
    keep: Callable[[Type], Type],
    *,
    keeps_absent: bool,
    maps_arrays: bool,
) -> Type:
    """Give the values of a type in which what is at the keys is kept, or is absent where that is kept.

    `maps_arrays`: a name goes through the items of an array, as in JSONata; then an array tells nothing.
    """
    if not keys:
        return keep(type_)
    if type_.is_unknown:
        return type_
    shapes = [
        _narrow_shape(shape, keys, keep, keeps_absent=keeps_absent, maps_arrays=maps_arrays)
        for shape in shapes_of(type_)
    ]
    return replace(type_, shapes=tuple(shape for shape in shapes if shape is not None))


def _narrow_shape(
    shape: Shape,
    keys: Sequence[Key],
    keep: Callable[[Type], Type],
    *,
    keeps_absent: bool,
    maps_arrays: bool,
) -> Shape | None:
    key, *rest = keys
    if isinstance(shape, Array):
        return _narrow_array(shape, keys, keep, keeps_absent=keeps_absent, maps_arrays=maps_arrays)
    if not isinstance(shape, Object) or not isinstance(key, str):
        return shape if keeps_absent else None
    member = shape.fields.get(key)
    before = shape.rest if member is None else member.type
    is_required = member is not None and member.is_required
    inner = narrow(before, rest, keep, keeps_absent=keeps_absent, maps_arrays=maps_arrays)
    if not keeps_absent:
        if inner.is_never:
            return None
        return object_within(replace(shape, fields={**shape.fields, key: Field(inner)}))
    if inner.is_never and is_required:
        return None
    if member is None and shape.is_closed:
        return shape
    if member is None and not inner.is_never:
        return shape
    is_presumed = member is None or member.is_presumed
    changed = Field(inner, is_required, is_presumed and not inner.is_never)
    return object_within(replace(shape, fields={**shape.fields, key: changed}))


def _narrow_array(
    shape: Array,
    keys: Sequence[Key],
    keep: Callable[[Type], Type],
    *,
    keeps_absent: bool,
    maps_arrays: bool,
) -> Shape | None:
    key = keys[0]
    if maps_arrays:
        return shape
    if isinstance(key, str):
        return shape if keeps_absent else None
    if 0 <= key < len(shape.prefix):
        return _narrow_place(
            shape,
            key,
            narrow(shape.prefix[key], keys[1:], keep, keeps_absent=keeps_absent, maps_arrays=maps_arrays),
            keeps_absent=keeps_absent,
        )
    if keeps_absent or key < 0:
        return shape
    return array_within(replace(shape, low=max(shape.low, key + 1)))


def _narrow_place(shape: Array, place: int, found: Type, *, keeps_absent: bool) -> Shape | None:
    if found.is_never:
        return array_within(replace(shape, high=place)) if keeps_absent else None
    prefix = (*shape.prefix[:place], found, *shape.prefix[place + 1 :])
    low = shape.low if keeps_absent else max(shape.low, place + 1)
    return array_within(replace(shape, prefix=prefix, low=low))


def truthy(type_: Type) -> Type:
    """Leave out the values that JSONata takes for false."""
    if type_.is_unknown:
        return UNKNOWN
    kept: list[Shape] = []
    for shape in shapes_of(type_):
        if isinstance(shape, Null) or (isinstance(shape, Boolean) and True not in shape.values):
            continue
        if isinstance(shape, Boolean):
            kept.append(replace(shape, values=frozenset({True})))
        elif isinstance(shape, String):
            found = meet(Type((shape,)), Type((String(low=1),)))
            kept += found.shapes
        elif isinstance(shape, Array):
            longer = array_within(replace(shape, low=max(1, shape.low)))
            kept += [] if longer is None else [longer]
        else:
            kept.append(shape)
    return replace(type_, shapes=tuple(kept))


def falsy(type_: Type) -> Type:
    """Keep the values that JSONata may take for false."""
    if type_.is_unknown:
        return UNKNOWN
    zero = Number(is_integer=True, low=0, high=0, values=frozenset({0}))
    wanted = Type((Null(), Boolean(frozenset({False})), String(frozenset({""})), zero, Array((), UNKNOWN)))
    objects = [shape for shape in shapes_of(type_) if isinstance(shape, Object) and not _is_filled(shape)]
    return join_all((meet(type_, wanted), Type(tuple(objects))))


def _is_filled(shape: Object) -> bool:
    return any(member.is_required for member in shape.fields.values())
