"""Pages that are one file: they load nothing, and a content security policy holds them to that."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Any

from statewright.view.events import details
from statewright.view.panel import place_of, visit_error
from statewright.view.payload import parse, redact, unfold

if TYPE_CHECKING:
    from collections.abc import Iterator

    from statewright.view.visits import Visit
    from statewright.view.watch import Watch

Json = Any

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_STYLE = (
    "body{margin:0;background:Canvas;color:CanvasText;color-scheme:light dark;"
    "font:13px/1.45 system-ui,Arial,sans-serif}"
    "svg{display:block;margin:auto;max-width:100%;height:auto}"
    "header,table{margin:16px auto;max-width:1100px;width:94%}header b{font-size:17px}"
    "table{border-collapse:collapse}td,th{text-align:left;padding:3px 8px;vertical-align:top;"
    "border-bottom:1px solid GrayText}td.n{text-align:right;white-space:nowrap}"
    "pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:0}"
)
LISTED = 2_000  # visits in a page of one file
_LONGEST_PAYLOAD = 20_000  # characters of one payload in there


def drawing_page(title: str, svg: str) -> str:
    """Put a picture into a page of its own; it holds no script, and the policy allows none."""
    return _page(title, svg)


def execution_page(watch: Watch, svg: str, *, is_redacted: bool = False) -> str:
    """Put an execution into a page of its own: the graph, every visit, errors, times and payloads.

    Redacted, payloads and causes show their form and no value: kinds, lengths, names of members.
    """
    told = watch.summary()
    name, status = str(told["name"]), str(told.get("status", ""))
    facts = [f"{escape(status)}", f"started {_moment(told.get('startDate'))}"]
    if told.get("stopDate"):
        facts.append(f"took {_seconds(told['stopDate'] - told['startDate'])}")
    if told["notice"]:
        facts.append(escape(str(told["notice"])))
    if is_redacted:
        facts.append("payloads redacted")
    whole = "".join(_payload(each, told.get(each), is_redacted) for each in ("input", "output"))
    rows = "".join(_row(watch, visit, is_redacted) for visit in watch.story.visits[:LISTED])
    more = len(watch.story.visits) - LISTED
    rest = f"<p>and {more:,} visits more</p>" if more > 0 else ""
    head = f"<header><b>{escape(name)}</b><br>{' · '.join(facts)}<br>{escape(watch.arn)}{whole}</header>"
    columns = "".join(
        f"<th>{each}</th>" for each in ("State", "Status", "After", "Took", "Attempts", "Error and payloads")
    )
    return _page(name, f"{head}{svg}<table><tr>{columns}</tr>{rows}</table>{rest}")


def _row(watch: Watch, visit: Visit, is_redacted: bool) -> str:
    place = " ".join(place_of(watch.story, visit))
    after = visit.entered_at - (watch.story.started_at or visit.entered_at)
    took = "" if visit.ended_at is None else _seconds(visit.ended_at - visit.entered_at)
    entered = details(watch.log.get(visit.entered))
    exited = details(watch.log.get(visit.exited)) if visit.exited else {}
    given, gave = entered.get("input"), exited.get("output")
    payloads = _payload("input", given, is_redacted) + _payload("output", gave, is_redacted)
    cells = (
        f"<td>{escape(visit.state)} <small>{escape(place)}</small></td><td>{visit.status}</td>"
        f'<td class="n">+{_seconds(after)}</td><td class="n">{took}</td>'
        f'<td class="n">{len(visit.attempts) or ""}</td>'
    )
    return f"<tr>{cells}<td>{''.join(_error(watch, visit, is_redacted))}{payloads}</td></tr>\n"


def _payload(name: str, text: str | None, is_redacted: bool) -> str:
    if text is None:
        return ""
    value = redact(parse(text)) if is_redacted else parse(text)
    shown = json.dumps(value, indent=1, ensure_ascii=False)
    if len(shown) > _LONGEST_PAYLOAD:
        shown = f"{shown[:_LONGEST_PAYLOAD]}\n… {len(shown) - _LONGEST_PAYLOAD:,} characters more"
    return f"<details><summary>{name}</summary><pre>{escape(shown)}</pre></details>"


def _error(watch: Watch, visit: Visit, is_redacted: bool) -> Iterator[str]:
    error = visit_error(watch, visit)
    if error is None:
        return
    cause = redact(unfold(error["cause"])) if is_redacted else error["cause"]
    text = cause if isinstance(cause, str) else "" if cause is None else json.dumps(cause, indent=1)
    yield f"<b>{escape(str(error['error'] or error['type']))}</b><pre>{escape(text)}</pre>"


def _seconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:,.2f} s"


def _moment(seconds: Json) -> str:
    return datetime.fromtimestamp(float(seconds or 0), UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _page(title: str, body: str) -> str:
    page = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n<body>\n{body}</body></html>\n"
    )
    # Halves of characters, which JSON can hold and UTF-8 cannot.
    return page.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
