"""Wait states, and the clocks they wait on."""

from __future__ import annotations

import asyncio
import json
import time

import pytest

from statewright.engine import Engine, LocalFunctions, ScaledClock
from statewright.engine.runner import ROLE


def test_given_a_day_of_seconds_virtual_time_passes_and_real_time_does_not(execute):
    started = time.perf_counter()
    outcome = execute({"Type": "Wait", "Seconds": 86_400})
    assert outcome.seconds == pytest.approx(86_400, abs=1)
    assert time.perf_counter() - started < 2
    assert outcome.types == ["ExecutionStarted", "WaitStateEntered", "WaitStateExited", "ExecutionSucceeded"]


def test_given_a_seconds_path_it_waits_as_long_as_the_input_says(execute):
    assert execute({"Type": "Wait", "SecondsPath": "$.s"}, {"s": 30}).seconds == pytest.approx(30, abs=1)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (-1, "The SecondsPath parameter references a negative value: $.s == -1"),
        (1.5, "The SecondsPath parameter cannot be parsed as a long value: $.s == 1.5"),
    ],
)
def test_given_a_bad_value_at_a_seconds_path_the_cause_shows_it(execute, value, sentence):
    outcome = execute({"Type": "Wait", "SecondsPath": "$.s"}, {"s": value})
    assert outcome.error == "States.Runtime"
    assert outcome.cause.endswith(sentence)


def test_given_a_seconds_path_to_nowhere_the_cause_says_so(execute):
    outcome = execute({"Type": "Wait", "SecondsPath": "$.s"}, {})
    assert outcome.cause.endswith("The SecondsPath parameter does not reference an input value: $.s")


def test_given_a_timestamp_in_the_past_it_does_not_wait(execute):
    assert execute({"Type": "Wait", "Timestamp": "2016-03-14T01:59:00Z"}).seconds < 1


def test_given_a_timestamp_path_it_waits_until_then(execute):
    # Virtual time begins at 2023-11-14T22:13:20Z.
    outcome = execute({"Type": "Wait", "TimestampPath": "$.t"}, {"t": "2023-11-14T22:14:20Z"})
    assert outcome.seconds == pytest.approx(60, abs=1)


def test_given_a_bad_timestamp_the_cause_shows_it(execute):
    outcome = execute({"Type": "Wait", "TimestampPath": "$.t"}, {"t": "2016-12-05 21:29:29Z"})
    assert outcome.cause.endswith(
        "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format"
        " string: $.t == 2016-12-05 21:29:29Z"
    )


def test_given_a_bad_jsonata_timestamp_the_evaluation_fails_behind_the_state(execute):
    state = {"Type": "Wait", "QueryLanguage": "JSONata", "Timestamp": "{% 'tomorrow' %}"}
    outcome = execute(state)
    assert outcome.error == "States.QueryEvaluationError"
    assert outcome.event("EvaluationFailed")["location"] == "Timestamp"
    assert outcome.history[2]["previousEventId"] == 2


def test_given_jsonata_seconds_they_are_waited_for(execute):
    state = {"Type": "Wait", "QueryLanguage": "JSONata", "Seconds": "{% $states.input.n * 2 %}"}
    assert execute(state, {"n": 20}).seconds == pytest.approx(40, abs=1)


def waiting(seconds, limit):
    return {
        "StartAt": "W",
        "TimeoutSeconds": limit,
        "States": {"W": {"Type": "Wait", "Seconds": seconds, "End": True}},
    }


@pytest.mark.parametrize("scale", [0.0, 0.0001, 0.001])
def test_the_outcome_is_the_same_at_every_scale(scale):
    async def statuses():
        engine = Engine(functions=LocalFunctions({}), clock=ScaledClock(scale))
        found = []
        for seconds, limit in ((10, 100), (100, 10)):
            machine = engine.create_state_machine(f"m{seconds}", json.dumps(waiting(seconds, limit)), ROLE)
            record = await engine.wait_for_execution(engine.start_execution(machine.arn).arn)
            found.append(record.status)
        await engine.close()
        return found

    assert asyncio.run(statuses()) == ["SUCCEEDED", "TIMED_OUT"]


