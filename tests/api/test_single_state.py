"""TestState on the wire: levels of inspection, mocks, bounds."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from tests.api.machines import DOUBLE, LAMBDA, ROLE

SEND = {
    "Type": "Task",
    "Resource": "arn:aws:states:::sqs:sendMessage",
    "Parameters": {"QueueUrl": "q", "MessageBody.$": "$.body"},
    "ResultPath": "$.sent",
    "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 2}],
    "Next": "Later",
}


@pytest.fixture
def state_test(sfn):
    def send(definition, **request):
        text = definition if isinstance(definition, str) else json.dumps(definition)
        return sfn.test_state(definition=text, **request)

    return send


def refused(state_test, definition, **request):
    with pytest.raises(ClientError) as found:
        state_test(definition, **request)
    error = found.value.response["Error"]
    return error["Code"], error["Message"]


def test_info_tells_the_end_alone(state_test):
    answer = state_test(SEND, input='{"body": "b"}', mock={"result": '{"MessageId": "m"}'})
    del answer["ResponseMetadata"]
    sent = '{"body":"b","sent":{"MessageId":"m"}}'
    assert answer == {"status": "SUCCEEDED", "output": sent, "nextState": "Later"}


@pytest.mark.parametrize("level", ["DEBUG", "TRACE"])
def test_debug_and_trace_tell_the_data_flow(state_test, level):
    given = {"input": '{ "body": "b" }', "inspectionLevel": level, "variables": '{"n": 1}'}
    answer = state_test(SEND, mock={"result": '{"MessageId": "m"}'}, **given)
    assert answer["inspectionData"] == {
        "input": '{ "body": "b" }',
        "afterInputPath": '{"body":"b"}',
        "afterParameters": '{"QueueUrl":"q","MessageBody":"b"}',
        "result": '{"MessageId":"m"}',
        "afterResultSelector": '{"MessageId":"m"}',
        "afterResultPath": '{"body":"b","sent":{"MessageId":"m"}}',
        "variables": '{"n":1}',
    }


def test_a_mocked_error_is_told_with_its_backoff(state_test):
    answer = state_test(
        SEND,
        input='{"body": "b"}',
        inspectionLevel="DEBUG",
        mock={"errorOutput": {"error": "Busy", "cause": "later"}},
        stateConfiguration={"retrierRetryCount": 1},
    )
    assert (answer["status"], answer["error"], answer["cause"]) == ("RETRIABLE", "Busy", "later")
    details = answer["inspectionData"]["errorDetails"]
    assert details == {"retryIndex": 0, "retryBackoffIntervalSeconds": 4}
    assert "output" not in answer


def test_the_numbers_of_a_map_are_told(state_test):
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "In",
        "States": {"In": {"Type": "Pass", "End": True}},
    }
    state = {
        "Type": "Map",
        "ItemProcessor": processor,
        "MaxConcurrency": 4,
        "ToleratedFailureCount": 1,
        "ToleratedFailurePercentage": 12.5,
        "End": True,
    }
    answer = state_test(state, input="[1]", inspectionLevel="DEBUG", mock={"result": "[2]"})
    told = answer["inspectionData"]
    numbers = ("maxConcurrency", "toleratedFailureCount", "toleratedFailurePercentage")
    assert [told[name] for name in numbers] == [4, 1, 12.5]


def test_a_function_is_called_where_nothing_is_mocked(state_test):
    answer = state_test(DOUBLE, stateName="Double", roleArn=ROLE, input='{"value": 4}')
    assert answer["output"] == '{"value":8}'


def test_a_wrong_mock_is_refused(state_test):
    code, message = refused(state_test, SEND, mock={"result": '{"MessageId": 1}'})
    assert code == "ValidationException"
    assert message == "Mock result schema validation error: Field 'MessageId' must be a string"
    present = {"result": "{}", "fieldValidationMode": "MAYBE"}
    assert "Member must satisfy enum value set" in refused(state_test, SEND, mock=present)[1]


def test_a_wrong_definition_is_refused_with_its_place(state_test):
    code, message = refused(state_test, {"Type": "Pass", "End": 1})
    assert code == "InvalidDefinition"
    assert "at /States/StateName/End" in message


def test_what_a_user_does_not_say_is_not_told(state_test):
    code, message = refused(state_test, {"Type": "Task", "Resource": f"{LAMBDA}double", "End": True})
    assert (code, message) == ("ValidationException", "RoleArn must be specified when testing a Task state")


DEEP = "[" * 300 + "]" * 300


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"input": DEEP}, "InvalidExecutionInput"),
        ({"variables": DEEP}, "ValidationException"),
        ({"context": DEEP}, "ValidationException"),
        ({"mock": {"result": DEEP}}, "ValidationException"),
        ({"stateConfiguration": {"mapItemReaderData": DEEP}}, "ValidationException"),
    ],
)
def test_texts_that_nest_too_deep_are_refused(state_test, request_, code):
    found, message = refused(state_test, SEND, **request_)
    assert (found, message.endswith("nests deeper than 200 levels'")) == (code, True)


def test_a_definition_that_nests_too_deep_is_refused(state_test):
    definition = f'{{"Type": "Pass", "Result": {DEEP}, "End": true}}'
    assert refused(state_test, definition)[0] == "InvalidDefinition"


@pytest.mark.parametrize("name", ["input", "variables", "context"])
def test_texts_above_256_kib_are_refused(state_test, name):
    text = json.dumps({"a": "x" * 262_144})
    assert "less than or equal to 262144" in refused(state_test, SEND, **{name: text})[1]
