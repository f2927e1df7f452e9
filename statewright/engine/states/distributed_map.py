"""Distributed Map: items become child executions of their own, alone or in batches.

https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from statewright.engine.errors import StateFailure
from statewright.engine.map_runs import MapRun, Tolerance
from statewright.engine.payloads import MAX_PAYLOAD_BYTES, dump
from statewright.engine.states.item_reader import read_items

if TYPE_CHECKING:
    from collections.abc import Iterator

    from statewright.asl.tree import ItemBatcher, Map
    from statewright.engine.records import ExecutionStatus
    from statewright.engine.step import Step

Json = Any


async def run_distributed(step: Step, state: Map, value: Json, items: list[Json] | None, limit: int) -> Json:
    """Run a Distributed Map; `items` is None where a reader gives them."""
    tolerance = _tolerance(step, state, value)
    history = step.execution.history
    run = MapRun(step.execution, state, limit, tolerance)
    details = {"mapRunArn": run.arn}
    started = history.add(step.trail, "MapRunStarted", "mapRunStartedEventDetails", details)
    status: ExecutionStatus = "ABORTED"
    try:
        if items is None:
            items = await read_items(step, state, value)
        await run.run(_batches(step, state, value, items))
        status = "SUCCEEDED"
    except StateFailure as failure:
        status = "FAILED"
        _note_failure(step, failure)
        raise
    finally:
        await run.end(status)
    succeeded = history.add(step.trail, "MapRunSucceeded")
    step.trail.previous = history.note(succeeded, "MapStateSucceeded")
    # AWS's MapStateExited points at MapRunStarted since November 2024, at MapRunSucceeded before.
    return step.finish_worker(run.results, previous=started)


def _note_failure(step: Step, failure: StateFailure) -> None:
    if failure.error == "States.Runtime":
        return
    details = {"error": failure.error, "cause": failure.cause}
    step.execution.history.add(step.trail, "MapRunFailed", "mapRunFailedEventDetails", details)


def _tolerance(step: Step, state: Map, value: Json) -> Tolerance:
    count = percentage = None
    if state.tolerated_count is not None:
        count = step.number(state.tolerated_count, value)
        if count < 0:
            raise step.runtime_error("ToleratedFailureCount cannot be negative.")
    if state.tolerated_percentage is not None:
        percentage = step.number(state.tolerated_percentage, value, integer=False)
        if not 0 <= percentage <= 100:
            raise step.runtime_error("ToleratedFailurePercentage must be between 0 and 100.")
    return Tolerance(count, percentage)


def _batches(step: Step, state: Map, value: Json, items: list[Json]) -> list[tuple[Json, int]]:
    """Give the input of every child execution with the number of items in it."""
    from statewright.engine.states.map import item_input

    inputs = (
        item_input(step, state, value, {"Index": index, "Value": item}) for index, item in enumerate(items)
    )
    if state.batcher is None:
        return [(each, 1) for each in inputs]
    return list(_filled(step, state.batcher, value, inputs))


def _filled(
    step: Step, batcher: ItemBatcher, value: Json, inputs: Iterator[Json]
) -> Iterator[tuple[Json, int]]:
    most = None if batcher.max_items is None else step.number(batcher.max_items, value)
    largest = MAX_PAYLOAD_BYTES
    if batcher.max_bytes is not None:
        largest = min(step.number(batcher.max_bytes, value), MAX_PAYLOAD_BYTES)
    shared = {}
    if batcher.batch_input is not None:
        shared["BatchInput"] = step.template(batcher.batch_input, value)
    empty = len(dump({**shared, "Items": []}).encode())
    batch: list[Json] = []
    size = empty
    for each in inputs:
        own = len(dump(each).encode()) + 1
        if batch and (len(batch) == most or size + own > largest):
            yield {**shared, "Items": batch}, len(batch)
            batch, size = [], empty
        batch.append(each)
        size += own
    if batch:
        yield {**shared, "Items": batch}, len(batch)
