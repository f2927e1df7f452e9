"""A long queue does what a short one does."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from statewright.local.long_queues import LONG

if TYPE_CHECKING:
    from statewright.local.clients import Clients

COUNT = LONG + 120


@pytest.fixture
def url(clients: Clients, request: pytest.FixtureRequest) -> str:
    """A queue with more messages than a short one has, the oldest first."""
    sqs = clients("sqs")
    dead = sqs.create_queue(QueueName=f"dead-{request.node.name[:60]}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})
    made = sqs.create_queue(QueueName=f"long-{request.node.name[:60]}", Attributes={"RedrivePolicy": policy})
    for start in range(0, COUNT, 10):
        entries = [{"Id": str(number), "MessageBody": str(number)} for number in range(start, start + 10)]
        sqs.send_message_batch(QueueUrl=made["QueueUrl"], Entries=entries)
    return str(made["QueueUrl"])


def counts(clients: Clients, url: str) -> tuple[int, int]:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    said = clients("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return int(said[names[0]]), int(said[names[1]])


def receive(clients: Clients, url: str, hidden_seconds: int = 30) -> list[dict[str, Any]]:
    answer = clients("sqs").receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=10,
        VisibilityTimeout=hidden_seconds,
        AttributeNames=["ApproximateReceiveCount"],
    )
    return list(answer.get("Messages", []))


def test_each_message_is_received_once_and_those_that_are_deleted_are_gone(
    clients: Clients, url: str
) -> None:
    seen: list[str] = []
    while found := receive(clients, url):
        seen += [each["Body"] for each in found]
        assert {each["Attributes"]["ApproximateReceiveCount"] for each in found} == {"1"}
        entries = [{"Id": each["MessageId"], "ReceiptHandle": each["ReceiptHandle"]} for each in found[1:]]
        answer = clients("sqs").delete_message_batch(QueueUrl=url, Entries=entries)
        assert len(answer["Successful"]) == 9
    assert seen == [str(number) for number in range(COUNT)]
    assert counts(clients, url) == (0, COUNT // 10)


def test_a_receipt_that_is_none_is_refused_alone(clients: Clients, url: str) -> None:
    (first, *_) = receive(clients, url)
    entries = [
        {"Id": "good", "ReceiptHandle": first["ReceiptHandle"]},
        {"Id": "bad", "ReceiptHandle": "none"},
    ]
    answer = clients("sqs").delete_message_batch(QueueUrl=url, Entries=entries)
    assert [each["Id"] for each in answer["Successful"]] == ["good"]
    assert [each["Id"] for each in answer["Failed"]] == ["bad"]
    assert counts(clients, url) == (COUNT - 10, 9)


def test_what_was_received_for_the_last_time_is_not_received_again_but_becomes_a_dead_letter(
    clients: Clients, url: str
) -> None:
    last = {each["Body"] for each in receive(clients, url, hidden_seconds=0)}
    time.sleep(0.3)
    assert not last & {each["Body"] for each in receive(clients, url)}
    dead = url.replace("/long-", "/dead-")
    assert counts(clients, dead)[0] == len(last)
