"""The sums of a day: rows are added one by one, in any order, and nothing grows with them but a few numbers.

The order changes nothing, to the last digit: counts are integers, durations whole milliseconds, and of equals
the one with the greater id is kept.
"""

from __future__ import annotations

import heapq
from array import array
from collections import Counter
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from pipeline import ledger
from pipeline.report_rows import COUNTS, Row
from pipeline.report_words import plain_cause

if TYPE_CHECKING:
    from collections.abc import Iterable

REDRIVEN = "REDRIVEN"  # another execution stands in for it: it is no file of its own
HOURS = 24
# How many are named, of each list: nobody reads more, and all are counted.
MAX_FAILURES = 100
MAX_NAMED = 10
# Kinds of anything that are told apart (file types, rules, errors, datasets); the rest is `other`.
MAX_KINDS = 30
MAX_KIND_CHARACTERS = 80
OTHER = "other"
_TYPE_CHARACTERS = 12


class Top:
    """The rows with the greatest values."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._heap: list[tuple[Any, str, Row]] = []

    def add(self, value: Any, row: Row) -> None:
        """Hold a row where its value is among the greatest; of equals, the one with the greater id."""
        each = (value, row.file_id, row)
        if len(self._heap) < self._size:
            heapq.heappush(self._heap, each)
        else:
            heapq.heappushpop(self._heap, each)

    @property
    def rows(self) -> list[Row]:
        """The rows, the greatest first."""
        return [row for _, _, row in sorted(self._heap, reverse=True)]


class Sums:
    """What was said of a day's files, or of its groups of messages."""

    def __init__(self) -> None:
        self.count = self.bytes = self.replays = self.redriven = self.duplicates = 0
        self.statuses, self.types = Counter[str](), Counter[str]()
        self.reasons, self.errors = Counter[str](), Counter[str]()
        self.alert_rules = Counter[str]()
        self.records, self.failed_records = Counter[str](), Counter[str]()
        self.datasets: dict[str, Counter[str]] = {}
        self.hours = [Counter[str]() for _ in range(HOURS)]
        self.milliseconds = array("Q")
        self.contents: set[bytes] = set()
        self.with_content = 0
        self.violated = 0
        self.failures, self.violations = Top(MAX_FAILURES), Top(MAX_NAMED)
        self.slowest, self.largest, self.rejected = Top(MAX_NAMED), Top(MAX_NAMED), Top(MAX_NAMED)

    def add(self, row: Row) -> None:
        """Add a row."""
        if row.status == REDRIVEN:
            self.redriven += 1
            return
        self.count += 1
        self.bytes += row.size
        self.replays += bool(row.replay_of)
        self.duplicates += row.duplicates
        self.statuses[row.status] += 1
        self.types[type_of(row.key)] += 1
        if row.content:
            self.with_content += 1
            self.contents.add(blake2b(row.content.encode(), digest_size=12).digest())
        if row.milliseconds is not None:
            self.milliseconds.append(row.milliseconds)
            self.slowest.add(row.milliseconds, row)
        self.largest.add(row.size, row)
        self._add_records(row)
        if not holds(row):
            self.violated += 1
            self.violations.add(row.processed_at, row)

    def _add_records(self, row: Row) -> None:
        failed = row.status == ledger.FAILED
        dataset = self.datasets.setdefault(_kind(row.dataset), Counter())
        hour = self.hours[_hour(row.processed_at)]
        for each in (dataset, hour):
            each["count"] += 1
            each["failed"] += failed
        dataset["bytes"] += row.size
        if failed:
            self.errors[_kind(row.error)] += 1
            self.failures.add(row.processed_at, row)
            self.failed_records.update(row.counts)
            return
        for each in (self.records, dataset, hour):
            each.update(row.counts)
        for rule, count in row.reasons.items():
            self.reasons[_kind(rule)] += count
        for rule, count in row.alert_rules.items():
            self.alert_rules[_kind(rule)] += count
        if row.counts.get("quarantined"):
            self.rejected.add(row.counts["quarantined"], row)

    def section(self) -> dict[str, Any]:
        """Return the sums as the report has them."""
        return {
            "count": self.count,
            "bytes": self.bytes,
            "failed": self.statuses[ledger.FAILED],
            "redriven": self.redriven,
            "replays": self.replays,
            "duplicates": self.duplicates,
            "repeated": self.with_content - len(self.contents),
            "records": {name: self.records[name] for name in COUNTS},
            "failed_records": {name: self.failed_records[name] for name in ("read", "quarantined")},
            "seconds": _durations(self.milliseconds),
            "statuses": _kinds(self.statuses),
            "types": _kinds(self.types),
            "reasons": _kinds(self.reasons),
            "errors": _kinds(self.errors),
            "alert_rules": _kinds(self.alert_rules),
            "datasets": _datasets(self.datasets),
            "hours": [{name: hour[name] for name in ("count", "failed", "read")} for hour in self.hours],
            "violated": self.violated,
            "violations": [_named(row) for row in self.violations.rows],
            "failures": [_failure(row) for row in self.failures.rows],
            "slowest": [_named(row) for row in self.slowest.rows],
            "largest": [_named(row) for row in self.largest.rows],
            "rejected": [{**_named(row), "manifest": row.manifest} for row in self.rejected.rows],
        }


