"""State that survives the process."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import random
import signal
import sqlite3
import subprocess
import sys
import time
import zlib

import pytest

from statewright.engine import Engine, ExecutionRecord, LocalFunctions, ScaledClock, SqliteStore
from statewright.engine.interrupted import INTERRUPTED
from statewright.engine.listing import place_in_list
from statewright.engine.records import redriven
from statewright.engine.runner import ROLE
from statewright.engine.sqlite_store import KEPT_SECONDS

DEFINITION = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
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
        listed = engine.list_executions(state_machine_arn=machine.arn)
        assert [(each.arn, each.status) for each in listed] == [(record.arn, "SUCCEEDED")]
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


def test_a_deleted_machine_stays_deleted(tmp_path):
    async def first(engine):
        engine.delete_state_machine(engine.create_state_machine("m", DEFINITION, ROLE).arn)

    async def second(engine):
        assert engine.list_state_machines() == []

    with_engine(tmp_path / "engine.sqlite", first)
    with_engine(tmp_path / "engine.sqlite", second)


def test_a_list_comes_from_the_file_without_payloads_and_goes_on_behind_a_place(tmp_path):
    async def work(engine):
        machine = engine.create_state_machine("m", DEFINITION, ROLE)
        records = []
        for number in range(5):
            started = engine.start_execution(machine.arn, json.dumps({"a": number}))
            records.append(await engine.wait_for_execution(started.arn))
        listed = engine.list_executions(state_machine_arn=machine.arn)
        assert [record.arn for record in listed] == [record.arn for record in records[::-1]]
        assert {(record.input, record.output) for record in listed} == {("", None)}
        assert [engine.describe_execution(record.arn) for record in records] == records
        rest = engine.store.executions(machine=machine.arn, behind=place_in_list(records[2]))
        assert [record.arn for record in rest] == [records[1].arn, records[0].arn]

    with_engine(tmp_path / "engine.sqlite", work)


def test_an_execution_that_cannot_be_written_is_known_and_spoils_no_other(tmp_path):
    store = SqliteStore(tmp_path / "engine.sqlite")

    async def record():
        engine = Engine(functions=LocalFunctions({}), store=store)
        machine = engine.create_state_machine("m", DEFINITION, ROLE)
        return await engine.wait_for_execution(engine.start_execution(machine.arn).arn)

    ended = asyncio.run(record())
    kept = dataclasses.replace(ended, arn="b")
    store._database.execute(
        "CREATE TRIGGER full BEFORE INSERT ON events WHEN NEW.arn LIKE '%a'"
        " BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
    )
    with pytest.raises(sqlite3.Error):
        store.end_execution(dataclasses.replace(ended, arn="a"), [{"id": 1}])
    store.end_execution(kept, [{"id": 1}])
    assert store.execution("a").status == "SUCCEEDED"
    assert store.execution(kept.arn) == kept
    assert (store.history("a"), store.history_length("a")) == ([{"id": 1}], 1)
    listed = store.executions(machine=ended.state_machine_arn)
    assert {record.arn for record in listed} == {ended.arn, "a", "b"}
    store.close()


def test_a_store_in_memory_keeps_what_is_beyond_its_bound_on_disk(monkeypatch):
    monkeypatch.setattr("statewright.engine.store.KEPT_BYTES", 2_000)

    async def work(engine):
        machine = engine.create_state_machine("m", DEFINITION, ROLE)
        inputs = [json.dumps({"number": number}) for number in range(20)]
        arns = [engine.start_execution(machine.arn, text).arn for text in inputs]
        ended = [await engine.wait_for_execution(arn) for arn in arns]
        kept = [record for record in engine.store.executions(machine=machine.arn) if record.input]
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


# --- a kill ---

KILLED = """
import asyncio, json, os, sys
from statewright.engine import Engine, ExecutionRecord, LocalFunctions, ScaledClock, SqliteStore
from statewright.engine.records import redriven
from statewright.engine.runner import ROLE
from statewright.engine.sqlite_store import KEPT_SECONDS

path, definitions = sys.argv[1], json.loads(sys.argv[2])

def note(event, context):
    print("called", event, flush=True)
    return event

async def main():
    engine = Engine(functions=LocalFunctions({"note": note}), store=SqliteStore(path))
    for name, (definition, value) in definitions.items():
        machine = engine.create_state_machine(name, json.dumps(definition), ROLE)
        print("started", engine.start_execution(machine.arn, json.dumps(value), name).arn, flush=True)
    await asyncio.sleep(float(sys.argv[3]))
    print("ready", flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""
LONG_ENOUGH = "1.3"  # more than twice what lies between two writes
NOTE = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke",
    "Parameters": {"FunctionName": "note", "Payload.$": "$"},
    "OutputPath": "$.Payload",
}


def killed(path, definitions, seconds=LONG_ENOUGH):
    """Run machines in a process of their own and kill it; give what it called."""
    command = [sys.executable, "-c", KILLED, str(path), json.dumps(definitions), seconds]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        lines = []
        for line in process.stdout:
            lines.append(line.strip())
            if line.startswith("ready"):
                process.kill()
    assert process.returncode == -signal.SIGKILL
    return [line for line in lines if line.startswith("called")]


