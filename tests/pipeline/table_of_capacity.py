"""A table that takes so many items a second, and writers that write into it, in simulated time.

`PYTHONPATH=functions python -m tests.pipeline.table_of_capacity` prints the table of docs/performance.md.

The writers are as those of pipeline.tables: one thread each with so many requests under way, which wait after
what was refused, and give up after so many rounds. Nothing sleeps: events are worked off in the
order of their times.
"""

from __future__ import annotations

import heapq
import itertools
import random
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipeline import tables
from pipeline.pacing import Pace

if TYPE_CHECKING:
    from collections.abc import Callable

CALL_SECONDS = 0.01
BURST_SECONDS = 1.0


class Clock:
    """Simulated time: what is to happen when."""

    def __init__(self) -> None:
        self.now = 0.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def after(self, seconds: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.now + seconds, next(self._order), what))

    def run(self, until: float) -> None:
        """Let happen what happens until a time."""
        while self._events and self._events[0][0] <= until:
            self.now, _, what = heapq.heappop(self._events)
            what()
        self.now = until


class Table:
    """Takes items up to its capacity (items a second), a second's worth of it at once."""

    def __init__(self, clock: Clock, capacity: float) -> None:
        self.capacity = capacity
        self.taken = self.refused = 0
        self._clock, self._at, self._room = clock, 0.0, capacity * BURST_SECONDS

    def take(self, items: int) -> int:
        """Return how many of so many items are taken."""
        now = self._clock.now
        self._room = min(self.capacity * BURST_SECONDS, self._room + (now - self._at) * self.capacity)
        self._at = now
        taken = min(items, int(self._room))
        self._room -= taken
        self.taken += taken
        self.refused += items - taken
        return taken


class AsBefore(Pace):
    """The pace before there was one: as many requests as may be, always."""

    def end(self, began: int, refused: float) -> None:
        """Learn nothing."""


@dataclass
class Writer:
    """A function that writes and always has another batch."""

    clock: Clock
    table: Table
    pace: Pace
    chance: random.Random
    written: int = 0
    given_up: int = 0
    running: int = 0
    waiting: list[tuple[int, int]] = field(default_factory=list)

    def start(self) -> None:
        """Begin as many requests as may be under way."""
        for _ in range(tables.WRITES):
            self._ask(tables.BATCH_ITEMS, 0)

    def _ask(self, items: int, attempt: int) -> None:
        self.waiting.append((items, attempt))
        self._serve()

    def _serve(self) -> None:
        while self.waiting and self.running < self.pace.slots:
            items, attempt = self.waiting.pop(0)
            self.running += 1
            epoch = self.pace.begin()
            seconds = CALL_SECONDS * self.chance.uniform(0.8, 1.2)
            self.clock.after(seconds, lambda i=items, a=attempt, e=epoch, s=seconds: self._end(i, a, e, s))  # type: ignore[misc]

    def _end(self, items: int, attempt: int, epoch: int, seconds: float) -> None:
        taken = self.table.take(items)
        self.written += taken
        self.pace.end(epoch, (items - taken) / items)
        self.clock.after(self.pace.rest(seconds), self._leave)
        left = items - taken
        if not left or attempt + 1 == tables.ROUNDS:
            self.given_up += left
            self.clock.after(0, lambda: self._ask(tables.BATCH_ITEMS, 0))
            return
        longest = min(tables.LONGEST_WAIT_SECONDS, tables.FIRST_WAIT_SECONDS * 2 ** (attempt + 1))
        wait = self.chance.uniform(0, longest)
        self.clock.after(wait, lambda: self._ask(left, attempt + 1))

    def _leave(self) -> None:
        self.running -= 1
        self._serve()


@dataclass(frozen=True)
class Outcome:
    """What so many seconds gave: shares of the capacity and of the items sent; least and most written."""

    of_capacity: float
    refused: float
    given_up: int
    least: int
    most: int


class Simulation:
    """Writers and one table; `run` measures what happens in the next seconds."""

    def __init__(self, writers: int, capacity: float, pace: type[Pace] = Pace) -> None:
        self.clock = Clock()
        self.table = Table(self.clock, capacity)
        self.writers = [
            Writer(self.clock, self.table, pace(tables.WRITES), random.Random(seed))
            for seed in range(writers)
        ]
        for each in self.writers:
            each.start()

    def run(self, seconds: float) -> Outcome:
        before = [each.written for each in self.writers]
        taken, refused = self.table.taken, self.table.refused
        given_up = sum(each.given_up for each in self.writers)
        self.clock.run(self.clock.now + seconds)
        written = [each.written - was for each, was in zip(self.writers, before, strict=True)]
        sent = self.table.taken - taken + self.table.refused - refused
        return Outcome(
            (self.table.taken - taken) / (self.table.capacity * seconds),
            (self.table.refused - refused) / sent,
            sum(each.given_up for each in self.writers) - given_up,
            min(written),
            max(written),
        )


def main() -> None:
    """Print what writers get of a table that throttles them, before and with a pace."""
    rows = [
        "| writers, items a second | | of capacity | refused | given up | least and most |",
        "|---|---|---|---|---|---|",
    ]
    for writers, capacity in ((1, 4_000), (8, 4_000), (40, 4_000), (40, 40_000)):
        for name, pace in (("before", AsBefore), ("now", Pace)):
            simulation = Simulation(writers, capacity, pace)
            simulation.run(20)
            found = simulation.run(40)
            rows.append(
                f"| {writers}, {capacity:,} | {name} | {found.of_capacity:.0%} | {found.refused:.0%}"
                f" | {found.given_up:,} | {found.least:,}, {found.most:,} |"
            )
    sys.stdout.write("\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
