"""Distributed Map: items become child executions of their own, alone or in batches.

https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from statewright.engine.errors import StateFailure
from statewright.engine.map_runs import Batch, MapRun, Tolerance
from statewright.engine.payloads import MAX_PAYLOAD_BYTES, dump, is_too_large
from statewright.engine.progress import MapRunProgress
from statewright.engine.states.item_reader import read_items
from statewright.engine.states.map_items import item_input
from statewright.engine.states.result_writer import open_results

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from statewright.asl.tree import ItemBatcher, Map
    from statewright.engine.items.item import Item, Items
    from statewright.engine.records import ExecutionStatus
    from statewright.engine.states.result_writer import MapResults
    from statewright.engine.step import Step

Json = Any

# Selecting many items must not keep the event loop from all else.
_ITEMS_BETWEEN_BREATHS = 64


async def run_distributed(step: Step, state: Map, value: Json, items: Items | None, limit: int) -> Json:
    """Run a Distributed Map; `items` is None where a reader gives them."""
    results = open_results(step, state, value)
    run = MapRun(step.execution, state, limit, read_tolerance(step, state, value), results)
    _note_begin(step, run)
    try:
        output = await _run(step, state, value, items, run, results)
    finally:
        results.close()
    succeeded = step.execution.history.add(step.trail, "MapRunSucceeded")
    step.trail.previous = step.execution.history.note(succeeded, "MapStateSucceeded")
    # So in 34 recorded events until June 2024; 15 since November 2024 point at MapRunStarted.
    return step.finish_worker(output, previous=succeeded)


def _note_begin(step: Step, run: MapRun) -> None:
    """Begin a map run, or go on with the one that a redrive is of."""
    engine, history = step.execution.engine, step.execution.history
    progress, step.resumed = step.resumed, None
    step.inner = run
    earlier = engine.store.map_run(progress.arn) if isinstance(progress, MapRunProgress) else None
    if not isinstance(progress, MapRunProgress) or earlier is None:
        details = {"mapRunArn": run.arn}
        history.add(step.trail, "MapRunStarted", "mapRunStartedEventDetails", details)
        return
    run.resume(earlier, progress)
    redrive = {"mapRunArn": run.arn, "redriveCount": run.record.redrive_count}
    history.add(step.trail, "MapRunRedriven", "mapRunRedrivenEventDetails", redrive)


async def _run(
    step: Step, state: Map, value: Json, items: Items | None, run: MapRun, results: MapResults
) -> Json:
    status: ExecutionStatus = "ABORTED"
    try:
        await results.begin(run.record)
        await run.run(make_batches(step, state, value, _iterate(step, state, value, items)))
        output = await results.finish(run.record)
        status = "SUCCEEDED"
    except StateFailure as failure:
        status = "FAILED"
        await run.halt(reads_on=failure.error != "States.ItemReaderFailed")
        await results.finish_failed(run.record)
        _note_failure(step, failure)
        raise
    except asyncio.CancelledError:
        await run.halt()
        await results.finish_failed(run.record)
        raise
    finally:
        await run.halt()
        run.count_written(results.written_items, results.written_executions)
        run.end(status)
    return output


def _note_failure(step: Step, failure: StateFailure) -> None:
    if failure.error == "States.Runtime":
        return
    details = {"error": failure.error, "cause": failure.cause}
    step.execution.history.add(step.trail, "MapRunFailed", "mapRunFailedEventDetails", details)


def read_tolerance(step: Step, state: Map, value: Json) -> Tolerance:
    """Evaluate how many items may fail; raises StateFailure."""
    count = percentage = None
    if state.tolerated_count is not None:
        count = step.number(state.tolerated_count, value)
        if count < 0:
            raise step.out_of_range(state.tolerated_count, "ToleratedFailureCount cannot be negative.")
    if state.tolerated_percentage is not None:
        percentage = step.number(state.tolerated_percentage, value, integer=False)
        if not 0 <= percentage <= 100:
            sentence = "ToleratedFailurePercentage must be between 0 and 100."
            raise step.out_of_range(state.tolerated_percentage, sentence)
    return Tolerance(count, percentage)


async def _iterate(step: Step, state: Map, value: Json, items: Items | None) -> AsyncIterator[Item]:
    if items is None:
        async for item in read_items(step, state, value):
            yield item
        return
    for index, item in enumerate(items):
        yield item
        if index % _ITEMS_BETWEEN_BREATHS == 0:
            await asyncio.sleep(0)


async def make_batches(
    step: Step, state: Map, value: Json, items: AsyncIterator[Item]
) -> AsyncIterator[Batch]:
    """Give the input of every child execution with the number of items in it."""
    if state.batcher is not None:
        async for batch in _filled(step, state, state.batcher, value, items):
            yield batch
        return
    index = 0
    async for item in items:
        selected = item_input(step, state, value, item.context(index))
        yield Batch(index, selected, _fitting(step, dump(selected)), 1)
        index += 1


def _fitting(step: Step, text: str, largest: int = MAX_PAYLOAD_BYTES) -> str:
    """Give the input of a child execution; AWS takes up to 256 KiB."""
    if is_too_large(text, largest):
        raise StateFailure(
            "States.DataLimitExceeded",
            step.cause(f"The input of a child execution is larger than {largest} bytes."),
        )
    return text


async def _filled(
    step: Step, state: Map, batcher: ItemBatcher, value: Json, items: AsyncIterator[Item]
) -> AsyncIterator[Batch]:
    """Fill batches up to both limits.

    An item that alone is above MaxInputBytesPerBatch fails the map run: AWS does not exceed the limit.
    https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itembatcher.html
    """
    most, largest = _batch_limits(step, batcher, value)
    shared = {}
    if batcher.batch_input is not None:
        shared["BatchInput"] = step.template(batcher.batch_input, value)
    empty = dump({**shared, "Items": []})
    texts: list[str] = []
    batch: list[Json] = []
    size = start = len(empty.encode())
    count = index = 0
    async for item in items:
        selected = item_input(step, state, value, item.context(index))
        text = dump(selected)
        own = len(text.encode()) + bool(batch)
        if batch and (len(batch) == most or size + own > largest):
            yield _make_batch(step, count, shared, batch, empty, texts, largest)
            count += 1
            batch, texts, size = [], [], start
            own = len(text.encode())
        batch.append(selected)
        texts.append(text)
        size += own
        index += 1
    if batch:
        yield _make_batch(step, count, shared, batch, empty, texts, largest)


def _make_batch(
    step: Step,
    index: int,
    shared: dict[str, Json],
    batch: list[Json],
    empty: str,
    texts: list[str],
    largest: int,
) -> Batch:
    text = f"{empty[:-2]}{','.join(texts)}]}}"
    return Batch(index, {**shared, "Items": batch}, _fitting(step, text, largest), len(batch))


def _batch_limits(step: Step, batcher: ItemBatcher, value: Json) -> tuple[int | None, int]:
    most, largest = None, MAX_PAYLOAD_BYTES
    if batcher.max_items is not None:
        most = step.number(batcher.max_items, value)
        if most < 1:
            raise step.runtime_error("MaxItemsPerBatch must be a positive integer.")
    if batcher.max_bytes is not None:
        largest = step.number(batcher.max_bytes, value)
        if not 0 < largest <= MAX_PAYLOAD_BYTES:
            raise step.runtime_error(f"MaxInputBytesPerBatch must be between 1 and {MAX_PAYLOAD_BYTES}.")
    return most, largest
