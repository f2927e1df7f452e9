"""Succeed states.

https://docs.aws.amazon.com/step-functions/latest/dg/state-succeed.html
"""

from __future__ import annotations

import pytest


def test_succeed_ends_the_machine_with_its_input(execute):
    outcome = execute({"Type": "Succeed"}, {"a": 1})
    assert outcome.output == {"a": 1}
    assert [each[:3] for each in outcome.told] == [
        (1, 0, "ExecutionStarted"),
        (2, 0, "SucceedStateEntered"),
        (3, 2, "SucceedStateExited"),
        (4, 3, "ExecutionSucceeded"),
    ]


def test_input_path_and_output_path_choose_in_turn(execute):
    assert execute({"Type": "Succeed", "InputPath": "$.a", "OutputPath": "$.b"}, {"a": {"b": 2}}).output == 2


def test_given_null_paths_the_output_is_empty(execute):
    assert execute({"Type": "Succeed", "InputPath": None}, {"a": 1}).output == {}
    assert execute({"Type": "Succeed", "OutputPath": None}, {"a": 1}).output == {}


def test_given_jsonata_the_output_is_the_expression(execute):
    state = {"Type": "Succeed", "QueryLanguage": "JSONata", "Output": "{% $states.input.a + 1 %}"}
    assert execute(state, {"a": 1}).output == 2


def test_given_jsonata_without_output_the_input_is_the_output(execute):
    assert execute({"Type": "Succeed", "QueryLanguage": "JSONata"}, {"a": 1}).output == {"a": 1}


def test_it_ends_its_branch_alone(execute, chain):
    branch = {"StartAt": "In", "States": {"In": {"Type": "Succeed"}}}
    definition = chain({"Type": "Parallel", "Branches": [branch]}, {"Type": "Pass"})
    assert execute(definition, 1).states == ["A", "In", "B"]


@pytest.mark.parametrize("field", ["Next", "End", "Assign", "ResultPath", "Parameters", "Retry", "Catch"])
def test_a_field_that_it_does_not_have_is_refused_by_name(refused, field):
    assert f"Field '{field}' is not supported" in refused({"Type": "Succeed", field: {}})["/States/A"]
