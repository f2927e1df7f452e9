"""State that survives the process."""

from __future__ import annotations

import asyncio
import json

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
