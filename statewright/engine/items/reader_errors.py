"""The error of items that cannot be read."""

from __future__ import annotations

from statewright.engine.errors import StateFailure

READER_FAILED = "States.ItemReaderFailed"


def reader_failure(cause: str) -> StateFailure:
    """The error of items that cannot be read."""
    return StateFailure(READER_FAILED, cause)
