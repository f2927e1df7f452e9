"""The interpreter: from state to state, with Retry and Catch around those that work."""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING, Any

from statewright.asl.tree import Fail, Map, Parallel, Wait, Worker
from statewright.engine.errors import ExecutionTimedOut, StateFailure
from statewright.engine.states import RUNNERS
from statewright.engine.step import Step

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from statewright.asl.tree import Catcher, Flow, Retrier
    from statewright.engine.execution import Execution
    from statewright.engine.history import Trail
    from statewright.engine.progress import FlowProgress

Json = Any

# States that never wait would keep the event loop to themselves in an endless loop: many quick ones as few
# that evaluate for long.
_STATES_BETWEEN_BREATHS = 32
_SECONDS_BETWEEN_BREATHS = 0.1


async def run_flow(
    execution: Execution,
    flow: Flow,
    value: Json,
    variables: Mapping[str, Json],
    trail: Trail,
    map_item: Mapping[str, Json] | None,
    resumed: FlowProgress | None = None,
) -> Json:
    """Run a flow on its input to its end; give its output.

    `variables` are those of the outer flow: readable here, and left as they are. With `resumed` the flow goes
    on where it stood, with the input and variables that it had there. Raises ExecutionEnd.
    """
    if resumed is None:
        step = Step(execution, flow.states[flow.start_at], value, dict(variables), trail, map_item)
    else:
        step = _resume(execution, flow, resumed, trail, map_item)
    visited = 0
    breath = time.monotonic()
    while True:
        trail.step = step
        visited += 1
        is_late = time.monotonic() - breath > _SECONDS_BETWEEN_BREATHS
        if is_late or visited % _STATES_BETWEEN_BREATHS == 0:
            await asyncio.sleep(0)
            breath = time.monotonic()
            left = execution.seconds_left(trail)
            if left is not None and left <= 0:
                raise ExecutionTimedOut
        name, value = await visit(step)
        if name is None:
            trail.step = None  # both point at each other: without this only the garbage collector frees them
            return value
        step = Step(execution, flow.states[name], value, step.variables, trail, map_item)


def _resume(
    execution: Execution,
    flow: Flow,
    resumed: FlowProgress,
    trail: Trail,
    map_item: Mapping[str, Json] | None,
) -> Step:
    """Stand at the state that did not end well; AWS enters no state twice but Fail.

    https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html#redrive-behavior-states
    """
    state = flow.states[resumed.state]
    step = Step(execution, state, resumed.input, dict(resumed.variables), trail, map_item)
    if resumed.entered_id and not isinstance(state, Fail):
        step.entered_id, step.entered_at = resumed.entered_id, resumed.entered_at
    step.resumed = resumed.inner
    return step


async def visit(step: Step) -> tuple[str | None, Json]:
    """Run one state; give the next one's name and the output."""
    if not step.entered_id:
        step.enter()
    step.trail.open_states.append(step.state.type)
    run = RUNNERS[type(step.state)]
    try:
        if isinstance(step.state, Worker):
            found = await _work(step, step.state)
        else:
            found = await run(step)
    except StateFailure as failure:
        if not isinstance(step.state, Worker):
            note_evaluation_failure(step, failure)
        raise
    step.trail.open_states.pop()
    return found


async def _work(step: Step, state: Worker) -> tuple[str | None, Json]:
    run = RUNNERS[type(state)]
    attempts: dict[int, int] = {}
    while True:
        try:
            return await run(step)
        except StateFailure as failure:
            note_evaluation_failure(step, failure)
            delay = _retry_delay(state, failure, attempts)
            if delay is None:
                _note_state_failure(step, failure)
                _forget_inner(step, failure)
                caught = find_catcher(state, failure)
                if caught is None:
                    raise
                catcher = state.catch[caught]
                return catcher.next, _caught(step, catcher, failure)
        await step.pause(delay)
        step.retry_count += 1
        step.task_token = None
        step.forget_context()


