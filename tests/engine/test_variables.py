"""Variables: Assign, and where their values are seen."""

from __future__ import annotations

import pytest

ARN = "arn:aws:lambda:us-east-1:000000000000:function:f"


def test_a_variable_is_seen_in_later_states_of_both_languages(execute, chain):
    definition = chain(
        {"Type": "Pass", "Assign": {"x.$": "$.a", "fixed": [1, "{% no %}"]}},
        {"Type": "Pass", "Parameters": {"x.$": "$x", "fixed.$": "$fixed[1]"}},
        {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% [$x, $states.input] %}"},
    )
    assert execute(definition, {"a": 7}).output == [7, {"x": 7, "fixed": "{% no %}"}]


def test_the_exit_event_tells_what_was_assigned(execute):
    outcome = execute({"Type": "Pass", "Assign": {"x": {"a": 1}, "y": "t"}})
    details = outcome.event("PassStateExited")
    assert details["assignedVariables"] == {"x": '{"a":1}', "y": '"t"'}
    assert details["assignedVariablesDetails"] == {"truncated": False}


def test_all_values_are_those_of_the_states_begin(execute, chain):
    definition = chain(
        {"Type": "Pass", "Assign": {"a": 1, "b": 2}},
        {"Type": "Pass", "Assign": {"a.$": "$b", "b.$": "$a"}},
        {"Type": "Pass", "Parameters": {"a.$": "$a", "b.$": "$b"}},
    )
    assert execute(definition).output == {"a": 2, "b": 1}


def test_jsonata_assign_and_output_are_independent(execute, chain):
    definition = chain(
        {"Type": "Pass", "Assign": {"n": 1}, "Output": "{% $states.input %}"},
        {"Type": "Pass", "Assign": {"n": "{% $n + 1 %}"}, "Output": "{% $n %}"},
        QueryLanguage="JSONata",
    )
    assert execute(definition).output == 1


def test_a_task_assigns_from_its_result(execute, chain):
    definition = chain(
        {"Type": "Task", "Resource": ARN, "Assign": {"r.$": "$.x"}, "ResultPath": None},
        {"Type": "Pass", "Parameters": {"r.$": "$r", "kept.$": "$.kept"}},
    )
    outcome = execute(definition, {"kept": 1}, functions={"f": lambda event, _: {"x": 9}})
    assert outcome.output == {"r": 9, "kept": 1}


def test_an_unknown_variable_is_an_error_with_its_name(execute):
    outcome = execute({"Type": "Pass", "Parameters": {"x.$": "$gone.a"}})
    assert outcome.error == "States.Runtime"
    assert "$gone" in outcome.cause


def test_iterations_do_not_see_each_others_variables(execute, chain):
    processor = {
        "StartAt": "Set",
        "States": {
            "Set": {"Type": "Pass", "Assign": {"mine.$": "$"}, "Next": "Get"},
            "Get": {"Type": "Pass", "Parameters": {"mine.$": "$mine", "outer.$": "$outer"}, "End": True},
        },
    }
    definition = chain({"Type": "Pass", "Assign": {"outer": 5}}, {"Type": "Map", "ItemProcessor": processor})
    assert execute(definition, [1, 2]).output == [{"mine": 1, "outer": 5}, {"mine": 2, "outer": 5}]


def test_a_value_above_256_kib_is_refused(execute):
    state = {"Type": "Pass", "QueryLanguage": "JSONata", "Assign": {"x": "{% $join([1..60000].('abcde')) %}"}}
    assert execute(state).error == "States.DataLimitExceeded"


@pytest.mark.parametrize("name", ["states", "a-b", "a.b", "1a", "", "a" * 81, "a b", "$x"])
def test_a_name_that_variables_may_not_have_is_refused(refused, name):
    assert any("Assign" in pointer for pointer in refused({"Type": "Pass", "Assign": {name: 1}}))


@pytest.mark.parametrize("name", ["a", "_x", "größe", "A1_b", "a" * 80])
def test_letters_digits_and_underscores_make_names(execute, name):
    left = execute({"Type": "Pass", "Assign": {name: 1}}).event("PassStateExited")
    assert left["assignedVariables"] == {name: "1"}


@pytest.mark.parametrize(
    ("state", "seen"),
    [
        ({"Type": "Pass", "Assign": {"x.$": "$.a"}, "Parameters": {"a": 5}}, 5),
        ({"Type": "Pass", "Assign": {"x.$": "$.r"}, "Result": {"r": 6}, "ResultPath": "$.out"}, 6),
        ({"Type": "Wait", "Seconds": 1, "Assign": {"x.$": "$.a"}}, 1),
        ({"Type": "Task", "Resource": ARN, "ResultSelector": {"s": 7}, "Assign": {"x.$": "$.s"}}, 7),
        ({"Type": "Pass", "Assign": {"x.$": "States.MathAdd($.a, 1)"}}, 2),
        ({"Type": "Pass", "Assign": {"x": {"y": [{"z.$": "$$.State.Name"}]}}}, {"y": [{"z": "A"}]}),
    ],
    ids=["parameters", "result", "input", "selector", "function", "nested"],
)
def test_jsonpath_assigns_from_the_states_result(execute, chain, state, seen):
    definition = chain(state, {"Type": "Pass", "Parameters": {"x.$": "$x"}})
    assert execute(definition, {"a": 1}, functions={"f": lambda event, _: {}}).output == {"x": seen}


def test_assign_and_output_of_one_state_do_not_see_each_other(execute):
    state = {
        "Type": "Pass",
        "QueryLanguage": "JSONata",
        "Assign": {"x": "{% $states.input.a %}"},
        "Output": "{% $exists($x) %}",
    }
    assert execute(state, {"a": 1}).output is False


def test_a_variable_that_fails_to_be_assigned_fails_the_state(execute):
    outcome = execute({"Type": "Pass", "QueryLanguage": "JSONata", "Assign": {"x": "{% $states.gone %}"}})
    assert outcome.error == "States.QueryEvaluationError"
    assert outcome.event("EvaluationFailed")["location"] == "Assign/x"


def test_a_retried_state_assigns_at_its_end_alone(execute, chain):
    answers = [ValueError(), 3]

    def second_time(event, context):
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    task = {
        "Type": "Task",
        "Resource": ARN,
        "Assign": {"x.$": "$"},
        "Retry": [{"ErrorEquals": ["States.ALL"]}],
    }
    outcome = execute(chain(task, {"Type": "Pass", "InputPath": "$x"}), functions={"f": second_time})
    assert outcome.output == 3
    assert sum("assignedVariables" in str(event) for event in outcome.history) == 1
