"""The signatures of the 18 intrinsic functions.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING

from statewright.typing.lattice import join_all
from statewright.typing.selection import items_of
from statewright.typing.shapes import (
    BOOLEAN,
    COUNT,
    INFINITY,
    INTEGER,
    NEVER,
    NUMBER,
    SOME_ARRAY,
    SOME_OBJECT,
    STRING,
    UNKNOWN,
    Array,
    Field,
    Null,
    Number,
    Object,
    String,
    Type,
    array_of,
    kinds,
    literal,
    of_kind,
    shapes_of,
    strings,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from statewright.asl.intrinsics import Call
    from statewright.typing.findings import Where
    from statewright.typing.view import View

_INT = Type((Number(low=-(2**31), high=2**31 - 1),))
_HASHES = strings("MD5", "SHA-1", "SHA-256", "SHA-384", "SHA-512")

# What each function takes; the last stands for all that follow. UNKNOWN: anything.
TAKES: dict[str, tuple[Type, ...]] = {
    "Array": (UNKNOWN,),
    "ArrayPartition": (SOME_ARRAY, NUMBER),
    "ArrayContains": (SOME_ARRAY, UNKNOWN),
    "ArrayRange": (NUMBER, NUMBER, NUMBER),
    "ArrayGetItem": (SOME_ARRAY, NUMBER),
    "ArrayLength": (SOME_ARRAY,),
    "ArrayUnique": (SOME_ARRAY,),
    "Base64Encode": (STRING,),
    "Base64Decode": (STRING,),
    "Hash": (STRING, _HASHES),
    "UUID": (),
    "JsonMerge": (SOME_OBJECT, SOME_OBJECT, literal(value=False)),
    "StringToJson": (STRING,),
    "JsonToString": (UNKNOWN,),
    "MathRandom": (NUMBER, NUMBER, NUMBER),
    "MathAdd": (NUMBER, NUMBER),
    "StringSplit": (STRING, STRING),
    "Format": (STRING, UNKNOWN),
}


def result_of(call: Call, arguments: Sequence[Type], view: View, where: Where) -> Type:
    """Give the type of what a call returns; reports arguments that it cannot take."""
    name = call.text[len("States.") : call.text.index("(")].strip()
    takes = TAKES[name]
    for place, argument in enumerate(arguments):
        wanted = takes[min(place, len(takes) - 1)]
        _check(f"States.{name}", place, argument, wanted, view, where)
    if name == "Format":
        _check_placeholders(arguments, view, where)
    if name == "ArrayPartition":
        _check_size(arguments, view, where)
    if name == "ArrayGetItem":
        _check_index(arguments, view, where)
    return _RESULTS[name](arguments)


def _check_size(arguments: Sequence[Type], view: View, where: Where) -> None:
    sizes = shapes_of(of_kind(arguments[1], Number))
    if sizes and not arguments[1].is_unknown and all(isinstance(s, Number) and s.high < 1 for s in sizes):
        message = "States.ArrayPartition takes parts of one item or more"
        view.findings.add("SW104", message, where, actual=arguments[1])


def _check_index(arguments: Sequence[Type], view: View, where: Where) -> None:
    indices = shapes_of(of_kind(arguments[1], Number))
    counts = [shape for shape in shapes_of(of_kind(arguments[0], Array)) if isinstance(shape, Array)]
    if arguments[0].is_unknown or arguments[1].is_unknown or len(indices) != 1 or not counts:
        return
    (index,) = indices
    if isinstance(index, Number) and index.low == index.high and min(s.low for s in counts) <= index.low:
        message = f"States.ArrayGetItem: the array may have no item {index.low:g}"
        view.findings.add("SW103", message, where, actual=arguments[0])


def _check(function: str, place: int, argument: Type, wanted: Type, view: View, where: Where) -> None:
    if wanted.is_unknown:
        return
    if argument.is_unknown:
        view.findings.add("SW191", f"it cannot be shown that {function} takes argument {place + 1}", where)
        return
    unwanted = kinds(argument) - kinds(wanted)
    if unwanted:
        message = (
            f"argument {place + 1} of {function} is {_kinds_of(argument)} where {_kinds_of(wanted)} is wanted"
        )
        view.findings.add("SW104", message, where, expected=wanted, actual=argument)
        return
    finite = [shape for shape in shapes_of(wanted) if getattr(shape, "values", None) is not None]
    for shape in shapes_of(argument):
        values = getattr(shape, "values", None)
        for limit in finite:
            if values is not None and type(limit) is type(shape) and not values <= limit.values:  # type: ignore[union-attr]
                message = f"argument {place + 1} of {function} is not one of those that it takes"
                view.findings.add("SW104", message, where, expected=wanted, actual=argument)


def _kinds_of(type_: Type) -> str:
    return " or ".join(sorted(kinds(type_)))


def _check_placeholders(arguments: Sequence[Type], view: View, where: Where) -> None:
    shapes = shapes_of(arguments[0])
    values = shapes[0].values if len(shapes) == 1 and isinstance(shapes[0], String) else None
    if values is None or len(values) != 1:
        return
    count = sum(part == "{}" for part in re.findall(r"\\.|\{\}|.", next(iter(values)), re.DOTALL))
    if count != len(arguments) - 1:
        message = f"the template of States.Format has {count} placeholders and {len(arguments) - 1} values"
        view.findings.add("SW104", message, where)


# --- results ---


def _items(type_: Type) -> Type:
    if type_.is_unknown:
        return UNKNOWN
    return join_all(items_of(shape) for shape in shapes_of(type_) if isinstance(shape, Array))


def _make_array(arguments: Sequence[Type]) -> Type:
    return Type((Array(tuple(arguments), NEVER, len(arguments), len(arguments)),))


def _merge(arguments: Sequence[Type]) -> Type:
    return merge_objects(arguments[0], arguments[1])


def merge_objects(left: Type, right: Type) -> Type:
    """Give the type of two objects merged: of a name in both, the right one counts."""
    if left.is_unknown:
        left = SOME_OBJECT
    if right.is_unknown:
        right = SOME_OBJECT
    merged = [
        _merge_two(one, other)
        for one in shapes_of(of_kind(left, Object))
        for other in shapes_of(of_kind(right, Object))
        if isinstance(one, Object) and isinstance(other, Object)
    ]
    return join_all(Type((shape,)) for shape in merged)


def _merge_two(left: Object, right: Object) -> Object:
    fields: dict[str, Field] = {}
    for name in (*left.fields, *(name for name in right.fields if name not in left.fields)):
        one, other = left.fields.get(name), right.fields.get(name)
        fields[name] = _merged_field(one, other, left, right)
    rest = join_all((left.rest, right.rest))
    is_declared = left.is_declared and right.is_declared
    return Object(fields, rest, is_declared or rest.is_never)


def _merged_field(one: Field | None, other: Field | None, left: Object, right: Object) -> Field:
    if other is not None and other.is_required:
        return other
    if other is None:
        assert one is not None
        if right.is_closed or right.is_declared:
            return one
        return Field(join_all((one.type, right.rest)), one.is_required, one.is_presumed)
    if one is None:
        if left.is_closed or left.is_declared:
            return other
        return Field(join_all((other.type, left.rest)), is_required=False, is_presumed=True)
    is_presumed = one.is_presumed or other.is_presumed
    return Field(join_all((one.type, other.type)), one.is_required, is_presumed)


def _parsed(arguments: Sequence[Type]) -> Type:
    (shape, *others) = shapes_of(arguments[0]) or (Null(),)
    if isinstance(shape, String) and not others and shape.values is not None and len(shape.values) == 1:
        try:
            return literal(json.loads(next(iter(shape.values))))
        except (ValueError, RecursionError):
            return UNKNOWN
    return UNKNOWN


def _sum(arguments: Sequence[Type]) -> Type:
    lows, highs = [], []
    for argument in arguments:
        numbers = [shape for shape in shapes_of(argument) if isinstance(shape, Number)]
        if argument.is_unknown or not numbers:
            return INTEGER
        # A number that is no integer is rounded, halves up.
        lows.append(_floor(min(shape.low for shape in numbers)))
        highs.append(-_floor(-max(shape.high for shape in numbers)))
    return Type((Number(is_integer=True, low=sum(lows), high=sum(highs)),))


def _floor(value: float) -> float:
    return value if value in (float("inf"), float("-inf")) else int(value // 1)


def _length(arguments: Sequence[Type]) -> Type:
    arrays = [shape for shape in shapes_of(arguments[0]) if isinstance(shape, Array)]
    if not arrays or arguments[0].is_unknown:
        return COUNT
    highs = [shape.high for shape in arrays]
    high = float("inf") if any(each is None for each in highs) else max(each or 0 for each in highs)
    return Type((Number(is_integer=True, low=min(shape.low for shape in arrays), high=high),))


def range_of(arguments: Sequence[Type]) -> Type:
    """Give the type of the numbers from the first to the second, by the third."""
    if len(arguments) != 3 or any(not of_kind(each, Number).shapes for each in arguments):
        return array_of(INTEGER)
    hulls = [_sum((argument,)).shapes[0] for argument in arguments]
    first, last, step = (each for each in hulls if isinstance(each, Number))
    if step.low != step.high or step.low in (0, -INFINITY, INFINITY):
        return array_of(INTEGER)
    down = step.low < 0
    item = Number(True, *((last.low, first.high) if down else (first.low, last.high)))
    least = (first.low - last.high if down else last.low - first.high) // abs(step.low)
    most = (first.high - last.low if down else last.high - first.low) // abs(step.low)
    low = max(0, int(least) + 1) if math.isfinite(least) else 0
    high = max(0, int(most) + 1) if math.isfinite(most) else None
    return array_of(Type((item,)), low, high) if item.low <= item.high else array_of(NEVER)


def _unique(arguments: Sequence[Type]) -> Type:
    counts = _length(arguments).shapes[0]
    assert isinstance(counts, Number)
    high = None if counts.high == INFINITY else int(counts.high)
    return array_of(_items(arguments[0]), min(1, int(counts.low)), high)


def _random(arguments: Sequence[Type]) -> Type:
    start, end = (_sum((argument,)) for argument in arguments[:2])
    (low,), (high,) = shapes_of(start), shapes_of(end)
    assert isinstance(low, Number)
    assert isinstance(high, Number)
    return Type((Number(is_integer=True, low=low.low, high=high.high),))


_RESULTS: dict[str, Callable[[Sequence[Type]], Type]] = {
    "Array": _make_array,
    "ArrayPartition": lambda given: array_of(array_of(_items(given[0]), 1)),
    "ArrayContains": lambda _given: BOOLEAN,
    "ArrayRange": range_of,
    "ArrayGetItem": lambda given: _items(given[0]) if not _items(given[0]).is_never else UNKNOWN,
    "ArrayLength": _length,
    "ArrayUnique": _unique,
    "Base64Encode": lambda _given: STRING,
    "Base64Decode": lambda _given: STRING,
    "Hash": lambda _given: STRING,
    "UUID": lambda _given: Type((String(low=36, high=36),)),
    "JsonMerge": _merge,
    "StringToJson": _parsed,
    "JsonToString": lambda _given: Type((String(low=1),)),
    "MathRandom": _random,
    "MathAdd": _sum,
    "StringSplit": lambda _given: array_of(STRING),
    "Format": lambda _given: STRING,
}
