"""JSON values whose strings may be `{% expressions %}`: Arguments, Output, Assign, Items and their like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from statewright.asl.jsonata.expression import LIMITS, Expression, JsonataError, compile_expression
from statewright.asl.jsonata.values import UNDEFINED, Limits, Value

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_NESTING = 500


@dataclass(frozen=True, slots=True)
class _Constant:
    value: Value


@dataclass(frozen=True, slots=True)
class _Object:
    members: tuple[tuple[str, _Node], ...]


@dataclass(frozen=True, slots=True)
class _Array:
    items: tuple[_Node, ...]


@dataclass(frozen=True, slots=True)
class _Dynamic:
    pointer: str
    expression: Expression


_Node = _Constant | _Object | _Array | _Dynamic


@dataclass(frozen=True, slots=True)
class Template:
    """A compiled value; `expressions` gives each expression with its JSON pointer."""

    root: _Node
    expressions: tuple[tuple[str, Expression], ...]

    @property
    def free_variables(self) -> frozenset[str]:
        """Every variable that some expression needs."""
        return frozenset().union(*(expression.free_variables for _, expression in self.expressions))

    def evaluate(
        self, bindings: Mapping[str, Value], limits: Limits = LIMITS, now: float | None = None
    ) -> Value:
        """Give the value with every expression evaluated; raises JsonataError with `.where` set.

        An expression that yields nothing is an error. All expressions together have the time of one.
        """
        return _evaluate(self.root, bindings, limits.shared(), now)


def is_expression(value: Value) -> bool:
    """Say whether a JSON value is a string `{% ... %}`; blanks around the marks are not allowed."""
    return isinstance(value, str) and len(value) >= 4 and value.startswith("{%") and value.endswith("%}")


def compile_template(value: Value) -> Template:
    """Compile a value; raises JsonataError with `.where` set."""
    found: list[tuple[str, Expression]] = []
    root = _compile(value, "", 0, found)
    return Template(root, tuple(found))


def _compile(value: Value, pointer: str, depth: int, found: list[tuple[str, Expression]]) -> _Node:
    if depth > MAX_NESTING:
        raise JsonataError(f"a template may nest {MAX_NESTING} deep", 0, "S0500", "", pointer)
    if isinstance(value, dict):
        members = tuple(
            (key, _compile(member, f"{pointer}/{_escaped(key)}", depth + 1, found))
            for key, member in value.items()
        )
        is_constant = all(isinstance(member, _Constant) for _, member in members)
        return _Constant(value) if is_constant else _Object(members)
    if isinstance(value, list):
        items = tuple(
            _compile(item, f"{pointer}/{index}", depth + 1, found) for index, item in enumerate(value)
        )
        return _Constant(value) if all(isinstance(item, _Constant) for item in items) else _Array(items)
    if not is_expression(value):
        return _Constant(value)
    try:
        expression = compile_expression(value[2:-2].strip())
    except JsonataError as error:
        raise error.at(pointer) from error.__cause__
    found.append((pointer, expression))
    return _Dynamic(pointer, expression)


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _evaluate(node: _Node, bindings: Mapping[str, Value], limits: Limits, now: float | None) -> Value:
    if isinstance(node, _Constant):
        return node.value
    if isinstance(node, _Object):
        return {key: _evaluate(member, bindings, limits, now) for key, member in node.members}
    if isinstance(node, _Array):
        return [_evaluate(item, bindings, limits, now) for item in node.items]
    try:
        value = node.expression.evaluate(bindings, limits, now)
    except JsonataError as error:
        raise error.at(node.pointer) from error.__cause__
    if value is UNDEFINED:
        raise JsonataError.of_nothing(node.expression.text).at(node.pointer)
    return value
