"""The simulation waits where AWS makes one wait: for a free function, a free child, the table."""

from __future__ import annotations

import pytest

from bench.simulation import (
    DOUBLING_SECONDS,
    RETRY_SECONDS,
    WRITER_SECONDS,
    File,
    Limits,
    Partition,
    simulate,
)

MANY = Limits(functions=1000)


def test_given_fewer_workers_than_shards_they_take_turns() -> None:
    file = File([(1.0, 2.0)] * 8, [])

    assert simulate([file], Limits(functions=1)).seconds == 24
    assert simulate([file], Limits(functions=2)).seconds == 12
    assert simulate([file], MANY).seconds == 3


def test_given_more_children_than_a_map_runs_at_once_the_others_wait() -> None:
    file = File([(1.0,)] * 80, [])

    assert simulate([file], Limits(functions=1000, children=40)).seconds == 2


def test_given_shards_nothing_is_written_before_the_last_one_has_ended() -> None:
    file = File([(1.0,), (9.0,)], [Partition(1.0)] * 5, before=1.0, after=1.0)

    assert simulate([file], MANY).seconds == 12


def test_given_a_table_it_takes_no_more_than_it_can_however_many_write() -> None:
    file = File([], [Partition(1.0, 1000.0)] * 10)

    outcome = simulate([file], Limits(functions=1000, table_units=100))

    assert outcome.seconds == pytest.approx(100)
    assert outcome.units == pytest.approx(10_000)
    assert outcome.table_share == pytest.approx(1)


def test_given_a_writer_that_is_slower_than_the_table_it_is_as_slow_as_the_writer() -> None:
    file = File([], [Partition(60.0, 1000.0)])

    assert simulate([file], Limits(functions=1, table_units=100)).seconds == pytest.approx(60)


def test_given_a_table_that_is_busy_for_half_an_hour_it_takes_twice_as_much_after() -> None:
    limits = Limits(functions=1000, table_units=100, table_most=300)
    units = 100 * DOUBLING_SECONDS + 200 * DOUBLING_SECONDS + 300 * 100
    file = File([], [Partition(0.0, units / 10)] * 10)

    assert simulate([file], limits).seconds == pytest.approx(2 * DOUBLING_SECONDS + 100, rel=0.01)


def test_given_writers_that_see_their_end_they_hand_over_and_the_file_ends_as_fast() -> None:
    file = File([], [Partition(10.0, 1000.0), Partition(10.0, 60_000.0)])

    outcome = simulate([file], Limits(functions=1000, table_units=100))

    assert outcome.handed_over == 2
    assert outcome.children == 4
    assert outcome.given_up == 0
    assert outcome.units == pytest.approx(61_000)
    assert outcome.seconds == pytest.approx(610)


def test_given_one_that_goes_on_it_reads_again_what_is_done() -> None:
    writer = Partition(10.0, 1.5 * 100 * WRITER_SECONDS, reading=6.0)

    outcome = simulate([File([], [writer])], Limits(functions=1, table_units=100))

    assert outcome.seconds == pytest.approx(1.5 * WRITER_SECONDS + 6.0 / 1.5)
    assert outcome.handed_over == 1


def test_given_a_child_that_waits_for_a_function_for_longer_than_it_is_tried_again_it_gives_up() -> None:
    file = File([(RETRY_SECONDS + 1,), (1.0,)], [])

    assert simulate([file], Limits(functions=1)).given_up == 1
    assert simulate([file], Limits(functions=2)).given_up == 0


def test_given_files_they_share_the_functions_and_each_is_told_how_long_it_took() -> None:
    files = [File([(10.0,)], [], arrives=arrives) for arrives in (0.0, 2.0)]

    outcome = simulate(files, Limits(functions=1))

    assert outcome.files == [10.0, 18.0]
    assert outcome.most_functions == 1
    assert outcome.function_seconds == 20
