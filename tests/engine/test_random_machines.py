"""Random state machines: they end, their histories are well formed, and what comes out is what must.

A second opinion (`tests.engine.reference`) says what must come out; wait scales and workers change nothing.
Longer: STATEWRIGHT_EXAMPLES=5000 python -m pytest tests/engine/test_random_machines.py
"""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from hypothesis import HealthCheck, assume, event, given, settings

from statewright.engine import (
    Engine,
    LocalFunctions,
    ScaledClock,
    VirtualClock,
    VirtualLoop,
)
from statewright.engine.runner import ROLE
from tests.engine import random_machines as drawn
from tests.engine.reference import Ambiguous, Failed, interpret

EXAMPLES = int(os.environ.get("STATEWRIGHT_EXAMPLES", "250"))
PAIRED = {"Pass", "Task", "Choice", "Wait", "Succeed", "Parallel", "Map"}
MAP_ENDS = {"MapIterationSucceeded", "MapIterationFailed", "MapIterationAborted"}


def random(examples, *strategies):
    """Hold a test against so many drawn examples."""

    def around(test):
        quick = settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
        return quick(given(*strategies)(test))

    return around


def execute(definition, value, *, clock=None, workers=None):
    """Run a definition; give the record and the histories of all STANDARD executions, its own first."""
    executor = ThreadPoolExecutor(workers) if workers else None

    async def once():
        engine = Engine(
            functions=LocalFunctions({"f": drawn.handler}, executor=executor), clock=clock or VirtualClock()
        )
        try:
            arn = engine.create_state_machine("m", json.dumps(definition), ROLE).arn
            started = engine.start_execution(arn, json.dumps(value))
            record = await engine.wait_for_execution(started.arn)
            children = [each for each in engine.store.executions() if each.arn != record.arn]
            ended = [record, *(each for each in children if each.type == "STANDARD")]
            return record, [(each, engine.get_execution_history(each.arn)) for each in ended]
        finally:
            await engine.close()

    try:
        with asyncio.Runner(loop_factory=None if clock else VirtualLoop) as runner:
            return runner.run(once())
    finally:
        if executor:
            executor.shutdown()


# --- what is compared ---


def told(record):
    """Say how an execution ended; causes hold ids, and are no part of the language's semantics."""
    if record.status != "SUCCEEDED":
        return record.status, record.error
    return record.status, canonical(without_causes(json.loads(record.output)))


def expected(definition, value):
    """Ask the second opinion."""
    try:
        found = interpret(definition, value, drawn.call)
    except Failed as failure:
        return "FAILED", failure.error
    except Ambiguous:
        assume(False)
    return "SUCCEEDED", canonical(without_causes(found))


def canonical(value):
    return json.dumps(value, sort_keys=True)


def without_causes(value):
    if isinstance(value, list):
        return [without_causes(each) for each in value]
    if isinstance(value, dict):
        if value.get("Key") == "Cause":  # an item of a Distributed Map over an error output
            return {"Key": "Cause"}
        return {key: "" if key == "Cause" else without_causes(each) for key, each in value.items()}
    return value


# --- what every history keeps ---


def check(history, record):
    by_id = {each["id"]: each for each in history}
    assert list(by_id) == list(range(1, len(history) + 1))
    assert [each["timestamp"] for each in history] == sorted(each["timestamp"] for each in history)
    for each in history:
        assert each["previousEventId"] == 0 or each["previousEventId"] in by_id
        assert each["previousEventId"] < each["id"]
        check_texts(each)
    terminal = [each["type"] for each in history if each["type"].startswith("Execution")]
    assert terminal == ["ExecutionStarted", f"Execution{record.status.title()}"]
    assert history[0]["type"] == "ExecutionStarted"
    assert history[-1]["type"] == terminal[-1]
    check_pairs(history)
    for each in history:
        if each["type"].endswith("StateExited"):
            check_way_back(each, by_id)


def check_texts(event):
    for details in event.values():
        if isinstance(details, dict):
            for key in details.keys() & {"input", "output", "parameters"}:
                json.loads(details[key], parse_constant=AssertionError)


def check_pairs(history):
    """What is left was entered before; what was entered and not left has failed or was aborted."""
    entered, left, iterations = Counter(), Counter(), Counter()
    for each in history:
        if each["type"].endswith("StateEntered"):
            entered[each["stateEnteredEventDetails"]["name"]] += 1
        elif each["type"].endswith("StateExited"):
            name = each["stateExitedEventDetails"]["name"]
            left[name] += 1
            assert left[name] <= entered[name]
        elif each["type"] == "MapIterationStarted":
            iterations[iteration(each)] += 1
        elif each["type"] in MAP_ENDS:
            iterations[iteration(each)] -= 1
            assert iterations[iteration(each)] >= 0
    went_wrong = any(each["type"].endswith(("Failed", "TimedOut", "Aborted")) for each in history)
    if not went_wrong:
        assert entered == left
        assert not any(iterations.values())


def iteration(event):
    details = next(each for key, each in event.items() if key.endswith("EventDetails"))
    return details["name"], details["index"]


def check_way_back(exited, by_id):
    """From the exit of a state the previous events lead back to its entry, in good nesting."""
    open_states = [exited["stateExitedEventDetails"]["name"]]
    kind = exited["type"].removesuffix("StateExited")
    each = exited
    failed = False
    while open_states:
        each = by_id[each["previousEventId"]]
        if each["type"] == "EvaluationFailed":
            return  # AWS lets it point at what led to the state, before its entry
        failed = failed or each["type"].endswith(("Failed", "TimedOut"))
        if each["type"].endswith("StateExited"):
            open_states.append(each["stateExitedEventDetails"]["name"])
        elif each["type"].endswith("StateEntered"):
            name = each["stateEnteredEventDetails"]["name"]
            if name == open_states[-1]:
                open_states.pop()
            else:
                assert failed, f"{name} was never left, and nothing failed"
    assert each["type"] == f"{kind}StateEntered"


# --- the properties ---


@random(EXAMPLES, drawn.machines(), drawn.inputs)
def test_a_random_machine_gives_what_the_second_opinion_says(definition, value):
    record, histories = execute(definition, value)
    assert "Internal error" not in (record.cause or "")
    for each, history in histories:
        check(history, each)
    event(f"{record.status} {record.error or ''}")
    assert told(record) == expected(definition, value)


@random(EXAMPLES // 5, drawn.machines(1), drawn.inputs)
def test_it_gives_the_same_at_every_wait_scale(definition, value):
    wanted = expected(definition, value)
    for scale in (0.0, 0.00001):
        record, histories = execute(definition, value, clock=ScaledClock(scale))
        assert told(record) == wanted
        for each, history in histories:
            check(history, each)


@random(EXAMPLES // 5, drawn.machines(1), drawn.inputs)
def test_it_gives_the_same_with_any_number_of_workers(definition, value):
    wanted = expected(definition, value)
    for workers in (1, 4):
        assert told(execute(definition, value, workers=workers)[0]) == wanted
    for concurrency in (0, 1, 3):
        record, histories = execute(with_concurrency(definition, concurrency), value)
        assert told(record) == wanted
        for each, history in histories:
            check(history, each)


def with_concurrency(value, concurrency):
    """Set MaxConcurrency wherever it stands."""
    if isinstance(value, list):
        return [with_concurrency(each, concurrency) for each in value]
    if isinstance(value, dict):
        return {
            key: concurrency if key == "MaxConcurrency" else with_concurrency(each, concurrency)
            for key, each in value.items()
        }
    return value
