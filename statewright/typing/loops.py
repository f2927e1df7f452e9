"""Loops without an exit: no way leaves them, nothing counts them, or their exits ask what never changes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from statewright.asl import jsonata, jsonpath
from statewright.asl.tree import (
    Both,
    Choice,
    Comparison,
    Condition,
    Constant,
    Field,
    Flow,
    Not,
    Pass,
    State,
    Succeed,
    Wait,
    Worker,
    inner_flows,
)
from statewright.typing.findings import Where

if TYPE_CHECKING:
    from collections.abc import Iterator

    from statewright.typing.findings import Findings

# What a name in a condition may be: `$total`, `$count(`; and what of the input it reads.
_NAME = re.compile(r"\$([A-Za-z_]\w*)\s*(\()?")
_INPUT = re.compile(r"\$states\.input(?:\.([A-Za-z_]\w*))?")
_CHANGING = frozenset({"now", "millis", "random", "uuid", "eval"})
_WHOLE = "$"
Cycle = frozenset[str]


def check_loops(flow: Flow, findings: Findings) -> None:
    """Report the loops of a flow, and of the flows inside it, that do not end."""
    ending = _ending(flow)
    for cycle in _cycles(flow):
        first = next(name for name in flow.states if name in cycle)
        where = Where(flow.states[first].at.pointer)
        shown = " → ".join((*_way_round(flow, first, cycle), first))
        if not cycle & ending:
            findings.add("SW207", f"no way leads out of this loop: {shown}", where)
        elif _is_left_by_errors_alone(flow, cycle):
            message = f"nothing but an error leads out of the loop {shown}"
            findings.add("SW207", message, where, severity="warning")
        elif _is_endless_retry(flow, cycle):
            message = f"the loop {shown} goes on for as long as its error comes: nothing counts the rounds"
            findings.add("SW207", message, where, severity="warning")
        elif _never_changes(flow, cycle):
            message = f"the loop {shown} never ends: nothing in it changes what its exits ask"
            findings.add("SW207", message, where, severity="warning")
    for state in flow.states.values():
        for inner in inner_flows(state):
            check_loops(inner, findings)


def _is_end(state: State) -> bool:
    return not state.targets or (state.next is None and not isinstance(state, Choice))


def _ending(flow: Flow) -> set[str]:
    """Name the states from which an end can be reached."""
    found = {name for name, state in flow.states.items() if _is_end(state)}
    while True:
        more = {name for name, state in flow.states.items() if found & set(state.targets)} - found
        if not more:
            return found
        found |= more


def _cycles(flow: Flow) -> Iterator[Cycle]:
    """Give the sets of states that lead to one another."""
    reach = {name: _reached(flow, name) for name in flow.states}
    seen: set[str] = set()
    for name in flow.states:
        if name in seen or name not in reach[name]:
            continue
        cycle = frozenset(other for other in reach[name] if name in reach[other])
        seen |= cycle
        yield cycle


def _reached(flow: Flow, start: str) -> set[str]:
    found: set[str] = set()
    waiting = list(flow.states[start].targets)
    while waiting:
        name = waiting.pop()
        if name not in found and name in flow.states:
            found.add(name)
            waiting.extend(flow.states[name].targets)
    return found


def _way_round(flow: Flow, start: str, cycle: Cycle) -> tuple[str, ...]:
    """Give a shortest way from a state of a cycle back to it."""
    ways: list[tuple[str, ...]] = [(start,)]
    seen = {start}
    for way in ways:
        for target in flow.states[way[-1]].targets:
            if target == start:
                return way
            if target in cycle and target not in seen:
                seen.add(target)
                ways.append((*way, target))
    return (start,)


# --- rounds that nothing counts ---


def _is_left_by_errors_alone(flow: Flow, cycle: Cycle) -> bool:
    for name in cycle:
        state = flow.states[name]
        well = state.targets if isinstance(state, Choice) else (state.next,)
        if not cycle.issuperset(each for each in well if each is not None) or _is_end(state):
            return False
    return True


def _is_endless_retry(flow: Flow, cycle: Cycle) -> bool:
    """Say whether a cycle is closed by Catch alone, and left by no Choice."""
    states = [flow.states[name] for name in cycle]
    if any(isinstance(state, Choice) and set(state.targets) - cycle for state in states):
        return False
    catchers = [each for state in states if isinstance(state, Worker) for each in state.catch]
    if any(each.next not in cycle for each in catchers):
        return False
    following: dict[str, tuple[str | None, ...]] = {
        state.name: state.targets if isinstance(state, Choice) else (state.next,) for state in states
    }
    return not any(_leads_back(name, following) for name in cycle)


def _leads_back(start: str, following: dict[str, tuple[str | None, ...]]) -> bool:
    seen: set[str | None] = set()
    waiting = list(following[start])
    while waiting:
        name = waiting.pop()
        if name == start:
            return True
        if name is not None and name not in seen:
            seen.add(name)
            waiting.extend(following.get(name, ()))
    return False


# --- exits that ask what never changes ---


def _never_changes(flow: Flow, cycle: Cycle) -> bool:
    states = [flow.states[name] for name in cycle]
    exits = [state for state in states if set(state.targets) - cycle or _is_end(state)]
    if not exits or not all(isinstance(state, Choice) for state in exits):
        return False
    asked: set[str] = set()
    for state in exits:
        for rule in state.rules if isinstance(state, Choice) else ():
            names = _asked(rule.condition)
            if names is None:
                return False
            asked |= names
    changed = set().union(*map(_changed, states))
    if _WHOLE in changed:  # the whole document may be another one
        return not any(name.startswith(_WHOLE) for name in asked) and not asked & changed
    return not asked & changed and not (_WHOLE in asked and any(n.startswith("$.") for n in changed))


def _asked(condition: Condition) -> set[str] | None:
    """Name what a condition reads: variables, the input's members as `$.name`; None for clock and chance."""
    if isinstance(condition, Not):
        return _asked(condition.condition)
    if isinstance(condition, Both):
        parts = [_asked(each) for each in condition.conditions]
        return None if any(part is None for part in parts) else set().union(*(p or set() for p in parts))
    if isinstance(condition, Comparison):
        return _asked_by_paths(condition)
    assert isinstance(condition, Field)
    if not isinstance(condition.source, jsonata.Expression):
        return set()
    text = condition.source.text
    found: set[str] = set()
    for name, call in _NAME.findall(text):
        if name in _CHANGING:
            return None
        if not call and name != "states":
            found.add(name)
    if re.search(r"\$states\b(?!\.input\b)", text):
        return None
    return found | {f"$.{name}" if name else _WHOLE for name in _INPUT.findall(text)}


