"""Parallel: runs its branches side by side; the first that fails ends the others.

https://docs.aws.amazon.com/step-functions/latest/dg/state-parallel.html
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from statewright.asl.tree import Parallel

if TYPE_CHECKING:
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
    history.add(step.trail, "ParallelStateStarted")
    trails = [step.trail.branch() for _ in state.branches]
    pairs = zip(state.branches, trails, strict=True)
    tasks = [asyncio.create_task(_branch(step, flow, value, trail)) for flow, trail in pairs]
    failed = await run_together(step, tasks, trails)
    step.trail.skipped = max(trail.skipped for trail in trails)
    if failed is not None:
        note_aborted(step, trails)
        step.trail.previous = trails[failed].previous
        await tasks[failed]
    last = max(trail.previous for trail in trails)
    step.trail.previous = history.note(last, "ParallelStateSucceeded")
    return state.next, step.finish_worker([task.result() for task in tasks], previous=last)


async def _branch(step: Step, flow: Flow, value: Json, trail: Trail) -> Json:
    return await step.execution.run_inner(flow, value, step.variables, trail, step.map_item)


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
        for index in left:
            trails[index].is_aborted = failed is not None or step.trail.is_aborted
            tasks[index].cancel()
        if left:
            await asyncio.gather(*(tasks[index] for index in left), return_exceptions=True)
        if step.trail.is_aborted:
            note_aborted(step, trails)
    return failed


def _failed(task: asyncio.Task[Any]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is not None


def note_aborted(step: Step, trails: list[Trail]) -> None:
    """Write that the states that flows had not left are aborted."""
    for trail in trails:
        for kind in reversed(trail.open_states):
            if kind in ABORTABLE:
                step.execution.history.note(trail.previous, f"{kind}StateAborted")
        trail.open_states.clear()
