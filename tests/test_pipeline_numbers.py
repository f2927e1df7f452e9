"""The numbers of pipeline.json and of the workflows fit one another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline import collecting_messages, digests, processed, told
from statewright.project import read_project

ROOT = Path(__file__).parents[1]
DESCRIPTION = read_project(ROOT).description
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
MAX_RETENTION_SECONDS = 14 * 86_400
MAX_MESSAGE_BYTES = 1_048_576
MAX_VISIBILITY_SECONDS = 43_200
# https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html
MAX_EXPRESS_SECONDS = 300
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-sqs.html
VISIBILITY_FACTOR = 6
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
MAX_DELAY_SECONDS = 900
# https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_PipeSourceSqsQueueParameters.html
MAX_PIPE_BATCH = 10_000
MAX_WINDOW_SECONDS = 300


def definition(machine: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / DESCRIPTION.state_machines[machine].definition).read_text())
    return found


@pytest.mark.parametrize("name", DESCRIPTION.pipes)
def test_a_queue_hides_a_message_six_times_as_long_as_its_pipe_may_take(name: str) -> None:
    pipe = DESCRIPTION.pipes[name]
    longest = (
        DESCRIPTION.functions[pipe.enrichment].timeout_seconds
        + definition(pipe.state_machine)["TimeoutSeconds"]
    )
    visibility = DESCRIPTION.queues[pipe.queue].visibility_seconds
    assert VISIBILITY_FACTOR * longest <= visibility <= MAX_VISIBILITY_SECONDS


@pytest.mark.parametrize("name", DESCRIPTION.pipes)
def test_an_express_execution_ends_before_it_must(name: str) -> None:
    assert definition(DESCRIPTION.pipes[name].state_machine)["TimeoutSeconds"] < MAX_EXPRESS_SECONDS


@pytest.mark.parametrize("name", DESCRIPTION.pipes)
def test_a_pipes_batch_is_no_larger_than_its_enrichment_takes(name: str) -> None:
    pipe = DESCRIPTION.pipes[name]
    signature = json.loads((ROOT / f"schemas/functions/{pipe.enrichment}.json").read_text())
    assert pipe.batch_size <= signature["input"]["maxItems"]
    # https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_PipeSourceSqsQueueParameters.html
    assert pipe.batch_size <= 10 or pipe.window_seconds >= 1


@pytest.mark.parametrize("name", [name for name, queue in DESCRIPTION.queues.items() if queue.dead_letters])
def test_dead_letters_outlive_their_queue_and_take_its_messages(name: str) -> None:
    queue = DESCRIPTION.queues[name]
    dead_letters = DESCRIPTION.queues[str(queue.dead_letters)]
    # SQS counts from the first sending: a message may come at the end of its queue's retention.
    assert queue.retention_seconds < dead_letters.retention_seconds <= MAX_RETENTION_SECONDS
    assert queue.max_message_bytes <= dead_letters.max_message_bytes <= MAX_MESSAGE_BYTES
    # It is received for the last time before it would be forgotten.
    assert queue.max_receives * queue.visibility_seconds < queue.retention_seconds


@pytest.mark.parametrize("name", DESCRIPTION.pipes)
def test_a_message_that_comes_again_finds_no_claim_of_a_group_that_ended_badly(name: str) -> None:
    queue = DESCRIPTION.queues[DESCRIPTION.pipes[name].queue]
    # What claimed an alert and did not tell of it is dead by then: else nobody would tell of it.
    assert MAX_EXPRESS_SECONDS <= told.LEASE_SECONDS < queue.visibility_seconds
    # A group's day is that of its last message; none is older than the queue keeps it.
    assert queue.retention_seconds <= processed.RETENTION_DAYS * 86_400


def test_reasons_outlive_the_messages_that_they_are_about() -> None:
    for pipe in DESCRIPTION.pipes.values():
        rejected = DESCRIPTION.queues[str(DESCRIPTION.queues[pipe.queue].dead_letters)]
        assert rejected.retention_seconds < told.KEEP_SECONDS


def test_a_digest_is_asked_for_later_than_anybody_may_leave_alerts_to_it() -> None:
    assert DESCRIPTION.functions["notify"].timeout_seconds <= digests.GRACE_SECONDS
    assert DESCRIPTION.functions["tell_digests"].timeout_seconds <= told.TELLING_SECONDS
    assert 60 + digests.GRACE_SECONDS <= MAX_DELAY_SECONDS


@pytest.mark.parametrize("name", DESCRIPTION.pipes)
def test_a_group_is_no_smaller_than_a_usual_batch(name: str) -> None:
    assert DESCRIPTION.pipes[name].batch_size <= collecting_messages.MAX_GROUP_MESSAGES
    assert DESCRIPTION.pipes[name].batch_size <= MAX_PIPE_BATCH
    assert DESCRIPTION.pipes[name].window_seconds <= MAX_WINDOW_SECONDS
