"""Taking parts out of types and putting them in: members, items, what a ResultPath writes.

A selection says what may be found, and how surely.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from statewright.typing.lattice import field_of, item_at, join, join_all, object_within
from statewright.typing.shapes import (
    KIND_NAMES,
    NEVER,
    UNKNOWN,
    Array,
    Field,
    Named,
    Object,
    Shape,
    Type,
    of_kind,
    shapes_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

Key = str | int


@dataclass(frozen=True, slots=True)
class Selected:
    """What a step finds: `type` of what is there, NEVER where nothing can be.

    `is_certain`: it is there in every value. `names`: of the objects that lack it. `wrong`: kinds of values
    that have no such parts. `is_presumed`: it may be absent, but nobody can know here.
    """

    type: Type
    is_certain: bool
    names: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    is_presumed: bool = False


def select(type_: Type, key: Key) -> Selected:
    """Select a member by name or an item by place."""
    if type_.is_unknown:
        return Selected(UNKNOWN.under(type_), is_certain=True, is_presumed=True)
    parts = [_select_from(shape, key) for shape in shapes_of(type_)]
    return Selected(
        join_all(part.type for part in parts).under(type_),
        all(part.is_certain for part in parts),
        tuple(dict.fromkeys(name for part in parts for name in part.names)),
        tuple(dict.fromkeys(kind for part in parts for kind in part.wrong)),
        any(part.is_presumed for part in parts),
    )


def _select_from(shape: Shape, key: Key) -> Selected:
    if isinstance(shape, Object) and isinstance(key, str):
        return _member(shape, key)
    if isinstance(shape, Array) and isinstance(key, int):
        return _item(shape, key)
    kind = "value" if isinstance(shape, Named) else KIND_NAMES[type(shape)]
    return Selected(NEVER, is_certain=False, wrong=(kind,))


def _member(shape: Object, name: str) -> Selected:
    member = field_of(shape, name)
    names = tuple(each for each, inner in shape.fields.items() if not inner.type.is_never)
    if name not in shape.fields and shape.is_declared and shape.rest.is_unknown:
        return Selected(NEVER, is_certain=False, names=names)
    if member.type.is_never:
        return Selected(NEVER, is_certain=False, names=names)
    is_sure = member.is_required or member.is_presumed
    return Selected(
        member.type, is_sure, () if is_sure else names, is_presumed=not member.is_required and is_sure
    )


def _item(shape: Array, index: int) -> Selected:
    if index >= 0:
        is_possible = shape.high is None or index < shape.high
        item = item_at(shape, index) if is_possible else NEVER
    else:
        is_possible = shape.high is None or -index <= shape.high
        is_exact = shape.low == shape.high
        item = item_at(shape, shape.low + index) if is_exact and is_possible else items_of(shape)
    if not is_possible or item.is_never:
        return Selected(NEVER, is_certain=False)
    needed = index + 1 if index >= 0 else -index
    return Selected(item, shape.low >= needed)


def items_of(shape: Array) -> Type:
    """Give the type of all items of an array together."""
    prefix = shape.prefix if shape.high is None else shape.prefix[: shape.high]
    rest = NEVER if shape.high is not None and shape.high <= len(shape.prefix) else shape.items
    return join_all((*prefix, rest))


def children(type_: Type) -> tuple[Type, int, int | None]:
    """Give the type of the members or items of a value, and how many there are: at least, at most."""
    if type_.is_unknown:
        return UNKNOWN, 0, None
    found, lows, highs = NEVER, [], []
    for shape in shapes_of(type_):
        if isinstance(shape, Array):
            found = join(found, items_of(shape))
            lows.append(shape.low)
            highs.append(shape.high)
        elif isinstance(shape, Object):
            found = join(found, join_all((*(member.type for member in shape.fields.values()), shape.rest)))
            lows.append(sum(member.is_required for member in shape.fields.values()))
            highs.append(len(shape.fields) if shape.is_closed else None)
        else:
            lows.append(0)
            highs.append(0)
    known = [high for high in highs if high is not None]
    return (
        found.under(type_),
        min(lows, default=0),
        max(known, default=0) if len(known) == len(highs) else None,
    )


def part_at(type_: Type, place: Sequence[Key]) -> Type:
    """Give the part of a type at a place of a difference; the nearest part that there is, with its origin."""
    for key in place:
        inside = children(of_kind(type_, Array))[0] if key == "*" else select(type_, key).type
        if inside.is_never:
            break
        type_ = inside.under(type_)
    return type_


@dataclass(frozen=True, slots=True)
class Written:
    """The type after writing; `wrong` names the kinds of values into which nothing can be written."""

    type: Type
    wrong: tuple[str, ...] = ()


def write(type_: Type, keys: Sequence[Key], value: Type) -> Written:
    """Give the type of a document with a value put at a reference path; objects on the way are made."""
    if not keys:
        return Written(value)
    if type_.is_unknown:
        return Written(_written_into_unknown(keys, value).under(type_))
    found = NEVER
    wrong: list[str] = []
    for shape in shapes_of(type_):
        written = _write_into(shape, keys, value)
        found = join(found, written.type)
        wrong += written.wrong
    return Written(found.under(type_), tuple(dict.fromkeys(wrong)))


def _written_into_unknown(keys: Sequence[Key], value: Type) -> Type:
    if isinstance(keys[0], int):
        return UNKNOWN
    inner = write(UNKNOWN, keys[1:], value).type
    return Type((Object({keys[0]: Field(inner)}, UNKNOWN),))


def _write_into(shape: Shape, keys: Sequence[Key], value: Type) -> Written:
    key, *rest = keys
    if isinstance(shape, Object) and isinstance(key, str):
        member = shape.fields.get(key)
        inner = NEVER if member is None else member.type
        if member is None and not shape.rest.is_never and not shape.is_declared:
            inner = shape.rest
        below = write(inner, rest, value) if not inner.is_never else _fresh(rest, value)
        if member is not None and not member.is_required:
            below = Written(join(below.type, _fresh(rest, value).type), below.wrong)
        whole = object_within(
            replace(shape, fields={**shape.fields, key: Field(below.type)}, low=0, high=None)
        )
        return Written(NEVER if whole is None else Type((whole,)), below.wrong)
    if isinstance(shape, Array) and isinstance(key, int):
        items = join(items_of(shape), write(items_of(shape), rest, value).type)
        return Written(Type((Array((), items, shape.low, shape.high),)))
    return Written(NEVER, (KIND_NAMES.get(type(shape), "value"),))


def _fresh(keys: Sequence[Key], value: Type) -> Written:
    for key in reversed(keys):
        if isinstance(key, int):
            return Written(NEVER, ("nothing",))
        value = Type((Object({key: Field(value)}, NEVER, is_declared=True),))
    return Written(value)
