"""Map and Parallel with a mock in place of their iterations and branches; all around them is evaluated.

A Task needs no runner of its own: its execution's `mocks` answer in place of what it calls.
"""

from __future__ import annotations

import asyncio
import dataclasses
import io
from typing import TYPE_CHECKING, Any

from statewright.asl.tree import Map, Parallel, Task
from statewright.engine.errors import StateFailure, ValidationException
from statewright.engine.items.s3_objects import BoundedStream, S3Objects
from statewright.engine.map_runs import THRESHOLD_CAUSE, THRESHOLD_ERROR
from statewright.engine.mocks import MockedCase, MockedInvocation, MockedResponse, Mocks
from statewright.engine.single_state.inspection import JsonTexts
from statewright.engine.states import RUNNERS
from statewright.engine.states.distributed_map import make_batches, read_tolerance
from statewright.engine.states.item_reader import read_items
from statewright.engine.states.map_items import find_items, item_input

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from statewright.asl.tree import ItemReader
    from statewright.engine.items.item import Item
    from statewright.engine.single_state.cases import Configuration
    from statewright.engine.single_state.inspection import InspectedStep
    from statewright.engine.single_state.preparation import Mock

Json = Any

# Selecting many items must not keep the event loop from all else.
_ITEMS_BETWEEN_BREATHS = 64


async def run_mocked(
    step: InspectedStep, mock: Mock, configuration: Configuration
) -> tuple[str | None, Json]:
    """Run a Task, Map or Parallel once; raises StateFailure, and ValidationException for a wrong count."""
    state = step.state
    if isinstance(state, Map):
        await _evaluate_map(step, state, configuration, mock)
        return state.next, step.finish_worker(_outcome(mock))
    if isinstance(state, Parallel):
        value = step.selected_input()
        if state.payload is not None:
            step.template(state.payload, value)
        return state.next, step.finish_worker(_outcome(mock))
    assert isinstance(state, Task)
    step.execution.mocks = _mocks_of(state, mock)
    return await RUNNERS[Task](step)


def _outcome(mock: Mock) -> Json:
    if mock.failure is not None:
        raise mock.failure
    return mock.result


def _mocks_of(state: Task, mock: Mock) -> Mocks:
    failure = mock.failure
    error = None if failure is None else (str(failure.error), failure.cause or "")
    invocation = MockedInvocation(0, 0, result=mock.result, error=error)
    return Mocks(MockedCase("TestState", {state.name: MockedResponse("mock", (invocation,))}))


# --- Map ---


async def _evaluate_map(step: InspectedStep, state: Map, configuration: Configuration, mock: Mock) -> None:
    """Evaluate the fields of a Map as a run of it would; raises StateFailure for too many failures."""
    value = step.selected_input()
    items = await _find_items(step, state, value, configuration.map_item_reader_data)
    limit = 0 if state.max_concurrency is None else step.number(state.max_concurrency, value)
    if limit < 0:
        raise step.runtime_error("MaxConcurrency cannot be negative.")
    step.inspection["maxConcurrency"] = limit
    await _note_inputs(step, state, value, items)
    tolerance = read_tolerance(step, state, value)
    if tolerance.count is not None:
        step.inspection["toleratedFailureCount"] = tolerance.count
    if tolerance.percentage is not None:
        step.inspection["toleratedFailurePercentage"] = tolerance.percentage
    failed = configuration.map_iteration_failure_count or 0
    if failed > len(items):
        raise ValidationException(
            "Map iteration failure count must be less than or equal to the number of Map iterations"
        )
    # AWS compares the count with a threshold alone: a Map without one succeeds with what is mocked.
    has_threshold = tolerance.count is not None or tolerance.percentage is not None
    if mock.failure is None and has_threshold and tolerance.is_exceeded(failed, len(items)):
        raise StateFailure(THRESHOLD_ERROR, THRESHOLD_CAUSE)


async def _find_items(step: InspectedStep, state: Map, value: Json, data: str | None) -> list[Item]:
    if data is not None:
        return await _given_items(step, state, value, data)
    found = find_items(step, state, value)
    if state.language == "JSONPath":
        step.note("afterItemsPath", found.value)
    return list(found)


async def _note_inputs(step: InspectedStep, state: Map, value: Json, items: Sequence[Item]) -> None:
    if state.item_selector is not None:
        texts = JsonTexts()
        async for index, item in _numbered(items):
            texts.add(item_input(step, state, value, item.context(index)))
        step.note_texts("afterItemSelector", texts)
    if state.batcher is not None:
        texts = JsonTexts()
        async for batch in make_batches(step, state, value, _each(items)):
            texts.add(batch.value)
        step.note_texts("afterItemBatcher", texts)


async def _numbered(items: Sequence[Item]) -> AsyncIterator[tuple[int, Item]]:
    for index, item in enumerate(items):
        yield index, item
        if index % _ITEMS_BETWEEN_BREATHS == 0:
            await asyncio.sleep(0)


async def _each(items: Sequence[Item]) -> AsyncIterator[Item]:
    async for _, item in _numbered(items):
        yield item


async def _given_items(step: InspectedStep, state: Map, value: Json, data: str) -> list[Item]:
    assert state.reader is not None
    single = dataclasses.replace(state, reader=_single_object(state.reader))
    items = [item async for item in read_items(step, single, value, _GivenObject(data))]
    if "ItemsPointer" in state.reader.config:
        members = {item.key: item.value for item in items if item.key is not None}
        step.note("afterItemsPointer", members or [item.value for item in items])
    return items


def _single_object(reader: ItemReader) -> ItemReader:
    """Let the given data be one object, also where a listing or a manifest would name many.

    The data of a listing are a JSON array of its entries, those of an inventory its rows.
    """
    config = dict(reader.config)
    is_listing = reader.resource.action == "listObjectsV2"
    flattens = config.pop("Transformation", "NONE") == "LOAD_AND_FLATTEN"
    if config.pop("ManifestType", None) == "S3_INVENTORY":
        config["InputType"] = "CSV"
    if config.get("InputType") == "MANIFEST":
        config["InputType"] = "CSV"
    if is_listing and not flattens:
        config["InputType"] = "JSON"
    if config.get("InputType") == "PARQUET":
        raise ValidationException("MapItemReaderData is a text: an ItemReader of PARQUET cannot be tested")
    resource = dataclasses.replace(reader.resource, action="getObject")
    return dataclasses.replace(reader, resource=resource, config=config)


class _GivenObject(S3Objects):
    """One object, whatever is asked for."""

    def __init__(self, data: str) -> None:
        super().__init__(None)
        self._data = data.encode()

    def open(self, arguments: Mapping[str, Json]) -> BoundedStream:
        return BoundedStream(io.BytesIO(self._data), arguments)
