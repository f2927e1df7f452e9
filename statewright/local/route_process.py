"""Routes keys as a project's functions do: `python -m statewright.local.route_process`.

A process of its own, since the functions are the project's code and not this program's. It reads
{"keys", "contract"} and prints a list of the keys' routes, null for a key that no contract names.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from pathlib import Path
from typing import Any


def main() -> int:
    """Print the routes."""
    parser = argparse.ArgumentParser(prog="statewright.local.route_process")
    parser.add_argument("--functions", type=Path, required=True)
    parser.add_argument("--schemas", type=Path, required=True)
    given = parser.parse_args()
    sys.path.insert(0, str(given.functions))
    contracts = importlib.import_module("pipeline.contracts")
    asked = json.load(sys.stdin)
    catalogue = contracts.catalogue(given.schemas)
    if asked["contract"] in catalogue.contracts:
        found = contracts.Catalogue({asked["contract"]: catalogue.contract(asked["contract"])})
    else:
        found = catalogue
    sys.stdout.write(json.dumps([_route(found, key) for key in asked["keys"]]))
    return 0


def _route(catalogue: Any, key: str) -> dict[str, Any] | None:
    route = catalogue.route(key)
    if route is None:
        return None
    return {
        "dataset": route.dataset,
        "contract": route.contract,
        "format": route.format,
        "compression": route.compression,
        "one_line_records": catalogue.one_line_records(route.contract, key),
    }


if __name__ == "__main__":
    sys.exit(main())
