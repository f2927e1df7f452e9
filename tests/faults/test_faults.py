"""A sample of what `make faults` tries."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import pytest

from tests.faults import harness
from tests.faults.faults import FAULTS, cut_after, killed_after, timed_out_and_done_late
from tests.faults.meetings import MEETINGS
from tests.faults.scenarios import BROKEN_SHARD, FANNED_OUT, HANDED_OVER, PLAIN
from tests.faults.trials import lab

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.harness import Tally
    from tests.faults.network import Point
    from tests.faults.trials import Lab


@pytest.fixture(scope="module")
def made() -> Iterator[Lab]:
    with lab() as made_:
        yield made_


@pytest.fixture
def tallies() -> dict[str, Tally]:
    return defaultdict(harness.Tally)


def lines(tallies: dict[str, Tally]) -> list[str]:
    return [line for tally in tallies.values() for line in tally.lines]


def spread(points: list[Point], count: int) -> list[Point]:
    """Take so many points of a run, from its beginning to its end."""
    return points[:: max(1, len(points) // count)]


def test_given_a_call_that_fails_the_run_leaves_what_a_clean_run_leaves(
    made: Lab, tallies: dict[str, Tally]
) -> None:
    points = made.set_up(PLAIN)
    for number, fault in enumerate(FAULTS):
        struck = [point for point in points if fault.strikes(point.call)]
        chosen = [struck[number * 7 % len(struck)]]
        harness.strike(made, PLAIN, chosen, tallies, faults=[fault])
    assert lines(tallies) == []
    assert tallies.keys() == {fault.name for fault in FAULTS}
    assert any(tally.started_anew for tally in tallies.values())


@pytest.mark.parametrize("act", [cut_after, killed_after])
def test_given_shards_and_partitions_too(made: Lab, tallies: dict[str, Tally], act: object) -> None:
    faults = [fault for fault in FAULTS if fault.act is act and fault.lasts]
    harness.strike(made, FANNED_OUT, spread(made.set_up(FANNED_OUT), 3), tallies, faults=faults)
    assert lines(tallies) == []


def test_given_writers_that_hand_over_too(made: Lab, tallies: dict[str, Tally]) -> None:
    points = [point for point in made.set_up(HANDED_OVER) if point.call.by == "write_to_ddb"]
    batches = [point for point in points if point.call.operation == "dynamodb.BatchWriteItem"]
    assert len(batches) > 2 * HANDED_OVER.partitions
    faults = [fault for fault in FAULTS if fault.act is killed_after and not fault.lasts]
    harness.strike(made, HANDED_OVER, batches, tallies, faults=faults)
    assert lines(tallies) == []


def test_given_a_call_for_the_summary_too(made: Lab, tallies: dict[str, Tally]) -> None:
    points = [point for point in made.set_up(PLAIN) if "/reports/" in point.call.url]
    assert [(point.call.by, point.call.operation) for point in points] == [("notify", "s3.PutObject")]
    faults = [fault for fault in FAULTS if fault.act in (cut_after, timed_out_and_done_late)]
    harness.strike(made, PLAIN, points, tallies, faults=faults[:3])
    assert lines(tallies) == []


def test_given_a_file_that_fails_it_is_told_whatever_else_fails(made: Lab, tallies: dict[str, Tally]) -> None:
    points = [point for point in made.set_up(BROKEN_SHARD) if not point.call.is_of_a_function]
    assert {point.call.operation for point in points} == {
        "s3.GetObject",
        "dynamodb.UpdateItem",
        "sqs.SendMessage",
        "sns.Publish",
    }
    faults = [fault for fault in FAULTS if fault.act is cut_after]
    harness.strike(made, BROKEN_SHARD, points, tallies, faults=faults[:1])
    assert lines(tallies) == []


def test_given_two_executions_on_one_object_one_does_the_work(made: Lab, tallies: dict[str, Tally]) -> None:
    harness.meet(made, PLAIN, made.set_up(PLAIN)[5:6], tallies)
    assert lines(tallies) == []
    assert tallies.keys() == {meeting.name for meeting in MEETINGS}


def test_given_events_out_of_order_the_table_ends_as_in_order(made: Lab, tallies: dict[str, Tally]) -> None:
    harness.arrive(made, tallies, every=30)
    assert lines(tallies) == []
    assert sum(tally.points for tally in tallies.values()) == 2


def test_given_a_batch_of_messages_too(made: Lab, tallies: dict[str, Tally]) -> None:
    acts = {cut_after, killed_after, timed_out_and_done_late}
    faults = [fault for fault in FAULTS if fault.act in acts and fault.attempts == 1]
    harness.receive(made, tallies, every=17, faults=faults)
    assert lines(tallies) == []
    assert sum(tally.points for tally in tallies.values()) >= 8
