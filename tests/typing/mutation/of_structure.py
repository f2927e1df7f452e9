"""Structure: transitions, types of states, fields that belong elsewhere."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

from tests.typing.mutation.places import at, drop, is_jsonata, label, put, rename, states, walk
from tests.typing.mutation.registry import operator

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = Any
Made = "Iterator[tuple[str, Json]]"


def _fields(machine: Json, *names: str) -> Iterator[tuple[tuple[Any, ...], Json]]:
    for place, value in walk(machine):
        if place and place[-1] in names and isinstance(value, str):
            yield place, value


@operator("structure")
def target_misspelt(machine: Json) -> Iterator[tuple[str, Json]]:
    """No state has this name."""
    for place, value in _fields(machine, "Next", "Default", "StartAt"):
        yield label(place), put(machine, place, value[:-1])


@operator("structure")
def target_in_other_case(machine: Json) -> Iterator[tuple[str, Json]]:
    """Names of states know upper and lower case."""
    for place, value in _fields(machine, "Next", "Default", "StartAt"):
        yield label(place), put(machine, place, value.lower())


@operator("structure")
def target_inside_a_map(machine: Json) -> Iterator[tuple[str, Json]]:
    """A transition cannot lead into a Map's processor."""
    inner = [place for place, _ in states(machine) if "ItemProcessor" in place]
    for place, _ in _fields(machine, "Next"):
        if inner and "ItemProcessor" not in place:
            yield label(place), put(machine, place, inner[0][-1])


@operator("structure")
def target_outside_of_the_map(machine: Json) -> Iterator[tuple[str, Json]]:
    """A transition cannot lead out of a Map's processor."""
    for place, state in states(machine):
        if "ItemProcessor" in place and "Next" in state:
            yield label(place), put(machine, (*place, "Next"), machine["StartAt"])


@operator("structure")
def next_left_out(machine: Json) -> Iterator[tuple[str, Json]]:
    """A state without End needs Next."""
    for place, state in states(machine):
        if "Next" in state:
            yield label(place), drop(machine, (*place, "Next"))


@operator("structure")
def end_left_out(machine: Json) -> Iterator[tuple[str, Json]]:
    """A state without Next needs End."""
    for place, state in states(machine):
        if state.get("End"):
            yield label(place), drop(machine, (*place, "End"))


@operator("structure")
def end_beside_next(machine: Json) -> Iterator[tuple[str, Json]]:
    """A state has Next or End."""
    for place, state in states(machine):
        if "Next" in state:
            yield label(place), put(machine, (*place, "End"), True)


@operator("structure")
def end_as_text(machine: Json) -> Iterator[tuple[str, Json]]:
    """End is a boolean."""
    for place, state in states(machine):
        if state.get("End"):
            yield label(place), put(machine, (*place, "End"), "true")


@operator("structure")
def next_in_a_terminal_state(machine: Json) -> Iterator[tuple[str, Json]]:
    """Succeed and Fail have no Next."""
    for place, _ in states(machine, "Succeed", "Fail"):
        yield label(place), put(machine, (*place, "Next"), at(machine, place[:-2])["StartAt"])


@operator("structure")
def next_in_a_choice(machine: Json) -> Iterator[tuple[str, Json]]:
    """A Choice has no Next."""
    for place, state in states(machine, "Choice"):
        yield label(place), put(machine, (*place, "Next"), state["Choices"][0]["Next"])


@operator("structure")
def rule_without_next(machine: Json) -> Iterator[tuple[str, Json]]:
    """Each rule of a Choice leads somewhere."""
    for place, state in states(machine, "Choice"):
        for number in range(len(state["Choices"])):
            yield f"{label(place)} {number}", drop(machine, (*place, "Choices", number, "Next"))


@operator("structure")
def rule_without_condition(machine: Json) -> Iterator[tuple[str, Json]]:
    """Each rule of a Choice has a condition."""
    for place, state in states(machine, "Choice"):
        for number, rule in enumerate(state["Choices"]):
            mutant = put(machine, (*place, "Choices", number), {"Next": rule["Next"]})
            yield f"{label(place)} {number}", mutant


@operator("structure")
def choices_empty(machine: Json) -> Iterator[tuple[str, Json]]:
    """A Choice has at least one rule."""
    for place, _ in states(machine, "Choice"):
        yield label(place), put(machine, (*place, "Choices"), [])


@operator("structure")
def choices_as_object(machine: Json) -> Iterator[tuple[str, Json]]:
    """Choices is a list."""
    for place, state in states(machine, "Choice"):
        yield label(place), put(machine, (*place, "Choices"), state["Choices"][0])


@operator("structure")
def default_left_out(machine: Json) -> Iterator[tuple[str, Json]]:
    """The last of the cases is left to no rule: States.NoChoiceMatched."""
    for place, _ in states(machine, "Choice"):
        yield label(place), drop(machine, (*place, "Default"))


@operator("structure")
def type_misspelt(machine: Json) -> Iterator[tuple[str, Json]]:
    """There is no such type of state."""
    for place, state in states(machine):
        yield label(place), put(machine, (*place, "Type"), state["Type"].lower())


@operator("structure")
def type_left_out(machine: Json) -> Iterator[tuple[str, Json]]:
    """Each state has a Type."""
    for place, _ in states(machine):
        yield label(place), drop(machine, (*place, "Type"))


@operator("structure")
def type_of_another_state(machine: Json) -> Iterator[tuple[str, Json]]:
    """The fields of a Task are none of a Pass, and those of a Map none of a Parallel."""
    other = {"Task": "Pass", "Map": "Parallel", "Wait": "Pass", "Choice": "Pass"}
    for place, state in states(machine, *other):
        yield label(place), put(machine, (*place, "Type"), other[state["Type"]])