def test_given_waits_that_add_up_beyond_the_limit_the_machine_times_out(execute, chain):
    waits = [{"Type": "Wait", "Seconds": 40} for _ in range(3)]
    outcome = execute(chain(*waits, TimeoutSeconds=100))
    assert outcome.status == "TIMED_OUT"
    assert outcome.seconds == pytest.approx(100, abs=1)
    assert outcome.types[-1] == "ExecutionTimedOut"


def test_the_history_tells_entry_and_exit_with_the_time_between(execute):
    outcome = execute({"Type": "Wait", "Seconds": 5, "Assign": {"x.$": "$.a"}}, {"a": 1})
    assert outcome.told[1:3] == [
        (2, 0, "WaitStateEntered", {"name": "A", "input": '{"a": 1}'}),
        (3, 2, "WaitStateExited", {"name": "A", "output": '{"a": 1}', "assignedVariables": {"x": "1"}}),
    ]
    assert outcome.history[2]["timestamp"] - outcome.history[1]["timestamp"] == pytest.approx(5, abs=0.5)


def test_input_path_and_output_path_choose_in_turn(execute):
    state = {"Type": "Wait", "InputPath": "$.a", "SecondsPath": "$.s", "OutputPath": "$.o"}
    outcome = execute(state, {"a": {"s": 7, "o": "out"}})
    assert (outcome.output, outcome.seconds) == ("out", pytest.approx(7, abs=0.5))


def test_given_jsonata_a_timestamp_and_an_output_may_be_expressions(execute):
    state = {
        "Type": "Wait",
        "QueryLanguage": "JSONata",
        "Timestamp": "{% $states.input.until %}",
        "Output": "{% $states.context.State.Name %}",
    }
    outcome = execute(state, {"until": "2023-11-14T22:14:20Z"})
    assert (outcome.output, outcome.seconds) == ("A", pytest.approx(60, abs=1))


@pytest.mark.parametrize("seconds", ["{% -1 %}", "{% 1.5 %}", "{% '5' %}", "{% 100000000 %}"])
def test_given_jsonata_seconds_out_of_range_or_of_another_type_the_evaluation_fails(execute, seconds):
    outcome = execute({"Type": "Wait", "QueryLanguage": "JSONata", "Seconds": seconds})
    assert outcome.error == "States.QueryEvaluationError"
    assert outcome.event("EvaluationFailed")["location"] == "Seconds"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"Seconds": 1, "Timestamp": "2026-01-01T00:00:00Z"},
        {"Seconds": 1, "SecondsPath": "$.s"},
        {"TimestampPath": "$.t", "SecondsPath": "$.s"},
    ],
    ids=["none", "seconds and timestamp", "seconds and path", "two paths"],
)
def test_exactly_one_way_to_wait_must_be_given(refused, fields):
    assert "/States/A" in refused({"Type": "Wait", **fields})


@pytest.mark.parametrize("seconds", [-1, 100_000_000, 1.5, "5"])
def test_literal_seconds_are_whole_and_in_range(refused, execute, seconds):
    assert "/States/A/Seconds" in refused({"Type": "Wait", "Seconds": seconds})


def test_the_longest_wait_is_waited_for(execute):
    outcome = execute({"Type": "Wait", "Seconds": 99_999_999})
    assert outcome.seconds == pytest.approx(99_999_999, abs=1)


@pytest.mark.parametrize("moment", ["2026-01-01", "2026-01-01T00:00:00", "soon", 5])
def test_a_literal_timestamp_has_date_time_and_zone(refused, moment):
    assert "/States/A/Timestamp" in refused({"Type": "Wait", "Timestamp": moment})
