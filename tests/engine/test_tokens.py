"""Tasks that wait for their token."""

from __future__ import annotations

import asyncio
import json

import pytest

from statewright.engine import LocalFunctions
from statewright.engine.errors import InvalidOutput, InvalidToken, TaskTimedOut
from statewright.engine.runner import ROLE


def machine(**fields):
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": {"FunctionName": "f", "Payload": {"token.$": "$$.Task.Token"}},
        "End": True,
        **fields,
    }
    return json.dumps({"StartAt": "T", "States": {"T": task}})


class Tokens:
    """A function that keeps the tokens it was given."""

    def __init__(self):
        self.seen = []

    def __call__(self, event, context):
        self.seen.append(event["token"])

    @property
    def functions(self):
        return LocalFunctions({"f": self})


async def waiting(engine, **fields):
    record = engine.start_execution(engine.create_state_machine("m", machine(**fields), ROLE).arn)
    await asyncio.sleep(1)
    return record


def test_success_ends_the_task_with_its_output(in_engine):
    tokens = Tokens()

    async def work(engine):
        record = await waiting(engine)
        engine.send_task_success(tokens.seen[0], '{"answer": 42}')
        ended = await engine.wait_for_execution(record.arn)
        assert ended.result == {"answer": 42}
        types = [event["type"] for event in engine.get_execution_history(record.arn)]
        assert types[2:6] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]
        with pytest.raises(TaskTimedOut):
            engine.send_task_success(tokens.seen[0], "1")

    in_engine(work, functions=tokens.functions)


@pytest.mark.parametrize(("error", "cause"), [("E", "c"), (None, None)])
def test_failure_ends_the_task_with_its_error(in_engine, error, cause):
    tokens = Tokens()

    async def work(engine):
        record = await waiting(engine)
        engine.send_task_failure(tokens.seen[0], error, cause)
        ended = await engine.wait_for_execution(record.arn)
        assert (ended.status, ended.error, ended.cause) == ("FAILED", error, cause)

    in_engine(work, functions=tokens.functions)


def test_heartbeats_keep_the_task_alive_and_their_end_ends_it(in_engine):
    tokens = Tokens()

    async def work(engine):
        record = await waiting(engine, HeartbeatSeconds=10)
        for _ in range(5):
            await asyncio.sleep(8)
            engine.send_task_heartbeat(tokens.seen[0])
        ended = await engine.wait_for_execution(record.arn)
        assert (ended.error, ended.cause) == ("States.Timeout", None)
        assert ended.stop_date - ended.start_date == pytest.approx(51, abs=1)

    in_engine(work, functions=tokens.functions)


def test_wrong_tokens_and_outputs_are_refused(in_engine):
    tokens = Tokens()

    async def work(engine):
        await waiting(engine)
        with pytest.raises(InvalidToken):
            engine.send_task_heartbeat("no token")
        with pytest.raises(InvalidOutput):
            engine.send_task_success(tokens.seen[0], "{no json")
        with pytest.raises(InvalidOutput):
            engine.send_task_success(tokens.seen[0], json.dumps("x" * 262_144))

    in_engine(work, functions=tokens.functions)


def test_an_execution_may_answer_another_ones_token(in_engine):
    tokens = Tokens()

    async def work(engine):
        record = await waiting(engine)
        sender = {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:sfn:sendTaskSuccess",
            "Parameters": {"TaskToken.$": "$.token", "Output": {"from": "sibling"}},
            "End": True,
        }
        definition = json.dumps({"StartAt": "S", "States": {"S": sender}})
        other = engine.create_state_machine("sender", definition, ROLE)
        sent = engine.start_execution(other.arn, json.dumps({"token": tokens.seen[0]}))
        assert (await engine.wait_for_execution(sent.arn)).status == "SUCCEEDED"
        assert (await engine.wait_for_execution(record.arn)).result == {"from": "sibling"}

    in_engine(work, functions=tokens.functions)
