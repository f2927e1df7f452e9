"""Credentials of a Task: told in the history; roles are not assumed.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-access-cross-acct-resources.html
"""

from __future__ import annotations

import pytest

ARN = "arn:aws:lambda:us-east-1:000000000000:function:f"
ROLE = "arn:aws:iam::000000000000:role/x"


def task(credentials, **fields):
    return {"Type": "Task", "Resource": ARN, "Credentials": credentials, **fields}


def run(execute, state, value=None):
    return execute(state, value, functions={"f": lambda event, _: event})


@pytest.mark.parametrize(
    "state",
    [
        task({"RoleArn": ROLE}),
        task({"RoleArn.$": "$.role"}),
        task({"RoleArn.$": "$$.Execution.Input.role"}),
        task({"RoleArn.$": "States.Format('{}', $.role)"}),
        task({"RoleArn": "{% $states.input.role %}"}, QueryLanguage="JSONata"),
    ],
    ids=["literal", "path", "context", "function", "JSONata"],
)
def test_the_role_stands_in_the_history(execute, state):
    outcome = run(execute, state, {"role": ROLE})
    assert outcome.event("LambdaFunctionScheduled")["taskCredentials"] == {"roleArn": ROLE}


def test_the_role_may_be_a_variable(execute, chain):
    definition = chain({"Type": "Pass", "Assign": {"role": ROLE}}, task({"RoleArn.$": "$role"}))
    outcome = run(execute, definition)
    assert outcome.event("LambdaFunctionScheduled")["taskCredentials"] == {"roleArn": ROLE}


def test_an_integration_tells_it_too(execute):
    parameters = {"FunctionName": "f"}
    state = task({"RoleArn": ROLE}, Resource="arn:aws:states:::lambda:invoke", Parameters=parameters)
    assert run(execute, state).event("TaskScheduled")["taskCredentials"] == {"roleArn": ROLE}


def test_without_credentials_there_is_no_role(execute):
    scheduled = run(execute, {"Type": "Task", "Resource": ARN}).event("LambdaFunctionScheduled")
    assert "taskCredentials" not in scheduled


def test_a_role_that_is_no_text_fails_before_anything_is_called(execute):
    outcome = run(execute, task({"RoleArn": "{% 5 %}"}, QueryLanguage="JSONata"))
    assert outcome.error == "States.QueryEvaluationError"
    assert outcome.event("EvaluationFailed")["location"] == "Credentials/RoleArn"
    assert "LambdaFunctionScheduled" not in outcome.types
    assert run(execute, task({"RoleArn.$": "$.role"}), {"role": 5}).error == "States.Runtime"


@pytest.mark.parametrize("credentials", [{}, {"Role": ROLE}, {"RoleArn": ROLE, "Foo": 1}, {"RoleArn": 5}, 5])
def test_anything_but_a_role_is_refused(refused, credentials):
    assert "/States/A/Credentials" in refused(task(credentials))
