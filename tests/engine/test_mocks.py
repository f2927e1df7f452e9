"""Test cases with mocked service integrations, as AWS Step Functions Local reads them."""

from __future__ import annotations

import asyncio
import json
import os

import pytest

from statewright.engine import Engine, LocalFunctions, VirtualClock, VirtualLoop
from statewright.engine.errors import InvalidName
from statewright.engine.mocks import InvalidMockConfig, MockConfig, MockConfigFile
from statewright.engine.runner import ROLE

RESOURCE = "arn:aws:states:::lambda:invoke"
SQS = "arn:aws:states:::sqs:sendMessage"
CALL = {"Type": "Task", "Resource": RESOURCE, "Parameters": {"FunctionName": "f"}, "End": True}
RETRIED = {**CALL, "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 2, "MaxAttempts": 3}]}
NOT_READY = {"Throw": {"Error": "Lambda.ResourceNotReadyException", "Cause": "Lambda is not ready."}}
TIMED_OUT = {"Throw": {"Error": "Lambda.TimeoutException", "Cause": "Lambda timed out."}}
HELLO = {"Return": {"StatusCode": 200, "Payload": {"body": "Hello from Lambda!"}}}


def config(responses, states, case="Case", machine="m"):
    """Write a configuration with one test case."""
    cases = {machine: {"TestCases": {case: states}}}
    return {"StateMachines": cases, "MockedResponses": responses}


def machine(**states):
    return {"StartAt": next(iter(states)), "States": states}


def start(definition, mocks, *, case="Case", value="{}", functions=None, kind="STANDARD"):
    """Run a definition in a test case; give its record and history."""

    async def inside():
        read = (
            (lambda: MockConfig.parse(json.dumps(mocks), "mocks.json")) if isinstance(mocks, dict) else mocks
        )
        engine = Engine(functions=LocalFunctions(functions or {}), clock=VirtualClock(), mock_config=read)
        try:
            made = engine.create_state_machine("m", json.dumps(definition), ROLE, kind)
            if kind == "EXPRESS":
                return await engine.start_sync_execution(f"{made.arn}#{case}", value), []
            started = engine.start_execution(f"{made.arn}#{case}", value)
            record = await engine.wait_for_execution(started.arn)
            return record, engine.get_execution_history(started.arn)
        finally:
            await engine.close()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(inside())


def types(history):
    return [event["type"] for event in history]


def test_a_mocked_task_returns_what_the_mock_says_and_calls_nothing(well_formed):
    record, history = start(machine(A=CALL), config({"Hello": {"0": HELLO}}, {"A": "Hello"}))
    assert record.result == HELLO["Return"]
    assert "#" not in record.state_machine_arn
    assert types(history)[2:5] == ["TaskScheduled", "TaskStarted", "TaskSucceeded"]
    well_formed(history)


def test_ranges_stand_for_each_attempt_within_them():
    mocks = config({"Retry": {"0": NOT_READY, "1-2": TIMED_OUT, "3": HELLO}}, {"A": "Retry"})
    record, history = start(machine(A=RETRIED), mocks)
    assert record.result == HELLO["Return"]
    failed = [event["taskFailedEventDetails"]["error"] for event in history if event["type"] == "TaskFailed"]
    assert failed == ["Lambda.ResourceNotReadyException", *["Lambda.TimeoutException"] * 2]
    assert record.stop_date - record.start_date == pytest.approx(2 + 4 + 8, abs=0.5)


def test_an_error_that_is_thrown_is_caught_by_its_name():
    caught = {**CALL, "Catch": [{"ErrorEquals": ["Lambda.TimeoutException"], "Next": "B"}]}
    mocks = config({"Late": {"0": TIMED_OUT}}, {"A": "Late"})
    record, _ = start(machine(A=caught, B={"Type": "Pass", "End": True}), mocks)
    assert record.result == {"Error": "Lambda.TimeoutException", "Cause": "Lambda timed out."}


def test_an_invocation_of_which_nothing_is_said_fails_the_execution():
    record, _ = start(machine(A=RETRIED), config({"Once": {"0": NOT_READY}}, {"A": "Once"}))
    assert (record.status, record.error) == ("FAILED", "States.Runtime")
    assert "of the state 'A' says nothing of invocation 1: add \"1\" to it" in record.cause


def test_a_state_that_the_case_leaves_out_is_called_for_real():
    definition = machine(A={**CALL, "ResultPath": None, "Next": "B"} | {"ResultPath": "$.a"}, B=CALL)
    del definition["States"]["A"]["End"]
    record, _ = start(
        definition,
        config({"Hello": {"0": HELLO}}, {"A": "Hello"}),
        functions={"f": lambda event, context: "real"},
    )
    assert record.result["Payload"] == "real"


@pytest.mark.parametrize("mode", ["INLINE", "DISTRIBUTED"])
def test_iterations_of_a_map_take_the_invocations_in_turn(mode):
    kind = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"} if mode == "DISTRIBUTED" else {"Mode": mode}
    iterated = {
        "Type": "Map",
        "ItemProcessor": {"ProcessorConfig": kind, **machine(A=CALL)},
        "MaxConcurrency": 1,
        "End": True,
    }
    answers = {"0": {"Return": "first"}, "1-2": {"Return": "later"}}
    record, _ = start(machine(M=iterated), config({"Each": answers}, {"A": "Each"}), value="[1, 2, 3]")
    assert record.result == ["first", "later", "later"]


@pytest.mark.parametrize("pattern", [".waitForTaskToken", ".sync:2"])
def test_a_task_that_would_wait_ends_with_the_mocked_answer(pattern):
    if pattern == ".sync:2":
        state = {**CALL, "Resource": "arn:aws:states:::states:startExecution.sync:2"}
        state["Parameters"] = {"StateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:other"}
    else:
        parameters = {"QueueUrl": "q", "MessageBody": {"token.$": "$$.Task.Token"}}
        state = {**CALL, "Resource": f"{SQS}{pattern}", "Parameters": parameters}
    record, history = start(
        machine(A=state), config({"Done": {"0": {"Return": {"ok": True}}}}, {"A": "Done"})
    )
    assert record.result == {"ok": True}
    assert types(history)[2:6] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]


