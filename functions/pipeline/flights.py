"""Many calls of DynamoDB under way at once, in one thread: while some wait for their answers, others begin.

A task is a generator: it yields a call that it wants made, and goes on with the answer. Threads would do the
same for more: they wake each other up at every call, which costs as much as the call.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from pipeline import aws, ready_calls

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipeline.pacing import Pace
    from pipeline.ready_calls import Call

A = TypeVar("A")


class Send(NamedTuple):
    """A call that a task wants made: for so many items, not before so many seconds from now."""

    operation: str
    body: bytes
    items: int = 1
    wait: float = 0.0


# It is sent what DynamoDB answered; a call that failed is thrown into it as botocore's error.
Task = Generator[Send, dict[str, Any], A]


class _Flight(NamedTuple, Generic[A]):
    """A task on its way: which one it is, and the call that it wants."""

    number: int
    task: Task[A]
    send: Send


class _UnderWay(NamedTuple, Generic[A]):
    """A flight whose call has begun: when, and what the pace is to be told."""

    flight: _Flight[A]
    began: float
    epoch: int


class Flights(Generic[A]):
    """Does tasks at a pace, of which no more than `most` are begun and not yielded."""

    def __init__(self, pace: Pace, most: int) -> None:
        self._pace = pace
        self._most = most
        self._calls: dict[Call, _UnderWay[A]] = {}
        self._waiting: list[tuple[float, int, _Flight[A]]] = []
        self._done: dict[int, A] = {}
        self._begun = 0
        self._rested = 0.0

    def results(self, tasks: Iterable[Task[A]]) -> Iterator[A]:
        """Yield what tasks return, in their order; raises what one raises, and begins no other then."""
        source, yielded = iter(tasks), 0
        try:
            while True:
                while yielded in self._done:
                    yield self._done.pop(yielded)
                    yielded += 1
                if self._has_room() and self._begin_waiting(time.monotonic()):
                    continue
                if self._has_room() and self._begun - yielded < self._most:
                    task = next(source, None)
                    if task is not None:
                        self._begun += 1
                        self._resume(self._begun - 1, task, None)
                        continue
                if self._calls:
                    for call in ready_calls.ready(self._calls):
                        self._land(call)
                elif self._waiting:
                    due = self._waiting[0][0]
                    time.sleep(max(0.0, due - time.monotonic()))
                    self._begin_waiting(due)
                else:
                    return
        finally:
            for call in self._calls:
                call.close()

    def _has_room(self) -> bool:
        return len(self._calls) < self._pace.slots

    def _begin_waiting(self, now: float) -> bool:
        """Begin the call that waited longest, if its time has come."""
        if not self._waiting or self._waiting[0][0] > now:
            return False
        self._begin(heapq.heappop(self._waiting)[2])
        return True

    def _begin(self, flight: _Flight[A]) -> None:
        if (rest := self._rested - time.monotonic()) > 0:
            time.sleep(rest)
        self._rested = 0.0
        under_way = _UnderWay(flight, time.monotonic(), self._pace.begin())
        self._calls[ready_calls.Call(flight.send.operation, flight.send.body)] = under_way

    def _land(self, call: Call) -> None:
        """Tell the pace and the task how a call has ended."""
        from botocore.exceptions import BotoCoreError, ClientError

        flight, began, epoch = self._calls.pop(call)
        answer: dict[str, Any] | Exception
        try:
            answer = call.answer()
        except (ClientError, BotoCoreError) as error:
            answer = error
        self._pace.end(epoch, _refused(answer, flight.send))
        now = time.monotonic()
        self._rested = now + self._pace.rest(now - began)
        self._resume(flight.number, flight.task, answer)

    def _resume(self, number: int, task: Task[A], answer: Any) -> None:
        try:
            send = task.throw(answer) if isinstance(answer, Exception) else task.send(answer)
        except StopIteration as stop:
            self._done[number] = stop.value
            return
        flight = _Flight(number, task, send)
        if send.wait:
            heapq.heappush(self._waiting, (time.monotonic() + send.wait, number, flight))
        else:
            self._begin(flight)


def _refused(answer: dict[str, Any] | Exception, send: Send) -> float:
    """Return the share of a call that its table had no room for."""
    if isinstance(answer, Exception):
        return float(aws.code_of(answer) in aws.THROTTLES)
    unprocessed = sum(map(len, answer.get("UnprocessedItems", {}).values()))
    return unprocessed / send.items
