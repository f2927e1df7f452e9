"""JSONPath: what paths select, what they refuse, what they write."""

from __future__ import annotations

import contextlib
import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statewright.asl.jsonpath import Path, PathError, PathSyntaxError, ResultPathError, compile_path

ORDERS: dict[str, Any] = {
    "id": 7,
    "note": None,
    "delivery-partner": "UQS",
    "two words": {"x": 1},
    "items": [
        {"name": "pen", "price": 2, "tags": ["blue", "new"]},
        {"name": "book", "price": 12.5, "tags": []},
        {"name": "lamp", "price": 40},
    ],
    "shop": {"items": [{"name": "cup"}], "limit": 10},
}


def select(path: str, document: Any = ORDERS, **roots: Any) -> Any:
    return compile_path(path).evaluate(document, **roots)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$", ORDERS),
        ("$.id", 7),
        ("$.note", None),
        ("$.delivery-partner", "UQS"),
        ("$['two words'].x", 1),
        ('$["two words"]["x"]', 1),
        ("$.['two words'].x", 1),
        ("$.items[0].name", "pen"),
        ("$.items[-1].name", "lamp"),
        ("$.items.length()", 3),
        ("$.items[0].tags.length()", 2),
    ],
)
def test_a_definite_path_gives_its_one_value(path: str, value: Any) -> None:
    assert select(path) == value


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("$.items[*].name", ["pen", "book", "lamp"]),
        ("$.items[1:].name", ["book", "lamp"]),
        ("$.items[:1].name", ["pen"]),
        ("$.items[-2:].name", ["book", "lamp"]),
        ("$.items[0,2].name", ["pen", "lamp"]),
        ("$.items[0]['name','price']", [{"name": "pen", "price": 2}]),
        ("$..name", ["pen", "book", "lamp", "cup"]),
        ("$.shop.*", [[{"name": "cup"}], 10]),
        ("$..items[0].name", ["pen", "cup"]),
    ],
)
def test_an_indefinite_path_gives_a_list(path: str, values: list[Any]) -> None:
    assert select(path) == values


@pytest.mark.parametrize(
    "path", ["$.none[*]", "$.none.deeper[1:]", "$.items[7:].name", "$.id[*]", "$..nothing"]
)
def test_an_indefinite_path_that_finds_nothing_gives_an_empty_list(path: str) -> None:
    assert select(path) == []


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("@.price < 10", ["pen"]),
        ("@.price >= 12.5 && @.name != 'lamp'", ["book"]),
        ("@.name == 'pen' || @.name == \"lamp\"", ["pen", "lamp"]),
        ("!(@.price > 10)", ["pen"]),
        ("@.tags", ["pen", "book"]),
        ("!@.tags", ["lamp"]),
        ("@.name in ['book', 'lamp']", ["book", "lamp"]),
        ("@.name nin ['book', 'lamp']", ["pen"]),
        ("@.name =~ /.*[aeo]n?k?/", ["pen", "book"]),
        ("@.name =~ /PEN/i", ["pen"]),
        ("@.tags contains 'new'", ["pen"]),
        ("@.tags subsetof ['new', 'blue', 'red']", ["pen", "book"]),
        ("@.tags anyof ['new']", ["pen"]),
        ("@.tags empty true", ["book"]),
        ("@.tags size 2", ["pen"]),
        ("@.price > $.shop.limit", ["book", "lamp"]),
        ("@.price == '2'", []),
        ("@.missing == null", []),
        ("@.name < 'c'", ["book"]),
    ],
)
def test_a_filter_keeps_the_items_that_satisfy_it(condition: str, names: list[str]) -> None:
    assert select(f"$.items[?({condition})].name") == names


def test_a_filter_never_matches_scalars() -> None:
    assert select("$.jar[?(@ > 1)]", {"jar": [1, 2, 3]}) == []


def test_one_and_true_are_not_equal() -> None:
    assert select("$[?(@.a == 1)]", [{"a": True}, {"a": 1.0}]) == [{"a": 1.0}]


def test_context_and_variables_are_roots_of_their_own() -> None:
    roots = {"context": {"State": {"Name": "S"}}, "variables": {"x": {"y": [5]}}}
    assert select("$$.State.Name", {}, **roots) == "S"
    assert select("$x.y[0]", {}, **roots) == 5
    assert compile_path("$x.y").variable == "x"
    assert compile_path("$$.x").variable is None


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        ("$.nope", "No results for path: $['nope']"),
        ("$.shop.nope", "No results for path: $['shop']['nope']"),
        ("$.nope.deep", "Missing property in path $['nope']"),
        ("$.items[9]", "No results for path: $['items'][9]"),
        ("$x.y", "No results for path: $x"),
    ],
)
def test_a_definite_path_that_points_nowhere_fails_in_the_words_of_aws(path: str, detail: str) -> None:
    with pytest.raises(PathError) as failure:
        select(path)
    assert str(failure.value) == f"Invalid path '{path}' : {detail}"
    assert failure.value.path == path


def test_the_error_of_a_template_field_names_field_and_input() -> None:
    with pytest.raises(PathError) as failure:
        select("$.a", {"b": "é"})
    assert failure.value.for_field("value.$") == (
        "The JSONPath '$.a' specified for the field 'value.$' could not be found in the input '{\"b\":\"é\"}'"
    )


