"""DailyReport: reads a day of the ledger, compares it with the week before, writes the report twice.

`daily-reports/<day>.json` in the output bucket is for programs, `daily-reports/<day>.html` for people. Of the
days before, their reports are read where they were made after their day was over; other days are summed up
from the ledger again.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from pipeline import objects, report, report_page, report_rows, report_sums
from pipeline.errors import InvalidInput, ObjectNotFound
from pipeline.messages import plain_subject
from pipeline.moments import moment

if TYPE_CHECKING:
    from pipeline.settings import Settings
    from pipeline.shapes import Location, Reported, ReportRequest

FOLDER = "daily-reports"


def daily_report(request: ReportRequest, settings: Settings) -> Reported:
    """Report on a day; raises InvalidInput, Throttled, ServiceUnavailable, ServiceRefused."""
    day = day_of(request, datetime.now(UTC))
    before = [_summary_before(settings, each) for each in report.days_before(day)]
    told = report.report_of(day, _summary(settings, day), before)
    page, data = (_place(settings, day, ending) for ending in ("html", "json"))
    objects.put(page, report_page.page(told).encode(), "text/html; charset=utf-8")
    objects.put(data, encoded(told), "application/json")  # last: who finds it finds the page too
    return {
        "date": day,
        "headline": told["headline"],
        "notable": told["notable"],
        "subject": plain_subject(f"statewright {day}: {told['headline']}"),
        "page": objects.uri(page),
        "report": objects.uri(data),
        "files": told["files"]["count"],
        "failed": told["files"]["failed"],
        "usd": told["cost"]["usd"],
    }


def day_of(request: ReportRequest, now: datetime) -> str:
    """Return the day that is asked for: by default the day before the schedule, the execution, or now.

    Raises InvalidInput for a time before which there is no day, and for a leap second.
    """
    if "date" in request:
        return request["date"]
    started = request["execution"]["started_at"] if "execution" in request else moment(now)
    try:
        at = datetime.fromisoformat(request.get("scheduled", started)).astimezone(UTC)
        return (at.date() - timedelta(days=1)).isoformat()
    except (ValueError, OverflowError) as error:
        place = "/scheduled" if "scheduled" in request else "/execution/started_at"
        raise InvalidInput("daily_report", place, "a time that has a day before it") from error


def encoded(told: dict[str, Any]) -> bytes:
    """Return a report as the same bytes each time."""
    return msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n"


def _summary(settings: Settings, day: str) -> dict[str, Any]:
    files, messages = report_sums.sums_of(report_rows.read_day(settings.files_table, day))
    return report.summary(settings.schemas, files, messages)


def _summary_before(settings: Settings, day: str) -> dict[str, Any]:
    return _reported(_place(settings, day, "json"), day) or _summary(settings, day)


def _reported(place: Location, day: str) -> dict[str, Any] | None:
    """Return the report of a day, None where there is none, or it was made before the day was over."""
    try:
        made = objects.head(place["bucket"], place["key"]).last_modified
    except ObjectNotFound:
        return None
    over = datetime.combine(date.fromisoformat(day) + timedelta(days=1), datetime.min.time(), UTC)
    body = objects.find(place) if made >= over else None
    if body is None:
        return None
    try:
        found: dict[str, Any] = msgspec.json.decode(body, type=dict)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return found if found.get("format") == report.FORMAT else None


def _place(settings: Settings, day: str, ending: str) -> Location:
    return {"bucket": settings.output_bucket, "key": f"{FOLDER}/{day}.{ending}"}
