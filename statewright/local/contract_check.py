"""Holds a project's contracts against the loader that its functions use, before anything is deployed.

A contract that the functions refuse would let every execution fail, those of other datasets too.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from statewright.functions_process import ask
from statewright.project import InvalidDescription

if TYPE_CHECKING:
    from statewright.project import Project

LOADER = Path("pipeline", "contracts.py")  # under functions/


def check_contracts(project: Project) -> None:
    """Raise InvalidDescription with file, JSON pointer and reason where a contract is refused.

    A project whose functions have no such loader is taken as it is.
    """
    functions, schemas = project.root / "functions", project.root / "schemas"
    if not (functions / LOADER).is_file():
        return
    fault = ask(project, "statewright.local.contract_process", "which contracts there are")
    if fault is not None:
        place = f"at {fault['pointer']}: " if fault["pointer"] else ""
        raise InvalidDescription(schemas / fault["file"], f"{place}{fault['reason']}")
