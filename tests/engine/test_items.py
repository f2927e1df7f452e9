"""ItemsPath, Items, ItemSelector, MaxConcurrency of a Map.

https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html
"""

from __future__ import annotations

import pytest

VALUE = {"l": ["a", "b"], "two": 2, "text": "2", "bad": "x", "negative": -1}


def mapped(**fields):
    processor = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
    return {"Type": "Map", "ItemProcessor": processor, **fields}


def jsonata(**fields):
    return mapped(QueryLanguage="JSONata", **fields)


@pytest.mark.parametrize("path", ["$.l", "$$.Execution.Input.l"])
def test_items_come_from_the_input_or_the_context_object(execute, path):
    assert execute(mapped(ItemsPath=path), VALUE).output == ["a", "b"]


def test_items_come_from_a_variable(execute, chain):
    definition = chain({"Type": "Pass", "Assign": {"x": [1, 2]}}, mapped(ItemsPath="$x"))
    assert execute(definition).output == [1, 2]


@pytest.mark.parametrize("kind", ["INLINE", "DISTRIBUTED"])
def test_input_path_is_applied_before_items_path(execute, kind):
    state = mapped(InputPath="$.in", ItemsPath="$.l")
    if kind == "DISTRIBUTED":
        state["ItemProcessor"]["ProcessorConfig"] = {"Mode": kind, "ExecutionType": "EXPRESS"}
    assert execute(state, {"in": VALUE}).output == ["a", "b"]


@pytest.mark.parametrize(
    ("items", "found"),
    [
        ("{% $states.input.l %}", ["a", "b"]),
        ([1, "{% $states.input.two %}", {"x": "{% 3 %}"}], [1, 2, {"x": 3}]),
        ("{% [1..3] %}", [1, 2, 3]),
        ([], []),
    ],
)
def test_jsonata_items_are_an_array_or_give_one(execute, items, found):
    assert execute(jsonata(Items=items), VALUE).output == found


@pytest.mark.parametrize("items", ["{% 'a' %}", "{% {'a': 1} %}", {"a": 1}, "{% $states.input.l[0] %}"])
def test_jsonata_items_that_are_no_array_fail_the_evaluation(execute, items):
    outcome = execute(jsonata(Items=items), VALUE)
    assert outcome.error == "States.QueryEvaluationError"
    assert outcome.types[-3:] == ["EvaluationFailed", "MapStateFailed", "ExecutionFailed"]


@pytest.mark.parametrize("items", ["text", 5, None, True])
def test_literal_items_of_another_type_are_refused(refused, items):
    assert "/States/A/Items" in refused(jsonata(Items=items))


def test_without_a_selector_the_item_is_the_input(execute):
    assert execute(mapped(ItemsPath="$.l"), VALUE).output == ["a", "b"]


def test_a_selector_sees_item_index_input_variables_and_functions(execute, chain):
    selector = {
        "item.$": "$$.Map.Item.Value",
        "index.$": "$$.Map.Item.Index",
        "two.$": "$.two",
        "x.$": "$x",
        "made.$": "States.Format('{}!', $$.Map.Item.Value)",
        "fixed": "$.two",
    }
    definition = chain({"Type": "Pass", "Assign": {"x": 5}}, mapped(ItemsPath="$.l", ItemSelector=selector))
    assert execute(definition, VALUE).output[1] == {
        "item": "b",
        "index": 1,
        "two": 2,
        "x": 5,
        "made": "b!",
        "fixed": "$.two",
    }


def test_a_jsonata_selector_sees_the_same(execute):
    selector = {
        "item": "{% $states.context.Map.Item.Value %}",
        "index": "{% $states.context.Map.Item.Index %}",
        "two": "{% $states.input.two %}",
    }
    outcome = execute(jsonata(Items="{% $states.input.l %}", ItemSelector=selector), VALUE)
    assert outcome.output[1] == {"item": "b", "index": 1, "two": 2}


def test_a_selector_that_fails_fails_the_map(execute):
    outcome = execute(mapped(ItemsPath="$.l", ItemSelector={"x.$": "$.gone"}), VALUE)
    assert outcome.error == "States.Runtime"
    selector = {"x": "{% $states.input.gone %}"}
    outcome = execute(jsonata(Items="{% $states.input.l %}", ItemSelector=selector), VALUE)
    assert outcome.error == "States.QueryEvaluationError"
    assert outcome.event("EvaluationFailed")["location"] == "ItemSelector/x"


def test_states_of_the_processor_see_their_item_in_the_context_object(execute):
    inside = {"Type": "Pass", "Parameters": {"v.$": "$$.Map.Item.Value"}, "End": True}
    state = mapped(ItemsPath="$.l")
    state["ItemProcessor"]["States"]["P"] = inside
    assert execute(state, VALUE).output == [{"v": "a"}, {"v": "b"}]


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"MaxConcurrencyPath": "$.two"}, None),
        ({"MaxConcurrencyPath": "$.text"}, None),
        ({"MaxConcurrencyPath": "$.bad"}, "States.Runtime"),
        ({"MaxConcurrencyPath": "$.gone"}, "States.Runtime"),
        ({"MaxConcurrencyPath": "$.negative"}, "States.Runtime"),
    ],
)
def test_the_concurrency_may_come_from_the_input(execute, fields, error):
    assert execute(mapped(ItemsPath="$.l", **fields), VALUE).error == error


@pytest.mark.parametrize(
    ("concurrency", "error"),
    [
        ("{% $states.input.two %}", None),
        ("{% 'x' %}", "States.QueryEvaluationError"),
        ("{% 1.5 %}", "States.QueryEvaluationError"),
        # https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html (value out of range)
        ("{% -1 %}", "States.QueryEvaluationError"),
    ],
)
def test_the_concurrency_may_be_an_expression(execute, concurrency, error):
    assert execute(jsonata(Items=[1], MaxConcurrency=concurrency), VALUE).error == error


@pytest.mark.parametrize("concurrency", [-1, 1.5, "2", None])
def test_a_literal_concurrency_is_a_whole_number_from_zero(refused, concurrency):
    assert "/States/A/MaxConcurrency" in refused(mapped(MaxConcurrency=concurrency))


@pytest.mark.parametrize(
    "fields",
    [
        {"MaxConcurrency": 1, "MaxConcurrencyPath": "$.two"},
        {"ItemSelector": {}, "Parameters": {}},
        {"Iterator": mapped()["ItemProcessor"]},
    ],
    ids=["concurrency", "selector", "processor"],
)
def test_two_names_of_one_thing_exclude_each_other(refused, fields):
    assert "/States/A" in refused(mapped(**fields))


@pytest.mark.parametrize("field", ["ItemsPath", "MaxConcurrencyPath"])
def test_given_jsonata_there_are_no_paths(refused, field):
    found = refused(jsonata(**{field: "$.l"}))
    assert "only supported for the QueryLanguage 'JSONPath'" in found[f"/States/A/{field}"]


def test_given_jsonpath_there_are_no_items(refused):
    assert "only supported for the QueryLanguage 'JSONata'" in refused(mapped(Items=[]))["/States/A/Items"]
