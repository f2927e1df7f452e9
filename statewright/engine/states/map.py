"""Map: runs its processor for every item, in this execution (INLINE) or as child executions (DISTRIBUTED).

https://docs.aws.amazon.com/step-functions/latest/dg/state-map.html
"""

from __future__ import annotations

import asyncio
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from statewright.asl.tree import Map
from statewright.engine.errors import StateFailure
from statewright.engine.items.item import Items
from statewright.engine.progress import (
    Done,
    FlowProgress,
    IterationsProgress,
    MapRunProgress,
    flow_progress,
)
from statewright.engine.states.distributed_map import run_distributed
from statewright.engine.states.map_items import find_items, item_input
from statewright.engine.states.parallel import note_aborted, run_together

if TYPE_CHECKING:
    from collections.abc import Iterator

    from statewright.engine.history import Trail
    from statewright.engine.items.item import Item
    from statewright.engine.progress import InnerProgress
    from statewright.engine.step import Step

Json = Any

# https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html
MAX_INLINE_CONCURRENCY = 40


async def run_map(step: Step) -> tuple[str | None, Any]:
    """Run a Map state."""
    state = step.state
    assert isinstance(state, Map)
    value = step.selected_input()
    if isinstance(step.resumed, IterationsProgress):
        limit = 0 if state.max_concurrency is None else step.number(state.max_concurrency, value)
        return state.next, await _run_inline(step, state, value, Items(step.resumed.items), limit)
    items = None if state.reader is not None else find_items(step, state, value)
    limit = 0 if state.max_concurrency is None else step.number(state.max_concurrency, value)
    if state.max_concurrency is not None and limit < 0:
        raise step.out_of_range(state.max_concurrency, "MaxConcurrency cannot be negative.")
    length = 0 if items is None else len(items)
    if not isinstance(step.resumed, MapRunProgress):
        details = {"length": length}
        step.execution.history.add(step.trail, "MapStateStarted", "mapStateStartedEventDetails", details)
    if state.mode == "DISTRIBUTED":
        return state.next, await run_distributed(step, state, value, items, limit)
    assert items is not None
    return state.next, await _run_inline(step, state, value, items, limit)


class _Inline:
    """The iterations of one Map, taken by workers in their order.

    `begun` holds, by index, those that did not end before a redrive, and the trails of those that run.
    """

    def __init__(self, step: Step, state: Map, value: Json, items: Items) -> None:
        self.step = step
        self.state = state
        self.value = value
        self.items = items
        self.done: dict[int, Done] = {}
        self.begun: dict[int, Trail | FlowProgress] = {}
        self._take_over(step.resumed)
        self.left = len(items) - len(self.done)
        self.todo: Iterator[tuple[int, Item]] = (
            (index, item) for index, item in enumerate(items) if index not in self.done
        )
        self.last_succeeded = step.trail.previous

    def _take_over(self, resumed: InnerProgress | None) -> None:
        if not isinstance(resumed, IterationsProgress):
            return
        for index, progress in resumed.iterations.items():
            if isinstance(progress, Done):
                self.done[index] = progress
            else:
                self.begun[index] = progress

    @property
    def results(self) -> list[Json]:
        return [self.done[index].output for index in range(len(self.items))]

    def progress(self) -> IterationsProgress:
        iterations: dict[int, Done | FlowProgress] = dict(self.done)
        for index, each in self.begun.items():
            progress = each if isinstance(each, FlowProgress) else flow_progress(each)
            if progress is not None:
                iterations[index] = progress
        return IterationsProgress(self.items.value, iterations)

    async def work(self, trail: Trail, *first: tuple[int, Item]) -> None:
        """Run one iteration after the other until none is left; `first` is this worker's alone."""
        for index, item in chain(first, self.todo):
            await self._iterate(index, item, trail)

    async def _iterate(self, index: int, item: Item, trail: Trail) -> None:
        execution = self.step.execution
        history = execution.history
        map_item = item.context(index)
        value = item_input(self.step, self.state, self.value, map_item)
        details = {"name": self.state.name, "index": index}
        resumed = self.begun.get(index)
        if not isinstance(resumed, FlowProgress):
            resumed = None
            history.add(trail, "MapIterationStarted", "mapIterationStartedEventDetails", details)
        self.begun[index] = trail
        try:
            self.done[index] = Done(
                await execution.run_inner(
                    self.state.processor, value, self.step.variables, trail, map_item, resumed
                )
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
        del self.begun[index]
        self.last_succeeded = history.note(
            trail.previous, "MapIterationSucceeded", "mapIterationSucceededEventDetails", details
        )


async def _run_inline(step: Step, state: Map, value: Json, items: Items, limit: int) -> Json:
    inline = _Inline(step, state, value, items)
    step.inner, step.resumed = inline, None
    workers = min(limit or MAX_INLINE_CONCURRENCY, MAX_INLINE_CONCURRENCY, inline.left)
    trails = [step.trail.branch() for _ in range(workers)]
    if workers == 1:
        await _work_alone(step, inline, trails[0])
    elif workers:
        # All that may run at once begin where the Map began, however quick the ones before them are.
        firsts = list(islice(inline.todo, workers))
        pairs = zip(trails, firsts, strict=True)
        tasks = [asyncio.create_task(inline.work(trail, first)) for trail, first in pairs]
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
