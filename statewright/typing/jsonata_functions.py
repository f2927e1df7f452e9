"""JSONata's built-in functions: what they take, from their signatures, and the types of what they yield.

Source: https://docs.jsonata.org, and for AWS's own
https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from statewright.asl.jsonata.natives import NATIVES
from statewright.typing import jsonata_folds as folds
from statewright.typing.intrinsic_types import merge_objects, range_of
from statewright.typing.jsonata_demands import unmet
from statewright.typing.jsonata_values import (
    ABSENT,
    ANYTHING,
    Stream,
    Value,
    either,
    items_with_counts,
    yields,
)
from statewright.typing.lattice import join, join_all
from statewright.typing.rendering import show
from statewright.typing.selection import children, select
from statewright.typing.shapes import (
    BOOLEAN,
    COUNT,
    DATE_TIME,
    INFINITY,
    INTEGER,
    NEVER,
    NUMBER,
    SOME_OBJECT,
    STRING,
    UNKNOWN,
    Array,
    Number,
    Object,
    String,
    Type,
    array_of,
    kinds,
    of_kind,
    shapes_of,
    strings,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_LETTERS = {"null": "l", "boolean": "b", "number": "n", "string": "s", "array": "a", "object": "o"}
_KINDS = {letter: kind for kind, letter in _LETTERS.items()}


def check_arguments(
    name: str,
    given: Sequence[Value],
    report: Callable[[int, str], None],
    unproved: Callable[[int, str], None],
) -> None:
    """Hold arguments against a signature; `report`, `unproved` take the place of one and a sentence."""
    parameters = NATIVES[name].signature.parameters
    if len(given) > len(parameters) and not (parameters and parameters[-1].pattern.endswith("+")):
        report(len(parameters), f"${name} takes {len(parameters)} arguments, not {len(given)}")
        return
    lacking = unmet(name, given)
    if lacking is not None:
        unproved(0, lacking)
    if name == "sort" and len(given) == 1:
        _check_sortable(given[0], report, unproved)
    least = sum(1 for parameter in parameters if not parameter.pattern.endswith("?"))
    takes_context = bool(parameters) and parameters[0].takes_context
    if len(given) < least or (takes_context and least > 0 and len(given) <= least):
        return  # the context stands in for the first argument
    for place, value in enumerate(given[: len(parameters)]):
        parameter = parameters[place]
        unwanted = _unwanted(parameter.pattern, value)
        if _is_open(value, parameter.type, parameter.subtype):
            unproved(place, f"it cannot be shown that ${name} takes its argument {place + 1}")
        elif unwanted:
            report(
                place, f"argument {place + 1} of ${name} is {' or '.join(unwanted)}, which it does not take"
            )
        elif parameter.type == "a" and parameter.subtype is not None and len(parameter.subtype) == 1:
            _check_items(name, place, parameter.subtype, value, report)


def _check_sortable(
    value: Value, report: Callable[[int, str], None], unproved: Callable[[int, str], None]
) -> None:
    """Without a function $sort takes numbers alone or strings alone."""
    stream = items_with_counts(value)
    if value.is_function or (stream.high is not None and stream.high < 2):
        return
    found = kinds(stream.item)
    if stream.item.is_unknown:
        unproved(0, "it cannot be shown that $sort gets numbers alone or strings alone")
    elif found and found not in ({"number"}, {"string"}):
        words = "$sort takes numbers alone or strings alone, and a function for others"
        report(0, f"argument 1 of $sort holds {show(stream.item)}: {words}")


def _is_open(value: Value, kind: str, subtype: str | None) -> bool:
    """Say whether a value may be what a parameter does not take, for all that is known."""
    if value.is_function:
        return False
    if kind == "a":
        return subtype is not None and items_with_counts(value).item.is_unknown
    return value.type.is_unknown and kind not in ("x", "j")


def _unwanted(pattern: str, value: Value) -> list[str]:
    alone = pattern.rstrip("?+*")
    if value.is_function:
        return [] if re.fullmatch(alone, "f") else ["a function"]
    if value.type.is_unknown:
        return []
    return sorted(kind for kind in kinds(value.type) if not re.fullmatch(alone, _LETTERS[kind]))


def _check_items(
    name: str, place: int, letter: str, value: Value, report: Callable[[int, str], None]
) -> None:
    if value.is_function or value.type.is_unknown or letter not in _KINDS:
        return
    stream = items_with_counts(value)
    unwanted = sorted(kinds(stream.item) - {_KINDS[letter]}) if not stream.item.is_unknown else []
    if unwanted:
        wanted = _KINDS[letter]
        report(place, f"argument {place + 1} of ${name} holds {show(stream.item)} where {wanted}s are wanted")


def result_of(name: str, given: list[Value], *, keeps_array: bool = False) -> Value:
    """Give what a call yields; `keeps_array`: `[]` stands behind it, which keeps one result an array."""
    if keeps_array and name in _SELECTING:
        return _SELECTING[name](given, keeps_array=True)
    result = _RESULTS.get(name)
    if result is None:
        return ANYTHING
    return result(given)


def _first(given: list[Value]) -> Value:
    return given[0] if given else ANYTHING


def _always(type_: Type) -> Callable[[list[Value]], Value]:
    return lambda _given: Value(type_)


def _with_first(type_: Type) -> Callable[[list[Value]], Value]:
    """A function that yields nothing for nothing."""

    def result(given: list[Value]) -> Value:
        first = _first(given)
        return ABSENT if first.is_absent else yields(type_, first)

    return result


def _integer_near(given: list[Value]) -> Value:
    first = _first(given)
    if len(given) > 1:
        return yields(NUMBER, first)
    numbers = [shape for shape in shapes_of(first.type) if isinstance(shape, Number)]
    if first.type.is_unknown or not numbers:
        return yields(INTEGER, first)
    low, high = min(shape.low for shape in numbers), max(shape.high for shape in numbers)
    low = low if low == -INFINITY else int(low // 1)
    high = high if high == INFINITY else int(-(-high // 1))
    return yields(Type((Number(is_integer=True, low=low, high=high),)), first)


def _absolute(given: list[Value]) -> Value:
    first = _first(given)
    is_integer = all(isinstance(s, Number) and s.is_integer for s in shapes_of(first.type))
    is_integer = is_integer and not first.type.is_unknown
    return yields(COUNT if is_integer else Type((Number(low=0),)), first)


def _numbers_of(given: list[Value]) -> tuple[Stream, list[Number]]:
    stream = items_with_counts(_first(given))
    return stream, [shape for shape in shapes_of(stream.item) if isinstance(shape, Number)]


def _sum(given: list[Value]) -> Value:
    stream, numbers = _numbers_of(given)
    if stream.item.is_unknown or not numbers:
        return yields(NUMBER, _first(given))
    low = 0 if all(shape.low >= 0 for shape in numbers) else -INFINITY
    high = 0 if all(shape.high <= 0 for shape in numbers) else INFINITY
    is_integer = all(shape.is_integer for shape in numbers)
    return yields(Type((Number(is_integer, low, high),)), _first(given))


def _extreme(pick: Callable[[list[float]], float]) -> Callable[[list[Value]], Value]:
    def result(given: list[Value]) -> Value:
        first = _first(given)
        stream, numbers = _numbers_of(given)
        may_be_absent = first.may_be_absent or stream.low == 0
        if stream.high == 0:
            return ABSENT
        if stream.item.is_unknown or not numbers:
            return yields(NUMBER, first)
        exact = _of_certain_items(first, pick)
        if exact is not None:
            return Value(exact, may_be_absent, is_by_count=not first.may_be_absent)
        is_integer = all(shape.is_integer for shape in numbers)
        low, high = min(shape.low for shape in numbers), max(shape.high for shape in numbers)
        found = Type((Number(is_integer, low, high),))
        return Value(found, may_be_absent, is_by_count=not first.may_be_absent or first.is_by_count)

    return result


def _of_certain_items(value: Value, pick: Callable[[list[float]], float]) -> Type | None:
    """The extreme of `[a, b]` lies between the extremes of the items' bounds."""
    shapes = shapes_of(value.type)
    if len(shapes) != 1 or not isinstance(shapes[0], Array):
        return None
    array = shapes[0]
    if not array.prefix or array.low != len(array.prefix) or array.high != array.low:
        return None
    items = [shapes_of(item) for item in array.prefix]
    numbers = [item[0] for item in items if len(item) == 1]
    found = [each for each in numbers if isinstance(each, Number)]
    if len(found) != len(array.prefix):
        return None
    is_integer = all(each.is_integer for each in found)
    return Type((Number(is_integer, pick([e.low for e in found]), pick([e.high for e in found])),))


