"""Sorts a batch of messages into groups of one dataset each, notices of new objects, and requests."""

from __future__ import annotations

from typing import Any

from pipeline import collecting_messages, entry
from pipeline.settings import settings


def handler(event: Any, context: Any) -> Any:
    """Handle the pipe's batch; schemas/functions/collect_messages.json is the signature."""
    return entry.run(
        "collect_messages",
        event,
        context,
        lambda records: collecting_messages.collect_messages(records, settings()),
    )
