"""Executions that ran when the process was killed: how they are told once another process reads them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from statewright.engine.records import ExecutionRecord

HistoryEvent = dict[str, Any]
INTERRUPTED = "The engine stopped while the execution was running."


def missing_events(
    record: ExecutionRecord, events: Sequence[HistoryEvent], role_arn: str
) -> list[HistoryEvent]:
    """Give the events of a start or a redrive that was not written before the kill."""
    if not events:
        details = {"input": record.input, "inputDetails": {"truncated": False}, "roleArn": role_arn}
        return [_event("ExecutionStarted", record.start_date, 1, 0, executionStartedEventDetails=details)]
    told = sum(event["type"] == "ExecutionRedriven" for event in events)
    if told >= record.redrive_count or record.redrive_date is None:
        return []
    last = events[-1]["id"]
    redrive = {"redriveCount": record.redrive_count}
    return [
        _event(
            "ExecutionRedriven", record.redrive_date, last + 1, last, executionRedrivenEventDetails=redrive
        )
    ]


def abort_event(events: Sequence[HistoryEvent]) -> HistoryEvent:
    """Give the event that ends an interrupted history, at the moment of the last that was written."""
    last = events[-1]
    return _event(
        "ExecutionAborted",
        last["timestamp"],
        last["id"] + 1,
        0,
        executionAbortedEventDetails={"cause": INTERRUPTED},
    )


def end_record(record: ExecutionRecord, events: Sequence[HistoryEvent]) -> ExecutionRecord:
    """Give the record of an interrupted execution."""
    last = events[-1]["timestamp"] if events else record.redrive_date or record.start_date
    return dataclasses.replace(record, status="ABORTED", cause=INTERRUPTED, stop_date=last)


def _event(type: str, timestamp: float, id: int, previous: int, **details: Any) -> HistoryEvent:  # noqa: A002
    return {"timestamp": timestamp, "type": type, "id": id, "previousEventId": previous, **details}
