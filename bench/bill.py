"""What a bill has beside DynamoDB's writes of the items, by the cost model with its measured durations.

python -m bench bill
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bench.figures import Figure
from statewright.costs import timing, work
from statewright.costs.bill import bill
from statewright.costs.calls import Load
from statewright.costs.cost_command import BYTES_OF_A_RECORD, usd
from statewright.costs.facts import File, facts_of
from statewright.prices import DEFAULT_REGION, prices_of
from statewright.project import read_project

if TYPE_CHECKING:
    from statewright.costs.bill import Bill
    from statewright.costs.work import Work

ROOT = Path(__file__).parents[1]
PROJECT = read_project(ROOT)
MACHINE = timing.Machine.of(PROJECT)
# Files of fewer records are not held to it: what an execution costs is shared by too few.
RECORDS, PERCENT = (10_000, 100_000, 1_000_000), 5.0


def work_of(records: int) -> Work:
    """Return what one file of orders is charged for."""
    file = File("orders", records, records * BYTES_OF_A_RECORD)
    return work.of_file(facts_of(PROJECT, file), file.size, Load(records), MACHINE)


def bill_of(records: int, region: str = DEFAULT_REGION) -> Bill:
    """Return the bill of one file of orders."""
    return bill(work_of(records).amounts, prices_of(region))


def main() -> list[Figure]:
    """Ask the model."""
    found = {records: bill_of(records) for records in RECORDS}
    return [
        Figure(
            f"all costs beside the writes of a file of {records:,}, of the writes",
            each.above_floor,
            unit="%",
            target=PERCENT,
            note=f"{usd(each.usd)} USD, writes {usd(each.floor)}",
        )
        for records, each in found.items()
    ]
