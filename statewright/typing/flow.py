"""Types along the states of a flow, to a fixpoint: joined where ways meet, widened where they go round.

Nothing is reported before types have settled: findings are muted, and one last pass tells them.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from statewright.typing.lattice import join, join_all
from statewright.typing.shapes import NEVER, Type
from statewright.typing.view import Variable, Variables, join_variables
from statewright.typing.widening import widen

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from statewright.asl.tree import Flow, State
    from statewright.typing.findings import Findings, Wanted
    from statewright.typing.signatures import Signatures

# Visits of one state after which its types are widened, and after which they are given up.
WIDEN_AFTER = 3
MOST_VISITS = 60
# Worlds of one state that are kept apart, and splits that tell them apart.
MOST_WORLDS = 8
MOST_SPLITS = 2


# Which alternative of a result led here: the state's name, and the alternative's number.
Split = tuple[str, int]
Tag = tuple[Split, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known when a state is entered."""

    input: Type
    variables: Mapping[str, Variable]


@dataclass(frozen=True, slots=True)
class Exit:
    """One way out of a state; `target` is None where its flow ends.

    `split`: the alternative of a state's result that this way has taken. Such ways are kept apart, so that a
    variable of the one is not taken together with an output of the other.
    """

    target: str | None
    output: Type
    variables: Mapping[str, Variable]
    split: Split | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """What goes into a state and what comes out of it, all ways together, caught errors too."""

    input: Type
    output: Type


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all states of a flow share; `machine_output`: what the machine declares, in its outermost flow.

    `passages`: of each state by its JSON pointer, also inside a Map or a Parallel, once types have settled.
    """

    findings: Findings
    signatures: Signatures
    context: Type
    machine_output: Type | None = None
    passages: dict[str, Passage] = field(default_factory=dict)

    def wanting(self, wanted: Wanted) -> Surroundings:
        """Give the same with other findings wanted, gathered in the same place."""
        return replace(self, findings=replace(self.findings, wanted=wanted))

    def inside(self, context: Type) -> Surroundings:
        """Give what the states of a branch or of an iteration share."""
        return replace(self, context=context, machine_output=None)

    def pass_through(self, state: State, entry: Entry, ways: Sequence[Exit]) -> None:
        """Note what goes through a state, for good."""
        if self.findings.wanted == "none":
            return
        known = self.passages.get(state.at.pointer, Passage(NEVER, NEVER))
        output = join_all((known.output, *(way.output for way in ways)))
        self.passages[state.at.pointer] = Passage(join(known.input, entry.input), output)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a flow yields: the type of its output, and the entries of its states once they have settled."""

    output: Type
    entries: Mapping[str, Entry]


Worlds = dict[Tag, Entry]


def run_flow(flow: Flow, entry: Entry, around: Surroundings) -> Outcome:
    """Infer the types of a flow; reports findings once, as far as they are wanted."""
    settled = _settle(flow, entry, around.wanting("none"))
    output = NEVER
    entries: dict[str, Entry] = {}
    for name, worlds in settled.items():
        joined = _joined(worlds)
        entries[name] = joined
        ways = _tell(flow.states[name], worlds, joined, around)
        around.pass_through(flow.states[name], joined, ways)
        output = join_all((output, *(way.output for way in ways if way.target is None)))
    return Outcome(output, entries)


def _tell(state: State, worlds: Worlds, joined: Entry, around: Surroundings) -> list[Exit]:
    """Go through a state once more, with its findings: what always holds is asked of all worlds together."""
    from statewright.typing.states import leave

    wanted = around.findings.wanted
    if len(worlds) == 1 or wanted == "none":
        return [way for entry in worlds.values() for way in leave(state, entry, around)]
    if wanted in ("all", "always"):
        leave(state, joined, around.wanting("always"))
    rest = around.wanting("none" if wanted == "always" else "some")
    known = joined.variables
    ways: list[Exit] = []
    for entry in worlds.values():
        lacking = {name: each for name, each in known.items() if name not in entry.variables}
        ways += leave(state, Entry(entry.input, {**lacking, **entry.variables}), rest)
    return ways


def _joined(worlds: Worlds) -> Entry:
    first, *others = worlds.values()
    for entry in others:
        first = Entry(join(first.input, entry.input), join_variables(first.variables, entry.variables))
    return first


