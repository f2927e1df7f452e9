"""Mutants of a right machine: each is wrong in one place and is found; the machine itself is silent."""

from __future__ import annotations

import copy
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from statewright.typing.check import check
from tests.typing.conftest import write_types
from tests.typing.orders import FUNCTIONS, JSONATA, JSONPATH, MACHINE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from statewright.typing.findings import Finding

Json = Any
MACHINES = {"JSONata": JSONATA, "JSONPath": JSONPATH}
Place = tuple[str | int, ...]
NAME = re.compile(r"(?<=\.)[a-z_]\w*")
# Names after a dot that no schema knows: functions of JSONPath, members that are free.
PAYLOADS = ("Arguments", "Parameters", "Payload")


def walk(value: Json, place: Place = ()) -> Iterator[tuple[Place, Json]]:
    """Give every value of a definition with its place."""
    yield place, value
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, member in members:
        yield from walk(member, (*place, key))


def changed(machine: Json, place: Place, change: Callable[[Json, Any], None]) -> Json:
    """Give a copy in which `change(parent, key)` has been applied at a place."""
    mutant = copy.deepcopy(machine)
    parent = mutant
    for key in place[:-1]:
        parent = parent[key]
    change(parent, place[-1])
    return mutant


def _set(value: Json) -> Callable[[Json, Any], None]:
    def change(parent: Json, key: Any) -> None:
        parent[key] = value

    return change


def _renamed(name: str) -> Callable[[Json, Any], None]:
    def change(parent: Json, key: Any) -> None:
        parent[name] = parent.pop(key)

    return change


def _dropped(parent: Json, key: Any) -> None:
    del parent[key]


def _is_dynamic(place: Place, value: Json) -> bool:
    if not isinstance(value, str) or not place:
        return False
    return value.startswith(("{%", "$.", "States.")) or str(place[-1]).endswith("Path")


def misspelt_names(machine: Json) -> Iterator[tuple[str, Json]]:
    """Each name of each path, misspelt."""
    for place, value in walk(machine):
        if not _is_dynamic(place, value) or place[-1] == "ResultPath":
            continue
        for match in NAME.finditer(value):
            text = value[: match.end()] + "x" + value[match.end() :]
            yield f"{place} {text}", changed(machine, place, _set(text))


def names_of_other_places(machine: Json) -> Iterator[tuple[str, Json]]:
    """The last name of each path replaced by one that is somewhere else."""
    for place, value in walk(machine):
        if _is_dynamic(place, value) and place[-1] != "ResultPath":
            *_, last = [None, *NAME.finditer(value)]
            if last is not None:
                text = value[: last.start()] + "warehouse" + value[last.end() :]
                yield f"{place} {text}", changed(machine, place, _set(text))


def _payload_members(machine: Json) -> Iterator[tuple[Place, Json]]:
    for place, value in walk(machine):
        if len(place) >= 2 and place[-2] in PAYLOADS and place[-1] != "Payload":
            yield place, value


def members_left_out(machine: Json) -> Iterator[tuple[str, Json]]:
    """Each member of what is sent, left out."""
    for place, _ in _payload_members(machine):
        if "Count" not in place:
            yield f"{place}", changed(machine, place, _dropped)


def members_renamed(machine: Json) -> Iterator[tuple[str, Json]]:
    """Each member of what is sent, under another name."""
    for place, _ in _payload_members(machine):
        key = str(place[-1])
        if key != "FunctionName" and "Count" not in place and "UseCoupon" not in place:
            yield f"{place}", changed(machine, place, _renamed(f"x{key}"))


def members_too_many(machine: Json) -> Iterator[tuple[str, Json]]:
    """One member more in each payload of a function or a service."""
    for place, value in walk(machine):
        is_payload = place[-1:] == ("Payload",) or (
            place[-1:] in (("Arguments",), ("Parameters",)) and len(place) == 3
        )
        if is_payload and isinstance(value, dict) and "Count" not in place and "UseCoupon" not in place:
            yield f"{place}", changed(machine, (*place, "extra"), _set(1))


def values_of_another_type(machine: Json) -> Iterator[tuple[str, Json]]:
    """Each member of what a function gets, as an object."""
    for place, _ in _payload_members(machine):
        key = str(place[-1])
        if not {"Count", "UseCoupon", "Tell"} & set(place) and key != "FunctionName":
            mutant = changed(machine, place, _set({"odd": True}))
            yield f"{place}", changed(mutant, place, _renamed(key.removesuffix(".$")))


def transitions_to_nowhere(machine: Json) -> Iterator[tuple[str, Json]]:
    """Each Next, Default and StartAt, misspelt."""
    for place, value in walk(machine):
        if place and place[-1] in ("Next", "Default", "StartAt"):
            yield f"{place}", changed(machine, place, _set(f"{value}x"))


def fields_misspelt(machine: Json) -> Iterator[tuple[str, Json]]:
    """Each field of a state, misspelt."""
    for place, _ in walk(machine):
        if len(place) == 3 and place[0] == "States":
            yield f"{place}", changed(machine, place, _renamed(f"{place[-1]}s"))


