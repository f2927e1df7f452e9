"""The contracts of a project, read by its own loader: for programs that `python -m` starts.

They run in a process of their own, since the functions are the project's code and not this program's.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path
from typing import Any, NamedTuple


class ProjectContracts(NamedTuple):
    """The module `pipeline.contracts` of a project's functions, and the folder of its schemas."""

    module: Any
    schemas: Path


def project_contracts(program: str) -> ProjectContracts:
    """Import the module from the folder that the command line names."""
    parser = argparse.ArgumentParser(prog=program)
    parser.add_argument("--functions", type=Path, required=True)
    parser.add_argument("--schemas", type=Path, required=True)
    given = parser.parse_args()
    sys.path.insert(0, str(given.functions))
    return ProjectContracts(importlib.import_module("pipeline.contracts"), given.schemas)