def _asked_by_paths(condition: Comparison) -> set[str] | None:
    found: set[str] = set()
    for path in (condition.variable, condition.operand):
        if not isinstance(path, jsonpath.Path):
            continue
        if path.root == "$$":
            return None
        if path.variable is not None:
            found.add(path.variable)
        elif path.keys:
            found.add(f"$.{path.keys[0]}")
        else:
            found.add(_WHOLE)
    return found


def _changed(state: State) -> set[str]:
    """Name what a state may change: variables, members of the document as `$.name`, or all of it."""
    parts = [state, *getattr(state, "catch", ()), *getattr(state, "rules", ())]
    found = {
        key.removesuffix(".$")
        for part in parts
        if part.assign
        for key, value in part.assign.value.items()
        if value not in (f"{{% ${key} %}}", f"${key.removesuffix('.$')}")  # which leaves it as it is
    }
    if state.output is not None or state.input_path is not None or state.output_path is not None:
        return found | {_WHOLE}
    if any(getattr(part, "output", None) is not None for part in parts[1:]):
        return found | {_WHOLE}
    if isinstance(state, Choice | Wait | Succeed):
        return found
    if state.language == "JSONata":
        return found if isinstance(state, Pass) else found | {_WHOLE}
    if isinstance(state, Pass) and state.parameters is None and state.result is None:
        return found
    if isinstance(state, Worker) and state.catch:
        return found | {_WHOLE}
    return found | _written(getattr(state, "result_path", None))


def _written(path: Field | None) -> set[str]:
    if path is not None and isinstance(path.source, Constant):
        return set()
    if path is not None and isinstance(path.source, jsonpath.Path) and path.source.keys:
        return {f"$.{path.source.keys[0]}"}
    return {_WHOLE}
