"""TimeoutSeconds and HeartbeatSeconds of tasks; the limits of machines."""

from __future__ import annotations

import asyncio

import pytest

from statewright.engine import FunctionResult

ARN = "arn:aws:lambda:us-east-1:000000000000:function:f"


class Slow:
    """A function that takes its time."""

    def __init__(self, seconds):
        self.seconds = seconds
        self.cancelled = 0

    async def invoke(self, function, payload, *, invocation_type="RequestResponse", timeout=None):
        try:
            await asyncio.sleep(self.seconds)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return FunctionResult(200, b'"done"')


def test_a_task_ends_at_its_timeout_and_its_call_is_given_up(execute):
    slow = Slow(100)
    outcome = execute({"Type": "Task", "Resource": ARN, "TimeoutSeconds": 5}, functions=slow)
    assert (outcome.status, outcome.error, outcome.record.cause) == ("FAILED", "States.Timeout", None)
    assert outcome.seconds == pytest.approx(5, abs=0.5)
    assert outcome.types[-2:] == ["LambdaFunctionTimedOut", "ExecutionFailed"]
    assert outcome.event("LambdaFunctionScheduled")["timeoutInSeconds"] == 5
    assert slow.cancelled == 1


def test_a_timeout_may_come_from_the_input(execute):
    state = {"Type": "Task", "Resource": ARN, "TimeoutSecondsPath": "$.t"}
    assert execute(state, {"t": 200}, functions=Slow(100)).output == "done"
    assert execute(state, {"t": 2}, functions=Slow(100)).error == "States.Timeout"
    assert execute(state, {"t": 0}, functions=Slow(1)).error == "States.Runtime"


def test_a_call_without_heartbeats_lives_as_long_as_one(execute):
    state = {"Type": "Task", "Resource": ARN, "HeartbeatSeconds": 3, "TimeoutSeconds": 50}
    outcome = execute(
        {**state, "Retry": [{"ErrorEquals": ["States.HeartbeatTimeout"], "MaxAttempts": 1}]},
        functions=Slow(10),
    )
    assert outcome.error == "States.Timeout"
    assert outcome.types.count("LambdaFunctionTimedOut") == 2


def test_a_machine_ends_at_its_timeout_with_everything_in_it(execute, chain):
    slow = Slow(1000)
    outcome = execute(chain({"Type": "Task", "Resource": ARN}, TimeoutSeconds=7), functions=slow)
    assert (outcome.status, outcome.error) == ("TIMED_OUT", None)
    assert outcome.seconds == pytest.approx(7, abs=0.5)
    assert slow.cancelled == 1


def test_an_express_machine_lives_five_minutes(execute):
    outcome = execute({"Type": "Wait", "Seconds": 301}, type="EXPRESS")
    assert outcome.status == "TIMED_OUT"
    assert outcome.seconds == pytest.approx(300, abs=0.5)
    assert execute({"Type": "Wait", "Seconds": 299}, type="EXPRESS").status == "SUCCEEDED"
