"""A discrete-event simulation of files in flight: Maps, functions at once, what the table takes.

Each file goes through the states of `ingest`: CollectData, a Map over its shards, a Map over its partitions
when the first has ended, Notify. Functions of all files share the account's concurrency, writers share the
table. Time is simulated by simpy; how long a function takes is given, measured or by the cost model.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import simpy

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Steps = Generator[simpy.events.Event, Any, None]
# "up to double the previous peak within 30 minutes":
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html
DOUBLING_SECONDS = 1800.0
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
EXPRESS_SECONDS = 300.0


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
    """What a writer does: processor and reading time in seconds, write units of the table."""

    seconds: float
    units: float = 0.0


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
    children: list[float] = field(default_factory=list)
    function_seconds: float = 0.0
    most_functions: int = 0
    units: float = 0.0
    table_seconds: float = 0.0

    @property
    def cut_off(self) -> int:
        """Children that would live longer than an EXPRESS execution may."""
        return sum(seconds > EXPRESS_SECONDS for seconds in self.children)

    @property
    def table_share(self) -> float:
        """The share of the time in which the table was as busy as it can be."""
        return self.table_seconds / self.seconds if self.seconds else 0.0


class Table:
    """A table that takes so many write units a second, one part of a writer's items after the other."""

    def __init__(self, env: simpy.Environment, limits: Limits) -> None:
        self._env = env
        self._limits = limits
        self._turn = simpy.Resource(env, 1)
        self._busy = 0.0

    @property
    def rate(self) -> float:
        """Write units a second that it takes now."""
        doubled: float = self._limits.table_units * 2 ** int(self._busy // DOUBLING_SECONDS)
        return min(doubled, max(self._limits.table_most, self._limits.table_units))

    def write(self, units: float, outcome: Outcome) -> Steps:
        """Take units, when those before have been taken."""
        with self._turn.request() as turn:
            yield turn
            seconds = units / self.rate
            yield self._env.timeout(seconds)
            self._busy += seconds
            outcome.table_seconds += seconds
            outcome.units += units


def simulate(files: Iterable[File], limits: Limits, *, parts: int = 40) -> Outcome:
    """Run files to their ends; a writer's items go to the table in so many parts."""
    env = simpy.Environment()
    run = _Run(env, limits, parts)
    for file in files:
        env.process(run.file(file))
    env.run()
    run.outcome.seconds = env.now
    return run.outcome


class _Run:
    """Everything that shares one account and one table."""

    def __init__(self, env: simpy.Environment, limits: Limits, parts: int) -> None:
        self._env = env
        self._limits = limits
        self._parts = parts
        self._functions = simpy.Resource(env, limits.functions)
        self._table = Table(env, limits)
        self.outcome = Outcome()

    def file(self, file: File) -> Steps:
        yield self._env.timeout(file.arrives)
        yield from self._function(file.before)
        yield from self._map(self._shard(each) for each in file.shards)
        yield from self._map(self._partition(each) for each in file.partitions)
        yield from self._function(file.after)
        self.outcome.files.append(self._env.now - file.arrives)

    def _map(self, children: Iterable[Any]) -> Steps:
        slots = simpy.Resource(self._env, self._limits.children)
        yield simpy.AllOf(self._env, [self._env.process(self._child(slots, child)) for child in children])

    def _child(self, slots: simpy.Resource, work: Any) -> Steps:
        with slots.request() as slot:
            yield slot
            started = self._env.now
            yield self._env.timeout(self._limits.child_seconds)
            yield from work
            self.outcome.children.append(self._env.now - started)

    def _shard(self, seconds: Sequence[float]) -> Steps:
        for each in seconds:
            yield from self._function(each)

    def _function(self, seconds: float) -> Steps:
        with self._functions.request() as slot:
            yield slot
            self._note()
            yield self._env.timeout(seconds)
            self.outcome.function_seconds += seconds

    def _partition(self, partition: Partition) -> Steps:
        with self._functions.request() as slot:
            yield slot
            self._note()
            started = self._env.now
            for _ in range(self._parts if partition.units else 1):
                yield from self._part(partition)
            self.outcome.function_seconds += self._env.now - started

    def _part(self, partition: Partition) -> Steps:
        """Work on a part while the table takes it: whichever is slower counts."""
        parts = self._parts if partition.units else 1
        begun = self._env.now
        if partition.units:
            yield from self._table.write(partition.units / parts, self.outcome)
        left = partition.seconds / parts - (self._env.now - begun)
        if left > 0:
            yield self._env.timeout(left)

    def _note(self) -> None:
        self.outcome.most_functions = max(self.outcome.most_functions, self._functions.count)
