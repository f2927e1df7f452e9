"""Names in the richer parts of a JSONPath: in a filter's condition, behind `..`.

https://docs.aws.amazon.com/step-functions/latest/dg/amazon-states-language-paths.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from statewright.asl import _jsonpath_steps as steps
from statewright.typing.selection import children
from statewright.typing.shapes import Array, Named, Object, Type, of_kind, shapes_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_LEVELS = 12


def names_asked(condition: Any) -> Iterator[str]:
    """Name the members of an item that a filter's condition asks for."""
    if isinstance(condition, steps.InnerPath):
        first = condition.steps[0] if condition.steps else None
        if condition.from_item and isinstance(first, steps.Names):
            yield from first.names
        return
    for name in ("conditions", "condition", "operand", "left", "right"):
        part = getattr(condition, name, None)
        for each in part if isinstance(part, tuple) else (part,):
            if each is not None:
                yield from names_asked(each)


def names_of_items(type_: Type) -> frozenset[str] | None:
    """Name all members that a filter's items may have; None where any name may be there."""
    inside, _, _ = children(of_kind(type_, Array))
    objects = [*shapes_of(of_kind(type_, Object)), *shapes_of(of_kind(inside, Object))]
    if type_.is_unknown or inside.is_unknown or not objects:
        return None
    found: set[str] = set()
    for shape in objects:
        if not isinstance(shape, Object) or not (shape.is_closed or (shape.is_declared and shape.fields)):
            return None
        found.update(shape.fields)
    return frozenset(found)


def names_below(type_: Type, level: int = 0) -> frozenset[str] | None:
    """Name all members of a value and of those inside it; None where any name may be there."""
    if type_.is_unknown or level > _MOST_LEVELS:
        return None
    found: set[str] = set()
    for shape in type_.shapes:
        if isinstance(shape, Named):
            return None
        inner = [*shape.prefix, shape.items] if isinstance(shape, Array) else []
        if isinstance(shape, Object):
            if not shape.is_closed:
                return None
            found.update(shape.fields)
            inner = [member.type for member in shape.fields.values()]
        for each in inner:
            names = names_below(each, level + 1)
            if names is None:
                return None
            found |= names
    return frozenset(found)
