"""Numeric functions. Source: https://docs.jsonata.org/numeric-functions"""

from __future__ import annotations

import math
import random as generators
import re
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import jsonata as library

from statewright.asl.jsonata.natives import native
from statewright.asl.jsonata.values import UNDEFINED, EvaluationError, Run, Value, fail, number, to_float

if TYPE_CHECKING:
    from collections.abc import Callable

_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?([Ee][-+]?[0-9]+)?")
_BASED = re.compile(r"0[xX][0-9A-Fa-f]+|0[oO][0-7]+|0[bB][01]+")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
# A double has no digits beyond these places.
_MAX_PLACES = 400


@native("sum", "<a<n>:n>")
def sum_(_run: Run, values: Value) -> Value:
    return values if values is UNDEFINED else _total(values)


def _total(values: list[Any]) -> int | float:
    # Integers add up exactly; doubles in JavaScript's order, one after the other.
    return number(sum(values) if all(isinstance(v, int) for v in values) else sum(map(to_float, values)))


@native("count", "<a:n>")
def count(_run: Run, values: Value) -> Value:
    return 0 if values is UNDEFINED else len(values)


@native("max", "<a<n>:n>")
def max_(_run: Run, values: Value) -> Value:
    return max(values) if values else UNDEFINED


@native("min", "<a<n>:n>")
def min_(_run: Run, values: Value) -> Value:
    return min(values) if values else UNDEFINED


@native("average", "<a<n>:n>")
def average(_run: Run, values: Value) -> Value:
    return number(to_float(_total(values)) / len(values)) if values else UNDEFINED


@native("number", "<(nsb)-:n>")
def number_(_run: Run, value: Value) -> Value:
    if value is UNDEFINED or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    if isinstance(value, bool):
        return int(value)
    if _BASED.fullmatch(value) and len(value) < 200:
        return number(int(value, 0))
    if not _DECIMAL.fullmatch(value) or not math.isfinite(float(value)):
        fail("D3030", value=value, token="number", index=1)  # noqa: S106
    return number(float(value))


@native("abs", "<n-:n>")
def abs_(_run: Run, value: Value) -> Value:
    return value if value is UNDEFINED else number(abs(value))


@native("floor", "<n-:n>")
def floor(_run: Run, value: Value) -> Value:
    return value if value is UNDEFINED else number(math.floor(value))


@native("ceil", "<n-:n>")
def ceil(_run: Run, value: Value) -> Value:
    return value if value is UNDEFINED else number(math.ceil(value))


@native("round", "<n-n?:n>")
def round_(_run: Run, value: Value, precision: Value) -> Value:
    if value is UNDEFINED:
        return value
    places = 0 if precision is UNDEFINED else math.trunc(precision)
    return _rounded(value, max(-_MAX_PLACES, min(_MAX_PLACES, places)))


def _rounded(value: float, places: int) -> int | float:
    try:
        rounded = Decimal(repr(value)).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)
    except InvalidOperation:  # more digits than there are: nothing to round
        return number(value)
    return number(float(rounded))


@native("sqrt", "<n-:n>")
def sqrt(_run: Run, value: Value) -> Value:
    if value is UNDEFINED:
        return value
    if value < 0:
        fail("D3060", value=value, index=1, token="sqrt")  # noqa: S106
    return number(math.sqrt(value))


@native("power", "<n-n:n>")
def power(_run: Run, base: Value, exponent: Value) -> Value:
    if base is UNDEFINED:
        return base
    if exponent is UNDEFINED:
        fail("D3061", value=base, exp=exponent, index=1, token="power")  # noqa: S106
    try:
        return number(math.pow(base, exponent))
    except (ValueError, OverflowError, EvaluationError):
        fail("D3061", value=base, exp=exponent, index=1, token="power")  # noqa: S106


@native("random", "<n?:n>")
def random(_run: Run, seed: Value) -> Value:
    """Give a number from [0, 1); AWS adds the seed, which makes it repeatable (but not AWS's own number)."""
    return generators.random() if seed is UNDEFINED else generators.Random(seed).random()  # noqa: S311


