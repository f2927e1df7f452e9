"""AWS JSON over HTTP: the form of answers and errors; no operation of the service is forgotten."""

from __future__ import annotations

import http.client
import json
import uuid
from urllib.parse import urlsplit

import pytest
from botocore.validate import ParamValidator

from statewright.api.operations import OPERATIONS
from statewright.api.service_model import service_model
from tests.api.machines import FAILING, ROLE


def post(endpoint, target, body, headers=()):
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=20)
    sent = {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.0", **dict(headers)}
    connection.request("POST", "/", body, sent)
    response = connection.getresponse()
    text = response.read()
    connection.close()
    return response, json.loads(text)


def test_answers_are_aws_json_with_a_request_id_and_seconds(endpoint, make):
    body = json.dumps({"stateMachineArn": make()})
    response, answer = post(endpoint, "AWSStepFunctions.DescribeStateMachine", body)
    assert response.status == 200
    assert response.getheader("Content-Type") == "application/x-amz-json-1.0"
    assert uuid.UUID(response.getheader("x-amzn-RequestId"))
    assert isinstance(answer["creationDate"], float)


def test_errors_carry_their_type_in_body_and_header(endpoint):
    response, answer = post(endpoint, "AWSStepFunctions.DescribeStateMachine", '{"stateMachineArn": "x"}')
    assert response.status == 400
    assert response.getheader("x-amzn-ErrorType") == "InvalidArn"
    assert answer == {"__type": "InvalidArn", "message": "Invalid Arn: 'Invalid ARN prefix: x'"}


@pytest.mark.parametrize(
    ("target", "body", "code"),
    [
        ("AWSStepFunctions.NoSuchThing", "{}", "UnknownOperationException"),
        ("DynamoDB_20120810.ListTables", "{}", "UnknownOperationException"),
        ("", "{}", "UnknownOperationException"),
        ("AWSStepFunctions.ListStateMachines", "{", "SerializationException"),
        ("AWSStepFunctions.ListStateMachines", "[]", "SerializationException"),
        ("AWSStepFunctions.ListStateMachines", b"\xff", "SerializationException"),
        ("AWSStepFunctions.ListStateMachines", "[" * 100_000, "SerializationException"),
        ("AWSStepFunctions.ListStateMachines", '{"nextToken": "nonsense"}', "InvalidToken"),
    ],
)
def test_what_is_no_request_is_refused(endpoint, target, body, code):
    response, answer = post(endpoint, target, body)
    assert (response.status, answer["__type"]) == (400, code)


def test_a_body_above_four_megabytes_is_refused(endpoint):
    response, answer = post(endpoint, "AWSStepFunctions.ListStateMachines", b" " * (4 * 1024 * 1024 + 1))
    assert (response.status, answer["__type"]) == (413, "RequestEntityTooLargeException")


def minimal(shape):
    """Give a value that has all that a shape requires and breaks none of its constraints."""
    match shape.type_name:
        case "structure":
            return {name: minimal(shape.members[name]) for name in shape.required_members}
        case "list":
            return [minimal(shape.member)]
        case "string" if shape.metadata.get("enum"):
            return shape.metadata["enum"][0]
        case "string":
            return "some-name"
        case "boolean":
            return False
        case _:
            return shape.metadata.get("min", 0)


@pytest.mark.parametrize("operation", service_model().operation_names)
def test_each_operation_of_the_service_is_answered_or_refused_by_name(endpoint, operation):
    request = minimal(service_model().operation_model(operation).input_shape)
    response, answer = post(endpoint, f"AWSStepFunctions.{operation}", json.dumps(request))
    if operation not in OPERATIONS:
        assert response.status == 501
        assert answer["message"] == f"{operation} is not supported by this endpoint yet"
    elif response.status == 200:
        report = ParamValidator().validate(answer, service_model().operation_model(operation).output_shape)
        assert not report.has_errors(), report.generate_report()
    else:
        known = {error.name for error in service_model().operation_model(operation).error_shapes}
        assert answer["__type"] in known | {"ValidationException"}


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("DescribeStateMachine", lambda machine, execution: {"stateMachineArn": machine}),
        ("ListStateMachines", lambda machine, execution: {}),
        ("DescribeExecution", lambda machine, execution: {"executionArn": execution}),
        ("ListExecutions", lambda machine, execution: {"stateMachineArn": machine}),
        ("GetExecutionHistory", lambda machine, execution: {"executionArn": execution}),
        ("DescribeStateMachineForExecution", lambda machine, execution: {"executionArn": execution}),
        ("ListMapRuns", lambda machine, execution: {"executionArn": execution}),
        ("ListTagsForResource", lambda machine, execution: {"resourceArn": machine}),
        ("UpdateStateMachine", lambda machine, execution: {"stateMachineArn": machine, "roleArn": ROLE}),
        ("StartExecution", lambda machine, execution: {"stateMachineArn": machine}),
        ("StopExecution", lambda machine, execution: {"executionArn": execution}),
    ],
)
def test_answers_pass_botocores_output_model(endpoint, run, operation, request_):
    execution = run(FAILING)
    body = json.dumps(request_(execution["stateMachineArn"], execution["executionArn"]))
    response, answer = post(endpoint, f"AWSStepFunctions.{operation}", body)
    assert response.status == 200, answer
    report = ParamValidator().validate(answer, service_model().operation_model(operation).output_shape)
    assert not report.has_errors(), report.generate_report()