def _average(given: list[Value]) -> Value:
    stream, numbers = _numbers_of(given)
    may_be_absent = _first(given).may_be_absent or stream.low == 0
    if stream.high == 0:
        return ABSENT
    if not numbers or stream.item.is_unknown:
        return yields(NUMBER, _first(given))
    low, high = min(shape.low for shape in numbers), max(shape.high for shape in numbers)
    is_by_count = not _first(given).may_be_absent or _first(given).is_by_count
    return Value(Type((Number(low=low, high=high),)), may_be_absent, is_by_count=is_by_count)


def _count(given: list[Value]) -> Value:
    stream = items_with_counts(_first(given))
    if _first(given).type.is_unknown:
        return Value(COUNT)
    return Value(Type((Number(True, stream.low, INFINITY if stream.high is None else stream.high),)))


def _append(given: list[Value]) -> Value:
    if len(given) < 2:
        return ANYTHING
    left, right = given[:2]
    if left.is_absent or right.is_absent:
        return right if left.is_absent else left
    if left.type.is_unknown or right.type.is_unknown:
        return ANYTHING
    one, other = items_with_counts(left), items_with_counts(right)
    high = None if one.high is None or other.high is None else one.high + other.high
    both = array_of(join(one.item, other.item), one.low + other.low, high)
    found = Value(both, left.may_be_absent and right.may_be_absent)
    if left.may_be_absent:
        found = Value(join(found.type, right.type), found.may_be_absent)
    if right.may_be_absent:
        found = Value(join(found.type, left.type), found.may_be_absent)
    return found


