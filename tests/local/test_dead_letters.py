"""Dead-letter queues are read without taking anything away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from statewright.local import dead_letters
from statewright.local.dead_letters import give_back, queues_of, read_queue, remove

if TYPE_CHECKING:
    from tests.local.pipelines import Pipeline


@pytest.fixture(autouse=True)
def _short_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dead_letters, "POLL_SECONDS", 0)


def test_the_queues_are_that_of_the_workflow_and_those_of_the_rules(pipeline: Pipeline) -> None:
    assert queues_of(pipeline.names) == ["dead_letters", "undelivered_events"]


def test_every_message_is_read_once_with_what_came_with_it(pipeline: Pipeline) -> None:
    for number in range(25):
        pipeline.send(f"body {number}", ERROR_CODE=str(number))

    reading = read_queue(pipeline.names, pipeline.clients, "dead_letters")

    assert reading.complete
    assert {each.body: each.attributes for each in reading.messages} == {
        f"body {number}": {"ERROR_CODE": str(number)} for number in range(25)
    }
    assert all(each.sent > 1_700_000_000 for each in reading.messages)


def test_messages_that_are_given_back_are_there_for_others_at_once(pipeline: Pipeline) -> None:
    for number in range(12):
        pipeline.send(str(number))
    reading = read_queue(pipeline.names, pipeline.clients, "dead_letters")
    assert pipeline.waiting() == 0

    give_back(pipeline.names, pipeline.clients, reading.messages)

    assert pipeline.waiting() == 12


def test_no_more_are_read_than_memory_is_meant_for(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dead_letters, "MAX_MESSAGES", 10)
    for number in range(25):
        pipeline.send(str(number))

    reading = read_queue(pipeline.names, pipeline.clients, "dead_letters")

    assert (len(reading.messages), reading.complete) == (10, False)
    assert pipeline.waiting() == 15


def test_a_reading_that_takes_too_long_says_that_it_is_not_complete(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dead_letters, "HIDDEN_SECONDS", 0)
    pipeline.send("one")

    assert not read_queue(pipeline.names, pipeline.clients, "dead_letters").complete


def test_a_message_that_another_reader_has_by_now_is_not_removed(
    pipeline: Pipeline,
) -> None:
    pipeline.send("one")
    [ours] = read_queue(pipeline.names, pipeline.clients, "dead_letters").messages
    give_back(pipeline.names, pipeline.clients, [ours])
    [theirs] = read_queue(pipeline.names, pipeline.clients, "dead_letters").messages

    assert not remove(pipeline.names, pipeline.clients, ours)
    assert remove(pipeline.names, pipeline.clients, theirs)
    assert read_queue(pipeline.names, pipeline.clients, "dead_letters").messages == []
