"""The daily report as a page: one HTML file without scripts that asks for nothing from anywhere.

What came from data is escaped, characters that nobody sees are shown by their numbers, and a policy in the
page lets it run and load nothing: https://developer.mozilla.org/docs/Web/HTTP/Guides/CSP
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

from pipeline import report_charts as charts
from pipeline import report_tables as tables
from pipeline.report import DAYS_TO_COMPARE
from pipeline.report_charts import Part, Stack
from pipeline.report_style import STYLE
from pipeline.report_text import shown
from pipeline.report_words import day, duration, money, share, short_day, size

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Report = Mapping[str, Any]

OUTCOMES = (("written", "written"), ("superseded", "superseded"), ("quarantined", "rejected"))
_POLICY = "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'"
_NUMBER: Callable[[Any], str] = "{:,}".format
_TILES: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
    ("files", "Files", _NUMBER),
    ("failed", "Failed files", _NUMBER),
    ("bytes", "Bytes", size),
    ("p95_seconds", "95 % took at most", duration),
    ("usd", "Cost of requests", money),
    ("read", "Records read", _NUMBER),
    ("written", "Records written", _NUMBER),
    ("quarantined", "Records rejected", _NUMBER),
    ("alerts", "Alerts", _NUMBER),
    ("messages", "Messages", _NUMBER),
)


def page(told: Report) -> str:
    """Return the page of a report."""
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    empty = not (told["files"]["count"] or told["messages"]["count"])
    body = [
        _header(told),
        _notable(told),
        _tiles(told),
        "" if empty else _charts(told),
        tables.all_of(told),
        _footer(told),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY.format(digest)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n'
        f"<title>Daily report {shown(told['date'])}</title>\n<style>{STYLE}</style>\n</head>\n"
        "<body>\n<main>\n" + "\n".join(filter(None, body)) + "\n</main>\n</body>\n</html>\n"
    )


def _header(told: Report) -> str:
    parts = shown(told["headline"] + ".").split("; ")
    lines = " ".join(f"<span>{part}</span>" for part in [*(f"{each};" for each in parts[:-1]), parts[-1]])
    return (
        f'<header><p class="eyebrow">Daily report</p><h1>{day(told["date"])}</h1>'
        f'<p class="headline">{lines}</p></header>'
    )


def _notable(told: Report) -> str:
    if told["notable"]:
        listed = "".join(f"<li>{shown(text)}.</li>" for text in told["notable"])
        return f'<section class="card notable"><h2>Worth a look</h2><ul>{listed}</ul></section>'
    before = told["before"]["with_anything"]
    if before < DAYS_TO_COMPARE:
        said = f"{before or 'None'} of the seven days before had anything: too few to say what is unusual."
        return f'<section class="card"><p>{said}</p></section>'
    return '<section class="card usual"><p>Nothing is unusual beside the seven days before.</p></section>'


def _tiles(told: Report) -> str:
    return f'<section class="tiles">{"".join(_tile(told, *tile) for tile in _TILES)}</section>'


def _tile(told: Report, name: str, label: str, said: Callable[[Any], str]) -> str:
    measure = told["measures"][name]
    values = [*measure["before"], measure["value"]]
    spoken = f"{label}, eight days: {', '.join(map(said, values))}"
    word = measure["unusual"]
    off = f' <span class="{word}">{word} all seven days</span>' if word else ""
    value, usual = said(measure["value"]), said(measure["median"])
    bad = " bad" if name == "failed" and measure["value"] else ""
    return (
        f'<div class="card tile"><div class="label">{label}</div><div class="value{bad}">{value}</div>'
        f'{charts.spark(values, spoken)}<div class="foot">usual {usual}{off}</div></div>'
    )


def _charts(told: Report) -> str:
    files = told["files"]
    drawn = [_week(told), _by_hour(told), _by_dataset(files["datasets"])]
    if files["reasons"]:
        drawn.append(_reasons(files["reasons"]))
    return f'<h2>At a glance</h2><section class="charts">{"".join(drawn)}</section>'


def _chart(title: str, note: str, drawn: str) -> str:
    return f'<div class="card chart"><h3>{title}</h3><p class="note">{note}</p>{drawn}</div>'


def _week(told: Report) -> str:
    days = [*told["before"]["days"], told["date"]]
    series = {
        name: [*told["measures"][name]["before"], told["measures"][name]["value"]] for name, _ in OUTCOMES
    }
    stacks = [
        Stack(
            tuple(Part(kind, series[name][place]) for name, kind in OUTCOMES),
            f"{each}: " + ", ".join(f"{series[name][place]:,} {kind}" for name, kind in OUTCOMES),
        )
        for place, each in enumerate(days)
    ]
    axis = "".join(
        f"<span{' class=today' if each == told['date'] else ''}>{_axis_day(each)}</span>" for each in days
    )
    drawn = (
        f'<p class="top">{int(max(stack.whole for stack in stacks)):,}</p>'
        + charts.columns(stacks, "Records of eight days: " + "; ".join(stack.said for stack in stacks))
        + f'<div class="axis days">{axis}</div>{_legend()}'
    )
    return _chart("Records, eight days", "of files that succeeded", drawn)


def _axis_day(text: str) -> str:
    return short_day(text).replace(" ", "<br>")


def _legend() -> str:
    keys = "".join(f"<span>{charts.key_of(kind)}{kind}</span>" for _, kind in OUTCOMES)
    return f'<div class="legend">{keys}</div>'


def _by_hour(told: Report) -> str:
    both = zip(told["files"]["hours"], told["messages"]["hours"], strict=True)
    stacks = [
        Stack(
            (Part("written", files["count"] - files["failed"]), Part("failed", files["failed"])),
            f"{hour:02}:00: {files['count']:,} files, {files['failed']:,} failed;"
            f" {messages['read']:,} messages",
        )
        for hour, (files, messages) in enumerate(both)
    ]
    axis = "".join(f"<span>{hour:02}</span>" for hour in range(0, 24, 3))
    keys = f"<span>{charts.key_of('written')}done</span><span>{charts.key_of('failed')}failed</span>"
    drawn = (
        f'<p class="top">{int(max(stack.whole for stack in stacks)):,}</p>'
        + charts.columns(
            stacks, "Files by the hour: " + "; ".join(each.said for each in stacks if each.whole)
        )
        + f'<div class="axis hours">{axis}</div><div class="legend">{keys}</div>'
    )
    return _chart("Files by the hour", "UTC, by the end of their work", drawn)


def _by_dataset(datasets: list[Mapping[str, Any]]) -> str:
    rows = []
    for each in datasets:
        if not each["read"]:
            continue
        parts = tuple(Part(kind, each[name]) for name, kind in OUTCOMES)
        spoken = f"{each['name']}: " + ", ".join(f"{each[name]:,} {kind}" for name, kind in OUTCOMES)
        rows.append(
            f'<span class="name">{shown(each["name"])}</span>{charts.bar(Stack(parts, spoken), each["read"])}'
            f'<span class="n">{share(each["written"], each["read"])} of {each["read"]:,}</span>'
        )
    drawn = f'<div class="bars">{"".join(rows)}</div>{_legend()}' if rows else '<p class="note">none</p>'
    return _chart("What became of the records", "by dataset, written of read", drawn)


def _reasons(reasons: list[Mapping[str, Any]]) -> str:
    most = max(each["count"] for each in reasons)
    rows = "".join(
        f'<span class="name">{shown(each["name"])}</span>'
        + charts.bar(Stack((Part("rejected", each["count"]),), f"{each['name']}: {each['count']:,}"), most)
        + f'<span class="n">{each["count"]:,}</span>'
        for each in reasons[:12]
    )
    return _chart(
        "Why records were rejected", "by the rule that they broke", f'<div class="bars">{rows}</div>'
    )


def _footer(told: Report) -> str:
    cost, day_told = told["cost"], shown(told["date"])
    return (
        "<footer><p>A file counts on the day (UTC) on which its row in the ledger changed last: one that "
        "failed and was redriven on another day counts there. Usual is the median of the seven days before; "
        "unusual is what lies outside all of them, and a quarter off the median.</p>"
        f"<p>The cost is an estimate: requests by the prices of {shown(cost['prices_of'])} in "
        f"{shown(cost['region'])}, without the functions' time, storage, reads, logs and retries.</p>"
        f"<p>The same as JSON: <code>daily-reports/{day_told}.json</code>, beside this page.</p></footer>"
    )