@operator("structure")
def field_misspelt(machine: Json) -> Iterator[tuple[str, Json]]:
    """AWS refuses fields that it does not know."""
    for place, state in states(machine):
        for name in state:
            if name != "Comment":
                yield f"{label(place)}/{name}", rename(machine, (*place, name), name[:-1])


@operator("structure")
def field_in_other_case(machine: Json) -> Iterator[tuple[str, Json]]:
    """Names of fields know upper and lower case."""
    for place, state in states(machine):
        for name in state:
            yield f"{label(place)}/{name}", rename(machine, (*place, name), name[0].lower() + name[1:])


@operator("structure")
def unknown_field(machine: Json) -> Iterator[tuple[str, Json]]:
    """AWS refuses fields that it does not know."""
    for place, _ in states(machine):
        yield label(place), put(machine, (*place, "Description"), "what it does")


@operator("structure")
def schema_beside_the_states(machine: Json) -> Iterator[tuple[str, Json]]:
    """$schema is no field of a definition."""
    yield "/", {"$schema": "https://json-schema.org/draft/2020-12/schema", **machine}


@operator("structure")
def comment_as_object(machine: Json) -> Iterator[tuple[str, Json]]:
    """A Comment is a text."""
    for place, _ in states(machine):
        yield label(place), put(machine, (*place, "Comment"), {"owner": "data"})


@operator("structure")
def query_language_among_states(machine: Json) -> Iterator[tuple[str, Json]]:
    """QueryLanguage stands beside States, not in it."""
    mutant = drop(machine, ("QueryLanguage",))
    yield "/States", put(mutant, ("States", "QueryLanguage"), machine["QueryLanguage"])


@operator("structure")
def query_language_left_out(machine: Json) -> Iterator[tuple[str, Json]]:
    """Without it the language is JSONPath, which has no Arguments."""
    if is_jsonata(machine):
        yield "/", drop(machine, ("QueryLanguage",))


@operator("structure")
def query_language_of_the_other_kind(machine: Json) -> Iterator[tuple[str, Json]]:
    """The fields are those of the other query language."""
    yield "/", put(machine, ("QueryLanguage",), "JSONPath" if is_jsonata(machine) else "JSONata")


@operator("structure")
def state_that_nothing_leads_to(machine: Json) -> Iterator[tuple[str, Json]]:
    """AWS refuses a state that is never reached."""
    for place, _ in states(machine, "Task"):
        flow = at(machine, place[:-2])
        yield label(place), put(machine, (*place[:-1], f"{place[-1]}Old"), flow["States"][place[-1]])


@operator("structure")
def state_left_out(machine: Json) -> Iterator[tuple[str, Json]]:
    """What leads to it leads nowhere."""
    for place, _ in states(machine):
        yield label(place), drop(machine, place)


@operator("structure")
def two_states_of_one_name(machine: Json) -> Iterator[tuple[str, Json]]:
    """A name is unique in the whole machine, processors included."""
    outer = next(iter(machine["States"]))
    for place, _ in states(machine, "Map"):
        flow = copy.deepcopy(at(machine, (*place, "ItemProcessor")))
        text = json.dumps(flow).replace(f'"{flow["StartAt"]}"', f'"{outer}"')
        yield label(place), put(machine, (*place, "ItemProcessor"), json.loads(text))


@operator("structure")
def name_twice_in_one_object(machine: Json) -> Iterator[tuple[str, Json]]:
    """Of two members of one name one is lost."""
    text = json.dumps(machine, indent=2)
    for name in ("StartAt", "QueryLanguage"):
        line = f'  "{name}": "{machine[name]}",\n'
        yield name, text.replace(line, line + line, 1)


@operator("structure")
def comma_too_many(machine: Json) -> Iterator[tuple[str, Json]]:
    """JSON has no comma behind the last member."""
    text = json.dumps(machine, indent=2)
    yield "last", text[: text.rindex("}")].rstrip() + ",\n}"


@operator("structure")
def loop_without_end(machine: Json) -> Iterator[tuple[str, Json]]:
    """What handled the failure ends in a failure no more, but begins anew for ever."""
    for place, state in states(machine, "Fail"):
        if "ItemProcessor" in place:
            continue
        feeders = [p for p, s in states(machine) if s.get("Next") == place[-1] and len(p) == 2]
        for feeder in feeders:
            yield label(feeder), put(machine, (*feeder, "Next"), feeder[-1])
        del state


@operator("structure")
def processor_without_start(machine: Json) -> Iterator[tuple[str, Json]]:
    """A processor says where it starts."""
    for place, _ in states(machine, "Map"):
        yield label(place), drop(machine, (*place, "ItemProcessor", "StartAt"))


@operator("structure")
def processor_left_out(machine: Json) -> Iterator[tuple[str, Json]]:
    """A Map needs a processor."""
    for place, _ in states(machine, "Map"):
        yield label(place), drop(machine, (*place, "ItemProcessor"))


@operator("structure")
def mode_misspelt(machine: Json) -> Iterator[tuple[str, Json]]:
    """There are the modes INLINE and DISTRIBUTED."""
    for place, value in walk(machine):
        if place[-1:] == ("Mode",):
            yield label(place), put(machine, place, value.capitalize())


@operator("structure")
def execution_type_left_out(machine: Json) -> Iterator[tuple[str, Json]]:
    """A Distributed Map says what its executions are."""
    for place, _ in walk(machine):
        if place[-1:] == ("ExecutionType",):
            yield label(place), drop(machine, place)
