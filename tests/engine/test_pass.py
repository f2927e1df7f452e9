"""Pass states."""

from __future__ import annotations

import pytest


def test_given_no_fields_the_input_is_the_output(execute):
    assert execute({"Type": "Pass"}, {"a": [1, 2.5, None]}).output == {"a": [1, 2.5, None]}


def test_given_a_result_it_replaces_the_input(execute):
    assert execute({"Type": "Pass", "Result": {"b": 1}}, {"a": 1}).output == {"b": 1}


def test_given_a_null_result_it_replaces_the_input_too(execute):
    assert execute({"Type": "Pass", "Result": None}, {"a": 1}).output is None


def test_given_a_result_path_the_result_is_put_into_the_input(execute):
    outcome = execute({"Type": "Pass", "Result": 2, "ResultPath": "$.x.y"}, {"a": 1})
    assert outcome.output == {"a": 1, "x": {"y": 2}}


def test_given_a_null_result_path_the_result_is_dropped(execute):
    assert execute({"Type": "Pass", "Result": 2, "ResultPath": None}, {"a": 1}).output == {"a": 1}


def test_given_parameters_paths_are_filled_in(execute):
    state = {"Type": "Pass", "Parameters": {"n.$": "$.a", "name.$": "$$.State.Name", "fixed": "$.a"}}
    assert execute(state, {"a": 7}).output == {"n": 7, "name": "A", "fixed": "$.a"}


def test_given_null_input_and_output_paths_both_are_empty_objects(execute):
    assert execute({"Type": "Pass", "InputPath": None}, {"a": 1}).output == {}
    assert execute({"Type": "Pass", "OutputPath": None}, {"a": 1}).output == {}


@pytest.mark.parametrize("field", ["InputPath", "OutputPath"])
def test_given_a_path_to_nowhere_the_execution_fails_with_awss_words(execute, field):
    outcome = execute({"Type": "Pass", field: "$.gone"}, {"a": 1})
    assert (outcome.status, outcome.error) == ("FAILED", "States.Runtime")
    assert outcome.cause == (
        "An error occurred while executing the state 'A' (entered at the event id #2)."
        " Invalid path '$.gone' : No results for path: $['gone']"
    )
    assert outcome.types == ["ExecutionStarted", "PassStateEntered", "ExecutionFailed"]


def test_given_a_template_path_to_nowhere_the_cause_names_the_field(execute):
    outcome = execute({"Type": "Pass", "Parameters": {"x.$": "$.gone"}}, {"a": 1})
    assert outcome.cause.endswith(
        "The JSONPath '$.gone' specified for the field 'x.$' could not be found in the input '{\"a\":1}'"
    )


def test_given_a_result_path_through_a_scalar_the_error_is_a_result_path_failure(execute):
    outcome = execute({"Type": "Pass", "Result": 1, "ResultPath": "$.a.b"}, {"a": 1})
    assert outcome.error == "States.ResultPathMatchFailure"


def test_given_jsonata_output_is_the_expression(execute):
    state = {"Type": "Pass", "QueryLanguage": "JSONata", "Output": {"sum": "{% $sum($states.input.n) %}"}}
    assert execute(state, {"n": [1, 2, 3]}).output == {"sum": 6}


def test_given_an_undefined_jsonata_output_the_evaluation_fails(execute):
    state = {"Type": "Pass", "QueryLanguage": "JSONata", "Output": {"x": "{% $states.input.gone %}"}}
    outcome = execute(state, {})
    assert outcome.error == "States.QueryEvaluationError"
    details = outcome.event("EvaluationFailed")
    assert (details["location"], details["state"]) == ("Output/x", "A")
    assert details["cause"] == outcome.cause
    assert outcome.cause.endswith("specified for the field 'Output/x' returned nothing (undefined).")


def test_given_large_integers_every_digit_is_kept(execute):
    assert execute({"Type": "Pass"}, {"n": 2**80 + 1}).output == {"n": 2**80 + 1}


def test_the_history_tells_entry_exit_and_what_was_assigned(execute):
    state = {"Type": "Pass", "Result": {"b": 1}, "ResultPath": "$.r", "Assign": {"x.$": "$.b"}}
    assert execute(state, {"a": 0}).told[1:] == [
        (2, 0, "PassStateEntered", {"name": "A", "input": '{"a": 0}'}),
        (
            3,
            2,
            "PassStateExited",
            {"name": "A", "output": '{"a":0,"r":{"b":1}}', "assignedVariables": {"x": "1"}},
        ),
        (4, 3, "ExecutionSucceeded", {"output": '{"a":0,"r":{"b":1}}'}),
    ]


def test_given_a_result_it_stands_before_parameters(execute):
    state = {"Type": "Pass", "Parameters": {"x.$": "$.a"}, "Result": "fixed"}
    assert execute(state, {"a": 1}).output == "fixed"


def test_given_a_result_with_path_keys_they_stay_as_they_are(execute):
    assert execute({"Type": "Pass", "Result": {"x.$": "$.a"}}, {"a": 1}).output == {"x.$": "$.a"}


def test_given_jsonata_without_output_the_input_is_the_output(execute):
    state = {"Type": "Pass", "QueryLanguage": "JSONata", "Assign": {"x": "{% $states.input.a %}"}}
    outcome = execute(state, {"a": 1})
    assert outcome.output == {"a": 1}
    assert outcome.event("PassStateExited")["assignedVariables"] == {"x": "1"}


@pytest.mark.parametrize("field", ["ResultSelector", "Retry", "Catch", "TimeoutSeconds", "Arguments"])
def test_a_field_that_it_does_not_have_is_refused_by_name(refused, field):
    found = refused({"Type": "Pass", field: {}})
    assert any(field in message or field in pointer for pointer, message in found.items())


def test_next_and_end_exclude_each_other_and_one_must_be_there(refused):
    two = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "A", "End": True}}}
    none = {"StartAt": "A", "States": {"A": {"Type": "Pass"}}}
    assert "[Next, End]" in refused(two)["/States/A"]
    assert "[Next] or [End]" in refused(none)["/States/A"]
