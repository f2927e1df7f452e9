"""Task: calls a function, an activity or a service, once or until its token comes back.

https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from statewright.asl.tree import Task
from statewright.engine.activities import ScheduledActivity
from statewright.engine.errors import ActivityDoesNotExist, ExecutionEnd, StateFailure
from statewright.engine.integrations import check_arguments, perform, wait_for_end
from statewright.engine.integrations.aws import UnsupportedParameter
from statewright.engine.integrations.call import TaskCall
from statewright.engine.integrations.lambda_ import invoke_function
from statewright.engine.payloads import dump, is_too_large
from statewright.engine.states.task_events import TaskEvents

if TYPE_CHECKING:
    from statewright.asl.tree import Field, Payload
    from statewright.engine.mocks import Mocks
    from statewright.engine.step import Step
    from statewright.engine.tokens import WaitingTask

Json = Any


async def run_task(step: Step) -> tuple[str | None, Any]:
    """Run a Task state once; Retry is the interpreter's."""
    state = step.state
    assert isinstance(state, Task)
    waiting = _open_token(step, state)
    try:
        result = await _attempt(step, state, waiting)
    finally:
        if waiting is not None:
            step.execution.engine.tokens.close(waiting)
    return state.next, step.finish_worker(result)


def _open_token(step: Step, state: Task) -> WaitingTask | None:
    # A .sync task has a token too, and ends with whichever comes first.
    if state.resource.kind != "activity" and not state.resource.pattern:
        return None
    waiting = step.execution.engine.tokens.open()
    if state.resource.kind != "activity":
        step.task_token = waiting.token
        step.forget_context()
    return waiting


async def _attempt(step: Step, state: Task, waiting: WaitingTask | None) -> Json:
    value = step.selected_input()
    payload = value if state.payload is None else step.template(state.payload, value)
    timeout = _seconds(step, state.timeout, value)
    heartbeat = _seconds(step, state.heartbeat, value)
    role = None if state.credentials is None else _role(step, state.credentials, value)
    if is_too_large(step.execution.history.text(payload)):
        raise step.result_too_large()
    events = TaskEvents(step, state, timeout, heartbeat, role)
    work = _work(step, state, payload, waiting, heartbeat, events)
    try:
        async with asyncio.timeout(timeout) as limit:
            result = await work
    except TimeoutError as error:
        also = None if limit.expired() else "States.HeartbeatTimeout"
        timed_out = StateFailure("States.Timeout", None, also=also)
        events.timed_out(timed_out)
        raise timed_out from error
    except StateFailure as failure:
        if events.is_begun:
            events.failed(failure)
        raise
    except (ExecutionEnd, asyncio.CancelledError):
        raise
    except Exception as problem:
        broken = StateFailure("States.TaskFailed", f"{type(problem).__name__}: {problem}")
        events.failed(broken)
        raise broken from problem
    if is_too_large(step.execution.history.text(result)):
        too_large = step.result_too_large(events.origin)
        events.failed(too_large)
        raise too_large
    events.succeeded(result)
    return result


def _role(step: Step, credentials: Payload, value: Json) -> str:
    """Evaluate Credentials; the role is told in the history, not assumed."""
    role = step.template(credentials, value)["RoleArn"]
    if isinstance(role, str):
        return role
    sentence = f"The field 'RoleArn' must be a string but was: {dump(role)}"
    if step.state.language == "JSONata":
        raise step.query_error(sentence, "Credentials/RoleArn")
    raise step.runtime_error(sentence)


def _seconds(step: Step, field: Field | None, value: Json) -> int | None:
    if field is None:
        return None
    seconds: int = step.number(field, value)
    if seconds <= 0:
        raise step.out_of_range(field, f"The {field.name} field must be positive: {seconds}")
    return seconds


