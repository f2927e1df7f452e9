# ruff: noqa: ARG002 -- every step and operand has the same signature, whether it needs all of it or not
"""What a compiled JSONPath consists of: steps that select nodes, and the conditions inside `[?(...)]`.

Step: nodes -> nodes. A step never changes a node and never fails; which definite path points nowhere is found
out by `jsonpath.Path`, which walks definite paths itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from statewright.asl.patterns import Pattern

Json = Any


class Missing:
    """The type of `MISSING`, what a path inside a filter yields where it points nowhere."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = Missing()


@dataclass(frozen=True, slots=True)
class Roots:
    """Where `$`, `$$` and `$name` begin while one path is evaluated."""

    document: Json
    context: Json
    variables: Mapping[str, Json]


class Step(Protocol):
    """One part of a path behind its root."""

    @property
    def is_definite(self) -> bool: ...

    def select(self, nodes: Sequence[Json], roots: Roots) -> list[Json]: ...


@dataclass(frozen=True, slots=True)
class Names:
    """`.a`, `['a']`, `['a','b']`."""

    names: tuple[str, ...]

    @property
    def is_definite(self) -> bool:
        return len(self.names) == 1

    def select(self, nodes: Sequence[Json], roots: Roots) -> list[Json]:
        objects = [node for node in nodes if isinstance(node, dict)]
        if self.is_definite:
            (name,) = self.names
            return [node[name] for node in objects if name in node]
        # Jayway gives one object that holds the wanted members, not a list of their values.
        return [{name: node[name] for name in self.names if name in node} for node in objects]

    def __str__(self) -> str:
        return "[" + ",".join(f"'{name}'" for name in self.names) + "]"


@dataclass(frozen=True, slots=True)
class Indices:
    """`[0]`, `[-1]`, `[0,2]`."""

    indices: tuple[int, ...]

    @property
    def is_definite(self) -> bool:
        return len(self.indices) == 1

    def select(self, nodes: Sequence[Json], roots: Roots) -> list[Json]:
        return [
            node[index]
            for node in nodes
            if isinstance(node, list)
            for index in self.indices
            if -len(node) <= index < len(node)
        ]

    def __str__(self) -> str:
        return "[" + ",".join(str(index) for index in self.indices) + "]"


@dataclass(frozen=True, slots=True)
class Slice:
    """`[1:3]`, `[1:]`, `[:-1]`."""

    start: int | None
    stop: int | None

    is_definite = False

    def select(self, nodes: Sequence[Json], roots: Roots) -> list[Json]:
        return [item for node in nodes if isinstance(node, list) for item in node[self.start : self.stop]]


@dataclass(frozen=True, slots=True)
class Wildcard:
    """`.*`, `[*]`."""

    is_definite = False

    def select(self, nodes: Sequence[Json], roots: Roots) -> list[Json]:
        return [child for node in nodes for child in children(node)]


@dataclass(frozen=True, slots=True)
class Descendants:
    """`..`: every node below and including the current ones; the next step selects among them."""

    is_definite = False

    def select(self, nodes: Sequence[Json], roots: Roots) -> list[Json]:
        return [below for node in nodes for below in self_and_descendants(node)]


@dataclass(frozen=True, slots=True)
class Filter:
    """`[?(...)]`: the items of an array, or the object itself, that satisfy the condition."""

    condition: Condition

    is_definite = False

    def select(self, nodes: Sequence[Json], roots: Roots) -> list[Json]:
        candidates = (item for node in nodes for item in (node if isinstance(node, list) else [node]))
        # "@ does not match scalar values. It only matches objects."
        # https://docs.aws.amazon.com/step-functions/latest/dg/amazon-states-language-paths.html
        return [
            item for item in candidates if isinstance(item, dict | list) and self.condition.holds(item, roots)
        ]


def children(node: Json) -> list[Json]:
    """Give the values of an object or array, nothing for a scalar."""
    if isinstance(node, dict):
        return list(node.values())
    return node if isinstance(node, list) else []


