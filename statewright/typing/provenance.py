"""Where a value comes from: its ways, step by step, from where it began to where it is.

    (the result of CollectData (functions/collect_data.json), the items of ParseShards, the output of Pick)

A type has the steps of the whole value that it stands for; a member that came from elsewhere has its own.
What is taken out of a value has gone, since it was put there, where the value went.
"""

from __future__ import annotations

from dataclasses import dataclass

MOST_WAYS = 4
_MOST_STEPS = 24


@dataclass(frozen=True, slots=True)
class Step:
    """One step, in words; `state`: where it was taken. A source is where values begin."""

    words: str
    state: str = ""
    is_source: bool = False


Way = tuple[Step, ...]
Origin = tuple[Way, ...]


def stepped(origin: Origin, step: Step) -> Origin:
    """Go one step further, on each way; a step of the state that the way has come to adds nothing."""
    if not origin:
        return ((step,),)
    return tuple(dict.fromkeys(_further(way, step) for way in origin))


def _further(way: Way, step: Step) -> Way:
    is_here = bool(step.state) and way[-1].state == step.state
    return way if is_here or step in way or len(way) >= _MOST_STEPS else (*way, step)


def taken_from(own: Origin, whole: Origin) -> Origin:
    """Give the origin of a part of a value: its own, and where the value has gone since it was put there."""
    if not own or not whole:
        return own or whole
    return tuple(dict.fromkeys(_continued(way, whole) for way in own))


def _continued(way: Way, whole: Origin) -> Way:
    passages = [tuple(step for step in each if not step.is_source) for each in whole]
    since = [after for after in (_since(each, way[-1].state) for each in passages) if after is not None]
    for step in _common_end(since or passages):
        way = _further(way, step)
    return way


def _since(steps: Way, state: str) -> Way | None:
    """Give the steps from a state on; None where there is none of it."""
    for place, step in enumerate(steps):
        if state and step.state == state:
            return steps[place:]
    return None


def _common_end(ways: list[Way]) -> Way:
    """Of ways that differ, what they have in common at their end is all that is known."""
    first, *others = ways
    for other in others:
        count = 0
        while count < min(len(first), len(other)) and first[-1 - count] == other[-1 - count]:
            count += 1
        first = first[len(first) - count :]
    return first


def in_words(origin: Origin) -> tuple[tuple[str, ...], ...]:
    """Write ways as lists of words."""
    return tuple(tuple(step.words for step in way) for way in origin)
