"""What must hold between the states of a flow: targets exist, every state is reached, and there is an end.

Order and words are AWS's: a dangling target first, then either MISSING_END_STATE (for which AWS gives no
place) or the states that nothing leads to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from statewright.asl import diagnostics as d
from statewright.asl.source import escape
from statewright.asl.tree import Choice, Fail, Flow, Map, State, Succeed, Worker, inner_flows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from statewright.asl._reader import Report


def check_flow(flow: Flow, report: Report) -> None:
    """Report what is wrong with the ways through a flow and the flows inside it."""
    _check_names(flow, report)
    _check_ways(flow, report)


def _check_names(flow: Flow, report: Report) -> None:
    """A state's name is unique in the whole machine, and so is a Map's Label."""
    seen: set[str] = set()
    labels: set[str] = set()
    for state in flow.walk():
        if isinstance(state, Map) and state.label is not None:
            if state.label in labels:
                report.add(f"Duplicate Label: {state.label}", state.at.pointer + "/Label")
            labels.add(state.label)
        if state.name in seen:
            report.add(f"Duplicate state name: {state.name}", state.at.pointer, d.DUPLICATE)
        seen.add(state.name)


def _check_ways(flow: Flow, report: Report) -> None:
    if flow.start_at not in flow.states:
        report.add(f"Missing 'Next' target: {flow.start_at}", flow.at.pointer + "/StartAt", d.TARGET)
    for state in flow.states.values():
        for target, pointer in _targets(state):
            if target not in flow.states:
                report.add(f"Missing 'Next' target: {target}", pointer, d.TARGET)
    if not any(_is_terminal(state) for state in flow.states.values()):
        report.add_without_place("Workflow has no terminal state", d.END)
    else:
        _check_reach(flow, report)
    for state in flow.states.values():
        for inner in inner_flows(state):
            _check_ways(inner, report)


def _check_reach(flow: Flow, report: Report) -> None:
    reached: set[str] = set()
    waiting = [flow.start_at]
    while waiting:
        name = waiting.pop()
        if name in reached or name not in flow.states:
            continue
        reached.add(name)
        waiting.extend(flow.states[name].targets)
    for state in flow.states.values():
        if state.name not in reached:
            report.add(f'State "{state.name}" is not reachable.', state.at.pointer, d.TARGET)


def _is_terminal(state: State) -> bool:
    if isinstance(state, Succeed | Fail):
        return True
    return state.next is None and not isinstance(state, Choice)


def _targets(state: State) -> Iterator[tuple[str, str]]:
    pointer = state.at.pointer
    if state.next is not None:
        yield state.next, f"{pointer}/{escape('Next')}"
    if isinstance(state, Choice):
        for index, rule in enumerate(state.rules):
            yield rule.next, f"{pointer}/Choices/{index}/Next"
        if state.default is not None:
            yield state.default, f"{pointer}/Default"
    if isinstance(state, Worker):
        for index, catcher in enumerate(state.catch):
            yield catcher.next, f"{pointer}/Catch/{index}/Next"