async def _work(
    step: Step,
    state: Task,
    payload: Json,
    waiting: WaitingTask | None,
    heartbeat: int | None,
    events: TaskEvents,
) -> Json:
    engine, mocks = step.execution.engine, step.execution.mocks
    if mocks is not None and mocks.has(state.name):
        return _mocked(mocks, state, payload, events)
    if state.resource.kind == "activity":
        assert waiting is not None
        return await _activity(step, state, payload, waiting, heartbeat, events)
    try:
        check_arguments(state.resource, payload)
    except UnsupportedParameter as error:
        raise _unusable(step, payload, error) from error
    events.scheduled(payload)
    events.started()
    if state.resource.kind == "lambda":
        return await _within(heartbeat, invoke_function(engine, state.resource.arn, payload))
    call = TaskCall(engine, step.execution, state.resource, _arguments(step, payload))
    try:
        result = await _within(heartbeat if not state.resource.pattern else None, perform(call))
    except UnsupportedParameter as error:
        raise _unusable(step, payload, error) from error
    if state.resource.pattern:
        events.submitted(result)
    if waiting is None:
        return result
    if state.resource.pattern == "waitForTaskToken":
        return await _answer(waiting, heartbeat)
    return await _answer_or_end(waiting, call, result)


async def _within(heartbeat: int | None, work: Any) -> Json:
    """A call that sends no heartbeats lives as long as one heartbeat may take."""
    async with asyncio.timeout(heartbeat):
        return await work


def _arguments(step: Step, payload: Json) -> dict[str, Json]:
    if isinstance(payload, dict):
        return payload
    raise _unusable(step, payload, "The parameters must be an object")


def _unusable(step: Step, payload: Json, problem: object) -> StateFailure:
    sentence = f"The Parameters '{dump(payload)}' could not be used to start the Task: [{problem}]"
    return step.runtime_error(sentence)


def _mocked(mocks: Mocks, state: Task, payload: Json, events: TaskEvents) -> Json:
    """Answer in place of what a Task calls; raises StateFailure for what the mock throws."""
    events.scheduled(payload)
    events.started()
    if state.resource.pattern:
        events.submitted({})
    return mocks.answer(state.name)


async def _answer(waiting: WaitingTask, heartbeat: int | None) -> Json:
    """Wait for a token's answer; raises TimeoutError where the heartbeats cease."""
    waiting.is_awaited = True
    while True:
        beat = asyncio.ensure_future(waiting.beats.wait())
        try:
            done, _ = await asyncio.wait(
                (waiting.answer, beat), timeout=heartbeat, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            beat.cancel()
        if waiting.answer.done():
            return waiting.answer.result()
        if not done:
            raise TimeoutError
        waiting.beats.clear()


async def _answer_or_end(waiting: WaitingTask, call: TaskCall, started: Json) -> Json:
    """Wait for a nested execution or a job to end, or for the token's answer, which leaves it to itself."""
    ended = asyncio.ensure_future(wait_for_end(call, started))
    try:
        await asyncio.wait((waiting.answer, ended), return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        ended.cancel()
        await asyncio.gather(ended, return_exceptions=True)
        raise
    if ended.done():
        return ended.result()
    call.execution.forget(ended)
    return waiting.answer.result()


async def _activity(
    step: Step, state: Task, payload: Json, waiting: WaitingTask, heartbeat: int | None, events: TaskEvents
) -> Json:
    """Queue a task for an activity's workers and wait for their answer.

    Heartbeats are counted from the moment a worker takes the task.
    """
    taken = asyncio.Event()

    def start(worker: str | None) -> None:
        if not scheduled.is_cancelled:
            events.started(worker)
            taken.set()

    scheduled = ScheduledActivity(waiting.token, step.execution.history.text(payload), start)
    try:
        step.execution.engine.activities.describe(state.resource.arn)
        events.scheduled(payload)
        step.execution.engine.activities.schedule(state.resource.arn, scheduled)
        waiting.is_awaited = True
        await taken.wait()
        return await _answer(waiting, heartbeat)
    except ActivityDoesNotExist as error:
        raise step.runtime_error(f"The activity {state.resource.arn} does not exist.") from error
    finally:
        scheduled.is_cancelled = True