def after_kill(path, work):
    """Work on the file that a killed process left; functions note what they are called with."""
    calls = []

    async def inside():
        functions = LocalFunctions({"note": lambda event, context: calls.append(event) or event})
        engine = Engine(functions=functions, store=SqliteStore(path), clock=ScaledClock(0))
        try:
            return await work(engine, calls)
        finally:
            await engine.close()

    return asyncio.run(inside())


def arn_of(name):
    return f"arn:aws:states:us-east-1:000000000000:execution:{name}:{name}"


async def again(engine, name):
    engine.redrives.redrive(arn_of(name))
    return await engine.wait_for_execution(arn_of(name))


def test_what_ran_when_the_process_was_killed_is_aborted_has_its_history_and_goes_on(
    tmp_path, chain, well_formed
):
    path = tmp_path / "engine.sqlite"
    flows = [chain(("A", NOTE)), chain(("B", NOTE), ("C", {"Type": "Wait", "Seconds": 60}), ("D", NOTE))]
    definition = chain(("First", NOTE), ("P", {"Type": "Parallel", "Branches": flows}), ("Last", NOTE))
    assert len(killed(path, {"one": (definition, {"n": 1})})) == 3

    async def after(engine, calls):
        record = engine.describe_execution(arn_of("one"))
        assert (record.status, record.cause, record.input) == ("ABORTED", INTERRUPTED, '{"n": 1}')
        history = engine.get_execution_history(record.arn)
        well_formed(history)
        kinds = [event["type"] for event in history]
        assert (kinds[0], kinds[-1]) == ("ExecutionStarted", "ExecutionAborted")
        assert kinds.count("TaskStateExited") == 3
        assert "WaitStateEntered" in kinds
        assert history[-1]["executionAbortedEventDetails"] == {"cause": INTERRUPTED}
        assert record.stop_date == history[-1]["timestamp"] > record.start_date
        assert engine.redrives.status(record) == ("REDRIVABLE", None)
        record = await again(engine, "one")
        assert (record.status, record.result) == ("SUCCEEDED", [{"n": 1}, {"n": 1}])
        assert calls == [{"n": 1}, [{"n": 1}, {"n": 1}]]
        well_formed(engine.get_execution_history(record.arn))

    after_kill(path, after)


def test_of_an_inline_map_the_iterations_that_were_killed_go_on(tmp_path, chain, well_formed):
    path = tmp_path / "engine.sqlite"
    flow = {
        "Note": {**NOTE, "Next": "Choice"},
        "Choice": {
            "Type": "Choice",
            "Choices": [{"Variable": "$", "NumericLessThan": 2, "Next": "Pass"}],
            "Default": "Wait",
        },
        "Pass": {"Type": "Pass", "End": True},
        "Wait": {"Type": "Wait", "Seconds": 60, "Next": "After"},
        "After": {**NOTE, "End": True},
    }
    state = {
        "Type": "Map",
        "ItemProcessor": {"StartAt": "Note", "States": flow},
        "MaxConcurrency": 2,
        "ItemsPath": "$.items",
    }
    first = {"Type": "Pass", "Assign": {"kept": "v"}}
    last = {"Type": "Pass", "Parameters": {"kept.$": "$kept", "all.$": "$"}}
    called = killed(path, {"one": (chain(first, state, last), {"items": [0, 1, 2, 3, 4]})})
    assert sorted(called) == [f"called {number}" for number in range(4)]

    async def after(engine, calls):
        record = await again(engine, "one")
        assert record.result == {"kept": "v", "all": [0, 1, 2, 3, 4]}
        assert sorted(calls) == [2, 3, 4, 4]
        well_formed(engine.get_execution_history(record.arn))

    after_kill(path, after)


def test_what_was_killed_before_the_first_write_has_a_start_and_an_end(tmp_path, chain, well_formed):
    path = tmp_path / "engine.sqlite"
    killed(path, {"one": (chain({"Type": "Wait", "Seconds": 60}), {"n": 1})}, "0.05")

    async def after(engine, calls):
        history = engine.get_execution_history(arn_of("one"))
        well_formed(history)
        assert [event["type"] for event in history] == ["ExecutionStarted", "ExecutionAborted"]
        assert history[0]["executionStartedEventDetails"]["input"] == '{"n": 1}'
        assert history[0]["executionStartedEventDetails"]["roleArn"] == ROLE
        assert (await again(engine, "one")).result == {"n": 1}

    after_kill(path, after)


