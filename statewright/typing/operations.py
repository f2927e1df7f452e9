"""What types do not tell: how long a Task may take, what an EXPRESS execution can do, what a Catch keeps.

https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from statewright.asl.tree import Constant, Fail, Field, Flow, Map, Task, Wait, Worker, inner_flows
from statewright.typing.findings import Where, meant
from statewright.typing.loops import check_loops

if TYPE_CHECKING:
    from collections.abc import Iterator

    from statewright.asl.tree import Catcher, State, StateMachine
    from statewright.typing.deployment import Deployment
    from statewright.typing.findings import Findings

# https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html
_EXPRESS_SECONDS = 300
# A Task waits "long after" its function where it waits this much longer: twice as long, and a minute.
_TIMES_AS_LONG, _SECONDS_MORE = 2, 60
# Tasks without a timeout are odd ones out where two of three have one.
_MOST_HAVE = 3
# Waiting for a year is waiting for ever: no execution lives longer.
_YEAR = 365 * 86_400
_MANY_ATTEMPTS = 1_000
_PLACEHOLDER = re.compile(r"\$\{([A-Za-z][A-Za-z0-9]*)\}")


def check_operations(
    machine: StateMachine, findings: Findings, deployment: Deployment | None, name: str
) -> None:
    """Report what will trouble those who run a machine; `deployment` says of functions and machines."""
    is_express = deployment is not None and deployment.machine_type(name) == "EXPRESS"
    tasks = [
        (state, inside)
        for state, inside in _walk(machine.flow, is_express=is_express)
        if isinstance(state, Task)
    ]
    _check_timeouts([task for task, _ in tasks], machine.timeout, findings)
    if deployment is not None:
        for task, inside in tasks:
            _check_function_timeout(task, deployment, findings, is_express=inside)
        _check_placeholders(machine, deployment, findings)
    for state, inside in _walk(machine.flow, is_express=is_express):
        if inside:
            _check_express(state, findings)
        if isinstance(state, Worker):
            _check_retries(state, findings)
    check_loops(machine.flow, findings)
    _check_losses(machine.flow, findings)


def _walk(flow: Flow, *, is_express: bool) -> Iterator[tuple[State, bool]]:
    """Give every state, and whether it runs in an EXPRESS execution."""
    for state in flow.states.values():
        yield state, is_express
        is_inside = state.execution_type == "EXPRESS" if _is_distributed(state) else is_express  # type: ignore[attr-defined]
        for inner in inner_flows(state):
            yield from _walk(inner, is_express=is_inside)


def _is_distributed(state: State) -> bool:
    return isinstance(state, Map) and state.mode == "DISTRIBUTED"


# --- timeouts ---


def _waits_for_somebody(task: Task) -> bool:
    return task.resource.kind == "activity" or task.resource.pattern == "waitForTaskToken"


def _check_timeouts(tasks: list[Task], machine_timeout: float | None, findings: Findings) -> None:
    """A Task's own default is 99,999,999 seconds: longer than any execution lives."""
    lacking = [task for task in tasks if task.timeout is None]
    most_have = _MOST_HAVE * len(lacking) <= len(tasks)
    rest = []
    for task in lacking:
        where = Where(task.at.pointer)
        if machine_timeout is None and _waits_for_somebody(task) and task.heartbeat is None:
            message = f"{task.name} waits for an answer without end: it has no TimeoutSeconds"
            findings.add("SW201", message, where)
        elif most_have and task.heartbeat is None:
            message = f"{task.name} has no TimeoutSeconds, unlike most Tasks here"
            findings.add("SW201", message, where)
        elif machine_timeout is None:
            rest.append(task)
    if rest:
        others = f" and {len(rest) - 1} more have" if len(rest) > 1 else " has"
        message = f"{rest[0].name}{others} no TimeoutSeconds"
        findings.add("SW201", message, Where(rest[0].at.pointer), severity="note")


def _seconds(field: Field | None) -> float | None:
    if field is None or not isinstance(field.source, Constant):
        return None
    return float(field.source.value)


def called_function(task: Task) -> str | None:
    """Give the ARN, name or placeholder of the function that a Task calls and waits for."""
    resource = task.resource
    if resource.kind in ("lambda", "other"):
        return resource.arn
    is_invocation = resource.service.lower() == "lambda" and resource.action == "invoke"
    if not is_invocation or resource.pattern or task.payload is None:
        return None
    value = task.payload.value
    name = value.get("FunctionName") if isinstance(value, dict) else None
    is_event = isinstance(value, dict) and value.get("InvocationType", "RequestResponse") != "RequestResponse"
    return name if isinstance(name, str) and not name.startswith("{%") and not is_event else None