def self_and_descendants(node: Json) -> Iterator[Json]:
    """Walk a document in order without recursion, so that no nesting is too deep."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        waiting.extend(reversed(children(current)))


# --- filter conditions ---


class Condition(Protocol):
    """A truth about the current item `@`."""

    def holds(self, item: Json, roots: Roots) -> bool: ...


class Operand(Protocol):
    """A value on one side of an operator; `MISSING` where its path points nowhere."""

    def value(self, item: Json, roots: Roots) -> Json | Missing: ...


@dataclass(frozen=True, slots=True)
class Literal:
    constant: Json

    def value(self, item: Json, roots: Roots) -> Json | Missing:
        return self.constant


@dataclass(frozen=True, slots=True)
class Regex:
    pattern: Pattern

    def value(self, item: Json, roots: Roots) -> Json | Missing:
        return self.pattern


@dataclass(frozen=True, slots=True)
class InnerPath:
    """`@.a.b` or `$.limit` inside a filter."""

    from_item: bool
    steps: tuple[Step, ...]

    def value(self, item: Json, roots: Roots) -> Json | Missing:
        nodes = [item if self.from_item else roots.document]
        for step in self.steps:
            nodes = step.select(nodes, roots)
        if not all(step.is_definite for step in self.steps):
            return nodes
        return nodes[0] if nodes else MISSING


@dataclass(frozen=True, slots=True)
class AnyOf:
    conditions: tuple[Condition, ...]

    def holds(self, item: Json, roots: Roots) -> bool:
        return any(condition.holds(item, roots) for condition in self.conditions)


@dataclass(frozen=True, slots=True)
class AllOf:
    conditions: tuple[Condition, ...]

    def holds(self, item: Json, roots: Roots) -> bool:
        return all(condition.holds(item, roots) for condition in self.conditions)


@dataclass(frozen=True, slots=True)
class Not:
    condition: Condition

    def holds(self, item: Json, roots: Roots) -> bool:
        return not self.condition.holds(item, roots)


@dataclass(frozen=True, slots=True)
class Exists:
    operand: Operand

    def holds(self, item: Json, roots: Roots) -> bool:
        found = self.operand.value(item, roots)
        is_indefinite = isinstance(self.operand, InnerPath) and not all(
            s.is_definite for s in self.operand.steps
        )
        return bool(found) if is_indefinite else found is not MISSING


@dataclass(frozen=True, slots=True)
class Comparison:
    left: Operand
    compare: Callable[[Json, Json], bool]
    right: Operand

    def holds(self, item: Json, roots: Roots) -> bool:
        return self.compare(self.left.value(item, roots), self.right.value(item, roots))


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value)


def json_equal(left: Json, right: Json) -> bool:
    """Compare as JSON does: `1 == 1.0`, `true != 1`."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(json_equal(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(json_equal, left, right))
    return bool(left == right) and left is not MISSING


def _ordered(decide: Callable[[Json, Json], bool]) -> Callable[[Json, Json], bool]:
    def compare(left: Json, right: Json) -> bool:
        both_numbers = _is_number(left) and _is_number(right)
        both_strings = isinstance(left, str) and isinstance(right, str)
        return (both_numbers or both_strings) and decide(left, right)

    return compare


def _among(left: Json, right: Json) -> bool:
    return isinstance(right, list) and any(json_equal(left, member) for member in right)


def _contains(left: Json, right: Json) -> bool:
    if isinstance(left, str):
        return isinstance(right, str) and right in left
    return _among(right, left)


def _is_subset(left: Json, right: Json) -> bool:
    return isinstance(left, list) and all(_among(member, right) for member in left)


def _overlaps(left: Json, right: Json) -> bool:
    return isinstance(left, list) and any(_among(member, right) for member in left)


def _has_size(left: Json, right: Json) -> bool:
    return isinstance(left, list | str) and _is_number(right) and len(left) == right


def _is_empty(left: Json, right: Json) -> bool:
    return isinstance(left, list | str) and (not left) is right


def _matches(left: Json, right: Json) -> bool:
    return isinstance(left, str) and bool(right.fullmatch(left))


COMPARISONS: Mapping[str, Callable[[Json, Json], bool]] = {
    "==": json_equal,
    "===": json_equal,
    "!=": lambda left, right: not json_equal(left, right),
    "!==": lambda left, right: not json_equal(left, right),
    "<": _ordered(lambda left, right: left < right),
    "<=": _ordered(lambda left, right: left <= right),
    ">": _ordered(lambda left, right: left > right),
    ">=": _ordered(lambda left, right: left >= right),
    "=~": _matches,
    "in": _among,
    "nin": lambda left, right: not _among(left, right),
    "contains": _contains,
    "subsetof": _is_subset,
    "anyof": _overlaps,
    "noneof": lambda left, right: isinstance(left, list) and not _overlaps(left, right),
    "size": _has_size,
    "empty": _is_empty,
}
