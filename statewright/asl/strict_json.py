"""JSON as RFC 8259 has it: what Python's reader takes beyond it would be written out as no JSON again."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

Json = Any

_STRUCTURE = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{]|[\]}]', re.DOTALL)


def loads(text: str) -> Json:
    """Read a JSON text; raises ValueError for NaN, Infinity, numbers beyond a double and too deep nesting."""
    try:
        return _decode(text)
    except RecursionError as error:
        raise ValueError("the JSON nests too deep") from error


def finite(digits: str) -> float:
    """Read a number that has a fraction or an exponent; raises ValueError for one that no double holds."""
    number = float(digits)
    if math.isinf(number):
        raise ValueError(f"Number out of range: {digits[:40]}")
    return number


def nests_deeper(text: str, limit: int) -> bool:
    """Tell, without parsing it, whether a JSON text nests deeper than `limit`; linear in its length."""
    if text.count("[") + text.count("{") <= limit:
        return False
    depth = 0
    for token in _STRUCTURE.finditer(text):
        first = token[0][0]
        if first in "[{":
            depth += 1
            if depth > limit:
                return True
        elif first in "]}":
            depth -= 1
    return False


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(
        f"Unrecognized token '{word}': was expecting"
        " (JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
    )


_decode = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=finite).decode
