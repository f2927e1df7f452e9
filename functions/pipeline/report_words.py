"""Numbers, sizes, durations and days in words, for the report's headline, its page and its message."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec

MAX_CAUSE_CHARACTERS = 500
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


def counted(count: int, what: str) -> str:
    """Return `1 file`, `1,204 files`."""
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def share(part: int, whole: int) -> str:
    """Return a share with one digit after the point; never 100 % or 0 % of what is not all or none."""
    if part == whole or not part:
        return "100 %" if part else "0 %"
    tenths = min(999, max(1, part * 1000 // whole))
    return f"{tenths // 10}.{tenths % 10} %"


def size(count: int) -> str:
    """Return bytes as people say them: `71.4 MB`."""
    value, unit = float(count), "B"
    for greater in ("kB", "MB", "GB", "TB", "PB"):
        if value < 999.95:
            break
        value, unit = value / 1000, greater
    return f"{count} B" if unit == "B" else f"{value:,.1f} {unit}"


def duration(seconds: float) -> str:
    """Return `0.4 s`, `12 min`, `3.2 h`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"


def money(usd: float) -> str:
    """Return dollars, with the digits that say something."""
    if not usd:
        return "$0"
    return f"${usd:,.2f}" if usd >= 1 else f"${usd:.4f}"


def day(text: str) -> str:
    """Return `Friday, 20 November 2026` for `2026-11-20`."""
    at = date.fromisoformat(text)
    return f"{_WEEKDAYS[at.weekday()]}, {at.day} {_MONTHS[at.month - 1]} {at.year}"


def short_day(text: str) -> str:
    """Return `Fri 20` for `2026-11-20`."""
    at = date.fromisoformat(text)
    return f"{_WEEKDAYS[at.weekday()][:3]} {at.day}"


def plain_cause(cause: str) -> str:
    """Return the message alone where a function's error is in a cause; cut where it is long."""
    try:
        told: Any = msgspec.json.decode(cause)["errorMessage"]
    except (msgspec.DecodeError, KeyError, TypeError, UnicodeEncodeError):
        told = cause
    text = str(told).strip()
    return text if len(text) <= MAX_CAUSE_CHARACTERS else text[: MAX_CAUSE_CHARACTERS - 1] + "…"
