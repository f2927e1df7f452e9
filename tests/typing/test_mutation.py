"""Mutants of our own machines, in both query languages: nearly all are found.

A sample of them, or with STATEWRIGHT_MUTANTS=all each one; those that are missed then are those that
`mutation/missed.json` lists with their reasons. `python -m tests.typing.mutation` shows them by operator.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from tests.typing.mutation.judge import HERE, MACHINES
from tests.typing.mutation.registry import KINDS

if TYPE_CHECKING:
    from tests.typing.mutation.judge import Machine

EACH = 1 if os.environ.get("STATEWRIGHT_MUTANTS") == "all" else 45
LEAST = 0.97
MISSED = json.loads((HERE / "missed.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_the_machine_itself_is_silent(machine: Machine) -> None:
    assert machine.found(machine.definition) == []


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_mutants_are_found(machine: Machine) -> None:
    mutants = machine.mutants()[::EACH]
    missed = {each.name for each in mutants if not machine.found(each.definition)}

    assert len(missed) <= (1 - LEAST) * len(mutants) + (EACH > 1), missed
    if EACH == 1:
        assert missed == set(MISSED.get(machine.name, {})), missed


def test_there_are_operators_over_all_that_a_definition_is_made_of() -> None:
    groups = {kind.group for kind in KINDS}
    assert groups == {"structure", "errors", "fields", "types", "expressions", "variables", "deployment"}
    assert len(KINDS) >= 60
    assert len({kind.name for kind in KINDS}) == len(KINDS)


def test_each_mutant_differs_from_its_machine() -> None:
    for machine in MACHINES:
        text = json.dumps(machine.definition)  # in Python 0 == False
        assert not [each.name for each in machine.mutants() if json.dumps(each.definition) == text]
