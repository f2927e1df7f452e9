"""Whoever waits, waits longer than what it waits for may take: functions, states, retries, state machines."""

from __future__ import annotations

import copy
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.terraform.toolchain import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = Any
DESCRIPTION: Json = json.loads((ROOT / "pipeline.json").read_bytes())
MACHINES: dict[str, Json] = {
    name: json.loads((ROOT / machine["definition"]).read_bytes())
    for name, machine in DESCRIPTION["state_machines"].items()
}
# https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html
EXPRESS_SECONDS = 300
YEAR_SECONDS = 31_536_000  # a STANDARD execution's longest


@pytest.mark.parametrize("machine", MACHINES)
def test_whoever_waits_waits_long_enough(machine: str) -> None:
    assert impatient(DESCRIPTION, machine, MACHINES[machine]) == []


def impatient(description: Json, machine: str, definition: Json) -> list[str]:
    """Return where a state machine waits too short, in words."""
    express = description["state_machines"][machine].get("type") == "EXPRESS"
    longest = EXPRESS_SECONDS if express else YEAR_SECONDS
    whole = min(definition.get("TimeoutSeconds", longest), longest)
    return list(_of_states(description["functions"], definition["States"], whole, express=express))


def _of_states(functions: Json, states: Json, whole: int, *, express: bool) -> Iterator[str]:
    for name, state in states.items():
        processor = state.get("ItemProcessor", {})
        child = processor.get("ProcessorConfig", {}).get("ExecutionType") == "EXPRESS"
        seconds = EXPRESS_SECONDS if child else whole
        yield from _of_states(functions, processor.get("States", {}), seconds, express=express or child)
        for branch in state.get("Branches", []):
            yield from _of_states(functions, branch["States"], whole, express=express)
        if state["Type"] != "Task":
            continue
        if state["TimeoutSeconds"] >= whole:
            yield f"{name} may take longer than its execution"
        function = _function_of(functions, state)
        # A child has no time to wait for a function's own end; it tells its error before it is cut off.
        if function and not express and state["TimeoutSeconds"] <= function["timeout_seconds"]:
            yield f"{name} gives up before its function ends"
        if not express and _all_tries(state) >= whole:
            yield f"{name} still retries when its execution is cut off"


def _function_of(functions: Json, state: Json) -> Json:
    called = re.match(r"\$\{(\w+)Arn\}$", str(state.get("Arguments", {}).get("FunctionName", "")))
    if called is None:
        return None
    words = re.findall("[A-Z][a-z0-9]*", called[1])
    return functions.get("_".join(words).lower())


def _all_tries(state: Json) -> float:
    """Return the seconds that a state takes where every try takes all its time, and every wait."""
    retriers = state.get("Retry", [])
    tries = sum(retrier.get("MaxAttempts", 3) for retrier in retriers)
    waits = sum(retrier.get("MaxAttempts", 3) * retrier.get("MaxDelaySeconds", 0) for retrier in retriers)
    return float(state["TimeoutSeconds"] * (1 + tries) + waits)


def test_every_function_of_a_state_is_known() -> None:
    called = re.findall(r'"FunctionName": "\$\{(\w+)Arn\}"', json.dumps(MACHINES))

    words = {"_".join(re.findall("[A-Z][a-z0-9]*", name)).lower() for name in called}

    assert words
    assert words <= set(DESCRIPTION["functions"])


@pytest.mark.parametrize(
    ("place", "value", "finding"),
    [
        (("states", "Notify", "TimeoutSeconds"), 60, "Notify gives up before its function ends"),
        (("functions", "enrich", "timeout_seconds"), 900, "Enrich gives up before its function ends"),
        (("states", "Enrich", "TimeoutSeconds"), 90_000, "Enrich may take longer than its execution"),
        (
            ("states", "WriteToDdb", "Retry", 0, "MaxAttempts"),
            100,
            "WriteToDdb still retries when its execution is cut off",
        ),
        (
            ("states", "ParseShards", "ItemProcessor", "States", "EnrichShard", "TimeoutSeconds"),
            300,
            "EnrichShard may take longer than its execution",
        ),
    ],
    ids=["a state", "a function", "an execution", "retries", "an EXPRESS child"],
)
def test_what_is_too_short_is_found(place: tuple[str, ...], value: int, finding: str) -> None:
    definition, description = copy.deepcopy(MACHINES["ingest"]), copy.deepcopy(DESCRIPTION)
    at = {"states": definition["States"], "functions": description["functions"]}
    *path, last = place
    for step in path:
        at = at[step]
    at[last] = value

    assert finding in impatient(description, "ingest", definition)
