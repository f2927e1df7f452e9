"""Variables: names, scopes, and whether they are assigned on every way."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tests.typing.mutation.places import (
    Place,
    drop,
    dynamics,
    is_jsonata,
    label,
    put,
    rename,
    states,
    walk,
)
from tests.typing.mutation.registry import operator

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = Any


def _assigned(machine: Json) -> Iterator[tuple[Place, str]]:
    for place, _ in walk(machine):
        if len(place) >= 2 and place[-2] == "Assign":
            yield place, str(place[-1]).removesuffix(".$")


def _uses(machine: Json) -> Iterator[tuple[Place, str, re.Match[str]]]:
    names = {name for _, name in _assigned(machine)}
    for place, text in dynamics(machine):
        for match in re.finditer(r"\$([A-Za-z_]\w*)\b(?!\()", text):
            if match[1] in names:
                yield place, text, match


@operator("variables")
def variable_misspelt_where_used(machine: Json) -> Iterator[tuple[str, Json]]:
    """No variable has this name."""
    for place, text, match in _uses(machine):
        changed = f"{text[: match.end()]}x{text[match.end() :]}"
        yield f"{label(place)} {match.start()}", put(machine, place, changed)


@operator("variables")
def variable_in_other_case(machine: Json) -> Iterator[tuple[str, Json]]:
    """Names know upper and lower case."""
    for place, text, match in _uses(machine):
        changed = f"{text[: match.start()]}${match[1].capitalize()}{text[match.end() :]}"
        yield f"{label(place)} {match.start()}", put(machine, place, changed)


@operator("variables")
def variable_misspelt_where_assigned(machine: Json) -> Iterator[tuple[str, Json]]:
    """Those that use it find none of the old name."""
    for place, name in _assigned(machine):
        ending = ".$" if str(place[-1]).endswith(".$") else ""
        yield label(place), rename(machine, place, f"{name}_new{ending}")


@operator("variables")
def variable_not_assigned(machine: Json) -> Iterator[tuple[str, Json]]:
    """Those that use it find none, or none on this way."""
    for place, _ in _assigned(machine):
        yield label(place), drop(machine, place)


@operator("variables")
def assign_left_out(machine: Json) -> Iterator[tuple[str, Json]]:
    """Those that use its variables find none, or none on this way."""
    for place, _ in walk(machine):
        if place[-1:] == ("Assign",):
            yield label(place), drop(machine, place)


@operator("variables")
def variable_without_its_mark(machine: Json) -> Iterator[tuple[str, Json]]:
    """Without $ it is a path, which leads to nothing."""
    for place, text, match in _uses(machine):
        changed = f"{text[: match.start()]}{match[1]}{text[match.end() :]}"
        yield f"{label(place)} {match.start()}", put(machine, place, changed)


@operator("variables")
def variable_taken_for_the_input(machine: Json) -> Iterator[tuple[str, Json]]:
    """The state's input has no such member."""
    root = "$states.input." if is_jsonata(machine) else "$."
    for place, text, match in _uses(machine):
        if not {"Catch", "ItemSelector", "ItemProcessor"} & set(place):
            changed = f"{text[: match.start()]}{root}nowhere.{match[1]}{text[match.end() :]}"
            yield f"{label(place)} {match.start()}", put(machine, place, changed)


@operator("variables")
def outer_variable_in_a_distributed_map(machine: Json) -> Iterator[tuple[str, Json]]:
    """The executions of a Distributed Map see no variable of outside."""
    for place, state in states(machine, "Task"):
        if "ItemProcessor" not in place or not is_jsonata(machine):
            continue
        payload = state["Arguments"].get("Payload")
        if payload is not None:
            value = {**payload, "file": "{% $plan %}"} if isinstance(payload, dict) else "{% $plan %}"
            yield label(place), put(machine, (*place, "Arguments", "Payload"), value)


@operator("variables")
def inner_variable_outside(machine: Json) -> Iterator[tuple[str, Json]]:
    """What an iteration assigns is not seen outside."""
    inner = {name for place, name in _assigned(machine) if "ItemProcessor" in place}
    outer = {name for place, name in _assigned(machine) if "ItemProcessor" not in place}
    for place, _ in states(machine, "Map"):
        if is_jsonata(machine):
            for name in sorted(inner - outer):
                yield f"{label(place)} {name}", put(machine, (*place, "Output"), f"{{% ${name} %}}")


@operator("variables")
def variable_used_where_it_is_assigned(machine: Json) -> Iterator[tuple[str, Json]]:
    """A state sees the variables that there were before it."""
    for place, state in states(machine, "Task", "Pass", "Map"):
        for name in state.get("Assign", {}):
            others = [p for p, other in _assigned(machine) if other == name.removesuffix(".$")]
            if len(others) == 1 and is_jsonata(machine):
                mutant = put(machine, (*place, "Output"), f"{{% ${name} %}}")
                yield f"{label(place)} {name}", mutant


@operator("variables")
def variable_of_another_type(machine: Json) -> Iterator[tuple[str, Json]]:
    """Those that use it want something else."""
    for place, name in _assigned(machine):
        if str(place[-2]) == "Assign" and name not in ("keep", "started_at", "quarantined"):
            bare = put(machine, place, False)
            yield label(place), rename(bare, place, name)
