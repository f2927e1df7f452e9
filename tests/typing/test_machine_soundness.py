"""Two interpreters of one tree: what the engine sees lies in what the checker inferred.

Random machines run on random inputs of their schema, with a function that answers by its schema. Each state's
input and the output lie in the inferred types; and a machine without findings does not fail for its types.
`STATEWRIGHT_CASES` sets how many executions there are.
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

if TYPE_CHECKING:
    from pathlib import Path

    from statewright.typing.signatures import Signatures

Json = Any

CASES = int(os.environ.get("STATEWRIGHT_CASES", "240"))
RUNS = 3
SEEDS = 4
BY_TYPES = ("States.Runtime", "States.ParameterPathFailure", "States.QueryEvaluationError")
# What depends on values more closely than a type tells; not what a checker of types promises.
OF_VALUES = (
    "D1001",
    "D1002",
    "D1012",
    "D1013",
    "D2014",
    "D3030",
    "D3100",
    "D3110",
    "D3136",
    "D3137",
    "D3138",
    "D3139",
    "unsupported result",
    "cannot be applied",
    "must be positive",
    "cannot be negative",
    "between 0 and",
)


class Refused(Exception):  # noqa: N818 - the name that the machines catch
    """What the function raises now and then."""


@pytest.fixture
def signatures(tmp_path: Path) -> Signatures:
    return write_types(tmp_path, {"work": WORK}, {}, {"input": SCHEMA})


def _work(random: Random, refusals: list[Json]) -> Any:
    def work(event: Json, _context: object) -> Json:
        if not jsonschema_rs.is_valid(WORK["input"], event):
            refusals.append(event)
        if random.random() < 0.2:
            raise Refused
        return value_of(WORK["output"], random)

    return work


def _inputs(history: list[dict[str, Json]]) -> list[tuple[str, Json]]:
    details = [event.get("stateEnteredEventDetails") for event in history]
    return [(each["name"], json.loads(each["input"])) for each in details if each]


def _hold(checked: Checked, text: str, random: Random) -> None:
    """Run a machine once and hold what happens against what was inferred."""
    refusals: list[Json] = []
    given = value_of(SCHEMA, random)
    functions = LocalFunctions({"work": _work(random, refusals)})
    record, history = run_with_history(text, given, functions=functions, virtual_time=True)
    for name, value in _inputs(list(history)):
        if name in checked.entries:
            assert contains(checked.entries[name].input, value) is not False, (name, value, text, given)
    if record.status == "SUCCEEDED":
        assert contains(checked.output, json.loads(record.output or "null")) is not False, (text, given)
    if checked.findings:
        return
    assert not refusals, (text, given, refusals)
    is_of_types = record.error in BY_TYPES and not any(word in (record.cause or "") for word in OF_VALUES)
    assert not is_of_types, (text, given, record.error, record.cause)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_what_the_engine_sees_was_inferred_and_a_machine_without_findings_does_not_fail_for_its_types(
    seed: int, signatures: Signatures
) -> None:
    random = Random(seed)
    for _ in range(CASES // RUNS // SEEDS):
        text = json.dumps(machine(random))
        checked = check(text, "machine", signatures, "machine")
        if any(finding.code < "SW100" for finding in checked.findings):
            continue
        for _ in range(RUNS):
            _hold(checked, text, random)
