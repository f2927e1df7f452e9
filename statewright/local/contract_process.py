"""Loads every contract of a project with its own loader: `python -m statewright.local.contract_process`.

It prints nothing and ends with 0, or prints {"file", "pointer", "reason"} of the first contract that is
refused, and ends with 1.
"""

from __future__ import annotations

import json
import sys

from statewright.local.project_contracts import project_contracts


def main() -> int:
    """Load the contracts; print what is wrong."""
    contracts, schemas = project_contracts("statewright.local.contract_process")
    try:
        contracts.catalogue(schemas)
    except contracts.ContractError as error:
        sys.stdout.write(json.dumps({"file": error.file, "pointer": error.pointer, "reason": error.reason}))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
