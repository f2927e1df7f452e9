"""How outcomes are told: a table, a sentence each, JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from statewright.local.following import COUNTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from statewright.local.following import Outcome

MAX_CAUSE = 300  # characters of a cause on a terminal; --json has all of it
PLAIN_WIDTH = 140
MANIFEST = "/manifest.json"  # lists a file's quarantine objects; the records are in the others
COLOURS = {
    "SUCCEEDED": "green",
    "FAILED": "red",
    "CATALOGUED": "cyan",
    "ALREADY_INGESTED": "yellow",
    "IN_PROGRESS": "yellow",
}


def console(*, stderr: bool = False) -> Console:
    """Return a console; where it is no terminal, tables are as wide as a log's lines may be."""
    found = Console(stderr=stderr)
    return found if found.is_terminal else Console(stderr=stderr, width=PLAIN_WIDTH)


def printable(text: str) -> str:
    """Return a text without what a terminal would obey: control characters as escapes."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def table_of(outcomes: Iterable[Outcome]) -> Table:
    """Return one row an object."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("object", "dataset", "status"):
        table.add_column(title, overflow="fold")
    for title in (*COUNTS, "seconds"):
        table.add_column(title, justify="right", no_wrap=True)
    for each in outcomes:
        colour = COLOURS.get(each.status, "default")
        numbers = [f"{each.counts[name]:,}" for name in COUNTS]
        table.add_row(
            Text(each.key), each.dataset or "-", Text(each.status, colour), *numbers, f"{each.seconds:.1f}"
        )
    return table


def conservation_line(outcomes: Iterable[Outcome]) -> str:
    """Return the sums of all outcomes as one equation, which says whether it holds."""
    read, written, superseded, quarantined = totals(outcomes)
    relation = "=" if read == written + superseded + quarantined else "≠"
    return (
        f"read {read:,} {relation} written {written:,} + superseded {superseded:,}"
        f" + quarantined {quarantined:,}"
    )


def totals(outcomes: Iterable[Outcome]) -> tuple[int, int, int, int]:
    """Return the sums of read, written, superseded and quarantined."""
    sums = dict.fromkeys(COUNTS, 0)
    for each in outcomes:
        for name in COUNTS:
            sums[name] += each.counts[name]
    return sums["read"], sums["written"], sums["superseded"], sums["quarantined"]


def lines_of(outcome: Outcome) -> list[str]:
    """Return what is told of one object."""
    name = f"{outcome.key}:"
    if outcome.status == "FAILED":
        cause = plain_cause(outcome.cause or "")
        shown = cause if len(cause) <= MAX_CAUSE else cause[:MAX_CAUSE] + " …"
        return [f"{name} FAILED, {outcome.error}", *([f"  {shown}"] if shown else []), _execution(outcome)]
    if outcome.status == "IN_PROGRESS":
        return [f"{name} still in the hands of {outcome.duplicate_of}; follow that execution"]
    if outcome.status == "ALREADY_INGESTED":
        return [f"{name} already ingested by {outcome.duplicate_of}; nothing was written"]
    if outcome.status == "CATALOGUED":
        return [f"{name} catalogued: no dataset claims this key, its content was left alone"]
    counts = outcome.counts
    first = (
        f"{name} {outcome.dataset}, read {counts['read']:,} = written {counts['written']:,}"
        f" + superseded {counts['superseded']:,} + quarantined {counts['quarantined']:,}"
        f"; alerts {counts['alerts']:,}; {outcome.seconds:.1f} s"
    )
    reasons = ", ".join(f"{rule} {count:,}" for rule, count in outcome.reasons.items())
    details = [f"  quarantined by rule: {reasons}"] if reasons else []
    return [first, *details, *(f"  quarantine: {place}" for place in outcome.quarantine)]


def remarks_of(outcomes: Iterable[Outcome]) -> list[str]:
    """Return a line for each object that failed or has quarantined records: why, and where to look."""
    return [remark for each in outcomes if (remark := _remark(each)) is not None]


def _remark(outcome: Outcome) -> str | None:
    if outcome.status == "FAILED":
        return f"{outcome.key}: {failure_line(outcome.error, outcome.cause)}"
    if not outcome.counts["quarantined"]:
        return None
    reasons = ", ".join(f"{rule} {count:,}" for rule, count in outcome.reasons.items())
    records = [place for place in outcome.quarantine if not place.endswith(MANIFEST)]
    place = next(iter(records or outcome.quarantine), "no place is known")
    return f"{outcome.key}: quarantined by rule: {reasons}; see {place}"


def failure_line(error: str | None, cause: str | None) -> str:
    """Return error and message as one line of bounded length."""
    told = " ".join(plain_cause(cause or "").split())
    shown = told if len(told) <= MAX_CAUSE else told[:MAX_CAUSE] + " …"
    return f"{error or 'no error is known'}{': ' if shown else ''}{shown}"


def plain_cause(cause: str) -> str:
    """Return what a person wants to read of a cause: the message alone where a function's error is in it."""
    try:
        message = json.loads(cause)["errorMessage"]
    except (ValueError, KeyError, TypeError):
        return cause.strip()
    return str(message)


def _execution(outcome: Outcome) -> str:
    return f"  execution: {outcome.execution}"


def json_of(outcomes: Sequence[Outcome]) -> str:
    """Return the outcomes as a JSON array."""
    return json.dumps([vars(each) for each in outcomes], indent=2, ensure_ascii=False)
