"""Positions in JSON texts."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statewright.asl.source import MAX_BYTES, MAX_DEPTH, JsonSyntaxError, SourceText

TEXT = """{
  "a": [1, {"b/c": true}],
  "d~": "x\\"}{",
  "e": {}
}
"""


@pytest.mark.parametrize(
    ("pointer", "line", "column"),
    [
        ("", 1, 1),
        ("/a", 2, 8),
        ("/a/0", 2, 9),
        ("/a/1", 2, 12),
        ("/a/1/b~1c", 2, 20),
        ("/d~0", 3, 9),
        ("/e", 4, 8),
    ],
)
def test_every_value_has_its_line_and_column(pointer, line, column):
    at = SourceText(TEXT).location(pointer)
    assert (at.pointer, at.line, at.column) == (pointer, line, column)


def test_a_pointer_to_nowhere_gets_the_place_of_its_nearest_parent():
    at = SourceText(TEXT).location("/a/1/nothing/here")
    assert (at.pointer, at.line, at.column) == ("/a/1/nothing/here", 2, 12)


def test_duplicate_members_are_found():
    assert SourceText('{"a": 1, "b": {"a": 2, "a": 3}}').duplicates == ["/b/a"]


@pytest.mark.parametrize(
    ("text", "message", "line", "column"),
    [
        ("not a definition", "Unrecognized token 'not'", 1, 4),
        ('{\n  "a": }', "Expecting value", 2, 8),
        ('{"a": NaN}', "Non-standard token 'NaN'", 1, 7),
        ("[" * 100_000, "nests", 1, 1),
    ],
)
def test_a_text_that_is_no_json_is_refused_with_its_place(text, message, line, column):
    with pytest.raises(JsonSyntaxError, match=message) as found:
        SourceText(text)
    assert (found.value.line, found.value.column) == (line, column)


def test_bounds_of_size_and_depth_are_kept():
    assert SourceText('"' + "x" * (MAX_BYTES - 2) + '"').value
    with pytest.raises(JsonSyntaxError, match="larger than"):
        SourceText('"' + "x" * (MAX_BYTES - 1) + '"')
    assert SourceText("[" * MAX_DEPTH + "]" * MAX_DEPTH).value
    with pytest.raises(JsonSyntaxError, match="deeper than"):
        SourceText("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1))


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


def pointers(value, pointer=""):
    yield pointer, value
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, inner in members:
        yield from pointers(inner, f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}")


@given(values, st.sampled_from([None, 1, 3]))
def test_at_every_position_stands_the_value_of_its_pointer(value, indent):
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    source = SourceText(text)
    lines = text.split("\n")
    for pointer, inner in pointers(value):
        at = source.location(pointer)
        rest = "\n".join([lines[at.line - 1][at.column - 1 :], *lines[at.line :]])
        assert json.JSONDecoder().raw_decode(rest)[0] == inner
