"""Task states that call functions."""

from __future__ import annotations

import pytest

from statewright.engine.functions import FunctionNotFound, FunctionResult, FunctionThrottled

ARN = "arn:aws:lambda:us-east-1:000000000000:function:f"


def echo(event, context):
    return event


def boom(event, context):
    raise ValueError("no good")


def test_a_function_arn_gets_the_input_and_gives_the_result(execute):
    outcome = execute({"Type": "Task", "Resource": ARN}, {"a": 1}, functions={"f": lambda event, _: [event]})
    assert outcome.output == [{"a": 1}]
    assert outcome.types[2:5] == [
        "LambdaFunctionScheduled",
        "LambdaFunctionStarted",
        "LambdaFunctionSucceeded",
    ]
    assert outcome.event("LambdaFunctionScheduled")["resource"] == ARN


def test_lambda_invoke_gives_payload_status_and_version(execute):
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "f", "Payload.$": "$.p"},
        "ResultSelector": {"p.$": "$.Payload", "s.$": "$.StatusCode", "v.$": "$.ExecutedVersion"},
    }
    outcome = execute(state, {"p": {"x": 1}}, functions={"f": echo})
    assert outcome.output == {"p": {"x": 1}, "s": 200, "v": "$LATEST"}
    assert outcome.event("TaskScheduled")["resourceType"] == "lambda"
    assert outcome.types[2:5] == ["TaskScheduled", "TaskStarted", "TaskSucceeded"]


@pytest.mark.parametrize(
    ("payload", "seen"), [(None, {}), ('{"a": 1}', {"a": 1}), ("plain", "plain"), ([1], [1])]
)
def test_a_payload_that_is_json_text_is_sent_as_it_is(execute, payload, seen):
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "f", "Payload.$": "$"},
        "OutputPath": "$.Payload",
    }
    definition = {
        "StartAt": "S",
        "States": {"S": {"Type": "Pass", "Result": payload, "Next": "T"}, "T": {**state, "End": True}},
    }
    assert execute(definition, functions={"f": echo}).output == seen


def test_an_exception_of_the_handler_is_the_error(execute):
    outcome = execute({"Type": "Task", "Resource": ARN}, functions={"f": boom})
    assert outcome.error == "ValueError"
    assert '"errorMessage": "no good"' in outcome.cause or '"errorMessage":"no good"' in outcome.cause
    assert outcome.types[-2:] == ["LambdaFunctionFailed", "ExecutionFailed"]


def test_a_function_that_is_not_there_is_named(execute):
    outcome = execute({"Type": "Task", "Resource": ARN}, functions={})
    assert outcome.error == "Lambda.ResourceNotFoundException"
    assert outcome.cause.startswith(
        f"Function not found: {ARN}:$LATEST (Service: AWSLambda; Status Code: 404;"
    )


class Backend:
    def __init__(self, answer):
        self.answer = answer

    async def invoke(self, function, payload, *, invocation_type="RequestResponse", timeout=None):
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (FunctionNotFound("f"), "Lambda.ResourceNotFoundException"),
        (FunctionThrottled("f"), "Lambda.TooManyRequestsException"),
        (ConnectionError("gone"), "Lambda.SdkClientException"),
        (RuntimeError("a bug"), "States.TaskFailed"),
        (FunctionResult(200, b"{}", "Unhandled"), "Lambda.Unknown"),
        (FunctionResult(200, b"not json", "Unhandled"), "Lambda.Unknown"),
        (FunctionResult(200, b'{"errorType":"Sandbox.Timedout"}', "Unhandled"), "Sandbox.Timedout"),
    ],
)
def test_whatever_the_backend_does_the_task_fails_and_the_engine_goes_on(execute, answer, error):
    outcome = execute({"Type": "Task", "Resource": ARN}, functions=Backend(answer))
    assert (outcome.status, outcome.error) == ("FAILED", error)


def test_a_result_that_is_no_json_is_a_text(execute):
    outcome = execute({"Type": "Task", "Resource": ARN}, functions=Backend(FunctionResult(200, b"oops")))
    assert outcome.output == "oops"


def test_jsonata_arguments_and_output_frame_the_call(execute):
    state = {
        "Type": "Task",
        "QueryLanguage": "JSONata",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": "f", "Payload": {"n": "{% $states.input.n + 1 %}"}},
        "Output": "{% $states.result.Payload.n * 10 %}",
    }
    assert execute(state, {"n": 1}, functions={"f": echo}).output == 20


def test_an_unknown_parameter_of_lambda_invoke_is_refused_by_name(execute):
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "f", "Foo": 1},
    }
    outcome = execute(state, functions={"f": echo})
    assert outcome.error == "States.Runtime"
    assert 'The field "Foo" is not supported by Step Functions' in outcome.cause


