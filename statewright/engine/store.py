"""Where state machines and ended executions are kept: here in memory; `sqlite_store` has them in a file."""

from __future__ import annotations

import dataclasses
import marshal
from typing import TYPE_CHECKING, Any, Protocol, cast

from statewright.engine.archive import Archive
from statewright.engine.listing import place_in_list
from statewright.engine.progress import FlowProgress, as_json, from_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from statewright.engine.history import History
    from statewright.engine.records import (
        ActivityRecord,
        AliasRecord,
        ExecutionRecord,
        MapRunRecord,
        StateMachineRecord,
    )

Json = Any
HistoryEvent = dict[str, Any]
Place = tuple[float, str]
KEPT_BYTES = 64 * 2**20  # of inputs, outputs and histories in a store in memory; the rest is on disk


class Running(Protocol):
    """An execution that runs, as a store sees it."""

    @property
    def record(self) -> ExecutionRecord: ...
    @property
    def history(self) -> History: ...
    @property
    def progress(self) -> FlowProgress | None: ...


class Store(Protocol):
    """Keeps records by their ARN.

    `keeps_running`: what runs is wanted too, now and then.
    """

    keeps_running: bool

    def save_state_machine(self, record: StateMachineRecord) -> None: ...
    def delete_state_machine(self, arn: str) -> None: ...
    def state_machine(self, arn: str) -> StateMachineRecord | None: ...
    def state_machines(self) -> Iterable[StateMachineRecord]: ...
    def save_version(self, record: StateMachineRecord) -> None: ...
    def delete_version(self, arn: str) -> None: ...
    def version(self, arn: str) -> StateMachineRecord | None: ...
    def versions(self) -> Iterable[StateMachineRecord]: ...
    def save_alias(self, record: AliasRecord) -> None: ...
    def delete_alias(self, arn: str) -> None: ...
    def alias(self, arn: str) -> AliasRecord | None: ...
    def aliases(self) -> Iterable[AliasRecord]: ...
    def save_snapshot(self, record: StateMachineRecord) -> None:
        """Keep a state machine as an execution starts with it, by its `snapshot_id`."""
        ...

    def snapshot(self, snapshot_id: str) -> StateMachineRecord | None: ...
    def begin_execution(self, record: ExecutionRecord) -> None: ...
    def end_execution(
        self, record: ExecutionRecord, history: Sequence[HistoryEvent], progress: FlowProgress | None = None
    ) -> None:
        """Keep an execution that has ended, and where it stood if it ended badly."""
        ...

    def keep_running(self, executions: Iterable[Running]) -> None:
        """Keep what has happened to executions that run."""
        ...

    def execution(self, arn: str) -> ExecutionRecord | None: ...
    def executions(
        self, *, machine: str | None = None, map_run: str | None = None, behind: Place | None = None
    ) -> Iterator[ExecutionRecord]:
        """Give those that have ended, of a machine, of a map run, or all, by their place in lists.

        They may lack input, output and cause. `behind` leaves out those up to a place.
        """
        ...

    def children(self, map_run_arn: str) -> Iterable[ExecutionRecord]:
        """Give the child executions of a map run that have ended, whole."""
        ...

    def history(self, arn: str) -> Sequence[HistoryEvent]: ...
    def history_length(self, arn: str) -> int: ...
    def progress(self, arn: str) -> FlowProgress | None:
        """Say where an execution stood that ended badly; None where nothing of it had begun."""
        ...

    def save_map_run(self, record: MapRunRecord) -> None: ...
    def map_run(self, arn: str) -> MapRunRecord | None: ...
    def map_runs(self, execution_arn: str) -> Iterable[MapRunRecord]:
        """Give those of an execution."""
        ...

    def save_activity(self, record: ActivityRecord) -> None: ...
    def delete_activity(self, arn: str) -> None: ...
    def activity(self, arn: str) -> ActivityRecord | None: ...
    def activities(self) -> Iterable[ActivityRecord]: ...
    def close(self) -> None: ...


