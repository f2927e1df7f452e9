"""Fail states.

https://docs.aws.amazon.com/step-functions/latest/dg/state-fail.html
"""

from __future__ import annotations

import pytest


def test_fail_ends_the_machine_with_its_error_and_cause(execute):
    outcome = execute({"Type": "Fail", "Error": "Broken", "Cause": "for a reason"})
    assert (outcome.status, outcome.error, outcome.cause) == ("FAILED", "Broken", "for a reason")
    assert outcome.told[1:] == [
        (2, 0, "FailStateEntered", {"name": "A", "input": "{}"}),
        (3, 2, "ExecutionFailed", {"error": "Broken", "cause": "for a reason"}),
    ]


def test_fail_without_error_and_cause_has_neither(execute):
    outcome = execute({"Type": "Fail"})
    assert (outcome.error, outcome.record.cause) == (None, None)
    assert outcome.event("ExecutionFailed") == {}


def test_paths_and_intrinsic_functions_give_error_and_cause(execute):
    state = {"Type": "Fail", "ErrorPath": "$.e", "CausePath": "States.Format('{}!', $.c)"}
    outcome = execute(state, {"e": "E", "c": "C"})
    assert (outcome.error, outcome.cause) == ("E", "C!")


def test_the_context_object_and_variables_give_them_too(execute, chain):
    definition = chain(
        {"Type": "Pass", "Assign": {"why": "because"}},
        {"Type": "Fail", "ErrorPath": "$$.State.Name", "CausePath": "$why"},
    )
    outcome = execute(definition)
    assert (outcome.error, outcome.cause) == ("B", "because")


def test_given_jsonata_expressions_give_them(execute):
    state = {"Type": "Fail", "QueryLanguage": "JSONata", "Error": "{% $states.input.e %}", "Cause": "plain"}
    outcome = execute(state, {"e": "E"})
    assert (outcome.error, outcome.cause) == ("E", "plain")


def test_given_jsonata_that_gives_no_text_the_evaluation_fails(execute):
    outcome = execute({"Type": "Fail", "QueryLanguage": "JSONata", "Cause": "{% 1 %}"})
    assert outcome.error == "States.QueryEvaluationError"
    assert outcome.event("EvaluationFailed")["location"] == "Cause"
    assert "Expected 'string', but was 'number' for value: 1" in outcome.cause


@pytest.mark.parametrize("field", ["ErrorPath", "CausePath"])
def test_fail_with_a_path_to_nowhere_names_the_field(execute, field):
    outcome = execute({"Type": "Fail", field: "$.gone"}, {})
    assert outcome.error == "States.Runtime"
    assert f"The JSONPath '$.gone' specified for the field '{field}' could not be found" in outcome.cause


@pytest.mark.parametrize("name", ["Error", "Cause"])
def test_a_value_and_its_path_exclude_each_other(refused, name):
    found = refused({"Type": "Fail", name: "x", f"{name}Path": "$.x"})["/States/A"]
    assert f"[{name}, {name}Path]" in found or f"Field '{name}' is not supported" in found


@pytest.mark.parametrize("field", ["Next", "End", "InputPath", "OutputPath", "Assign", "Retry", "Catch"])
def test_a_field_that_it_does_not_have_is_refused_by_name(refused, field):
    assert f"Field '{field}' is not supported" in refused({"Type": "Fail", field: {}})["/States/A"]


def test_its_error_can_be_caught_outside_of_its_branch_alone(execute, chain):
    branch = {"StartAt": "In", "States": {"In": {"Type": "Fail", "Error": "E"}}}
    catcher = {"ErrorEquals": ["E"], "Next": "B"}
    definition = chain(
        {"Type": "Parallel", "Branches": [branch], "Catch": [catcher]}, ("B", {"Type": "Pass"})
    )
    assert execute(definition).output == {"Error": "E", "Cause": ""}
