"""Map states, INLINE."""

from __future__ import annotations

import pytest


def mapped(processor, **fields):
    return {"Type": "Map", "ItemProcessor": {"StartAt": "P", "States": {"P": {**processor}}}, **fields}


PASS = {"Type": "Pass", "End": True}


def test_every_item_goes_through_the_processor_in_order(execute):
    outcome = execute(mapped(PASS, ItemsPath="$.list"), {"list": [3, {"a": 1}, None]})
    assert outcome.output == [3, {"a": 1}, None]
    assert outcome.event("MapStateStarted") == {"length": 3}


def test_given_no_items_the_output_is_empty(execute):
    outcome = execute(mapped(PASS), [])
    assert outcome.output == []
    assert outcome.types[1:5] == ["MapStateEntered", "MapStateStarted", "MapStateSucceeded", "MapStateExited"]


def test_the_item_selector_sees_input_index_and_value(execute):
    selector = {"i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value", "all.$": "$.list"}
    outcome = execute(mapped(PASS, ItemsPath="$.list", ItemSelector=selector), {"list": ["x", "y"]})
    assert outcome.output[1] == {"i": 1, "v": "y", "all": ["x", "y"]}


def test_older_machines_say_iterator_and_parameters(execute):
    state = {
        "Type": "Map",
        "Iterator": {"StartAt": "P", "States": {"P": PASS}},
        "Parameters": {"v.$": "$$.Map.Item.Value"},
    }
    assert execute(state, [1]).output == [{"v": 1}]


def test_jsonata_items_may_be_a_range(execute):
    state = mapped(
        {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $states.input * 2 %}", "End": True},
        QueryLanguage="JSONata",
        Items="{% [0..$states.input.n - 1] %}",
    )
    assert execute(state, {"n": 3}).output == [0, 2, 4]


@pytest.mark.parametrize(
    ("concurrency", "seconds"),
    [(1, 100), (3, 40), (5, 20), (0, 10)],
    ids=["one", "three", "five", "unlimited"],
)
def test_max_concurrency_bounds_how_many_run_at_once(execute, concurrency, seconds):
    wait = {"Type": "Wait", "Seconds": 10, "End": True}
    outcome = execute(mapped(wait, MaxConcurrency=concurrency), list(range(10)))
    assert outcome.seconds == pytest.approx(seconds, abs=1)


def test_no_more_than_forty_iterations_run_at_once(execute):
    wait = {"Type": "Wait", "Seconds": 10, "End": True}
    assert execute(mapped(wait), list(range(41))).seconds == pytest.approx(20, abs=1)


def test_one_worker_writes_the_history_as_aws_does(execute):
    outcome = execute(mapped(PASS, MaxConcurrency=1), ["a", "b"])
    by_id = {event["id"]: event for event in outcome.history}
    second = [event for event in outcome.history if event["type"] == "MapIterationStarted"][1]
    assert by_id[second["previousEventId"]]["type"] == "PassStateExited"
    left = next(event for event in outcome.history if event["type"] == "MapStateExited")
    assert by_id[left["previousEventId"]]["type"] == "MapIterationSucceeded"


def test_a_failing_iteration_fails_the_map_at_once(execute):
    processor = {
        "StartAt": "Ask",
        "States": {
            "Ask": {
                "Type": "Choice",
                "Choices": [{"Variable": "$", "NumericEquals": 1, "Next": "Bad"}],
                "Default": "Wait",
            },
            "Wait": {"Type": "Wait", "Seconds": 1000, "End": True},
            "Bad": {"Type": "Fail", "Error": "E", "Cause": "c"},
        },
    }
    outcome = execute({"Type": "Map", "ItemProcessor": processor}, [0, 1, 2])
    assert (outcome.error, outcome.cause) == ("E", "c")
    assert outcome.seconds < 1
    assert outcome.types.count("MapIterationFailed") == 1
    assert outcome.types.count("MapIterationAborted") == 2
    assert outcome.types[-2:] == ["MapStateFailed", "ExecutionFailed"]


def test_given_items_that_are_no_array_the_execution_fails(execute):
    outcome = execute(mapped(PASS, ItemsPath="$.a"), {"a": 1})
    assert outcome.error == "States.Runtime"
    assert outcome.cause.endswith('Reference path "$.a" must point to array.')


def test_an_object_has_no_iterations(execute):
    outcome = execute(mapped(PASS), {"a": 1})
    assert outcome.cause.endswith('Reference path "$" must point to array.')
    outcome = execute(mapped(PASS, QueryLanguage="JSONata", Items="{% {'a': 1} %}"))
    assert "Expected 'array', but was 'object'" in outcome.cause


def test_given_jsonata_items_that_are_no_array_the_evaluation_fails(execute):
    outcome = execute(mapped(PASS, QueryLanguage="JSONata", Items="{% $states.input %}"), "a")
    assert outcome.error == "States.QueryEvaluationError"
    assert "Expected 'array', but was 'string' for value: \"a\"" in outcome.cause
    assert outcome.types[-3:] == ["EvaluationFailed", "MapStateFailed", "ExecutionFailed"]


def test_a_concurrency_path_that_is_no_number_is_told(execute):
    outcome = execute(mapped(PASS, ItemsPath="$.l", MaxConcurrencyPath="$.c"), {"l": [], "c": "NoNumber"})
    assert outcome.cause.endswith(
        'The MaxConcurrencyPath field refers to value "NoNumber" which is not a valid integer: $.c'
    )


def test_nested_maps_see_their_own_item(execute):
    inner = mapped({"Type": "Pass", "Parameters": {"v.$": "$$.Map.Item.Value"}, "End": True})
    outer = {"Type": "Map", "ItemProcessor": {"StartAt": "I", "States": {"I": {**inner, "End": True}}}}
    assert execute(outer, [[1], [2, 3]]).output == [[{"v": 1}], [{"v": 2}, {"v": 3}]]


def test_the_context_object_tells_where_an_item_comes_from(execute):
    selector = {"v.$": "$$.Map.Item.Value", "s.$": "$$.Map.Item.Source"}
    assert execute(mapped(PASS, ItemSelector=selector), [1]).output == [{"v": 1, "s": "STATE_DATA"}]
