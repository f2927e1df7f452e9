"""Loads every contract of a project with its own loader: `python -m statewright.local.contract_process`.

A process of its own, since the functions are the project's code and not this program's. It prints nothing and
ends with 0, or prints {"file", "pointer", "reason"} of the first contract that is refused and ends with 1.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from pathlib import Path


def main() -> int:
    """Load the contracts; print what is wrong."""
    parser = argparse.ArgumentParser(prog="statewright.local.contract_process")
    parser.add_argument("--functions", type=Path, required=True)
    parser.add_argument("--schemas", type=Path, required=True)
    given = parser.parse_args()
    sys.path.insert(0, str(given.functions))
    contracts = importlib.import_module("pipeline.contracts")
    try:
        contracts.catalogue(given.schemas)
    except contracts.ContractError as error:
        sys.stdout.write(json.dumps({"file": error.file, "pointer": error.pointer, "reason": error.reason}))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
