"""Fields: values of the wrong kind, fields of the other query language, timeouts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.typing.mutation.places import drop, is_jsonata, label, put, rename, states, walk
from tests.typing.mutation.registry import operator

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = Any


def _timeouts(machine: Json, value: Json) -> Iterator[tuple[str, Json]]:
    for place, state in states(machine, "Task"):
        if "TimeoutSeconds" in state:
            yield label(place), put(machine, (*place, "TimeoutSeconds"), value)


@operator("fields")
def timeout_as_text(machine: Json) -> Iterator[tuple[str, Json]]:
    """TimeoutSeconds is an integer."""
    yield from _timeouts(machine, "30")


@operator("fields")
def timeout_of_zero(machine: Json) -> Iterator[tuple[str, Json]]:
    """TimeoutSeconds is 1 or more."""
    yield from _timeouts(machine, 0)


@operator("fields")
def timeout_with_a_fraction(machine: Json) -> Iterator[tuple[str, Json]]:
    """TimeoutSeconds is an integer."""
    yield from _timeouts(machine, 0.5)


@operator("fields")
def timeout_left_out(machine: Json) -> Iterator[tuple[str, Json]]:
    """The Task may take for ever, unlike all others."""
    for place, state in states(machine, "Task"):
        if "TimeoutSeconds" in state:
            yield label(place), drop(machine, (*place, "TimeoutSeconds"))


@operator("fields")
def heartbeat_not_below_the_timeout(machine: Json) -> Iterator[tuple[str, Json]]:
    """A heartbeat is due before the timeout."""
    for place, state in states(machine, "Task"):
        if "TimeoutSeconds" in state:
            yield label(place), put(machine, (*place, "HeartbeatSeconds"), state["TimeoutSeconds"])


@operator("fields")
def heartbeat_above_a_computed_timeout(machine: Json) -> Iterator[tuple[str, Json]]:
    """A heartbeat is due before the timeout, also where it is worked out."""
    for place, _ in states(machine, "Task"):
        if is_jsonata(machine):
            mutant = put(machine, (*place, "TimeoutSeconds"), "{% 10 * 6 %}")
            yield label(place), put(mutant, (*place, "HeartbeatSeconds"), 900)


@operator("fields")
def seconds_as_text(machine: Json) -> Iterator[tuple[str, Json]]:
    """Seconds is an integer."""
    for place, state in states(machine, "Wait"):
        if "Seconds" in state:
            yield label(place), put(machine, (*place, "Seconds"), "30")


@operator("fields")
def seconds_below_zero(machine: Json) -> Iterator[tuple[str, Json]]:
    """Seconds is 0 or more."""
    for place, state in states(machine, "Wait"):
        if "Seconds" in state:
            yield label(place), put(machine, (*place, "Seconds"), -30)


@operator("fields")
def seconds_and_timestamp(machine: Json) -> Iterator[tuple[str, Json]]:
    """A Wait has one of them."""
    for place, _ in states(machine, "Wait"):
        yield label(place), put(machine, (*place, "Timestamp"), "2026-01-01T00:00:00Z")


@operator("fields")
def timestamp_without_time(machine: Json) -> Iterator[tuple[str, Json]]:
    """A timestamp has date, time and zone."""
    for place, _ in states(machine, "Wait"):
        mutant = drop(machine, (*place, "Seconds"))
        yield label(place), put(mutant, (*place, "Timestamp"), "2026-01-01")


@operator("fields")
def fields_of_the_other_language(machine: Json) -> Iterator[tuple[str, Json]]:
    """The field belongs to the other query language."""
    names = {"Arguments": "Parameters", "Output": "ResultSelector", "Items": "ItemsPath"}
    if not is_jsonata(machine):
        names = {
            "Parameters": "Arguments",
            "ResultSelector": "Output",
            "ItemsPath": "Items",
            "OutputPath": "Output",
        }
    for place, state in states(machine):
        for name in names.keys() & state.keys():
            yield f"{label(place)}/{name}", rename(machine, (*place, name), names[name])


@operator("fields")
def paths_in_jsonata(machine: Json) -> Iterator[tuple[str, Json]]:
    """InputPath and ResultPath are fields of JSONPath."""
    if is_jsonata(machine):
        for place, _ in states(machine, "Task", "Map"):
            for name in ("InputPath", "ResultPath", "OutputPath"):
                yield f"{label(place)}/{name}", put(machine, (*place, name), "$.file")


@operator("fields")
def assign_as_text(machine: Json) -> Iterator[tuple[str, Json]]:
    """Assign is an object."""
    for place, value in walk(machine):
        if place[-1:] == ("Assign",) and isinstance(value, dict):
            yield label(place), put(machine, place, next(iter(value.values())))


@operator("fields")
def variable_that_cannot_be(machine: Json) -> Iterator[tuple[str, Json]]:
    """A name begins with a letter, and `states` is taken."""
    for place, value in walk(machine):
        if place[-1:] == ("Assign",) and isinstance(value, dict):
            ending = "" if is_jsonata(machine) else ".$"
            for name in ("1st", "states", "a-b"):
                mutant = put(machine, (*place, name + ending), "$.file" if ending else "x")
                yield f"{label(place)} {name}", mutant


@operator("fields")
def result_path_that_cannot_be_written(machine: Json) -> Iterator[tuple[str, Json]]:
    """ResultPath names one place."""
    for place, value in walk(machine):
        if place[-1:] == ("ResultPath",) and value is not None:
            for text in ("$..found", "$.found[*]", "$$.found", value.removeprefix("$.")):
                yield f"{label(place)} {text}", put(machine, place, text)


@operator("fields")
def path_without_root(machine: Json) -> Iterator[tuple[str, Json]]:
    """A path begins with $."""
    for place, value in walk(machine):
        names = ("InputPath", "OutputPath", "ItemsPath", "Variable", "ErrorPath")
        if place and place[-1] in names and isinstance(value, str):
            yield label(place), put(machine, place, value.lstrip("$."))


@operator("fields")
def condition_as_text(machine: Json) -> Iterator[tuple[str, Json]]:
    """A Condition is an expression or a boolean."""
    for place, value in walk(machine):
        if place[-1:] == ("Condition",):
            yield label(place), put(machine, place, value[2:-2].strip())


@operator("fields")
def operator_misspelt(machine: Json) -> Iterator[tuple[str, Json]]:
    """There is no such comparison."""
    for place, value in walk(machine):
        name = str(place[-1]) if place else ""
        if name.startswith(("StringE", "NumericG", "NumericE", "IsP", "IsS", "BooleanE")):
            yield label(place), rename(machine, place, name[:-1])
        del value


@operator("fields")
def operand_of_another_kind(machine: Json) -> Iterator[tuple[str, Json]]:
    """The comparison wants a value of its own kind."""
    for place, value in walk(machine):
        name = str(place[-1]) if place else ""
        if name.startswith("StringE"):
            yield label(place), put(machine, place, 5)
        elif name.startswith("Numeric"):
            yield label(place), put(machine, place, str(value))
        elif name.startswith("Is"):
            yield label(place), put(machine, place, "true")


@operator("fields")
def two_comparisons_in_one(machine: Json) -> Iterator[tuple[str, Json]]:
    """A rule has one comparison."""
    for place, value in walk(machine):
        if isinstance(value, dict) and "StringEquals" in value:
            yield label(place), put(machine, (*place, "IsPresent"), True)


@operator("fields")
def key_that_lost_its_ending(machine: Json) -> Iterator[tuple[str, Json]]:
    """Without .$ the text of the path itself is handed on."""
    for place, value in walk(machine):
        if place and str(place[-1]).endswith(".$") and isinstance(value, str):
            yield label(place), rename(machine, place, str(place[-1])[:-2])


@operator("fields")
def literal_with_the_ending(machine: Json) -> Iterator[tuple[str, Json]]:
    """With .$ the value is a path, and this is none."""
    for place, value in walk(machine):
        names = {"Parameters", "ResultSelector", "ItemSelector"} & set(place)
        is_literal = isinstance(value, str | int) and not str(place[-1] if place else "").endswith(".$")
        if names and is_literal and not is_jsonata(machine) and isinstance(place[-1], str):
            yield label(place), rename(machine, place, f"{place[-1]}.$")


@operator("fields")
def concurrency_below_zero(machine: Json) -> Iterator[tuple[str, Json]]:
    """MaxConcurrency is 0 or more."""
    for place, _ in states(machine, "Map"):
        yield label(place), put(machine, (*place, "MaxConcurrency"), -1)


@operator("fields")
def more_than_all_may_fail(machine: Json) -> Iterator[tuple[str, Json]]:
    """A percentage is 100 at most."""
    for place, state in states(machine, "Map"):
        if "ToleratedFailureCount" in state:
            yield label(place), put(machine, (*place, "ToleratedFailurePercentage"), 150)


@operator("fields")
def items_that_are_a_number(machine: Json) -> Iterator[tuple[str, Json]]:
    """A Map goes through an array or an object."""
    for place, state in states(machine, "Map"):
        if "Items" in state:
            yield label(place), put(machine, (*place, "Items"), 5)


@operator("fields")
def version_as_number(machine: Json) -> Iterator[tuple[str, Json]]:
    """Version is a text."""
    yield "/", {"Version": 1.0, **machine}


@operator("fields")
def machine_timeout_as_text(machine: Json) -> Iterator[tuple[str, Json]]:
    """TimeoutSeconds is an integer."""
    yield "/", {**machine, "TimeoutSeconds": "300"}


@operator("fields")
def error_as_number(machine: Json) -> Iterator[tuple[str, Json]]:
    """Error and Cause are texts."""
    for place, state in states(machine, "Fail"):
        for name in {"Error", "Cause"} & set(state):
            yield f"{label(place)}/{name}", put(machine, (*place, name), 500)
