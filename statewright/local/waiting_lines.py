"""How what waits for a redrive is told: lines for people, JSON for scripts."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from statewright.local.outcomes import failure_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from statewright.local.redriving import Redrive
    from statewright.local.waiting import Waiting

KINDS = {
    "failed": "failed",
    "undelivered": "not started",
    "cut_off": "cut off",
    "rejected": "rejected",
    "poison": "poison",
}
# What is known by its body alone.
BODIES = ("rejected", "poison")
TO_DO = {
    "start": "start it anew with its input",
    "redrive": "let it go on from where it stood",
    "send": "send it to its queue again",
    "settle": "nothing but to remove it",
    "none": "nothing by itself; look at it, then --discard",
}
NEWER = "the object has a newer version; where its contract has no `order`, older records would replace newer"
AGES = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))
SHOWN = 300  # characters of a poison message


def age_of(seconds: float) -> str:
    """Return an age in the largest whole unit."""
    for size, unit in AGES:
        count = int(seconds // size)
        if count >= 1:
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return "0 seconds"


def lines_of_waiting(waiting: Waiting, now: float) -> list[str]:
    """Return what is told of one that waits."""
    subject = waiting.file.key or (waiting.execution or waiting.name or waiting.messages[0].queue)
    lines = [f"{waiting.id}  {KINDS[waiting.kind]} {age_of(now - waiting.since)} ago: {subject}"]
    lines.append(f"  {failure_line(waiting.error, waiting.cause)}")
    if waiting.kind in BODIES:
        body = " ".join(waiting.messages[0].body.split())
        lines.append(f"  body: {body[:SHOWN]}{' …' if len(body) > SHOWN else ''}")
    if waiting.execution:
        lines.append(f"  execution: {waiting.execution}")
    if waiting.settled_by:
        lines.append(f"  ingested meanwhile: {waiting.settled_by}")
    if len(waiting.messages) > 1:
        lines.append(f"  messages: {len(waiting.messages)}, all of this")
    if waiting.newer:
        lines.append(f"  {NEWER}")
    return [printable(each) for each in [*lines, f"  to do: {TO_DO[waiting.action]}"]]


def printable(text: str) -> str:
    """Return a text that does nothing to a terminal: what is no visible character is shown as its escape."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def summary(found: Sequence[Waiting]) -> str:
    """Return one line on all that waits."""
    if not found:
        return "nothing waits for a redrive"
    counts = Counter(KINDS[each.kind] for each in found)
    return f"{len(found):,} waiting: " + ", ".join(f"{count:,} {kind}" for kind, count in counts.items())


def line_of_redrive(done: Redrive) -> str:
    """Return what is told of one that was redriven, or was not."""
    subject = done.waiting.file.key or done.waiting.execution or done.waiting.messages[0].queue
    said = {
        "started": f"started anew: {done.execution}",
        "redriven": f"goes on: {done.execution}",
        "sent": "sent to its queue again",
        "settled": f"removed, ingested meanwhile by {done.execution}",
        "refused": "refused, it stays",
        "discarded": "discarded",
    }[done.done]
    reason = f": {done.reason}" if done.reason else ""
    return printable(f"{done.waiting.id}  {subject}: {said}{reason}")


def told(waiting: Waiting, now: float) -> dict[str, Any]:
    """Return what is told of one that waits, as JSON has it; times are in seconds."""
    file = waiting.file
    return {
        "id": waiting.id,
        "kind": waiting.kind,
        "since": datetime.fromtimestamp(waiting.since, UTC).isoformat(timespec="milliseconds"),
        "age": round(max(0.0, now - waiting.since), 3),
        "bucket": file.bucket,
        "key": file.key,
        "version": file.version,
        "file_id": file.file_id,
        "execution": waiting.execution,
        "error": waiting.error,
        "cause": waiting.cause,
        "action": waiting.action,
        "settled_by": waiting.settled_by,
        "newer_version": waiting.newer,
        "messages": [
            {"queue": each.queue, "id": each.id, "body": each.body if waiting.kind in BODIES else None}
            for each in waiting.messages
        ],
    }


def json_of(told_of: Sequence[dict[str, Any]]) -> str:
    """Return a JSON array; halves of surrogate pairs are escaped there."""
    text = json.dumps(told_of, indent=2, ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace").decode()
