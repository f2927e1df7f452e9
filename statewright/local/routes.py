"""Where keys lead: asks the project's own functions, which route the objects of its raw bucket."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import statewright
from statewright.project import ProjectError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from statewright.project import Project

SECONDS = 60.0


@dataclass(frozen=True)
class Route:
    """How the object of a key is read: by which contract (`<dataset>/<version>`), in which format.

    `format` is json, jsonl, csv or tsv; `compression` none or gzip. With `one_line_records` no cell holds a
    line break.
    """

    dataset: str
    contract: str
    format: str
    compression: str
    one_line_records: bool


def routes_of(project: Project, keys: Sequence[str], contract: str | None = None) -> list[Route | None]:
    """Return the route of each key, None where it has none; raises ProjectError.

    By the newest contracts, as new objects go, or by `contract` alone, as long as that is there.
    """
    module = "statewright.local.route_process"
    folders = ["--functions", str(project.root / "functions"), "--schemas", str(project.root / "schemas")]
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "HOME") if name in os.environ}
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", module, *folders],
            input=json.dumps({"keys": list(keys), "contract": contract}).encode(),
            capture_output=True,
            timeout=SECONDS,
            env={**kept, "PYTHONPATH": str(Path(statewright.__file__).parents[1])},
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ProjectError(f"the contracts were not loaded within {SECONDS:.0f} s") from error
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["it says nothing"]
        raise ProjectError(f"the functions cannot tell where keys lead: {said[-1]}")
    return [None if route is None else Route(**route) for route in json.loads(done.stdout)]


def contract_digest(project: Project, contract: str) -> str:
    """Return a digest of a contract's file (hex), which changes with the contract."""
    file = project.root / "schemas" / "datasets" / f"{contract}.json"
    return hashlib.sha256(file.read_bytes()).hexdigest()
