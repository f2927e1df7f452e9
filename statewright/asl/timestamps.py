"""RFC 3339 timestamps as Step Functions reads them: a capital T, seconds, and an offset or Z."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")


def parse_timestamp(text: str) -> float:
    """Give the seconds since 1970; raises ValueError."""
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        raise ValueError(f"no RFC 3339 timestamp: {text}")
    fraction = match.group(1) or ""
    whole = datetime.fromisoformat(text.replace(fraction, "", 1) if fraction else text)
    return whole.timestamp() + (float(fraction) if fraction else 0.0)


def is_timestamp(text: str) -> bool:
    """Say whether a text is a timestamp."""
    try:
        parse_timestamp(text)
    except ValueError:
        return False
    return True


def format_timestamp(seconds: float) -> str:
    """Write seconds since 1970 as the context object has them: `2026-01-31T09:30:00.250Z`."""
    milliseconds = round(seconds * 1000)
    whole = datetime.fromtimestamp(milliseconds // 1000, tz=UTC)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"