def test_a_name_behind_an_array_fails() -> None:
    with pytest.raises(PathError, match=r"found 'java\.util\.ArrayList'"):
        select("$.items.name")


@pytest.mark.parametrize(
    ("path", "offset"),
    [
        ("", 0),
        ("a", 0),
        ("$.", 2),
        ("$..", 3),
        ("$.a b", 3),
        ("$[", 2),
        ("$['a", 2),
        ("$[1", 3),
        ("$.a[?(@.b ~ 1)]", 10),
        ("$.a[?(@.b like 1)]", 10),
        ("$.a.explode()", 4),
        ("$.a[?(@.b =~ /(/)]", 13),
    ],
)
def test_a_text_that_is_no_path_is_refused_where_it_goes_wrong(path: str, offset: int) -> None:
    with pytest.raises(PathSyntaxError) as failure:
        compile_path(path)
    assert failure.value.offset == offset


def test_conditions_that_nest_without_end_are_refused() -> None:
    with pytest.raises(PathSyntaxError, match="nest"):
        compile_path(f"$[?({'(' * 1000}@.a{')' * 1000})]")


@pytest.mark.parametrize(
    ("path", "is_reference", "is_definite"),
    [
        ("$", True, True),
        ("$.a['b'][0]", True, True),
        ("$.a.length()", False, True),
        ("$.a[*]", False, False),
        ("$..a", False, False),
        ("$.a[0,1]", False, False),
        ("$.a['x','y']", False, False),
        ("$.a[?(@.b)]", False, False),
    ],
)
def test_a_reference_path_consists_of_names_and_indices(
    path: str, *, is_reference: bool, is_definite: bool
) -> None:
    compiled = compile_path(path)
    assert (compiled.is_reference, compiled.is_definite) == (is_reference, is_definite)


@pytest.mark.parametrize(
    ("path", "document", "written"),
    [
        ("$", {"a": 1}, "new"),
        ("$.b", {"a": 1}, {"a": 1, "b": "new"}),
        ("$.a", {"a": {"b": 1}}, {"a": "new"}),
        ("$.a.b.c", {}, {"a": {"b": {"c": "new"}}}),
        ("$.a[1]", {"a": [1, 2]}, {"a": [1, "new"]}),
        ("$.a[0].b", {"a": [{}]}, {"a": [{"b": "new"}]}),
    ],
)
def test_writing_puts_the_value_at_the_path(path: str, document: Any, written: Any) -> None:
    assert compile_path(path).write(document, "new") == written


@pytest.mark.parametrize(
    ("path", "document"),
    [
        ("$.a", "text"),
        ("$.a", None),
        ("$.a.b", {"a": 1}),
        ("$.a.b", {"a": None}),
        ("$.a[0]", {}),
        ("$.a[2]", {"a": [1]}),
        ("$.a[*]", {"a": [1]}),
        ("$$.a", {}),
    ],
)
def test_writing_where_nothing_can_be_is_refused(path: str, document: Any) -> None:
    with pytest.raises(ResultPathError, match="Unable to apply ReferencePath"):
        compile_path(path).write(document, 1)


def test_writing_shares_what_stays() -> None:
    document = {"kept": {"deep": [1]}, "a": {"b": 1}}
    written = compile_path("$.a.b").write(document, 2)
    assert written["kept"] is document["kept"]
    assert document == {"kept": {"deep": [1]}, "a": {"b": 1}}


def test_a_document_of_any_depth_can_be_searched() -> None:
    deep: Any = {"end": 1}
    for _ in range(20_000):
        deep = [deep]
    assert select("$..end", deep) == [1]


# --- properties ---

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)
names = st.text(st.characters(exclude_characters="'\\", exclude_categories=["Cs"]), max_size=5)


@given(st.lists(names, max_size=4), st.dictionaries(names, json_values, max_size=4), json_values)
def test_what_is_written_is_found_again(keys: list[str], document: dict[str, Any], value: Any) -> None:
    before = copy.deepcopy(document)
    path = compile_path("$" + "".join(f"['{key}']" for key in keys))
    try:
        written = path.write(document, value)
    except ResultPathError:
        written = None
    else:
        assert path.evaluate(written) == value
    assert document == before


@given(st.text(max_size=30))
def test_any_text_is_a_path_or_a_syntax_error(text: str) -> None:
    offset = 0
    try:
        assert isinstance(compile_path(text), Path)
    except PathSyntaxError as error:
        offset = error.offset
    assert 0 <= offset <= len(text)


@given(
    st.lists(
        st.sampled_from(
            [
                "$",
                "@",
                ".",
                "..",
                "*",
                "a",
                "['a']",
                "[0]",
                "[",
                "]",
                "?(",
                "(",
                ")",
                " ",
                "==",
                "=~ /a+/",
                "'x'",
                "1",
                "&&",
                "||",
                "!",
                "[1:]",
                "[?(@.a)]",
                "in",
                ".length()",
                "$$",
                ",",
            ]
        ),
        max_size=12,
    ).map(lambda parts: "$" + "".join(parts)),
    json_values,
)
def test_any_path_gives_a_value_or_a_path_error_and_changes_nothing(text: str, document: Any) -> None:
    before = copy.deepcopy(document)
    with contextlib.suppress(PathSyntaxError, PathError):
        compile_path(text).evaluate(document, context=document, variables={"a": document})
    assert document == before
