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


def test_the_history_tells_each_iteration_from_the_start_of_the_state(execute):
    assert execute(mapped(PASS), [1, 2]).told[1:] == [
        (2, 0, "MapStateEntered", {"name": "A", "input": "[1, 2]"}),
        (3, 2, "MapStateStarted", {"length": 2}),
        (4, 3, "MapIterationStarted", {"name": "A", "index": 0}),
        (5, 4, "PassStateEntered", {"name": "P", "input": "1"}),
        (6, 5, "PassStateExited", {"name": "P", "output": "1"}),
        (7, 6, "MapIterationSucceeded", {"name": "A", "index": 0}),
        (8, 3, "MapIterationStarted", {"name": "A", "index": 1}),
        (9, 8, "PassStateEntered", {"name": "P", "input": "2"}),
        (10, 9, "PassStateExited", {"name": "P", "output": "2"}),
        (11, 10, "MapIterationSucceeded", {"name": "A", "index": 1}),
        (12, 11, "MapStateSucceeded", {}),
        (13, 11, "MapStateExited", {"name": "A", "output": "[1,2]"}),
        (14, 13, "ExecutionSucceeded", {"output": "[1,2]"}),
    ]


def test_the_history_of_a_caught_failure_goes_on_behind_it(execute, chain):
    state = mapped({"Type": "Fail", "Error": "E"}, Catch=[{"ErrorEquals": ["E"], "Next": "B"}])
    assert [each[:3] for each in execute(chain(state, {"Type": "Succeed"}), [1]).told[1:]] == [
        (2, 0, "MapStateEntered"),
        (3, 2, "MapStateStarted"),
        (4, 3, "MapIterationStarted"),
        (5, 4, "FailStateEntered"),
        (6, 5, "MapIterationFailed"),
        (7, 5, "MapStateFailed"),
        (8, 7, "MapStateExited"),
        (9, 8, "SucceedStateEntered"),
        (10, 9, "SucceedStateExited"),
        (11, 10, "ExecutionSucceeded"),
    ]


def test_a_retry_runs_all_items_again_and_enters_the_state_once(execute):
    calls = []

    def second_time(event, context):
        calls.append(event)
        if len(calls) == 2:
            raise ValueError
        return event

    function = "arn:aws:lambda:us-east-1:000000000000:function:f"
    task = {"Type": "Task", "Resource": function, "End": True}
    state = mapped(task, MaxConcurrency=1, Retry=[{"ErrorEquals": ["ValueError"]}])
    outcome = execute(state, ["a", "b"], functions={"f": second_time})
    assert outcome.output == ["a", "b"]
    assert calls == ["a", "b", "a", "b"]
    assert outcome.types.count("MapStateEntered") == 1
    assert outcome.types.count("MapStateStarted") == 2


def test_given_jsonata_output_and_assign_see_the_results(execute, chain):
    state = mapped(
        PASS,
        Items="{% $states.input %}",
        Assign={"all": "{% $states.result %}"},
        Output="{% $sum($states.result) %}",
    )
    after = {"Type": "Pass", "Output": "{% [$states.input, $all] %}"}
    assert execute(chain(state, after, QueryLanguage="JSONata"), [1, 2]).output == [3, 1, 2]


def test_result_selector_and_result_path_see_the_array_of_results(execute):
    state = mapped(PASS, ItemsPath="$.l", ResultSelector={"first.$": "$[0]"}, ResultPath="$.r")
    assert execute(state, {"l": [7, 8]}).output == {"l": [7, 8], "r": {"first": 7}}


def test_a_map_without_a_processor_is_refused(refused):
    assert "/States/A" in refused({"Type": "Map"})


@pytest.mark.parametrize("field", ["Resource", "Branches", "Result", "TimeoutSeconds"])
def test_a_field_that_it_does_not_have_is_refused_by_name(refused, field):
    assert f"Field '{field}' is not supported" in refused(mapped(PASS, **{field: 1}))["/States/A"]


@pytest.mark.parametrize(
    "field",
    ["ItemReader", "ItemBatcher", "ResultWriter", "ToleratedFailureCount", "Label"],
)
def test_what_a_distributed_map_alone_has_is_refused_inline(refused, field):
    found = refused(mapped(PASS, **{field: {} if field != "Label" else "L"}))
    assert any(field in message or field in pointer for pointer, message in found.items())
