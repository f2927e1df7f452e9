"""A context object given with the request takes the place of the engine's."""

from __future__ import annotations

import pytest

from statewright.engine.errors import ValidationException

SEND = {
    "Type": "Task",
    "Resource": "arn:aws:states:::sqs:sendMessage",
    "Parameters": {"QueueUrl": "q", "MessageBody.$": "$$"},
    "End": True,
}


def test_the_state_sees_the_given_object_and_nothing_else(tested):
    given = {"State": {"RetryCount": 3}, "Execution": {"Input": [1]}}
    assert tested(SEND, result={}, context=given).stages["afterParameters"]["MessageBody"] == given
    assert tested(SEND, result={}, context={}).stages["afterParameters"]["MessageBody"] == {}


@pytest.mark.parametrize("pattern", [".waitForTaskToken", ""])
def test_a_token_is_for_tasks_that_have_one(tested, pattern):
    state = {**SEND, "Resource": SEND["Resource"] + pattern}
    given = {"Task": {"Token": "t"}}
    if pattern:
        assert tested(state, result={}, context=given).stages["afterParameters"]["MessageBody"] == given
        return
    with pytest.raises(ValidationException, match="contains 'Task' when state is not a Task state with"):
        tested(state, result={}, context=given)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("no", "Context object must be valid JSON"),
        ("[]", "Context object must be a JSON object"),
        ({"Other": {}}, "Field 'Other' is not allowed"),
        ({"State": {"Id": "a"}}, "Field 'Id' is not allowed"),
        ({"Map": {"Item": {}}}, "'Map' field is not supported when mocking a Context object"),
        ({"StateMachine": 1}, "StateMachine must be an object"),
        ({"StateMachine": {"Name": 1}}, "StateMachine.Name must be a string"),
        ({"State": {"RetryCount": "1"}}, "State.RetryCount must be a number"),
        ({"State": {"RetryCount": True}}, "State.RetryCount must be a number"),
    ],
)
def test_an_object_that_no_state_sees_is_refused(tested, given, problem):
    with pytest.raises(ValidationException) as found:
        tested(SEND, result={}, context=given)
    assert found.value.message == f"Invalid Context object provided: {problem}"
