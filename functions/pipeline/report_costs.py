"""What a day cost by the number of its requests: writes of DynamoDB, transitions, invocations.

An estimate from the ledger alone, with the region's prices of schemas/reports/prices.json; with those of
DEFAULT_REGION, which it names, where that list has not the region. It leaves out what the ledger does not
know: the functions' time, storage, reads, logs, retries, shards of large files. docs/costs.md has the counts.
"""

from __future__ import annotations

import os
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pipeline import documents, ledger

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PRICES = "reports/prices.json"
DEFAULT_REGION = "us-east-1"
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html
UNIT_BYTES = 1024
# A row of one or two KB is claimed and closed. Either writes the row and its entry of the index, and the
# second also takes the first entry away, as the moment is a part of its key:
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html#GSI.ThroughputConsiderations.Writes
UNITS_A_FILE = 10
UNITS_A_GROUP = 4  # written once
TRANSITIONS_A_FILE, INVOCATIONS_A_FILE = 7, 5
TRANSITIONS_CATALOGUED, INVOCATIONS_CATALOGUED = 3, 1
INVOCATIONS_A_GROUP = 5


def estimate(schemas: Path, files: Mapping[str, Any], messages: Mapping[str, Any]) -> dict[str, Any]:
    """Return the cost of a day's sections, in USD."""
    listed = documents.load(schemas, PRICES)
    here = os.environ.get("AWS_REGION", "")
    region = here if here in listed["regions"] else DEFAULT_REGION
    prices = listed["regions"][region]
    catalogued = sum(each["count"] for each in files["statuses"] if each["name"] == ledger.CATALOGUED)
    worked, groups = files["count"] - catalogued, messages["count"]
    write = _each(prices["dynamodb"]["write_units"])
    parts = [
        ("item_writes", _item_units(files) + _item_units(messages), write),
        ("ledger_writes", UNITS_A_FILE * files["count"] + UNITS_A_GROUP * groups, write),
        (
            "transitions",
            TRANSITIONS_A_FILE * worked + TRANSITIONS_CATALOGUED * catalogued,
            _each(prices["step_functions"]["state_transitions"]),
        ),
        ("express_requests", groups, _each(prices["step_functions"]["express_requests"])),
        (
            "invocations",
            INVOCATIONS_A_FILE * worked + INVOCATIONS_CATALOGUED * catalogued + INVOCATIONS_A_GROUP * groups,
            _each(prices["lambda"]["requests"]),
        ),
    ]
    told = [{"name": name, "count": count, "usd": _usd(count * price)} for name, count, price in parts]
    return {
        "usd": _usd(sum((count * price for _, count, price in parts), Decimal(0))),
        "parts": told,
        "prices_of": listed["read_on"],
        "region": region,
    }


def _item_units(section: Mapping[str, Any]) -> int:
    """Return the write units of items that are as large as the records of their dataset are on average."""
    return sum(
        each["written"] * max(1, -(-each["bytes"] // (UNIT_BYTES * each["read"])))
        for each in section["datasets"]
        if each["read"]
    )


def _each(price: Mapping[str, Any]) -> Decimal:
    """Return the price of one unit."""
    return Decimal(str(price["usd"])) / int(price["per"])


def _usd(amount: Decimal) -> float:
    return float(round(amount, 6))
