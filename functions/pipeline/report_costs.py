"""What a day cost by the number of its requests: writes of DynamoDB, transitions, invocations.

An estimate from the ledger alone, with prices of schemas/reports/prices.json. It leaves out what the ledger
does not know: the functions' time, storage, reads, logs, retries, shards of large files. docs/costs.md has
the counts.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pipeline import documents, ledger

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PRICES = "reports/prices.json"
MILLION = 1_000_000
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
    prices = documents.load(schemas, PRICES)
    catalogued = sum(each["count"] for each in files["statuses"] if each["name"] == ledger.CATALOGUED)
    worked, groups = files["count"] - catalogued, messages["count"]
    write = _each(prices["dynamodb"]["per_million_write_units"], MILLION)
    parts = [
        ("item_writes", _item_units(files) + _item_units(messages), write),
        ("ledger_writes", UNITS_A_FILE * files["count"] + UNITS_A_GROUP * groups, write),
        (
            "transitions",
            TRANSITIONS_A_FILE * worked + TRANSITIONS_CATALOGUED * catalogued,
            _each(prices["step_functions"]["per_1000_transitions"], 1000),
        ),
        (
            "express_requests",
            groups,
            _each(prices["step_functions"]["per_million_express_requests"], MILLION),
        ),
        (
            "invocations",
            INVOCATIONS_A_FILE * worked + INVOCATIONS_CATALOGUED * catalogued + INVOCATIONS_A_GROUP * groups,
            _each(prices["lambda"]["per_million_requests"], MILLION),
        ),
    ]
    told = [{"name": name, "count": count, "usd": _usd(count * price)} for name, count, price in parts]
    return {
        "usd": _usd(sum((count * price for _, count, price in parts), Decimal(0))),
        "parts": told,
        "prices_of": prices["read_on"],
        "region": prices["region"],
    }


def _item_units(section: Mapping[str, Any]) -> int:
    """Return the write units of items that are as large as the records of their dataset are on average."""
    return sum(
        each["written"] * max(1, -(-each["bytes"] // (UNIT_BYTES * each["read"])))
        for each in section["datasets"]
        if each["read"]
    )


def _each(price: float, number: int) -> Decimal:
    return Decimal(str(price)) / number


def _usd(amount: Decimal) -> float:
    return float(round(amount, 6))
