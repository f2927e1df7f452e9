"""Sends events to a queue of SQS in batches, as fast as is wanted, and goes on where it was interrupted."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from statewright.local.sample_events import MAX_EVENT_BYTES, event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from statewright.local.sample_events import Event, Mix

# A batch of SQS: ten messages, and as many bytes together as one message may have.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
MAX_BATCH = 10
MAX_BATCH_BYTES = MAX_EVENT_BYTES
SENDERS = 8
# Entries of a batch that SQS did not take are sent again after a while, this often.
ATTEMPTS = 8
SAVE_SECONDS = 1.0


class NotSent(Exception):  # noqa: N818 - what happened
    """SQS did not take an event."""


@dataclass(frozen=True)
class Plan:
    """What is to be sent where; `rate` in events a second, 0 for as fast as it goes."""

    queue_url: str
    count: int
    batch_size: int
    rate: float
    mix: Mix


@dataclass
class Sent:
    """How far the sending is: all events before `next` have been sent."""

    next: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    bytes: int = 0


def batches(plan: Plan, first: int) -> Iterator[list[Event]]:
    """Yield the events from `first` on, in batches that SQS takes."""
    batch: list[Event] = []
    size = 0
    for number in range(first, plan.count):
        each = event(number, plan.mix)
        length = len(each.body.encode())
        if batch and (len(batch) == plan.batch_size or size + length > MAX_BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(each)
        size += length
    if batch:
        yield batch


def send(plan: Plan, sqs: Any, saved: Path, tell: Callable[[Sent], None]) -> Sent:
    """Send what is left of a plan; `saved` remembers how far it came, until all is sent; raises NotSent."""
    sent = Sent(_saved(saved, plan))
    first, started, written = sent.next, time.monotonic(), 0.0
    running: deque[tuple[list[Event], Future[None]]] = deque()
    stop = threading.Event()
    with ThreadPoolExecutor(SENDERS) as pool:
        try:
            for batch in batches(plan, first):
                _keep_pace(plan, batch[0].number - first, started)
                running.append((batch, pool.submit(_send, sqs, plan.queue_url, batch, stop)))
                while running and (len(running) > SENDERS or running[0][1].done()):
                    _count(sent, running.popleft())
                    if time.monotonic() - written > SAVE_SECONDS:
                        _save(saved, plan, sent.next)
                        written = time.monotonic()
                    tell(sent)
            while running:
                _count(sent, running.popleft())
                tell(sent)
        except BaseException:
            stop.set()
            _save(saved, plan, sent.next)
            raise
    saved.unlink(missing_ok=True)
    return sent


def _keep_pace(plan: Plan, events: int, started: float) -> None:
    if plan.rate:
        time.sleep(max(0.0, started + events / plan.rate - time.monotonic()))


def _count(sent: Sent, done: tuple[list[Event], Future[None]]) -> None:
    batch, future = done
    future.result()
    sent.next = batch[-1].number + 1
    sent.kinds.update(each.kind for each in batch)
    sent.bytes += sum(len(each.body.encode()) for each in batch)


def _send(sqs: Any, queue_url: str, batch: Sequence[Event], stop: threading.Event) -> None:
    left = {str(each.number): each.body for each in batch}
    for attempt in range(ATTEMPTS):
        if stop.wait(0.1 * 2**attempt if attempt else 0):
            return
        answer = sqs.send_message_batch(
            QueueUrl=queue_url,
            Entries=[{"Id": number, "MessageBody": body} for number, body in left.items()],
        )
        failed = answer.get("Failed", [])
        for each in failed:
            if each.get("SenderFault"):
                raise NotSent(f"event {each['Id']}: {each['Code']}: {each.get('Message', '')}")
        left = {each["Id"]: left[each["Id"]] for each in failed}
        if not left:
            return
    raise NotSent(f"SQS did not take {len(left)} events, however often they were sent")


def _saved(file: Path, plan: Plan) -> int:
    """Return the number to go on with: 0 unless this very plan was interrupted."""
    try:
        said = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return 0
    if not isinstance(said, dict) or said.get("plan") != _identity(plan):
        return 0
    return min(plan.count, max(0, int(said.get("next", 0))))


def _save(file: Path, plan: Plan, number: int) -> None:
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = file.with_suffix(".new")
    unfinished.write_text(json.dumps({"plan": _identity(plan), "next": number}))
    unfinished.replace(file)


def _identity(plan: Plan) -> dict[str, Any]:
    """Return what makes events what they are; how fast they are sent may change."""
    return {"queue_url": plan.queue_url, "count": plan.count, "mix": asdict(plan.mix)}
