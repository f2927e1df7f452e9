"""Activities and their workers."""

from __future__ import annotations

import asyncio
import json

import pytest

from statewright.engine.errors import ActivityDoesNotExist, InvalidName
from statewright.engine.runner import ROLE


def machine(arn, **fields):
    return json.dumps(
        {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": arn, "End": True, **fields}}}
    )


def test_a_worker_takes_the_task_and_ends_it(in_engine):
    async def work(engine):
        activity = engine.activities.create("work")
        record = engine.start_execution(
            engine.create_state_machine("m", machine(activity.arn), ROLE).arn, '{"n":1}'
        )
        task = await engine.activities.poll(activity.arn, "me")
        assert json.loads(task.input) == {"n": 1}
        engine.send_task_success(task.task_token, "2")
        ended = await engine.wait_for_execution(record.arn)
        assert ended.result == 2
        history = engine.get_execution_history(record.arn)
        assert [event["type"] for event in history][2:5] == [
            "ActivityScheduled",
            "ActivityStarted",
            "ActivitySucceeded",
        ]
        assert history[3]["activityStartedEventDetails"] == {"workerName": "me"}

    in_engine(work)


def test_a_poll_without_work_ends_after_a_minute_with_nothing(in_engine):
    async def work(engine):
        activity = engine.activities.create("idle")
        begun = asyncio.get_running_loop().time()
        task = await engine.activities.poll(activity.arn)
        assert task.task_token is None
        assert asyncio.get_running_loop().time() - begun == pytest.approx(60, abs=1)

    in_engine(work)


def test_a_task_that_timed_out_is_given_to_nobody(in_engine):
    async def work(engine):
        activity = engine.activities.create("late")
        record = engine.start_execution(
            engine.create_state_machine("m", machine(activity.arn, TimeoutSeconds=5), ROLE).arn
        )
        ended = await engine.wait_for_execution(record.arn)
        assert ended.error == "States.Timeout"
        assert (await engine.activities.poll(activity.arn)).task_token is None

    in_engine(work)


def test_a_task_of_an_activity_that_is_gone_fails(in_engine):
    async def work(engine):
        activity = engine.activities.create("gone")
        record = engine.create_state_machine("m", machine(activity.arn), ROLE)
        engine.activities.delete(activity.arn)
        ended = await engine.wait_for_execution(engine.start_execution(record.arn).arn)
        assert ended.error == "States.Runtime"
        assert ended.cause.endswith(f"The activity {activity.arn} does not exist.")

    in_engine(work)


def test_activities_are_listed_and_described(in_engine):
    async def work(engine):
        first, second = engine.activities.create("b"), engine.activities.create("a")
        assert engine.activities.create("b") == first
        assert engine.activities.list() == [second, first]
        with pytest.raises(InvalidName):
            engine.activities.create("a b")
        engine.activities.delete(first.arn)
        with pytest.raises(ActivityDoesNotExist):
            engine.activities.describe(first.arn)

    in_engine(work)
