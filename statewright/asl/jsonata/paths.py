"""Path expressions: steps, filters, grouping, sorting, tuple streams (`@$v`, `#$i`, `%`)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from statewright.asl.jsonata.values import (
    UNDEFINED,
    ConstructedArray,
    EvaluationError,
    Frame,
    Run,
    Sequence,
    Value,
    append,
    is_numeric,
    order_key,
    truth,
)

Evaluate: TypeAlias = Callable[[Value, Frame], Value]
Tuple: TypeAlias = dict[str, Value]


def frame_of(tuple_: Tuple, frame: Frame) -> Frame:
    """Make a scope of the variables that a tuple carries."""
    return Frame(frame, frame.run, dict(tuple_))


@dataclass(frozen=True, slots=True)
class Filter:
    """`[predicate]`; `index` counts where the predicate is a plain number."""

    predicate: Evaluate | None
    index: int

    def apply(self, source: Value, frame: Frame) -> Value:
        is_tuple_stream = isinstance(source, Sequence) and source.tuple_stream
        items = source if isinstance(source, list) else [source]
        if self.predicate is None:
            return self._at_index(items, is_tuple_stream=is_tuple_stream)
        found = Sequence()
        found.tuple_stream = is_tuple_stream
        for place, item in enumerate(items):
            frame.run.tick()
            context, scope = (item["@"], frame_of(item, frame)) if is_tuple_stream else (item, frame)
            times = self._times(self.predicate(context, scope), place, len(items))
            if item is not UNDEFINED:
                found.extend([item] * times)
        return found

    def _at_index(self, items: list[Value], *, is_tuple_stream: bool) -> Value:
        found = Sequence()
        found.tuple_stream = is_tuple_stream
        if not -len(items) <= self.index < len(items):
            return found
        item = items[self.index]
        if isinstance(item, list):
            return item
        if item is not UNDEFINED:
            found.append(item)
        return found

    @staticmethod
    def _times(answer: Value, place: int, size: int) -> int:
        """How often the item is selected: an array of numbers may name its place more than once."""
        numbers = answer if isinstance(answer, list) else [answer]
        if all(is_numeric(wanted) for wanted in numbers):
            return sum(
                (math.floor(wanted) + size if wanted < 0 else math.floor(wanted)) == place
                for wanted in numbers
            )
        return int(truth(answer))


@dataclass(frozen=True, slots=True)
class Group:
    """`{key: value, ...}`, alone or behind a path."""

    pairs: tuple[tuple[Evaluate, Evaluate], ...]
    position: int

    def apply(self, source: Value, frame: Frame) -> dict[str, Value]:
        is_tuple_stream = isinstance(source, Sequence) and source.tuple_stream
        items = source if isinstance(source, list) else [source]
        groups = self._collect(items or [UNDEFINED], frame, is_tuple_stream=is_tuple_stream)
        result: dict[str, Value] = {}
        for key, (data, pair) in groups.items():
            context, scope = data, frame
            if is_tuple_stream:
                merged = _merge_tuples(data, frame.run)
                context = merged.pop("@")
                scope = frame_of(merged, frame)
            value = self.pairs[pair][1](context, scope)
            if value is not UNDEFINED:
                result[key] = value
        return result

    def _collect(
        self, items: list[Value], frame: Frame, *, is_tuple_stream: bool
    ) -> dict[str, tuple[Value, int]]:
        groups: dict[str, tuple[Value, int]] = {}
        for item in items:
            frame.run.tick()
            context, scope = (item["@"], frame_of(item, frame)) if is_tuple_stream else (item, frame)
            for index, (key_of, _) in enumerate(self.pairs):
                key = key_of(context, scope)
                if key is UNDEFINED:
                    continue
                if not isinstance(key, str):
                    raise EvaluationError("T1003", self.position, value=key)
                if key not in groups:
                    groups[key] = (item, index)
                    continue
                data, first = groups[key]
                if first != index:
                    raise EvaluationError("D1009", self.position, value=key)
                groups[key] = (_gather(data, item, frame.run), index)
        return groups


class _Gathered(list[Value]):
    """Items of one group: a list that grows in place, so that grouping stays linear."""

    __slots__ = ()


def _gather(data: Value, item: Value, run: Run) -> Value:
    gathered = data if isinstance(data, _Gathered) else _Gathered(data if isinstance(data, list) else [data])
    run.allocate(8)
    if isinstance(item, list):
        gathered.extend(item)
    elif item is not UNDEFINED:
        gathered.append(item)
    return gathered


def _merge_tuples(data: Value, run: Run) -> Tuple:
    tuples = data if isinstance(data, list) else [data]
    merged = dict(tuples[0])
    for tuple_ in tuples[1:]:
        for name, value in tuple_.items():
            merged[name] = append(merged.get(name, UNDEFINED), value, run)
    return merged


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a path; `terms` where it sorts. A stage is a filter, or the name of an index variable."""

    evaluate: Evaluate
    terms: tuple[tuple[Evaluate, bool], ...] | None
    stages: tuple[Filter | str, ...]
    is_tuple: bool
    is_constructed: bool
    focus: str | None
    index: str | None
    ancestor: str | None
    position: int

    def apply(self, items: list[Value], frame: Frame, *, is_last: bool) -> Value:
        if self.terms is not None:
            return self._staged(sort_by(items, self.terms, frame, self.position), frame)
        run = frame.run
        results: list[Value] = []
        for item in items:
            run.tick()
            value = self.evaluate(item, frame)
            for stage in self.stages:
                if isinstance(stage, Filter):
                    value = stage.apply(value, frame)
            if value is not UNDEFINED:
                results.append(value)
        if (
            is_last
            and len(results) == 1
            and isinstance(results[0], list)
            and not isinstance(results[0], Sequence)
        ):
            return results[0]
        flat = Sequence()
        for value in results:
            if isinstance(value, list) and not isinstance(value, ConstructedArray):
                flat.extend(value)
            else:
                flat.append(value)
        run.allocate(8 * len(flat))
        return flat

    def apply_tuples(self, items: list[Value], tuples: list[Tuple] | None, frame: Frame) -> list[Tuple]:
        """Take each tuple a step further, binding what the step binds."""
        if self.terms is not None:
            return self._staged(self._sorted_tuples(items, tuples, frame), frame)
        result = Sequence()
        result.tuple_stream = True
        for tuple_ in [{"@": item} for item in items] if tuples is None else tuples:
            frame.run.tick()
            value = self.evaluate(tuple_["@"], frame_of(tuple_, frame))
            if value is UNDEFINED:
                continue
            is_stream = isinstance(value, Sequence) and value.tuple_stream
            values = value if isinstance(value, list) else [value]
            frame.run.allocate(64 * len(values))
            for place, member in enumerate(values):
                result.append(tuple_ | member if is_stream else self._bound(tuple_, member, place))
        return self._staged(result, frame)

    def _bound(self, tuple_: Tuple, member: Value, place: int) -> Tuple:
        bound = dict(tuple_)
        bound["@" if self.focus is None else self.focus] = member
        if self.index is not None:
            bound[self.index] = place
        if self.ancestor is not None:
            bound[self.ancestor] = tuple_["@"]
        return bound

    def _sorted_tuples(self, items: list[Value], tuples: list[Tuple] | None, frame: Frame) -> list[Tuple]:
        assert self.terms is not None
        source = items if tuples is None else tuples
        ordered = sort_by(source, self.terms, frame, self.position)
        result = Sequence(ordered)
        if tuples is None:
            result = Sequence({"@": item, self.index or "": place} for place, item in enumerate(ordered))
        result.tuple_stream = True
        return result

    def _staged(self, items: list[Value], frame: Frame) -> list[Value]:
        result = items
        for stage in self.stages:
            if isinstance(stage, Filter):
                result = stage.apply(result, frame)
            else:
                for place, tuple_ in enumerate(result):
                    tuple_[stage] = place
        return result


