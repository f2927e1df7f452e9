"""The daily report: a day's sums, held against those of the seven days before, and what they say in words.

Nothing in it is of the time at which it is made: the same ledger gives the same bytes.
"""

from __future__ import annotations

from datetime import date, timedelta
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from pipeline import report_costs
from pipeline.report_sums import OTHER
from pipeline.report_words import counted, duration, money, share, size

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from pipeline.report_sums import Sums

FORMAT = 2
DAYS_BEFORE = 7
# With fewer days that had anything, "more than on any day before" says nothing.
DAYS_TO_COMPARE = 3
MAX_NOTABLE = 12


def _measure(section: str, *path: str) -> Callable[[Mapping[str, Any]], Any]:
    def read(day: Mapping[str, Any]) -> Any:
        value: Any = day[section]
        for name in path:
            value = value[name]
        return value

    return read


MEASURES: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "files": _measure("files", "count"),
    "failed": _measure("files", "failed"),
    "bytes": _measure("files", "bytes"),
    "read": _measure("files", "records", "read"),
    "written": _measure("files", "records", "written"),
    "superseded": _measure("files", "records", "superseded"),
    "quarantined": _measure("files", "records", "quarantined"),
    "alerts": _measure("files", "records", "alerts"),
    "repeated": _measure("files", "repeated"),
    "duplicates": _measure("files", "duplicates"),
    "p95_seconds": _measure("files", "seconds", "p95"),
    "messages": _measure("messages", "records", "read"),
    "messages_quarantined": _measure("messages", "records", "quarantined"),
    "message_groups_failed": _measure("messages", "failed"),
    "usd": _measure("cost", "usd"),
}
# What is told where it is above, and where it is below all days before; "" where that is not worth a word.
_TOLD: tuple[tuple[str, str, str, Callable[[Any], str]], ...] = (
    ("failed", "More files failed", "", "{:,}".format),
    ("quarantined", "More records were rejected", "", "{:,}".format),
    ("files", "More files came", "Fewer files came", "{:,}".format),
    ("read", "More records came", "Fewer records came", "{:,}".format),
    ("bytes", "More bytes came", "Fewer bytes came", size),
    ("alerts", "More alerts were raised", "", "{:,}".format),
    ("repeated", "More files had the content of another", "", "{:,}".format),
    ("duplicates", "More events came a second time", "", "{:,}".format),
    ("p95_seconds", "The slowest twentieth of the files took longer", "", duration),
    ("messages", "More messages came", "Fewer messages came", "{:,}".format),
    ("messages_quarantined", "More messages were rejected", "", "{:,}".format),
    ("message_groups_failed", "More groups of messages failed", "", "{:,}".format),
    ("usd", "The requests cost more", "", money),
)
_KINDS = ("statuses", "types", "reasons", "errors", "alert_rules")


def summary(schemas: Path, files: Sums, messages: Sums) -> dict[str, Any]:
    """Return a day's sums as a report has them, before they are compared with others."""
    sections = {"files": files.section(), "messages": messages.section()}
    return {**sections, "cost": report_costs.estimate(schemas, **sections)}


def days_before(day: str) -> list[str]:
    """Return the seven days before, the first one first."""
    at = date.fromisoformat(day)
    return [(at - timedelta(days=each)).isoformat() for each in range(DAYS_BEFORE, 0, -1)]