def _forget_inner(step: Step, failure: StateFailure) -> None:
    """Let a redrive begin a Parallel or Map anew where AWS does, what succeeded in it too.

    https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html#redrive-behavior-states
    https://docs.aws.amazon.com/step-functions/latest/dg/redrive-map-run.html#redrive-eligibility-map-run
    """
    is_map_run = isinstance(step.state, Map) and step.state.mode == "DISTRIBUTED"
    if failure.error == "States.DataLimitExceeded" or (is_map_run and failure.error == "States.Runtime"):
        step.inner = step.resumed = None


def _caught(step: Step, catcher: Catcher, failure: StateFailure) -> Json:
    try:
        return step.finish_caught(catcher, failure)
    except StateFailure as second:
        note_evaluation_failure(step, second)
        raise


# --- what fits an error ---


def matches(errors: tuple[str, ...], failure: StateFailure) -> bool:
    """Say whether ErrorEquals names a failure.

    States.TaskFailed fits everything but States.Timeout. States.ALL fits States.DataLimitExceeded too: the
    page says that it does not, executions recorded on AWS show that it does.
    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
    """
    if failure.error in errors or (failure.also is not None and failure.also in errors):
        return True
    return "States.ALL" in errors or ("States.TaskFailed" in errors and failure.error != "States.Timeout")


def find_catcher(state: Worker, failure: StateFailure) -> int | None:
    """Give the place of the first of Catch that names a failure."""
    return _first_match(state.catch, failure)


def find_retrier(state: Worker, failure: StateFailure) -> int | None:
    """Give the place of the first of Retry that names a failure, with attempts left or without."""
    return _first_match(state.retry, failure)


def _first_match(handlers: Sequence[Catcher | Retrier], failure: StateFailure) -> int | None:
    if not failure.is_catchable:
        return None
    return next((index for index, each in enumerate(handlers) if matches(each.errors, failure)), None)


def _retry_delay(state: Worker, failure: StateFailure, attempts: dict[int, int]) -> float | None:
    """Give the seconds to the next attempt, None where there is none; counts attempts per retrier."""
    index = find_retrier(state, failure)
    if index is None:
        return None
    retrier = state.retry[index]
    done = attempts.get(index, 0)
    if done >= retrier.max_attempts:
        return None
    attempts[index] = done + 1
    return retry_interval(retrier, done)


def retry_interval(retrier: Retrier, done: int) -> float:
    """Give the seconds before attempt number `done` + 1 after the first."""
    try:
        interval = retrier.interval * retrier.backoff_rate**done
    except OverflowError:
        interval = float("inf")
    # An interval cannot be longer than a STANDARD execution may live: one year.
    interval = min(interval, 31_536_000.0 if retrier.max_delay is None else retrier.max_delay)
    return random.uniform(0, interval) if retrier.jitter == "FULL" else interval  # noqa: S311 - spreads load


# --- events of failures ---


def note_evaluation_failure(step: Step, failure: StateFailure) -> None:
    """Write EvaluationFailed for a query that failed in this very state."""
    if failure.error != "States.QueryEvaluationError" or failure.is_told:
        return
    failure.is_told = True
    details = {"error": failure.error, "cause": failure.cause, "state": step.state.name}
    if failure.location is not None:
        details["location"] = failure.location
    # AWS lets it point at what led to the state when nothing has happened in the state yet, but for Wait.
    if step.trail.previous == step.entered_id and not isinstance(step.state, Wait):
        step.trail.previous = step.led_from
    step.execution.history.add(step.trail, "EvaluationFailed", "evaluationFailedEventDetails", details)


def _note_state_failure(step: Step, failure: StateFailure) -> None:
    """Write ParallelStateFailed or MapStateFailed, but not for States.Runtime, which ends all at once."""
    if isinstance(step.state, Parallel | Map) and failure.error != "States.Runtime":
        step.execution.history.add(step.trail, f"{step.state.type}StateFailed")
