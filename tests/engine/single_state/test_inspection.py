"""The data flow of a tested state, stage by stage, as AWS shows it for each type of state."""

from __future__ import annotations

import json

import pytest

from statewright.engine.payloads import MAX_PAYLOAD_BYTES

PUT = {
    "Type": "Task",
    "Resource": "arn:aws:states:::dynamodb:putItem",
    "InputPath": "$.in",
    "Parameters": {"TableName": "t", "Item.$": "$.item"},
    "ResultSelector": {"units.$": "$.ConsumedCapacity.CapacityUnits"},
    "ResultPath": "$.put",
    "OutputPath": "$.put",
    "End": True,
}


NULL = {"Variable": "$", "IsNull": True, "Next": "A"}


def test_a_task_shows_every_stage(tested):
    item = {"id": {"S": "1"}}
    given = {"in": {"item": item}}
    told = tested(PUT, given, result={"ConsumedCapacity": {"CapacityUnits": 2}})
    assert told.stages == {
        "afterInputPath": {"item": item},
        "afterParameters": {"TableName": "t", "Item": item},
        "result": {"ConsumedCapacity": {"CapacityUnits": 2}},
        "afterResultSelector": {"units": 2},
        "afterResultPath": {**given, "put": {"units": 2}},
    }
    assert told.output == {"units": 2}


def test_a_stage_without_a_field_hands_on_the_value_before(tested):
    told = tested(
        {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:0:function:f", "End": True}, 1, result=2
    )
    assert told.stages == {
        "afterInputPath": 1,
        "afterParameters": 1,
        "result": 2,
        "afterResultSelector": 2,
        "afterResultPath": 2,
    }


def test_a_task_that_fails_shows_how_far_it_came(tested):
    assert list(tested(PUT, {"in": {"item": {}}}, error="E").stages) == ["afterInputPath", "afterParameters"]
    told = tested(PUT, {"in": {}}, result={})
    assert (told.outcome.error, list(told.stages)) == ("States.Runtime", ["afterInputPath"])


def test_a_jsonata_task_shows_arguments_and_result(tested):
    state = {
        "Type": "Task",
        "QueryLanguage": "JSONata",
        "Resource": "arn:aws:states:::sqs:sendMessage",
        "Arguments": {"QueueUrl": "q", "MessageBody": "{% $states.input.body %}"},
        "Assign": {"id": "{% $states.result.MessageId %}"},
        "Output": "{% $states.result.MessageId & '!' %}",
        "End": True,
    }
    told = tested(state, {"body": "b"}, result={"MessageId": "m"}, variables={"kept": True})
    assert told.output == "m!"
    assert told.stages == {
        "afterArguments": {"QueueUrl": "q", "MessageBody": "b"},
        "result": {"MessageId": "m"},
        "variables": {"kept": True, "id": "m"},
    }


def test_a_pass_state_shows_its_parameters_as_its_result(tested):
    state = {
        "Type": "Pass",
        "InputPath": "$.a",
        "Parameters": {"b.$": "$.b"},
        "ResultPath": "$.c",
        "End": True,
    }
    told = tested(state, {"a": {"b": 1}})
    assert told.stages == {
        "afterInputPath": {"b": 1},
        "afterParameters": {"b": 1},
        "afterResultSelector": {"b": 1},
        "afterResultPath": {"a": {"b": 1}, "c": {"b": 1}},
    }


def test_a_pass_state_with_a_result_does_not_look_at_its_input(tested):
    told = tested({"Type": "Pass", "Result": [1], "ResultPath": "$.r", "End": True}, {"a": 1})
    assert told.stages == {
        "result": [1],
        "afterResultSelector": [1],
        "afterResultPath": {"a": 1, "r": [1]},
    }


@pytest.mark.parametrize(
    "state",
    [
        {"Type": "Succeed", "InputPath": "$.a"},
        {"Type": "Wait", "Seconds": 1, "InputPath": "$.a", "End": True},
        {"Type": "Choice", "InputPath": "$.a", "Choices": [NULL], "Default": "B"},
    ],
    ids=lambda state: state["Type"],
)
def test_a_state_that_makes_nothing_shows_what_it_takes(tested, state):
    told = tested(state, {"a": 1})
    assert (told.output, told.stages) == (1, {"afterInputPath": 1})


def test_a_fail_state_shows_its_input_twice(tested):
    assert tested({"Type": "Fail"}, {"a": 1}).stages == {"afterInputPath": {"a": 1}}


@pytest.mark.parametrize(
    "state",
    [
        {"Type": "Pass", "Output": {"b": 1}, "End": True},
        {"Type": "Succeed", "Output": 1},
        {"Type": "Fail", "Error": "{% 'E' %}"},
        {"Type": "Wait", "Seconds": "{% 1 %}", "End": True},
        {"Type": "Choice", "Choices": [{"Condition": "{% true %}", "Next": "A"}]},
    ],
    ids=lambda state: state["Type"],
)
def test_jsonata_states_without_arguments_show_nothing_but_their_input(tested, state):
    told = tested({**state, "QueryLanguage": "JSONata"}, {"a": 1})
    assert told.stages == {}
    assert told.outcome.inspection == {"input": '{"a": 1}'}


def test_a_stage_above_256_kib_is_left_out(tested):
    half = "x" * (MAX_PAYLOAD_BYTES // 2)
    state = {"Type": "Pass", "Parameters": {"a.$": "$.t", "b.$": "$.t"}, "OutputPath": "$.t", "End": True}
    told = tested({**state, "ResultPath": None}, {"t": half})
    assert json.loads(told.outcome.output or "") == half
    assert "afterParameters" not in told.stages
    assert told.stages["afterResultPath"] == {"t": half}
