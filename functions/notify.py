"""Holds a file's sums against each other, tells people, closes the ledger's row."""

from __future__ import annotations

from typing import Any

from pipeline import entry, notifying
from pipeline.settings import settings


def handler(event: Any, context: Any) -> Any:
    """Handle the state of this name; schemas/functions/notify.json is the signature."""
    return entry.run("notify", event, context, lambda request: notifying.notify(request, settings()))
