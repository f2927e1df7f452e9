"""Map runs: the child executions of one Distributed Map, started, counted, and ended together."""

from __future__ import annotations

import asyncio
import dataclasses
import uuid
from typing import TYPE_CHECKING, Any

from statewright.engine.errors import StateFailure
from statewright.engine.records import ExecutionRecord, MapRunCounts, MapRunRecord

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from statewright.asl.tree import Map
    from statewright.engine.execution import Execution
    from statewright.engine.records import ExecutionStatus

Json = Any
Batch = tuple[Json, int]

# Open child executions: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
MAX_CONCURRENCY = 10_000
THRESHOLD_ERROR = "States.ExceedToleratedFailureThreshold"
THRESHOLD_CAUSE = "The specified tolerated failure threshold was exceeded"

_COUNTED = {"SUCCEEDED": "succeeded", "FAILED": "failed", "TIMED_OUT": "timed_out", "ABORTED": "aborted"}


@dataclasses.dataclass(frozen=True)
class Tolerance:
    """How many items may fail; None where the definition says nothing of it."""

    count: int | None = None
    percentage: float | None = None

    def is_exceeded(self, failed: int, total: int) -> bool:
        """Say whether so many failures end the map run; without a tolerance the first one does."""
        if self.count is None and self.percentage is None:
            return failed > 0
        if self.count is not None and failed > self.count:
            return True
        return self.percentage is not None and failed * 100 > self.percentage * total


class _Tally:
    """Counts of one kind: items, or child executions."""

    def __init__(self) -> None:
        self.total = 0
        self.running = 0
        self.ended = dict.fromkeys(_COUNTED.values(), 0)

    def end(self, status: ExecutionStatus, size: int) -> None:
        self.running -= size
        self.ended[_COUNTED[status]] += size

    @property
    def counts(self) -> MapRunCounts:
        pending = self.total - self.running - sum(self.ended.values())
        return MapRunCounts(**self.ended, running=self.running, total=self.total, pending=pending)


class MapRun:
    """One run of a Distributed Map.

    `results` holds the outputs of the children that succeeded, in the order of their items.
    """

    def __init__(self, parent: Execution, state: Map, max_concurrency: int, tolerance: Tolerance) -> None:
        engine = parent.engine
        self.parent = parent
        self.state = state
        self.tolerance = tolerance
        self.label = state.label or str(uuid.uuid4())
        self.machine_name = f"{parent.machine.name}/{self.label}"
        self.children: set[Execution] = set()
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
        self._items = _Tally()
        self._executions = _Tally()
        self._outputs: dict[int, Json] = {}
        self._size = 0
        self._todo: Iterator[tuple[int, Batch]] = iter(())
        self._workers: set[asyncio.Task[None]] = set()
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

    @property
    def results(self) -> list[Json]:
        return [self._outputs[index] for index in sorted(self._outputs)]

    def change(self, record: MapRunRecord) -> None:
        """Take new limits over; more workers start where more may run."""
        self._record = record
        self.tolerance = Tolerance(record.tolerated_failure_count, record.tolerated_failure_percentage)
        self._add_workers()

    def _add_workers(self) -> None:
        wanted = min(self._record.max_concurrency or MAX_CONCURRENCY, MAX_CONCURRENCY, self._size)
        for _ in range(len(self._workers), wanted):
            self._workers.add(asyncio.get_running_loop().create_task(self._work()))

    async def run(self, batches: Sequence[Batch]) -> None:
        """Run a child execution for every batch: its input, and the number of items in it.

        Raises StateFailure where more fail than may.
        """
        self._size = self._executions.total = len(batches)
        self._items.total = sum(items for _, items in batches)
        self._todo = iter(enumerate(batches))
        self._add_workers()
        while waiting := {worker for worker in self._workers if not worker.done()}:
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_EXCEPTION)
            for worker in done:
                worker.result()
        for worker in self._workers:
            worker.result()

    async def end(self, status: ExecutionStatus) -> None:
        """Abort what still runs and keep the record."""
        engine = self.parent.engine
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*(child.stop(None, None) for child in list(self.children)))
        await asyncio.gather(*self._workers, return_exceptions=True)
        self._record = dataclasses.replace(self.record, status=status, stop_date=engine.clock.now())
        engine.map_runs.pop(self.arn, None)
        engine.store.save_map_run(self._record)

    async def _work(self) -> None:
        for index, (value, size) in self._todo:
            child = self._make_child(value, size)
            self._items.running += size
            self._executions.running += 1
            self.children.add(child)
            child.start()
            record = await child.wait()
            self.children.discard(child)
            self._items.end(record.status, size)
            self._executions.end(record.status, 1)
            if record.status == "SUCCEEDED":
                self._outputs[index] = child.output
                continue
            failed = self._items.total - self._items.counts.pending - self._items.running
            failed -= self._items.ended["succeeded"]
            if self.tolerance.is_exceeded(failed, self._items.total):
                raise StateFailure(THRESHOLD_ERROR, THRESHOLD_CAUSE)

    def _make_child(self, value: Json, size: int) -> Execution:
        parent, engine = self.parent, self.parent.engine
        name = str(uuid.uuid4())
        kind = self.state.execution_type
        arn = (
            engine.arns.execution(self.machine_name, name)
            if kind == "STANDARD"
            else engine.arns.express(self.machine_name, name, str(uuid.uuid4()))
        )
        machine = dataclasses.replace(
            parent.machine, arn=self._record.state_machine_arn, name=self.machine_name, type=kind
        )
        record = ExecutionRecord(
            arn,
            name,
            machine.arn,
            "RUNNING",
            engine.clock.now(),
            parent.history.text(value),
            type=kind,
            map_run_arn=self.arn,
            item_count=size,
        )
        return type(parent)(engine, machine, record, value, flow=self.state.processor)
