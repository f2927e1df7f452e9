"""Definitions and executions as trees for the terminal.

A text of data is never markup, and its control characters, which a terminal would obey, are gone.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.text import Text
from rich.tree import Tree

from statewright.view.definition import read_chart
from statewright.view.layout.text import printable
from statewright.view.panel import visit_error
from statewright.view.statuses import item_counts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from statewright.view.definition import Edge, Region
    from statewright.view.visits import Frame, Visit
    from statewright.view.watch import Watch

MAX_TREE_VISITS = 1_000
_SHOWN_ITERATIONS = 10  # of one Map: those that did not just succeed come first
_LONGEST_CAUSE = 160
_LONGEST_LABEL = 60
# Read without colours: each status has a mark of its own.
_MARKS = {"succeeded": "✓", "failed": "✕", "running": "◔", "caught": "↳", "aborted": "▢"}
_STYLES = {
    "succeeded": "green",
    "failed": "bold red",
    "running": "bold blue",
    "caught": "yellow",
    "aborted": "dim",
}
_TONES = {"TIMED_OUT": "failed", "PENDING_REDRIVE": "running"}


def definition_tree(name: str, text: str) -> Tree:
    """Return a definition as a tree of its states and where they lead; raises NotDrawableError."""
    chart = read_chart(text)
    tree = Tree(_line(printable(name), "bold"), guide_style="dim")
    _add_region(tree, chart.region)
    return tree


def _add_region(tree: Tree, region: Region) -> None:
    ways: dict[str, list[Edge]] = {}
    for edge in region.edges:
        ways.setdefault(edge.source, []).append(edge)
    for node in region.nodes:
        label = _line(printable(node.name), "bold")
        label.append(f"  {printable(node.subtitle)}", "dim")
        branch = tree.add(label)
        many = len(node.regions) > 1
        for index, inner in enumerate(node.regions):
            _add_region(branch.add(_line(f"branch {index}", "dim")) if many else branch, inner)
        for edge in ways.get(node.name, ()):
            branch.add(_way(edge))
        if node.name in region.ends:
            branch.add(_line("→ end", "dim"))


def _way(edge: Edge) -> Text:
    text = Text("⇢ " if edge.kind == "catch" else "→ ", "yellow" if edge.kind == "catch" else "dim")
    text.append(printable(edge.target))
    if edge.label:
        words = printable(edge.label)
        shown = words if len(words) <= _LONGEST_LABEL else words[: _LONGEST_LABEL - 1] + "…"
        text.append(f"  {shown}", "dim")
    return text


def execution_tree(watch: Watch) -> Tree:
    """Return an execution as a tree of its visits: statuses, durations, attempts, items, errors."""
    told = watch.summary()
    status = str(told.get("status", ""))
    tone = _TONES.get(status, status.lower())
    head = Text(f"{_MARKS.get(tone, '?')} ", _STYLES.get(tone, ""))
    head.append(printable(str(told["name"])), "bold").append(f"  {status}", _STYLES.get(tone, ""))
    if told.get("startDate"):
        head.append(f"  {_took(told['startDate'], told.get('stopDate'))}", "dim")
    tree = Tree(head, guide_style="dim")
    if watch.notice:
        tree.add(_line(f"no data: {printable(watch.notice)}", "dim"))
    budget = [MAX_TREE_VISITS]
    _add_visits(tree, watch, [visit for visit in watch.story.visits if visit.frame is None], budget)
    if budget[0] < 0:
        tree.add(_line(f"… {-budget[0]:,} visits more", "dim"))
    return tree


def _add_visits(tree: Tree, watch: Watch, visits: Sequence[Visit], budget: list[int]) -> None:
    for visit in visits:
        budget[0] -= 1
        if budget[0] < 0:
            continue
        branch = tree.add(_visit_line(watch, visit))
        error = visit_error(watch, visit) if not visit.frames else None
        if error is not None:
            branch.add(_error_line(error["error"] or error["type"], error["cause"]))
        frames = [watch.story.frames[number] for number in visit.frames]
        for frame in _told_frames(visit, frames):
            _add_frame(branch, watch, visit, frame, budget)
        left = len(frames) - len(_told_frames(visit, frames))
        if left:
            branch.add(_line(f"… {left:,} iterations more", "dim"))


def _add_frame(branch: Tree, watch: Watch, owner: Visit, frame: Frame, budget: list[int]) -> None:
    name = f"#{frame.index}" if owner.kind == "Map" else f"branch {frame.index or 0}"
    label = Text(f"{_MARKS[frame.status]} ", _STYLES[frame.status]).append(name, "dim")
    inner = [watch.story.visits[number] for number in frame.visits]
    _add_visits(branch.add(label), watch, inner, budget)


def _told_frames(visit: Visit, frames: list[Frame]) -> list[Frame]:
    if visit.kind != "Map" or len(frames) <= _SHOWN_ITERATIONS:
        return frames
    first = sorted(frames, key=lambda frame: frame.status == "succeeded")[:_SHOWN_ITERATIONS]
    return sorted(first, key=lambda frame: frame.number)


def _visit_line(watch: Watch, visit: Visit) -> Text:
    node = watch.chart.nodes.get(visit.state) if watch.chart else None
    style = _STYLES[visit.status]
    line = Text(f"{_MARKS[visit.status]} ", style).append(printable(visit.state), style)
    line.append(f"  {printable(node.subtitle) if node else visit.kind}  ", "dim")
    line.append(_took(visit.entered_at, visit.ended_at))
    line.append("".join(f"  {text}" for text in _counts(watch, visit)), "cyan")
    return line


def _counts(watch: Watch, visit: Visit) -> Iterator[str]:
    if len(visit.attempts) > 1:
        yield f"{len(visit.attempts)} attempts"
    if visit.status == "running" and visit.failure:
        yield "waits for its retry"
    yield from item_counts(watch.story, visit, watch.counts())


def _error_line(error: object, cause: object) -> Text:
    text = cause.get("errorMessage", cause) if isinstance(cause, dict) else cause
    line = Text(printable(str(error)), "red")
    if text not in (None, ""):
        words = " ".join(printable(str(text)).split())
        line.append(f": {words[:_LONGEST_CAUSE]}{'…' if len(words) > _LONGEST_CAUSE else ''}")
    return line


def _took(started: float, ended: float | None) -> str:
    seconds = max((time.time() if ended is None else ended) - started, 0.0)
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:,.2f} s"


def _line(text: str, style: str) -> Text:
    return Text(text, style)
