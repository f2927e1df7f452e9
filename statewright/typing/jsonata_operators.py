"""JSONata's operators on types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from statewright.typing.findings import meant
from statewright.typing.jsonata_values import ABSENT, Stream, Value, flattened, yields
from statewright.typing.lattice import meet, number_within
from statewright.typing.rendering import show
from statewright.typing.shapes import (
    BOOLEAN,
    INFINITY,
    NUMBER,
    UNKNOWN,
    Number,
    String,
    Type,
    kinds,
    of_kind,
    shapes_of,
)

if TYPE_CHECKING:
    from statewright.typing.jsonata_types import Evaluator

Symbol = Any


def binary(evaluator: Evaluator, tree: Symbol, operator: str, left: Value, right: Value) -> Value:
    """Give what an operator yields; reports operands that it cannot take."""
    if operator in ("and", "or"):
        return Value(BOOLEAN)
    if operator in ("=", "!="):
        _check_equality(evaluator, tree, left, right)
        return Value(BOOLEAN)
    if operator == "in":
        _check_equality(evaluator, tree, left, Value(flattened(right.type), right.may_be_absent))
        return Value(BOOLEAN)
    if operator == "&":
        return Value(_concatenated(left, right))
    if operator in ("<", "<=", ">", ">="):
        return _ordered(evaluator, tree, operator, left, right)
    if operator == "..":
        return _range(evaluator, tree, left, right)
    return _arithmetic(evaluator, tree, operator, left, right)


def _check_equality(evaluator: Evaluator, tree: Symbol, left: Value, right: Value) -> None:
    if left.is_function or right.is_function or left.type.is_unknown or right.type.is_unknown:
        return
    if left.type.is_never or right.type.is_never or not meet(left.type, right.type).is_never:
        return
    message = f"{show(left.type)} is never equal to {show(right.type)}"
    suggestion = None
    for one, other in ((left.type, right.type), (right.type, left.type)):
        values = [shape.values for shape in shapes_of(one) if isinstance(shape, String) and shape.values]
        others = [shape.values for shape in shapes_of(other) if isinstance(shape, String) and shape.values]
        if suggestion is None and len(values) == 1 and len(values[0] or ()) == 1 and others:
            suggestion = meant(next(iter(values[0] or ())), sorted(others[0] or ()))
    evaluator.report(
        "SW105", message, tree,
        actual=left.type, expected=right.type, suggestion=suggestion, is_always=True,
    )  # fmt: skip


def _unwanted(value: Value, wanted: frozenset[str]) -> frozenset[str]:
    if value.is_function:
        return frozenset({"function"})
    return frozenset() if value.type.is_unknown else kinds(value.type) - wanted


def _check_operands(
    evaluator: Evaluator, tree: Symbol, operator: str, wanted: frozenset[str], *values: Value
) -> bool:
    is_right = True
    for side, value in zip(("left", "right"), values, strict=False):
        if value.type.is_unknown:
            evaluator.report("SW191", f"it cannot be shown that '{operator}' takes its {side} side", tree)
        found = _unwanted(value, wanted)
        if found:
            is_right = False
            shown = " or ".join(sorted(found))
            takes = " or ".join(sorted(wanted))
            message = f"the {side} side of '{operator}' may be {shown}, where it takes {takes}"
            evaluator.report("SW104", message, tree, actual=value.type)
    return is_right


def numbers_in(type_: Type) -> Number | None:
    """Give the hull of the numbers in a type."""
    numbers = of_kind(type_, Number)
    if numbers.is_unknown:
        return Number()
    shapes = [shape for shape in shapes_of(numbers) if isinstance(shape, Number)]
    if not shapes:
        return None
    is_integer = all(shape.is_integer for shape in shapes)
    return Number(is_integer, min(s.low for s in shapes), max(s.high for s in shapes))


def _arithmetic(evaluator: Evaluator, tree: Symbol, operator: str, left: Value, right: Value) -> Value:
    _check_operands(evaluator, tree, operator, frozenset({"number"}), left, right)
    if left.is_absent or right.is_absent:
        return ABSENT
    one, other = numbers_in(left.type), numbers_in(right.type)
    if one is None or other is None:
        return yields(NUMBER, left, right)
    if operator in ("/", "%") and other.low <= 0 <= other.high and not right.type.is_unknown:
        evaluator.report("SW191", f"it cannot be shown that the right side of '{operator}' is not 0", tree)
    return yields(Type((_computed(operator, one, other),)), left, right)


def _computed(operator: str, left: Number, right: Number) -> Number:
    is_integer = left.is_integer and right.is_integer
    if operator == "+":
        return Number(
            is_integer, _plus(left.low, right.low, -INFINITY), _plus(left.high, right.high, INFINITY)
        )
    if operator == "-":
        return Number(
            is_integer, _plus(left.low, -right.high, -INFINITY), _plus(left.high, -right.low, INFINITY)
        )
    if operator == "*":
        products = [_times(a, b) for a in (left.low, left.high) for b in (right.low, right.high)]
        return Number(is_integer, min(products), max(products))
    if operator == "/" and (right.low > 0 or right.high < 0):
        quotients = [_over(a, b) for a in (left.low, left.high) for b in (right.low, right.high)]
        return Number(low=min(quotients), high=max(quotients))
    if operator == "%" and left.low >= 0:
        return Number(is_integer, 0, left.high)
    return Number(is_integer and operator == "%")


def _plus(left: float, right: float, bound: float) -> float:
    if left in (INFINITY, -INFINITY) or right in (INFINITY, -INFINITY):
        return bound
    return left + right


def _times(left: float, right: float) -> float:
    return 0 if left == 0 or right == 0 else left * right


def _over(left: float, right: float) -> float:
    if right in (INFINITY, -INFINITY):
        return 0
    return left / right


def negated(evaluator: Evaluator, tree: Symbol, value: Value) -> Value:
    """Give the type of `-x`."""
    _check_operands(evaluator, tree, "-", frozenset({"number"}), value)
    number = numbers_in(value.type)
    if number is None:
        return yields(NUMBER, value)
    values = None
    shapes = shapes_of(value.type)
    if len(shapes) == 1 and isinstance(shapes[0], Number) and shapes[0].values is not None:
        values = frozenset(-each for each in shapes[0].values)
    return yields(Type((Number(number.is_integer, -number.high, -number.low, values=values),)), value)


def _ordered(evaluator: Evaluator, tree: Symbol, operator: str, left: Value, right: Value) -> Value:
    is_right = _check_operands(evaluator, tree, operator, frozenset({"number", "string"}), left, right)
    if is_right and not left.type.is_unknown and not right.type.is_unknown:
        one, other = kinds(left.type), kinds(right.type)
        if one and other and one != other:
            message = f"'{operator}' compares {' or '.join(sorted(one))} with {' or '.join(sorted(other))}"
            evaluator.report("SW104", message, tree, actual=left.type, expected=right.type)
    return yields(BOOLEAN, left, right)


def _range(evaluator: Evaluator, tree: Symbol, left: Value, right: Value) -> Value:
    _check_operands(evaluator, tree, "..", frozenset({"number"}), left, right)
    one, other = numbers_in(left.type), numbers_in(right.type)
    for side, number, value in (("left", one, left), ("right", other, right)):
        if number is not None and not number.is_integer and not value.type.is_unknown:
            message = f"the {side} side of '..' may be a number that is no integer"
            evaluator.report("SW104", message, tree, actual=value.type)
    if one is None or other is None:
        return Value(UNKNOWN)
    item = number_within(Number(True, one.low, other.high))
    if item is None:
        return ABSENT
    least, most = other.low - one.high + 1, other.high - one.low + 1
    low = (
        0
        if least in (-INFINITY, INFINITY) or left.may_be_absent or right.may_be_absent
        else max(0, int(least))
    )
    high = None if most in (-INFINITY, INFINITY) else max(0, int(most))
    return Stream(Type((item,)), low, high).settled()


def _concatenated(left: Value, right: Value) -> Type:
    lows, highs, texts = 0, 0, [""]
    for value in (left, right):
        if value.is_absent:
            continue
        shapes = shapes_of(value.type)
        strings = [shape for shape in shapes if isinstance(shape, String)]
        if value.type.is_unknown or len(strings) != 1 or len(shapes) != 1:
            lows, highs, texts = lows, -1, []
            continue
        (shape,) = strings
        lows += 0 if value.may_be_absent else shape.low
        highs = -1 if highs < 0 or shape.high is None else highs + shape.high
        only_value = sorted(shape.values or ()) if not value.may_be_absent else []
        texts = [text + more for text in texts for more in only_value] if len(only_value) <= 4 else []
    if texts and len(texts) <= 16 and highs >= 0:
        values = frozenset(texts)
        return Type((String(values, min(map(len, values)), max(map(len, values))),))
    return Type((String(None, lows, None if highs < 0 else highs),))
