"""The types of JSONata's paths: steps that map over what was found, flatten, and dissolve at the end."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from statewright.typing.findings import meant
from statewright.typing.jsonata_values import (
    ABSENT,
    ANYTHING,
    Stream,
    Value,
    flattened,
    items_with_counts,
    merged,
    taken_apart,
)
from statewright.typing.lattice import join
from statewright.typing.rendering import few
from statewright.typing.selection import children, select
from statewright.typing.shapes import NEVER, SOME_OBJECT, UNKNOWN, Array, Object, Type, of_kind, shapes_of

if TYPE_CHECKING:
    from statewright.typing.jsonata_types import Evaluator, Scope

Symbol = Any
_MOST_NAMES = 8
_DEEPEST = 20
# Steps that select from what is there; others work something out, also where there is nothing.
_SELECTING = frozenset({"name", "wildcard", "descendant", "sort"})


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a path stands: at one value (`single`, perhaps absent), or at a stream of items, or either."""

    single: Type
    may_be_absent: bool = False
    stream: Stream | None = None
    is_presumed: bool = False


class PathWalk:
    """Walks one path."""

    def __init__(self, evaluator: Evaluator, tree: Symbol, scope: Scope) -> None:
        self.evaluator = evaluator
        self.tree = tree
        self.scope = scope

    def value(self, context: Value) -> Value:
        """Give what the path yields."""
        steps = self.tree.steps
        if self.tree.tuple is not None or any(_is_beyond(step) for step in steps):
            return ANYTHING
        cursor = self._start(steps[0], context)
        for step in steps[1:]:
            cursor = self._step(step, cursor)
        if self.tree.group is not None:
            return Value(SOME_OBJECT)
        return _ended(cursor, keeps_array=bool(self.tree.keep_singleton_array))

    def _start(self, step: Symbol, context: Value) -> Cursor:
        is_array = bool(of_kind(context.type, Array).shapes) and not context.type.is_unknown
        if step.type == "variable" or not (step.type in _SELECTING or is_array):
            found = self.evaluator.value(_bare(step), context, self.scope)
            if found.is_function:
                return Cursor(UNKNOWN)
            return self._staged(step, Cursor(found.type, found.may_be_absent, None, found.is_presumed))
        if step.type == "name" and context is ABSENT:
            self._report_nameless(str(step.value), step)
        return self._step(step, Cursor(context.type, context.may_be_absent, None, context.is_presumed))

    def _report_nameless(self, name: str, step: Symbol) -> None:
        """A name at the root of an expression: there is nothing of which it could be a member."""
        view = self.evaluator.view
        suggestion = f"did you mean '${name}'?" if name in view.variables or name == "states" else None
        message = f"'{name}' points to nothing: an expression begins with $states or a variable"
        # Also where it is only asked whether there is such a value.
        findings = replace(view.findings, ignored=view.findings.ignored - {"SW101"})
        seeing = self.evaluator.seeing(replace(view, findings=findings))
        seeing.report("SW101", message, step, suggestion=suggestion, is_always=True)

    def _step(self, step: Symbol, cursor: Cursor) -> Cursor:
        if step.type == "sort":
            return self._sorted(step, cursor)
        cursor = _one_item(cursor)
        single, inside = taken_apart(cursor.single)
        stream = merged(inside, cursor.stream)
        is_lone = stream is None
        found = Cursor(NEVER, cursor.may_be_absent, None, cursor.is_presumed)
        if not single.is_never:
            found = self._apply(step, single, is_lone=is_lone)
            found = replace(
                found,
                may_be_absent=found.may_be_absent or cursor.may_be_absent,
                is_presumed=found.is_presumed or cursor.is_presumed,
            )
        if stream is not None:
            mapped = self._map(step, stream, is_lone=single.is_never)
            low = 0 if found.may_be_absent and found.single.is_never and found.stream is None else mapped.low
            mapped = replace(mapped, low=0 if cursor.may_be_absent else low)
            found = replace(found, stream=merged(found.stream, mapped))
            if step.type == "name" and not single.is_never and _is_nothing(found):
                names = select(single, str(step.value)).names
                self._report(step, str(step.value), names, single, is_lone=True)
        return found

    def _map(self, step: Symbol, stream: Stream, *, is_lone: bool) -> Stream:
        """Apply a step to every item of a stream and flatten what comes out."""
        if stream.item.is_never:
            return Stream(NEVER, 0, 0)
        inner = self._apply(step, stream.item, is_lone=is_lone)
        single, arrays = taken_apart(inner.single)
        item = single if arrays is None else join(single, arrays.item)
        lows = [1] if not single.is_never else []
        is_raw = arrays is not None
        highs: list[int | None] = [1]
        for each in (arrays, inner.stream):
            if each is not None:
                item = join(item, each.item)
                lows.append(each.low)
                highs.append(each.high)
        low = 0 if inner.may_be_absent else min(lows, default=0)
        high = None if stream.high is None or None in highs else stream.high * max(h or 0 for h in highs)
        return Stream(item, stream.low * low, high, is_raw)

    def _apply(self, step: Symbol, item: Type, *, is_lone: bool) -> Cursor:
        """Apply a step to one item."""
        if step.type == "name":
            cursor = self._lookup(step, item, is_lone=is_lone)
        elif step.type == "wildcard":
            cursor = _wildcard(item)
        elif step.type == "descendant":
            return Cursor(NEVER, stream=Stream(UNKNOWN))
        else:
            found = self.evaluator.value(_bare(step), Value(item), self.scope)
            cursor = Cursor(UNKNOWN)
            if not found.is_function:
                cursor = Cursor(found.type, found.may_be_absent, None, found.is_presumed)
            is_filtered = step.stages or step.predicate
            if step.consarray and not found.may_be_absent and not is_filtered:
                # An array that a step makes is one item of what follows.
                cursor = Cursor(NEVER, stream=Stream(cursor.single, 1, 1))
        return self._staged(step, cursor)

    def _lookup(self, step: Symbol, item: Type, *, is_lone: bool) -> Cursor:
        name = str(step.value)
        if item.is_unknown:
            return Cursor(UNKNOWN.under(item))
        outer = Type(tuple(s for s in shapes_of(item) if not isinstance(s, Array)), origin=item.origin)
        selected = select(outer, name)
        nested = of_kind(item, Array)
        stream = None
        if nested.shapes:
            inside = select(flattened(nested), name)
            stream = Stream(flattened(inside.type), 0, None)
        if selected.type.is_never and (stream is None or stream.item.is_never):
            self._report(step, name, selected.names, item, is_lone=is_lone)
        may_be_absent = not selected.is_certain
        return Cursor(selected.type, may_be_absent, stream, selected.is_presumed)

    @staticmethod
    def lookup_value(evaluator: Evaluator, step: Symbol, context: Value) -> Value:
        """Give what a name alone yields."""
        selected = select(context.type, str(step.value))
        del evaluator
        return Value(selected.type, not selected.is_certain or context.may_be_absent)

    def _report(self, step: Symbol, name: str, names: tuple[str, ...], item: Type, *, is_lone: bool) -> None:
        if item.is_never or not is_lone:
            return
        objects = of_kind(item, Object).shapes
        if not objects:
            kinds = sorted({type(shape).__name__.lower() for shape in shapes_of(item)})
            message = f"'{name}' is looked up in {' or '.join(kinds)}, which has no members"
            self.evaluator.report("SW101", message, step, actual=item, is_always=True)
            return
        if "SW101" in self.evaluator.view.findings.ignored:
            # Asked whether it exists; an open object may have what nobody has declared.
            if all(isinstance(shape, Object) and shape.is_closed for shape in objects):
                message = f"'{name}' never exists: there is {few(names, _MOST_NAMES) or 'no field'}"
                self.evaluator.report("SW105", message, step, suggestion=meant(name, names), is_always=True)
            return
        message = f"'{name}' points to nothing: there is {few(names, _MOST_NAMES) or 'no field'}"
        self.evaluator.report(
            "SW101", message, step, actual=item, suggestion=meant(name, names), is_always=True
        )

    def _staged(self, step: Symbol, cursor: Cursor) -> Cursor:
        stages = [*(step.stages or ()), *(step.predicate or ())]
        for stage in stages:
            stream = self.evaluator.filtered(_all_of(cursor), stage.expr, self.scope)
            low = 0 if cursor.may_be_absent else stream.low
            cursor = Cursor(NEVER, stream=replace(stream, low=low), is_presumed=cursor.is_presumed)
        return cursor

    def _sorted(self, step: Symbol, cursor: Cursor) -> Cursor:
        source = _all_of(cursor)
        stream = items_with_counts(source)
        for term in step.terms:
            self.evaluator.value(term.expression, Value(stream.item), self.scope)
        return self._staged(step, Cursor(NEVER, stream=replace(stream, is_raw=True)))


