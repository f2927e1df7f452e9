"""Mocked results are held against the model of the action that they stand in for."""

from __future__ import annotations

import json

import pytest

from statewright.engine.errors import ValidationException

START = "arn:aws:states:::states:startExecution"
QUERY = "arn:aws:states:::aws-sdk:dynamodb:query"
FUNCTION = "arn:aws:states:::aws-sdk:lambda:getFunctionConfiguration"


def task(resource):
    return {"Type": "Task", "Resource": resource, "End": True}


def refusal(tested, resource, result, validation="STRICT"):
    with pytest.raises(ValidationException) as found:
        tested(task(resource), result=json.dumps(result), validation=validation)
    return found.value.message.removeprefix("Mock result schema validation error: ")


def test_strict_wants_what_the_action_always_gives(tested):
    assert refusal(tested, START, {"ExecutionArn": "a"}) == "Required field 'StartDate' is missing"


@pytest.mark.parametrize("validation", ["PRESENT", "NONE"])
def test_the_other_modes_do_not(tested, validation):
    assert tested(task(START), result={"ExecutionArn": "a"}, validation=validation).output == {
        "ExecutionArn": "a"
    }


def test_none_checks_nothing(tested):
    assert tested(task(START), result=[1], validation="NONE").output == [1]


@pytest.mark.parametrize("validation", ["STRICT", "PRESENT"])
@pytest.mark.parametrize(
    ("resource", "result", "problem"),
    [
        (QUERY, {"Count": "1"}, "Field 'Count' must be a number"),
        (QUERY, {"Count": True}, "Field 'Count' must be a number"),
        (QUERY, {"Items": {}}, "Field 'Items' must be an array"),
        (QUERY, {"Items": [[]]}, "Field 'Items' must be an object"),
        (QUERY, {"Items": [{"a": {"S": 1}}]}, "Field 'S' must be a string"),
        (QUERY, {"Items": [{"a": {"BOOL": "x"}}]}, "Field 'BOOL' must be a boolean"),
        (QUERY, {"LastEvaluatedKey": []}, "Field 'LastEvaluatedKey' must be an object"),
        (QUERY, {"ConsumedCapacity": 1}, "Field 'ConsumedCapacity' must be an object"),
        (FUNCTION, {"Timeout": 0}, "Field 'Timeout' is less than the minimum value"),
        (FUNCTION, {"TracingConfig": {"Mode": "No"}}, "Field 'Mode' is not an expected value"),
        (FUNCTION, {"Description": "x" * 257}, "Field 'Description' exceeds the maximum length"),
        (
            "arn:aws:states:::aws-sdk:lambda:getFunctionConcurrency",
            {"ReservedConcurrentExecutions": -1},
            "Field 'ReservedConcurrentExecutions' is less than the minimum value",
        ),
        (
            "arn:aws:states:::aws-sdk:kms:decrypt",
            {"Plaintext": ""},
            "Field 'Plaintext' is smaller than the minimum length",
        ),
    ],
)
def test_what_is_there_must_fit(tested, resource, result, problem, validation):
    assert refusal(tested, resource, result, validation) == problem


def test_members_that_the_model_does_not_have_are_let_through(tested):
    assert tested(task(QUERY), result={"Later": 1, "count": "x"}).output == {"Later": 1, "count": "x"}


def test_the_payload_of_a_function_may_be_anything(tested):
    result = {"Payload": {"n": [1]}, "StatusCode": 200}
    assert tested(task("arn:aws:states:::lambda:invoke"), result=result).output == result
    assert refusal(tested, "arn:aws:states:::lambda:invoke", {"Payload": 1, "StatusCode": "x"}) == (
        "Field 'StatusCode' must be a number"
    )


def test_a_nested_execution_that_is_waited_for_answers_as_describe_execution(tested):
    assert refusal(tested, f"{START}.sync:2", {"ExecutionArn": "a", "StateMachineArn": "m"}) == (
        "Required field 'Status' is missing"
    )
    whole = {"ExecutionArn": "a", "StateMachineArn": "m", "Status": "SUCCEEDED", "StartDate": "now"}
    assert tested(task(f"{START}.sync:2"), result={**whole, "Output": {"n": 1}}).output["Output"] == {"n": 1}
    assert (
        refusal(tested, f"{START}.sync", {**whole, "Output": {"n": 1}}) == "Field 'Output' must be a string"
    )


@pytest.mark.parametrize(
    "resource",
    [
        "arn:aws:lambda:us-east-1:000000000000:function:f",
        "arn:aws:states:us-east-1:000000000000:activity:work",
        "arn:aws:states:::states:startExecution.waitForTaskToken",
        "arn:aws:states:::http:invoke",
        "arn:aws:states:::apigateway:invoke",
    ],
)
def test_what_may_answer_anything_is_not_checked(tested, resource):
    parameters = {"Parameters": {"ApiEndpoint": "https://a", "Method": "GET"}} if "invoke" in resource else {}
    assert tested({**task(resource), **parameters}, result=[1]).output == [1]


def test_a_result_of_an_action_is_an_object(tested):
    assert refusal(tested, QUERY, [1]) == "Mocked result must be a JSON object."


@pytest.mark.parametrize("text", ["", "no", "{", "NaN"])
def test_a_result_is_json(tested, text):
    with pytest.raises(ValidationException, match="Mocked result must be valid JSON"):
        tested(task(QUERY), result=text, validation="NONE")


def flow(name):
    return {"StartAt": name, "States": {name: {"Type": "Pass", "End": True}}}


def test_a_parallel_gives_an_element_a_branch(tested):
    state = {"Type": "Parallel", "Branches": [flow("A"), flow("B")], "End": True}
    with pytest.raises(ValidationException, match="same number of items as number of Parallel branches"):
        tested(state, result=[1])
    with pytest.raises(ValidationException, match=r"Mocked result must be an array\."):
        tested(state, result={})


def test_a_map_gives_an_array_unless_its_results_are_written(tested):
    processor = {**flow("A"), "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    state = {"Type": "Map", "ItemProcessor": processor, "End": True}
    with pytest.raises(ValidationException, match=r"Mocked result must be an array\."):
        tested(state, [], result={})
    resource = "arn:aws:states:::s3:putObject"
    written = {**state, "ResultWriter": {"Resource": resource, "Parameters": {"Bucket": "b", "Prefix": "p"}}}
    with pytest.raises(ValidationException, match=r"Mocked result must be a JSON object\."):
        tested(written, [], result=[])
    assert tested(written, [], result={"MapRunArn": "m"}).output == {"MapRunArn": "m"}
