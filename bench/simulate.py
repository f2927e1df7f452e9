"""What large volumes take on AWS, simulated; and the runs of the local cloud that it has to reproduce.

python -m bench simulate        prints the tables of docs/scale.md
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from bench import local_runs
from bench.simulation import File, Limits, Outcome, Partition, simulate
from pipeline import tables
from statewright.costs import facts, timing, work
from statewright.costs.bill import bill
from statewright.costs.calls import Load
from statewright.costs.cost_command import usd
from statewright.costs.measured import measured
from statewright.prices import DEFAULT_REGION, prices_of
from statewright.project import read_project

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = read_project(local_runs.ROOT)
MACHINE = timing.Machine.of(PROJECT)
RECORD_BYTES = 160
DAY, HOUR = 86_400, 3600
# Defaults of an account, and a table: docs/quotas.md has their pages.
FUNCTIONS, NEW_TABLE, WARM_TABLE = 1000, 4000, 40_000
TERABYTE = 10**12


def recorded() -> list[dict[str, Any]]:
    """Return the runs of the local cloud that were measured, each with the number of its records."""
    found = json.loads(local_runs.PLACE.read_bytes())
    return [{**run, "records": found["records"]} for run in found["runs"]]


def of_run(run: dict[str, Any]) -> File:
    """Return a run as the simulation has it: how long each invocation took, in the order of their ends."""
    took = run["durations"]
    shards = list(zip(took["parse_and_validate"], took["enrich"], strict=True))
    partitions = [Partition(seconds) for seconds in took["write_to_ddb"]]
    return File(shards, partitions, sum(took["collect_data"]), sum(took["notify"]))


def reproduced(run: dict[str, Any]) -> float:
    """Return how long the simulation takes a run for, by its own invocations."""
    return simulate([of_run(run)], Limits(run["workers"])).seconds


def predicted(run: dict[str, Any], known: dict[str, Any]) -> float:
    """Return how long a run takes by what another one showed, which had one worker.

    One writer alone finds out how many items a second the emulator's table takes; it is one process, and
    takes no more from two.
    """
    items, took = known["records"], known["durations"]
    writers = len(took["write_to_ddb"])
    own = measured().cpu["write_to_ddb"].of(items / writers, items / writers * RECORD_BYTES)
    limits = Limits(run["workers"], table_units=items / sum(took["write_to_ddb"]))
    file = replace(of_run(known), partitions=[Partition(own, items / writers)] * writers)
    return simulate([file], limits).seconds


@dataclass(frozen=True)
class Scene:
    """Files of one size that arrive in an interval, and the limits that they meet."""

    name: str
    records: int
    files: int
    seconds_between: float
    limits: Limits


@cache
def planned(records: int) -> tuple[facts.Facts, work.Work]:
    """Return the plan of a file of orders, and what it is charged."""
    file = facts.File("orders", records, records * RECORD_BYTES)
    found = facts.facts_of(PROJECT, file)
    return found, work.of_file(found, file.size, Load(records), MACHINE)


def of_model(records: int, arrives: float = 0.0) -> File:
    """Return a file as the cost model has it; the table is waited for in the simulation."""
    found, made = planned(records)
    ran = made.invocations
    shard = (ran["parse_and_validate"].seconds, ran["enrich"].seconds)
    units = records / found.partitions * work.units(found.item_bytes)
    seconds = ran["write_to_ddb"].seconds
    batches = records / found.partitions / tables.BATCH_ITEMS
    reading = seconds - batches * timing.DYNAMODB_SECONDS / timing.WRITES
    writer = Partition(seconds, units, reading)
    before, after = ran["collect_data"].seconds, ran["notify"].seconds
    return File([shard] * found.shards, [writer] * found.partitions, before, after, arrives)


def play(scene: Scene) -> Outcome:
    """Simulate a scene."""
    files = [of_model(scene.records, number * scene.seconds_between) for number in range(scene.files)]
    return simulate(files, scene.limits)


def amount(scene: Scene, outcome: Outcome) -> float:
    """Return what a scene costs, in USD: the files by themselves, and writers that wait for the table."""
    _, made = planned(scene.records)
    alone = sum(each.count * each.seconds for each in made.invocations.values())
    waited = max(0.0, outcome.function_seconds / scene.files - alone)
    amounts = made.amounts.copy()
    gb = MACHINE.memory_mb["write_to_ddb"] / 1024
    amounts[f"lambda.{MACHINE.processor}_gb_seconds", f"time on {MACHINE.processor}"] += waited * gb
    return bill(amounts, prices_of(DEFAULT_REGION)).usd * scene.files


def scenes() -> list[Scene]:
    """Return the scenes of docs/scale.md."""
    new = Limits(FUNCTIONS, table_units=NEW_TABLE, table_most=WARM_TABLE, child_seconds=work.STATE_SECONDS)
    warm = replace(new, table_units=WARM_TABLE)
    raised = replace(warm, functions=3000, table_units=200_000, table_most=200_000)
    of_terabyte = TERABYTE // 1000 // RECORD_BYTES
    return [
        Scene("1,000,000 records, a new table", 10**6, 1, 0, new),
        Scene("10,000,000 records, a new table", 10**7, 1, 0, new),
        Scene("10,000,000 records, a warm table", 10**7, 1, 0, warm),
        Scene("100,000,000 records, a warm table", 10**8, 1, 0, warm),
        Scene("a billion a day: 1,000 files, a new table", 10**6, 1000, DAY / 1000, new),
        Scene("a billion a day: 1,000 files, a warm table", 10**6, 1000, DAY / 1000, warm),
        Scene("100,000,000 in six minutes: 100 files, a warm table", 10**6, 100, 3.6, warm),
        Scene("a terabyte: 1,000 files, one each 160 s, a warm table", of_terabyte, 1000, 160, warm),
        Scene("a terabyte: 1,000 files, one each 36 s, quotas raised", of_terabyte, 1000, 36, raised),
    ]


def bottleneck(scene: Scene, outcome: Outcome) -> str:
    """Say what bounds a scene: what is used most of what there is."""
    found, _ = planned(scene.records)
    if outcome.table_share > 0.9:
        return "the table"
    if outcome.most_functions >= scene.limits.functions:
        return "functions at once"
    if scene.files == 1 and max(found.shards, found.partitions) > scene.limits.children:
        return "children of a Map at once"
    return "none: it ends as it comes"


def local_table() -> Iterator[str]:
    """Yield the recorded runs beside their simulation."""
    runs = recorded()
    yield "| workers | ended after | simulated, by its own invocations | predicted, by those of one worker |"
    yield "|---|---|---|---|"
    for run in runs:
        cells = (_beside(found, run["seconds"]) for found in (reproduced(run), predicted(run, runs[0])))
        yield f"| {run['workers']} | {run['seconds']:.1f} s | {' | '.join(cells)} |"


def _beside(seconds: float, real: float) -> str:
    return f"{seconds:.1f} s, off by {abs(seconds / real - 1) * 100:.1f} %"


def scene_table() -> Iterator[str]:
    """Yield the scenes: how long, how much, what bounds them."""
    names = (
        *("what", "all has ended after", "slowest file", "functions at once"),
        *("handed over", "given up", "USD", "bounded by"),
    )
    yield f"| {' | '.join(names)} |"
    yield "|---" * len(names) + "|"
    for scene in scenes():
        outcome = play(scene)
        cells = (
            scene.name,
            *_times(outcome),
            f"{outcome.most_functions:,}",
            f"{outcome.handed_over:,} of {outcome.children:,}",
            f"{outcome.given_up:,}",
            usd(amount(scene, outcome)),
            bottleneck(scene, outcome),
        )
        yield f"| {' | '.join(cells)} |"


def _times(outcome: Outcome) -> tuple[str, str]:
    """Return when all has ended, and how long the slowest file took: not where files fail on the way."""
    if outcome.given_up:
        return "—", "—"
    return shown(outcome.seconds), shown(max(outcome.files))


def shown(seconds: float) -> str:
    """Return a time as people say it."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 2 * HOUR else f"{seconds / HOUR:.1f} h"


def main() -> None:
    """Print the tables."""
    for table in (local_table, scene_table):
        sys.stdout.write("\n".join(table()) + "\n\n")
