"""Schedules as EventBridge Scheduler writes them: `cron(minutes hours day-of-month month day-of-week year)`.

Understood are `*`, `?`, numbers, names of months and weekdays, lists, ranges and steps. `L`, `W` and `#`,
`rate(…)` and `at(…)` are refused by name.
https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
# Name, least and greatest value, names of values.
_FIELDS: tuple[tuple[str, int, int, tuple[str, ...]], ...] = (
    ("minutes", 0, 59, ()),
    ("hours", 0, 23, ()),
    ("day-of-month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day-of-week", 1, 7, _WEEKDAYS),
    ("year", 1970, 2199, ()),
)
_CRON = re.compile(r"cron\((?P<fields>[^()]{1,200})\)")
_PART = re.compile(r"(?P<first>\*|\w+)(?:-(?P<last>\w+))?(?:/(?P<step>\d+))?")
# How far the next time is looked for: two leap years are eight years apart at most.
_HORIZON_DAYS = 9 * 366


class UnusableExpression(ValueError):  # noqa: N818 - what is wrong
    """An expression is none, or one that is not understood."""


@dataclass(frozen=True)
class Cron:
    """When a schedule is due, in UTC; weekdays count from Sunday, which is 1."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    years: frozenset[int]

    def after(self, moment: datetime) -> datetime | None:
        """Return the first time after a moment, None where there is none for years."""
        moment = moment.astimezone(UTC)
        for days in range(_HORIZON_DAYS):
            day = moment.date() + timedelta(days=days)
            weekday = day.isoweekday() % 7 + 1
            if not (day.year in self.years and day.month in self.months and day.day in self.days):
                continue
            if weekday not in self.weekdays:
                continue
            for hour in sorted(self.hours):
                for minute in sorted(self.minutes):
                    found = datetime.combine(day, time(hour, minute), UTC)
                    if found > moment:
                        return found
        return None

    def between(self, start: datetime, end: datetime) -> Iterator[datetime]:
        """Yield the times after `start`, up to and with `end`."""
        found = self.after(start)
        while found is not None and found <= end:
            yield found
            found = self.after(found)


def read_cron(expression: str) -> Cron:
    """Return when a schedule is due; raises UnusableExpression."""
    match = _CRON.fullmatch(expression)
    fields = match["fields"].split() if match else []
    if len(fields) != len(_FIELDS):
        raise UnusableExpression(
            f"{expression!r} is not cron(minutes hours day-of-month month day-of-week year);"
            " rate(…) and at(…) are not supported"
        )
    if (fields[2] == "?") == (fields[4] == "?"):
        raise UnusableExpression(
            f"{expression!r}: one of day-of-month and day-of-week is `?`, the other is not"
        )
    return Cron(*(_values(text, *field) for text, field in zip(fields, _FIELDS, strict=True)))


def _values(text: str, field: str, least: int, greatest: int, names: tuple[str, ...]) -> frozenset[int]:
    if text == "?" and field.startswith("day-of-"):
        return frozenset(range(least, greatest + 1))
    found: set[int] = set()
    for part in text.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise UnusableExpression(f"{field}: {part!r} is not supported")
        every = match["first"] == "*"
        first = least if every else _number(match["first"], field, names)
        ends_there = match["last"] is None and match["step"] is None and not every
        last = _number(match["last"], field, names) if match["last"] else (first if ends_there else greatest)
        if not (least <= first <= last <= greatest and int(match["step"] or 1) > 0):
            raise UnusableExpression(f"{field}: {part!r} lies outside {least} to {greatest}")
        found |= set(range(first, last + 1, int(match["step"] or 1)))
    return frozenset(found)


def _number(text: str, field: str, names: tuple[str, ...]) -> int:
    if text.upper() in names:
        return names.index(text.upper()) + 1
    if not text.isascii() or not text.isdecimal():
        raise UnusableExpression(f"{field}: {text!r} is not supported")
    return int(text)
