"""Retry and Catch: names, order, numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.typing.mutation.places import Place, at, drop, label, put, rename, states, walk
from tests.typing.mutation.registry import operator

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = Any
# Names that only some functions raise: misspelt, no function does.
OWN = ("Throttled", "ServiceUnavailable")


def _parts(machine: Json, *names: str) -> Iterator[tuple[Place, Json]]:
    for place, value in walk(machine):
        if len(place) >= 2 and place[-2] in names and isinstance(value, dict):
            yield place, value


def _retriers(machine: Json) -> Iterator[tuple[Place, Json]]:
    return _parts(machine, "Retry")


def _names(machine: Json) -> Iterator[tuple[Place, str]]:
    for place, value in walk(machine):
        if len(place) >= 2 and place[-2] == "ErrorEquals":
            yield place, value


@operator("errors")
def own_error_misspelt(machine: Json) -> Iterator[tuple[str, Json]]:
    """The function raises no error of this name."""
    for place, name in _names(machine):
        if name in OWN:
            yield label(place), put(machine, place, name[:-1])


@operator("errors")
def own_error_with_its_module(machine: Json) -> Iterator[tuple[str, Json]]:
    """Lambda gives the bare name of the class."""
    for place, name in _names(machine):
        if name in OWN:
            yield label(place), put(machine, place, f"pipeline.errors.{name}")


@operator("errors")
def own_error_in_other_case(machine: Json) -> Iterator[tuple[str, Json]]:
    """Names of errors know upper and lower case."""
    for place, name in _names(machine):
        if name in OWN:
            yield label(place), put(machine, place, name.lower())


@operator("errors")
def error_of_another_function(machine: Json) -> Iterator[tuple[str, Json]]:
    """This function does not raise it."""
    for place, name in _names(machine):
        if name in OWN:
            yield label(place), put(machine, place, "CardDeclined")


@operator("errors")
def reserved_error_misspelt(machine: Json) -> Iterator[tuple[str, Json]]:
    """AWS has no error of this name."""
    other = {"States.Timeout": "States.TimeOut", "States.ALL": "States.All"}
    for place, name in _names(machine):
        if name in other:
            yield label(place), put(machine, place, other[name])


@operator("errors")
def reserved_error_that_does_not_exist(machine: Json) -> Iterator[tuple[str, Json]]:
    """The prefix States. is reserved."""
    for place, name in _names(machine):
        if name in ("States.Timeout", "States.ALL"):
            yield label(place), put(machine, place, "States.Throttled")


@operator("errors")
def reserved_error_in_lower_case(machine: Json) -> Iterator[tuple[str, Json]]:
    """States.ALL is written so."""
    for place, name in _names(machine):
        if name == "States.ALL":
            yield label(place), put(machine, place, "states.all")


@operator("errors")
def star_for_all(machine: Json) -> Iterator[tuple[str, Json]]:
    """There are no wildcards."""
    for place, name in _names(machine):
        if name == "States.ALL":
            yield label(place), put(machine, place, "*")


@operator("errors")
def lambda_error_misspelt(machine: Json) -> Iterator[tuple[str, Json]]:
    """Lambda raises no error of this name."""
    other = {
        "Lambda.ServiceException": "Lambda.ServiceExeption",
        "Lambda.TooManyRequestsException": "Lambda.TooManyRequestException",
        "Lambda.SdkClientException": "Lambda.SDKClientExceptions",
    }
    for place, name in _names(machine):
        if name in other:
            yield label(place), put(machine, place, other[name])


@operator("errors")
def all_beside_others(machine: Json) -> Iterator[tuple[str, Json]]:
    """States.ALL stands alone."""
    for place, part in _parts(machine, "Retry", "Catch"):
        names = part["ErrorEquals"]
        mutant = [*names, "States.Timeout"] if "States.ALL" in names else [*names, "States.ALL"]
        yield label(place), put(machine, (*place, "ErrorEquals"), mutant)


@operator("errors")
def all_not_last(machine: Json) -> Iterator[tuple[str, Json]]:
    """States.ALL comes last."""
    for place, _ in states(machine, "Task", "Map"):
        for name in ("Retry", "Catch"):
            parts = at(machine, place).get(name)
            if parts:
                first = {**parts[0], "ErrorEquals": ["States.ALL"]}
                rest = [{**part, "ErrorEquals": ["States.Timeout"]} for part in parts]
                yield f"{label(place)}/{name}", put(machine, (*place, name), [first, *rest])


@operator("errors")
def error_named_twice(machine: Json) -> Iterator[tuple[str, Json]]:
    """The earlier one takes it: the later one never matches."""
    for place, state in states(machine, "Task", "Map"):
        if len(state.get("Retry", ())) > 1:
            first = state["Retry"][0]["ErrorEquals"]
            yield label(place), put(machine, (*place, "Retry", 1, "ErrorEquals"), [first[0]])


@operator("errors")
def task_failed_before_others(machine: Json) -> Iterator[tuple[str, Json]]:
    """States.TaskFailed takes all errors of the function."""
    for place, state in states(machine, "Task"):
        if len(state.get("Retry", ())) > 1 and "States.ALL" not in state["Retry"][1]["ErrorEquals"]:
            yield label(place), put(machine, (*place, "Retry", 0, "ErrorEquals"), ["States.TaskFailed"])


@operator("errors")
def runtime_alone(machine: Json) -> Iterator[tuple[str, Json]]:
    """States.Runtime is neither retried nor caught."""
    for place, _ in _parts(machine, "Retry", "Catch"):
        yield label(place), put(machine, (*place, "ErrorEquals"), ["States.Runtime"])


@operator("errors")
def errors_left_out(machine: Json) -> Iterator[tuple[str, Json]]:
    """Retry and Catch say for which errors."""
    for place, _ in _parts(machine, "Retry", "Catch"):
        yield label(place), drop(machine, (*place, "ErrorEquals"))


@operator("errors")
def errors_empty(machine: Json) -> Iterator[tuple[str, Json]]:
    """At least one error is named."""
    for place, _ in _parts(machine, "Retry", "Catch"):
        yield label(place), put(machine, (*place, "ErrorEquals"), [])


@operator("errors")
def errors_as_text(machine: Json) -> Iterator[tuple[str, Json]]:
    """ErrorEquals is a list."""
    for place, part in _parts(machine, "Retry", "Catch"):
        yield label(place), put(machine, (*place, "ErrorEquals"), part["ErrorEquals"][0])


@operator("errors")
def retry_as_object(machine: Json) -> Iterator[tuple[str, Json]]:
    """Retry and Catch are lists."""
    for place, state in states(machine):
        for name in {"Retry", "Catch"} & set(state):
            yield f"{label(place)}/{name}", put(machine, (*place, name), state[name][0])


@operator("errors")
def retry_where_there_is_none(machine: Json) -> Iterator[tuple[str, Json]]:
    """Only Task, Map and Parallel have Retry."""
    for place, _ in states(machine, "Pass", "Choice", "Wait", "Fail", "Succeed"):
        yield label(place), put(machine, (*place, "Retry"), [{"ErrorEquals": ["States.ALL"]}])


@operator("errors")
def catch_without_next(machine: Json) -> Iterator[tuple[str, Json]]:
    """A Catch leads somewhere."""
    for place, _ in _parts(machine, "Catch"):
        yield label(place), drop(machine, (*place, "Next"))


@operator("errors")
def catch_to_nowhere(machine: Json) -> Iterator[tuple[str, Json]]:
    """No state has this name."""
    for place, part in _parts(machine, "Catch"):
        yield label(place), put(machine, (*place, "Next"), f"{part['Next']}s")


@operator("errors")
def retry_field_misspelt(machine: Json) -> Iterator[tuple[str, Json]]:
    """AWS refuses fields that it does not know."""
    for place, part in _retriers(machine):
        for name in part:
            yield f"{label(place)}/{name}", rename(machine, (*place, name), name + "s")


def _numbers(machine: Json, name: str, value: Json) -> Iterator[tuple[str, Json]]:
    for place, _ in _retriers(machine):
        yield label(place), put(machine, (*place, name), value)


@operator("errors")
def attempts_below_zero(machine: Json) -> Iterator[tuple[str, Json]]:
    """MaxAttempts is 0 or more."""
    yield from _numbers(machine, "MaxAttempts", -1)


@operator("errors")
def attempts_as_text(machine: Json) -> Iterator[tuple[str, Json]]:
    """MaxAttempts is an integer."""
    yield from _numbers(machine, "MaxAttempts", "3")


@operator("errors")
def interval_of_zero(machine: Json) -> Iterator[tuple[str, Json]]:
    """IntervalSeconds is 1 or more."""
    yield from _numbers(machine, "IntervalSeconds", 0)


@operator("errors")
def interval_with_a_fraction(machine: Json) -> Iterator[tuple[str, Json]]:
    """IntervalSeconds is an integer."""
    yield from _numbers(machine, "IntervalSeconds", 1.5)


@operator("errors")
def rate_below_one(machine: Json) -> Iterator[tuple[str, Json]]:
    """BackoffRate is 1 or more."""
    yield from _numbers(machine, "BackoffRate", 0.5)


@operator("errors")
def delay_not_above_the_interval(machine: Json) -> Iterator[tuple[str, Json]]:
    """MaxDelaySeconds is greater than IntervalSeconds."""
    for place, part in _retriers(machine):
        if "IntervalSeconds" in part:
            yield label(place), put(machine, (*place, "MaxDelaySeconds"), part["IntervalSeconds"])


@operator("errors")
def jitter_misspelt(machine: Json) -> Iterator[tuple[str, Json]]:
    """There are FULL and NONE."""
    yield from _numbers(machine, "JitterStrategy", "full")


@operator("errors")
def attempts_without_end(machine: Json) -> Iterator[tuple[str, Json]]:
    """So many attempts are no bound."""
    yield from _numbers(machine, "MaxAttempts", 99_999_999)


@operator("errors")
def intervals_without_end(machine: Json) -> Iterator[tuple[str, Json]]:
    """Intervals that double thirty times last longer than any execution lives."""
    for place, part in _retriers(machine):
        mutant = {key: value for key, value in part.items() if key != "MaxDelaySeconds"}
        yield label(place), put(machine, place, {**mutant, "BackoffRate": 2, "MaxAttempts": 30})


@operator("errors")
def retry_left_out(machine: Json) -> Iterator[tuple[str, Json]]:
    """What other calls retry, this one does not."""
    for place, state in states(machine, "Task"):
        if "Retry" in state and state["Resource"].endswith("lambda:invoke"):
            yield label(place), drop(machine, (*place, "Retry"))


@operator("errors")
def catch_left_out(machine: Json) -> Iterator[tuple[str, Json]]:
    """A failure is not told of any more."""
    for place, state in states(machine, "Task", "Map"):
        if "Catch" in state:
            yield label(place), drop(machine, (*place, "Catch"))
