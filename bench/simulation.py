"""A discrete-event simulation of files in flight: Maps, functions at once, what the table takes.

Each file goes through the states of `ingest`: CollectData, a Map over its shards, a Map over its partitions
when the first has ended, Notify. A writer whose time is over hands over, and a Map over what is left follows.
Functions of all files share the account's concurrency, writers share the table. Time is simulated by simpy;
how long a function takes is given, measured or by the cost model.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import simpy

from pipeline.writing import EXPRESS_SECONDS, RESERVE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Steps = Generator[simpy.events.Event, Any, None]
# "up to double the previous peak within 30 minutes":
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html
DOUBLING_SECONDS = 1800.0
# A writer begins no batch after that.
WRITER_SECONDS = float(EXPRESS_SECONDS - RESERVE_SECONDS)
# How long a Task is tried again, on average, that finds no function free: 2, 4, 8 … 60 s with full jitter.
RETRY_SECONDS = (2 + 4 + 8 + 16 + 32 + 60 + 60 + 60) / 2
EPSILON = 1e-9


@dataclass(frozen=True)
class Limits:
    """What bounds a run: functions at once, children of a Map at once, write units a second of the table.

    The table takes `table_units` at first, twice as many after each half hour of being busy, `table_most` in
    the end. `child_seconds` is what the service adds around a child and its functions.
    """

    functions: int
    children: int = 40
    table_units: float = float("inf")
    table_most: float = 40_000
    child_seconds: float = 0.0


@dataclass(frozen=True)
class Partition:
    """What a writer does: processor, reading and waiting time in seconds, write units of the table.

    `done` is the share of it that others have done: what they have put it reads again, and passes over.
    `reading` is how long that takes for all of it.
    """

    seconds: float
    units: float = 0.0
    reading: float = 0.0
    done: float = 0.0


@dataclass(frozen=True)
class File:
    """What a file asks for: seconds before and after the Maps, of each shard's functions, each partition."""

    shards: Sequence[Sequence[float]]
    partitions: Sequence[Partition]
    before: float = 0.0
    after: float = 0.0
    arrives: float = 0.0


@dataclass
class Outcome:
    """How it went: seconds until the last file had ended, of each file, and how busy things were."""

    seconds: float = 0.0
    files: list[float] = field(default_factory=list)
    children: int = 0
    handed_over: int = 0
    given_up: int = 0
    function_seconds: float = 0.0
    most_functions: int = 0
    units: float = 0.0
    table_seconds: float = 0.0

    @property
    def table_share(self) -> float:
        """The share of the time in which the table was as busy as it can be."""
        return self.table_seconds / self.seconds if self.seconds else 0.0


@dataclass
class _Alike:
    """Writers that are equally fast: how many units each has put since the first, and who ends at which."""

    units_a_second: float
    put: float = 0.0
    writers: int = 0
    ends: list[tuple[float, int, simpy.Event]] = field(default_factory=list)
    share: float = 0.0
    gone: set[simpy.Event] = field(default_factory=set)

    def leave(self, writer: simpy.Event) -> None:
        """Let one go; one that is not the next to end is forgotten when it would be."""
        self.writers -= 1
        self.gone.add(writer)
        while self.ends and self.ends[0][2] in self.gone:
            self.gone.remove(heapq.heappop(self.ends)[2])