@pytest.mark.parametrize("kind", ["STANDARD", "EXPRESS"])
def test_a_map_run_and_its_children_come_back_and_go_on(tmp_path, chain, well_formed, kind):
    path = tmp_path / "engine.sqlite"
    choice = {"Type": "Choice", "Choices": [{"Variable": "$", "NumericLessThan": 2, "Next": "Note"}]}
    flow = {
        "Choice": {**choice, "Default": "Wait"},
        "Wait": {"Type": "Wait", "Seconds": 60, "Next": "Note"},
        "Note": {**NOTE, "End": True},
    }
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": kind}, "StartAt": "Choice"}
    state = {"Type": "Map", "ItemProcessor": {**processor, "States": flow}, "MaxConcurrency": 2, "Label": "L"}
    called = killed(path, {"one": (chain(state), [0, 1, 2, 3, 4])})
    assert sorted(called) == ["called 0", "called 1"]

    async def after(engine, calls):
        (run,) = engine.list_map_runs(arn_of("one"))
        counts = run.execution_counts
        assert (run.status, counts.succeeded, counts.aborted) == ("ABORTED", 2, 2)
        children = engine.list_executions(map_run_arn=run.arn)
        assert sorted(child.status for child in children) == ["ABORTED", "ABORTED", "SUCCEEDED", "SUCCEEDED"]
        assert (await again(engine, "one")).result == [0, 1, 2, 3, 4]
        assert sorted(calls) == [2, 3, 4]
        (run,) = engine.list_map_runs(arn_of("one"))
        assert (run.status, run.execution_counts.succeeded, run.redrive_count) == ("SUCCEEDED", 5, 1)
        well_formed(engine.get_execution_history(arn_of("one")))

    after_kill(path, after)


def test_a_redrive_that_is_killed_can_be_redriven(tmp_path, chain, well_formed):
    path = tmp_path / "engine.sqlite"
    killed(path, {"one": (chain(("N", NOTE), ("W", {"Type": "Wait", "Seconds": 60})), {"n": 1})})
    store = SqliteStore(path)  # as a kill just after the redrive leaves it
    record = store.execution(arn_of("one"))
    store.begin_execution(redriven(record, record.stop_date + 1))
    store._database.close()

    async def after(engine, calls):
        history = engine.get_execution_history(arn_of("one"))
        assert [event["type"] for event in history][-3:] == [
            "ExecutionAborted",
            "ExecutionRedriven",
            "ExecutionAborted",
        ]
        well_formed(history)
        record = await again(engine, "one")
        assert (record.status, record.redrive_count, calls) == ("SUCCEEDED", 2, [])

    after_kill(path, after)


# --- bounds ---


def test_one_process_has_the_file_at_a_time(tmp_path):
    first = SqliteStore(tmp_path / "engine.sqlite")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        SqliteStore(tmp_path / "engine.sqlite")
    first.close()
    SqliteStore(tmp_path / "engine.sqlite").close()


def test_executions_are_forgotten_after_ninety_days(tmp_path):
    path = tmp_path / "engine.sqlite"
    now = time.time()
    moments = {"young": now - KEPT_SECONDS + 60, "old": now - KEPT_SECONDS - 60}
    store = SqliteStore(path)
    for arn, moment in moments.items():
        record = ExecutionRecord(arn, arn, "machine", "SUCCEEDED", moment - 1, "{}", stop_date=moment)
        store.end_execution(record, [{"id": 1}])
    store.close()
    store = SqliteStore(path)
    assert [record.arn for record in store.executions(machine="machine")] == ["young"]
    assert (store.history("old"), store.history_length("young")) == ([], 1)
    store.close()


@pytest.mark.parametrize("place", ["file", ""])
def test_beyond_its_bytes_a_store_forgets_the_oldest_executions(tmp_path, place):
    most = 8 * 2**20
    store = SqliteStore(tmp_path / place if place else "", max_bytes=most)
    for number in range(3_000):
        text = json.dumps(random.Random(number).randbytes(3_000).hex())
        record = ExecutionRecord(
            f"e{number}", "n", "machine", "SUCCEEDED", number, text, stop_date=time.time() + number
        )
        store.end_execution(record, [{"id": 1, "output": text}])
    kept = [int(record.arn[1:]) for record in store.executions(machine="machine")]
    assert kept == list(range(2_999, 2_999 - len(kept), -1))
    assert 200 < len(kept) < 2_000
    assert store._size() < most + 3 * 2**20
    store.close()


def test_a_file_of_the_first_version_is_taken_over(tmp_path):
    path = tmp_path / "engine.sqlite"
    record = ExecutionRecord("e", "n", "machine", "FAILED", 1e10, "{}", stop_date=1e10 + 1, error="E")
    fields = {field.name: getattr(record, field.name) for field in dataclasses.fields(record)}
    database = sqlite3.connect(path)
    database.executescript(
        "CREATE TABLE records (kind TEXT, arn TEXT, value TEXT, PRIMARY KEY (kind, arn));"
        "CREATE TABLE histories (arn TEXT PRIMARY KEY, events BLOB);"
    )
    database.execute("INSERT INTO records VALUES ('execution', 'e', ?)", (json.dumps(fields),))
    database.execute("INSERT INTO histories VALUES ('e', ?)", (zlib.compress(b'[{"id": 1}]'),))
    database.commit()
    database.close()
    store = SqliteStore(path)
    assert store.execution("e") == record
    assert (store.history("e"), store.progress("e")) == ([{"id": 1}], None)
    store.close()