def sums_of(rows: Iterable[Row]) -> tuple[Sums, Sums]:
    """Return the sums of the files and of the groups of messages among rows."""
    files, messages = Sums(), Sums()
    for row in rows:
        (messages if row.source == "messages" else files).add(row)
    return files, messages


def type_of(key: str) -> str:
    """Return the type that a key names: `csv`, `jsonl.gz`; "none" where it names none."""
    parts = key.rpartition("/")[2].lower().split(".")[1:]
    compressed = parts[-1:] == ["gz"] and len(parts) > 1
    kind = ".".join(parts[-2:] if compressed else parts[-1:])
    fits = kind.replace(".", "").isalnum() and kind.isascii() and len(kind) <= _TYPE_CHARACTERS
    return kind if fits else ("none" if not kind else OTHER)


def holds(row: Row) -> bool:
    """Return whether a file's records are all accounted for, as far as the ledger says where they are."""
    if row.status == ledger.FAILED:
        return row.error != "ConservationViolated"
    if row.status != ledger.SUCCEEDED:
        return True
    found = row.counts
    parts = [found.get(name) for name in ("written", "superseded", "quarantined")]
    return None not in parts and found.get("read") == sum(part or 0 for part in parts)


def _hour(moment: str) -> int:
    hour = moment[11:13]
    return int(hour) % HOURS if hour.isdecimal() else 0


def _kind(name: str) -> str:
    return name[:MAX_KIND_CHARACTERS] or "none"


def _kinds(counted: Counter[str]) -> list[dict[str, Any]]:
    """Return kinds with their counts, the most frequent first; those above MAX_KINDS as one."""
    ordered = sorted(((kind, count) for kind, count in counted.items() if count), key=_most_first)
    rest = sum(count for _, count in ordered[MAX_KINDS:])
    shown = [{"name": kind, "count": count} for kind, count in ordered[:MAX_KINDS]]
    return [*shown, {"name": OTHER, "count": rest}] if rest else shown


def _most_first(each: tuple[str, int]) -> tuple[int, str]:
    return -each[1], each[0]


def _datasets(found: dict[str, Counter[str]]) -> list[dict[str, Any]]:
    ordered = sorted(found.items(), key=lambda each: (-each[1]["read"], -each[1]["count"], each[0]))
    rest: Counter[str] = Counter()
    for _, counts in ordered[MAX_KINDS:]:
        rest.update(counts)
    told = [*ordered[:MAX_KINDS], *([(OTHER, rest)] if rest else [])]
    names = ("count", "failed", "bytes", *COUNTS)
    return [{"name": name, **{each: counts[each] for each in names}} for name, counts in told]


def _durations(milliseconds: array[int]) -> dict[str, float]:
    """Return quantiles by the nearest rank, in seconds."""
    ordered = sorted(milliseconds)
    if not ordered:
        return {"median": 0.0, "p95": 0.0, "longest": 0.0, "all": 0.0}
    last = len(ordered) - 1
    told = {"median": ordered[last // 2], "p95": ordered[last * 95 // 100], "longest": ordered[-1]}
    return {name: each / 1000 for name, each in {**told, "all": sum(ordered)}.items()}


def _named(row: Row) -> dict[str, Any]:
    return {
        "file_id": row.file_id,
        "dataset": row.dataset,
        "bucket": row.bucket,
        "key": row.key,
        "version": row.version,
        "bytes": row.size,
        "seconds": None if row.milliseconds is None else row.milliseconds / 1000,
        "records": {name: row.counts.get(name, 0) for name in COUNTS},
    }


def _failure(row: Row) -> dict[str, Any]:
    return {
        **_named(row),
        "at": row.processed_at,
        "error": _kind(row.error),
        "cause": plain_cause(row.cause),
        "execution": row.execution,
    }
