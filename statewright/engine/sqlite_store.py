"""A store in a SQLite file: what ran when the process was killed comes back, aborted, with what it had.

An execution's row is there from its start. Events and progress of those that run are written together, about
twice a second (see `saving`), the rest at the end: a kill loses the events since then, and nothing else.
Memory does not grow with what is kept: executions, histories and map runs are read when they are asked for.

What is older than 90 days is forgotten, as AWS forgets it; beyond MAX_BYTES the oldest executions are.
https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
"""

from __future__ import annotations

import contextlib
import dataclasses
import heapq
import json
import logging
import sqlite3
import time
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from statewright.engine.interrupted import abort_event, end_record, missing_events
from statewright.engine.listing import place_in_list
from statewright.engine.progress import FlowProgress, as_json, from_json
from statewright.engine.records import (
    ActivityRecord,
    AliasRecord,
    ExecutionRecord,
    MapRunCounts,
    MapRunRecord,
    Route,
    StateMachineRecord,
)
from statewright.engine.sqlite_rows import (
    counted,
    execution_row,
    pack,
    read_execution,
    read_map_run,
    read_state_machine,
    unpack,
)
from statewright.engine.store import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from statewright.engine.store import Place, Running

Json = Any
HistoryEvent = dict[str, Any]

KEPT_SECONDS = 90 * 86_400.0
MAX_BYTES = 4 * 2**30
_BYTES_BETWEEN_CHECKS = 2**20
_FORGOTTEN_AT_ONCE = 200
_SNAPSHOTS_IN_MEMORY = 64
_UNWRITTEN_IN_MEMORY = 1_000
_ENDED = "status <> 'RUNNING'"  # the indexes are of these alone

# A crash of the process loses nothing that was written; a crash of the machine may lose the last moments.
_SCHEMA = f"""
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS records (kind TEXT, arn TEXT, value TEXT, PRIMARY KEY (kind, arn));
CREATE TABLE IF NOT EXISTS executions (
    arn TEXT PRIMARY KEY, machine TEXT, map_run TEXT, status TEXT, place REAL,
    summary TEXT, data TEXT, progress BLOB
);
CREATE INDEX IF NOT EXISTS of_machine ON executions (machine, place, arn) WHERE {_ENDED};
CREATE INDEX IF NOT EXISTS of_map_run ON executions (map_run, place, arn) WHERE {_ENDED};
CREATE INDEX IF NOT EXISTS by_place ON executions (place) WHERE {_ENDED};
CREATE TABLE IF NOT EXISTS events (
    arn TEXT, first INTEGER, count INTEGER, chunk BLOB, PRIMARY KEY (arn, first)
);
CREATE TABLE IF NOT EXISTS map_runs (arn TEXT PRIMARY KEY, execution TEXT, status TEXT, value TEXT);
CREATE INDEX IF NOT EXISTS of_execution ON map_runs (execution);
"""
_SAVE = """
INSERT INTO executions VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (arn) DO UPDATE SET
    status = excluded.status, place = excluded.place, summary = excluded.summary, data = excluded.data
"""
_SAVE_END = _SAVE + ", progress = excluded.progress"

# Those that no execution is of.
_FORGET_SNAPSHOTS = """
DELETE FROM records WHERE kind = 'snapshot' AND arn NOT IN (
    SELECT json_extract(summary, '$.snapshot_id') FROM executions
    WHERE json_extract(summary, '$.snapshot_id') IS NOT NULL
)
"""

log = logging.getLogger(__name__)


