"""RFC 3339 timestamps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statewright.asl.timestamps import format_timestamp, is_timestamp, parse_timestamp


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01T00:00:00.25Z", 0.25),
        ("2016-03-14T01:59:00Z", 1457920740),
    ],
)
def test_a_timestamp_is_a_moment(text, seconds):
    assert parse_timestamp(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2016-13-05T21:29:29Z",
        "2016-12-05 21:29:29Z",
        "2016-12-05T21:29:29",
        "2016-12-05T25:29:29Z",
        "05-12-2016T21:29:29Z",
        "2016-12-05t21:29:29z",
        "20161205T212929Z",
    ],
)
def test_other_texts_are_not(text):
    assert not is_timestamp(text)


@given(st.integers(0, 4_000_000_000_000))
def test_what_is_written_is_read_again(milliseconds):
    assert round(parse_timestamp(format_timestamp(milliseconds / 1000)) * 1000) == milliseconds
