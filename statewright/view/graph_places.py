"""Where in an execution's graph a record was worked on: the state, and the child execution of its shard."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, Literal

from statewright.view.events import details
from statewright.view.payload import parse

if TYPE_CHECKING:
    from statewright.local.names import Names
    from statewright.view.endpoint import Endpoint
    from statewright.view.watch import Watch

Json = Any
Stage = Literal["parse", "enrich", "write"]

MAX_SEARCHED_CHILDREN = 300  # of a map run, to find the one of a shard
FUNCTIONS: dict[str, str] = {"parse": "parse_and_validate", "enrich": "enrich", "write": "write_to_ddb"}
_PAGE = 100
_READ_VISITS = 20  # the first of an execution: there the file and the plan are told


def told_first(watch: Watch, member: str) -> dict[str, Json]:
    """Return an object, as `file` or `plan`, of the first input or output that has it, {} where none has."""
    given = parse(str(watch.execution.get("input", "")))
    texts = [watch.log.get(visit.exited) for visit in watch.story.visits[:_READ_VISITS] if visit.exited]
    for value in (given, *(parse(details(event).get("output")) for event in texts)):
        if isinstance(value, dict) and isinstance(value.get(member), dict):
            found: dict[str, Json] = value[member]
            return found
    return {}


def shard_of(plan: dict[str, Json], offset: int) -> int | None:
    """Return the shard that holds a byte by a file's plan; 0 without shards, None for what is no plan."""
    shards, size = plan.get("shards", 1), plan.get("shard_bytes")
    if shards == 1:
        return 0
    return offset // size if isinstance(size, int) and size > 0 else None


async def place_in_graph(
    endpoint: Endpoint, names: Names, watch: Watch, stage: str, shard: int | None
) -> dict[str, Json]:
    """Return {"execution", "state", "note"} of where a stage worked on a shard.

    `state` is None where the execution did not come so far, or where its graph has no such state.
    """
    function = names.of(FUNCTIONS[stage])
    chart = watch.chart
    states = [node.name for node in chart.nodes.values() if _calls(node.subtitle, function)] if chart else []
    entered = {visit.state for visit in watch.story.visits}
    for state in states:
        if state in entered:
            return {"execution": watch.arn, "state": state, "note": None}
    for state in states:
        for visit in watch.story.visits:
            if visit.map_run and chart and visit.state in chart.ancestors(state):
                child = await child_of(endpoint, visit.map_run, shard)
                if child is not None:
                    return {"execution": child, "state": state, "note": None}
                note = f"In a child of {visit.state}; which one is not told"
                return {"execution": watch.arn, "state": visit.state, "note": note}
    note = "The execution did not come so far" if states else f"No state of the graph calls {function}"
    return {"execution": watch.arn, "state": None, "note": note}


def _calls(subtitle: str, function: str) -> bool:
    """Say whether a Task calls a function; an alias or a version may follow its name."""
    name = subtitle.removeprefix("λ ").partition(" ")[0].partition(":")[0]
    return subtitle.startswith("λ ") and name == function


async def child_of(endpoint: Endpoint, map_run: str, shard: int | None) -> str | None:
    """Return the child of a map run that was given a shard, None where it is not among the first."""
    if shard is None:
        return None
    asked: dict[str, Json] = {"mapRunArn": map_run, "maxResults": _PAGE}
    for _ in range(MAX_SEARCHED_CHILDREN // _PAGE):
        page = await asyncio.to_thread(_call, endpoint, "list_executions", asked)
        for each in page.get("executions", []):
            arn = each["executionArn"]
            told = await asyncio.to_thread(_call, endpoint, "describe_execution", {"executionArn": arn})
            if _index(told.get("input")) == shard:
                return str(arn)
        if not page.get("nextToken"):
            return None
        asked["nextToken"] = page["nextToken"]
    return None


def _call(endpoint: Endpoint, operation: str, asked: dict[str, Json]) -> dict[str, Json]:
    answer: dict[str, Json] = getattr(endpoint.client, operation)(**asked)
    return answer


def _index(text: str | None) -> int | None:
    try:
        index = json.loads(text or "")["shard"]["index"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return index if isinstance(index, int) else None
