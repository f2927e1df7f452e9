"""Choice: goes where the first true rule says.

A value of another type than the operator's makes a comparison false; a path that points nowhere is an error,
except for IsPresent. https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html
"""

from __future__ import annotations

import operator
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from statewright.asl import jsonata, jsonpath
from statewright.asl.timestamps import parse_timestamp
from statewright.asl.tree import Both, Choice, Comparison, Condition, Constant, Field, Not
from statewright.engine.errors import StateFailure

if TYPE_CHECKING:
    from collections.abc import Callable

    from statewright.asl.tree import ChoiceRule
    from statewright.engine.step import Step

Json = Any

_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "GreaterThan": operator.gt,
    "LessThanEquals": operator.le,
    "GreaterThanEquals": operator.ge,
}


async def run_choice(step: Step) -> tuple[str | None, Any]:
    """Run a Choice state."""
    state = step.state
    assert isinstance(state, Choice)
    value = step.selected_input()
    rule = _first_true(step, state, value)
    if rule is None and state.default is None:
        raise StateFailure(
            "States.NoChoiceMatched",
            step.cause("Failed to transition out of the state. The state does not point to a next state."),
        )
    if rule is None:
        return state.default, step.finish(value)
    return rule.next, _finish(step, state, rule, value)


def _finish(step: Step, state: Choice, rule: ChoiceRule, value: Json) -> Json:
    """The rule's Assign and Output stand in for the state's own."""
    if state.language == "JSONPath":
        assigned = step.assigned(rule.assign, value)
        return step.commit(step.selected_output(value), assigned)
    assigned = step.assigned(rule.assign, None)
    if rule.output is not None:
        return step.commit(step.template(rule.output, None), assigned)
    output = value if state.output is None else step.template(state.output, None)
    return step.commit(output, assigned)


def _first_true(step: Step, state: Choice, value: Json) -> ChoiceRule | None:
    for index, rule in enumerate(state.rules):
        if isinstance(rule.condition, Field):
            if _expression_holds(step, rule.condition, f"Choices[{index}]/Condition"):
                return rule
        elif holds(step, rule.condition, value):
            return rule
    return None


def _expression_holds(step: Step, condition: Field, name: str) -> bool:
    source = condition.source
    if isinstance(source, Constant):
        return bool(source.value)
    assert isinstance(source, jsonata.Expression)
    value = step.expression(source, name)
    if not isinstance(value, bool):
        raise step.wrong_type(source, name, "boolean", value)
    return value


def holds(step: Step, condition: Condition, document: Json) -> bool:
    """Say whether a JSONPath condition is true."""
    if isinstance(condition, Both):
        results = (holds(step, each, document) for each in condition.conditions)
        return all(results) if condition.operator == "And" else any(results)
    if isinstance(condition, Not):
        return not holds(step, condition.condition, document)
    assert isinstance(condition, Comparison)
    if condition.operator == "IsPresent":
        return _is_present(step, condition.variable, document) is _operand(condition)
    value = _value(step, condition.variable, document)
    test = _TYPE_TESTS.get(condition.operator)
    if test is not None:
        return test(value) is _operand(condition)
    operand = condition.operand
    name = condition.operator
    if isinstance(operand, jsonpath.Path):
        return compare(name.removesuffix("Path"), value, _value(step, operand, document))
    return compare(name, value, operand.value)


def _operand(condition: Comparison) -> Json:
    assert isinstance(condition.operand, Constant)
    return condition.operand.value


def _value(step: Step, path: jsonpath.Path, document: Json) -> Json:
    try:
        return path.evaluate(document, context=step.context, variables=step.variables)
    except jsonpath.PathError as error:
        raise step.runtime_error(
            f"Invalid path '{path.text}': The choice state's condition path references an invalid value."
        ) from error


def _is_present(step: Step, path: jsonpath.Path, document: Json) -> bool:
    try:
        found = path.evaluate(document, context=step.context, variables=step.variables)
    except jsonpath.PathError:
        return False
    return path.is_definite or bool(found)


def compare(name: str, value: Json, operand: Json) -> bool:
    """Apply a comparison operator to two values; False where one is of another type."""
    if name == "StringMatches":
        return isinstance(value, str) and isinstance(operand, str) and _matches(operand, value)
    for kind, read in _READERS.items():
        if name.startswith(kind):
            left, right = read(value), read(operand)
            return left is not None and right is not None and _ORDERS[name.removeprefix(kind)](left, right)
    raise AssertionError(name)


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: Json) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _boolean(value: Json) -> bool | None:
    return value if isinstance(value, bool) else None


def _moment(value: Json) -> float | None:
    if not isinstance(value, str):
        return None
    try:
        return parse_timestamp(value)
    except ValueError:
        return None


_READERS: dict[str, Callable[[Json], Any]] = {
    "String": _text,
    "Numeric": _number,
    "Boolean": _boolean,
    "Timestamp": _moment,
}

_TYPE_TESTS: dict[str, Callable[[Json], bool]] = {
    "IsNull": lambda value: value is None,
    "IsString": lambda value: isinstance(value, str),
    "IsNumeric": lambda value: _number(value) is not None,
    "IsBoolean": lambda value: isinstance(value, bool),
    "IsTimestamp": lambda value: _moment(value) is not None,
}


@lru_cache(maxsize=1024)
def _pattern(text: str) -> re.Pattern[str] | None:
    r"""Compile a StringMatches pattern: `*` is any run of characters, `\*` and `\\` are themselves.

    Each run is matched once, shortest first, and never again, so that no pattern takes exponential time.
    """
    parts = [""]
    characters = iter(text)
    for character in characters:
        if character == "\\":
            escaped = next(characters, None)
            if escaped not in ("*", "\\"):
                return None
            parts[-1] += escaped
        elif character == "*":
            parts.append("")
        else:
            parts[-1] += character
    if len(parts) == 1:
        return re.compile(re.escape(parts[0]))
    first, *middle, last = parts
    runs = "".join(f"(?>.*?{re.escape(part)})" for part in middle if part)
    return re.compile(f"{re.escape(first)}{runs}.*{re.escape(last)}", re.DOTALL)


def _matches(pattern: str, value: str) -> bool:
    compiled = _pattern(pattern)
    return compiled is not None and compiled.fullmatch(value) is not None
