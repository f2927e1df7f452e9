"""Payloads compared, unfolded, measured."""

from __future__ import annotations

import json

from statewright.view.payload import MAX_DIFFERENCES, differences, parse, size, unfold


def test_given_two_values_their_differences_are_told_by_path() -> None:
    before = {"a": 1, "b": {"c": [1, 2]}, "gone": True}
    after = {"a": 1, "b": {"c": [1, 3, 4]}, "new": None}
    assert differences(before, after) == [
        {"op": "-", "path": "$.gone", "before": "true"},
        {"op": "~", "path": "$.b.c[1]", "before": "2", "after": "3"},
        {"op": "+", "path": "$.b.c[2]", "after": "4"},
        {"op": "+", "path": "$.new", "after": "null"},
    ]


def test_given_values_that_python_holds_for_equal_they_differ_where_json_does() -> None:
    assert differences({"a": True}, {"a": 1}) == [{"op": "~", "path": "$.a", "before": "true", "after": "1"}]
    assert differences({"a": 1}, {"a": 1.0}) != []


def test_given_the_same_value_there_is_no_difference() -> None:
    assert differences([{"a": [1]}], [{"a": [1]}]) == []


def test_given_as_many_differences_as_are_told_all_are_and_of_more_that_there_are() -> None:
    full = dict.fromkeys(map(str, range(MAX_DIFFERENCES)), 0)
    assert len(differences({}, full)) == MAX_DIFFERENCES
    more = differences({}, full | {"x": 0})
    assert len(more) == MAX_DIFFERENCES + 1
    assert more[-1] == {"op": "…", "path": "and more"}


def test_given_a_cause_with_json_inside_json_it_is_unfolded() -> None:
    cause = json.dumps({"errorMessage": json.dumps({"inner": [1]}), "text": "{no json"})
    assert unfold(cause) == {"errorMessage": {"inner": [1]}, "text": "{no json"}
    assert unfold("plain") == "plain"
    assert unfold("12") == "12"


def test_given_a_text_that_is_no_json_it_stays_and_its_bytes_are_counted() -> None:
    assert parse("{") == "{"
    assert parse("[" * 100_000) == "[" * 100_000
    assert size("é") == 2
    assert size(None) is None


def test_given_numbers_that_json_has_not_they_are_told_as_text() -> None:
    assert parse('{"a": NaN}') == '{"a": NaN}'
    assert parse('[-Infinity, "x"]') == '[-Infinity, "x"]'
    assert parse('{"a": 1e999, "b": [1.5, -1e999, 2]}') == {"a": "1e999", "b": [1.5, "-1e999", 2]}