@native("formatBase", "<n-n?:s>")
def format_base(_run: Run, value: Value, radix: Value) -> Value:
    if value is UNDEFINED:
        return value
    base = 10 if radix is UNDEFINED else math.trunc(_rounded(radix, 0))
    if not 2 <= base <= 36:
        fail("D3100", value=base)
    rest = abs(int(_rounded(value, 0)))
    digits = [] if rest else ["0"]
    while rest:
        rest, digit = divmod(rest, base)
        digits.append(_DIGITS[digit])
    return ("-" if _rounded(value, 0) < 0 else "") + "".join(reversed(digits))


@native("formatNumber", "<n-so?:s>")
def format_number(_run: Run, value: Value, picture: Value, options: Value) -> Value:
    if value is UNDEFINED:
        return value
    chosen = {} if options is UNDEFINED else options
    pattern = _bounded(picture)
    exact = formatted(_prerounded, value, pattern, chosen)
    text = formatted(library.Functions.format_number, exact, pattern, chosen)
    return _without_leading_zero(text, pattern, chosen)


def _prerounded(value: float, picture: str, options: dict[str, str]) -> Decimal:
    """Round as `$round` does to the picture's places; the library would round the binary form, halves up."""
    separator = options.get("pattern-separator", ";")
    positive, *negative = picture.split(separator)
    part = negative[0] if negative and value < 0 else positive
    if options.get("exponent-separator", "e") in part:
        return Decimal(repr(value))
    fraction = part.partition(options.get("decimal-separator", "."))[2]
    zero = ord(options.get("zero-digit", "0"))
    places = sum(1 for mark in fraction if mark == options.get("digit", "#") or 0 <= ord(mark) - zero <= 9)
    shift = 2 if options.get("percent", "%") in part else 3 if options.get("per-mille", "‰") in part else 0
    return Decimal(repr(_rounded(value, places + shift)))


def _without_leading_zero(text: str, picture: str, options: dict[str, str]) -> str:
    """Take away the zero before the point that a picture like `#.0` does not ask for."""
    point = options.get("decimal-separator", ".")
    zero = options.get("zero-digit", "0")
    asks_for_none = picture.startswith(options.get("digit", "#") + point)
    return text.replace(zero + point, point, 1) if asks_for_none and text.startswith(zero + point) else text


@native("formatInteger", "<n-s:s>")
def format_integer(_run: Run, value: Value, picture: Value) -> Value:
    if value is UNDEFINED:
        return value
    return formatted(library.DateTimeUtils.format_integer, math.floor(value), _bounded(picture))


@native("parseInteger", "<s-s:n>")
def parse_integer(_run: Run, text: Value, picture: Value) -> Value:
    if text is UNDEFINED:
        return text
    return number(formatted(library.DateTimeUtils.parse_integer, text, _bounded(picture)))


def _bounded(picture: Value) -> str:
    """Take a picture string; the library's regular expressions run over it, so it must be short."""
    if picture is UNDEFINED:
        fail("T0410", index=2, token="picture")  # noqa: S106
    if len(picture) > 500:
        fail("D3085")
    return str(picture)


def formatted(formatter: Callable[..., Value], *arguments: Value, fallback: str = "D3085") -> Value:
    """Call a formatter of the library; whatever it raises becomes an error of the evaluation."""
    try:
        return formatter(*arguments)
    except library.JException as error:
        raise EvaluationError(error.error, value=error.current, token=error.current) from error
    except (
        ValueError,
        TypeError,
        LookupError,
        ArithmeticError,
        AttributeError,
        RuntimeError,
        re.error,
    ) as error:
        raise EvaluationError(_code_of(str(error), fallback), value=arguments[1]) from error


def _code_of(message: str, fallback: str) -> str:
    """Find the code of a message of the catalogue, which the library raises bare in places."""
    start = message.replace("'", '"')[:25]
    found = (
        code for code, text in library.JException.error_codes.items() if start and text.startswith(start)
    )
    return next(found, fallback)
