"""The sums of a day, from the ledger: files by status, records, and whether none was lost.

A file counts on the day on which its row changed last (UTC).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from statewright.local.following import COUNTS
from statewright.local.ledger import LEDGER
from statewright.local.outcomes import plain_cause

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from statewright.local.clients import Clients
    from statewright.local.names import Names

BY_DAY = "by_day"
VIOLATIONS_TOLD = 100
FAILED_COUNTS = ("files", "read", "quarantined")
_TOLD = ("file_id", "file_key", "status", "error", "cause", "counts")


@dataclass(frozen=True)
class Violation:
    """A file whose numbers do not add up, and how."""

    file_id: str
    key: str
    reason: str


@dataclass(frozen=True)
class Day:
    """A day's files by status, the sums of their records, and the files whose numbers do not add up.

    `counts` are of the files that were ingested. `failed` sums up those that failed after they were read to
    their end: nothing is said of where their other records are, but for TooManyInvalid, which writes none.
    `violations` names the first hundred of `violated`.
    """

    day: str
    files: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))
    failed: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FAILED_COUNTS, 0))
    violated: int = 0
    violations: tuple[Violation, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether read = written + superseded + quarantined, for each file and for the day."""
        return not self.violated and self.counts["read"] == accounted(self.counts)


def today() -> str:
    """Return the day as the ledger writes it."""
    return datetime.now(UTC).date().isoformat()


def accounted(counts: Mapping[str, int]) -> int:
    """Return how many records can be said to be somewhere."""
    return counts["written"] + counts["superseded"] + counts["quarantined"]


def read_day(names: Names, clients: Clients, day: str) -> Day | None:
    """Return the sums of a day; None where the project has no ledger with that index."""
    table = names.tables().get(LEDGER)
    if table is None or BY_DAY not in table.indexes:
        return None
    pages = (
        clients("dynamodb")
        .get_paginator("query")
        .paginate(
            TableName=names.of(LEDGER),
            IndexName=BY_DAY,
            KeyConditionExpression="processed_day = :day",
            ExpressionAttributeValues={":day": {"S": day}},
            ExpressionAttributeNames={f"#{name}": name for name in _TOLD},
            ProjectionExpression=", ".join(f"#{name}" for name in _TOLD),
        )
    )
    return sum_day(day, (row for page in pages for row in page["Items"]))


def sum_day(day: str, rows: Iterable[Mapping[str, Any]]) -> Day:
    """Return the sums of a day's rows, which are as DynamoDB tells them."""
    files, sums = Counter[str](), dict.fromkeys(COUNTS, 0)
    failed = dict.fromkeys(FAILED_COUNTS, 0)
    violated, told = 0, list[Violation]()
    for row in rows:
        status = row.get("status", {}).get("S", "UNKNOWN")
        files[status] += 1
        if status == "FAILED":
            _add_failed(row, failed)
        for violation in _added(row, sums):
            violated += 1
            if len(told) < VIOLATIONS_TOLD:
                told.append(violation)
    return Day(day, dict(sorted(files.items())), sums, failed, violated, tuple(told))


def _add_failed(row: Mapping[str, Any], sums: dict[str, int]) -> None:
    """Add a failed file, where the ledger knows its numbers."""
    if found := row.get("counts", {}).get("M"):
        sums["files"] += 1
        for name in ("read", "quarantined"):
            sums[name] += int(found[name]["N"])


def _added(row: Mapping[str, Any], sums: dict[str, int]) -> Iterator[Violation]:
    """Add a row to the sums; yield what is wrong with it."""
    said = {name: row.get(name, {}).get("S", "") for name in _TOLD}
    about = (said["file_id"], said["file_key"])
    if said["status"] == "FAILED" and said["error"] == "ConservationViolated":
        yield Violation(*about, plain_cause(said["cause"]))
    if said["status"] == "FAILED":
        return
    found = row.get("counts", {}).get("M")
    if found is None:
        if said["status"] == "SUCCEEDED":
            yield Violation(*about, "SUCCEEDED, and the ledger has no counts")
        return
    counts = {name: int(found.get(name, {}).get("N", 0)) for name in COUNTS}
    for name, count in counts.items():
        sums[name] += count
    if counts["read"] != accounted(counts):
        yield Violation(
            *about,
            f"read = {counts['read']:,}, but written + superseded + quarantined = {accounted(counts):,}",
        )
