"""Messages of the queues of what went wrong, read without taking them away.

Who reads a message hides it from others for a while. Here that is HIDDEN_SECONDS at most, and less where it
is given back: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from statewright.local.clients import Clients
    from statewright.local.names import Names

BATCH = 10  # SQS's limit of messages in one request
MAX_MESSAGES = 10_000  # of one queue at once: they are held in memory
HIDDEN_SECONDS = 120  # so many messages are read in half of it
# A long poll asks all servers of a queue; a short one may find nothing though there is something.
POLL_SECONDS = 1
FAILURES = "dead_letters"  # the queue that the workflow's failure branch sends to


@dataclass(frozen=True)
class Message:
    """A message as it was received; `queue` is the logical name, `sent` in seconds since the epoch."""

    queue: str
    id: str
    receipt: str
    sent: float
    body: str
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reading:
    """What was read of a queue; `complete` where nothing more was in it."""

    messages: list[Message]
    complete: bool


def queues_of(names: Names) -> list[str]:
    """Return the logical names of the dead-letter queues: of workflows, rules, schedules and queues."""
    description = names.project.description
    found = [FAILURES] if FAILURES in description.queues else []
    found += [rule.dead_letters for rule in description.rules.values()]
    found += [schedule.dead_letters for schedule in description.schedules.values()]
    found += [queue.dead_letters for queue in description.queues.values() if queue.dead_letters is not None]
    return list(dict.fromkeys(found))


def read_queue(names: Names, clients: Clients, queue: str) -> Reading:
    """Receive every message of a queue once, MAX_MESSAGES at most; they are hidden until given back."""
    found: dict[str, Message] = {}
    end = time.monotonic() + HIDDEN_SECONDS / 2  # the first that was read is hidden still
    while len(found) < MAX_MESSAGES and time.monotonic() < end:
        received = _receive(names, clients, queue)
        fresh = [each for each in received if each.id not in found]
        found |= {each.id: each for each in received}  # the last receipt is the one that counts
        if not fresh:
            return Reading(list(found.values()), complete=True)
    return Reading(list(found.values()), complete=False)


def _receive(names: Names, clients: Clients, queue: str) -> list[Message]:
    answer = clients("sqs").receive_message(
        QueueUrl=names.queue_url(queue),
        MaxNumberOfMessages=BATCH,
        VisibilityTimeout=HIDDEN_SECONDS,
        WaitTimeSeconds=POLL_SECONDS,
        AttributeNames=["SentTimestamp"],
        MessageAttributeNames=["All"],
    )
    return [_message(queue, each) for each in answer.get("Messages", [])]


def _message(queue: str, received: dict[str, Any]) -> Message:
    sent = received.get("Attributes", {}).get("SentTimestamp")
    return Message(
        queue=queue,
        id=received["MessageId"],
        receipt=received["ReceiptHandle"],
        sent=int(sent) / 1000 if sent else time.time(),
        body=received["Body"],
        attributes={
            name: each["StringValue"]
            for name, each in received.get("MessageAttributes", {}).items()
            if "StringValue" in each
        },
    )


def give_back(names: Names, clients: Clients, messages: Iterable[Message]) -> None:
    """Show messages to others again; those that are gone meanwhile, or hidden by another reader, are left."""
    by_queue: dict[str, list[Message]] = {}
    for each in messages:
        by_queue.setdefault(each.queue, []).append(each)
    for queue, found in by_queue.items():
        for at in range(0, len(found), BATCH):
            clients("sqs").change_message_visibility_batch(
                QueueUrl=names.queue_url(queue),
                Entries=[
                    {"Id": str(number), "ReceiptHandle": each.receipt, "VisibilityTimeout": 0}
                    for number, each in enumerate(found[at : at + BATCH])
                ],
            )


def remove(names: Names, clients: Clients, message: Message) -> bool:
    """Delete a message; return whether it is gone by this receipt, which another reader may have taken over.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html
    """
    try:
        clients("sqs").delete_message(QueueUrl=names.queue_url(message.queue), ReceiptHandle=message.receipt)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if "ReceiptHandleIsInvalid" in code or "InvalidParameterValue" in code:
            return False
        raise
    return True
