"""Union, join and meet of types.

`union` is exact and keeps alternatives apart. `join` is what two ways that meet give: at least the union,
with alternatives merged where there are too many.
"""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING

from statewright.typing.provenance import MOST_WAYS
from statewright.typing.shapes import (
    INFINITY,
    NEVER,
    NOTHING_ELSE,
    UNKNOWN,
    Array,
    Boolean,
    Field,
    Named,
    Null,
    Number,
    Object,
    Shape,
    String,
    Type,
    float_is_integer,
    shapes_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from statewright.typing.provenance import Way

# What a join keeps apart; beyond that alternatives are merged.
MOST_ALTERNATIVES = 8
MOST_VALUES = 32
DEEPEST = 24


def union(types: Iterable[Type]) -> Type:
    """Give exactly the values of all types; equal shapes once."""
    shapes: list[Shape] = []
    origin: dict[Way, None] = {}
    for type_ in types:
        if type_.is_unknown:
            return UNKNOWN.along(type_.origin)
        origin.update(dict.fromkeys(type_.origin))
        for shape in type_.shapes:
            if shape not in shapes:
                shapes.append(shape)
    return Type(tuple(shapes), origin=tuple(origin)[-MOST_WAYS:])


def join_all(types: Iterable[Type]) -> Type:
    """Join any number of types; NEVER where there is none."""
    return reduce(join, types, NEVER)


def join(left: Type, right: Type) -> Type:
    """Give a type that holds the values of both."""
    if left is right or right.is_never:
        return left
    if left.is_never:
        return right
    if left.origin != right.origin:
        left, right = _told_apart(left), _told_apart(right)
    both = union((left, right))
    if both.is_unknown or len(both.shapes) <= 1:
        return both
    return replace(both, shapes=_fewer(both.shapes))


def _told_apart(type_: Type) -> Type:
    """Give members that came from elsewhere the way of the whole, which is one of several after a join."""
    if not type_.origin:
        return type_
    return replace(type_, shapes=tuple(_members_under(shape, type_) for shape in type_.shapes))


def _members_under(shape: Shape, whole: Type) -> Shape:
    if not isinstance(shape, Object) or not any(member.type.origin for member in shape.fields.values()):
        return shape
    fields = {
        name: replace(member, type=member.type.under(whole)) if member.type.origin else member
        for name, member in shape.fields.items()
    }
    return replace(shape, fields=fields)


def _fewer(shapes: tuple[Shape, ...]) -> tuple[Shape, ...]:
    scalars: dict[type[Shape], Shape] = {}
    arrays: list[Shape] = []
    objects: list[Object] = []
    names: list[Shape] = []
    for shape in shapes:
        if isinstance(shape, Array):
            arrays.append(shape)
        elif isinstance(shape, Object):
            objects.append(shape)
        elif isinstance(shape, Named):
            names.append(shape)
        else:
            known = scalars.get(type(shape))
            scalars[type(shape)] = shape if known is None else _merged(known, shape)
    while len(arrays) > MOST_ALTERNATIVES // 2:
        arrays[:2] = [_merged(arrays[0], arrays[1])]
    return (*scalars.values(), *arrays, *_merged_objects(objects), *names)


def _merged_objects(objects: list[Object]) -> list[Object]:
    """Merge objects of the same fields, unless a field with few values tells them apart."""
    kept: list[Object] = []
    for shape in objects:
        for place, other in enumerate(kept):
            if other.fields.keys() == shape.fields.keys() and not are_told_apart(other, shape):
                kept[place] = _merge_objects(other, shape)
                break
        else:
            kept.append(shape)
    while len(kept) > MOST_ALTERNATIVES:
        kept[:2] = [_merge_objects(kept[0], kept[1])]
    return kept


def are_told_apart(left: Object, right: Object) -> bool:
    """Say whether some required field has values in the one that it cannot have in the other."""
    for name, one in left.fields.items():
        other = right.fields.get(name)
        if other is None or not (one.is_required and other.is_required):
            continue
        if _is_finite(one.type) and _is_finite(other.type) and meet(one.type, other.type).is_never:
            return True
    return False


def _is_finite(type_: Type) -> bool:
    return not type_.is_unknown and all(
        isinstance(shape, Null | Boolean) or (isinstance(shape, Number | String) and shape.values is not None)
        for shape in type_.shapes
    )


def _merged(left: Shape, right: Shape) -> Shape:
    also = left_also(left) & left_also(right)
    if isinstance(left, Null):
        return Null(also)
    if isinstance(left, Boolean) and isinstance(right, Boolean):
        return Boolean(left.values | right.values, also)
    if isinstance(left, Number) and isinstance(right, Number):
        return _merge_numbers(left, right)
    if isinstance(left, String) and isinstance(right, String):
        return _merge_strings(left, right)
    if isinstance(left, Array) and isinstance(right, Array):
        return _merge_arrays(left, right)
    assert isinstance(left, Object)
    assert isinstance(right, Object)
    return _merge_objects(left, right)


def left_also(shape: Shape) -> frozenset[str]:
    """Give a shape's refinements; a name has none of its own."""
    return NOTHING_ELSE if isinstance(shape, Named) else shape.also


def _merge_numbers(left: Number, right: Number) -> Number:
    low, is_low_open = min((left.low, left.is_low_open), (right.low, right.is_low_open))
    high, is_closed = max((left.high, not left.is_high_open), (right.high, not right.is_high_open))
    values = None
    if (
        left.values is not None
        and right.values is not None
        and len(left.values | right.values) <= MOST_VALUES
    ):
        values = left.values | right.values
    is_integer = left.is_integer and right.is_integer
    return Number(is_integer, low, high, is_low_open, not is_closed, values, left.also & right.also)


def _merge_strings(left: String, right: String) -> String:
    values = None
    if (
        left.values is not None
        and right.values is not None
        and len(left.values | right.values) <= MOST_VALUES
    ):
        values = left.values | right.values
    high = None if left.high is None or right.high is None else max(left.high, right.high)
    is_opaque = left.is_opaque or right.is_opaque
    return String(values, min(left.low, right.low), high, left.also & right.also, is_opaque)


def item_at(array: Array, index: int) -> Type:
    """Give the type of the item at a place from 0."""
    return array.prefix[index] if index < len(array.prefix) else array.items


def _merge_arrays(left: Array, right: Array) -> Array:
    count = max(len(left.prefix), len(right.prefix))
    prefix = tuple(join(_present_item(left, place), _present_item(right, place)) for place in range(count))
    high = None if left.high is None or right.high is None else max(left.high, right.high)
    return Array(
        prefix, join(left.items, right.items), min(left.low, right.low), high, left.also & right.also
    )


def _present_item(array: Array, index: int) -> Type:
    return NEVER if array.high is not None and index >= array.high else item_at(array, index)


def _merge_objects(left: Object, right: Object) -> Object:
    fields: dict[str, Field] = {}
    for name in (*left.fields, *(name for name in right.fields if name not in left.fields)):
        one, other = field_of(left, name), field_of(right, name)
        fields[name] = Field(
            join(one.type, other.type),
            one.is_required and other.is_required,
            one.is_presumed or other.is_presumed,
        )
    high = None if left.high is None or right.high is None else max(left.high, right.high)
    return Object(
        fields,
        join(left.rest, right.rest),
        left.is_declared and right.is_declared,
        min(left.low, right.low),
        high,
        left.also & right.also,
    )


def field_of(shape: Object, name: str) -> Field:
    """Give what an object has under a name: of the type NEVER where it can have nothing there."""
    found = shape.fields.get(name)
    if found is not None:
        return found
    return Field(shape.rest, is_required=False, is_presumed=not shape.rest.is_never and not shape.is_declared)


# --- meet ---


def meet(left: Type, right: Type, depth: int = 0) -> Type:
    """Give the values that are in both; recursive definitions deeper than DEEPEST keep the left side."""
    if left is right or right.is_unknown or depth > DEEPEST:
        return left
    if left.is_unknown:
        return right.along(left.origin)
    if left.shapes == right.shapes:
        return left
    found: list[Shape] = []
    for one in shapes_of(left):
        for other in shapes_of(right):
            shape = _meet_shapes(one, other, depth)
            if shape is not None and shape not in found:
                found.append(shape)
    return Type(tuple(found), origin=left.origin)


def _meet_shapes(left: Shape, right: Shape, depth: int) -> Shape | None:
    if type(left) is not type(right):
        return None
    return _MEETS[type(left)](left, right, depth)


def _meet_nulls(left: Null, right: Null, _depth: int) -> Shape:
    return Null(left.also | right.also)


def _meet_booleans(left: Boolean, right: Boolean, _depth: int) -> Shape | None:
    values = left.values & right.values
    return Boolean(values, left.also | right.also) if values else None


def _meet_numbers(left: Number, right: Number, _depth: int) -> Shape | None:
    low, is_low_closed = max((left.low, left.is_low_open), (right.low, right.is_low_open))
    high, is_high_open = max((-left.high, left.is_high_open), (-right.high, right.is_high_open))
    values = left.values if right.values is None else right.values
    if left.values is not None and right.values is not None:
        values = left.values & right.values
    is_integer = left.is_integer or right.is_integer
    return number_within(
        Number(is_integer, low, -high, is_low_closed, is_high_open, values, left.also | right.also)
    )


def number_within(shape: Number) -> Number | None:
    """Bring a number shape into its normal form; None where no number is in it."""
    if shape.is_integer:
        shape = _closed_integer(shape)
    if shape.values is not None:
        values = frozenset(value for value in shape.values if is_within(shape, value))
        if not values:
            return None
        is_integer = all(float_is_integer(value) for value in values)
        return replace(
            shape, values=values, is_integer=is_integer, low=min(values), high=max(values),
            is_low_open=False, is_high_open=False,
        )  # fmt: skip
    is_empty = shape.low > shape.high or (
        shape.low == shape.high and (shape.is_low_open or shape.is_high_open)
    )
    return None if is_empty else shape


def _closed_integer(shape: Number) -> Number:
    low, high = shape.low, shape.high
    if low != -INFINITY:
        low = -(-low // 1)
        low = int(low) + (1 if shape.is_low_open and low == shape.low else 0)
    if high != INFINITY:
        high = high // 1
        high = int(high) - (1 if shape.is_high_open and high == shape.high else 0)
    return replace(shape, low=low, high=high, is_low_open=False, is_high_open=False)


def is_within(shape: Number, value: float) -> bool:
    """Say whether a number lies in a shape's bounds and is an integer where it must be."""
    if shape.is_integer and not float_is_integer(value):
        return False
    if value < shape.low or (value == shape.low and shape.is_low_open):
        return False
    return value < shape.high or (value == shape.high and not shape.is_high_open)


def _meet_strings(left: String, right: String, _depth: int) -> Shape | None:
    low = max(left.low, right.low)
    high = (
        left.high if right.high is None else right.high if left.high is None else min(left.high, right.high)
    )
    values = left.values if right.values is None else right.values
    if left.values is not None and right.values is not None:
        values = left.values & right.values
    if values is not None:
        values = frozenset(v for v in values if len(v) >= low and (high is None or len(v) <= high))
        if not values:
            return None
        low, high = min(map(len, values)), max(map(len, values))
    elif high is not None and low > high:
        return None
    is_opaque = left.is_opaque and right.is_opaque
    return String(values, low, high, left.also | right.also, is_opaque)


def _meet_arrays(left: Array, right: Array, depth: int) -> Shape | None:
    count = max(len(left.prefix), len(right.prefix))
    prefix = [meet(item_at(left, place), item_at(right, place), depth + 1) for place in range(count)]
    items = meet(left.items, right.items, depth + 1)
    high = (
        left.high if right.high is None else right.high if left.high is None else min(left.high, right.high)
    )
    return array_within(Array(tuple(prefix), items, max(left.low, right.low), high, left.also | right.also))


def array_within(shape: Array) -> Array | None:
    """Bring an array shape into its normal form; None where no array is in it."""
    high = shape.high
    for place, item in enumerate(shape.prefix):
        if item.is_never:
            high = place if high is None else min(high, place)
            break
    if shape.items.is_never:
        high = len(shape.prefix) if high is None else min(high, len(shape.prefix))
    if high is not None and shape.low > high:
        return None
    prefix = shape.prefix if high is None else shape.prefix[:high]
    items = NEVER if high is not None and high <= len(prefix) else shape.items
    return replace(shape, prefix=prefix, items=items, high=high)


def _meet_objects(left: Object, right: Object, depth: int) -> Shape | None:
    fields: dict[str, Field] = {}
    for name in (*left.fields, *(name for name in right.fields if name not in left.fields)):
        one, other = left.fields.get(name), right.fields.get(name)
        type_ = meet(
            left.rest if one is None else one.type, right.rest if other is None else other.type, depth + 1
        )
        given = [each for each in (one, other) if each is not None]
        is_required = any(each.is_required for each in given)
        fields[name] = Field(type_, is_required, all(each.is_presumed for each in given))
    high = (
        left.high if right.high is None else right.high if left.high is None else min(left.high, right.high)
    )
    return object_within(
        Object(
            fields,
            meet(left.rest, right.rest, depth + 1),
            left.is_declared or right.is_declared,
            max(left.low, right.low),
            high,
            left.also | right.also,
        )
    )


def object_within(shape: Object) -> Object | None:
    """Bring an object shape into its normal form; None where no object is in it."""
    if any(member.is_required and member.type.is_never for member in shape.fields.values()):
        return None
    required = sum(member.is_required for member in shape.fields.values())
    if shape.high is not None and max(required, shape.low) > shape.high:
        return None
    fields: Mapping[str, Field] = shape.fields
    if shape.rest.is_never and any(member.type.is_never for member in fields.values()):
        fields = {name: member for name, member in fields.items() if not member.type.is_never}
    if shape.rest.is_never and shape.low > len(fields):
        return None
    low = 0 if shape.low <= required else shape.low
    return replace(shape, fields=fields, low=low)


_MEETS: dict[type[Shape], Callable[..., Shape | None]] = {
    Null: _meet_nulls,
    Boolean: _meet_booleans,
    Number: _meet_numbers,
    String: _meet_strings,
    Array: _meet_arrays,
    Object: _meet_objects,
}
