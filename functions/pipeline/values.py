"""What DynamoDB can hold: depth, numbers and names of a record's values, all digits kept.

Limits: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
"""

from __future__ import annotations

from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow, Subnormal
from typing import Any

from pipeline.documents import pointer
from pipeline.rejects import Reject

MAX_DIGITS = 38
MAX_EXPONENT = 125  # 9.99…E+125
MIN_EXPONENT = -130  # 1E-130
MAX_DEPTH = 32
# DynamoDB takes names of up to 64 KB; a character of UTF-8 has four bytes at most.
MAX_NAME = 16_000
_INT_LIMIT = 10**18  # below it, an integer has fewer than 38 digits: the common case, decided at once
_EXACT = Context(
    prec=200, Emax=999_999, Emin=-999_999, traps=[Inexact, InvalidOperation, Overflow, Subnormal]
)

Path = tuple[str | int, ...]
Record = dict[str, Any]
"""One record: JSON values, with Decimal for what has a fraction or an exponent."""


def fits(number: int | Decimal) -> bool:
    """Return whether DynamoDB keeps every digit of a number."""
    if type(number) is int:
        if -_INT_LIMIT < number < _INT_LIMIT:
            return True
        if number.bit_length() > 420:  # 10**126 has 419 bits
            return False
        number = Decimal(number)
    exact = Decimal(number)
    if not exact:
        return True
    digits = len("".join(map(str, exact.as_tuple().digits)).strip("0"))
    return digits <= MAX_DIGITS and MIN_EXPONENT <= exact.adjusted() <= MAX_EXPONENT


def plain(number: Decimal) -> int | Decimal:
    """Return the one form of a number's value: an int where it is whole, else without trailing zeros."""
    short = _EXACT.normalize(number)
    exponent = short.as_tuple().exponent
    return int(short) if isinstance(exponent, int) and exponent >= 0 else short


def canonical(value: Any) -> Any:
    """Return a value with each number in its one form: 1.0, 1 and 10E-1 are the same."""
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, dict):
        return {name: canonical(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [canonical(inner) for inner in value]
    return value


def check(value: Any, path: Path = ()) -> Reject | None:
    """Return why DynamoDB could not hold a value, or None: depth, number, attribute_name.

    The record itself is the first level of the depth.
    """
    kind = type(value)
    if kind is int or kind is Decimal:
        return None if fits(value) else Reject("number", pointer(path), NUMBER)
    if kind is not dict and kind is not list:
        return None
    if len(path) >= MAX_DEPTH:
        return Reject("depth", pointer(path[:1]), f"nested deeper than {MAX_DEPTH} levels")
    if kind is dict and any(not 0 < len(name) <= MAX_NAME for name in value):
        return Reject("attribute_name", pointer(path), f"a name is empty or above {MAX_NAME} characters")
    for name, inner in value.items() if kind is dict else enumerate(value):
        if type(inner) is not str and (reject := check(inner, (*path, name))):
            return reject
    return None


NUMBER = f"DynamoDB keeps {MAX_DIGITS} digits, from 1E{MIN_EXPONENT} to 9.9E+{MAX_EXPONENT}"


def count_keys(value: Any) -> int:
    """Return how many members the objects inside a value have in all."""
    kind = type(value)
    if kind is dict:
        return len(value) + sum(count_keys(inner) for inner in value.values())
    if kind is list:
        return sum(count_keys(inner) for inner in value)
    return 0
