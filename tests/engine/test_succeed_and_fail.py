"""Succeed and Fail states."""

from __future__ import annotations

import pytest


def test_succeed_ends_the_machine_with_its_input(execute):
    outcome = execute({"Type": "Succeed"}, {"a": 1})
    assert outcome.output == {"a": 1}
    assert outcome.types[1:] == ["SucceedStateEntered", "SucceedStateExited", "ExecutionSucceeded"]


def test_succeed_takes_paths_and_jsonata_output(execute):
    assert execute({"Type": "Succeed", "InputPath": "$.a", "OutputPath": "$.b"}, {"a": {"b": 2}}).output == 2
    state = {"Type": "Succeed", "QueryLanguage": "JSONata", "Output": "{% $states.input.a + 1 %}"}
    assert execute(state, {"a": 1}).output == 2


def test_fail_ends_the_machine_with_its_error_and_cause(execute):
    outcome = execute({"Type": "Fail", "Error": "Broken", "Cause": "for a reason"})
    assert (outcome.status, outcome.error, outcome.cause) == ("FAILED", "Broken", "for a reason")
    assert outcome.types == ["ExecutionStarted", "FailStateEntered", "ExecutionFailed"]


def test_fail_without_error_and_cause_has_neither(execute):
    outcome = execute({"Type": "Fail"})
    assert (outcome.error, outcome.record.cause) == (None, None)
    assert outcome.event("ExecutionFailed") == {}


def test_fail_takes_paths_calls_and_expressions(execute):
    state = {"Type": "Fail", "ErrorPath": "$.e", "CausePath": "States.Format('{}!', $.c)"}
    outcome = execute(state, {"e": "E", "c": "C"})
    assert (outcome.error, outcome.cause) == ("E", "C!")
    state = {"Type": "Fail", "QueryLanguage": "JSONata", "Error": "{% $states.input.e %}", "Cause": "plain"}
    outcome = execute(state, {"e": "E"})
    assert (outcome.error, outcome.cause) == ("E", "plain")


@pytest.mark.parametrize("field", ["ErrorPath", "CausePath"])
def test_fail_with_a_path_to_nowhere_names_the_field(execute, field):
    outcome = execute({"Type": "Fail", field: "$.gone"}, {})
    assert outcome.error == "States.Runtime"
    assert f"The JSONPath '$.gone' specified for the field '{field}' could not be found" in outcome.cause
