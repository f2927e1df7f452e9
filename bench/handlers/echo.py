"""The function that the servers run in worker processes."""

from __future__ import annotations

from typing import Any


def handler(event: Any, _: Any) -> Any:
    """Give the event back."""
    return event
