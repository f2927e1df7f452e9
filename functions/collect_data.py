"""Finds an object, pins its version, routes it to its contract, claims it, plans the work."""

from __future__ import annotations

from typing import Any

from pipeline import collecting, entry
from pipeline.settings import settings


def handler(event: Any, context: Any) -> Any:
    """Handle the state of this name; schemas/functions/collect_data.json is the signature."""
    return entry.run(
        "collect_data",
        event,
        context,
        lambda request: collecting.collect_data(request, settings(), context.aws_request_id),
    )
