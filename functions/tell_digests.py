"""Tells people in one message of the alerts of a minute that were too many to be told one by one."""

from __future__ import annotations

from typing import Any

from pipeline import digests, entry
from pipeline.settings import settings


def handler(event: Any, context: Any) -> Any:
    """Handle the state of this name; schemas/functions/tell_digests.json is the signature."""
    return entry.run(
        "tell_digests", event, context, lambda request: digests.tell_digests(request, settings())
    )
