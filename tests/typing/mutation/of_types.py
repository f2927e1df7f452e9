"""Types: what functions, services and states get is not what they take."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tests.typing.mutation.places import (
    Place,
    at,
    drop,
    dynamics,
    functions_called,
    is_jsonata,
    label,
    payloads,
    put,
    rename,
    replaced,
    states,
    walk,
)
from tests.typing.mutation.registry import operator

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = Any
# Members that a function takes and need not get.
OPTIONAL = ("execution", "keep", "keep.$", "execution.$")
# Members that a service takes and need not get.
FREE = (
    "Subject", "MessageAttributes", "ReturnValues", "ConditionExpression", "ExpressionAttributeNames",
    "ExpressionAttributeValues", "UpdateExpression", "TopicArn", "StringValue", "StringValue.$",
)  # fmt: skip


def _members(machine: Json) -> Iterator[tuple[Place, str]]:
    for place, payload in payloads(machine):
        for name in payload:
            yield place, name


def _services(machine: Json) -> Iterator[tuple[Place, Json]]:
    for place, state in states(machine, "Task"):
        if "lambda" not in state["Resource"]:
            name = "Arguments" if is_jsonata(machine) else "Parameters"
            yield (*place, name), state[name]


@operator("types")
def member_left_out(machine: Json) -> Iterator[tuple[str, Json]]:
    """The function requires it."""
    for place, name in _members(machine):
        if name not in OPTIONAL:
            yield f"{label(place)}/{name}", drop(machine, (*place, name))


@operator("types")
def member_misspelt(machine: Json) -> Iterator[tuple[str, Json]]:
    """The function takes no member of this name."""
    for place, name in _members(machine):
        bare, ending = (name[:-2], ".$") if name.endswith(".$") else (name, "")
        yield f"{label(place)}/{name}", rename(machine, (*place, name), bare[:-1] + ending)


@operator("types")
def member_in_other_case(machine: Json) -> Iterator[tuple[str, Json]]:
    """Names know upper and lower case."""
    for place, name in _members(machine):
        if not name[0].isupper():
            yield f"{label(place)}/{name}", rename(machine, (*place, name), name[0].upper() + name[1:])


@operator("types")
def member_too_many(machine: Json) -> Iterator[tuple[str, Json]]:
    """The function takes no member of this name."""
    for place, _ in payloads(machine):
        yield label(place), put(machine, (*place, "verbose"), True)


def _as(machine: Json, value: Json) -> Iterator[tuple[str, Json]]:
    for place, name in _members(machine):
        bare = name.removesuffix(".$")
        if bare != "keep" or value is None:
            mutant = rename(machine, (*place, name), bare)
            yield f"{label(place)}/{name}", put(mutant, (*place, bare), value)


@operator("types")
def member_as_null(machine: Json) -> Iterator[tuple[str, Json]]:
    """The function does not take null."""
    yield from _as(machine, None)


@operator("types")
def member_as_list(machine: Json) -> Iterator[tuple[str, Json]]:
    """The function does not take an empty list."""
    yield from _as(machine, [])


@operator("types")
def member_as_negative_number(machine: Json) -> Iterator[tuple[str, Json]]:
    """The function takes no such number."""
    yield from _as(machine, -1)


@operator("types")
def member_of_another_member(machine: Json) -> Iterator[tuple[str, Json]]:
    """Two values have changed places."""
    for place, payload in payloads(machine):
        names = [name for name in payload if name.removesuffix(".$") not in ("execution", "keep")]
        for one, other in pairwise(names):
            if one.endswith(".$") == other.endswith(".$") and {one, other} - {"s3Bucket.$", "s3Key.$"}:
                mutant = put(machine, (*place, one), payload[other])
                yield f"{label(place)} {one} {other}", put(mutant, (*place, other), payload[one])


@operator("types")
def payload_one_level_deeper(machine: Json) -> Iterator[tuple[str, Json]]:
    """What the function takes is wrapped in an object."""
    for place, payload in payloads(machine):
        yield label(place), put(machine, place, {"input": payload})


@operator("types")
def payload_as_list(machine: Json) -> Iterator[tuple[str, Json]]:
    """The function takes an object."""
    for place, payload in payloads(machine):
        yield label(place), put(machine, place, [payload])


@operator("types")
def payload_left_out(machine: Json) -> Iterator[tuple[str, Json]]:
    """The function gets an empty object."""
    for place, value in walk(machine):
        if place[-1:] == ("Payload",) and value:
            yield label(place), drop(machine, place)


@operator("types")
def payload_is_the_whole_context(machine: Json) -> Iterator[tuple[str, Json]]:
    """The function takes something else."""
    text, ending = ("{% $states.context %}", "") if is_jsonata(machine) else ("$$", ".$")
    for place, _ in payloads(machine):
        mutant = rename(machine, place, f"Payload{ending}")
        yield label(place), put(mutant, (*place[:-1], f"Payload{ending}"), text)


@operator("types")
def function_of_another_state(machine: Json) -> Iterator[tuple[str, Json]]:
    """Another function takes something else."""
    names = sorted({name for _, name in functions_called(machine)})
    for place, name in functions_called(machine):
        for other in names:
            if other != name:
                yield f"{label(place)} {other}", put(machine, place, other)


@operator("types")
def result_with_its_envelope(machine: Json) -> Iterator[tuple[str, Json]]:
    """What a function returned lies in Payload; the rest is Lambda's envelope."""
    for place, text in dynamics(machine):
        for old in (".result.Payload", "$.Payload"):
            is_unread = place[-1] == "Output" and at(machine, place[:-1]).get("Next")
            if old in text and "Catch" not in place and not is_unread:
                yield label(place), put(machine, place, text.replace(old, old.removesuffix(".Payload"), 1))