def _check_function_timeout(
    task: Task, deployment: Deployment, findings: Findings, *, is_express: bool
) -> None:
    called, seconds = called_function(task), _seconds(task.timeout)
    function = None if called is None else deployment.function(called)
    if function is None or seconds is None:
        return
    own = deployment.seconds(function)
    where = Where(f"{task.at.pointer}/TimeoutSeconds")
    if seconds < own and not (is_express and own >= _EXPRESS_SECONDS):
        message = (
            f"{task.name} gives up after {seconds:g} s, and {function} may run for {own:g} s:"
            " it goes on unseen, and a Retry runs it a second time beside the first"
        )
        findings.add("SW203", message, where)
    elif seconds > own * _TIMES_AS_LONG + _SECONDS_MORE:
        message = f"{task.name} waits for {seconds:g} s, and {function} ends after {own:g} s at the latest"
        findings.add("SW203", message, where)


# --- EXPRESS ---


def _check_express(state: State, findings: Findings) -> None:
    """What AWS refuses in an EXPRESS workflow, and what cannot come to its end there."""
    if isinstance(state, Task) and state.resource.kind == "activity":
        message = f"{state.name} waits for an activity, which an EXPRESS execution cannot"
        findings.add("SW209", message, Where(state.resource_at.pointer))
    elif isinstance(state, Task) and state.resource.pattern:
        message = f".{state.resource.pattern} is not possible in an EXPRESS execution"
        findings.add("SW209", message, Where(state.resource_at.pointer))
    elif _is_distributed(state):
        findings.add("SW209", "an EXPRESS execution has no Distributed Map", Where(state.at.pointer))
    elif isinstance(state, Wait) and (_seconds(state.seconds) or 0) >= _EXPRESS_SECONDS:
        message = f"{state.name} waits longer than the five minutes that an EXPRESS execution has"
        findings.add("SW209", message, Where(f"{state.at.pointer}/Seconds"))


# --- retries without end ---


def _check_retries(state: Worker, findings: Findings) -> None:
    for place, retrier in enumerate(state.retry):
        where = Where(f"{state.at.pointer}/Retry/{place}")
        if retrier.max_attempts >= _MANY_ATTEMPTS:
            message = (
                f"{retrier.max_attempts} attempts are no bound: the error goes on for as long as it comes"
            )
            findings.add("SW208", message, where)
            continue
        seconds, wait = 0.0, float(retrier.interval)
        for _ in range(retrier.max_attempts):
            seconds += min(wait, retrier.max_delay or _YEAR)
            wait = min(wait * retrier.backoff_rate, _YEAR)
        if seconds >= _YEAR:
            message = (
                "its intervals add up to more than a year: no execution lives so long; set MaxDelaySeconds"
            )
            findings.add("SW208", message, where)


# --- what a Catch keeps ---


def _check_losses(flow: Flow, findings: Findings) -> None:
    """A Catch without ResultPath or Output hands on the error alone."""
    keepers = {
        catcher.next for state in flow.states.values() for catcher in _catchers(state) if _keeps(catcher)
    }
    for state in flow.states.values():
        for place, catcher in enumerate(_catchers(state)):
            if _keeps(catcher) or catcher.output is not None:
                continue
            where = Where(f"{state.at.pointer}/Catch/{place}")
            target = flow.states[catcher.next]
            if catcher.next in keepers and not isinstance(target, Fail):
                message = (
                    f"{catcher.next} gets the error alone from here, and the input with it from other states"
                )
                findings.add("SW206", message, where)
            elif state.language == "JSONPath" and target.targets:
                message = f"{catcher.next} gets the error alone: the input is lost"
                findings.add("SW206", message, where, severity="note")
        for inner in inner_flows(state):
            _check_losses(inner, findings)


def _catchers(state: State) -> tuple[Catcher, ...]:
    return state.catch if isinstance(state, Worker) else ()


def _keeps(catcher: Catcher) -> bool:
    if catcher.output is not None:
        return re.search(r"\$states\.input\b", str(catcher.output.value)) is not None
    if catcher.result_path is None:
        return False
    source = catcher.result_path.source
    return isinstance(source, Constant) or bool(getattr(source, "keys", None))


# --- names of the deployment ---


def _check_placeholders(machine: StateMachine, deployment: Deployment, findings: Findings) -> None:
    known = deployment.placeholders()
    for pointer, text in _texts(machine.source.value, ""):
        for match in _PLACEHOLDER.finditer(text):
            if match[1] not in known:
                message = f"${{{match[1]}}} names nothing that {deployment.file.name} describes"
                findings.add("SW302", message, Where(pointer), suggestion=meant(match[1], known))
        if text.count("${") != len(_PLACEHOLDER.findall(text)):
            findings.add(
                "SW302", "a placeholder is not closed, or its name has other than letters", Where(pointer)
            )


def _texts(value: object, pointer: str) -> Iterator[tuple[str, str]]:
    from statewright.asl.source import escape

    if isinstance(value, str):
        yield pointer, value
    elif isinstance(value, dict):
        for name, member in value.items():
            yield from _texts(member, f"{pointer}/{escape(name)}")
    elif isinstance(value, list):
        for place, member in enumerate(value):
            yield from _texts(member, f"{pointer}/{place}")