def _settle(flow: Flow, entry: Entry, around: Surroundings) -> dict[str, Worlds]:
    from statewright.typing.states import leave

    order = _order(flow)
    settling = _Settling(flow.start_at, entry)
    waiting: list[tuple[int, str, Tag]] = [(order[flow.start_at], flow.start_at, ())]
    queued: set[tuple[str, Tag]] = {(flow.start_at, ())}
    while waiting:
        _, name, tag = heapq.heappop(waiting)
        queued.discard((name, tag))
        known = settling.worlds[name].get(tag)
        if known is None:  # its worlds have been joined since
            continue
        for way in leave(flow.states[name], known, around):
            if way.target is None or way.target not in flow.states:
                continue
            for changed in settling.enter(way, _tagged(tag, way.split)):
                if (way.target, changed) not in queued:
                    queued.add((way.target, changed))
                    heapq.heappush(waiting, (order[way.target], way.target, changed))
    return {name: settling.worlds[name] for name in sorted(settling.worlds, key=order.__getitem__)}


def _tagged(tag: Tag, split: Split | None) -> Tag:
    if split is None:
        return tag
    return (*(each for each in tag if each[0] != split[0]), split)[-MOST_SPLITS:]


class _Settling:
    """The worlds of each state while they settle."""

    def __init__(self, start: str, entry: Entry) -> None:
        self.worlds: dict[str, Worlds] = {start: {(): entry}}
        self._visits: dict[tuple[str, Tag], int] = {}
        self._is_one: set[str] = set()

    def enter(self, way: Exit, tag: Tag) -> list[Tag]:
        """Take one more way into a state; give the tags of the worlds that it changed."""
        assert way.target is not None
        worlds = self.worlds.setdefault(way.target, {})
        if way.target in self._is_one:
            tag = ()
        elif tag not in worlds and len(worlds) >= MOST_WORLDS:
            self._is_one.add(way.target)
            joined = _joined(worlds)
            worlds.clear()
            worlds[()] = joined
            self._change(way, ())
            return [()]
        return [tag] if self._change(way, tag) else []

    def _change(self, way: Exit, tag: Tag) -> bool:
        assert way.target is not None
        key = (way.target, tag)
        self._visits[key] = self._visits.get(key, 0) + 1
        entered = _entered(self.worlds[way.target].get(tag), way, self._visits[key])
        if entered is None:
            return False
        self.worlds[way.target][tag] = entered
        return True


def _entered(known: Entry | None, way: Exit, visits: int) -> Entry | None:
    """Give the entry after one more way into a state; None where it tells nothing new."""
    if known is None:
        return Entry(way.output, dict(way.variables))
    if visits > MOST_VISITS:
        return None
    variables = join_variables(known.variables, way.variables)
    if visits > WIDEN_AFTER:
        joined = widen(known.input, way.output)
        variables = {name: _widened(known.variables.get(name), each) for name, each in variables.items()}
    else:
        joined = join(known.input, way.output)
    if joined == known.input and variables == known.variables:
        return None
    return Entry(joined, variables)


def _widened(before: Variable | None, after: Variable) -> Variable:
    return after if before is None else replace(after, type=widen(before.type, after.type))


def _order(flow: Flow) -> Mapping[str, int]:
    """Number states so that each comes after those before it, loops apart."""
    finished: list[str] = []
    seen: set[str] = set()
    stack: list[tuple[str, Sequence[str]]] = [(flow.start_at, _targets(flow, flow.states[flow.start_at]))]
    seen.add(flow.start_at)
    while stack:
        name, targets = stack.pop()
        left = [target for target in targets if target not in seen]
        if not left:
            finished.append(name)
            continue
        stack.append((name, left[1:]))
        seen.add(left[0])
        stack.append((left[0], _targets(flow, flow.states[left[0]])))
    ordered = [*reversed(finished), *(name for name in flow.states if name not in seen)]
    return {name: place for place, name in enumerate(ordered)}


def _targets(flow: Flow, state: State) -> Sequence[str]:
    return [target for target in reversed(state.targets) if target in flow.states]


def assigned(variables: Mapping[str, Variable], values: Type, state: str) -> Variables:
    """Give the variables after an Assign whose value is an object of one shape."""
    changed = dict(variables)
    for shape in values.shapes:
        for name, member in getattr(shape, "fields", {}).items():
            changed[name] = Variable(member.type.under(values).via(f"${name}, assigned in {state}", state))
    return changed
