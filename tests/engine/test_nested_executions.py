"""states:startExecution, alone and with .sync."""

from __future__ import annotations

import asyncio
import json

import pytest

from statewright.engine.records import Publication, Route
from statewright.engine.runner import ROLE


def parent(child, pattern="", **fields):
    task = {
        "Type": "Task",
        "Resource": f"arn:aws:states:::states:startExecution{pattern}",
        "Parameters": {"StateMachineArn": child, "Input.$": "$"},
        "End": True,
        **fields,
    }
    return json.dumps({"StartAt": "T", "States": {"T": task}})


def child(**state):
    return json.dumps({"StartAt": "C", "States": {"C": {"Type": "Pass", "End": True, **state}}})


async def run_nested(engine, child_definition, pattern, **fields):
    inner = engine.create_state_machine("child", child_definition, ROLE)
    outer = engine.create_state_machine("parent", parent(inner.arn, pattern, **fields), ROLE)
    return await engine.wait_for_execution(engine.start_execution(outer.arn, '{"a":1}').arn)


def test_without_sync_it_goes_on_at_once(in_engine):
    async def work(engine):
        ended = await run_nested(engine, child(), "")
        assert set(ended.result) == {"ExecutionArn", "StartDate", "SdkHttpMetadata", "SdkResponseMetadata"}
        nested = await engine.wait_for_execution(ended.result["ExecutionArn"])
        assert nested.result == {"a": 1}

    in_engine(work)


@pytest.mark.parametrize(("pattern", "output"), [(".sync", '{"a":1}'), (".sync:2", {"a": 1})])
def test_with_sync_it_waits_and_gives_the_execution(in_engine, pattern, output):
    async def work(engine):
        ended = await run_nested(engine, child(), pattern)
        assert ended.result["Output"] == output
        assert ended.result["Status"] == "SUCCEEDED"
        types = [event["type"] for event in engine.get_execution_history(ended.arn)]
        assert types[2:6] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]

    in_engine(work)


def test_a_nested_execution_of_an_alias_names_it_and_its_version(in_engine):
    async def work(engine):
        inner = engine.create_state_machine("child", child(), ROLE, publication=Publication())
        alias = engine.aliases.create("LIVE", [Route(f"{inner.arn}:1", 100)])
        outer = engine.create_state_machine("parent", parent(alias.arn, ".sync"), ROLE)
        ended = await engine.wait_for_execution(engine.start_execution(outer.arn).arn)
        assert ended.result["StateMachineArn"] == inner.arn
        assert ended.result["StateMachineVersionArn"] == f"{inner.arn}:1"
        assert ended.result["StateMachineAliasArn"] == alias.arn

    in_engine(work)


def test_a_nested_failure_is_a_failed_task_with_the_whole_execution_as_cause(in_engine):
    async def work(engine):
        failing = json.dumps({"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E", "Cause": "c"}}})
        ended = await run_nested(engine, failing, ".sync")
        assert ended.error == "States.TaskFailed"
        described = json.loads(ended.cause)
        assert (described["Status"], described["Error"], described["Cause"]) == ("FAILED", "E", "c")

    in_engine(work)


def test_a_machine_that_is_not_there_is_told(in_engine):
    async def work(engine):
        gone = engine.arns.state_machine("gone")
        outer = engine.create_state_machine("parent", parent(gone), ROLE)
        ended = await engine.wait_for_execution(engine.start_execution(outer.arn).arn)
        assert ended.error == "StepFunctions.StateMachineDoesNotExistException"

    in_engine(work)


def test_stopping_the_outer_execution_stops_the_inner_one(in_engine):
    async def work(engine):
        inner = engine.create_state_machine("child", child(Type="Wait", Seconds=1000), ROLE)
        outer = engine.create_state_machine("parent", parent(inner.arn, ".sync"), ROLE)
        started = engine.start_execution(outer.arn)
        await asyncio.sleep(2)
        assert len(engine.running) == 2
        await engine.stop_execution(started.arn)
        assert engine.running == {}
        (nested,) = engine.list_executions(state_machine_arn=inner.arn)
        assert nested.status == "ABORTED"

    in_engine(work)
