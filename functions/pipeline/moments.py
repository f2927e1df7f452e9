"""Moments as text: RFC 3339 in UTC with milliseconds and a Z, so that they sort as they happened."""

from __future__ import annotations

from datetime import UTC, datetime


def moment(at: datetime) -> str:
    """Return a moment as `2025-08-18T19:00:00.000Z`, as the workflow's $now() writes it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
