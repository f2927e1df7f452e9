"""Payload templates: keys that end in `.$` are evaluated, all else stands for itself."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statewright.asl.intrinsics import IntrinsicError
from statewright.asl.jsonpath import PathError
from statewright.asl.templates import TemplateSyntaxError, compile_template, evaluate


def test_paths_calls_variables_and_constants_mix() -> None:
    template = {
        "constant": {"$": "$.not.evaluated", "list": [1, "$.x"]},
        "path.$": "$.a.b",
        "call.$": "States.Format('{}!', $.a.b)",
        "state.$": "$$.State.Name",
        "nested": [{"variable.$": "$v"}, 2],
    }
    payload = evaluate(template, {"a": {"b": "x"}}, context={"State": {"Name": "S"}}, variables={"v": None})
    assert payload == {
        "constant": {"$": "$.not.evaluated", "list": [1, "$.x"]},
        "path": "x",
        "call": "x!",
        "state": "S",
        "nested": [{"variable": None}, 2],
    }


def test_constants_are_shared_and_never_changed() -> None:
    template = {"constant": {"deep": [1]}, "x.$": "$"}
    compiled = compile_template(template)
    assert compiled.evaluate(1)["constant"] is template["constant"]


def test_a_missing_path_names_the_field_as_it_is_written() -> None:
    with pytest.raises(PathError) as failure:
        evaluate({"deep": {"value.$": "$.nope"}}, {})
    assert failure.value.field == "value.$"


def test_a_failing_call_is_an_intrinsic_error() -> None:
    with pytest.raises(IntrinsicError):
        evaluate({"x.$": "States.ArrayLength($)"}, 1)


@pytest.mark.parametrize("value", ["x", "", "$.", "States.Nope()", 1, None, {"a.$": "$"}])
def test_a_field_that_is_no_path_and_no_call_is_refused_in_the_words_of_aws(value: Any) -> None:
    with pytest.raises(TemplateSyntaxError) as failure:
        compile_template({"a/b": [{"c~.$": value}]})
    assert failure.value.message == (
        "The value for the field 'c~.$' must be a valid JSONPath or a valid intrinsic function call"
    )
    assert (failure.value.pointer, failure.value.field) == ("/a~1b/0/c~0.$", "c~.$")


def test_the_sources_of_a_template_are_known() -> None:
    template = compile_template({"a.$": "$.x", "b": [{"c.$": "States.UUID()"}], "d": 1})
    assert [source.text for source in template.sources] == ["$.x", "States.UUID()"]


def test_templates_that_nest_without_end_are_refused() -> None:
    deep: Any = 1
    for _ in range(600):
        deep = [deep]
    with pytest.raises(TemplateSyntaxError, match="nest"):
        compile_template(deep)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.text(max_size=5).filter(lambda key: not key.endswith(".$")), inner, max_size=3
            )
        ),
        max_leaves=10,
    )
)
def test_a_template_without_dynamic_fields_is_itself(template: Any) -> None:
    assert evaluate(template, {}) == template


def test_a_field_with_and_without_its_ending_is_refused() -> None:
    with pytest.raises(TemplateSyntaxError) as found:
        compile_template({"a": [{"x~": 1, "x~.$": "$.x"}]})
    assert found.value.pointer == "/a/0/x~0"
    assert "'x~' and 'x~.$' cannot both be there" in found.value.message
