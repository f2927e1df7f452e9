"""Loads every contract of a project with its own loader: `python -m statewright.local.contract_process`.

It prints {"file", "pointer", "reason"} of the first contract that is refused, null where none is.
"""

from __future__ import annotations

import json
import sys

from statewright.local.project_contracts import project_contracts


def main() -> int:
    """Load the contracts; print what is wrong."""
    contracts, schemas = project_contracts("statewright.local.contract_process")
    refused = None
    try:
        contracts.catalogue(schemas)
    except contracts.ContractError as error:
        refused = {"file": error.file, "pointer": error.pointer, "reason": error.reason}
    sys.stdout.write(json.dumps(refused))
    return 0


if __name__ == "__main__":
    sys.exit(main())
