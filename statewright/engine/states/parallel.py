"""Parallel: runs its branches side by side; the first that fails ends the others.

https://docs.aws.amazon.com/step-functions/latest/dg/state-parallel.html
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from statewright.asl.tree import Parallel
from statewright.engine.errors import ExecutionTimedOut
from statewright.engine.progress import BranchesProgress, Done, FlowProgress, flow_progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from statewright.asl.tree import Flow
    from statewright.engine.history import Trail
    from statewright.engine.step import Step

Json = Any

# The states for which AWS writes an event when they are aborted.
ABORTABLE = frozenset({"Task", "Wait", "Parallel", "Map"})


async def run_parallel(step: Step) -> tuple[str | None, Any]:
    """Run a Parallel state."""
    state = step.state
    assert isinstance(state, Parallel)
    value = step.selected_input()
    if state.payload is not None:
        value = step.template(state.payload, value)
    history = step.execution.history
    begun: Sequence[Done | FlowProgress | None] = [None] * len(state.branches)
    if isinstance(step.resumed, BranchesProgress):
        begun = step.resumed.branches
    else:
        history.add(step.trail, "ParallelStateStarted")
    trails = [step.trail.branch() for _ in state.branches]
    step.inner, step.resumed = _Branches(trails, begun), None
    tasks = [
        asyncio.create_task(_branch(step, flow, value, trail, progress))
        for flow, trail, progress in zip(state.branches, trails, begun, strict=True)
    ]
    failed = await run_together(step, tasks, trails)
    step.trail.skipped = max(trail.skipped for trail in trails)
    if failed is not None:
        if not _timed_out(tasks[failed]):
            note_aborted(step, trails)
        step.trail.previous = trails[failed].previous
        await tasks[failed]
    last = max(trail.previous for trail in trails)
    step.trail.previous = history.note(last, "ParallelStateSucceeded")
    return state.next, step.finish_worker([task.result() for task in tasks], previous=last)


class _Branches:
    """The branches while they run; `begun` is what a redrive goes on with."""

    def __init__(self, trails: list[Trail], begun: Sequence[Done | FlowProgress | None]) -> None:
        self._trails = trails
        self._begun = begun

    def progress(self) -> BranchesProgress:
        pairs = zip(self._trails, self._begun, strict=True)
        return BranchesProgress([flow_progress(trail) or before for trail, before in pairs])


async def _branch(
    step: Step, flow: Flow, value: Json, trail: Trail, progress: Done | FlowProgress | None
) -> Json:
    if not isinstance(progress, Done):
        execution = step.execution
        output = await execution.run_inner(flow, value, step.variables, trail, step.map_item, progress)
        progress = Done(output)
    trail.done = progress
    return progress.output


async def run_together(step: Step, tasks: list[asyncio.Task[Any]], trails: list[Trail]) -> int | None:
    """Wait for all tasks, or for the first that fails: then end the others and give its index.

    No task outlives this call, however it ends. Each task runs on the trail of the same index.
    """
    failed: int | None = None
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        failures = [index for index, task in enumerate(tasks) if _failed(task)]
        failed = failures[0] if failures else None
    finally:
        left = [index for index, task in enumerate(tasks) if not task.done()]
        is_aborting = failed is not None and not _timed_out(tasks[failed])
        for index in left:
            if is_aborting:
                trails[index].abort()
            tasks[index].cancel()
        # Of those that are done too: asyncio logs what failed and was never asked for.
        await asyncio.gather(*tasks, return_exceptions=True)
        if step.trail.is_aborted:
            note_aborted(step, trails)
    return failed


def _failed(task: asyncio.Task[Any]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is not None


def _timed_out(task: asyncio.Task[Any]) -> bool:
    """Say whether the machine's time is over, which ends all at once and is told by one event alone."""
    return isinstance(task.exception(), ExecutionTimedOut)


def note_aborted(step: Step, trails: list[Trail]) -> None:
    """Write that the states that flows had not left are aborted."""
    for trail in trails:
        for kind in reversed(trail.open_states):
            if kind in ABORTABLE:
                step.execution.history.note(trail.previous, f"{kind}StateAborted")
        trail.open_states.clear()