class SqliteStore(MemoryStore):
    """Keeps everything in a SQLite file; "" is a private one that is gone with the process.

    One process has the file at a time. Raises sqlite3.Error where it cannot be used.
    """

    keeps_running = True

    def __init__(self, path: Path | str, *, max_bytes: int = MAX_BYTES) -> None:
        super().__init__()
        self._max_bytes = max_bytes
        self._written = 0
        self._events_written: dict[str, int] = {}  # of those that run
        self._recent_snapshots: OrderedDict[str, StateMachineRecord] = OrderedDict()
        if path:
            Path(path).touch(mode=0o600)  # others need not read payloads
        self._database = sqlite3.connect(path, isolation_level=None, timeout=1.0)
        try:
            self._database.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._database.execute(f"PRAGMA journal_mode = {'WAL' if path else 'MEMORY'}")
            self._database.executescript(_SCHEMA)
            with self._transaction():
                self._convert()
                self._load()
                self._end_interrupted()
                self._database.execute(_FORGET_SNAPSHOTS)
            self._forget_old()
        except BaseException:
            self._database.close()
            raise

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise

    def _convert(self) -> None:
        """Take over what the first version of this store has written: without chunks and progress."""
        database = self._database
        if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'histories'").fetchone():
            return
        for kind, text in database.execute("SELECT kind, value FROM records").fetchall():
            if kind == "execution":
                database.execute(_SAVE, (*execution_row(ExecutionRecord(**json.loads(text))), None))
            elif kind == "map_run":
                self.save_map_run(read_map_run(text))
        for arn, chunk in database.execute("SELECT arn, events FROM histories").fetchall():
            row = (arn, 1, len(unpack(chunk)), chunk)
            database.execute("REPLACE INTO events VALUES (?, ?, ?, ?)", row)
        database.execute("DELETE FROM records WHERE kind IN ('execution', 'map_run')")
        database.execute("DROP TABLE histories")

    # --- machines, versions, aliases, activities: in memory too ---

    def _load(self) -> None:
        for kind, text in self._database.execute("SELECT kind, value FROM records"):
            value = json.loads(text)
            if kind == "state_machine":
                machine = read_state_machine(value)
                if machine is not None:
                    super().save_state_machine(machine)
            elif kind == "version":
                version = read_state_machine(value)
                if version is not None:
                    super().save_version(version)
            elif kind == "alias":
                routes = tuple(Route(**route) for route in value["routes"])
                super().save_alias(AliasRecord(**{**value, "routes": routes}))
            elif kind == "activity":
                super().save_activity(ActivityRecord(**{**value, "tags": tuple(value["tags"])}))

    def _write(self, kind: str, record: Any, key: str | None = None) -> None:
        names = [field.name for field in dataclasses.fields(record) if field.name != "machine"]
        fields = {name: getattr(record, name) for name in names}
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

    def save_activity(self, record: ActivityRecord) -> None:
        super().save_activity(record)
        self._write("activity", record)

    def delete_activity(self, arn: str) -> None:
        super().delete_activity(arn)
        self._delete("activity", arn)

    def save_snapshot(self, record: StateMachineRecord) -> None:
        if record.snapshot_id in self._recent_snapshots:
            return
        self._write("snapshot", record, record.snapshot_id)
        self._remember_snapshot(record)

    def snapshot(self, snapshot_id: str) -> StateMachineRecord | None:
        known = self._recent_snapshots.get(snapshot_id)
        if known is not None:
            return known
        query = "SELECT value FROM records WHERE kind = 'snapshot' AND arn = ?"
        row = self._database.execute(query, (snapshot_id,)).fetchone()
        if row is None:
            return None
        record = read_state_machine(json.loads(row[0]))
        if record is not None:
            self._remember_snapshot(record)
        return record

    def _remember_snapshot(self, record: StateMachineRecord) -> None:
        self._recent_snapshots[record.snapshot_id] = record
        if len(self._recent_snapshots) > _SNAPSHOTS_IN_MEMORY:
            self._recent_snapshots.popitem(last=False)

    # --- executions ---

    def begin_execution(self, record: ExecutionRecord) -> None:
        # Where it stood is kept: a redrive that is killed at once begins there again.
        super().begin_execution(record)
        self._database.execute(_SAVE, (*execution_row(record), None))
        self._events_written[record.arn] = self.history_length(record.arn) if record.redrive_count else 0

    def keep_running(self, executions: Iterable[Running]) -> None:
        """Write what has happened to executions that run, in one transaction."""
        counts = {}
        with self._transaction():
            for each in executions:
                arn = each.record.arn
                events = each.history.events
                self._add_events(arn, events, self._events_written.get(arn, 0))
                query = "UPDATE executions SET progress = ? WHERE arn = ?"
                self._database.execute(query, (pack(as_json(each.progress)), arn))
                counts[arn] = len(events)
        self._events_written.update(counts)

    def end_execution(
        self, record: ExecutionRecord, history: Sequence[HistoryEvent], progress: FlowProgress | None = None
    ) -> None:
        written = self._events_written.pop(record.arn, None)
        packed = None if progress is None else pack(as_json(progress))
        try:
            with self._transaction():
                if written is None:  # it does not run: what the file holds of it is replaced
                    self._database.execute("DELETE FROM events WHERE arn = ?", (record.arn,))
                self._database.execute(_SAVE_END, (*execution_row(record), packed))
                self._add_events(record.arn, history, written or 0)
        except sqlite3.Error:  # the next one may fit; this one is known as long as the process lives
            if len(self._executions) < _UNWRITTEN_IN_MEMORY:
                super().end_execution(record, history, progress)
            raise
        if self._written > _BYTES_BETWEEN_CHECKS:
            self._written = 0
            self._forget_old()

    def _add_events(self, arn: str, events: Sequence[HistoryEvent], written: int) -> None:
        if len(events) == written:
            return
        chunk = pack(list(events[written:]) if written else list(events))
        self._written += len(chunk)
        row = (arn, written + 1, len(events) - written, chunk)
        self._database.execute("REPLACE INTO events VALUES (?, ?, ?, ?)", row)

    def execution(self, arn: str) -> ExecutionRecord | None:
        unwritten = super().execution(arn)
        if unwritten is not None:
            return unwritten
        query = f"SELECT summary, data FROM executions WHERE arn = ? AND {_ENDED}"  # noqa: S608 - a constant
        row = self._database.execute(query, (arn,)).fetchone()
        return None if row is None else read_execution(*row)

    def executions(
        self, *, machine: str | None = None, map_run: str | None = None, behind: Place | None = None
    ) -> Iterator[ExecutionRecord]:
        given = {"machine": machine, "map_run": map_run}
        wanted = {column: value for column, value in given.items() if value is not None}
        conditions = "".join(f"{column} = ? AND " for column in wanted)
        query = (
            f"SELECT summary FROM executions WHERE {conditions} (place, arn) > (?, ?) AND {_ENDED}"  # noqa: S608
            " ORDER BY place, arn"
        )
        place = behind or (float("-inf"), "")
        rows = self._database.execute(query, (*wanted.values(), *place))
        written = (read_execution(summary, '["", null, null]') for (summary,) in rows)
        unwritten = super().executions(machine=machine, map_run=map_run, behind=behind)
        return heapq.merge(written, unwritten, key=place_in_list)

    def children(self, map_run_arn: str) -> Iterable[ExecutionRecord]:
        query = f"SELECT summary, data FROM executions WHERE map_run = ? AND {_ENDED}"  # noqa: S608
        for row in self._database.execute(query, (map_run_arn,)):
            yield read_execution(*row)

    def history(self, arn: str) -> Sequence[HistoryEvent]:
        if arn in self._executions:
            return super().history(arn)
        query = "SELECT chunk FROM events WHERE arn = ? ORDER BY first"
        rows = self._database.execute(query, (arn,))
        return [event for (chunk,) in rows for event in unpack(chunk)]

    def history_length(self, arn: str) -> int:
        if arn in self._executions:
            return super().history_length(arn)
        query = "SELECT coalesce(sum(count), 0) FROM events WHERE arn = ?"
        return int(self._database.execute(query, (arn,)).fetchone()[0])

    def progress(self, arn: str) -> FlowProgress | None:
        if arn in self._executions:
            return super().progress(arn)
        row = self._database.execute("SELECT progress FROM executions WHERE arn = ?", (arn,)).fetchone()
        found = None if row is None or row[0] is None else from_json(unpack(row[0]))
        return found if isinstance(found, FlowProgress) else None

    # --- map runs ---

    def save_map_run(self, record: MapRunRecord) -> None:
        row = (record.arn, record.execution_arn, record.status, json.dumps(dataclasses.asdict(record)))
        self._database.execute(
            "INSERT INTO map_runs VALUES (?, ?, ?, ?) ON CONFLICT (arn) DO UPDATE SET"
            " status = excluded.status, value = excluded.value",
            row,
        )

    def map_run(self, arn: str) -> MapRunRecord | None:
        row = self._database.execute("SELECT value FROM map_runs WHERE arn = ?", (arn,)).fetchone()
        return None if row is None else read_map_run(row[0])

    def map_runs(self, execution_arn: str) -> Iterable[MapRunRecord]:
        query = "SELECT value FROM map_runs WHERE execution = ? ORDER BY rowid"
        return [read_map_run(text) for (text,) in self._database.execute(query, (execution_arn,))]

    # --- what was interrupted ---

    def _end_interrupted(self) -> None:
        """End what ran when the process ended that had the file before."""
        query = "SELECT summary, data FROM executions WHERE status = 'RUNNING'"
        for row in self._database.execute(query).fetchall():
            self._end_one(read_execution(*row))
        query = "SELECT value FROM map_runs WHERE status = 'RUNNING'"
        for (text,) in self._database.execute(query).fetchall():
            self._end_map_run(read_map_run(text))

    def _end_one(self, record: ExecutionRecord) -> None:
        events = list(self.history(record.arn))
        written = len(events)
        snapshot = record.snapshot_id and self.snapshot(record.snapshot_id)
        if record.type == "STANDARD":
            events += missing_events(record, events, snapshot.role_arn if snapshot else "")
            events.append(abort_event(events))
        ended = end_record(record, events)
        self._database.execute(_SAVE, (*execution_row(ended), None))
        self._add_events(record.arn, events, written)

    def _end_map_run(self, record: MapRunRecord) -> None:
        items, executions = MapRunCounts(), MapRunCounts()
        stop = record.start_date
        for child in self.children(record.arn):
            name = child.status.lower()
            items = counted(items, name, child.item_count or 0)
            executions = counted(executions, name, 1)
            stop = max(stop, child.stop_date or stop)
        self.save_map_run(
            dataclasses.replace(
                record, status="ABORTED", stop_date=stop, item_counts=items, execution_counts=executions
            )
        )

    # --- what is forgotten ---

    def _forget_old(self) -> None:
        self._forget(time.time() - KEPT_SECONDS)
        while self._size() > self._max_bytes:
            log.warning("the store is above %d bytes: its oldest executions are forgotten", self._max_bytes)
            if not self._forget(float("inf")):
                return

    def _size(self) -> int:
        pages, free, size = (
            self._database.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * size)

    def _forget(self, before: float) -> int:
        """Forget some of the oldest executions that ended before a moment; give how many."""
        query = f"SELECT arn FROM executions WHERE {_ENDED} AND place > ? ORDER BY place DESC LIMIT ?"  # noqa: S608
        with self._transaction():
            old = self._database.execute(query, (-before, _FORGOTTEN_AT_ONCE)).fetchall()
            self._database.executemany("DELETE FROM events WHERE arn = ?", old)
            self._database.executemany("DELETE FROM map_runs WHERE execution = ?", old)
            self._database.executemany("DELETE FROM executions WHERE arn = ?", old)
        return len(old)

    def close(self) -> None:
        super().close()
        self._database.close()
