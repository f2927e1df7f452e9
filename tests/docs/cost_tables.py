"""The tables of docs/costs.md, by the cost model: `python -m tests.docs.cost_tables` prints them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from bench.bill import MACHINE, PROJECT, bill_of
from statewright.costs import backfills, calls, compare, monthly, rounds, work
from statewright.costs.bill import bill, times, together
from statewright.costs.calls import Load
from statewright.costs.cost_command import BYTES_OF_A_RECORD, usd
from statewright.costs.facts import File, facts_of
from statewright.costs.measured import measured
from statewright.prices import DEFAULT_REGION, prices_of, regions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from statewright.costs.facts import Facts

SIZES = (1, 100, 10_000, 1_000_000)
COMPARED = 1_000_000
BACKFILLED = 10_000, File("orders", 100, 100 * BYTES_OF_A_RECORD)
CUT = 50_000_000
FORMATS = (
    ("JSON Lines", "jsonl", "none"),
    ("JSON Lines in gzip", "jsonl", "gzip"),
    ("JSON", "json", "none"),
    ("JSON in gzip", "json", "gzip"),
    ("CSV", "csv", "none"),
)


def by_size() -> Iterator[str]:
    """Yield the table of files by their records."""
    yield "| records in a file | the items' writes | all else | for a million records | above the floor |"
    yield "|---|---|---|---|---|"
    for records in SIZES:
        found = bill_of(records)
        million = usd(found.usd / records * 1e6)
        beside = usd(found.usd - found.floor)
        yield f"| {records:,} | {usd(found.floor)} | {beside} | {million} | {found.above_floor:,.1f} % |"


def by_service() -> Iterator[str]:
    """Yield what a file of 10,000 records costs beside the writes, by service, in percent of the floor."""
    found = bill_of(10_000)
    shares: dict[str, float] = {}
    for line in found.lines:
        name = "DynamoDB, the ledger" if line.service == "DynamoDB" else line.service
        if line.what != "items":
            shares[name] = shares.get(name, 0.0) + line.usd / found.floor * 100
    yield "| beside the writes, for 10,000 records | percent of the floor |"
    yield "|---|---|"
    for name, share in sorted(shares.items(), key=lambda each: -each[1]):
        yield f"| {name} | {share:.2f} |"
    yield f"| in all | {sum(shares.values()):.2f} |"


def by_region() -> Iterator[str]:
    """Yield a file of 10,000 and of 1,000,000 records by region."""
    yield "| region | 10,000 records | above the floor | 1,000,000 records | above the floor |"
    yield "|---|---|---|---|---|"
    for region in regions():
        few, many = bill_of(10_000, region), bill_of(1_000_000, region)
        cells = (usd(few.usd), f"{few.above_floor:.1f} %", usd(many.usd), f"{many.above_floor:.1f} %")
        yield f"| {region} | {' | '.join(cells)} |"


def by_way() -> Iterator[str]:
    """Yield the same records in other ways."""
    file = File("orders", COMPARED, COMPARED * BYTES_OF_A_RECORD)
    yield f"| {COMPARED:,} records as | USD | × the file |"
    yield "|---|---|---|"
    ways = compare.ways(PROJECT, file, 1, prices_of(DEFAULT_REGION))
    for way in ways:
        yield f"| {way.name} | {usd(way.bill.usd)} | {way.bill.usd / ways[0].bill.usd:,.1f} |"


def by_backfill() -> Iterator[str]:
    """Yield many small files, by uploads and by a backfill."""
    files, file = BACKFILLED
    facts, prices, load = facts_of(PROJECT, file), prices_of(DEFAULT_REGION), Load(file.records)
    uploads = times(work.of_file(facts, file.size, load, MACHINE).amounts, files)
    backfill = backfills.of_files(facts, file.size, files, load, MACHINE)
    yield f"| {files:,} files of {file.records:,} records | USD | of it Step Functions | above the floor |"
    yield "|---|---|---|---|"
    for name, amounts in (("by uploads", uploads), ("by a backfill", backfill)):
        found = bill(amounts, prices)
        steps = sum(line.usd for line in found.lines if line.service == "Step Functions")
        yield f"| {name} | {usd(found.usd)} | {usd(steps)} | {found.above_floor:.1f} % |"


def by_chunks() -> Iterator[str]:
    """Yield a large file as formats of which some are cut into chunks first, and what cutting takes."""
    yield f"| {CUT:,} records as | shards | rounds of Rechunk | their time | cutting, USD | in all, USD |"
    yield "|---|---|---|---|---|---|"
    for name, format_, compression in FORMATS:
        size = CUT * BYTES_OF_A_RECORD // (8 if compression == "gzip" else 1)
        facts = facts_of(PROJECT, File("orders", CUT, size, format_, compression))
        made = work.of_file(facts, size, Load(CUT), MACHINE)
        usd_in_all = usd(bill(made.amounts, prices_of(DEFAULT_REGION)).usd)
        cells = (*_cutting(facts, size, made), usd_in_all)
        yield f"| {name}, {size / 1e9:.1f} GB | {facts.shards} | {' | '.join(cells)} |"


def _cutting(facts: Facts, size: int, made: work.Work) -> tuple[str, str, str]:
    """Return how many invocations cut a file, how long they take together, and what that costs."""
    if rounds.NAME not in made.invocations:
        return "—", "—", "—"
    ran = made.invocations[rounds.NAME]
    ratios = measured().ratios
    asked = [calls.of_round(facts, size, each, ratios) for each in rounds.of_file(facts, size, MACHINE)]
    amounts = together(work.functions({rounds.NAME: ran}, MACHINE), *map(work.requests, asked))
    amounts["step_functions.state_transitions", "state transitions"] += 2 * ran.count
    cost = bill(amounts, prices_of(DEFAULT_REGION)).usd
    return f"{ran.count}", f"{ran.count * ran.seconds:.0f} s", usd(cost)


def by_month() -> Iterator[str]:
    """Yield what is charged whether or not files come."""
    found = bill(monthly.fixed(PROJECT), prices_of(DEFAULT_REGION))
    yield "| a month | how many | USD |"
    yield "|---|---|---|"
    for line in found.lines:
        yield f"| {line.service}: {line.what} | {line.units:,.0f} | {usd(line.usd)} |"
    yield f"| in all | | {usd(found.usd)} |"


TABLES = (by_size, by_service, by_region, by_way, by_backfill, by_chunks, by_month)


def main() -> int:
    """Print the tables."""
    for table in TABLES:
        sys.stdout.write("\n".join(table()) + "\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
