"""Which variables each state refers to, as DescribeStateMachine tells it."""

from __future__ import annotations

import json

import pytest

from statewright import asl

PASS = {"Type": "Pass", "End": True}
TASK = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke",
    "Parameters": {"FunctionName.$": "$f"},
    "Catch": [{"ErrorEquals": ["E"], "Assign": {"x.$": "$y"}, "Next": "A"}],
}


def references(state, **machine):
    text = json.dumps({"StartAt": "A", "States": {"A": {"End": True, **state}}, **machine})
    return asl.variable_references(asl.parse(text))


@pytest.mark.parametrize(
    ("state", "names"),
    [
        ({"Type": "Pass", "Parameters": {"a.$": "$x", "b": "$y"}}, ["x"]),
        ({"Type": "Pass", "OutputPath": "$theAnswer"}, ["theAnswer"]),
        ({"Type": "Pass", "Assign": {"a.$": "States.Format('{}{}', $b, $a)", "c": 1}}, ["a", "b"]),
        ({"Type": "Wait", "SecondsPath": "$waitTime"}, ["waitTime"]),
        ({"Type": "Pass", "Parameters": {"a.$": "$.x", "b.$": "$$.Execution.Id"}}, None),
        (TASK, ["f", "y"]),
    ],
)
def test_a_state_refers_to_the_variables_in_its_paths(state, names):
    assert references(state) == ({} if names is None else {"A": names})


def test_a_choice_refers_to_what_it_compares():
    rules = [
        {"Variable": "$guess", "StringEqualsPath": "$answer", "Next": "B"},
        {"Not": {"Variable": "$maybe", "IsPresent": True}, "Next": "B"},
    ]
    machine = {
        "StartAt": "A",
        "States": {"A": {"Type": "Choice", "Choices": rules}, "B": {"Type": "Succeed"}},
    }
    assert asl.variable_references(asl.parse(json.dumps(machine))) == {"A": ["answer", "guess", "maybe"]}


def test_an_expression_refers_to_what_it_does_not_define_itself():
    state = {"Type": "Pass", "Output": "{% ($own := $x; $own + $sum($y.z) + $states.input.a) %}"}
    assert references(state, QueryLanguage="JSONata") == {"A": ["x", "y"]}


def test_inner_states_are_told_by_their_own_names():
    processor = {"StartAt": "Inner", "States": {"Inner": {**PASS, "Parameters": {"q.$": "$Question"}}}}
    state = {"Type": "Map", "ItemsPath": "$List", "MaxConcurrencyPath": "$most", "ItemProcessor": processor}
    assert references(state) == {"A": ["List", "most"], "Inner": ["Question"]}
