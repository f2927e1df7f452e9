"""Date and time functions. Source: https://docs.jsonata.org/date-time-functions"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta

import jsonata as library

from statewright.asl.jsonata.natives import native
from statewright.asl.jsonata.numbers import formatted
from statewright.asl.jsonata.values import UNDEFINED, Run, Value, fail, number

_ISO = re.compile(
    r"(\d{4})(?:-([01]\d))?(?:-([0-3]\d))?"
    r"(?:T([0-2]\d):([0-5]\d):([0-5]\d)(?:\.(\d+))?)?"
    r"(?:([+-])([0-2]\d):?([0-5]\d)|Z)?"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# The years that Python's datetime knows; JavaScript's go further.
_FIRST_MILLIS, _LAST_MILLIS = -62135596800000, 253402300799999


@native("millis", "<:n>")
def millis(run: Run) -> Value:
    return run.timestamp


@native("now", "<s?s?:s>")
def now(run: Run, picture: Value, timezone: Value) -> Value:
    return from_millis(run, run.timestamp, picture, timezone)


@native("fromMillis", "<n-s?s?:s>")
def from_millis(_run: Run, value: Value, picture: Value, timezone: Value) -> Value:
    if value is UNDEFINED:
        return value
    whole = math.floor(value)
    if not _FIRST_MILLIS <= whole <= _LAST_MILLIS:
        fail("D3110", value=value)
    if picture is UNDEFINED and timezone is UNDEFINED:
        moment = _EPOCH + timedelta(milliseconds=whole)
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z".rjust(24, "0")
    wanted = None if picture is UNDEFINED else picture
    zone = None if timezone is UNDEFINED else timezone
    return formatted(library.DateTimeUtils.format_datetime, whole, wanted, zone, fallback="D3132")


@native("toMillis", "<s-s?:n>")
def to_millis(_run: Run, text: Value, picture: Value) -> Value:
    if text is UNDEFINED:
        return text
    if picture is not UNDEFINED:
        parsed = formatted(library.DateTimeUtils.parse_datetime, text, picture, fallback="D3132")
        return UNDEFINED if parsed is None else number(parsed)
    match = _ISO.fullmatch(text)
    moment = None if match is None else _moment(match)
    if moment is None:
        fail("D3110", value=text)
    return moment


def _moment(match: re.Match[str]) -> int | None:
    year, month, day, hour, minute, second, fraction, sign, zone_hours, zone_minutes = match.groups()
    try:
        day_start = datetime(int(year), int(month or 1), int(day or 1), tzinfo=UTC)
        time = timedelta(hours=int(hour or 0), minutes=int(minute or 0), seconds=int(second or 0))
        if time > timedelta(days=1):
            return None
        since = day_start - _EPOCH + time
    except (ValueError, OverflowError):
        return None
    zone = timedelta(hours=int(zone_hours or 0), minutes=int(zone_minutes or 0))
    shifted = since + zone if sign == "-" else since - zone
    return shifted // timedelta(milliseconds=1) + int(((fraction or "") + "000")[:3])
