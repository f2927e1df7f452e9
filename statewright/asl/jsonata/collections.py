"""Functions on arrays, objects and functions, and on truth.

Source: https://docs.jsonata.org: array, object, higher-order and boolean functions
"""

from __future__ import annotations

import random
from typing import TypeAlias

from statewright.asl.jsonata.calls import apply, apply_to_item, deep_copy
from statewright.asl.jsonata.natives import native
from statewright.asl.jsonata.paths import merge_sort
from statewright.asl.jsonata.values import (
    UNDEFINED,
    Function,
    Run,
    Sequence,
    Value,
    append,
    fail,
    is_numeric,
    lookup,
    order_key,
    truth,
)

Key: TypeAlias = object

# --- truth and type ---


@native("boolean", "<x-:b>")
def boolean(_run: Run, value: Value) -> Value:
    return value if value is UNDEFINED else truth(value)


@native("not", "<x-:b>")
def not_(_run: Run, value: Value) -> Value:
    return value if value is UNDEFINED else not truth(value)


@native("exists", "<x:b>")
def exists(_run: Run, value: Value) -> Value:
    return value is not UNDEFINED


@native("type", "<x:s>")
def type_(_run: Run, value: Value) -> Value:
    if value is UNDEFINED:
        return value
    if value is None:
        return "null"
    kinds = ((bool, "boolean"), (int, "number"), (float, "number"), (str, "string"), (list, "array"))
    for kind, name in kinds:
        if isinstance(value, kind):
            return name
    return "function" if isinstance(value, Function) else "object"


@native("error", "<s?:x>")
def error(_run: Run, message: Value) -> Value:
    fail("D3137", message="$error() function evaluated" if message is UNDEFINED else message)


@native("assert", "<bs?:x>")
def assert_(_run: Run, condition: Value, message: Value) -> Value:
    if not condition:
        fail("D3141", message="$assert() statement failed" if message is UNDEFINED else message)
    return UNDEFINED


# --- arrays ---


@native("append", "<xx:a>")
def append_(run: Run, left: Value, right: Value) -> Value:
    return append(left, right, run)


@native("reverse", "<a:a>")
def reverse(run: Run, values: Value) -> Value:
    if values is UNDEFINED or len(values) <= 1:
        return values
    run.allocate(8 * len(values))
    return values[::-1]


@native("shuffle", "<a:a>")
def shuffle(_run: Run, values: Value) -> Value:
    return values if values is UNDEFINED or len(values) <= 1 else random.sample(values, len(values))


@native("distinct", "<x:x>")
def distinct(run: Run, values: Value) -> Value:
    if not isinstance(values, list) or len(values) <= 1:
        return values
    run.allocate(16 * len(values))
    kept: list[Value] = []
    seen: set[Key] = set()
    for value in values:
        key = _key(value)
        if key not in seen:
            seen.add(key)
            kept.append(value)
    return Sequence(kept) if isinstance(values, Sequence) else kept


def _key(value: Value) -> Key:
    """Give equal JSON values equal keys."""
    if isinstance(value, dict):
        return ("object", frozenset((name, _key(member)) for name, member in value.items()))
    if isinstance(value, list):
        return ("array", tuple(map(_key, value)))
    if isinstance(value, bool):
        return ("boolean", value)
    return value if isinstance(value, str | int | float) else (type(value).__name__, id(value))


@native("zip", "<a+>")
def zip_(run: Run, *arrays: Value) -> Value:
    if any(array is UNDEFINED for array in arrays):
        return []
    run.allocate(8 * sum(map(len, arrays)))
    return [list(row) for row in zip(*arrays, strict=False)]


