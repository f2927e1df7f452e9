"""JSONata's transform, `|location|update, delete|`: a copy of a value with its matches changed.

The location is followed where it is `$` or a path of names; elsewhere the result is unknown.
Source: https://docs.jsonata.org/other-operators#-------transform
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from statewright.typing.intrinsic_types import merge_objects
from statewright.typing.jsonata_values import ABSENT, ANYTHING, Value
from statewright.typing.lattice import join, join_all
from statewright.typing.shapes import (
    NEVER,
    SOME_OBJECT,
    UNKNOWN,
    Array,
    Field,
    Object,
    Shape,
    String,
    Type,
    is_unknown,
    kinds,
    shapes_of,
)

if TYPE_CHECKING:
    from statewright.typing.jsonata_types import Evaluator, Scope

Symbol = Any


def transformed(evaluator: Evaluator, tree: Symbol, scope: Scope, given: list[Value]) -> Value:
    """Give what a transform makes of its argument; reports what it cannot take."""
    source = given[0] if given else ANYTHING
    if source.is_absent:
        return ABSENT
    if is_unknown(source.type):
        evaluator.report("SW191", "it cannot be shown that a transform takes what it gets", tree)
        return replace(ANYTHING, may_be_absent=source.may_be_absent)
    unwanted = sorted(kinds(source.type) - {"object", "array"})
    if unwanted:
        message = f"a transform takes an object or an array, not {' or '.join(unwanted)}"
        evaluator.report("SW104", message, tree, actual=source.type)
    names = _location(tree.pattern)
    if names is None:
        return replace(ANYTHING, may_be_absent=source.may_be_absent)
    changed = _Change(evaluator, tree, scope).at(source.type, names)
    return Value(changed.along(source.type.origin), source.may_be_absent, source.is_presumed)


def _location(pattern: Symbol) -> tuple[str, ...] | None:
    if pattern.type == "variable" and not pattern.value and not pattern.predicate:
        return ()
    if pattern.type != "path" or pattern.group is not None or pattern.tuple is not None:
        return None
    if any(step.type != "name" or step.stages or step.predicate for step in pattern.steps):
        return None
    return tuple(str(step.value) for step in pattern.steps)


class _Change:
    """The change of one transform, applied to types."""

    def __init__(self, evaluator: Evaluator, tree: Symbol, scope: Scope) -> None:
        self.evaluator = evaluator
        self.tree = tree
        self.scope = scope

    def at(self, type_: Type, names: tuple[str, ...]) -> Type:
        """Change what is at a path of names, in each item of the arrays on the way."""
        if is_unknown(type_):
            return UNKNOWN
        return join_all(self._shape(shape, names, is_item=False) for shape in shapes_of(type_))

    def _shape(self, shape: Shape, names: tuple[str, ...], *, is_item: bool) -> Type:
        if isinstance(shape, Array):
            return UNKNOWN if is_item and names else self._array(shape, names, is_item=is_item)
        if not names:
            return self._changed(shape)
        if not isinstance(shape, Object):
            return Type((shape,))
        member = shape.fields.get(names[0])
        if member is None:
            return Type((shape,)) if shape.is_closed else UNKNOWN
        inner = replace(member, type=self.at(member.type, names[1:]))
        return Type((replace(shape, fields={**shape.fields, names[0]: inner}),))

    def _array(self, shape: Array, names: tuple[str, ...], *, is_item: bool) -> Type:
        if is_item:
            return self._changed(shape)  # an array in an array is not looked into

        def item(type_: Type) -> Type:
            if is_unknown(type_):
                return UNKNOWN
            return join_all(self._shape(each, names, is_item=True) for each in shapes_of(type_))

        prefix = tuple(item(each) for each in shape.prefix)
        return Type((replace(shape, prefix=prefix, items=item(shape.items)),))

    def _changed(self, shape: Shape) -> Type:
        """Change one match; what is no object stays, for all that its update is worked out."""
        context = Value(Type((shape,)))
        update = self.evaluator.value(self.tree.update, context, self.scope)
        found = context.type
        if not isinstance(shape, Object):
            return found
        if update.type.is_unknown:
            found = join(found, merge_objects(found, SOME_OBJECT))
        elif not update.is_absent:
            unwanted = sorted(kinds(update.type) - {"object"})
            if unwanted:
                message = f"the update of a transform is {' or '.join(unwanted)}, not an object"
                self.evaluator.report("SW104", message, self.tree, actual=update.type)
                return UNKNOWN
            merged = merge_objects(found, update.type)
            found = join(found, merged) if update.may_be_absent else merged
        return found if self.tree.delete is None else self._without(found, context)

    def _without(self, type_: Type, context: Value) -> Type:
        deleted = self.evaluator.value(self.tree.delete, context, self.scope)
        texts = _texts(deleted.type)
        if texts is None or deleted.may_be_absent:
            return SOME_OBJECT
        return join_all(_lacking(each, texts) for each in shapes_of(type_))


def _texts(type_: Type) -> frozenset[str] | None:
    """Give the texts that a value of literals holds."""
    found: set[str] = set()
    for shape in shapes_of(type_):
        if isinstance(shape, String) and shape.values is not None and len(shape.values) == 1:
            found |= shape.values
        elif isinstance(shape, Array) and shape.low == shape.high == len(shape.prefix):
            for item in shape.prefix:
                inner = _texts(item)
                if inner is None:
                    return None
                found |= inner
        else:
            return None
    return frozenset(found) if len(type_.shapes) == 1 else None


def _lacking(shape: Shape, names: frozenset[str]) -> Type:
    if not isinstance(shape, Object):
        return Type((shape,))
    fields = {name: member for name, member in shape.fields.items() if name not in names}
    if not shape.is_closed:
        fields |= {name: Field(NEVER, is_required=False) for name in names}
    return Type((replace(shape, fields=fields, low=0),))