def test_functions_by_their_arn_and_activities_are_mocked_too():
    by_arn = {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:000000000000:function:f", "End": True}
    _, history = start(machine(A=by_arn), config({"Hello": {"0": HELLO}}, {"A": "Hello"}))
    assert types(history)[2:5] == [
        "LambdaFunctionScheduled",
        "LambdaFunctionStarted",
        "LambdaFunctionSucceeded",
    ]
    activity = {**by_arn, "Resource": "arn:aws:states:us-east-1:000000000000:activity:nobody"}
    record, history = start(machine(A=activity), config({"Hello": {"0": HELLO}}, {"A": "Hello"}))
    assert record.result == HELLO["Return"]
    assert types(history)[2:5] == ["ActivityScheduled", "ActivityStarted", "ActivitySucceeded"]


def test_express_executions_have_test_cases_too():
    record, _ = start(machine(A=CALL), config({"Hello": {"0": HELLO}}, {"A": "Hello"}), kind="EXPRESS")
    assert record.result == HELLO["Return"]


def test_counts_begin_anew_with_each_execution():
    mocks = config({"Hello": {"0": HELLO}}, {"A": "Hello"})
    for _ in range(2):
        assert start(machine(A=CALL), mocks)[0].status == "SUCCEEDED"


def test_a_redrive_goes_on_with_the_invocation_after_the_last():
    answers = {"0-1": NOT_READY, "2": HELLO}
    once = {**CALL, "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}]}
    text = json.dumps(config({"Hello": answers}, {"A": "Hello"}))

    async def inside():
        read = lambda: MockConfig.parse(text)  # noqa: E731
        engine = Engine(functions=LocalFunctions({}), clock=VirtualClock(), mock_config=read)
        try:
            made = engine.create_state_machine("m", json.dumps(machine(A=once)), ROLE)
            started = engine.start_execution(f"{made.arn}#Case")
            failed = await engine.wait_for_execution(started.arn)
            engine.redrives.redrive(started.arn)
            return failed, await engine.wait_for_execution(started.arn)
        finally:
            await engine.close()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        failed, ended = runner.run(inside())
    assert (failed.status, failed.test_case) == ("FAILED", "Case")
    assert ended.result == HELLO["Return"]


# --- what cannot be used ---


def test_an_unknown_case_is_refused_with_those_that_are_there():
    with pytest.raises(InvalidName, match=r"mocks.json has no test case 'Nope' .* \(it has: Case\)"):
        start(machine(A=CALL), config({"Hello": {"0": HELLO}}, {"A": "Hello"}), case="Nope")
    with pytest.raises(InvalidName, match="no mock configuration is given"):
        start(machine(A=CALL), None)


def test_a_case_for_a_state_that_is_no_task_is_refused():
    with pytest.raises(
        InvalidMockConfig, match="mocks 'B', which is no Task of the state machine; its Tasks: A"
    ):
        start(machine(A=CALL), config({"Hello": {"0": HELLO}}, {"B": "Hello"}))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "mocks.json:1:2: Expecting property name"),
        ("[]", "mocks.json:1:1: / must be an object"),
        ('{"Mocks": {}}', "/Mocks is not known; fields here are MockedResponses and StateMachines"),
        ('{"StateMachines": {"m": {}}}', "/StateMachines/m/TestCases must be an object"),
        (
            '{"StateMachines": {"m": {"TestCases": {"c": {"A": "x"}}}}}',
            "c/A must name one of",
        ),
        ('{"MockedResponses": {"r": {}}}', 'r mocks no invocation: add "0"'),
        ('{"MockedResponses": {"r": {"a": {}}}}', "r/a must be the number of an invocation"),
        ('{"MockedResponses": {"r": {"2-1": {}}}}', 'r/2-1 ends before it begins: write "1-2"'),
        ('{"MockedResponses": {"r": {"0": {}}}}', "r/0 must have exactly one of Return and Throw"),
        ('{"MockedResponses": {"r": {"0": {"Throw": {"Error": "e"}}}}}', "Throw must have Cause, a text"),
        (
            '{"MockedResponses": {"r": {"0": {"Throw": {"Error": 1, "Cause": ""}}}}}',
            "must have Error, a text",
        ),
        (
            '{"MockedResponses": {},\n "MockedResponses": {}}',
            ":2:21: /MockedResponses is there twice",
        ),
        (
            '{"MockedResponses": {"r": {"0-1": {"Return": 1}, "1": {"Return": 2}}}}',
            "r/1 overlaps an invocation above",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text, words):
    with pytest.raises(InvalidMockConfig) as caught:
        MockConfig.parse(text, "mocks.json")
    assert words in str(caught.value)
    assert caught.value.code == "ValidationException"


def test_a_file_is_read_anew_when_it_has_changed(tmp_path):
    path = tmp_path / "mocks.json"
    read = MockConfigFile(path)
    with pytest.raises(InvalidMockConfig, match="cannot be read: No such file"):
        read()
    path.write_text(json.dumps(config({"Hello": {"0": HELLO}}, {"A": "Hello"})))
    assert read() is read()
    path.write_text(json.dumps(config({"Hello": {"0": HELLO}}, {"A": "Hello"}, case="Other")))
    os.utime(path, ns=(1, 1))
    assert list(read().machines["m"]) == ["Other"]
    path.write_bytes(b"\xff")
    with pytest.raises(InvalidMockConfig, match="is not UTF-8"):
        read()
