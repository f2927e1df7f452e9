"""Deployment: placeholders, resources, permissions, bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.typing.mutation.places import drop, functions_called, is_jsonata, label, put, states, walk
from tests.typing.mutation.registry import operator

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = Any


def _resources(machine: Json) -> Iterator[tuple[Any, str]]:
    for place, state in states(machine, "Task"):
        yield (*place, "Resource"), state["Resource"]


@operator("deployment")
def placeholder_misspelt(machine: Json) -> Iterator[tuple[str, Json]]:
    """The deployment has nothing of this name."""
    for place, value in walk(machine):
        if isinstance(value, str) and value.startswith("${"):
            yield label(place), put(machine, place, value.replace("}", "s}"))


@operator("deployment")
def placeholder_of_another_kind(machine: Json) -> Iterator[tuple[str, Json]]:
    """The deployment has nothing of this name."""
    for place, value in walk(machine):
        if isinstance(value, str) and value.startswith("${"):
            ending = next(each for each in ("Arn", "Url", "Table", "Bucket") if each in value)
            yield label(place), put(machine, place, value.replace(ending, "Name"))


@operator("deployment")
def function_that_is_not_there(machine: Json) -> Iterator[tuple[str, Json]]:
    """No function has this name."""
    for place, name in functions_called(machine):
        yield label(place), put(machine, place, name.replace("Arn}", "V2Arn}"))


@operator("deployment")
def service_misspelt(machine: Json) -> Iterator[tuple[str, Json]]:
    """There is no such service."""
    for place, resource in _resources(machine):
        service = resource.split(":")[5]
        yield label(place), put(machine, place, resource.replace(f":{service}:", f":{service[:-1]}:"))


@operator("deployment")
def action_misspelt(machine: Json) -> Iterator[tuple[str, Json]]:
    """The service has no such operation."""
    for place, resource in _resources(machine):
        yield label(place), put(machine, place, resource + "s")


@operator("deployment")
def action_of_the_sdk_misspelt(machine: Json) -> Iterator[tuple[str, Json]]:
    """The service has no such operation."""
    for place, resource in _resources(machine):
        if "lambda" not in resource:
            mutant = resource.replace("states:::", "states:::aws-sdk:") + "s"
            yield label(place), put(machine, place, mutant)


@operator("deployment")
def action_without_its_service(machine: Json) -> Iterator[tuple[str, Json]]:
    """A resource names service and action."""
    for place, resource in _resources(machine):
        yield label(place), put(machine, place, resource.rpartition(":")[0])


@operator("deployment")
def pattern_that_does_not_exist(machine: Json) -> Iterator[tuple[str, Json]]:
    """There are .sync, .sync:2 and .waitForTaskToken, each where the service has it."""
    for place, resource in _resources(machine):
        for pattern in (".waitForToken", ".async", ".sync:3"):
            yield f"{label(place)} {pattern}", put(machine, place, resource + pattern)


@operator("deployment")
def pattern_that_the_service_lacks(machine: Json) -> Iterator[tuple[str, Json]]:
    """Lambda, SQS, SNS and DynamoDB cannot be waited for with .sync."""
    for place, resource in _resources(machine):
        yield label(place), put(machine, place, resource + ".sync")


@operator("deployment")
def token_that_is_not_handed_on(machine: Json) -> Iterator[tuple[str, Json]]:
    """Nobody can answer: the token is not in what is sent."""
    for place, resource in _resources(machine):
        if "dynamodb" not in resource and "ItemProcessor" not in place:
            yield label(place), put(machine, place, resource + ".waitForTaskToken")


@operator("deployment")
def resource_left_out(machine: Json) -> Iterator[tuple[str, Json]]:
    """A Task names what it calls."""
    for place, _ in _resources(machine):
        yield label(place), drop(machine, place)


@operator("deployment")
def function_name_left_out(machine: Json) -> Iterator[tuple[str, Json]]:
    """lambda:invoke needs FunctionName."""
    for place, _ in functions_called(machine):
        yield label(place), drop(machine, place)


@operator("deployment")
def waiting_in_an_express_execution(machine: Json) -> Iterator[tuple[str, Json]]:
    """An EXPRESS execution waits for no answers."""
    for place, resource in _resources(machine):
        if "ItemProcessor" in place and is_jsonata(machine):
            yield label(place), put(machine, place, resource + ".waitForTaskToken")


@operator("deployment")
def concurrency_left_out(machine: Json) -> Iterator[tuple[str, Json]]:
    """A Distributed Map without MaxConcurrency runs thousands of functions at once."""
    for place, state in states(machine, "Map"):
        if state["ItemProcessor"].get("ProcessorConfig", {}).get("Mode") == "DISTRIBUTED":
            yield label(place), drop(machine, (*place, "MaxConcurrency"))


@operator("deployment")
def reader_of_an_inline_map(machine: Json) -> Iterator[tuple[str, Json]]:
    """Only a Distributed Map reads items from S3."""
    reader = {"Resource": "arn:aws:states:::s3:listObjectsV2", "Parameters": {"Bucket": "b"}}
    for place, state in states(machine, "Map"):
        if state["ItemProcessor"].get("ProcessorConfig", {}).get("Mode") != "DISTRIBUTED":
            yield label(place), put(machine, (*place, "ItemReader"), reader)


@operator("deployment")
def timeout_below_the_functions(machine: Json) -> Iterator[tuple[str, Json]]:
    """The Task gives up and its function goes on."""
    for place, state in states(machine, "Task"):
        if state["Resource"].endswith("lambda:invoke") and "ItemProcessor" not in place:
            yield label(place), put(machine, (*place, "TimeoutSeconds"), 20)


@operator("deployment")
def timeout_far_above_the_functions(machine: Json) -> Iterator[tuple[str, Json]]:
    """The Task waits for a function that has ended long ago."""
    for place, state in states(machine, "Task"):
        if state["Resource"].endswith("lambda:invoke"):
            yield label(place), put(machine, (*place, "TimeoutSeconds"), 86_400)
