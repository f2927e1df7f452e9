"""One visit of one state, and what Retry and Catch would make of its failure."""

from __future__ import annotations

import asyncio
import dataclasses
import uuid
from typing import TYPE_CHECKING, Any

from statewright.asl.timestamps import format_timestamp
from statewright.asl.tree import Worker
from statewright.engine.errors import ExecutionTimedOut, StateFailure
from statewright.engine.execution import EXPRESS_SECONDS, Execution
from statewright.engine.integrations.http_sending import HttpTrace
from statewright.engine.interpreter import find_catcher, find_retrier, retry_interval
from statewright.engine.payloads import dump
from statewright.engine.records import ExecutionRecord, StateMachineRecord
from statewright.engine.single_state.cases import StateCase, StateOutcome
from statewright.engine.single_state.inspection import InspectedStep
from statewright.engine.single_state.mocked_workers import run_mocked
from statewright.engine.single_state.preparation import prepare
from statewright.engine.states import RUNNERS

if TYPE_CHECKING:
    from statewright.asl.tree import Catcher
    from statewright.engine.engine import Engine
    from statewright.engine.single_state.preparation import PreparedState

Json = Any


async def run_state(engine: Engine, case: StateCase) -> StateOutcome:
    """Run a state once, for five minutes at most, and tell how it ended.

    Raises InvalidDefinition, InvalidExecutionInput, ValidationException.
    """
    prepared = await engine.call_in_thread(prepare, case)
    execution = _execution(engine, case, prepared)
    execution.http_trace = trace = HttpTrace(case.reveals_secrets)
    step = InspectedStep(execution, prepared.state, prepared.input, prepared.variables, prepared.context)
    step.retry_count = case.configuration.retrier_retry_count or 0
    step.inspection["input"] = case.input
    outcome = await _outcome(step, case, prepared)
    step.note_exchange(trace)
    step.note_variables()
    return outcome


async def _outcome(step: InspectedStep, case: StateCase, prepared: PreparedState) -> StateOutcome:
    try:
        next_state, output = await _visit(step, case, prepared)
    except StateFailure as failure:
        return _failed(step, failure)
    return StateOutcome("SUCCEEDED", step.inspection, dump(output), next_state=next_state)


async def _visit(step: InspectedStep, case: StateCase, prepared: PreparedState) -> tuple[str | None, Json]:
    step.enter()
    try:
        async with asyncio.timeout(EXPRESS_SECONDS):
            if prepared.mock is not None:
                return await run_mocked(step, prepared.mock, case.configuration)
            return await RUNNERS[type(step.state)](step)
    except (TimeoutError, ExecutionTimedOut) as error:
        raise StateFailure("States.Timeout", None) from error


def _failed(step: InspectedStep, failure: StateFailure) -> StateOutcome:
    """Tell what Retry and Catch do about a failure, in this order."""
    state = step.state
    failed = StateOutcome("FAILED", step.inspection, error=failure.error, cause=failure.cause)
    if not isinstance(state, Worker):
        return failed
    details: dict[str, int] = {}
    retried, caught = find_retrier(state, failure), find_catcher(state, failure)
    if retried is not None:
        step.inspection["errorDetails"] = details
        details["retryIndex"] = retried
        if step.retry_count < state.retry[retried].max_attempts:
            interval = retry_interval(state.retry[retried], step.retry_count)
            details["retryBackoffIntervalSeconds"] = int(interval)
            return dataclasses.replace(failed, status="RETRIABLE")
    if caught is None:
        return failed
    step.inspection["errorDetails"] = details
    details["catchIndex"] = caught
    return _caught(step, state.catch[caught], failure)


def _caught(step: InspectedStep, catcher: Catcher, failure: StateFailure) -> StateOutcome:
    try:
        output = step.finish_caught(catcher, failure)
    except StateFailure as second:
        return StateOutcome("FAILED", step.inspection, error=second.error, cause=second.cause)
    return StateOutcome(
        "CAUGHT_ERROR", step.inspection, dump(output), failure.error, failure.cause, catcher.next
    )


def _execution(engine: Engine, case: StateCase, prepared: PreparedState) -> Execution:
    """Make the execution that the state believes to be part of: an EXPRESS one that nobody else sees."""
    now, machine_name, name = engine.clock.now(), str(uuid.uuid4()), str(uuid.uuid4())
    machine_arn = engine.arns.state_machine(machine_name)
    arn = engine.arns.single_state(machine_name, name)
    machine = StateMachineRecord(
        machine_arn, machine_name, case.definition, case.role_arn or "", "EXPRESS", now, prepared.machine
    )
    record = ExecutionRecord(arn, name, machine_arn, "RUNNING", now, case.input, type="EXPRESS")
    context = {
        "Execution": {
            "Id": arn,
            "Input": prepared.input,
            "StartTime": format_timestamp(now),
            "Name": name,
            "RoleArn": case.role_arn,
        },
        "StateMachine": {"Id": machine_arn, "Name": machine_name},
    }
    return Execution(engine, machine, record, prepared.input, context=context)
