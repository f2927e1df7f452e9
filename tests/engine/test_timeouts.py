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


@pytest.mark.parametrize(
    ("field", "seconds"), [("TimeoutSeconds", 5), ("TimeoutSeconds", 99), ("HeartbeatSeconds", 5)]
)
def test_jsonata_limits_may_be_expressions(execute, field, seconds):
    state = {
        "Type": "Task",
        "Resource": ARN,
        "QueryLanguage": "JSONata",
        field: f"{{% $states.input.t + {seconds} %}}",
    }
    outcome = execute(state, {"t": 1}, functions=Slow(50))
    assert outcome.error == ("States.Timeout" if seconds == 5 else None)
    name = "timeoutInSeconds" if field == "TimeoutSeconds" else "heartbeatInSeconds"
    assert outcome.event("LambdaFunctionScheduled")[name] == seconds + 1


@pytest.mark.parametrize("seconds", ["{% 0 %}", "{% -5 %}", "{% 1.5 %}", "{% '5' %}", "{% $nope %}"])
@pytest.mark.parametrize("field", ["TimeoutSeconds", "HeartbeatSeconds"])
def test_jsonata_limits_out_of_range_or_of_another_type_fail_the_evaluation(execute, field, seconds):
    state = {"Type": "Task", "Resource": ARN, "QueryLanguage": "JSONata", field: seconds}
    outcome = execute({"StartAt": "A", "States": {"A": {**state, "End": True}}}, functions=Slow(1))
    assert outcome.error == "States.QueryEvaluationError"
    assert outcome.event("EvaluationFailed")["location"] == field
    assert "LambdaFunctionScheduled" not in outcome.types


@pytest.mark.parametrize("field", ["TimeoutSeconds", "HeartbeatSeconds"])
@pytest.mark.parametrize("seconds", [0, -1, 1.5, "5", 100_000_000])
def test_literal_limits_are_whole_and_in_range(refused, field, seconds):
    assert f"/States/A/{field}" in refused({"Type": "Task", "Resource": ARN, field: seconds})


def test_a_heartbeat_is_shorter_than_the_timeout(refused):
    state = {"Type": "Task", "Resource": ARN, "TimeoutSeconds": 5, "HeartbeatSeconds": 5}
    assert "/States/A/HeartbeatSeconds" in refused(state)


@pytest.mark.parametrize("field", ["TimeoutSeconds", "HeartbeatSeconds"])
def test_a_limit_and_its_path_exclude_each_other(refused, field):
    assert "/States/A" in refused({"Type": "Task", "Resource": ARN, field: 5, f"{field}Path": "$.t"})


def test_a_heartbeat_may_come_from_the_input(execute):
    state = {"Type": "Task", "Resource": ARN, "HeartbeatSecondsPath": "$.h"}
    assert execute(state, {"h": 60}, functions=Slow(50)).output == "done"
    assert execute(state, {"h": 5}, functions=Slow(50)).error == "States.Timeout"


def test_a_timeout_is_retried_and_caught_by_its_name(execute, chain):
    slow = Slow(100)
    state = {
        "Type": "Task",
        "Resource": ARN,
        "TimeoutSeconds": 5,
        "Retry": [{"ErrorEquals": ["States.Timeout"], "MaxAttempts": 1}],
        "Catch": [{"ErrorEquals": ["States.Timeout"], "Next": "B"}],
    }
    outcome = execute(chain(state, {"Type": "Pass"}), functions=slow)
    assert outcome.output == {"Error": "States.Timeout", "Cause": ""}
    assert outcome.types.count("LambdaFunctionTimedOut") == slow.cancelled == 2


def test_the_history_of_a_machine_out_of_time_ends_at_its_beginning(execute, chain):
    outcome = execute(chain({"Type": "Wait", "Seconds": 9}, TimeoutSeconds=3))
    assert outcome.told[-1] == (3, 0, "ExecutionTimedOut", {})
