"""Binary operators: arithmetic, comparison, concatenation, ranges, membership.

Each takes both values, its own sign and the frame. Source: https://docs.jsonata.org
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from statewright.asl.jsonata.values import (
    MAX_SAFE_INTEGER,
    UNDEFINED,
    Frame,
    Function,
    Sequence,
    Value,
    deep_equal,
    fail,
    is_numeric,
    number,
    order_key,
    to_float,
    to_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable

# The limit of JSONata itself; Limits.bytes stops a range earlier.
MAX_RANGE = 10_000_000


def _arithmetic(left: Value, right: Value, operator: str, _frame: Frame) -> Value:
    if left is not UNDEFINED and not is_numeric(left):
        fail("T2001", token=operator, value=left)
    if right is not UNDEFINED and not is_numeric(right):
        fail("T2002", token=operator, value=right)
    if left is UNDEFINED or right is UNDEFINED:
        return UNDEFINED
    if type(left) is int and type(right) is int and operator in "+-*":
        exact = left + right if operator == "+" else left - right if operator == "-" else left * right
        if -MAX_SAFE_INTEGER <= exact <= MAX_SAFE_INTEGER:
            return exact
    return _float_arithmetic(to_float(left), to_float(right), operator)


def _float_arithmetic(left: float, right: float, operator: str) -> int | float:
    if operator in "/%" and right == 0:
        fail("D1001", value="Infinity" if operator == "/" and left else "NaN")
    if operator == "+":
        return number(left + right)
    if operator == "-":
        return number(left - right)
    if operator == "*":
        return number(left * right)
    return number(left / right if operator == "/" else math.fmod(left, right))


def _equality(left: Value, right: Value, operator: str, _frame: Frame) -> bool:
    if left is UNDEFINED or right is UNDEFINED:
        return False
    return deep_equal(left, right) is (operator == "=")


def _comparison(left: Value, right: Value, operator: str, _frame: Frame) -> Value:
    for side in (left, right):
        if not (side is UNDEFINED or isinstance(side, str) or is_numeric(side)):
            fail("T2010", token=operator, value=side)
    if left is UNDEFINED or right is UNDEFINED:
        return UNDEFINED
    if isinstance(left, str) != isinstance(right, str):
        fail("T2009", token=operator, value=left, value2=right)
    left, right = order_key(left), order_key(right)
    if operator == "<":
        return left < right
    if operator == "<=":
        return left <= right
    return left > right if operator == ">" else left >= right


def _concatenation(left: Value, right: Value, _operator: str, frame: Frame) -> str:
    first = "" if left is UNDEFINED else to_text(left, frame.run)
    second = "" if right is UNDEFINED else to_text(right, frame.run)
    frame.run.allocate(len(first) + len(second))
    return first + second


def _range(left: Value, right: Value, _operator: str, frame: Frame) -> Value:
    for side, code in ((left, "T2003"), (right, "T2004")):
        if side is not UNDEFINED and not (is_numeric(side) and float(side).is_integer()):
            fail(code, value=side)
    if left is UNDEFINED or right is UNDEFINED or left > right:
        return UNDEFINED
    size = int(right) - int(left) + 1
    if size > MAX_RANGE:
        fail("D2014", value=size)
    frame.run.allocate(8 * size)
    return Sequence(range(int(left), int(right) + 1))


def _membership(left: Value, right: Value, _operator: str, _frame: Frame) -> bool:
    if left is UNDEFINED or right is UNDEFINED:
        return False
    members = right if isinstance(right, list) else [right]
    # JavaScript's ===: objects and arrays are equal to themselves alone.
    if isinstance(left, dict | list | Function):
        return any(member is left for member in members)
    return any(deep_equal(member, left) for member in members)


OPERATORS: dict[str, Callable[[Value, Value, str, Frame], Value]] = {
    **dict.fromkeys("+-*/%", _arithmetic),
    **dict.fromkeys(("=", "!="), _equality),
    **dict.fromkeys(("<", "<=", ">", ">="), _comparison),
    "&": _concatenation,
    "..": _range,
    "in": _membership,
}