def test_the_log_comes_back_where_it_is_asked_for(execute):
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "f", "LogType": "Tail"},
        "OutputPath": "$.LogResult",
    }
    backend = Backend(FunctionResult(200, b"1", log=b"a line"))
    assert execute(state, functions=backend).output == "YSBsaW5l"


def test_the_history_of_a_function_tells_what_was_sent_and_what_came(execute):
    state = {"Type": "Task", "Resource": ARN, "TimeoutSeconds": 9, "Assign": {"x.$": "$.a"}}
    assert execute(state, {"a": 1}, functions={"f": echo}).told[1:] == [
        (2, 0, "TaskStateEntered", {"name": "A", "input": '{"a": 1}'}),
        (3, 2, "LambdaFunctionScheduled", {"resource": ARN, "input": '{"a": 1}', "timeoutInSeconds": 9}),
        (4, 3, "LambdaFunctionStarted", {}),
        (5, 4, "LambdaFunctionSucceeded", {"output": '{"a":1}'}),
        (6, 5, "TaskStateExited", {"name": "A", "output": '{"a":1}', "assignedVariables": {"x": "1"}}),
        (7, 6, "ExecutionSucceeded", {"output": '{"a":1}'}),
    ]


def test_the_history_of_an_integration_names_service_action_and_region(execute):
    parameters = {"FunctionName": "f", "Payload": {"a": 1}}
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": parameters,
        "ResultSelector": {"p.$": "$.Payload"},
    }
    told = execute(state, functions={"f": echo}).told
    names = {"resourceType": "lambda", "resource": "invoke"}
    sent = '{"FunctionName":"f","Payload":{"a":1}}'
    assert told[2:4] == [
        (3, 2, "TaskScheduled", {**names, "region": "us-east-1", "parameters": sent}),
        (4, 3, "TaskStarted", names),
    ]
    assert told[4][:3] == (5, 4, "TaskSucceeded")
    assert told[4][3].items() >= names.items()
    assert told[5] == (6, 5, "TaskStateExited", {"name": "A", "output": '{"p":{"a":1}}'})


def test_the_history_of_a_failure_ends_behind_it(execute):
    outcome = execute({"Type": "Task", "Resource": ARN}, functions={"f": boom})
    assert [each[:3] for each in outcome.told[1:]] == [
        (2, 0, "TaskStateEntered"),
        (3, 2, "LambdaFunctionScheduled"),
        (4, 3, "LambdaFunctionStarted"),
        (5, 4, "LambdaFunctionFailed"),
        (6, 5, "ExecutionFailed"),
    ]
    assert outcome.event("LambdaFunctionFailed") == {"error": "ValueError", "cause": outcome.cause}


def test_a_retry_has_events_of_its_own_and_no_second_entry(execute):
    answers = [ValueError("not yet"), "done"]

    def slow_to_start(event, context):
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    state = {"Type": "Task", "Resource": ARN, "Retry": [{"ErrorEquals": ["ValueError"]}]}
    outcome = execute(state, functions={"f": slow_to_start})
    assert [each[:3] for each in outcome.told[4:]] == [
        (5, 4, "LambdaFunctionFailed"),
        (6, 5, "LambdaFunctionScheduled"),
        (7, 6, "LambdaFunctionStarted"),
        (8, 7, "LambdaFunctionSucceeded"),
        (9, 8, "TaskStateExited"),
        (10, 9, "ExecutionSucceeded"),
    ]


def test_given_jsonata_without_arguments_the_input_is_sent(execute):
    state = {"Type": "Task", "QueryLanguage": "JSONata", "Resource": ARN}
    assert execute(state, {"a": 1}, functions={"f": echo}).output == {"a": 1}


def test_given_jsonata_arguments_that_give_nothing_nothing_is_called(execute):
    state = {"Type": "Task", "QueryLanguage": "JSONata", "Resource": ARN, "Arguments": {"x": "{% $nope %}"}}
    outcome = execute({"StartAt": "A", "States": {"A": {**state, "End": True}}}, functions={"f": echo})
    assert outcome.error == "States.QueryEvaluationError"
    assert outcome.types == ["ExecutionStarted", "TaskStateEntered", "EvaluationFailed", "ExecutionFailed"]
    assert outcome.event("EvaluationFailed")["location"] == "Arguments/x"


def test_a_task_without_a_resource_is_refused(refused):
    assert "Resource" in refused({"Type": "Task"})["/States/A"]


@pytest.mark.parametrize("field", ["Result", "Seconds", "Branches", "ItemsPath", "Choices"])
def test_a_field_that_it_does_not_have_is_refused_by_name(refused, field):
    found = refused({"Type": "Task", "Resource": ARN, field: {}})
    assert f"Field '{field}' is not supported" in found["/States/A"]
