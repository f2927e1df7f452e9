"""Two interpreters of one tree: what the engine sees lies in what the checker inferred.

Random machines run on random inputs of their schema, with functions that answer by theirs. What goes into
each state and what comes out lies in the inferred types; and a machine without findings, notes included, does
not fail for its types. Half of them are wild (`machines.py`), half are well typed by construction
(`typed_machines.py`). `STATEWRIGHT_CASES` sets how many executions there are of each kind.
"""

from __future__ import annotations

import json
import os
from random import Random
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest

from statewright.engine import LocalFunctions, run_with_history
from statewright.typing.check import Checked, check
from statewright.typing.membership import contains
from tests.typing.conftest import write_types
from tests.typing.jsonata_expressions import SCHEMA, value_of
from tests.typing.machines import WORK, machine
from tests.typing.typed_machines import typed_machine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

Json = Any
Made = tuple[Json, "Mapping[str, Json]"]

CASES = int(os.environ.get("STATEWRIGHT_CASES", "360"))
RUNS = 3
SEEDS = 4
BY_TYPES = ("States.Runtime", "States.ParameterPathFailure", "States.QueryEvaluationError")
LEAST_CLEAN = 0.6
# Codes of what this test is about: paths and values, what does not fit, variables, what cannot be known.
ABOUT_TYPES = ("SW10", "SW11", "SW12", "SW19")


class Refused(Exception):  # noqa: N818 - the name that the machines catch
    """What a function raises now and then."""


def wild(random: Random) -> Made:
    return machine(random), {"work": WORK}


MAKERS: list[tuple[Callable[[Random], Made], float]] = [(wild, 0), (typed_machine, LEAST_CLEAN)]


def _handler(signature: Json, random: Random, refusals: list[Json]) -> Callable[[Json, object], Json]:
    taken = jsonschema_rs.Draft202012Validator(signature["input"])

    def handler(event: Json, _context: object) -> Json:
        if not taken.is_valid(event):
            refusals.append(event)
        if random.random() < 0.2:
            raise Refused
        return value_of(signature["output"], random)

    return handler


def _seen(history: list[dict[str, Json]]) -> Iterator[tuple[str, str, Json]]:
    for event in history:
        for side, word in (("input", "Entered"), ("output", "Exited")):
            details = event.get(f"state{word}EventDetails")
            if details:
                yield details["name"], side, json.loads(details[side])


def _has_findings(checked: Checked) -> bool:
    return any(finding.code.startswith(ABOUT_TYPES) for finding in checked.findings)


def _hold(checked: Checked, text: str, functions: Mapping[str, Json], random: Random) -> None:
    """Run a machine once and hold what happens against what was inferred."""
    refusals: list[Json] = []
    given = value_of(SCHEMA, random)
    handlers = {name: _handler(signature, random, refusals) for name, signature in functions.items()}
    record, history = run_with_history(text, given, functions=LocalFunctions(handlers), virtual_time=True)
    passages = {pointer.rpartition("/")[2]: each for pointer, each in checked.passages.items()}
    for name, side, value in _seen(list(history)):
        inferred = getattr(passages[name], side)
        assert contains(inferred, value) is not False, (name, side, value, text, given)
    if record.status == "SUCCEEDED":
        assert contains(checked.output, json.loads(record.output or "null")) is not False, (text, given)
    if _has_findings(checked):
        return
    assert not refusals, (text, given, refusals)
    assert record.error not in BY_TYPES, (text, given, record.error, record.cause)


@pytest.mark.parametrize(("make", "least_clean"), MAKERS, ids=lambda each: getattr(each, "__name__", ""))
@pytest.mark.parametrize("seed", range(SEEDS))
def test_what_the_engine_sees_was_inferred_and_a_machine_without_findings_does_not_fail_for_its_types(
    seed: int, make: Callable[[Random], Made], least_clean: float, tmp_path: Path
) -> None:
    random = Random(seed)
    count = CASES // RUNS // SEEDS
    clean = 0
    for number in range(count):
        definition, functions = make(random)
        text = json.dumps(definition)
        signatures = write_types(tmp_path / str(number), functions, {}, {"input": SCHEMA})
        checked = check(text, "machine", signatures, "machine")
        assert "SW005" not in {finding.code for finding in checked.findings}, text
        if any(finding.code < "SW100" for finding in checked.findings):
            continue
        clean += not _has_findings(checked)
        for _ in range(RUNS):
            _hold(checked, text, functions, random)
    assert clean >= least_clean * count, f"{clean} of {count} are without findings"