def _merge(given: list[Value]) -> Value:
    first = _first(given)
    if first.is_absent:
        return ABSENT
    shapes = shapes_of(first.type)
    if first.type.is_unknown or len(shapes) != 1:
        return Value(
            SOME_OBJECT if first.type.is_unknown else join_all(map(_merged, shapes)), first.may_be_absent
        )
    return yields(_merged(shapes[0]), first)


def _merged(shape: object) -> Type:
    if isinstance(shape, Object):
        return Type((shape,))
    if not isinstance(shape, Array):
        return SOME_OBJECT
    if shape.low == shape.high == len(shape.prefix):
        found = Type((Object({}, NEVER),))
        for item in shape.prefix:
            found = merge_objects(found, item)
        return found
    return SOME_OBJECT


def _same_items(given: list[Value]) -> Value:
    first = _first(given)
    if first.type.is_unknown or first.is_absent:
        return first
    stream = items_with_counts(first)
    return yields(array_of(stream.item, stream.low, stream.high), first)


def _distinct(given: list[Value]) -> Value:
    first = _first(given)
    if first.type.is_unknown or not of_kind(first.type, Array).shapes:
        return first
    stream = items_with_counts(first)
    found = Stream(stream.item, min(stream.low, 1), stream.high, is_raw=True).settled()
    return yields(found.type, first)


def _keys(given: list[Value]) -> Value:
    objects = [shape for shape in shapes_of(_first(given).type) if isinstance(shape, Object)]
    if not kinds(_first(given).type) & {"object", "array"} and not _first(given).type.is_never:
        return ABSENT
    if _first(given).type.is_unknown or len(objects) != len(shapes_of(_first(given).type)):
        return Value(UNKNOWN)
    names = [name for shape in objects for name in shape.fields]
    is_known = all(shape.is_closed for shape in objects) and 0 < len(names) <= 16
    low = min((sum(m.is_required for m in shape.fields.values()) for shape in objects), default=0)
    low = 0 if _first(given).may_be_absent else low
    return Stream(strings(*names) if is_known else STRING, low).settled()


def _lookup(given: list[Value]) -> Value:
    if len(given) < 2:
        return ANYTHING
    source, name = given[:2]
    names = [shape.values for shape in shapes_of(name.type) if isinstance(shape, String)]
    if source.type.is_unknown or of_kind(source.type, Array).shapes:
        return ANYTHING
    if len(names) != 1 or names[0] is None:
        return Value(children(source.type)[0], may_be_absent=True)
    found = ABSENT
    for place, each in enumerate(sorted(names[0])):
        selected = select(source.type, each)
        value = Value(selected.type, not selected.is_certain or source.may_be_absent)
        found = value if place == 0 else either(found, value)
    return found


