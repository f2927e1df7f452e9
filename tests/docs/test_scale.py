"""docs/scale.md has the figures of the simulation, which reproduces what the local cloud did."""

from __future__ import annotations

import json

import pytest

from bench import simulate, simulation
from bench.local_runs import ROOT
from pipeline import writing
from tests.docs.cost_tables import bill_of

PAGE = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
# The machine had other work when the runs were made.
MOST_OFF, MOST_OFF_PREDICTED = 0.05, 0.25


@pytest.mark.parametrize("run", simulate.recorded(), ids=lambda run: f"{run['workers']} workers")
def test_given_a_run_of_the_local_cloud_the_simulation_takes_as_long(run: dict[str, float]) -> None:
    assert simulate.reproduced(run) == pytest.approx(run["seconds"], rel=MOST_OFF)
    alone = simulate.recorded()[0]
    assert simulate.predicted(run, alone) == pytest.approx(run["seconds"], rel=MOST_OFF_PREDICTED)


def test_given_the_page_it_says_what_was_run_and_how_far_off_the_one_prediction_is() -> None:
    alone, together = simulate.recorded()
    off = abs(simulate.predicted(together, alone) / together["seconds"] - 1) * 100
    shards, partitions = (len(alone["durations"][name]) for name in ("parse_and_validate", "write_to_ddb"))

    assert f"A file of {alone['records']:,} records in {shards} shards and {partitions} partitions" in PAGE
    assert f"it is off by {off:.1f} %" in " ".join(PAGE.split())
    share = sum(alone["durations"]["write_to_ddb"]) / alone["seconds"]
    assert f"the emulator's writes, {share * 100:.0f} % with one worker" in PAGE


@pytest.mark.parametrize("table", [simulate.local_table, simulate.scene_table], ids=["local runs", "scenes"])
def test_given_a_table_of_the_page_the_simulation_has_its_figures(table: object) -> None:
    assert callable(table)
    assert "\n".join(table()) in PAGE, "python -m bench simulate prints the tables"


def test_given_the_page_it_says_how_many_items_are_written_before_a_writer_hands_over() -> None:
    seconds = writing.EXPRESS_SECONDS - writing.RESERVE_SECONDS
    assert seconds == simulation.WRITER_SECONDS
    for table in (simulate.NEW_TABLE, simulate.WARM_TABLE):
        assert f"{table * seconds:,} items" in PAGE


def test_given_a_task_that_finds_no_function_it_is_tried_again_as_long_as_simulated() -> None:
    machine = json.loads((ROOT / "statemachines" / "ingest.asl.json").read_bytes())
    writer = machine["States"]["WritePartitions"]["ItemProcessor"]["States"]["WritePartitionToDdb"]
    throttled = writer["Retry"][0]
    waits = (
        min(throttled["MaxDelaySeconds"], throttled["IntervalSeconds"] * throttled["BackoffRate"] ** attempt)
        for attempt in range(throttled["MaxAttempts"])
    )
    assert sum(waits) / 2 == simulation.RETRY_SECONDS


def test_given_the_page_it_says_what_smaller_files_cost_beside_those_of_a_million_records() -> None:
    few, some, many = (bill_of(records).usd / records for records in (100, 10_000, 1_000_000))

    assert f"Files of 10,000 records cost {some / many * 100 - 100:.0f} % more, files of 100\n" in PAGE
    assert f"{few / many:.1f} times as much" in PAGE
    assert f"{many * 1e6:.2f} USD a million" in PAGE
