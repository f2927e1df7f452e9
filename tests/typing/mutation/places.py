"""Walking definitions, and changing them in one place."""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = Any
Place = tuple[str | int, ...]

PATH_FIELDS = ("InputPath", "OutputPath", "ItemsPath", "SecondsPath", "TimeoutSecondsPath", "Variable")


def walk(value: Json, place: Place = ()) -> Iterator[tuple[Place, Json]]:
    """Give every value of a definition with its place."""
    yield place, value
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, member in members:
        yield from walk(member, (*place, key))


def at(machine: Json, place: Place) -> Json:
    """Give the value at a place."""
    for key in place:
        machine = machine[key]
    return machine


def _copied(machine: Json, place: Place) -> tuple[Json, Json]:
    """Copy a definition along the way to a place; give the copy, and what is at the place in it."""
    copied = copy.copy(machine)
    if not place:
        return copied, copied
    inner, found = _copied(machine[place[0]], place[1:])
    copied[place[0]] = inner
    return copied, found


def put(machine: Json, place: Place, value: Json) -> Json:
    """Give a copy with another value at a place."""
    mutant, parent = _copied(machine, place[:-1])
    parent[place[-1]] = value
    return mutant


def drop(machine: Json, place: Place) -> Json:
    """Give a copy without what is at a place."""
    mutant, parent = _copied(machine, place[:-1])
    del parent[place[-1]]
    return mutant


def rename(machine: Json, place: Place, name: str) -> Json:
    """Give a copy with a member under another name, where it stood."""
    mutant, parent = _copied(machine, place[:-1])
    members = [(name if key == place[-1] else key, value) for key, value in parent.items()]
    parent.clear()
    parent.update(members)
    return mutant


def states(machine: Json, *kinds: str) -> Iterator[tuple[Place, Json]]:
    """Give every state of some types, of all without one."""
    for place, value in walk(machine):
        is_state = len(place) >= 2 and place[-2] == "States" and isinstance(value, dict)
        if is_state and (not kinds or value.get("Type") in kinds):
            yield place, value


def is_jsonata(machine: Json) -> bool:
    return bool(machine.get("QueryLanguage") == "JSONata")


def is_dynamic(place: Place, value: Json) -> bool:
    """Say whether a text is a path, a call or an expression; ResultPath, which only writes, is none."""
    if not isinstance(value, str) or not place or place[-1] == "ResultPath":
        return False
    key = str(place[-1])
    return value.startswith("{%") or key.endswith(".$") or key in (*PATH_FIELDS, "ErrorPath", "CausePath")


def dynamics(machine: Json) -> Iterator[tuple[Place, str]]:
    """Give every path, call and expression."""
    for place, value in walk(machine):
        if is_dynamic(place, value):
            yield place, value


def functions_called(machine: Json) -> Iterator[tuple[Place, str]]:
    """Give the place of every FunctionName."""
    for place, value in walk(machine):
        if place and place[-1] == "FunctionName" and isinstance(value, str):
            yield place, value


def payloads(machine: Json) -> Iterator[tuple[Place, Json]]:
    """Give what each function gets, where it is written as an object."""
    for place, value in walk(machine):
        if place and place[-1] == "Payload" and isinstance(value, dict):
            yield place, value


def replaced(machine: Json, old: str, new: str) -> Iterator[tuple[str, Json]]:
    """Give a mutant for each path or expression that has a text in it, with another one instead."""
    for place, text in dynamics(machine):
        for match in re.finditer(old, text):
            changed = text[: match.start()] + match.expand(new) + text[match.end() :]
            yield f"{label(place)} {match[0]} -> {match.expand(new)}", put(machine, place, changed)


def label(place: Place) -> str:
    """Write a place as a pointer."""
    return "/" + "/".join(str(key) for key in place)
