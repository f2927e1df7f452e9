"""Routes keys as a project's functions do: `python -m statewright.local.route_process`.

It reads {"keys", "contract"} and prints a list of the keys' routes, null for a key that no contract names.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from statewright.local.project_contracts import project_contracts


def main() -> int:
    """Print the routes."""
    contracts, schemas = project_contracts("statewright.local.route_process")
    asked = json.load(sys.stdin)
    catalogue = contracts.catalogue(schemas)
    if asked["contract"] in catalogue.contracts:
        found = contracts.Catalogue({asked["contract"]: catalogue.contract(asked["contract"])}, schemas)
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
