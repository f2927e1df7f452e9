"""Turns a shard's valid records into items, sorted into partitions of their keys."""

from __future__ import annotations

from typing import Any

from pipeline import enriching, entry
from pipeline.settings import settings


def handler(event: Any, context: Any) -> Any:
    """Handle the state of this name; schemas/functions/enrich.json is the signature."""
    return entry.run("enrich", event, context, lambda request: enriching.enrich(request, settings()))
