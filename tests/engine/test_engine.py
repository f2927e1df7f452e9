"""The engine's own operations: machines, executions, names, idempotence."""

from __future__ import annotations

import asyncio
import json

import pytest

from statewright.engine import Engine, LocalFunctions, MemoryStore, errors, run
from statewright.engine.runner import ROLE

PASS = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
WAIT = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 1000, "End": True}}})


def test_three_lines_run_a_machine():
    definition = {
        "StartAt": "Greet",
        "States": {
            "Greet": {
                "Type": "Task",
                "Resource": "arn:aws:lambda:us-east-1:000000000000:function:greet",
                "End": True,
            }
        },
    }
    execution = run(
        definition, {"name": "Ada"}, functions={"greet": lambda event, _: f"Hello, {event['name']}"}
    )
    assert execution.result == "Hello, Ada"


def test_creating_the_same_machine_again_gives_the_first(in_engine):
    async def work(engine):
        first = engine.create_state_machine("m", PASS, ROLE)
        assert engine.create_state_machine("m", PASS, ROLE + "2") == first
        with pytest.raises(errors.StateMachineAlreadyExists):
            engine.create_state_machine("m", WAIT, ROLE)
        with pytest.raises(errors.StateMachineAlreadyExists):
            engine.create_state_machine("m", PASS, ROLE, "EXPRESS")

    in_engine(work)


@pytest.mark.parametrize("name", ["", "a b", "a/b", "a:b", "x" * 81, "a?", "a\n", "a|b"])
def test_names_that_aws_refuses_are_refused(in_engine, name):
    async def work(engine):
        with pytest.raises(errors.InvalidName):
            engine.create_state_machine(name, PASS, ROLE)

    in_engine(work)


def test_an_update_changes_later_executions_only(in_engine):
    async def work(engine):
        machine = engine.create_state_machine("m", WAIT, ROLE)
        running = engine.start_execution(machine.arn)
        updated = engine.update_state_machine(machine.arn, definition=PASS)
        assert updated.revision_id is not None
        ended = await engine.wait_for_execution(engine.start_execution(machine.arn).arn)
        assert ended.stop_date - ended.start_date < 1
        ended = await engine.wait_for_execution(running.arn)
        assert ended.stop_date - ended.start_date > 999
        with pytest.raises(errors.MissingRequiredParameter):
            engine.update_state_machine(machine.arn)

    in_engine(work)


def test_starting_the_same_execution_again_gives_the_one_that_runs(in_engine):
    async def work(engine):
        machine = engine.create_state_machine("m", WAIT, ROLE)
        first = engine.start_execution(machine.arn, '{"a":1}', "name")
        assert engine.start_execution(machine.arn, '{"a":1}', "name") == first
        with pytest.raises(errors.ExecutionAlreadyExists):
            engine.start_execution(machine.arn, '{"a":2}', "name")
        await engine.wait_for_execution(first.arn)
        with pytest.raises(errors.ExecutionAlreadyExists):
            engine.start_execution(machine.arn, '{"a":1}', "name")

    in_engine(work)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Invalid execution input."),
        (
            "{'not': 'json'",
            "Unexpected character (''' (code 39)): was expecting double-quote to start field name",
        ),
        (
            "not some json",
            "Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or token",
        ),
        ("NaN", "Unrecognized token 'NaN'"),
        ('{"a": 1', "Unexpected end-of-input"),
    ],
)
def test_an_input_that_is_no_json_is_refused_in_jacksons_words(in_engine, text, message):
    async def work(engine):
        machine = engine.create_state_machine("m", PASS, ROLE)
        with pytest.raises(errors.InvalidExecutionInput) as found:
            engine.start_execution(machine.arn, text)
        assert f"Invalid State Machine Execution Input: '{message}" in found.value.message

    in_engine(work)


def test_arns_of_other_kinds_are_refused(in_engine):
    async def work(engine):
        machine = engine.create_state_machine("m", PASS, ROLE, "EXPRESS")
        record = await engine.start_sync_execution(machine.arn)
        with pytest.raises(errors.InvalidArn, match="Resource type not valid in this context: express"):
            engine.describe_execution(record.arn)
        with pytest.raises(errors.InvalidArn, match="Invalid ARN prefix: nonsense"):
            engine.describe_state_machine("nonsense")
        with pytest.raises(errors.StateMachineTypeNotSupported):
            engine.list_executions(state_machine_arn=machine.arn)
        with pytest.raises(errors.StateMachineDoesNotExist):
            engine.start_execution(engine.arns.state_machine("gone"))
        with pytest.raises(errors.ExecutionDoesNotExist):
            engine.describe_execution(engine.arns.execution("m", "gone"))

    in_engine(work)


