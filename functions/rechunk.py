"""Stages the text of an object that cannot be split in chunks, which are its shards from then on."""

from __future__ import annotations

from typing import Any

from pipeline import entry, rechunking
from pipeline.settings import settings


def handler(event: Any, context: Any) -> Any:
    """Handle the state of this name; schemas/functions/rechunk.json is the signature."""
    return entry.run(
        "rechunk",
        event,
        context,
        lambda request: rechunking.rechunk(
            request, settings(), lambda: context.get_remaining_time_in_millis() / 1000
        ),
    )
