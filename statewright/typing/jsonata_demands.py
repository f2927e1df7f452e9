"""What built-in functions demand of a value beyond its kind: a moment's text, a number's text, one match.

Whether a value meets it is rarely told by a type: what cannot be shown is said, never guessed.
Source: https://docs.jsonata.org
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from statewright.typing.jsonata_values import Value, items_with_counts
from statewright.typing.shapes import DATE_TIME, Number, String, shapes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_MOMENT = next(iter(getattr(DATE_TIME.shapes[0], "also")))  # noqa: B009 - of a string


def unmet(name: str, given: Sequence[Value]) -> str | None:
    """Say what cannot be shown of a call's arguments, None where all is well."""
    demand = _DEMANDS.get(name)
    if demand is None or not given or any(value.type.is_unknown for value in given):
        return None  # an unknown argument is told of anyway
    return demand(given)


def _moment(given: Sequence[Value]) -> str | None:
    texts = [shape for shape in shapes_of(given[0].type) if isinstance(shape, String)]
    if len(given) == 1 and all(_MOMENT in shape.also for shape in texts):
        return None
    return "it cannot be shown that $toMillis gets the text of a moment"


def _number(given: Sequence[Value]) -> str | None:
    for shape in shapes_of(given[0].type):
        if isinstance(shape, String) and (shape.values is None or not all(map(_is_number, shape.values))):
            return "it cannot be shown that $number gets the text of a number"
    return None


def _is_number(text: str) -> bool:
    whole, _, fraction = text.removeprefix("-").partition(".")
    is_whole = whole.isdecimal() and (whole == "0" or not whole.startswith("0"))
    return text.isascii() and is_whole and (not fraction or fraction.isdecimal()) and not text.endswith(".")


def _one(given: Sequence[Value]) -> str | None:
    stream = items_with_counts(given[0])
    if len(given) == 1 and stream.low == stream.high == 1:
        return None
    return "it cannot be shown that $single finds exactly one value"


def _integers(given: Sequence[Value]) -> str | None:
    shapes = [shape for value in given for shape in shapes_of(value.type)]
    step = shapes_of(given[2].type) if len(given) > 2 else ()
    is_right = all(isinstance(shape, Number) and shape.is_integer for shape in shapes)
    if is_right and all(isinstance(shape, Number) and (shape.low > 0 or shape.high < 0) for shape in step):
        return None
    return "it cannot be shown that $range gets integers and a step that is not 0"


def _not_negative(given: Sequence[Value]) -> str | None:
    if all(isinstance(shape, Number) and shape.low >= 0 for shape in shapes_of(given[0].type)):
        return None
    return "it cannot be shown that $sqrt gets no negative number"


def _within_reach(name: str) -> Callable[[Sequence[Value]], str | None]:
    return lambda _given: f"it cannot be shown that ${name} takes the values that it gets"


_DEMANDS: dict[str, Callable[[Sequence[Value]], str | None]] = {
    "toMillis": _moment,
    "number": _number,
    "single": _one,
    "range": _integers,
    "sqrt": _not_negative,
    **{
        name: _within_reach(name)
        for name in (
            "power",
            "formatBase",
            "formatInteger",
            "formatNumber",
            "parseInteger",
            "parse",
            "decodeUrl",
            "decodeUrlComponent",
            "encodeUrl",
            "encodeUrlComponent",
            "base64decode",
            "error",
            "assert",
        )
    },
}
