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
from statewright.asl.tree import Comparison, Field, Flow, Map, Payload, State, StateMachine, inner_flows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from statewright.asl._reader import Report

Reference = tuple[str, str]  # a variable's name, and the pointer of the value that refers to it

# A machine that needs more is not written by a person; its variables are not looked into.
_MOST_STEPS = 100_000


@dataclasses.dataclass(frozen=True, slots=True)
class _Scope:
    """What may be assigned when a state is entered: `mask` has a bit of `bits` for each of its flow's own."""

    bits: Mapping[str, int]
    mask: int
    outer: _Scope | None

    def has(self, name: str) -> bool:
        if self.mask & self.bits.get(name, 0):
            return True
        return self.outer is not None and self.outer.has(name)


def check_variables(flow: Flow, report: Report, outer: _Scope | None = None) -> None:
    """Report references to variables that no way from the start has assigned; `outer` are those of outside.

    Inner flows read the variables of the flow around them, but for the children of a Distributed Map.
    """
    scopes = _scopes(flow, outer)
    for name, scope in scopes.items():
        state = flow.states[name]
        for variable, pointer in dict.fromkeys(_references(state)):
            if not scope.has(variable):
                message = f"The variable '${variable}' is not assigned on any way to this state"
                report.warn(message, pointer, d.UNDEFINED_VARIABLE)
        is_distributed = isinstance(state, Map) and state.mode == "DISTRIBUTED"
        for inner in inner_flows(state):
            check_variables(inner, report, None if is_distributed else scope)


def variable_references(machine: StateMachine) -> dict[str, list[str]]:
    """Give the names of the variables that each state refers to, sorted; states without any are left out.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeStateMachine.html
    """
    found = {state.name: {name for name, _ in _references(state)} for state in machine.walk()}
    for state in machine.walk():
        for part in _parts(state):
            if isinstance(part, Comparison):  # IsPresent too, which asks for a variable that may be missing
                found[state.name].update(*(_names(path) for path in (part.variable, part.operand)))
    return {state: sorted(names) for state, names in found.items() if names}


def _scopes(flow: Flow, outer: _Scope | None) -> Mapping[str, _Scope]:
    """Give the scope of every state; of none where the flow is too entangled."""
    assigned = {name: _assigned(state) for name, state in flow.states.items()}
    names = dict.fromkeys(variable for variables in assigned.values() for variable in variables)
    bits = {variable: 1 << index for index, variable in enumerate(names)}
    own = {name: sum(bits[each] for each in set(variables)) for name, variables in assigned.items()}
    masks = {flow.start_at: 0}
    waiting = [flow.start_at]
    steps = 0
    while waiting:
        name = waiting.pop()
        leaving = masks[name] | own[name]
        for target in flow.states[name].targets:
            steps += 1
            if leaving | masks.get(target, -1) != masks.get(target):
                masks[target] = leaving | masks.get(target, 0)
                waiting.append(target)
        if steps > _MOST_STEPS:
            return {}
    return {name: _Scope(bits, mask, outer) for name, mask in masks.items()}


def _assigned(state: State) -> list[str]:
    """Give what a state may assign on any way out of it."""
    payloads = [part.assign for part in (state, *_parts(state)) if getattr(part, "assign", None) is not None]
    return [key.removesuffix(".$") for payload in payloads for key in payload.value]


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