class Table:
    """A table that takes so many write units a second, which writers share evenly."""

    def __init__(self, env: simpy.Environment, limits: Limits, outcome: Outcome) -> None:
        self._env = env
        self._limits = limits
        self._outcome = outcome
        self._alike: dict[float, _Alike] = {}
        self._at = 0.0
        self._plans = itertools.count()
        self._plan = 0

    @property
    def rate(self) -> float:
        """Write units a second that it takes now."""
        halves = int((self._outcome.table_seconds + EPSILON) // DOUBLING_SECONDS)
        doubled: float = self._limits.table_units * 2**halves
        return min(doubled, max(self._limits.table_most, self._limits.table_units))

    def write(self, units: float, units_a_second: float, until: float) -> Generator[Any, Any, float]:
        """Take units from a writer that is so fast, until then; return how many are left."""
        self._advance()
        alike = self._alike.setdefault(units_a_second, _Alike(units_a_second))
        end, done = alike.put + units, self._env.event()
        heapq.heappush(alike.ends, (end, next(self._plans), done))
        alike.writers += 1
        self._look_ahead()
        yield done | self._env.timeout(until - self._env.now)
        self._advance()
        if done.triggered:
            return 0.0
        alike.leave(done)
        self._look_ahead()
        return end - alike.put

    def _advance(self) -> None:
        """Let happen what happened since the last change."""
        seconds, self._at = self._env.now - self._at, self._env.now
        taken = sum(each.share * each.writers for each in self._alike.values())
        self._outcome.table_seconds += seconds * taken / self.rate
        self._outcome.units += seconds * taken
        for each in self._alike.values():
            each.put += seconds * each.share
            while each.ends and each.ends[0][0] <= each.put * (1 + EPSILON) + EPSILON:
                each.leave(each.ends[0][2].succeed())

    def _look_ahead(self) -> None:
        """Share the rate, and wait for what changes that: a writer's end, a table that grows."""
        left, writers = self.rate, sum(each.writers for each in self._alike.values())
        for each in sorted(self._alike.values(), key=lambda each: each.units_a_second):
            each.share = min(each.units_a_second, left / writers) if each.writers else 0.0
            left, writers = left - each.share * each.writers, writers - each.writers
        ends = [(each.ends[0][0] - each.put) / each.share for each in self._alike.values() if each.ends]
        if not ends:
            return
        used = 1 - left / self.rate if self.rate < float("inf") else 0.0
        if self.rate < self._limits.table_most and used:
            ends.append(
                (DOUBLING_SECONDS - (self._outcome.table_seconds + EPSILON) % DOUBLING_SECONDS) / used
            )
        self._plan = next(self._plans)
        self._env.process(self._change(max(EPSILON, min(ends)), self._plan))

    def _change(self, seconds: float, plan: int) -> Steps:
        yield self._env.timeout(seconds)
        if plan == self._plan:
            self._advance()
            self._look_ahead()


def simulate(files: Iterable[File], limits: Limits) -> Outcome:
    """Run files to their ends."""
    env = simpy.Environment()
    run = _Run(env, limits)
    for file in files:
        env.process(run.file(file))
    env.run()
    return run.outcome


class _Run:
    """Everything that shares one account and one table."""

    def __init__(self, env: simpy.Environment, limits: Limits) -> None:
        self._env = env
        self._limits = limits
        self._functions = simpy.Resource(env, limits.functions)
        self.outcome = Outcome()
        self._table = Table(env, limits, self.outcome)

    def file(self, file: File) -> Steps:
        yield self._env.timeout(file.arrives)
        yield from self._function(file.before)
        yield from self._map(self._shard(each) for each in file.shards)
        left = list(file.partitions)
        while left:
            after: list[Partition] = []
            yield from self._map(self._partition(each, after) for each in left)
            if sum(each.done for each in after) == sum(each.done for each in left) and len(after) == len(
                left
            ):
                raise ValueError("no writer has put an item: the workflow ends as TableTooSlow")
            left = after
        yield from self._function(file.after)
        self.outcome.files.append(self._env.now - file.arrives)
        self.outcome.seconds = self._env.now

    def _map(self, children: Iterable[Any]) -> Steps:
        slots = simpy.Resource(self._env, self._limits.children)
        yield simpy.AllOf(self._env, [self._env.process(self._child(slots, child)) for child in children])

    def _child(self, slots: simpy.Resource, work: Any) -> Steps:
        with slots.request() as slot:
            yield slot
            yield self._env.timeout(self._limits.child_seconds)
            yield from work
            self.outcome.children += 1

    def _shard(self, seconds: Sequence[float]) -> Steps:
        for each in seconds:
            yield from self._function(each)

    def _function(self, seconds: float) -> Steps:
        asked = self._env.now
        with self._functions.request() as slot:
            yield slot
            self._note(asked)
            yield self._env.timeout(seconds)
            self.outcome.function_seconds += seconds

    def _partition(self, partition: Partition, left: list[Partition]) -> Steps:
        """Write; one that has given up waiting for a function is begun anew when there is one."""
        asked = self._env.now
        with self._functions.request() as slot:
            yield slot
            began = self._env.now
            until = (began if self._note(asked) else asked) + WRITER_SECONDS
            done = yield from self._written(partition, until)
            self.outcome.function_seconds += self._env.now - began
        if done < 1:
            self.outcome.handed_over += 1
            left.append(replace(partition, done=done))

    def _written(self, partition: Partition, until: float) -> Generator[Any, Any, float]:
        """Work until then; return the share that is done."""
        yield self._env.timeout(min(partition.done * partition.reading, until - self._env.now))
        left, seconds = 1 - partition.done, max(partition.seconds, EPSILON)
        if partition.units:
            units = left * partition.units
            rest = yield from self._table.write(units, partition.units / seconds, until)
            return 1 - rest / partition.units
        work = min(left * seconds, until - self._env.now)
        yield self._env.timeout(work)
        return 1.0 if work == left * seconds else partition.done + work / seconds

    def _note(self, asked: float) -> bool:
        """Take note of a function that begins; return whether its Task would have given up before."""
        self.outcome.most_functions = max(self.outcome.most_functions, self._functions.count)
        has_given_up = self._env.now - asked > RETRY_SECONDS
        self.outcome.given_up += has_given_up
        return has_given_up
