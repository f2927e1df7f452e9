"""statewright.testing: Step Functions in the thread of a test."""

from __future__ import annotations

import asyncio
import json
import threading
import time

import boto3
import pytest
from moto import mock_aws

from statewright.engine.errors import InvalidDefinition
from statewright.engine.mocks import MockConfig
from statewright.testing import LocalStepFunctions, StillWaiting, failures, path_taken, retries

pytest_plugins = ["statewright.pytest_plugin"]

ROLE = "arn:aws:iam::000000000000:role/any"


class Busy(Exception):  # noqa: N818 - what Retry names
    pass


def call(name, **more):
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": name, "Payload.$": "$"},
        "OutputPath": "$.Payload",
        **more,
    }


def machine(**states):
    return {"StartAt": next(iter(states)), "States": states}


def create(local, definition, name="m", **more):
    made = local.client.create_state_machine(
        name=name, definition=json.dumps(definition), roleArn=ROLE, **more
    )
    return made["stateMachineArn"]


def start(local, definition, value="{}"):
    return local.client.start_execution(stateMachineArn=create(local, definition), input=value)[
        "executionArn"
    ]


GREETING = machine(
    Greet=call(
        "greet",
        Next="Tomorrow",
        Retry=[{"ErrorEquals": ["Busy"], "IntervalSeconds": 60, "MaxAttempts": 3}],
        Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Sorry"}],
    ),
    Tomorrow={"Type": "Wait", "Seconds": 86_400, "End": True},
    Sorry={"Type": "Fail", "Error": "Sorry"},
)


def test_an_execution_tells_its_path_its_retries_and_its_failures(step_functions):
    calls = []

    def greet(event, context):
        calls.append(threading.get_ident())
        if len(calls) < 3:
            raise Busy
        return f"Hello, {event['name']}"

    step_functions.functions["greet"] = greet
    begun = time.monotonic()
    outcome = step_functions.run(GREETING, {"name": "Ada"})
    assert (outcome.status, outcome.output) == ("SUCCEEDED", "Hello, Ada")
    assert outcome.path == ["Greet", "Tomorrow"]
    assert outcome.retries == {"Greet": 2}
    assert outcome.failures == [("Greet", "Busy"), ("Greet", "Busy")]
    assert outcome.seconds == pytest.approx(86_400 + 60 + 120, abs=1)
    assert time.monotonic() - begun < 5
    assert set(calls) == {threading.get_ident()}


def test_the_way_of_a_failure_is_told_too(step_functions):
    step_functions.functions["greet"] = lambda event, context: 1 / 0
    outcome = step_functions.run(json.dumps(GREETING))
    assert (outcome.status, outcome.error) == ("FAILED", "Sorry")
    assert outcome.path == ["Greet", "Sorry"]
    assert outcome.failures == [("Greet", "ZeroDivisionError")]
    assert outcome.retries == {}


def test_paths_lead_through_branches_and_iterations(step_functions):
    end = {"Type": "Pass", "End": True}
    outcome = step_functions.run(
        machine(
            Both={"Type": "Parallel", "Branches": [machine(L=end), machine(R=end)], "Next": "Each"},
            Each={"Type": "Map", "ItemProcessor": machine(I=end), "End": True},
        )
    )
    assert outcome.path == ["Both", "L", "R", "Each", "I", "I"]


def test_the_client_is_botos_and_time_passes_when_it_looks(step_functions):
    step_functions.functions["greet"] = lambda event, context: "Hello"
    arn = start(step_functions, GREETING)
    found = step_functions.client.describe_execution(executionArn=arn)
    assert (found["status"], json.loads(found["output"])) == ("SUCCEEDED", "Hello")
    events = step_functions.client.get_execution_history(executionArn=arn)["events"]
    assert path_taken(events) == ["Greet", "Tomorrow"]
    assert (retries(events), failures(events)) == ({}, [])


def test_time_stands_still_where_nobody_looks(step_functions):
    arn = start(step_functions, machine(W={"Type": "Wait", "Seconds": 10, "End": True}))
    step_functions.pass_time(9)
    assert arn in step_functions.engine.running
    step_functions.client.stop_execution(executionArn=arn, error="Enough")
    assert step_functions.client.describe_execution(executionArn=arn)["error"] == "Enough"


def test_express_executions_answer_at_once(step_functions):
    outcome = step_functions.run(
        machine(W={"Type": "Wait", "Seconds": 200, "End": True}), {"a": 1}, type="EXPRESS"
    )
    assert (outcome.output, outcome.path) == ({"a": 1}, ["W"])
    arn = create(step_functions, machine(P={"Type": "Pass", "End": True}), type="EXPRESS")
    answer = step_functions.client.start_sync_execution(stateMachineArn=arn, input='"x"')
    assert answer["output"] == '"x"'


def test_errors_of_the_api_are_botos_exceptions(step_functions):
    with pytest.raises(step_functions.client.exceptions.StateMachineDoesNotExist):
        step_functions.client.start_execution(
            stateMachineArn="arn:aws:states:us-east-1:000000000000:stateMachine:none"
        )
    with pytest.raises(InvalidDefinition):
        step_functions.run({"StartAt": "Nowhere", "States": {}})


