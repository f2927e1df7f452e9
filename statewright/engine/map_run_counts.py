"""Where the items and the child executions of a map run stand.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_MapRunExecutionCounts.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from statewright.engine.records import MapRunCounts

if TYPE_CHECKING:
    from statewright.engine.records import ExecutionStatus

COUNTED = {"SUCCEEDED": "succeeded", "FAILED": "failed", "TIMED_OUT": "timed_out", "ABORTED": "aborted"}


class Tally:
    """Counts of one kind: items, or child executions.

    `ended` counts by outcome; `final` those of them that failed and cannot be redriven.
    """

    def __init__(self) -> None:
        self.total = 0
        self.running = 0
        self.written = 0
        self.final = 0
        self.pending_redrive = 0
        self.ended = dict.fromkeys(COUNTED.values(), 0)

    def end(self, status: ExecutionStatus, size: int) -> None:
        self.running -= size
        self.add(status, size)

    def add(self, status: ExecutionStatus, size: int) -> None:
        self.ended[COUNTED[status]] += size

    @property
    def counts(self) -> MapRunCounts:
        pending = self.total - self.running - sum(self.ended.values()) - self.pending_redrive
        return MapRunCounts(
            **self.ended,
            running=self.running,
            total=self.total,
            pending=pending,
            results_written=self.written,
            failures_not_redrivable=self.final,
            pending_redrive=self.pending_redrive,
        )
