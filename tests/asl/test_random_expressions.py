"""Random paths and expressions, held against other implementations: jsonpath-ng and jsonata-python."""

from __future__ import annotations

import json

import jsonata as reference
import jsonpath_ng.ext
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from statewright.asl import jsonata, jsonpath

names = st.sampled_from("abc")
leaves = st.integers(-3, 9) | st.text("xy", max_size=2) | st.booleans()
documents = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=10,
).filter(lambda value: isinstance(value, list | dict))


def canonical(values):
    """Order does not matter: where a path finds many, implementations walk differently."""
    return sorted(json.dumps(each, sort_keys=True) for each in values)


# --- JSONPath ---

definite_steps = st.one_of(
    names.map(lambda name: f".{name}"),
    names.map(lambda name: f"['{name}']"),
    st.integers(0, 2).map("[{}]".format),
)
steps = st.one_of(
    definite_steps, definite_steps, names.map("..{}".format), st.sampled_from(["[*]", "[0:2]", "[1:]"])
)


def found_elsewhere(text, document):
    return [match.value for match in jsonpath_ng.ext.parse(text).find(document)]


@given(documents, st.lists(definite_steps, min_size=1, max_size=3))
def test_a_definite_path_finds_what_jsonpath_ng_finds(document, parts):
    text = "$" + "".join(parts)
    wanted = found_elsewhere(text, document)
    try:
        found = [jsonpath.compile_path(text).evaluate(document, context={}, variables={})]
    except jsonpath.PathError:
        found = []
    assert canonical(found) == canonical(wanted)


@given(documents, st.lists(steps, min_size=1, max_size=3))
def test_any_path_finds_what_jsonpath_ng_finds(document, parts):
    text = "$" + "".join(parts)
    path = jsonpath.compile_path(text)
    assume(not path.is_definite)
    wanted = found_elsewhere(text, document)
    try:
        found = path.evaluate(document, context={}, variables={})
    except jsonpath.PathError:
        found = []  # a definite beginning that leads nowhere is an error to Jayway, which AWS uses
    assert canonical(found) == canonical(wanted)


@given(documents, st.lists(definite_steps, min_size=1, max_size=3), leaves)
def test_what_is_written_at_a_path_is_found_there(document, parts, value):
    path = jsonpath.compile_path("$" + "".join(parts))
    before = json.dumps(document)
    try:
        written = path.write(document, value)
    except jsonpath.ResultPathError:
        return
    assert path.evaluate(written, context={}, variables={}) == value
    assert json.dumps(document) == before


# --- JSONata ---

atoms = st.one_of(
    st.integers(0, 9).map(str),
    st.sampled_from(
        ["$v", "$v.a", "$v.b", "$v.a.b", "$v.a[0]", "$v[0]", "$v.*", "$v.**", "'x'", "true", "[]", "{}", "a"]
    ),
)


def larger(inner):
    return st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "&", "=", "!=", "<", ">=", "and", "or"]), inner).map(
            lambda each: f"({each[0]} {each[1]} {each[2]})"
        ),
        inner.map("[{}, 1]".format),
        inner.map(lambda each: f"{{'k': {each}}}"),
        st.tuples(inner, inner, inner).map(lambda each: f"({each[0]} ? {each[1]} : {each[2]})"),
        st.tuples(
            st.sampled_from(
                ["$count", "$string", "$type", "$exists", "$boolean", "$not", "$reverse", "$append1"]
            ),
            inner,
        ).map(lambda each: f"{each[0]}({each[1]})" if each[0] != "$append1" else f"$append({each[1]}, 1)"),
        st.tuples(inner, inner).map(lambda each: f"({each[0]}).({each[1]})"),
        st.tuples(inner, inner).map(lambda each: f"({each[0]})[{each[1]}]"),
        inner.map("$map([1, 2], function($i) {{ [$i, {}] }})".format),
    )


expressions = st.recursive(atoms, larger, max_leaves=5)
ERROR = "an error"


def ours(text, document):
    try:
        found = jsonata.compile_expression(text).evaluate({"v": document})
    except jsonata.JsonataError:
        return ERROR
    return None if found is jsonata.UNDEFINED else found


def theirs(text, document):
    try:
        expression = reference.Jsonata(text)
        expression.assign("v", document)
        return expression.evaluate(None)
    except reference.JException:
        return ERROR


@settings(max_examples=200, deadline=None)
@given(expressions, documents)
def test_an_expression_gives_what_jsonata_python_gives(text, document):
    assert json.dumps(ours(text, document)) == json.dumps(theirs(text, document))


@pytest.mark.parametrize("text", ["1 + 1", "$v.a", "[1, 2][0]", "$count($v)"])
def test_the_references_run(text):
    assert theirs(text, {"a": 1}) == ours(text, {"a": 1}) is not None


@pytest.mark.parametrize(
    ("text", "found"),
    [("[10,20][[0,0]]", [10, 10]), ("[10,20,30][[-1,5,2]]", [30, 30]), ("(5)[[-1,0]]", [5, 5])],
)
def test_a_place_that_is_named_twice_is_found_twice(text, found):
    assert ours(text, None) == theirs(text, None) == found
