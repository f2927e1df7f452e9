"""Variables that no way through a machine has assigned where a state refers to them.

AWS creates such machines and fails at run time, so this is a warning. Scopes:
https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from statewright.asl import diagnostics as d
from statewright.asl import intrinsics, jsonata, jsonpath, templates
from statewright.asl.source import Location
from statewright.asl.tree import Comparison, Field, Flow, Map, Payload, State, inner_flows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from statewright.asl._reader import Report

Names = frozenset[str]
Reference = tuple[str, str]  # a variable's name, and the pointer of the value that refers to it


def check_variables(flow: Flow, report: Report, outer: Names = frozenset()) -> None:
    """Report references to variables that no way from the start has assigned; `outer` are those of outside.

    Inner flows read the variables of the flow around them, but for the children of a Distributed Map.
    """
    known = _known_on_entry(flow, outer)
    for name, state in flow.states.items():
        told: set[Reference] = set()
        for reference in _references(state):
            if reference[0] not in known[name] and reference not in told:
                told.add(reference)
                message = f"The variable '${reference[0]}' is not assigned on any way to this state"
                report.warn(message, reference[1], d.UNDEFINED_VARIABLE)
        is_distributed = isinstance(state, Map) and state.mode == "DISTRIBUTED"
        for inner in inner_flows(state):
            check_variables(inner, report, frozenset() if is_distributed else known[name])


def _known_on_entry(flow: Flow, outer: Names) -> dict[str, Names]:
    """Give for each state every variable that may have a value when it is entered."""
    known = dict.fromkeys(flow.states, outer)
    waiting = [flow.start_at]
    visited = set()
    while waiting:
        name = waiting.pop()
        state = flow.states[name]
        visited.add(name)
        leaving = known[name] | _assigned(state)
        for target in state.targets:
            if target not in visited or not leaving <= known[target]:
                known[target] |= leaving
                waiting.append(target)
    return known


def _assigned(state: State) -> Names:
    """Give what a state may assign on any way out of it."""
    payloads = [part.assign for part in (state, *_parts(state)) if getattr(part, "assign", None) is not None]
    return frozenset(key.removesuffix(".$") for payload in payloads for key in payload.value)


def _parts(node: Any) -> Iterator[Any]:
    """Give the parts of a state (rules, catchers, readers, fields), not the flows inside it."""
    for each in dataclasses.fields(node):
        value = getattr(node, each.name)
        for part in value if isinstance(value, tuple) else (value,):
            if dataclasses.is_dataclass(part) and not isinstance(part, Flow | Location):
                yield part
                if not isinstance(part, Field | Payload | Comparison):
                    yield from _parts(part)


def _references(state: State) -> Iterator[Reference]:
    for part in _parts(state):
        if isinstance(part, Payload):
            yield from _in_payload(part)
        elif isinstance(part, Field):
            yield from ((name, part.at.pointer) for name in _names(part.source))
        elif isinstance(part, Comparison) and part.operator != "IsPresent":
            for path in (part.variable, part.operand):
                yield from ((name, part.at.pointer) for name in _names(path))


def _in_payload(payload: Payload) -> Iterator[Reference]:
    template, at = payload.template, payload.at.pointer
    if isinstance(template, templates.Template):
        for source in template.sources:
            yield from ((name, at) for name in _names(source))
        return
    for pointer, expression in template.expressions:
        yield from ((name, at + pointer) for name in _names(expression))


def _names(source: object) -> Iterator[str]:
    if isinstance(source, jsonpath.Path):
        if source.variable is not None:
            yield source.variable
    elif isinstance(source, intrinsics.Call):
        for path in source.paths:
            yield from _names(path)
    elif isinstance(source, jsonata.Expression):
        yield from sorted(source.free_variables - {"states"})
