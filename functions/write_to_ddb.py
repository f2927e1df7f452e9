"""Puts the last record of each key of a partition into the dataset's table."""

from __future__ import annotations

from typing import Any

from pipeline import entry, writing
from pipeline.settings import settings


def handler(event: Any, context: Any) -> Any:
    """Handle the state of this name; schemas/functions/write_to_ddb.json is the signature."""
    return entry.run(
        "write_to_ddb",
        event,
        context,
        lambda request: writing.write_to_ddb(
            request, settings(), lambda: context.get_remaining_time_in_millis() / 1000
        ),
    )