def _items(result: Value) -> list[Value]:
    """Give what the next step goes through: of a string its characters, of a number nothing."""
    if isinstance(result, list):
        return result
    return list(result) if isinstance(result, str) else []


@dataclass(frozen=True, slots=True)
class Path:
    """A path of steps."""

    steps: tuple[Step, ...]
    is_absolute: bool
    keeps_singleton: bool
    is_tuple: bool
    group: Group | None

    def evaluate(self, source: Value, frame: Frame) -> Value:
        items: Value = source if isinstance(source, list) and not self.is_absolute else Sequence([source])
        result: Value = UNDEFINED
        tuples: list[Tuple] | None = None
        in_tuples = False
        last = len(self.steps) - 1
        for place, step in enumerate(self.steps):
            in_tuples = in_tuples or step.is_tuple
            if place == 0 and step.is_constructed:
                result = step.evaluate(items, frame)
            elif in_tuples:
                tuples = step.apply_tuples(items, tuples, frame)
            else:
                result = step.apply(items, frame, is_last=place == last)
            if not in_tuples and (result is UNDEFINED or result in ([], "")):
                break
            if step.focus is None:
                items = _items(result)
        if in_tuples:
            result = tuples if self.is_tuple else Sequence(tuple_["@"] for tuple_ in tuples or ())
        return self._finished(result, tuples if in_tuples else result, frame)

    def _finished(self, result: Value, grouped: Value, frame: Frame) -> Value:
        if self.keeps_singleton:
            if isinstance(result, ConstructedArray):
                result = Sequence([result])
            if isinstance(result, Sequence):
                result.keep_singleton = True
        if self.group is None:
            return result
        return self.group.apply(grouped if grouped is not None else result, frame)


