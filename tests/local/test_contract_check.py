"""Contracts are held against the functions' own loader before anything is deployed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from statewright.local.contract_check import check_contracts
from statewright.project import InvalidDescription, ProjectError, read_project

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
ORDERS = Path("schemas", "datasets", "orders", "1.json")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for folder in ("schemas", "functions", "statemachines"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pipeline.json", tmp_path)
    return tmp_path


def change(file: Path, edit: Callable[[Any], None]) -> None:
    contract = json.loads(file.read_bytes())
    edit(contract)
    file.write_text(json.dumps(contract), encoding="utf-8")


def test_the_projects_own_contracts_are_taken(project: Path) -> None:
    check_contracts(read_project(project))


def test_a_contract_that_the_functions_refuse_is_named_with_pointer_and_reason(project: Path) -> None:
    change(project / ORDERS, lambda contract: contract["properties"]["amount"].update(type="nmber"))

    with pytest.raises(InvalidDescription) as caught:
        check_contracts(read_project(project))

    assert caught.value.file == project / ORDERS
    assert "at /properties/amount/type: " in caught.value.reason


def test_a_name_that_leads_nowhere_is_refused(project: Path) -> None:
    change(project / ORDERS, lambda contract: contract["x-dataset"].update(pseudonymise=["no_such"]))

    with pytest.raises(InvalidDescription, match=r"at /x-dataset/pseudonymise/0: no record has 'no_such'"):
        check_contracts(read_project(project))


def test_a_loader_that_is_broken_itself_is_said_to_be(project: Path) -> None:
    (project / "functions" / "pipeline" / "contracts.py").write_text("import no_such_module\n")

    with pytest.raises(ProjectError, match=r"cannot tell which contracts there are: .*no_such_module"):
        check_contracts(read_project(project))


def test_functions_without_such_a_loader_are_taken_as_they_are(project: Path) -> None:
    (project / "functions" / "pipeline" / "contracts.py").unlink()

    check_contracts(read_project(project))
