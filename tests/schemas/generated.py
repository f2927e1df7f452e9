"""Values of types, for hypothesis: what a JSON Schema describes, its patterns and formats too."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from statewright.typing.lattice import item_at
from statewright.typing.shapes import (
    INFINITY,
    Array,
    Boolean,
    Named,
    Null,
    Number,
    Object,
    Shape,
    String,
    Type,
    shapes_of,
)

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

Json = Any
MOST_ITEMS = 3
LARGEST = 2**40
LETTERS = "abzAZ09 -_/.'\"é\U0001f600"
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(LETTERS, max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(LETTERS, max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
)
MOMENTS = st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.isoformat())
FORMATS: dict[str, SearchStrategy[str]] = {
    "date": st.dates().map(str),
    "date-time": MOMENTS,
    "email": st.just("a@example.com"),
}
# Of a format and a pattern: years that are likely to be what the pattern wants.
START, END = datetime(1900, 1, 1), datetime(3000, 1, 1)
FORMATS_WITH_PATTERN: dict[str, SearchStrategy[str]] = {
    "date": st.dates(START.date(), END.date()).map(date.isoformat),
    "date-time": st.datetimes(START, END, timezones=st.just(UTC)).map(datetime.isoformat),
}


def values(type_: Type) -> SearchStrategy[Json]:
    """Give values of a type; those of a definition that contains itself are not supported."""
    if type_.is_unknown:
        return ANYTHING
    return st.one_of([_of_shape(shape) for shape in shapes_of(type_)])


def _of_shape(shape: Shape) -> SearchStrategy[Json]:
    if isinstance(shape, Null):
        return st.none()
    if isinstance(shape, Boolean):
        return st.sampled_from(sorted(shape.values))
    if isinstance(shape, Number):
        return _numbers(shape)
    if isinstance(shape, String):
        return _strings(shape)
    assert not isinstance(shape, Named)
    return _arrays(shape) if isinstance(shape, Array) else _objects(shape)


def _numbers(shape: Number) -> SearchStrategy[Json]:
    if shape.values is not None:
        return st.sampled_from(sorted(shape.values))
    low = -LARGEST if shape.low == -INFINITY else shape.low
    high = LARGEST if shape.high == INFINITY else shape.high
    if shape.is_integer:
        return st.integers(int(low), int(high))
    return st.floats(low, high, exclude_min=shape.is_low_open, exclude_max=shape.is_high_open)


def _strings(shape: String) -> SearchStrategy[str]:
    if shape.values is not None:
        return st.sampled_from(sorted(shape.values))
    refined = {key: value for text in shape.also for key, value in json.loads(text).items()}
    if "format" in refined and "pattern" in refined:
        found = FORMATS_WITH_PATTERN[refined["format"]]
        return found.filter(lambda text: bool(re.search(refined["pattern"], text)))
    if "format" in refined:
        return FORMATS[refined["format"]]
    if "pattern" in refined:
        found = st.from_regex(refined["pattern"].replace("$", r"\Z"), fullmatch=True)
        return found.filter(lambda text: shape.low <= len(text) <= (shape.high or len(text)))
    most = shape.low + 20 if shape.high is None else min(shape.high, shape.low + 20)
    return st.text(LETTERS, min_size=shape.low, max_size=most)


def _arrays(shape: Array) -> SearchStrategy[list[Json]]:
    most = shape.low + MOST_ITEMS if shape.high is None else min(shape.high, shape.low + MOST_ITEMS)

    def some(count: int) -> SearchStrategy[list[Json]]:
        return st.tuples(*(values(item_at(shape, place)) for place in range(count))).map(list)

    return st.integers(shape.low, most).flatmap(some)


def _objects(shape: Object) -> SearchStrategy[dict[str, Json]]:
    fields = {name: values(member.type) for name, member in shape.fields.items() if not member.type.is_never}
    required = {name: each for name, each in fields.items() if shape.fields[name].is_required}
    optional = {name: each for name, each in fields.items() if name not in required}
    known = st.fixed_dictionaries(required, optional=optional)
    if shape.is_closed or shape.fields:
        return known
    most = min(MOST_ITEMS, MOST_ITEMS if shape.high is None else shape.high)
    return st.dictionaries(st.text(LETTERS, min_size=1, max_size=4), values(shape.rest), max_size=most)