@native("sort", "<af?:a>")
def sort(run: Run, values: Value, comparator: Value) -> Value:
    if values is UNDEFINED or len(values) <= 1:
        return values
    if comparator is not UNDEFINED:
        return merge_sort(values, lambda a, b: truth(apply(comparator, [a, b], None, run)), run)
    if not (all(map(is_numeric, values)) or all(isinstance(value, str) for value in values)):
        fail("D3070", index=1, token="sort")  # noqa: S106
    return sorted(values, key=order_key)


# --- objects ---


@native("keys", "<x-:a<s>>")
def keys(run: Run, value: Value) -> Value:
    names: dict[str, None] = {}
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict):
            names.update(dict.fromkeys(item))
        elif isinstance(item, list):
            names.update(dict.fromkeys(keys(run, item)))
    run.allocate(8 * len(names))
    return Sequence(names)


@native("lookup", "<x-s:x>")
def lookup_(_run: Run, value: Value, name: Value) -> Value:
    return UNDEFINED if name is UNDEFINED else lookup(value, name)


@native("spread", "<x-:a<o>>")
def spread(run: Run, value: Value) -> Value:
    if isinstance(value, list):
        found: list[Value] = []
        for item in value:
            part = spread(run, item)
            found.extend(part if isinstance(part, list) else [part])
        return found or Sequence()
    if not isinstance(value, dict):
        return value
    run.allocate(64 * len(value))
    return Sequence({name: member} for name, member in value.items())


@native("merge", "<a<o>:o>")
def merge(run: Run, objects: Value) -> Value:
    if objects is UNDEFINED:
        return objects
    merged: dict[str, Value] = {}
    for item in objects:
        run.allocate(16 * len(item))
        merged.update(item)
    return merged


@native("clone", "<(oa)-:o>")
def clone(run: Run, value: Value) -> Value:
    return value if value is UNDEFINED else deep_copy(value, run)


# --- higher-order functions ---


@native("map", "<af>")
def map_(run: Run, values: Value, function: Value) -> Value:
    if values is UNDEFINED:
        return values
    results = (apply_to_item(function, item, index, values, run) for index, item in enumerate(values))
    run.allocate(8 * len(values))
    return Sequence(result for result in results if result is not UNDEFINED)


@native("filter", "<af>")
def filter_(run: Run, values: Value, function: Value) -> Value:
    if values is UNDEFINED:
        return values
    run.allocate(8 * len(values))
    return Sequence(
        item for index, item in enumerate(values) if truth(apply_to_item(function, item, index, values, run))
    )


@native("single", "<af?>")
def single(run: Run, values: Value, function: Value) -> Value:
    if values is UNDEFINED:
        return values
    found = [
        item
        for index, item in enumerate(values)
        if function is UNDEFINED or truth(apply_to_item(function, item, index, values, run))
    ]
    if len(found) != 1:
        fail("D3138" if found else "D3139")
    return found[0]


@native("reduce", "<afj?:j>")
def reduce(run: Run, values: Value, function: Value, initial: Value) -> Value:
    if values is UNDEFINED:
        return values
    arity = function.arity
    if arity < 2:
        fail("D3050", index=1, token="reduce")  # noqa: S106
    starts_with_first = initial is UNDEFINED and bool(values)
    result = values[0] if starts_with_first else initial
    for index in range(1 if starts_with_first else 0, len(values)):
        arguments = [result, values[index], index, values][: max(2, min(4, arity))]
        result = apply(function, arguments, None, run)
    return result


@native("sift", "<o-f?:o>")
def sift(run: Run, value: Value, function: Value) -> Value:
    if value is UNDEFINED or function is UNDEFINED:
        return UNDEFINED
    kept = {
        name: member
        for name, member in value.items()
        if truth(apply_to_item(function, member, name, value, run))
    }
    return kept or UNDEFINED


@native("each", "<o-f:a>")
def each(run: Run, value: Value, function: Value) -> Value:
    if value is UNDEFINED:
        return value
    results = (apply_to_item(function, member, name, value, run) for name, member in value.items())
    return Sequence(result for result in results if result is not UNDEFINED)