@operator("types")
def output_left_out(machine: Json) -> Iterator[tuple[str, Json]]:
    """The next states and the machine's output want what it made."""
    for place, state in states(machine):
        ends = state.get("End") and len(place) == 2
        for name in {"Output", "OutputPath", "ResultSelector"} & set(state):
            if ends or name == "ResultSelector":
                yield f"{label(place)}/{name}", drop(machine, (*place, name))


@operator("types")
def result_path_left_out(machine: Json) -> Iterator[tuple[str, Json]]:
    """The result replaces the input, which later states need."""
    for place, value in walk(machine):
        if place[-1:] == ("ResultPath",) and "Catch" not in place and value is not None:
            yield label(place), drop(machine, place)


@operator("types")
def catch_that_loses_the_input(machine: Json) -> Iterator[tuple[str, Json]]:
    """The error replaces the input, which later states need."""
    for place, _ in walk(machine):
        if place[-1:] == ("ResultPath",) and "Catch" in place:
            yield label(place), drop(machine, place)


@operator("types")
def result_path_elsewhere(machine: Json) -> Iterator[tuple[str, Json]]:
    """Later states look for it at the old place."""
    for place, value in walk(machine):
        if place[-1:] == ("ResultPath",) and value and value != "$.ignored":
            yield label(place), put(machine, place, f"{value}_new")


@operator("types")
def argument_misspelt(machine: Json) -> Iterator[tuple[str, Json]]:
    """The service has no such parameter."""
    for place, arguments in _services(machine):
        for name in arguments:
            bare, ending = (name[:-2], ".$") if name.endswith(".$") else (name, "")
            yield f"{label(place)}/{name}", rename(machine, (*place, name), bare[:-1] + ending)


@operator("types")
def argument_in_camel_case(machine: Json) -> Iterator[tuple[str, Json]]:
    """Step Functions writes parameters in PascalCase."""
    for place, arguments in _services(machine):
        for name in arguments:
            yield f"{label(place)}/{name}", rename(machine, (*place, name), name[0].lower() + name[1:])


@operator("types")
def argument_left_out(machine: Json) -> Iterator[tuple[str, Json]]:
    """The service requires it."""
    for place, arguments in _services(machine):
        for name in arguments:
            if name.removesuffix(".$") not in FREE:
                yield f"{label(place)}/{name}", drop(machine, (*place, name))


@operator("types")
def argument_too_many(machine: Json) -> Iterator[tuple[str, Json]]:
    """The service has no such parameter."""
    for place, _ in _services(machine):
        yield label(place), put(machine, (*place, "Region"), "eu-west-1")


@operator("types")
def argument_as_list(machine: Json) -> Iterator[tuple[str, Json]]:
    """The service takes no list there."""
    for place, arguments in _services(machine):
        for name in arguments:
            bare = name.removesuffix(".$")
            if bare not in ("Message", "MessageBody"):  # any JSON goes as its text
                mutant = rename(machine, (*place, name), bare)
                yield f"{label(place)}/{name}", put(mutant, (*place, bare), [1])


@operator("types")
def value_outside_of_the_enumeration(machine: Json) -> Iterator[tuple[str, Json]]:
    """The service knows no such value."""
    for place, value in walk(machine):
        if place[-1:] == ("ReturnValues",):
            yield label(place), put(machine, place, value.lower())


@operator("types")
def attribute_that_is_no_text(machine: Json) -> Iterator[tuple[str, Json]]:
    """DynamoDB's attributes are texts, numbers too."""
    for place, value in walk(machine):
        if place[-1:] in (("S",), ("S.$",)) and isinstance(value, str):
            mutant = rename(machine, place, "S")
            yield label(place), put(mutant, (*place[:-1], "S"), 5)


@operator("types")
def attribute_without_its_type(machine: Json) -> Iterator[tuple[str, Json]]:
    """An attribute is an object that names its type."""
    for place, value in walk(machine):
        if isinstance(value, dict) and set(value) == {"S"}:
            yield label(place), put(machine, place, value["S"])


@operator("types")
def attribute_of_an_unknown_type(machine: Json) -> Iterator[tuple[str, Json]]:
    """There is no such type of attribute."""
    for place, value in walk(machine):
        if isinstance(value, dict) and set(value) in ({"S"}, {"S.$"}):
            (name,) = value
            yield label(place), rename(machine, (*place, name), name.replace("S", "Str"))


@operator("types")
def machine_output_without_a_member(machine: Json) -> Iterator[tuple[str, Json]]:
    """The machine's own output is declared."""
    for place, state in states(machine, "Pass"):
        if state.get("End"):
            for name in state.get("Parameters", {}):
                yield f"{label(place)}/{name}", drop(machine, (*place, "Parameters", name))


@operator("types")
def seconds_of_another_type(machine: Json) -> Iterator[tuple[str, Json]]:
    """What comes out is no integer."""
    for place, state in states(machine, "Wait"):
        if is_jsonata(machine) and "Seconds" in state:
            for text in ("{% $string(30) %}", "{% 0.5 %}", "{% true %}", "{% [30] %}"):
                yield f"{label(place)} {text}", put(machine, (*place, "Seconds"), text)


@operator("types")
def number_made_a_text(machine: Json) -> Iterator[tuple[str, Json]]:
    """A number is wanted, and this is its text."""
    if is_jsonata(machine):
        yield from replaced(
            machine, r"(?<!string\()\$(plan|file)\.(shards|partitions|size|shard_bytes)\b", r"$string(\g<0>)"
        )
