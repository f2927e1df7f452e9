"""Choice rules: comparisons, And, Or, Not (JSONPath) and Condition (JSONata)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from statewright.asl import jsonata, jsonpath
from statewright.asl._reader import MISSING
from statewright.asl.timestamps import is_timestamp
from statewright.asl.tree import Both, ChoiceRule, Comparison, Condition, Constant, Field, Not

if TYPE_CHECKING:
    from collections.abc import Callable

    from statewright.asl._reader import Reader

Json = Any


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_ORDERS = ("Equals", "LessThan", "GreaterThan", "LessThanEquals", "GreaterThanEquals")
_KINDS: dict[str, tuple[str, Callable[[Json], bool]]] = {
    "String": ("String", lambda value: isinstance(value, str)),
    "Numeric": ("Number", _is_number),
    "Timestamp": ("Timestamp", lambda value: isinstance(value, str) and is_timestamp(value)),
}
_BOOLEAN: tuple[str, Callable[[Json], bool]] = ("Boolean", lambda value: isinstance(value, bool))

OPERATORS: dict[str, tuple[str, Callable[[Json], bool]]] = {
    **{kind + order: check for kind, check in _KINDS.items() for order in _ORDERS},
    "BooleanEquals": _BOOLEAN,
    "StringMatches": _KINDS["String"],
    **dict.fromkeys(("IsNull", "IsPresent", "IsNumeric", "IsString", "IsBoolean", "IsTimestamp"), _BOOLEAN),
}
PATH_OPERATORS = frozenset(
    [kind + order + "Path" for kind in _KINDS for order in _ORDERS] + ["BooleanEqualsPath"]
)


def read_rule(reader: Reader) -> ChoiceRule | None:
    """Read one of Choices with its Next."""
    reader.text("Comment")
    is_complete = reader.require("Next")
    target = reader.text("Next")
    output = assign = None
    if reader.language == "JSONata":
        output = reader.payload("Output")
    assign = reader.assignments()
    condition = read_condition(reader)
    if condition is None or not is_complete or target is None:
        return None
    return ChoiceRule(reader.at, condition, target, output, assign)


def read_condition(reader: Reader) -> Condition | None:
    """Read the condition of a rule, or of a rule inside And, Or, Not; closes the reader."""
    condition = _jsonata_condition(reader) if reader.language == "JSONata" else _jsonpath_condition(reader)
    reader.close()
    return condition


def _jsonata_condition(reader: Reader) -> Condition | None:
    reader.only_in("JSONPath", "And", "Or", "Not", "Variable", *OPERATORS, *PATH_OPERATORS)
    if not reader.require("Condition"):
        return None
    value = reader.take("Condition")
    if jsonata.is_expression(value):
        return reader.expression("Condition", value)
    if isinstance(value, bool):
        return Field("Condition", reader.report.source.location(reader.inner("Condition")), Constant(value))
    reader.complain("Condition must be a Boolean or a JSONata expression", "Condition")
    return None


def _jsonpath_condition(reader: Reader) -> Condition | None:
    reader.only_in("JSONata", "Condition")
    for operator in ("And", "Or"):
        if reader.has(operator):
            reader.text("Comment")
            inner = reader.objects(operator)
            if not inner:
                reader.complain("Expected a list of at least one rule", operator)
            conditions = tuple(found for found in map(_inner_condition, inner) if found is not None)
            return Both(reader.at, operator, conditions)
    if reader.has("Not"):
        reader.text("Comment")
        negated = reader.object("Not")
        condition = None if negated is None else _inner_condition(negated)
        return None if condition is None else Not(reader.at, condition)
    return _comparison(reader)


def _inner_condition(reader: Reader) -> Condition | None:
    reader.text("Comment")
    return read_condition(reader)


def _comparison(reader: Reader) -> Comparison | None:
    if not reader.require("Variable"):
        return None
    variable = reader.path("Variable")
    operators = [name for name in reader.value if name in OPERATORS or name in PATH_OPERATORS]
    if len(operators) != 1:
        reader.complain("A rule must have exactly one comparison operator")
        for name in operators:
            reader.take(name)
        return None
    operator = operators[0]
    operand: Constant | jsonpath.Path
    if operator in PATH_OPERATORS:
        field = reader.path(operator)
        if field is None or not isinstance(field.source, jsonpath.Path):
            return None
        operand = field.source
    else:
        value = reader.take(operator)
        kind, is_right = OPERATORS[operator]
        if value is MISSING or not is_right(value):
            reader.complain(f"Expected value of type {kind}", operator)
            return None
        operand = Constant(value)
    if variable is None or not isinstance(variable.source, jsonpath.Path):
        return None
    return Comparison(reader.at, variable.source, operator, operand)