def _one_item(cursor: Cursor) -> Cursor:
    """A stream of exactly one item, which is no array, is that item: what follows stays what it is."""
    stream = cursor.stream
    if stream is None or not cursor.single.is_never or stream.low != 1 or stream.high != 1:
        return cursor
    if stream.item.is_unknown or of_kind(stream.item, Array).shapes:
        return cursor
    return replace(cursor, single=stream.item, stream=None)


def _is_beyond(step: Symbol) -> bool:
    return any(each is not None for each in (step.focus, step.index, step.ancestor)) or step.type == "parent"


class _Bare:
    """A step without its filters, which are applied to each item's result by the path."""

    def __init__(self, step: Symbol) -> None:
        self._step = step

    def __getattr__(self, name: str) -> Any:
        return None if name in ("predicate", "stages", "group") else getattr(self._step, name)


def _bare(step: Symbol) -> Symbol:
    return _Bare(step) if step.predicate or step.stages else step


def _wildcard(item: Type) -> Cursor:
    """`*`: the members of an object; arrays among them are flattened all the way down."""
    if item.is_unknown:
        return Cursor(NEVER, stream=Stream(UNKNOWN))
    inside, low, high = children(item)
    if not of_kind(inside, Array).shapes or inside.is_unknown:
        return Cursor(NEVER, stream=Stream(inside, low, high))
    return Cursor(NEVER, stream=Stream(_flattened_deep(inside, 0), 0, None, is_raw=True))


