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


def test_the_delay_grows_no_longer_than_to_its_maximum(execute):
    flaky = Flaky(*[ValueError() for _ in range(4)])
    retrier = {
        "ErrorEquals": ["ValueError"],
        "IntervalSeconds": 10,
        "BackoffRate": 2,
        "MaxAttempts": 4,
        "MaxDelaySeconds": 25,
    }
    outcome = execute(task(retrier), functions={"f": flaky})
    assert outcome.seconds == pytest.approx(10 + 20 + 25 + 25, abs=0.5)


def test_full_jitter_waits_at_most_as_long(execute):
    flaky = Flaky(ValueError(), ValueError())
    retrier = {"ErrorEquals": ["ValueError"], "IntervalSeconds": 100, "JitterStrategy": "FULL"}
    outcome = execute(task(retrier), functions={"f": flaky})
    assert outcome.output == 3
    assert outcome.seconds <= 300


def test_three_attempts_are_made_where_nothing_is_said(execute):
    flaky = Flaky(*[ValueError() for _ in range(9)])
    assert execute(task({"ErrorEquals": ["ValueError"]}), functions={"f": flaky}).status == "FAILED"
    assert flaky.calls == 4


def test_a_failed_query_is_retried_with_everything_before_it(execute):
    flaky = Flaky()
    state = {
        "Type": "Task",
        "Resource": ARN,
        "QueryLanguage": "JSONata",
        "Output": "{% $states.context.State.RetryCount = 0 ? $nope : $states.result %}",
        "Retry": [{"ErrorEquals": ["States.QueryEvaluationError"]}],
    }
    outcome = execute({"StartAt": "A", "States": {"A": {**state, "End": True}}}, functions={"f": flaky})
    assert outcome.output == 2
    assert outcome.types.count("EvaluationFailed") == 1


def test_states_runtime_is_not_retried(execute):
    flaky = Flaky()
    state = task({"ErrorEquals": ["States.ALL"]}, OutputPath="$.gone")
    assert execute(state, functions={"f": flaky}).error == "States.Runtime"
    assert flaky.calls == 1


def test_retries_of_a_visit_do_not_count_in_the_next_one(execute, chain):
    outer, inner = Flaky(ValueError()), Flaky(ValueError(), ValueError())
    retrier = {"ErrorEquals": ["ValueError"], "MaxAttempts": 1}
    inside = task(retrier, Resource=ARN[:-1] + "inner")
    branch = {"StartAt": "In", "States": {"In": {**inside, "End": True}}}
    definition = chain({"Type": "Parallel", "Branches": [branch], "Retry": [retrier]}, task(retrier))
    # In fails twice, so that its one retry is used up; when its branch runs again it has one more.
    outcome = execute(definition, functions={"f": outer, "inner": inner})
    assert (outcome.status, inner.calls, outer.calls) == ("SUCCEEDED", 3, 2)


@pytest.mark.parametrize(
    ("field", "bad", "good"),
    [
        ("IntervalSeconds", [0, 1.5, "1", 100_000_000], [1, 99_999_999]),
        ("MaxAttempts", [-1, 1.5, 100_000_000], [0, 99_999_999]),
        ("BackoffRate", [0.5, 0, "2"], [1, 1.5]),
        # https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
        ("MaxDelaySeconds", [0, 1, 31_622_400], [2, 31_622_399]),
        ("JitterStrategy", ["HALF", "full", 1], ["FULL", "NONE"]),
    ],
)
def test_what_a_retrier_takes_has_limits(execute, refused, field, bad, good):
    for value in bad:
        pointer = f"/States/A/Retry/0/{field}"
        assert pointer in refused(task({"ErrorEquals": ["E"], field: value}))
    for value in good:
        state = task({"ErrorEquals": ["E"], field: value})
        assert execute(state, functions={"f": Flaky()}).status == "SUCCEEDED"


@pytest.mark.parametrize(
    ("retriers", "place"),
    [
        ([{"ErrorEquals": ["States.ALL", "E"]}], "/0/ErrorEquals"),
        ([{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["E"]}], "/0/ErrorEquals"),
        ([{"ErrorEquals": []}], "/0/ErrorEquals"),
        ([{"ErrorEquals": "E"}], "/0/ErrorEquals"),
        ([{"ErrorEquals": [1]}], "/0/ErrorEquals"),
        ([{}], "/0"),
        ([{"ErrorEquals": ["E"], "Next": "A"}], "/0"),
    ],
)
def test_error_equals_names_errors_and_states_all_alone_and_last(refused, retriers, place):
    assert f"/States/A/Retry{place}" in refused(task(*retriers))