# --- what waits for an answer ---

TOKEN = machine(
    Ask=call(
        "ask",
        Resource="arn:aws:states:::lambda:invoke.waitForTaskToken",
        Parameters={"FunctionName": "ask", "Payload": {"token.$": "$$.Task.Token"}},
        OutputPath="$",
        TimeoutSeconds=3600,
        End=True,
    )
)


def test_looking_leaves_time_to_answer_a_token(step_functions):
    tokens = []
    step_functions.functions["ask"] = lambda event, context: tokens.append(event["token"])
    arn = start(step_functions, TOKEN)
    assert step_functions.client.describe_execution(executionArn=arn)["status"] == "RUNNING"
    step_functions.pass_time(3599)
    step_functions.client.send_task_success(taskToken=tokens[0], output='"yes"')
    assert step_functions.wait(arn).output == "yes"


def test_waiting_for_the_end_goes_over_timeouts(step_functions):
    step_functions.functions["ask"] = lambda event, context: None
    outcome = step_functions.wait(start(step_functions, TOKEN))
    assert outcome.error == "States.Timeout"
    assert outcome.failures == [("Ask", "States.Timeout")]
    assert outcome.seconds == pytest.approx(3600, abs=1)


def test_an_execution_that_cannot_end_is_said_so(step_functions):
    endless = json.loads(json.dumps(TOKEN))
    del endless["States"]["Ask"]["TimeoutSeconds"]
    step_functions.functions["ask"] = lambda event, context: None
    with pytest.raises(StillWaiting, match="waits for the answer to a task token"):
        step_functions.run(endless)


def test_a_handler_may_use_the_client_for_what_ends_at_once(step_functions):
    def ask(event, context):
        step_functions.client.send_task_success(taskToken=event["token"], output='"self"')

    step_functions.functions["ask"] = ask
    assert step_functions.run(TOKEN).output == "self"


def test_a_handler_that_would_wait_for_itself_is_told(step_functions):
    inner = create(step_functions, machine(P={"Type": "Pass", "End": True}), type="EXPRESS")

    def greet(event, context):
        return step_functions.client.start_sync_execution(stateMachineArn=inner)

    step_functions.functions["greet"] = greet
    outcome = step_functions.run(machine(Greet=call("greet", End=True)))
    assert outcome.error == "RuntimeError"
    assert "a function cannot wait for AWSStepFunctions.StartSyncExecution" in outcome.cause


def test_an_activitys_worker_is_the_test(step_functions):
    client = step_functions.client
    activity = client.create_activity(name="a")["activityArn"]
    arn = start(step_functions, machine(A={"Type": "Task", "Resource": activity, "End": True}), "[1]")
    task = client.get_activity_task(activityArn=activity)
    assert task["input"] == "[1]"
    client.send_task_success(taskToken=task["taskToken"], output="2")
    assert step_functions.wait(arn).output == 2
    assert not client.get_activity_task(activityArn=activity).get("taskToken")  # a minute of virtual time


# --- the rest ---


def test_test_cases_of_mocked_integrations_are_run_by_name():
    config = MockConfig.parse(
        json.dumps(
            {
                "StateMachines": {"m": {"TestCases": {"Happy": {"Greet": "Hello"}}}},
                "MockedResponses": {
                    "Hello": {
                        "0-1": {"Throw": {"Error": "Busy", "Cause": ""}},
                        "2": {"Return": {"Payload": "Hi"}},
                    }
                },
            }
        )
    )
    with LocalStepFunctions(mock_config=lambda: config) as local:
        outcome = local.run(GREETING, case="Happy", name="m")
    assert (outcome.output, outcome.retries) == ("Hi", {"Greet": 2})


def test_service_integrations_go_to_clients_such_as_motos(step_functions, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        queue = boto3.client("sqs", region_name="us-east-1").create_queue(QueueName="q")["QueueUrl"]
        step_functions.clients = lambda service: boto3.client(service, region_name="us-east-1")
        send = {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage",
            "Parameters": {"QueueUrl": queue, "MessageBody.$": "$.text"},
            "End": True,
        }
        assert step_functions.run(machine(Send=send), {"text": "hi"}).status == "SUCCEEDED"
        received = boto3.client("sqs", region_name="us-east-1").receive_message(QueueUrl=queue)
    assert received["Messages"][0]["Body"] == "hi"
    assert callable(step_functions.clients)


def test_the_client_is_for_one_thread(step_functions):
    seen = []

    def elsewhere():
        try:
            step_functions.client.list_state_machines()
        except RuntimeError as error:
            seen.append(str(error))

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert seen == ["this client belongs to the thread that made LocalStepFunctions"]


def test_a_handler_with_an_event_loop_of_its_own_may_start_an_execution(step_functions):
    inner = create(step_functions, machine(P={"Type": "Pass", "End": True}))

    async def begin():
        await asyncio.sleep(0)
        return step_functions.client.start_execution(stateMachineArn=inner)["executionArn"]

    step_functions.functions["greet"] = lambda event, context: asyncio.run(begin())
    outcome = step_functions.run(machine(Greet=call("greet", End=True)))
    assert outcome.status == "SUCCEEDED"
