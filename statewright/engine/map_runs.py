"""Map runs: the child executions of one Distributed Map, started, counted, and ended together.

Items are read while children run, READ_AHEAD batches in advance, so that the size of a data set costs no
memory.
"""

from __future__ import annotations

import asyncio
import dataclasses
import uuid
from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

from statewright.engine.errors import StateFailure
from statewright.engine.map_run_counts import Tally
from statewright.engine.payloads import load
from statewright.engine.progress import MapRunProgress
from statewright.engine.records import (
    MAX_REDRIVABLE_EVENTS,
    ExecutionRecord,
    MapRunCounts,
    MapRunRecord,
    redriven,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from statewright.asl.tree import Map
    from statewright.engine.execution import Execution
    from statewright.engine.records import ExecutionStatus

Json = Any

# Open child executions: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
MAX_CONCURRENCY = 10_000
READ_AHEAD = 10_000  # batches
READ_AHEAD_CHARACTERS = 32 * 2**20
# https://docs.aws.amazon.com/step-functions/latest/dg/redrive-map-run.html#redrive-eligibility-map-run
MAX_REDRIVES = 1_000
THRESHOLD_ERROR = "States.ExceedToleratedFailureThreshold"
THRESHOLD_CAUSE = "The specified tolerated failure threshold was exceeded"

# Children that never wait end before the next ones begin: few are in memory at a time.
_BEGUN_AT_ONCE = 32


@dataclasses.dataclass(frozen=True, slots=True)
class Batch:
    """The input of one child execution, as a value and as a text, and the number of items in it."""

    index: int
    value: Json
    text: str
    items: int


class Results(Protocol):
    """What becomes of the children: kept for the state's output, or written to S3."""

    keeps_pending: bool

    def add(self, batch: Batch, record: ExecutionRecord, output: Json) -> None:
        """Take a child that has ended; `output` is its output's value where it succeeded."""
        ...

    def add_earlier(self, batch: Batch, record: ExecutionRecord, output: Json, *, is_written: bool) -> None:
        """Take a child that succeeded before a redrive; `is_written`: the results of then are in S3."""
        ...

    def add_pending(self, batch: Batch) -> None:
        """Take a batch for which no child was started."""
        ...


def _batch_of(child: ExecutionRecord) -> Batch:
    return Batch(child.batch_index or 0, load(child.input), child.input, child.item_count or 0)


@dataclasses.dataclass(frozen=True)
class Tolerance:
    """How many items may fail; None where the definition says nothing of it."""

    count: int | None = None
    percentage: float | None = None

    def is_exceeded(self, failed: int, total: int | None) -> bool:
        """Say whether so many failures end the map run; without a tolerance the first one does.

        A `total` that is not known yet exceeds no percentage but zero.
        https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html#maprun-fail-threshold
        """
        if self.count is None and self.percentage is None:
            return failed > 0
        if self.count is not None and failed > self.count:
            return True
        if self.percentage is None or (total is None and self.percentage > 0):
            return False
        return failed * 100 > self.percentage * (total or 0)


class MapRun:
    """One run of a Distributed Map; what its children give goes to `results`."""

    def __init__(
        self, parent: Execution, state: Map, max_concurrency: int, tolerance: Tolerance, results: Results
    ) -> None:
        engine = parent.engine
        self.parent = parent
        self.state = state
        self.tolerance = tolerance
        self.results = results
        self.label = state.label or str(uuid.uuid4())
        self.machine_name = f"{parent.machine.name}/{self.label}"
        self.children: dict[Execution, Batch] = {}
        self._record = MapRunRecord(
            engine.arns.map_run(parent.machine.name, self.label, str(uuid.uuid4())),
            parent.record.arn,
            engine.arns.state_machine(self.machine_name),
            "RUNNING",
            engine.clock.now(),
            max_concurrency,
            tolerance.percentage or 0.0,
            tolerance.count or 0,
            MapRunCounts(),
            MapRunCounts(),
        )
        self._machine = dataclasses.replace(
            parent.machine,
            arn=self._record.state_machine_arn,
            name=self.machine_name,
            type=state.execution_type,
        )
        self._items = Tally()
        self._executions = Tally()
        self._waiting: deque[Batch] = deque()
        self._waiting_characters = 0
        self._reading: asyncio.Task[None] | None = None
        self._is_read = False
        self._is_cut = False
        self._is_over = False
        self._known: set[int] = set()
        self._to_redrive: dict[str, tuple[ExecutionStatus, int]] = {}
        self._moved = asyncio.Event()
        self._room = asyncio.Event()
        engine.map_runs[self.arn] = self

    @property
    def arn(self) -> str:
        return self._record.arn

    @property
    def record(self) -> MapRunRecord:
        """The state of things now."""
        return dataclasses.replace(
            self._record, item_counts=self._items.counts, execution_counts=self._executions.counts
        )

    def change(self, limits: Mapping[str, Any]) -> None:
        """Take over new limits, named as in MapRunRecord; more children start where more may run."""
        self._record = dataclasses.replace(self._record, **limits)
        self.tolerance = Tolerance(
            limits.get("tolerated_failure_count", self.tolerance.count),
            limits.get("tolerated_failure_percentage", self.tolerance.percentage),
        )
        self._moved.set()

    def progress(self) -> MapRunProgress:
        return MapRunProgress(self.arn, self._is_read and not self._waiting and not self._is_cut)

    def resume(self, record: MapRunRecord, progress: MapRunProgress) -> None:
        """Go on as the redrive of a map run that ended badly: with the children that did not succeed.

        Those that cannot be redriven stay as they are; batches for which none has begun follow. Raises
        StateFailure after too many redrives.
        https://docs.aws.amazon.com/step-functions/latest/dg/redrive-map-run.html
        """
        engine = self.parent.engine
        engine.map_runs.pop(self.arn)
        if record.redrive_count >= MAX_REDRIVES:
            cause = f"The Map Run {record.arn} has reached the limit of {MAX_REDRIVES} redrives."
            raise StateFailure("States.Runtime", cause)
        self._record = dataclasses.replace(
            record,
            status="RUNNING",
            stop_date=None,
            redrive_count=record.redrive_count + 1,
            redrive_date=engine.clock.now(),
            max_concurrency=self._record.max_concurrency,
            tolerated_failure_count=self._record.tolerated_failure_count,
            tolerated_failure_percentage=self._record.tolerated_failure_percentage,
        )
        self.machine_name = record.state_machine_arn.rpartition(":")[2]
        self._machine = dataclasses.replace(
            self._machine, arn=record.state_machine_arn, name=self.machine_name
        )
        self._is_read = progress.is_read
        engine.map_runs[self.arn] = self
        is_written = record.execution_counts.results_written > 0
        for child in engine.store.children(self.arn):
            self._take_over(child, is_written=is_written)

    def _take_over(self, child: ExecutionRecord, *, is_written: bool) -> None:
        size = child.item_count or 0
        self._known.add(child.batch_index or 0)
        self._items.total += size
        self._executions.total += 1
        if self.parent.engine.redrives.status(child)[0] == "REDRIVABLE_BY_MAP_RUN":
            self._to_redrive[child.arn] = (child.status, size)
            self._items.pending_redrive += size
            self._executions.pending_redrive += 1
            return
        self._add(child.status, size)
        if child.status == "SUCCEEDED":
            self.results.add_earlier(_batch_of(child), child, child.result, is_written=is_written)
            return
        self._count_final(size)
        self.results.add(_batch_of(child), child, None)

    def _add(self, status: ExecutionStatus, size: int) -> None:
        self._items.add(status, size)
        self._executions.add(status, 1)

    def _count_final(self, size: int) -> None:
        self._items.final += size
        self._executions.final += 1

    def waits_for_redrive(self, arn: str) -> bool:
        """Say whether a child is to be redriven when there is room."""
        return arn in self._to_redrive

    async def run(self, batches: AsyncIterator[Batch]) -> None:
        """Run a child execution for every batch while the batches are read.

        Raises StateFailure where items cannot be read, or where more fail than may.
        """
        self._reading = reading = asyncio.get_running_loop().create_task(self._read(batches))
        reading.add_done_callback(lambda _: self._moved.set())
        while not reading.done() or self._waiting or self._to_redrive or self.children:
            self._moved.clear()
            if reading.done():
                reading.result()
            self._check_tolerance()
            if self._begin_some():
                await asyncio.sleep(0)
            else:
                await self._moved.wait()
        reading.result()
        self._check_tolerance()

    async def _read(self, batches: AsyncIterator[Batch]) -> None:
        if self._is_read:
            return
        async for batch in batches:
            if batch.index in self._known:
                continue
            self._items.total += batch.items
            self._executions.total += 1
            while not self._is_over and self._is_full():
                self._room.clear()
                await self._room.wait()
            if self._is_over:
                self._is_cut = True
                self.results.add_pending(batch)
                continue
            self._waiting.append(batch)
            self._waiting_characters += len(batch.text)
            self._moved.set()
        self._is_read = True

    def _is_full(self) -> bool:
        return len(self._waiting) >= READ_AHEAD or self._waiting_characters >= READ_AHEAD_CHARACTERS

    def _begin_some(self) -> int:
        most = self.parent.engine.children_at_once or MAX_CONCURRENCY
        limit = min(self._record.max_concurrency or most, most, MAX_CONCURRENCY)
        begun = 0
        while self._to_redrive and len(self.children) < limit and begun < _BEGUN_AT_ONCE:
            self._begin_again()
            begun += 1
        while self._waiting and len(self.children) < limit and begun < _BEGUN_AT_ONCE:
            batch = self._waiting.popleft()
            self._waiting_characters -= len(batch.text)
            self._begin(batch)
            begun += 1
        if begun:
            self._room.set()
        return begun

    def _begin(self, batch: Batch) -> None:
        child = self._make_child(batch)
        self._follow(child, batch)
        child.start()

    def _begin_again(self) -> None:
        arn = next(iter(self._to_redrive))
        _, size = self._to_redrive.pop(arn)
        self._items.pending_redrive -= size
        self._executions.pending_redrive -= 1
        engine = self.parent.engine
        record = engine.store.execution(arn)
        assert record is not None
        batch = _batch_of(record)
        record = redriven(record, engine.clock.now())
        child = self._execution(record, batch)
        self._follow(child, batch)
        if record.type == "STANDARD":
            child.redrive(engine.store.history(arn), engine.store.progress(arn))
        else:
            child.start()

    def _follow(self, child: Execution, batch: Batch) -> None:
        self.children[child] = batch
        self._items.running += batch.items
        self._executions.running += 1
        child.on_end = self._count

    def _count(self, child: Execution) -> None:
        batch = self.children.pop(child)
        self._items.end(child.record.status, batch.items)
        self._executions.end(child.record.status, 1)
        is_full = child.is_standard and child.history.count > MAX_REDRIVABLE_EVENTS
        if is_full and child.record.status != "SUCCEEDED":
            self._count_final(batch.items)
        self.results.add(batch, child.record, child.output)
        self._moved.set()

    def _check_tolerance(self) -> None:
        failed = sum(self._items.ended.values()) - self._items.ended["succeeded"]
        if not failed:
            return
        assert self._reading is not None
        # How many make a percentage is known when all have been read.
        total = self._items.total if self._reading.done() else None
        if self.tolerance.is_exceeded(failed, total):
            raise StateFailure(THRESHOLD_ERROR, THRESHOLD_CAUSE)

    async def halt(self, *, reads_on: bool = False) -> None:
        """Abort the children that run; `reads_on` reads the other items to tell that they are pending."""
        self._is_over = True
        self._room.set()
        if self._reading is not None and not (reads_on and self.results.keeps_pending):
            self._reading.cancel()
        await asyncio.gather(*(child.stop(None, None) for child in list(self.children)))
        if self._reading is not None:
            await asyncio.gather(self._reading, return_exceptions=True)
        while self._waiting:
            self._is_cut = True
            self.results.add_pending(self._waiting.popleft())

    def count_written(self, items: int, executions: int) -> None:
        """Say of how many the results have been written."""
        self._items.written = items
        self._executions.written = executions

    def end(self, status: ExecutionStatus) -> None:
        """Keep the record; nothing runs any more."""
        engine = self.parent.engine
        for before, size in self._to_redrive.values():
            self._add(before, size)
        self._to_redrive.clear()
        self._items.pending_redrive = self._executions.pending_redrive = 0
        self._record = dataclasses.replace(self.record, status=status, stop_date=engine.clock.now())
        engine.map_runs.pop(self.arn, None)
        engine.store.save_map_run(self._record)

    def _make_child(self, batch: Batch) -> Execution:
        engine = self.parent.engine
        name = str(uuid.uuid4())
        kind = self.state.execution_type
        if kind == "STANDARD":
            arn = engine.arns.execution(self.machine_name, name)
        else:
            unique = str(uuid.uuid4())
            arn = engine.arns.express(self.machine_name, name, unique)
            name = f"{name}:{unique}"  # so AWS calls it, but in its context object
        record = ExecutionRecord(
            arn,
            name,
            self._machine.arn,
            "RUNNING",
            engine.clock.now(),
            batch.text,
            type=kind,
            map_run_arn=self.arn,
            item_count=batch.items,
            batch_index=batch.index,
        )
        return self._execution(record, batch)

    def _execution(self, record: ExecutionRecord, batch: Batch) -> Execution:
        engine = self.parent.engine
        child = type(self.parent)(engine, self._machine, record, batch.value, flow=self.state.processor)
        child.mocks = self.parent.mocks
        return child
