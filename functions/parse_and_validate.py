"""Reads a shard, holds each record against the contract, stages it or puts it aside."""

from __future__ import annotations

from typing import Any

from pipeline import entry, parsing
from pipeline.settings import settings


def handler(event: Any, context: Any) -> Any:
    """Handle the state of this name; schemas/functions/parse_and_validate.json is the signature."""
    return entry.run(
        "parse_and_validate", event, context, lambda request: parsing.parse_and_validate(request, settings())
    )