def _flattened_deep(type_: Type, depth: int) -> Type:
    single, stream = taken_apart(type_)
    if stream is None:
        return single
    if depth > _DEEPEST:
        return UNKNOWN
    return join(single, _flattened_deep(stream.item, depth + 1))


def _all_of(cursor: Cursor) -> Value:
    """Give everything that a cursor stands at as one value, as a filter sees it."""
    if cursor.stream is None:
        return Value(cursor.single, cursor.may_be_absent, cursor.is_presumed)
    high = cursor.stream.high
    both = Type((Array((), cursor.stream.item, cursor.stream.low, high),), origin=cursor.stream.item.origin)
    return Value(join(cursor.single, both), cursor.may_be_absent, cursor.is_presumed)


def _ended(cursor: Cursor, *, keeps_array: bool) -> Value:
    if cursor.stream is None and not keeps_array:
        return Value(cursor.single, cursor.may_be_absent, cursor.is_presumed)
    if keeps_array:
        cursor = _kept(cursor)
    settled = ABSENT if cursor.stream is None else cursor.stream.settled(keeps_array=keeps_array)
    may_be_absent = cursor.may_be_absent or (cursor.stream is not None and settled.may_be_absent)
    is_by_count = not cursor.may_be_absent
    return Value(join(cursor.single, settled.type), may_be_absent, cursor.is_presumed, is_by_count)


def _kept(cursor: Cursor) -> Cursor:
    """`[]`: a lone value becomes an array of one; an array stays what it is."""
    if cursor.single.is_unknown:
        return replace(cursor, single=Type((Array((), UNKNOWN),)))
    single, _ = taken_apart(cursor.single)
    arrays = of_kind(cursor.single, Array)
    lone = NEVER if single.is_never else Type((Array((single,), NEVER, 1, 1),))
    return replace(cursor, single=join(arrays, lone))


def _is_nothing(cursor: Cursor) -> bool:
    return cursor.single.is_never and (cursor.stream is None or cursor.stream.item.is_never)
