"""Requests held against the service model, in AWS's words."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from statewright.api.errors import ApiError, MalformedRequest, ValidationError
from statewright.api.service_model import check_request, encode_response


def refusal(operation: str, request: object) -> str:
    with pytest.raises(ValidationError) as caught:
        check_request(operation, request)
    assert caught.value.code == "ValidationException"
    return caught.value.message


def test_a_sound_request_passes_without_members_that_the_model_does_not_have():
    request = {"stateMachineArn": "arn:x", "name": None, "somethingElse": 1}
    assert check_request("StartExecution", request) == {"stateMachineArn": "arn:x"}


def test_a_missing_member_is_null():
    assert refusal("StartExecution", {}) == (
        "1 validation error detected: Value null at 'stateMachineArn' failed to satisfy constraint: "
        "Member must not be null"
    )


def test_all_broken_constraints_are_listed():
    assert refusal("CreateStateMachine", {"name": "", "roleArn": "r"}) == (
        "2 validation errors detected: Value '' at 'name' failed to satisfy constraint: "
        "Member must have length greater than or equal to 1; "
        "Value null at 'definition' failed to satisfy constraint: Member must not be null"
    )


@pytest.mark.parametrize(
    ("operation", "request_", "message"),
    [
        (
            "ListExecutions",
            {"statusFilter": "succeeded"},
            "Value 'succeeded' at 'statusFilter' failed to satisfy constraint: Member must satisfy enum "
            "value set: [SUCCEEDED, TIMED_OUT, PENDING_REDRIVE, ABORTED, FAILED, RUNNING]",
        ),
        (
            "ListStateMachines",
            {"maxResults": 1001},
            "Value '1001' at 'maxResults' failed to satisfy constraint: "
            "Member must have value less than or equal to 1000",
        ),
        (
            "CreateStateMachineAlias",
            {"name": "!INVALID", "routingConfiguration": [{"stateMachineVersionArn": "a", "weight": 100}]},
            r"Value '!INVALID' at 'name' failed to satisfy constraint: Member must satisfy regular "
            r"expression pattern: ^(?=.*[a-zA-Z_\-\.])[a-zA-Z0-9_\-\.]+$",
        ),
        (
            "CreateStateMachineAlias",
            {
                "name": "A",
                "routingConfiguration": [
                    {"stateMachineVersionArn": "a", "weight": 101},
                    {"stateMachineVersionArn": "b", "weight": 0},
                ],
            },
            "Value '101' at 'routingConfiguration.1.member.weight' failed to satisfy constraint: "
            "Member must have value less than or equal to 100",
        ),
        (
            "SendTaskSuccess",
            {"taskToken": "t", "output": "secret" * 50_000},
            "Value at 'output' failed to satisfy constraint: "
            "Member must have length less than or equal to 262144",
        ),
    ],
)
def test_a_broken_constraint_is_worded_as_aws_does(operation, request_, message):
    assert refusal(operation, request_) == f"1 validation error detected: {message}"


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ([], "Start of structure or map found where not expected."),
        ({"stateMachineArn": {"a": 1}}, "START_OBJECT cannot be converted to String"),
        ({"stateMachineArn": 5}, "NUMBER_VALUE cannot be converted to String"),
        ({"maxResults": "5"}, "STRING_VALUE cannot be converted to Integer"),
        ({"maxResults": True}, "TRUE_VALUE cannot be converted to Integer"),
    ],
)
def test_a_value_of_another_json_type_is_a_serialization_error(request_, message):
    with pytest.raises(MalformedRequest) as caught:
        check_request("ListExecutions", request_)
    assert (caught.value.code, caught.value.message) == ("SerializationException", message)
    assert isinstance(caught.value, ApiError)


def test_responses_lose_what_is_absent_and_turn_dates_into_seconds():
    started = datetime(2026, 1, 2, tzinfo=UTC)
    response = {"executionArn": "arn:x", "startDate": started}
    assert encode_response("StartExecution", response) == {
        "executionArn": "arn:x",
        "startDate": started.timestamp(),
    }
    assert encode_response("StopExecution", {"stopDate": 1.23456}) == {"stopDate": 1.235}
    assert encode_response("StopExecution", {"stopDate": None}) == {}


def test_a_response_with_a_member_that_the_model_does_not_have_is_a_mistake():
    with pytest.raises(KeyError, match="StartExecutionOutput has no oops"):
        encode_response("StartExecution", {"oops": 1})
