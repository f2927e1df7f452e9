"""JSONata's functions that call a function for each item: $map, $filter, $sift, $single, $reduce.

Source: https://docs.jsonata.org/higher-order-functions
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from statewright.typing.jsonata_values import (
    ABSENT,
    ANYTHING,
    Stream,
    Value,
    either,
    items_with_counts,
    yields,
)
from statewright.typing.lattice import join_all
from statewright.typing.shapes import COUNT, STRING, Object, Type, shapes_of
from statewright.typing.widening import widen

if TYPE_CHECKING:
    from collections.abc import Callable

# Rounds after which what a $reduce gathers is widened, and after which it is given up.
_WIDEN_AFTER = 2
_MOST_ROUNDS = 12


def _arguments(stream: Stream, whole: Value, function: Value) -> list[Value]:
    return [Value(stream.item), Value(COUNT), whole][: max(1, min(3, function.arity))]


def mapped(given: list[Value], *, keeps_array: bool = False) -> Value:
    """What `$map(values, function)` yields; `keeps_array`: `[]` stands behind it."""
    if len(given) < 2:
        return ANYTHING
    values, function = given[:2]
    if values.is_absent:
        return ABSENT
    stream = items_with_counts(values)
    result = ANYTHING
    if function.call is not None:
        result = function.call(_arguments(stream, values, function), 0)
    low = 0 if result.may_be_absent or values.may_be_absent else stream.low
    return Stream(result.type, low, stream.high).settled(keeps_array=keeps_array)


def filtered(given: list[Value], *, keeps_array: bool = False) -> Value:
    """What `$filter(values, function)` yields; `keeps_array`: `[]` stands behind it."""
    if len(given) < 2:
        return ANYTHING
    values, function = given[:2]
    stream = items_with_counts(values)
    if function.call is not None:
        function.call(_arguments(stream, values, function), 0)
    return Stream(stream.item, 0, stream.high).settled(keeps_array=keeps_array)


def sifted(given: list[Value]) -> Value:
    """What `$sift(object, function)` yields: members of the object, nobody knows which."""
    if len(given) < 2 or given[0].is_absent:
        return ABSENT if given and given[0].is_absent else ANYTHING
    source, function = given[:2]
    objects = [shape for shape in shapes_of(source.type) if isinstance(shape, Object)]
    if source.type.is_unknown or len(objects) != len(shapes_of(source.type)):
        return ANYTHING
    members = join_all(
        type_ for shape in objects for type_ in (*(f.type for f in shape.fields.values()), shape.rest)
    )
    if function.call is not None and not members.is_never:
        function.call([Value(members), Value(STRING), source][: max(1, min(3, function.arity))], 0)
    return Value(Type(tuple(_loosened(shape) for shape in objects)).under(source.type), is_presumed=True)


def _loosened(shape: Object) -> Object:
    fields = {
        name: replace(field, is_required=False, is_presumed=True) for name, field in shape.fields.items()
    }
    return replace(shape, fields=fields)


def single(given: list[Value]) -> Value:
    """What `$single(values, function)` yields."""
    first = given[0] if given else ANYTHING
    stream = items_with_counts(first)
    if len(given) > 1 and given[1].call is not None:
        given[1].call(_arguments(stream, given[0], given[1]), 0)
    return yields(stream.item, first)


def reduced(given: list[Value]) -> Value:
    """What `$reduce(values, function, init)` yields.

    Without `init` the first item begins; what the function gathers is followed to a fixpoint.
    """
    if len(given) < 2:
        return ANYTHING
    values, function = given[:2]
    if values.is_absent:
        return ABSENT
    stream = items_with_counts(values)
    call = function.quiet or function.call
    if call is None or values.type.is_unknown:
        return ANYTHING
    has_init = len(given) > 2 and not given[2].is_absent
    start = given[2] if has_init else Value(stream.item)
    if stream.high == 0:
        may_be_absent = start.may_be_absent or values.may_be_absent
        return replace(start, may_be_absent=may_be_absent) if has_init else ABSENT
    gathered = _gathered(call, start, stream, values, function)
    if gathered is None:
        return ANYTHING
    last = (function.call or call)(_pair(gathered, stream, values, function), 0)
    needed = 1 if has_init else 2
    found = last if stream.low >= needed else either(start, last)
    may_be_absent = found.may_be_absent or values.may_be_absent or (not has_init and stream.low == 0)
    return replace(found, may_be_absent=may_be_absent, call=None)


def _gathered(
    call: Callable[[list[Value], int], Value], start: Value, stream: Stream, whole: Value, function: Value
) -> Value | None:
    """Follow what is gathered until it grows no more; None where it does not stop."""
    gathered = start
    for number in range(_MOST_ROUNDS):
        found = call(_pair(gathered, stream, whole, function), 0)
        if found.is_function:
            return None
        joined = either(gathered, found)
        if number >= _WIDEN_AFTER:
            joined = replace(joined, type=widen(gathered.type, joined.type))
        if joined.type == gathered.type and joined.may_be_absent == gathered.may_be_absent:
            return joined
        gathered = joined
    return None


def _pair(gathered: Value, stream: Stream, whole: Value, function: Value) -> list[Value]:
    return [gathered, Value(stream.item), Value(COUNT), whole][: max(2, min(4, function.arity))]