def assignments_left_out(machine: Json) -> Iterator[tuple[str, Json]]:
    """Each variable that is not assigned any more."""
    for place, _ in walk(machine):
        if len(place) >= 2 and place[-2] == "Assign":
            yield f"{place}", changed(machine, place, _dropped)


def result_paths_left_out(machine: Json) -> Iterator[tuple[str, Json]]:
    """Each result that replaces the input."""
    for place, _ in walk(machine):
        if place[-1:] == ("ResultPath",):
            yield f"{place}", changed(machine, place, _dropped)


def errors_misspelt(machine: Json) -> Iterator[tuple[str, Json]]:
    """Each name of an error, misspelt."""
    for place, value in walk(machine):
        if len(place) >= 2 and place[-2] == "ErrorEquals":
            yield f"{place}", changed(machine, place, _set(f"{value}s"))


def comparisons_with_what_is_never(machine: Json) -> Iterator[tuple[str, Json]]:
    """Each comparison, with a value of another type or none of those declared."""
    for place, value in walk(machine):
        if place[-1:] == ("StringEquals",):
            yield f"{place} value", changed(machine, place, _set(f"{value}s"))
            yield f"{place} type", changed(changed(machine, place, _set(1)), place, _renamed("NumericEquals"))
        elif place[-1:] == ("NumericGreaterThan",):
            yield (
                f"{place}",
                changed(changed(machine, place, _set("a")), place, _renamed("StringGreaterThan")),
            )
        elif place[-1:] == ("Condition",) and " = '" in str(value):
            yield f"{place} value", changed(machine, place, _set(str(value).replace("= 'paid'", "= 'payed'")))
            yield f"{place} type", changed(machine, place, _set(str(value).replace("= 'paid'", "= 7")))
        elif place[-1:] == ("Condition",):
            yield f"{place} type", changed(machine, place, _set(str(value).replace("= 0", "= '0'")))


def paths_as_texts(machine: Json) -> Iterator[tuple[str, Json]]:
    """Each path or expression that has lost what makes it one."""
    for place, value in walk(machine):
        if place and str(place[-1]).endswith(".$"):
            yield f"{place}", changed(machine, place, _renamed(str(place[-1]).removesuffix(".$")))
        elif isinstance(value, str) and value.startswith("{% $states"):
            yield f"{place}", changed(machine, place, _set(value[2:-2].strip()))


def functions_of_another_name(machine: Json) -> Iterator[tuple[str, Json]]:
    """Each call of a function, of the other one instead."""
    other = {"${PriceLineArn}": "${ChargeArn}", "${ChargeArn}": "${PriceLineArn}"}
    for place, value in walk(machine):
        if isinstance(value, str) and value in other:
            yield f"{place}", changed(machine, place, _set(other[value]))


def wrong_arguments_of_functions(machine: Json) -> Iterator[tuple[str, Json]]:
    """Calls and operators on values that they do not take."""
    for old, new in (
        ("$sum($states.result.amount)", "$sum($states.result.sku)"),
        ("$total > 100", "$order_id > 100"),
        ("$total = 0", "$uppercase($total) = '0'"),
        ("$total = 0", "$total"),
        ("60 : 30", "'60' : 30"),
        ("States.ArrayLength($.prices)", "States.ArrayLength($.order_id)"),
        ("States.Format('order {}', $.order_id)", "States.Format('order {} {}', $.order_id)"),
        ("States.ArrayLength($.prices)", "States.MathAdd($.order_id, 1)"),
    ):
        text = json.dumps(machine)
        if old in text:
            yield f"{old} -> {new}", json.loads(text.replace(old, new))


OPERATORS = [
    misspelt_names,
    names_of_other_places,
    members_left_out,
    members_renamed,
    members_too_many,
    values_of_another_type,
    transitions_to_nowhere,
    fields_misspelt,
    assignments_left_out,
    result_paths_left_out,
    errors_misspelt,
    comparisons_with_what_is_never,
    paths_as_texts,
    functions_of_another_name,
    wrong_arguments_of_functions,
]
# Mutants that are right, too, or wrong in a way that no type shows; each with its reason.
NOT_WRONG: Mapping[str, str] = {
    "('States', 'Tell', 'Arguments', 'TopicArn')": "its model requires none of three",
    "('States', 'UseCoupon', 'Parameters', 'code.$')": "nobody reads it",
}


def found(machine: Json, folder: Path) -> list[Finding]:
    signatures = write_types(folder, FUNCTIONS, {}, MACHINE)
    findings = check(json.dumps(machine, indent=2), "machine", signatures, "machine").findings
    return [finding for finding in findings if finding.severity != "note"]


@pytest.mark.parametrize("language", MACHINES)
def test_the_machine_itself_is_silent(language: str, tmp_path: Path) -> None:
    assert found(MACHINES[language], tmp_path) == []


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda operator: operator.__name__)
@pytest.mark.parametrize("language", MACHINES)
def test_each_mutant_is_found(language: str, operator: Callable[[Json], Any], tmp_path: Path) -> None:
    mutants = list(operator(MACHINES[language]))
    missed = [name for name, mutant in mutants if not found(mutant, tmp_path)]
    assert [name for name in missed if name not in NOT_WRONG] == []
