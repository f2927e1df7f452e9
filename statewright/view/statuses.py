"""From a story to what the graph shows: statuses, badges, ways taken, and where to look first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from statewright.view.overlay import Overlay
from statewright.view.story import Story
from statewright.view.visits import NO_VISIT

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from statewright.view.definition import Chart
    from statewright.view.visits import Frame, Visit

# What a state shows whose visits ended differently: the first of these.
_FIRST = ("running", "failed", "caught", "aborted", "succeeded")
NO_DATA = "nodata"


def overlay_of(
    story: Story,
    chart: Chart,
    frame: int | None = None,
    counts: Mapping[str, Mapping[str, int]] | None = None,
) -> Overlay:
    """Return what the graph shows; with a frame, of its container this branch or iteration alone.

    `counts` are the items of map runs by their ARN, as DescribeMapRun tells them.
    """
    seen = [visit for visit in story.visits if _is_shown(story, visit, frame)]
    statuses = _statuses([visit for visit in seen if story.is_current(visit)])
    for visit in seen:
        if hides_its_inside(visit) and visit.state in chart.nodes:
            for region in chart.nodes[visit.state].regions:
                for node in region.walk():
                    statuses.setdefault(node.name, NO_DATA)
    badges = _badges(story, seen, counts or {})
    taken = frozenset(_taken(story, seen, chart.region.ends))
    return Overlay(story.status or "", statuses, badges, taken, bool(story.visits))


def story_of(chart: Chart) -> Story:
    """Return a story of an execution of a chart, to be told its events."""
    caught = {(edge.source, edge.target) for edge in chart.region.edges_inside() if edge.kind == "catch"}
    plain = {(edge.source, edge.target) for edge in chart.region.edges_inside() if edge.kind != "catch"}
    return Story({name: place[1] for name, place in chart.parents.items()}, frozenset(caught - plain))


def unknown_overlay(chart: Chart, status: str) -> Overlay:
    """Return the overlay of an execution whose history cannot be read."""
    return Overlay(status, dict.fromkeys(chart.nodes, NO_DATA))


def _is_shown(story: Story, visit: Visit, frame: int | None) -> bool:
    if frame is None:
        return True
    around = list(story.frames_around(visit))
    if any(each.number == frame for each in around):
        return True
    chosen = story.visits[story.frames[frame].owner].state
    return all(story.visits[each.owner].state != chosen for each in around)


def hides_its_inside(visit: Visit) -> bool:
    """Say whether the history leaves out what happened in a container: in a map run, or where it is cut."""
    if visit.map_run:
        return True
    is_container = visit.kind in ("Map", "Parallel")
    return is_container and visit.status == "succeeded" and not visit.frames and visit.length != 0


def _statuses(visits: list[Visit]) -> dict[str, str]:
    latest: dict[tuple[str, int | None], str] = {}
    for visit in visits:
        latest[visit.state, visit.frame] = visit.status
    statuses: dict[str, str] = {}
    for (state, _), status in latest.items():
        known = statuses.get(state)
        if known is None or _FIRST.index(status) < _FIRST.index(known):
            statuses[state] = status
    return statuses


def _badges(story: Story, visits: list[Visit], counts: Mapping[str, Mapping[str, int]]) -> dict[str, str]:
    visited: dict[str, list[Visit]] = {}
    for visit in visits:
        visited.setdefault(visit.state, []).append(visit)
    badges = {}
    for state, stays in visited.items():
        parts = [f"×{len(stays)}"] if len(stays) > 1 else []
        retries = sum(max(len(visit.attempts) - 1, visit.begins - 1, 0) for visit in stays)
        if retries:
            parts.append(f"↻{retries}")
        items = item_counts(story, stays[-1], counts)
        badges[state] = " ".join([*parts, *items])
    return {state: text for state, text in badges.items() if text}


def item_counts(story: Story, visit: Visit, counts: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Say how many items of a Map succeeded, and how many failed; nothing of what is no Map."""
    if visit.map_run:
        told = counts.get(visit.map_run)
        if told is None:
            return []
        bad = told.get("failed", 0) + told.get("timedOut", 0)
        text = f"{told.get('succeeded', 0):,}/{told.get('total', 0):,} ✓"
        return [text, f"{bad:,} ✕"] if bad else [text]
    if visit.length is None:
        return []
    ends = [story.frames[number].status for number in visit.frames[visit.first_frame :]]
    text = f"{ends.count('succeeded'):,}/{visit.length:,} ✓"
    return [text, f"{ends.count('failed'):,} ✕"] if "failed" in ends else [text]


def _taken(story: Story, visits: list[Visit], ends: Collection[str]) -> Iterator[tuple[str, str, bool]]:
    for visit in visits:
        if visit.before != NO_VISIT:
            before = story.visits[visit.before]
            yield before.state, visit.state, before.status == "caught"
        elif visit.frame is None:
            yield "Start", visit.state, False
        if visit.exited and visit.state in ends and story.status == "SUCCEEDED":
            yield visit.state, "End", False


def where_to_look(story: Story) -> int:
    """Return the visit that tells most: where it failed first of all, else what runs, else the last one.

    A Fail state at the end of a failure branch only passes on what a Catch before it saw.
    """
    if not story.visits:
        return NO_VISIT
    if story.status == "RUNNING":
        running = [visit.number for visit in story.visits if visit.status == "running"]
        return running[-1] if running else story.visits[-1].number
    if story.status == "SUCCEEDED":
        return story.visits[-1].number
    end = story.visit_of[story.end] if story.end else NO_VISIT
    visit = story.visits[end] if end != NO_VISIT else story.visits[-1]
    return _origin(story, visit).number


def _origin(story: Story, visit: Visit) -> Visit:
    """Follow a failure back: along the way to the Catch that led here, then into what it caught."""
    seen: set[int] = set()
    if visit.kind == "Fail":
        walked: Visit | None = visit
        while walked is not None and walked.number not in seen:
            seen.add(walked.number)
            if walked.status == "caught":
                return _innermost(story, walked)
            walked = story.visits[walked.before] if walked.before != NO_VISIT else None
    return _innermost(story, visit)


def _innermost(story: Story, visit: Visit) -> Visit:
    frames: list[Frame] = [story.frames[number] for number in visit.frames]
    for frame in frames:
        for number in reversed(frame.visits):
            if story.visits[number].status == "failed":
                return _origin(story, story.visits[number])
    return visit
