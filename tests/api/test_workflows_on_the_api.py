"""Workflows that call Step Functions itself: `aws-sdk:sfn:<action>` reaches the engine that runs them."""

from __future__ import annotations

import json

import pytest

from tests.api.machines import PASS, ended


def task(action, **parameters):
    resource = f"arn:aws:states:::aws-sdk:sfn:{action}"
    return {"Type": "Task", "Resource": resource, "Parameters": parameters}


def test_a_workflow_is_the_worker_of_an_activity(sfn, run, activity, execution):
    worker = {
        "StartAt": "Take",
        "States": {
            "Take": task("getActivityTask", ActivityArn=activity, WorkerName="w") | {"Next": "Answer"},
            "Answer": task("sendTaskSuccess", **{"Output.$": "$.Input", "TaskToken.$": "$.TaskToken"})
            | {"End": True},
        },
    }

    assert run(worker)["status"] == "SUCCEEDED"
    assert json.loads(ended(sfn, execution)["output"]) == {"a": 1}
    events = sfn.get_execution_history(executionArn=execution)["events"]
    assert events[3]["activityStartedEventDetails"] == {"workerName": "w"}


def test_a_workflow_lists_state_machines_as_the_api_does(sfn, run, make):
    arn = make()

    found = json.loads(
        run({"StartAt": "List", "States": {"List": task("listStateMachines") | {"End": True}}})["output"]
    )

    listed = {each["StateMachineArn"]: each for each in found["StateMachines"]}
    assert listed[arn]["Type"] == "STANDARD"
    assert listed[arn]["CreationDate"].endswith("Z")


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        (
            {"StateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:none"},
            "Sfn.StateMachineDoesNotExistException",
        ),
        ({"StateMachineArn": "none"}, "Sfn.InvalidArnException"),
        ({}, "Sfn.ValidationException"),
    ],
)
def test_errors_of_the_api_fail_the_task_by_their_name(run, parameters, error):
    described = {
        "StartAt": "Ask",
        "States": {"Ask": task("describeStateMachine", **parameters) | {"End": True}},
    }
    failed = run(described)
    assert failed["status"] == "FAILED"
    assert failed["error"] == error


def test_a_workflow_creates_a_state_machine_and_starts_it(sfn, run):
    create = task(
        "createStateMachine",
        Name="made",
        RoleArn="arn:aws:iam::000000000000:role/any",
        Definition=json.dumps(PASS),
    )
    start = task("startExecution", **{"StateMachineArn.$": "$.StateMachineArn", "Input": {"b": 2}})
    made = {
        "StartAt": "Create",
        "States": {"Create": create | {"Next": "Start"}, "Start": start | {"End": True}},
    }

    started = json.loads(run(made)["output"])

    assert json.loads(ended(sfn, started["ExecutionArn"])["output"]) == {"b": 2}
    sfn.delete_state_machine(
        stateMachineArn=started["ExecutionArn"].replace(":execution:", ":stateMachine:").rpartition(":")[0]
    )