def test_a_standard_machine_has_no_synchronous_start(in_engine):
    async def work(engine):
        machine = engine.create_state_machine("m", PASS, ROLE)
        with pytest.raises(errors.StateMachineTypeNotSupported):
            await engine.start_sync_execution(machine.arn)

    in_engine(work)


def test_stopping_ends_an_execution_as_aborted(in_engine):
    async def work(engine):
        machine = engine.create_state_machine("m", WAIT, ROLE)
        started = engine.start_execution(machine.arn)
        await asyncio.sleep(3)
        stopped = await engine.stop_execution(started.arn, "E", "c")
        assert (stopped.status, stopped.error, stopped.cause) == ("ABORTED", "E", "c")
        assert stopped.stop_date - stopped.start_date == pytest.approx(3, abs=1)
        types = [event["type"] for event in engine.get_execution_history(started.arn)]
        assert types == ["ExecutionStarted", "WaitStateEntered", "ExecutionAborted"]
        assert await engine.stop_execution(started.arn) == stopped

    in_engine(work)


def test_an_execution_may_be_stopped_before_its_first_step(in_engine):
    async def work(engine):
        machine = engine.create_state_machine("m", WAIT, ROLE)
        stopped = await engine.stop_execution(engine.start_execution(machine.arn).arn)
        assert stopped.status == "ABORTED"
        assert engine.running == {}

    in_engine(work)


def test_executions_are_listed_newest_first_and_by_status(in_engine):
    async def work(engine):
        machine = engine.create_state_machine("m", PASS, ROLE)
        arns = []
        for _ in range(3):
            arns.append((await engine.wait_for_execution(engine.start_execution(machine.arn).arn)).arn)
            await asyncio.sleep(1)
        listed = engine.list_executions(state_machine_arn=machine.arn)
        assert [record.arn for record in listed] == arns[::-1]
        assert engine.list_executions(state_machine_arn=machine.arn, status="FAILED") == []

    in_engine(work)


def test_closing_the_engine_aborts_what_runs(in_engine):
    async def work(engine):
        machine = engine.create_state_machine("m", WAIT, ROLE)
        started = engine.start_execution(machine.arn)
        await asyncio.sleep(1)
        await engine.close()
        assert engine.describe_execution(started.arn).status == "ABORTED"

    in_engine(work)


def test_a_mistake_inside_the_engine_ends_one_execution_only(in_engine, monkeypatch, caplog):
    async def work(engine):
        from statewright.asl.tree import Pass
        from statewright.engine.states import RUNNERS

        async def broken(step):
            raise ZeroDivisionError("a mistake of ours")

        machine = engine.create_state_machine("m", PASS, ROLE)
        with monkeypatch.context() as patch:
            patch.setitem(RUNNERS, Pass, broken)
            record = await engine.wait_for_execution(engine.start_execution(machine.arn).arn)
        assert (record.status, record.error) == ("FAILED", "States.Runtime")
        assert "ZeroDivisionError" in record.cause
        assert (
            await engine.wait_for_execution(engine.start_execution(machine.arn).arn)
        ).status == "SUCCEEDED"

    in_engine(work)
    assert "ZeroDivisionError" in caplog.text


def test_an_execution_that_the_store_cannot_take_is_still_told_of(caplog):
    class FullDisk(MemoryStore):
        def end_execution(self, *arguments):
            raise OSError("no space left on device")

    async def run():
        engine = Engine(functions=LocalFunctions({}), store=FullDisk())
        machine = engine.create_state_machine("m", PASS, ROLE)
        started = engine.start_execution(machine.arn, '{"a": 1}')
        await engine.wait_for_execution(started.arn)
        described = engine.describe_execution(started.arn)
        listed = [each.status for each in engine.list_executions(state_machine_arn=machine.arn)]
        events = [event["type"] for event in engine.get_execution_history(started.arn)]
        await engine.close()
        return described, listed, events

    described, listed, events = asyncio.run(run())
    assert (described.status, described.result, listed) == ("SUCCEEDED", {"a": 1}, ["SUCCEEDED"])
    assert events[-1] == "ExecutionSucceeded"
    assert "could not be stored" in caplog.text