def report_of(day: str, found: Mapping[str, Any], before: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the report of a day; `before` are the summaries, or the reports, of the seven days before."""
    measures = {
        name: _compared(read(found), [read(each) for each in before]) for name, read in MEASURES.items()
    }
    with_anything = sum(1 for each in before if _has_anything(each))
    if with_anything < DAYS_TO_COMPARE:
        for measure in measures.values():
            measure["unusual"] = None
    told = {
        "format": FORMAT,
        "date": day,
        "headline": headline(found),
        "notable": _notable(found, before, measures, with_anything),
        "before": {"days": days_before(day), "with_anything": with_anything},
        "measures": measures,
    }
    sections = {name: _with_medians(name, found, before) for name in ("files", "messages")}
    return {**told, **sections, "cost": found["cost"]}


def _has_anything(day: Mapping[str, Any]) -> bool:
    return bool(day["files"]["count"] or day["messages"]["count"])


def _compared(value: Any, before: Sequence[Any]) -> dict[str, Any]:
    """Return a value beside those before; unusual is what lies outside them, a quarter off their median."""
    middle = _median(before)
    unusual = None
    if value > max(before) and value > middle * 1.25:
        unusual = "above"
    elif value < min(before) and value < middle * 0.75:
        unusual = "below"
    return {"value": value, "before": list(before), "median": middle, "unusual": unusual}


def _median(values: Sequence[Any]) -> Any:
    return sorted(values)[len(values) // 2]


def _with_medians(name: str, found: Mapping[str, Any], before: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    section = dict(found[name])
    for kind in _KINDS:
        section[kind] = _beside(section[kind], [each[name][kind] for each in before], ("count",))
    days = [each[name]["datasets"] for each in before]
    section["datasets"] = _beside(section["datasets"], days, ("count", "read", "quarantined"))
    return section


def _beside(
    kinds: Sequence[Mapping[str, Any]], before: Sequence[Sequence[Mapping[str, Any]]], names: Sequence[str]
) -> list[dict[str, Any]]:
    """Return kinds with the medians of their counts on the days before."""
    days = [{each["name"]: each for each in day} for day in before]
    return [
        {
            **{member: value for member, value in each.items() if member != "medians"},
            "medians": {
                name: _median([day.get(each["name"], {}).get(name, 0) for day in days]) for name in names
            },
        }
        for each in kinds
    ]


def headline(found: Mapping[str, Any]) -> str:
    """Return what happened in one sentence."""
    files, messages = found["files"], found["messages"]
    parts = []
    if files["count"]:
        failed = f", {files['failed']:,} failed" if files["failed"] else ", none failed"
        parts.append(counted(files["count"], "file") + failed)
        parts += [_of_records(files["records"], "record")]
    if messages["count"]:
        parts.append(_of_records(messages["records"], "message"))
        if messages["failed"]:
            parts.append(f"{counted(messages['failed'], 'group')} of messages failed")
    return "; ".join(part for part in parts if part) if parts else "Nothing came"


def _of_records(records: Mapping[str, int], what: str) -> str:
    if not records["read"]:
        return f"no {what}s"
    told = f"{counted(records['read'], what)}: {share(records['written'], records['read'])} written"
    if records["superseded"]:
        told += f", {records['superseded']:,} superseded"
    return told + (f", {records['quarantined']:,} rejected" if records["quarantined"] else "")


def _notable(
    found: Mapping[str, Any],
    before: Sequence[Mapping[str, Any]],
    measures: Mapping[str, Mapping[str, Any]],
    with_anything: int,
) -> list[str]:
    """Return what a person should know before all else, the worst first."""
    told = []
    for section, what in (("files", "records of {}"), ("messages", "messages of {} of them")):
        if violated := found[section]["violated"]:
            whose = what.format(counted(violated, "file" if section == "files" else "group"))
            told.append(f"The {whose} are not all accounted for")
    open_rows = {each["name"]: each["count"] for each in found["files"]["statuses"]}.get("PROCESSING", 0)
    if open_rows:
        told.append(f"{counted(open_rows, 'file')} had neither succeeded nor failed")
    if with_anything < DAYS_TO_COMPARE:
        return told
    for name, above, below, shown in _TOLD:
        measure = measures[name]
        if words := {"above": above, "below": below}.get(measure["unusual"]):
            told.append(_unusual(words, measure, shown))
    for section, what, record in (("files", "file", "record"), ("messages", "group", "message")):
        told += _absent(found[section], [each[section] for each in before], what)
        told += _new_rules(found[section], [each[section] for each in before], record)
    return told[:MAX_NOTABLE]


def _unusual(words: str, measure: Mapping[str, Any], shown: Callable[[Any], str]) -> str:
    least, most = shown(min(measure["before"])), shown(max(measure["before"]))
    usual = f"always {least}" if least == most else f"{least} to {most}"
    return f"{words} than on any of the seven days before: {shown(measure['value'])}, against {usual}"


def _absent(section: Mapping[str, Any], before: Sequence[Mapping[str, Any]], what: str) -> list[str]:
    """Return which datasets had something on most of the days before, and nothing on this one."""
    here = {each["name"] for each in section["datasets"]}
    days = [{each["name"]: each["count"] for each in day["datasets"]} for day in before]
    names = sorted({name for day in days for name in day} - here - {"none", OTHER})
    usual = [(name, _median([day.get(name, 0) for day in days])) for name in names]
    return [
        f"Nothing came for {name}; a usual day has {counted(median, what)}"
        for name, median in sorted(usual, key=itemgetter(1, 0), reverse=True)
        if median
    ]


def _new_rules(section: Mapping[str, Any], before: Sequence[Mapping[str, Any]], what: str) -> list[str]:
    known = {each["name"] for day in before for each in day["reasons"]}
    return [
        f"The rule {each['name']} rejected {counted(each['count'], what)};"
        " on the seven days before it rejected none"
        for each in section["reasons"]
        if each["name"] not in known
    ]
