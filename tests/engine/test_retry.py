"""Retry."""

from __future__ import annotations

import pytest

from statewright.asl.source import Location
from statewright.asl.tree import Retrier
from statewright.engine.errors import StateFailure
from statewright.engine.interpreter import matches, retry_interval

ARN = "arn:aws:lambda:us-east-1:000000000000:function:f"
AT = Location("", 1, 1)


class Flaky:
    """Fails as often as it is told, then gives how often it was called."""

    def __init__(self, *errors):
        self.errors = list(errors)
        self.calls = 0

    def __call__(self, event, context):
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return self.calls


def task(*retriers, **fields):
    return {"Type": "Task", "Resource": ARN, "Retry": list(retriers), **fields}


def test_a_task_is_tried_again_until_it_succeeds(execute):
    flaky = Flaky(ValueError(), ValueError())
    outcome = execute(task({"ErrorEquals": ["ValueError"]}), functions={"f": flaky})
    assert outcome.output == 3
    # 1 s, then 1 s x 2.0: the defaults.
    assert outcome.seconds == pytest.approx(3, abs=0.5)
    assert outcome.types.count("TaskStateEntered") == 1
    assert outcome.types.count("LambdaFunctionScheduled") == 3


def test_attempts_end_at_the_maximum(execute):
    flaky = Flaky(*[ValueError() for _ in range(9)])
    retrier = {"ErrorEquals": ["States.ALL"], "MaxAttempts": 2, "IntervalSeconds": 10, "BackoffRate": 3}
    outcome = execute(task(retrier), functions={"f": flaky})
    assert (outcome.status, flaky.calls) == ("FAILED", 3)
    assert outcome.seconds == pytest.approx(40, abs=0.5)


def test_no_attempts_means_no_retry_whatever_comes_later(execute):
    flaky = Flaky(ValueError())
    retriers = [{"ErrorEquals": ["ValueError"], "MaxAttempts": 0}, {"ErrorEquals": ["States.ALL"]}]
    assert execute(task(*retriers), functions={"f": flaky}).status == "FAILED"


def test_each_retrier_counts_its_own_attempts(execute):
    flaky = Flaky(KeyError(), ValueError(), KeyError(), ValueError())
    retriers = [
        {"ErrorEquals": ["KeyError"], "MaxAttempts": 2},
        {"ErrorEquals": ["ValueError"], "MaxAttempts": 2},
    ]
    assert execute(task(*retriers), functions={"f": flaky}).output == 5


def test_the_retry_count_stands_in_the_context(execute):
    state = task({"ErrorEquals": ["States.ALL"]}, ResultSelector={"n.$": "$$.State.RetryCount"})
    assert execute(state, functions={"f": Flaky(ValueError(), ValueError())}).output == {"n": 2}


def test_a_machine_out_of_time_is_not_retried_for_ever(execute, chain):
    retrier = {"ErrorEquals": ["States.ALL"], "MaxAttempts": 99, "BackoffRate": 1}
    definition = chain(task(retrier), TimeoutSeconds=5)
    flaky = Flaky(*[ValueError() for _ in range(99)])
    outcome = execute(definition, functions={"f": flaky})
    assert outcome.status == "TIMED_OUT"
    assert flaky.calls <= 6


@pytest.mark.parametrize(
    ("retrier", "intervals"),
    [
        (Retrier(AT, ("E",)), [1, 2, 4]),
        (Retrier(AT, ("E",), interval=5, backoff_rate=1.0), [5, 5, 5]),
        (Retrier(AT, ("E",), interval=5, backoff_rate=3.0, max_delay=20), [5, 15, 20]),
        (Retrier(AT, ("E",), interval=99_999_999, backoff_rate=1e300), [31_536_000.0] * 3),
    ],
)
def test_intervals_grow_by_the_rate_up_to_the_maximum(retrier, intervals):
    assert [retry_interval(retrier, done) for done in range(3)] == intervals


def test_full_jitter_spreads_the_interval():
    retrier = Retrier(AT, ("E",), interval=100, jitter="FULL")
    found = {retry_interval(retrier, 0) for _ in range(50)}
    assert len(found) > 40
    assert all(0 <= each <= 100 for each in found)


@pytest.mark.parametrize(
    ("errors", "failure", "expected"),
    [
        (("States.ALL",), StateFailure("Anything", None), True),
        (("States.ALL",), StateFailure(None, None), True),
        (("States.ALL",), StateFailure("States.DataLimitExceeded", None), True),
        (("States.TaskFailed",), StateFailure("Anything", None), True),
        (("States.TaskFailed",), StateFailure("States.Timeout", None), False),
        (("States.Timeout",), StateFailure("States.Timeout", None), True),
        (("States.HeartbeatTimeout",), StateFailure("States.Timeout", None), False),
        (
            ("States.HeartbeatTimeout",),
            StateFailure("States.Timeout", None, also="States.HeartbeatTimeout"),
            True,
        ),
        (("A", "B"), StateFailure("B", None), True),
        (("A",), StateFailure("B", None), False),
    ],
)
def test_error_equals_names_errors_or_all_of_them(errors, failure, expected):
    assert matches(errors, failure) is expected
