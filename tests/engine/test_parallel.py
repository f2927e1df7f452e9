"""Parallel states."""

from __future__ import annotations

import pytest


def branch(**state):
    return {"StartAt": state.pop("Name", "S"), "States": {"S": {"End": True, **state}}}


def flow(*named):
    states = {}
    for index, (name, state) in enumerate(named):
        last = index + 1 == len(named)
        states[name] = (
            state
            if state["Type"] == "Fail"
            else {**state, **({"End": True} if last else {"Next": named[index + 1][0]})}
        )
    return {"StartAt": named[0][0], "States": states}


def test_branches_give_their_outputs_in_the_order_of_the_definition(execute):
    state = {
        "Type": "Parallel",
        "Branches": [
            flow(("Slow", {"Type": "Wait", "Seconds": 9}), ("One", {"Type": "Pass", "Result": 1})),
            flow(("Two", {"Type": "Pass", "Result": 2})),
        ],
    }
    outcome = execute(state, {})
    assert outcome.output == [1, 2]
    assert outcome.seconds == pytest.approx(9, abs=1)


def test_branches_run_side_by_side(execute):
    state = {
        "Type": "Parallel",
        "Branches": [flow((f"W{n}", {"Type": "Wait", "Seconds": 60})) for n in range(5)],
    }
    assert execute(state).seconds == pytest.approx(60, abs=1)


def test_every_branch_gets_the_input_that_parameters_make(execute):
    state = {
        "Type": "Parallel",
        "Parameters": {"n.$": "$.a"},
        "Branches": [flow(("X", {"Type": "Pass"})), flow(("Y", {"Type": "Pass"}))],
        "ResultPath": "$.r",
    }
    assert execute(state, {"a": 1}).output == {"a": 1, "r": [{"n": 1}, {"n": 1}]}


def test_the_first_failure_ends_the_other_branches(execute):
    state = {
        "Type": "Parallel",
        "Branches": [
            flow(("Long", {"Type": "Wait", "Seconds": 1000})),
            flow(
                ("Short", {"Type": "Wait", "Seconds": 1}),
                ("Bad", {"Type": "Fail", "Error": "E", "Cause": "c"}),
            ),
        ],
    }
    outcome = execute(state)
    assert (outcome.error, outcome.cause) == ("E", "c")
    assert outcome.seconds == pytest.approx(1, abs=1)
    assert outcome.types[-3:] == ["WaitStateAborted", "ParallelStateFailed", "ExecutionFailed"]


def test_a_failure_inside_is_caught_by_the_parallel_state(execute, chain):
    state = {
        "Type": "Parallel",
        "Branches": [flow(("Bad", {"Type": "Fail", "Error": "E", "Cause": "c"}))],
        "Catch": [{"ErrorEquals": ["E"], "ResultPath": "$.error", "Next": "After"}],
    }
    outcome = execute(chain(("P", state), ("After", {"Type": "Pass"})), {"a": 1})
    assert outcome.output == {"a": 1, "error": {"Error": "E", "Cause": "c"}}
    assert "ParallelStateFailed" in outcome.types


def test_nested_branches_are_ended_with_the_outer_one(execute):
    inner = {"Type": "Parallel", "Branches": [flow(("Deep", {"Type": "Wait", "Seconds": 500}))]}
    state = {
        "Type": "Parallel",
        "Branches": [
            flow(("Inner", inner)),
            flow(("Soon", {"Type": "Wait", "Seconds": 2}), ("Bad", {"Type": "Fail", "Error": "E"})),
        ],
    }
    outcome = execute(state)
    assert outcome.error == "E"
    assert outcome.seconds == pytest.approx(2, abs=1)
    assert outcome.types.index("WaitStateAborted") < outcome.types.index("ParallelStateAborted")


def test_variables_of_the_outer_flow_are_readable_and_stay_as_they_are(execute, chain):
    state = {
        "Type": "Parallel",
        "Branches": [
            flow(
                ("In", {"Type": "Pass", "Assign": {"y.$": "$x"}}),
                ("Out", {"Type": "Pass", "Parameters": {"y.$": "$y"}}),
            )
        ],
    }
    after = {
        "Type": "Choice",
        "Choices": [{"Variable": "$y", "IsPresent": True, "Next": "Leaked"}],
        "Default": "Fine",
    }
    definition = chain(
        {"Type": "Pass", "Assign": {"x": 5}},
        state,
        ("C", after),
        ("Leaked", {"Type": "Fail"}),
        ("Fine", {"Type": "Succeed"}),
    )
    assert execute(definition).output == [{"y": 5}]
