"""Queues in which thousands of messages wait, as fast as short ones.

MiniStack 1.5.33 goes through all messages of a queue for each message that is deleted, and five times for
each request to receive some: of 20,000 messages a burst would spend its time with that. Here a long queue is
gone through once for a batch of deletions, up to the first messages that may be received, and a few times a
second for those that are to become dead letters or are too old. What is done to a message stays MiniStack's.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

Queue = dict[str, Any]

LONG = 500  # messages; shorter queues are left as they are
LOOK_SECONDS = 0.25


def install(sqs: Any) -> None:
    """Put this in the place of what `sqs`, MiniStack's module, does with long queues."""
    sqs._collect_msgs = _collecting(sqs._collect_msgs)
    sqs._expire_retained = _rarely(sqs._expire_retained)
    sqs._dlq_sweep = _rarely(sqs._dlq_sweep)
    delete = "DeleteMessageBatch"
    sqs._HANDLERS[delete] = _deleting(sqs._HANDLERS[delete], sqs._get_q)


def _is_long(queue: Queue) -> bool:
    return len(queue["messages"]) > LONG and not queue["is_fifo"]


def _collecting(collect: Callable[[Queue, int, int], Any]) -> Callable[[Queue, int, int], Any]:
    def first(queue: Queue, count: int, hidden_seconds: int) -> Any:
        if not _is_long(queue):
            return collect(queue, count, hidden_seconds)
        now, most = time.time(), _max_receives(queue)
        found: list[Any] = []
        for message in queue["messages"]:
            if message.get("visible_at", 0) <= now and message.get("receive_count", 0) < most:
                found.append(message)
                if len(found) == count:
                    break
        return collect({**queue, "messages": found}, count, hidden_seconds)

    return first


def _max_receives(queue: Queue) -> float:
    """Return how often a message is received before it becomes a dead letter, which may be swept later."""
    try:
        return int(json.loads(queue["attributes"]["RedrivePolicy"])["maxReceiveCount"])
    except (KeyError, TypeError, ValueError):
        return float("inf")


def _rarely(look: Callable[[Queue], None]) -> Callable[[Queue], None]:
    looked: dict[str, float] = {}

    def sometimes(queue: Queue) -> None:
        name, now = queue["attributes"]["QueueArn"], time.monotonic()
        if not _is_long(queue) or now - looked.get(name, float("-inf")) >= LOOK_SECONDS:
            looked[name] = now
            look(queue)

    return sometimes


def _deleting(delete: Callable[[Any, str], Any], get: Callable[[str], Queue]) -> Callable[[Any, str], Any]:
    def among_few(request: Any, url: str) -> Any:
        queue = get(request.get("QueueUrl", url))
        if not _is_long(queue):
            return delete(request, url)
        receipts = {entry.get("ReceiptHandle") for entry in request.get("Entries", [])} - {None}
        meant = [each for each in queue["messages"] if each.get("receipt_handle") in receipts]
        others = [each for each in queue["messages"] if each.get("receipt_handle") not in receipts]
        queue["messages"] = meant
        try:
            return delete(request, url)
        finally:
            queue["messages"] = others + queue["messages"]

    return among_few