class MemoryStore:
    """Keeps records in dictionaries; what runs is the engine's to know.

    Beyond KEPT_BYTES the inputs, outputs and histories of executions go to a temporary file.
    """

    keeps_running = False

    def __init__(self) -> None:
        self._machines: dict[str, StateMachineRecord] = {}
        self._versions: dict[str, StateMachineRecord] = {}
        self._aliases: dict[str, AliasRecord] = {}
        self._snapshots: dict[str, StateMachineRecord] = {}
        self._executions: dict[str, ExecutionRecord] = {}
        self._histories: dict[str, bytes] = {}
        self._archive = Archive()
        self._kept_bytes = 0
        self._progress: dict[str, bytes] = {}
        self._map_runs: dict[str, MapRunRecord] = {}
        self._activities: dict[str, ActivityRecord] = {}

    def save_state_machine(self, record: StateMachineRecord) -> None:
        self._machines[record.arn] = record

    def delete_state_machine(self, arn: str) -> None:
        self._machines.pop(arn, None)

    def state_machine(self, arn: str) -> StateMachineRecord | None:
        return self._machines.get(arn)

    def state_machines(self) -> Iterable[StateMachineRecord]:
        return self._machines.values()

    def save_version(self, record: StateMachineRecord) -> None:
        self._versions[record.arn] = record

    def delete_version(self, arn: str) -> None:
        self._versions.pop(arn, None)

    def version(self, arn: str) -> StateMachineRecord | None:
        return self._versions.get(arn)

    def versions(self) -> Iterable[StateMachineRecord]:
        return self._versions.values()

    def save_alias(self, record: AliasRecord) -> None:
        self._aliases[record.arn] = record

    def delete_alias(self, arn: str) -> None:
        self._aliases.pop(arn, None)

    def alias(self, arn: str) -> AliasRecord | None:
        return self._aliases.get(arn)

    def aliases(self) -> Iterable[AliasRecord]:
        return self._aliases.values()

    def save_snapshot(self, record: StateMachineRecord) -> None:
        self._snapshots.setdefault(record.snapshot_id, record)

    def snapshot(self, snapshot_id: str) -> StateMachineRecord | None:
        return self._snapshots.get(snapshot_id)

    def begin_execution(self, record: ExecutionRecord) -> None:
        if self._executions.pop(record.arn, None) is not None:  # it is redriven
            self._histories.pop(record.arn, None)
            self._progress.pop(record.arn, None)
            self._archive.forget(record.arn)
            self._archive.forget(_progress_key(record.arn))

    def end_execution(
        self, record: ExecutionRecord, history: Sequence[HistoryEvent], progress: FlowProgress | None = None
    ) -> None:
        # As bytes a history takes a fifth of the memory: a map run may have 100,000s of children.
        events = marshal.dumps(list(history))
        texts = (record.input, record.output, record.cause)
        stood = None if progress is None else marshal.dumps(as_json(progress))
        self._kept_bytes += len(events) + len(stood or b"") + sum(len(text or "") for text in texts)
        if self._kept_bytes <= KEPT_BYTES:
            self._executions[record.arn] = record
            self._histories[record.arn] = events
        else:
            self._archive.put(record.arn, marshal.dumps((*texts, events)))
            self._executions[record.arn] = _summary(record)
        if stood is None:
            return
        if self._kept_bytes <= KEPT_BYTES:
            self._progress[record.arn] = stood
        else:
            self._archive.put(_progress_key(record.arn), stood)

    def keep_running(self, executions: Iterable[Running]) -> None:
        pass

    def execution(self, arn: str) -> ExecutionRecord | None:
        known = self._executions.get(arn)
        if known is None or not _is_summary(known):
            return known
        given, output, cause, _ = self._archived(arn)
        return dataclasses.replace(known, input=given, output=output, cause=cause)

    def _archived(self, arn: str) -> tuple[str, str | None, str | None, bytes]:
        found = marshal.loads(self._archive.get(arn) or b"")  # noqa: S302 - our own bytes
        return cast("tuple[str, str | None, str | None, bytes]", found)

    def executions(
        self, *, machine: str | None = None, map_run: str | None = None, behind: Place | None = None
    ) -> Iterator[ExecutionRecord]:
        found = [
            record
            for record in self._executions.values()
            if (map_run is None or record.map_run_arn == map_run)
            and (machine is None or (record.state_machine_arn == machine and not record.map_run_arn))
            and (behind is None or place_in_list(record) > behind)
        ]
        return iter(sorted(found, key=place_in_list))

    def children(self, map_run_arn: str) -> Iterable[ExecutionRecord]:
        found = [record for record in self._executions.values() if record.map_run_arn == map_run_arn]
        return filter(None, (self.execution(record.arn) for record in found))

    def history(self, arn: str) -> Sequence[HistoryEvent]:
        packed = self._histories.get(arn)
        if packed is None and arn in self._executions:
            packed = self._archived(arn)[3]
        return () if packed is None else cast("list[HistoryEvent]", marshal.loads(packed))  # noqa: S302

    def history_length(self, arn: str) -> int:
        return len(self.history(arn))

    def progress(self, arn: str) -> FlowProgress | None:
        packed = self._progress.get(arn) or self._archive.get(_progress_key(arn))
        found = None if packed is None else from_json(marshal.loads(packed))  # noqa: S302 - our own bytes
        return found if isinstance(found, FlowProgress) else None

    def save_map_run(self, record: MapRunRecord) -> None:
        self._map_runs[record.arn] = record

    def map_run(self, arn: str) -> MapRunRecord | None:
        return self._map_runs.get(arn)

    def map_runs(self, execution_arn: str) -> Iterable[MapRunRecord]:
        return [run for run in self._map_runs.values() if run.execution_arn == execution_arn]

    def save_activity(self, record: ActivityRecord) -> None:
        self._activities[record.arn] = record

    def delete_activity(self, arn: str) -> None:
        self._activities.pop(arn, None)

    def activity(self, arn: str) -> ActivityRecord | None:
        return self._activities.get(arn)

    def activities(self) -> Iterable[ActivityRecord]:
        return self._activities.values()

    def close(self) -> None:
        self._archive.close()


def _progress_key(arn: str) -> str:
    return f"{arn} stood"


def _summary(record: ExecutionRecord) -> ExecutionRecord:
    """What a list of executions tells."""
    return dataclasses.replace(record, input="", output=None, cause=None)


def _is_summary(record: ExecutionRecord) -> bool:
    return not record.input  # a JSON text is never empty
