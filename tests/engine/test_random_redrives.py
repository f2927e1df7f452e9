"""Random state machines, stopped anywhere and redriven until they end: the outcome is as if nothing had been.

Where they stood goes through a file, so that what a kill leaves is as good. Longer:
STATEWRIGHT_EXAMPLES=5000 python -m pytest tests/engine/test_random_redrives.py
"""

from __future__ import annotations

import asyncio
import json

from hypothesis import assume, event
from hypothesis import strategies as st

from statewright.engine import Engine, LocalFunctions, SqliteStore, VirtualClock, VirtualLoop
from statewright.engine.runner import ROLE
from tests.engine import random_machines as drawn
from tests.engine.test_random_machines import EXAMPLES, expected, random, told

STOPS = 30


def execute(definition, value, steps):
    """Run a definition and stop it after so many turns of the loop, again and again; give what came of it."""

    async def once():
        functions = LocalFunctions({"f": drawn.handler})
        engine = Engine(functions=functions, clock=VirtualClock(), store=SqliteStore(""))
        try:
            arn = engine.create_state_machine("m", json.dumps(definition), ROLE).arn
            record = await stopped(engine, engine.start_execution(arn, json.dumps(value)).arn, steps)
            while record.status == "ABORTED" and record.redrive_count < STOPS:
                engine.redrives.redrive(record.arn)
                record = await stopped(engine, record.arn, steps)
            if record.status == "ABORTED":
                engine.redrives.redrive(record.arn)
                record = await engine.wait_for_execution(record.arn)
            return record, engine.get_execution_history(record.arn)
        finally:
            await engine.close()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(once())


async def stopped(engine, arn, steps):
    for _ in range(steps):
        await asyncio.sleep(0)
    return await engine.stop_execution(arn)


def check(history, record):
    for position, each in enumerate(history, 1):
        assert each["id"] == position
        assert 0 <= each["previousEventId"] < position
    kinds = [each["type"] for each in history]
    assert kinds.count("ExecutionStarted") == 1
    assert kinds.count("ExecutionRedriven") == record.redrive_count
    entered = [
        each["stateEnteredEventDetails"]["name"] for each in history if each["type"].endswith("Entered")
    ]
    left = [each["stateExitedEventDetails"]["name"] for each in history if each["type"].endswith("Exited")]
    assert all(left.count(name) <= entered.count(name) for name in set(left))


@random(EXAMPLES // 2, drawn.machines(), drawn.inputs, st.integers(0, 40))
def test_what_is_stopped_and_redriven_ends_as_if_it_had_not_been_stopped(definition, value, steps):
    wanted = expected(definition, value)
    assume(wanted[0] == "SUCCEEDED")
    record, history = execute(definition, value, steps)
    event(f"{min(record.redrive_count, 5)} redrives")
    check(history, record)
    assert told(record) == wanted


@random(EXAMPLES // 4, drawn.machines(), drawn.inputs)
def test_what_fails_fails_again_when_nothing_has_changed(definition, value):
    async def twice():
        functions = LocalFunctions({"f": drawn.handler})
        engine = Engine(functions=functions, clock=VirtualClock(), store=SqliteStore(""))
        try:
            arn = engine.create_state_machine("m", json.dumps(definition), ROLE).arn
            record = await engine.wait_for_execution(engine.start_execution(arn, json.dumps(value)).arn)
            assume(record.status == "FAILED")
            engine.redrives.redrive(record.arn)
            record = await engine.wait_for_execution(record.arn)
            return record, engine.get_execution_history(record.arn)
        finally:
            await engine.close()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        record, history = runner.run(twice())
    assert (record.status, record.redrive_count) == ("FAILED", 1)
    assert "Internal error" not in (record.cause or "")
    check(history, record)