def _range(given: list[Value]) -> Value:
    if any(each.type.is_unknown for each in given):
        return ANYTHING
    stream = items_with_counts(Value(range_of([each.type for each in given])))
    is_sure = not any(each.may_be_absent or each.is_open for each in given)
    return (stream if is_sure else replace(stream, low=0)).settled()


def _split(given: list[Value]) -> Value:
    """Text without a separator in it is one part; only an empty separator parts an empty text into none."""
    first = _first(given)
    separator = given[1].type if len(given) > 1 else UNKNOWN
    is_text = all(isinstance(s, String) and s.low > 0 for s in shapes_of(separator)) and separator.shapes
    least = 1 if is_text and len(given) == 2 else 0
    return yields(array_of(STRING, least), first) if not first.is_absent else ABSENT


def _partition(given: list[Value]) -> Value:
    stream = items_with_counts(_first(given))
    least = 1 if stream.low else 0
    return yields(array_of(array_of(stream.item, 1), least), _first(given))


def _text(given: list[Value]) -> Value:
    first = _first(given)
    if not given or first.is_absent:
        return ABSENT if given else Value(STRING)
    shapes = shapes_of(first.type)
    if not first.type.is_unknown and all(isinstance(shape, String) for shape in shapes):
        return first
    return yields(STRING, first)


def _moment(given: list[Value]) -> Value:
    return yields(DATE_TIME if len(given) < 2 else STRING, *given[:1])


_MATCH = Type((Object({}, UNKNOWN),))

_RESULTS: dict[str, Callable[[list[Value]], Value]] = {
    **dict.fromkeys(
        [
            "substring", "substringBefore", "substringAfter", "lowercase", "uppercase", "trim", "pad", "join",
            "replace", "base64encode", "base64decode", "encodeUrlComponent", "encodeUrl",
            "decodeUrlComponent", "decodeUrl", "formatBase", "formatNumber", "formatInteger", "hash",
        ],
        _with_first(STRING),
    ),
    "string": _text,
    "length": _with_first(COUNT),
    "contains": _with_first(BOOLEAN),
    "split": _split,
    "match": lambda given: Value(UNKNOWN, _first(given).may_be_absent),
    "number": _with_first(NUMBER),
    "sqrt": _with_first(Type((Number(low=0),))),
    "power": _with_first(NUMBER),
    "parseInteger": _with_first(INTEGER),
    "toMillis": _with_first(INTEGER),
    "floor": _integer_near,
    "ceil": _integer_near,
    "round": _integer_near,
    "abs": _absolute,
    "sum": _sum,
    "max": _extreme(max),
    "min": _extreme(min),
    "average": _average,
    "count": _count,
    "boolean": _with_first(BOOLEAN),
    "not": _with_first(BOOLEAN),
    "exists": _always(BOOLEAN),
    "type": _with_first(strings("null", "boolean", "number", "string", "array", "object", "function")),
    "error": lambda _given: Value(NEVER),
    "assert": lambda _given: ABSENT,
    "append": _append,
    "reverse": _same_items,
    "shuffle": _same_items,
    "sort": _same_items,
    "distinct": _distinct,
    "zip": _always(array_of(array_of(UNKNOWN))),
    "keys": _keys,
    "lookup": _lookup,
    "merge": _merge,
    "clone": lambda given: _first(given),
    "map": folds.mapped,
    "filter": folds.filtered,
    "sift": folds.sifted,
    "single": folds.single,
    "reduce": folds.reduced,
    "millis": _always(COUNT),
    "now": lambda given: Value(DATE_TIME if not given else STRING),
    "fromMillis": _moment,
    "random": _always(Type((Number(low=0, high=1, is_high_open=True),))),
    "uuid": _always(STRING),
    "range": _range,
    "partition": _partition,
    "parse": _with_first(UNKNOWN),
}  # fmt: skip

# Those whose results are a sequence, which `[]` keeps an array.
_SELECTING = {"map": folds.mapped, "filter": folds.filtered}
