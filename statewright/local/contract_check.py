"""Holds a project's contracts against the loader that its functions use, before anything is deployed.

A contract that the functions refuse would let every execution fail, those of other datasets too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import statewright
from statewright.project import InvalidDescription, ProjectError

if TYPE_CHECKING:
    from statewright.project import Project

LOADER = Path("pipeline", "contracts.py")  # under functions/
SECONDS = 60.0


def check_contracts(project: Project) -> None:
    """Raise InvalidDescription with file, JSON pointer and reason where a contract is refused.

    A project whose functions have no such loader is taken as it is.
    """
    functions, schemas = project.root / "functions", project.root / "schemas"
    if not (functions / LOADER).is_file():
        return
    try:
        done = subprocess.run(
            _command(functions, schemas),
            capture_output=True,
            timeout=SECONDS,
            env=_environment(),
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ProjectError(f"{schemas}: its contracts were not loaded within {SECONDS:.0f} s") from error
    if done.returncode == 0:
        return
    try:
        fault = json.loads(done.stdout)
    except ValueError:
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["it says nothing"]
        raise ProjectError(f"{functions / LOADER} cannot load the contracts: {said[-1]}") from None
    place = f"at {fault['pointer']}: " if fault["pointer"] else ""
    raise InvalidDescription(schemas / fault["file"], f"{place}{fault['reason']}")


def _command(functions: Path, schemas: Path) -> list[str]:
    module = "statewright.local.contract_process"
    return [sys.executable, "-P", "-m", module, "--functions", str(functions), "--schemas", str(schemas)]


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "HOME") if name in os.environ}
    return {**kept, "PYTHONPATH": str(Path(statewright.__file__).parents[1])}
