"""State that survives the process."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import sqlite3

import pytest

from statewright.engine import Engine, LocalFunctions, SqliteStore
from statewright.engine.runner import ROLE
from statewright.engine.store import INTERRUPTED

DEFINITION = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
WAITING = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 1000, "End": True}}})
MAP = json.dumps(
    {
        "StartAt": "M",
        "States": {
            "M": {
                "Type": "Map",
                "ItemProcessor": {
                    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                    "StartAt": "P",
                    "States": {"P": {"Type": "Pass", "End": True}},
                },
                "End": True,
            }
        },
    }
)


def with_engine(path, work):
    async def inside():
        engine = Engine(functions=LocalFunctions({}), store=SqliteStore(path))
        try:
            return await work(engine)
        finally:
            await engine.close()

    return asyncio.run(inside())


def test_machines_executions_and_histories_come_back(tmp_path):
    async def first(engine):
        machine = engine.create_state_machine("m", DEFINITION, ROLE, tags=[{"key": "k", "value": "v"}])
        record = await engine.wait_for_execution(engine.start_execution(machine.arn, '{"a":1}', "one").arn)
        engine.activities.create("act", [{"key": "k", "value": "v"}])
        return machine, record, engine.get_execution_history(record.arn)

    async def second(engine):
        machine, record, history = before
        assert engine.describe_state_machine(machine.arn) == machine or (
            engine.describe_state_machine(machine.arn).definition == machine.definition
        )
        assert engine.describe_state_machine(machine.arn).tags == machine.tags
        assert engine.describe_execution(record.arn) == record
        assert engine.get_execution_history(record.arn) == history
        assert engine.list_executions(state_machine_arn=machine.arn) == [record]
        assert [each.name for each in engine.activities.list()] == ["act"]
        again = await engine.wait_for_execution(engine.start_execution(machine.arn).arn)
        assert again.status == "SUCCEEDED"

    before = with_engine(tmp_path / "engine.sqlite", first)
    with_engine(tmp_path / "engine.sqlite", second)


def test_map_runs_and_their_children_come_back(tmp_path):
    async def first(engine):
        machine = engine.create_state_machine("m", MAP, ROLE)
        record = await engine.wait_for_execution(engine.start_execution(machine.arn, "[1,2]").arn)
        return record, engine.list_map_runs(record.arn)

    async def second(engine):
        record, runs = before
        assert engine.list_map_runs(record.arn) == runs
        assert len(engine.list_executions(map_run_arn=runs[0].arn)) == 2

    before = with_engine(tmp_path / "engine.sqlite", first)
    with_engine(tmp_path / "engine.sqlite", second)


def test_what_ran_when_the_process_was_killed_is_told_as_aborted(tmp_path):
    path = tmp_path / "engine.sqlite"

    async def killed():
        engine = Engine(functions=LocalFunctions({}), store=SqliteStore(path))
        machine = engine.create_state_machine("m", WAITING, ROLE)
        record = engine.start_execution(machine.arn, "{}", "unlucky")
        await asyncio.sleep(0)
        # As a kill leaves it: nothing is stopped, nothing written.
        engine.store.close()
        engine.store.end_execution = lambda record, history: None
        await engine.close()
        return record

    record = asyncio.run(killed())

    async def after(engine):
        found = engine.describe_execution(record.arn)
        assert (found.status, found.cause) == ("ABORTED", INTERRUPTED)
        assert engine.get_execution_history(record.arn) == []

    with_engine(path, after)


def test_a_deleted_machine_stays_deleted(tmp_path):
    async def first(engine):
        engine.delete_state_machine(engine.create_state_machine("m", DEFINITION, ROLE).arn)

    async def second(engine):
        assert engine.list_state_machines() == []

    with_engine(tmp_path / "engine.sqlite", first)
    with_engine(tmp_path / "engine.sqlite", second)


def test_inputs_and_outputs_of_old_executions_are_read_from_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr("statewright.engine.store.KEPT_WHOLE", 2)

    async def ended(engine):
        machine = engine.create_state_machine("m", DEFINITION, ROLE)
        started = [engine.start_execution(machine.arn, json.dumps({"a": number})) for number in range(5)]
        records = [await engine.wait_for_execution(record.arn) for record in started]
        assert [engine.describe_execution(record.arn) for record in records] == records
        listed = engine.list_executions(state_machine_arn=machine.arn)
        assert sorted(record.input for record in listed) == ["", "", "", '{"a": 3}', '{"a": 4}']
        assert {record.status for record in listed} == {"SUCCEEDED"}
        return records

    async def later(engine):
        assert [engine.describe_execution(record.arn) for record in records] == records

    records = with_engine(tmp_path / "engine.sqlite", ended)
    with_engine(tmp_path / "engine.sqlite", later)


def test_an_execution_that_cannot_be_written_is_known_and_spoils_no_other(tmp_path):
    store = SqliteStore(tmp_path / "engine.sqlite")

    async def record():
        engine = Engine(functions=LocalFunctions({}), store=store)
        machine = engine.create_state_machine("m", DEFINITION, ROLE)
        return await engine.wait_for_execution(engine.start_execution(machine.arn).arn)

    ended = asyncio.run(record())
    kept = dataclasses.replace(ended, arn="b")
    store._database.execute(
        "CREATE TRIGGER full BEFORE INSERT ON histories WHEN NEW.arn LIKE '%a'"
        " BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
    )
    with pytest.raises(sqlite3.Error):
        store.end_execution(dataclasses.replace(ended, arn="a"), [])
    store.end_execution(kept, [])
    assert store.execution("a").status == "SUCCEEDED"
    assert store.execution(kept.arn) == kept
    store.close()


def test_a_store_in_memory_keeps_what_is_beyond_its_bound_on_disk(monkeypatch):
    monkeypatch.setattr("statewright.engine.store.KEPT_BYTES", 2_000)

    async def work(engine):
        machine = engine.create_state_machine("m", DEFINITION, ROLE)
        inputs = [json.dumps({"number": number}) for number in range(20)]
        arns = [engine.start_execution(machine.arn, text).arn for text in inputs]
        ended = [await engine.wait_for_execution(arn) for arn in arns]
        kept = [record for record in engine.store.executions() if record.input]
        assert 0 < len(kept) < len(ended)
        assert [engine.describe_execution(arn) for arn in arns] == ended
        assert [record.input for record in ended] == inputs
        for arn, text in zip(arns, inputs, strict=True):
            history = engine.get_execution_history(arn)
            assert history[0]["executionStartedEventDetails"]["input"] == text
            assert [event["id"] for event in history] == list(range(1, len(history) + 1))

    async def record():
        engine = Engine(functions=LocalFunctions({}))
        try:
            await work(engine)
        finally:
            await engine.close()

    asyncio.run(record())
