"""Silence on the right: our own machines, and definitions that AWS accepted and ran well."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from statewright.typing.check import check
from statewright.typing.signatures import Signatures, machine_name
from statewright.typing.suppressions import read_suppressions, suppress

if TYPE_CHECKING:
    from statewright.typing.findings import Finding

ROOT = Path(__file__).parents[2]
MACHINES = sorted((ROOT / "statemachines").glob("*.json"))
RECORDED = ROOT.parent / "shared" / "conformance" / "cases"


@pytest.mark.parametrize("file", MACHINES, ids=lambda file: file.name)
def test_our_own_machines_have_no_finding_but_notes(file: Path) -> None:
    schemas = ROOT / "schemas"
    name = machine_name(file)
    checked = check(file.read_text(encoding="utf-8"), file.name, Signatures(schemas), name)
    left = suppress(checked.findings, read_suppressions(schemas), name)
    assert [finding for finding in left if finding.severity != "note"] == []


def _errors(definition: object) -> list[Finding]:
    text = definition if isinstance(definition, str) else json.dumps(definition)
    return [each for each in check(text, "case", Signatures(None)).findings if each.severity == "error"]


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded executions are not beside this folder")
def test_definitions_that_aws_ran_well_have_no_error() -> None:
    cases = 0
    for file in sorted(RECORDED.glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            case = json.loads(line)
            is_execution = case["kind"] in ("execution", "sync_express", "express_async")
            if not is_execution or case.get("expected", {}).get("status") != "SUCCEEDED":
                continue
            cases += 1
            assert _errors(case["definition"]) == [], case["id"]
    assert cases > 900
