"""Where state machines and ended executions are kept: in memory, or in a SQLite file."""

from __future__ import annotations

import dataclasses
import json
import marshal
import sqlite3
import zlib
from collections import deque
from typing import TYPE_CHECKING, Any, Protocol, cast

from statewright import asl
from statewright.engine.archive import Archive
from statewright.engine.records import (
    ActivityRecord,
    AliasRecord,
    ExecutionRecord,
    MapRunCounts,
    MapRunRecord,
    Publication,
    Route,
    StateMachineRecord,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from statewright.engine.progress import FlowProgress

Json = Any
HistoryEvent = dict[str, Any]
KEPT_WHOLE = 1_000  # executions whose inputs and outputs (256 KiB each) stay in memory
KEPT_BYTES = 256 * 2**20  # of inputs, outputs and histories in a store in memory; the rest is on disk
INTERRUPTED = "The engine stopped while the execution was running."


class Store(Protocol):
    """Keeps records by their ARN."""

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

    def execution(self, arn: str) -> ExecutionRecord | None: ...
    def executions(self) -> Iterable[ExecutionRecord]:
        """Give all that have ended; those of long ago may lack input, output and cause."""
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
    def map_runs(self) -> Iterable[MapRunRecord]: ...
    def save_activity(self, record: ActivityRecord) -> None: ...
    def delete_activity(self, arn: str) -> None: ...
    def activity(self, arn: str) -> ActivityRecord | None: ...
    def activities(self) -> Iterable[ActivityRecord]: ...
    def close(self) -> None: ...


class MemoryStore:
    """Keeps records in dictionaries; `begin_execution` keeps nothing, as the engine knows what runs.

    Beyond KEPT_BYTES the inputs, outputs and histories of executions go to a temporary file.
    """

    def __init__(self) -> None:
        self._machines: dict[str, StateMachineRecord] = {}
        self._versions: dict[str, StateMachineRecord] = {}
        self._aliases: dict[str, AliasRecord] = {}
        self._snapshots: dict[str, StateMachineRecord] = {}
        self._executions: dict[str, ExecutionRecord] = {}
        self._histories: dict[str, bytes] = {}
        self._archive = Archive()
        self._kept_bytes = 0
        self._progress: dict[str, FlowProgress] = {}
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
            self._archive.forget(record.arn)
            self._progress.pop(record.arn, None)

    def end_execution(
        self, record: ExecutionRecord, history: Sequence[HistoryEvent], progress: FlowProgress | None = None
    ) -> None:
        # As bytes a history takes a fifth of the memory: a map run may have 100,000s of children.
        events = marshal.dumps(list(history))
        texts = (record.input, record.output, record.cause)
        self._kept_bytes += len(events) + sum(len(text or "") for text in texts)
        if self._kept_bytes <= KEPT_BYTES:
            self._executions[record.arn] = record
            self._histories[record.arn] = events
        else:
            self._archive.put(record.arn, marshal.dumps((*texts, events)))
            self._executions[record.arn] = _summary(record)
        if progress is not None:
            self._progress[record.arn] = progress

    def execution(self, arn: str) -> ExecutionRecord | None:
        known = self._executions.get(arn)
        if known is None or not _is_summary(known):
            return known
        given, output, cause, _ = self._archived(arn)
        return dataclasses.replace(known, input=given, output=output, cause=cause)

    def _archived(self, arn: str) -> tuple[str, str | None, str | None, bytes]:
        found = marshal.loads(self._archive.get(arn) or b"")  # noqa: S302 - our own bytes
        return cast("tuple[str, str | None, str | None, bytes]", found)

    def executions(self) -> Iterable[ExecutionRecord]:
        return self._executions.values()

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
        return self._progress.get(arn)

    def save_map_run(self, record: MapRunRecord) -> None:
        self._map_runs[record.arn] = record

    def map_run(self, arn: str) -> MapRunRecord | None:
        return self._map_runs.get(arn)

    def map_runs(self) -> Iterable[MapRunRecord]:
        return self._map_runs.values()

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


class SqliteStore(MemoryStore):
    """A memory store that writes every change to a SQLite file and begins with what the file holds.

    Executions that ran when the last process ended are ABORTED, with a cause that says so. Histories are read
    from the file when they are asked for, and so are inputs and outputs of all but the last KEPT_WHOLE.
    """

    def __init__(self, path: Path | str) -> None:
        super().__init__()
        self._whole: deque[str] = deque()
        self._database = sqlite3.connect(path, isolation_level=None)
        # A crash of the process loses nothing; a crash of the machine may lose the last moments.
        self._database.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
            "CREATE TABLE IF NOT EXISTS records (kind TEXT, arn TEXT, value TEXT, PRIMARY KEY (kind, arn));"
            "CREATE TABLE IF NOT EXISTS histories (arn TEXT PRIMARY KEY, events BLOB);"
        )
        self._load()

    def _load(self) -> None:
        rows = self._database.execute("SELECT kind, value FROM records").fetchall()
        for kind, text in rows:
            value = json.loads(text)
            if kind == "state_machine":
                super().save_state_machine(_state_machine(value))
            elif kind == "version":
                super().save_version(_state_machine(value))
            elif kind == "snapshot":
                super().save_snapshot(_state_machine(value))
            elif kind == "alias":
                routes = tuple(Route(**route) for route in value["routes"])
                super().save_alias(AliasRecord(**{**value, "routes": routes}))
            elif kind == "execution":
                self._load_execution(ExecutionRecord(**value))
            elif kind == "map_run":
                counts = ("item_counts", "execution_counts")
                super().save_map_run(
                    MapRunRecord(**{**value, **{key: MapRunCounts(**value[key]) for key in counts}})
                )
            else:
                super().save_activity(ActivityRecord(**{**value, "tags": tuple(value["tags"])}))

    def _load_execution(self, record: ExecutionRecord) -> None:
        if record.status == "RUNNING":
            record = dataclasses.replace(
                record, status="ABORTED", cause=INTERRUPTED, stop_date=record.start_date
            )
            self._write("execution", record)
        self._keep(record)

    def _keep(self, record: ExecutionRecord) -> None:
        """Remember an execution that the file holds; of the oldest one only what a list tells."""
        self._executions[record.arn] = record
        self._whole.append(record.arn)
        if len(self._whole) > KEPT_WHOLE:
            oldest = self._whole.popleft()
            self._executions[oldest] = _summary(self._executions[oldest])

    def _write(self, kind: str, record: Any, key: str | None = None) -> None:
        fields = {field.name: getattr(record, field.name) for field in dataclasses.fields(record)}
        fields.pop("machine", None)
        text = json.dumps(fields, default=dataclasses.asdict)
        self._database.execute("REPLACE INTO records VALUES (?, ?, ?)", (kind, key or record.arn, text))

    def _delete(self, kind: str, arn: str) -> None:
        self._database.execute("DELETE FROM records WHERE kind = ? AND arn = ?", (kind, arn))

    def save_state_machine(self, record: StateMachineRecord) -> None:
        super().save_state_machine(record)
        self._write("state_machine", record)

    def delete_state_machine(self, arn: str) -> None:
        super().delete_state_machine(arn)
        self._delete("state_machine", arn)

    def save_version(self, record: StateMachineRecord) -> None:
        super().save_version(record)
        self._write("version", record)

    def delete_version(self, arn: str) -> None:
        super().delete_version(arn)
        self._delete("version", arn)

    def save_alias(self, record: AliasRecord) -> None:
        super().save_alias(record)
        self._write("alias", record)

    def delete_alias(self, arn: str) -> None:
        super().delete_alias(arn)
        self._delete("alias", arn)

    def save_snapshot(self, record: StateMachineRecord) -> None:
        if self.snapshot(record.snapshot_id) is None:
            super().save_snapshot(record)
            self._write("snapshot", record, record.snapshot_id)

    def begin_execution(self, record: ExecutionRecord) -> None:
        super().begin_execution(record)
        self._write("execution", record)

    def end_execution(
        self, record: ExecutionRecord, history: Sequence[HistoryEvent], progress: FlowProgress | None = None
    ) -> None:
        self._executions[record.arn] = record
        events = zlib.compress(json.dumps(list(history)).encode(), 1)
        self._database.execute("BEGIN")
        try:
            self._write("execution", record)
            self._database.execute("REPLACE INTO histories VALUES (?, ?)", (record.arn, events))
            self._database.execute("COMMIT")
        except sqlite3.Error:  # the next execution may fit; this one is known as long as the process lives
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise
        self._keep(record)

    def execution(self, arn: str) -> ExecutionRecord | None:
        known = self._executions.get(arn)
        if known is None or not _is_summary(known):
            return known
        query = "SELECT value FROM records WHERE kind = 'execution' AND arn = ?"
        (text,) = self._database.execute(query, (arn,)).fetchone()
        return ExecutionRecord(**json.loads(text))

    def history(self, arn: str) -> Sequence[HistoryEvent]:
        row = self._database.execute("SELECT events FROM histories WHERE arn = ?", (arn,)).fetchone()
        return [] if row is None else list(json.loads(zlib.decompress(row[0])))

    def save_map_run(self, record: MapRunRecord) -> None:
        super().save_map_run(record)
        self._write("map_run", record)

    def save_activity(self, record: ActivityRecord) -> None:
        super().save_activity(record)
        self._write("activity", record)

    def delete_activity(self, arn: str) -> None:
        super().delete_activity(arn)
        self._delete("activity", arn)

    def close(self) -> None:
        self._database.close()


def _state_machine(value: dict[str, Json]) -> StateMachineRecord:
    given = {name: each for name, each in value.items() if each is not None}
    if "created_with" in given:
        given["created_with"] = Publication(**given["created_with"])
    return StateMachineRecord(
        **{**given, "tags": tuple(given["tags"])}, machine=asl.parse(given["definition"])
    )


def _summary(record: ExecutionRecord) -> ExecutionRecord:
    """What a list of executions tells."""
    return dataclasses.replace(record, input="", output=None, cause=None)


def _is_summary(record: ExecutionRecord) -> bool:
    return not record.input  # a JSON text is never empty
