"""Right machines are left alone: no error and no warning, in hundreds of ways to write the same."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from statewright.typing.check import check
from tests.typing import right_flows
from tests.typing import right_machines as right
from tests.typing.conftest import write_types

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FAMILIES = [
    right.expressions,
    right.conditions,
    right.guards,
    right.path_guards,
    right.calls,
    right_flows.execution_inputs,
    right_flows.flows,
    right_flows.path_flows,
]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
def test_given_right_machines_nothing_is_found(
    family: Callable[[], Iterator[right.Case]], tmp_path: Path
) -> None:
    signatures = write_types(tmp_path, right.SHOP, {}, right.ORDER)
    wrong = []
    for name, language, states in family():
        definition = {"QueryLanguage": language, "StartAt": next(iter(states)), "States": states}
        found = check(json.dumps(definition), "machine", signatures, "machine").findings
        wrong += [(name, each.code, each.message) for each in found if each.severity != "note"]
    assert wrong == []
