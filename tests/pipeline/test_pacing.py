"""Writers that slow down with their table, in simulated time."""

from __future__ import annotations

import pytest

from pipeline import pacing, tables
from pipeline.pacing import LEAST, Pace
from tests.pipeline.table_of_capacity import AsBefore, Simulation

NEW_TABLE = 4_000  # items a second: what DynamoDB gives a table that nobody warmed


def test_one_writer_comes_to_what_the_table_takes_and_little_is_refused() -> None:
    simulation = Simulation(1, NEW_TABLE)
    simulation.run(5)
    found = simulation.run(20)
    assert found.of_capacity > 0.95
    assert found.refused < 0.03
    assert found.given_up == 0


def test_many_writers_use_the_table_up_where_as_before_most_items_were_refused() -> None:
    before, now = (Simulation(20, NEW_TABLE, pace) for pace in (AsBefore, Pace))
    before.run(20)
    now.run(20)
    then, found = before.run(20), now.run(20)
    assert found.of_capacity > 0.95
    assert found.refused < 0.15 < 0.5 < then.refused
    assert found.given_up == 0


def test_writers_share_a_table() -> None:
    simulation = Simulation(10, NEW_TABLE)
    simulation.run(20)
    found = simulation.run(40)
    mean = NEW_TABLE * 40 / 10
    assert found.least > mean / 2
    assert found.most < mean * 2


def test_a_table_that_takes_more_again_is_used_up_within_seconds() -> None:
    simulation = Simulation(10, NEW_TABLE)
    simulation.run(20)
    simulation.table.capacity *= 4
    simulation.run(10)
    assert simulation.run(10).of_capacity > 0.95


def test_a_table_that_takes_all_is_written_to_at_full_pace() -> None:
    simulation = Simulation(1, 1_000_000)
    assert simulation.run(5).refused == 0
    assert simulation.writers[0].pace.window == tables.WRITES


def test_the_pace_has_bounds() -> None:
    pace = Pace(8)
    for _ in range(100):
        pace.end(pace.begin(), 1.0)
    assert pace.window == LEAST
    assert (pace.slots, pace.rest(0.01)) == (1, pytest.approx(0.01 * (1 / LEAST - 1)))
    assert pace.rest(1.0) == pacing.LONGEST_REST_SECONDS
    for _ in range(10_000):
        pace.end(pace.begin(), 0.0)
    assert (pace.window, pace.slots, pace.rest(1.0)) == (8.0, 8, 0.0)


def test_calls_that_were_under_way_together_slow_down_once() -> None:
    pace = Pace(8)
    together = [pace.begin() for _ in range(8)]
    for each in together:
        pace.end(each, 1.0)
    assert pace.window == 4.0
    pace.end(pace.begin(), 0.5)
    assert pace.window == 3.0
