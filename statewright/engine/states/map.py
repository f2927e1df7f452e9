"""Map: runs its processor for every item, in this execution (INLINE) or as child executions (DISTRIBUTED).

https://docs.aws.amazon.com/step-functions/latest/dg/state-map.html
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from statewright.asl import jsonata, jsonpath
from statewright.asl.tree import Field, Map, Payload
from statewright.engine.errors import StateFailure
from statewright.engine.payloads import dump
from statewright.engine.states.distributed_map import run_distributed
from statewright.engine.states.parallel import note_aborted, run_together

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from statewright.engine.history import Trail
    from statewright.engine.step import Step

Json = Any

# https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html
MAX_INLINE_CONCURRENCY = 40


async def run_map(step: Step) -> tuple[str | None, Any]:
    """Run a Map state."""
    state = step.state
    assert isinstance(state, Map)
    value = step.selected_input()
    items = None if state.reader is not None else _items(step, state, value)
    limit = 0 if state.max_concurrency is None else step.number(state.max_concurrency, value)
    if limit < 0:
        raise step.runtime_error("MaxConcurrency cannot be negative.")
    length = 0 if items is None else len(items)
    step.execution.history.add(
        step.trail, "MapStateStarted", "mapStateStartedEventDetails", {"length": length}
    )
    if state.mode == "DISTRIBUTED":
        return state.next, await run_distributed(step, state, value, items, limit)
    assert items is not None
    return state.next, await _run_inline(step, state, value, items, limit)


def _items(step: Step, state: Map, value: Json) -> list[Json]:
    if isinstance(state.items, Payload):
        items = step.template(state.items, None)
    elif isinstance(state.items, Field):
        assert isinstance(state.items.source, jsonata.Expression)
        items = step.expression(state.items.source, "Items")
        if not isinstance(items, list):
            raise step.wrong_type(state.items.source, "Items", "array", items)
    else:
        items = value if state.items_path is None else step.value(state.items_path, value)
    if isinstance(items, list):
        return items
    if state.language == "JSONata":
        raise step.query_error(f"Map state input must be an array but was: {dump(items)}")
    path = "$"
    if state.items_path is not None and isinstance(state.items_path.source, jsonpath.Path):
        path = state.items_path.source.text.replace("$$", "$", 1)
    raise step.runtime_error(f'Reference path "{path}" must point to array.')


def item_input(step: Step, state: Map, value: Json, item: Mapping[str, Json]) -> Json:
    """Apply ItemSelector to one item, of which `item` is the context object's entry."""
    if state.item_selector is None:
        return item["Value"]
    outer = step.map_item
    step.map_item = item
    step.forget_context()
    try:
        return step.template(state.item_selector, value)
    finally:
        step.map_item = outer
        step.forget_context()


class _Inline:
    """The iterations of one Map, taken by workers in their order."""

    def __init__(self, step: Step, state: Map, value: Json, items: list[Json]) -> None:
        self.step = step
        self.state = state
        self.value = value
        self.todo: Iterator[tuple[int, Json]] = enumerate(items)
        self.results: list[Json] = [None] * len(items)
        self.last_succeeded = step.trail.previous

    async def work(self, trail: Trail) -> None:
        """Run one iteration after the other until none is left."""
        for index, item in self.todo:
            await self._iterate(index, item, trail)

    async def _iterate(self, index: int, item: Json, trail: Trail) -> None:
        execution = self.step.execution
        history = execution.history
        map_item = {"Index": index, "Value": item}
        value = item_input(self.step, self.state, self.value, map_item)
        details = {"name": self.state.name, "index": index}
        history.add(trail, "MapIterationStarted", "mapIterationStartedEventDetails", details)
        try:
            self.results[index] = await execution.run_inner(
                self.state.processor, value, self.step.variables, trail, map_item
            )
        except StateFailure:
            trail.open_states.clear()
            history.note(trail.previous, "MapIterationFailed", "mapIterationFailedEventDetails", details)
            raise
        except asyncio.CancelledError:
            if trail.is_aborted:
                note_aborted(self.step, [trail])
                history.note(
                    trail.previous, "MapIterationAborted", "mapIterationAbortedEventDetails", details
                )
            raise
        self.last_succeeded = history.note(
            trail.previous, "MapIterationSucceeded", "mapIterationSucceededEventDetails", details
        )


async def _run_inline(step: Step, state: Map, value: Json, items: list[Json], limit: int) -> Json:
    inline = _Inline(step, state, value, items)
    workers = min(limit or MAX_INLINE_CONCURRENCY, MAX_INLINE_CONCURRENCY, len(items))
    trails = [step.trail.branch() for _ in range(workers)]
    if workers == 1:
        await _work_alone(step, inline, trails[0])
    elif workers:
        tasks = [asyncio.create_task(inline.work(trail)) for trail in trails]
        failed = await run_together(step, tasks, trails)
        if failed is not None:
            step.trail.previous = trails[failed].previous
            await tasks[failed]
    step.trail.skipped = max((trail.skipped for trail in trails), default=step.trail.skipped)
    last = inline.last_succeeded
    step.trail.previous = step.execution.history.note(last, "MapStateSucceeded")
    return step.finish_worker(inline.results, previous=last)


async def _work_alone(step: Step, inline: _Inline, trail: Trail) -> None:
    """One worker needs no task of its own, and no other to be ended with it."""
    try:
        await inline.work(trail)
    except StateFailure:
        step.trail.previous = trail.previous
        raise
