"""What an execution of `ingest` has cost: its own history where that tells it, the model for the rest.

Counted are state transitions with their retries, invocations of functions and their time, child executions.
Requests and write units follow from the file's size, plan and counts, which the functions' answers say.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from statewright.costs import work
from statewright.costs.bill import together
from statewright.costs.calls import Load
from statewright.costs.facts import File, facts_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from statewright.costs.bill import Amounts
    from statewright.costs.facts import Facts
    from statewright.costs.timing import Machine
    from statewright.project import Project

Json = Any
STARTED, ENDED = "TaskStarted", ("TaskSucceeded", "TaskFailed", "TaskTimedOut")


class NoHistory(Exception):  # noqa: N818 - what is wrong
    """An execution has no history that tells what it cost; the message says why."""


@dataclass
class Told:
    """What a history tells: seconds and answers of the functions, in the order of their invocations."""

    transitions: int = 0
    children: int = 0
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    answers: dict[str, list[Json]] = field(default_factory=lambda: defaultdict(list))
    map_runs: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Cost:
    """What an execution was charged, and what of it follows from the model alone."""

    amounts: Amounts
    records: int
    dataset: str
    modelled: str


def read(client: Json, arn: str, functions: Iterable[str]) -> Told:
    """Read a history from Step Functions; raises NoHistory."""
    if ":express:" in arn:
        raise NoHistory("an EXPRESS execution leaves no history: --messages says what a batch costs")
    pages = client.get_paginator("get_execution_history").paginate(executionArn=arn)
    told = tell([event for page in pages for event in page["events"]], functions)
    for run in told.map_runs:
        told.children += client.describe_map_run(mapRunArn=run)["executionCounts"]["total"]
    return told


def tell(events: Iterable[Json], functions: Iterable[str]) -> Told:
    """Return what events tell; `functions` are the project's."""
    told, running, failed = Told(), dict[int, tuple[str, Json]](), set[int]()
    for event in events:
        kind = event["type"]
        if kind.endswith("StateEntered"):
            told.transitions += 1
        elif kind == "TaskScheduled":
            name = _function(event["taskScheduledEventDetails"], functions)
            running[event["id"]] = (name, None)
            told.transitions += event["previousEventId"] in failed  # each retry is one
        elif kind == STARTED and event["previousEventId"] in running:
            name, _ = running.pop(event["previousEventId"])
            running[event["id"]] = (name, event["timestamp"])
        elif kind in ENDED and event["previousEventId"] in running:
            name, started = running.pop(event["previousEventId"])
            failed.add(event["id"])
            if name:
                told.seconds[name].append((event["timestamp"] - started).total_seconds() if started else 0.0)
                told.answers[name].append(_answer(event))
        elif kind == "MapRunStarted":
            told.map_runs.append(event["mapRunStartedEventDetails"]["mapRunArn"])
    return told


def _function(details: Json, functions: Iterable[str]) -> str:
    called = json.loads(details.get("parameters", "{}")).get("FunctionName", "")
    parts = called.split(":")
    name = parts[6] if len(parts) > 6 else called
    return max((each for each in functions if name.endswith(f"-{each}") or name == each), key=len, default="")


def _answer(event: Json) -> Json:
    output = event.get("taskSucceededEventDetails", {}).get("output")
    return json.loads(output).get("Payload") if output else None


def cost_of(project: Project, told: Told, machine: Machine) -> Cost:
    """Return what was charged; raises NoHistory where it is no execution of this project's `ingest`."""
    if not told.answers["collect_data"]:
        raise NoHistory("its history calls no function collect_data of this project: is it one of ingest?")
    amounts: Amounts = defaultdict(float)
    collected, notified = _last(told, "collect_data"), _last(told, "notify")
    dataset, records = "no dataset", 0
    if collected and notified:
        counts, file = notified["counts"], collected["file"]
        dataset, records = str(file["dataset"]), counts["read"]
        facts = _facts(project, _last(told, "rechunk") or collected, records)
        load = Load(records, min(counts["quarantined"], records), counts["alerts"])
        modelled = work.of_file(facts, file["size"], load, machine)
        amounts = together(modelled.amounts)
        amounts["dynamodb.write_units", "items"] = counts["written"] * work.units(facts.item_bytes)
        _count(amounts, told, machine, _in_children(modelled, facts))
        return Cost(amounts, records, dataset, "requests and write units, and the time of child executions")
    _count(amounts, told, machine, {})
    return Cost(amounts, records, dataset, "nothing: without an ending only what the history tells is here")


def _last(told: Told, function: str) -> Json:
    return next((each for each in reversed(told.answers[function]) if each), None)


def _facts(project: Project, answer: Json, records: int) -> Facts:
    """Return the facts by the last plan; one of chunks knows how much text there is."""
    file, plan = answer["file"], answer["plan"]
    text = file["chunks"]["bytes"] if "chunks" in file else None
    asked = File(file["dataset"], max(1, records), file["size"], file["format"], file["compression"], text)
    planned = {name: plan[name] for name in ("shards", "shard_bytes", "partitions", "keep")}
    if text is not None:  # also of a gzip whose first plan did not ask for it
        planned |= {"rechunk": True, "shard_bytes": math.ceil(text / plan["shards"])}
    return replace(facts_of(project, asked), **planned)


def _in_children(modelled: work.Work, facts: Facts) -> dict[str, work.Invocations]:
    """Return the invocations by child executions, which have no history."""
    names = ["parse_and_validate", "enrich"] * facts.in_shards + ["write_to_ddb"] * (facts.partitions > 1)
    return {name: modelled.invocations[name] for name in names}


def _count(amounts: Amounts, told: Told, machine: Machine, children: Mapping[str, work.Invocations]) -> None:
    """Put what was counted in the place of what was modelled."""
    amounts["step_functions.state_transitions", "state transitions"] = told.transitions
    price, what = f"lambda.{machine.processor}_gb_seconds", f"time on {machine.processor}"
    invocations, gb_seconds = 0, 0.0
    for name, seconds in told.seconds.items():
        invocations += len(seconds)
        gb_seconds += sum(math.ceil(each * 1000) / 1000 for each in seconds) * machine.memory_mb[name] / 1024
    for name, each in children.items():
        invocations += each.count
        gb_seconds += each.count * each.seconds * machine.memory_mb[name] / 1024
    if told.children:
        amounts["step_functions.express_requests", "child executions"] = told.children
    amounts["lambda.requests", "invocations"] = invocations
    amounts[price, what] = gb_seconds
