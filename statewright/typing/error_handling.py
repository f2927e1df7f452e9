"""Errors that a call leaves to chance while the machine's other calls take care of them.

https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html#bp-lambda-serviceexception
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from statewright.asl.tree import Choice, Task, Worker, inner_flows
from statewright.typing.error_names import handles
from statewright.typing.findings import Where
from statewright.typing.operations import called_function
from statewright.typing.rendering import few

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from statewright.asl.tree import Flow, StateMachine
    from statewright.typing.findings import Findings
    from statewright.typing.signatures import Signatures

# So many others must catch all errors before the one that does not is odd.
_OTHERS, _OTHER_HANDLERS = 3, 2
# What Lambda itself raises in passing; AWS asks for a Retry of each.
_PASSING = frozenset(
    "Lambda." + name
    for name in (
        "AWSLambdaException", "ClientExecutionTimeoutException", "SdkClientException", "ServiceException",
        "TooManyRequestsException",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Call:
    task: Task
    function: str
    raised: frozenset[str]


def check_handling(machine: StateMachine, signatures: Signatures, findings: Findings) -> None:
    """Report calls that do not retry or catch what other calls in the machine do."""
    calls = list(_calls(machine, signatures))
    same: dict[str, list[_Call]] = defaultdict(list)
    for call in calls:
        same[call.function].append(call)
    for group in same.values():
        for call in group:
            _compare_retries(call, [other for other in group if other is not call], findings)
    _check_uncaught(machine.flow, findings)
    _check_passing([call.task for call in calls], findings)


def _calls(machine: StateMachine, signatures: Signatures) -> Iterable[_Call]:
    for state in machine.walk():
        called = called_function(state) if isinstance(state, Task) else None
        if isinstance(state, Task) and called is not None:
            signature = signatures.function(called)
            name = called if signature is None else signature.name
            yield _Call(state, name, frozenset() if signature is None else signature.errors or frozenset())


def _compare_retries(call: _Call, others: Sequence[_Call], findings: Findings) -> None:
    for part, verb in (("retry", "retries"), ("catch", "catches")):
        lacking = sorted(
            error
            for error in call.raised
            if not handles(getattr(call.task, part), error)
            and others
            and all(handles(getattr(other.task, part), error) for other in others)
        )
        if lacking:
            other = others[0].task.name
            message = f"{other} {verb} {few(lacking, 6)} of {call.function}, {call.task.name} does not"
            findings.add("SW133", message, Where(call.task.at.pointer))


def _check_uncaught(flow: Flow, findings: Findings) -> None:
    """The one state that does not catch all errors where all others of its part of the flow do."""
    handlers = _behind_catches(flow)
    workers = [state for state in flow.states.values() if isinstance(state, Worker)]
    for group, least in (
        ([each for each in workers if each.name not in handlers], _OTHERS),
        ([each for each in workers if each.name in handlers], _OTHER_HANDLERS),
    ):
        bare = [each for each in group if not each.catch]
        catching = [each for each in group if handles(each.catch, "States.ALL")]
        if len(bare) == 1 and len(catching) == len(group) - 1 >= least:
            message = f"{bare[0].name} has no Catch, unlike all other states here"
            findings.add("SW133", message, Where(bare[0].at.pointer))
    for state in flow.states.values():
        for inner in inner_flows(state):
            _check_uncaught(inner, findings)


def _behind_catches(flow: Flow) -> set[str]:
    """Name the states that only a Catch leads to, in the end."""
    well: set[str] = set()
    waiting = [flow.start_at]
    while waiting:
        name = waiting.pop()
        if name in well or name not in flow.states:
            continue
        well.add(name)
        state = flow.states[name]
        waiting += state.targets if isinstance(state, Choice) else [state.next] if state.next else []
    return set(flow.states) - well


def _check_passing(tasks: Sequence[Task], findings: Findings) -> None:
    """A Lambda Task that retries nothing of what Lambda raises in passing, where others do."""
    covered = {task.name: any(handles(task.retry, error) for error in _PASSING) for task in tasks}
    careless = [task for task in tasks if not covered[task.name]]
    if 2 * len(careless) >= len(tasks):
        return
    for task in careless:
        message = f"{task.name} does not retry what Lambda raises in passing, unlike other Tasks here"
        findings.add("SW134", message, Where(task.at.pointer))
