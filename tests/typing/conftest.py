"""Definitions and signatures for the checker's tests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from statewright.typing.check import Checked
from statewright.typing.check import check as check_definition
from statewright.typing.signatures import Signatures

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

Json = Any


def write_types(
    folder: Path, functions: Mapping[str, Json], machines: Mapping[str, Json], own: Mapping[str, Json] | None
) -> Signatures:
    """Write signatures into a folder; `own` is that of the machine under test."""
    for kind, signatures in (("functions", functions), ("statemachines", machines)):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for name, signature in signatures.items():
            (folder / kind / f"{name}.json").write_text(json.dumps(signature))
    if own:
        (folder / "statemachines" / "machine.json").write_text(json.dumps(own))
    return Signatures(folder)


@pytest.fixture
def check(tmp_path: Path) -> Callable[..., Checked]:
    """Check the states of a machine: `check(states, machine={...}, functions={...}, language="JSONPath")`."""
    places = iter(range(1000))

    def run(
        states: Mapping[str, Json] | str,
        *,
        machine: Mapping[str, Json] | None = None,
        functions: Mapping[str, Json] | None = None,
        machines: Mapping[str, Json] | None = None,
        language: str = "JSONata",
        pipeline: Mapping[str, Json] | None = None,
    ) -> Checked:
        project = tmp_path / str(next(places))
        signatures = write_types(project / "schemas", functions or {}, machines or {}, machine)
        if pipeline:
            (project / "pipeline.json").write_text(json.dumps(pipeline))
        text = states
        if not isinstance(text, str):
            start = next(iter(states))
            text = json.dumps({"QueryLanguage": language, "StartAt": start, "States": states}, indent=2)
        return check_definition(text, "machine.asl.json", signatures, "machine")

    return run
