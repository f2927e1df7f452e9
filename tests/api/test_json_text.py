"""The depth of JSON texts: exact, and found in linear time whatever the text."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statewright.api.json_text import is_too_deep

JSON = st.recursive(
    st.none() | st.text() | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


def depth(value):
    if isinstance(value, dict):
        return 1 + max((depth(each) for each in value.values()), default=0)
    if isinstance(value, list):
        return 1 + max((depth(each) for each in value), default=0)
    return 0


@given(JSON, st.integers(0, 6))
def test_a_text_is_too_deep_where_its_value_is(value, limit):
    assert is_too_deep(json.dumps(value), limit) == (depth(value) > limit)


def test_brackets_in_strings_do_not_count():
    assert not is_too_deep(json.dumps("[" * 1000 + '"' + "{" * 1000))


@pytest.mark.parametrize("text", ["[" * 4_000_000, '"' * 1_000_000, '"' + "\\" * 4_000_001, "[]" * 500_000])
def test_hostile_texts_take_no_long_time(text):
    started = time.perf_counter()
    is_too_deep(text)
    assert time.perf_counter() - started < 2