# --- order ---


def sort_by(
    items: list[Value], terms: tuple[tuple[Evaluate, bool], ...], frame: Frame, position: int
) -> list[Value]:
    """Sort by the terms of `^(...)`: each item's keys are worked out once, undefined goes last."""
    if len(items) <= 1:
        return items
    is_tuple_stream = isinstance(items, Sequence) and items.tuple_stream
    keyed: list[tuple[list[Value], Value]] = []
    for item in items:
        frame.run.tick()
        context, scope = (item["@"], frame_of(item, frame)) if is_tuple_stream else (item, frame)
        keyed.append(([term(context, scope) for term, _ in terms], item))
    directions = [descending for _, descending in terms]
    ordered = merge_sort(keyed, lambda a, b: _order(a[0], b[0], directions, position) > 0, frame.run)
    result = Sequence(item for _, item in ordered) if is_tuple_stream else [item for _, item in ordered]
    if isinstance(result, Sequence):
        result.tuple_stream = True
    return result


def _order(left: list[Value], right: list[Value], directions: list[bool], position: int) -> int:
    for first, second, descending in zip(left, right, directions, strict=True):
        if first is UNDEFINED or second is UNDEFINED:
            if first is second:
                continue
            return 1 if first is UNDEFINED else -1
        for key in (first, second):
            if not (isinstance(key, str) or is_numeric(key)):
                raise EvaluationError("T2008", position, value=first, value2=second)
        if isinstance(first, str) != isinstance(second, str):
            raise EvaluationError("T2007", position, value=first, value2=second)
        if first != second:
            return (1 if order_key(first) > order_key(second) else -1) * (-1 if descending else 1)
    return 0


def merge_sort(items: list[Value], swaps: Callable[[Value, Value], bool], run: Run) -> list[Value]:
    """Sort stably by a comparator that says whether two items must swap; it may be any function, and err."""
    width = 1
    current = list(items)
    while width < len(current):
        merged: list[Value] = []
        for start in range(0, len(current), 2 * width):
            left, right = current[start : start + width], current[start + width : start + 2 * width]
            _merge(left, right, swaps, merged)
        run.allocate(8 * len(merged))
        current = merged
        width *= 2
    return current


def _merge(
    left: list[Value], right: list[Value], swaps: Callable[[Value, Value], bool], into: list[Value]
) -> None:
    i = j = 0
    while i < len(left) and j < len(right):
        if swaps(left[i], right[j]):
            into.append(right[j])
            j += 1
        else:
            into.append(left[i])
            i += 1
    into.extend(left[i:])
    into.extend(right[j:])


# --- wildcards ---


def wildcard(source: Value, frame: Frame) -> Value:
    """`*`: the values of an object, arrays among them flattened."""
    members = (
        list(source.values()) if isinstance(source, dict) else source if isinstance(source, list) else []
    )
    found = Sequence()
    has_arrays = False
    for value in members:
        if isinstance(value, list):
            has_arrays = True
            found.extend(_flat(value))
        else:
            found.append(value)
    frame.run.allocate(8 * len(found))
    return list(found) if has_arrays else found


def _flat(value: list[Value]) -> list[Value]:
    flat: list[Value] = []
    waiting = list(reversed(value))
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting.extend(reversed(item))
        else:
            flat.append(item)
    return flat


def descendants(source: Value, frame: Frame) -> Value:
    """`**`: the value and everything below it, arrays themselves left out."""
    if source is UNDEFINED:
        return UNDEFINED
    found = Sequence()
    waiting = [source]
    while waiting:
        frame.run.tick()
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(reversed(value))
            continue
        found.append(value)
        if isinstance(value, dict):
            waiting.extend(reversed(value.values()))
    frame.run.allocate(8 * len(found))
    return found[0] if len(found) == 1 else found
