"""What the panel of one state shows: its visits, and everything that the history tells of one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from statewright.view.definition import needs_mock
from statewright.view.events import details
from statewright.view.log_lines import function_of
from statewright.view.payload import PAYLOAD_LIMIT, differences, parse, size, unfold

if TYPE_CHECKING:
    from statewright.view.story import Story
    from statewright.view.visits import Attempt, Frame, Visit
    from statewright.view.watch import Watch

Json = Any

LISTED_VISITS = 100
_ARGUMENTS = ("parameters", "input")
_READ_VARIABLES = 200  # visits whose assignments are read to tell the variables at a state


def state_panel(watch: Watch, state: str, visit: int | None, frame: int | None) -> dict[str, Json]:
    """Return the panel of a state; of one visit where it is given, else of the one that tells most.

    With a frame, of the visits in that branch or iteration.
    """
    story = watch.story
    visits = [each for each in story.visits if each.state == state and _is_in(story, each, frame)]
    chosen = _choose(visits, visit)
    node = watch.chart.nodes.get(state) if watch.chart else None
    return {
        "state": state,
        "type": node.type if node else "",
        "what": node.subtitle if node else "",
        "comment": node.body.get("Comment") if node else None,
        "definition": dict(node.body) if node else None,
        "needsMock": needs_mock(node.body) if node else False,
        "visits": [_listed(story, each) for each in _around(visits, chosen)],
        "visitCount": len(visits),
        "visit": None if chosen is None else _visit(watch, chosen),
        "notice": watch.notice,
    }


def _is_in(story: Story, visit: Visit, frame: int | None) -> bool:
    if frame is None:
        return True
    owner = story.visits[story.frames[frame].owner].state
    around = list(story.frames_around(visit))
    if any(each.number == frame for each in around):
        return True
    return all(story.visits[each.owner].state != owner for each in around)


def _choose(visits: list[Visit], number: int | None) -> Visit | None:
    for each in visits:
        if each.number == number:
            return each
    for status in ("failed", "running", "caught"):
        found = [each for each in visits if each.status == status]
        if found:
            return found[-1]
    return visits[-1] if visits else None


def _around(visits: list[Visit], chosen: Visit | None) -> list[Visit]:
    if len(visits) <= LISTED_VISITS or chosen is None:
        return visits[:LISTED_VISITS]
    place = visits.index(chosen)
    start = max(0, min(place - LISTED_VISITS // 2, len(visits) - LISTED_VISITS))
    return visits[start : start + LISTED_VISITS]


def _listed(story: Story, visit: Visit) -> dict[str, Json]:
    return {"number": visit.number, "status": visit.status, "place": place_of(story, visit)}


def place_of(story: Story, visit: Visit) -> list[str]:
    """Return the iterations that a visit is in, the outermost first."""
    frames = [frame for frame in story.frames_around(visit) if _is_iteration(story, frame)]
    return [f"#{frame.index}" for frame in reversed(frames)]


def _is_iteration(story: Story, frame: Frame) -> bool:
    return story.visits[frame.owner].kind == "Map" and frame.index is not None


def _visit(watch: Watch, visit: Visit) -> dict[str, Json]:
    story, log = watch.story, watch.log
    entered = details(log.get(visit.entered))
    exited = details(log.get(visit.exited)) if visit.exited else {}
    given, gave = entered.get("input"), exited.get("output")
    told: dict[str, Json] = {
        "number": visit.number,
        "status": visit.status,
        "place": place_of(story, visit),
        "startedAt": visit.entered_at,
        "endedAt": visit.ended_at,
        "offset": visit.entered_at - (story.started_at or visit.entered_at),
        "input": _payload(given),
        "output": _payload(gave),
        "limit": PAYLOAD_LIMIT,
        "assigned": _assigned(exited),
        "variables": _variables(watch, visit),
        "attempts": [_attempt(watch, each, visit) for each in visit.attempts],
        "error": visit_error(watch, visit),
        "isWaitingForRetry": visit.status == "running" and visit.failure > 0,
        "mapRun": visit.map_run,
        "items": visit.length,
        "frames": len(visit.frames) if visit.kind == "Map" else 0,
    }
    if given is not None and gave is not None:
        told["differences"] = differences(parse(given), parse(gave))
    return told


def _payload(text: str | None) -> Json:
    return None if text is None else {"value": parse(text), "bytes": size(text)}


def _assigned(exited: dict[str, Json]) -> dict[str, Json] | None:
    given = exited.get("assignedVariables")
    return {name: parse(text) for name, text in given.items()} if isinstance(given, dict) else None


def _attempt(watch: Watch, attempt: Attempt, visit: Visit) -> dict[str, Json]:
    first = details(watch.log.get(attempt.first)) if attempt.first != visit.entered else {}
    last = details(watch.log.get(attempt.last)) if attempt.last else {}
    is_own = attempt.last not in (0, visit.exited)
    return {
        "startedAt": attempt.started_at,
        "endedAt": attempt.ended_at,
        "arguments": next((_payload(first[name]) for name in _ARGUMENTS if name in first), None),
        "resource": first.get("resource"),
        "function": function_of(watch, attempt),
        "region": first.get("region"),
        "result": _payload(last.get("output")) if is_own else None,
        "error": attempt.error,
        "cause": unfold(last.get("cause")),
    }


def visit_error(watch: Watch, visit: Visit) -> dict[str, Json] | None:
    """Return the error that a visit ended with; of a container, that of what failed inside it."""
    if not visit.failure or visit.status == "succeeded":
        return None
    event = watch.log.get(visit.failure)
    told = details(event)
    if visit.kind == "Fail" and visit.status == "failed":
        told = details(watch.log.get(watch.story.end)) if watch.story.end and visit.frame is None else told
    if "error" not in told and "cause" not in told:
        told = _caught(watch, visit) or _declared_failure(watch, visit) or told
    return {
        "error": told.get("error"),
        "cause": unfold(told.get("cause")),
        "event": visit.failure,
        "type": event["type"],
        "at": event["timestamp"],
        "location": told.get("location"),
    }


def _caught(watch: Watch, visit: Visit) -> dict[str, Json] | None:
    for number in reversed(visit.frames):
        for inner in reversed(watch.story.frames[number].visits):
            failed = watch.story.visits[inner]
            if failed.status == "failed":
                found = visit_error(watch, failed)
                return {"error": found["error"], "cause": found["cause"]} if found else None
    return None


def _declared_failure(watch: Watch, visit: Visit) -> dict[str, Json]:
    """Return what the definition of a Fail says word for word.

    The history tells the error of the last Fail alone, not of those in branches and iterations.
    """
    node = watch.chart.nodes.get(visit.state) if watch.chart and visit.kind == "Fail" else None
    texts = {} if node is None else {name: node.body.get(name) for name in ("Error", "Cause")}
    return {
        name.lower(): text
        for name, text in texts.items()
        if isinstance(text, str) and not text.startswith("{%")
    }


def _variables(watch: Watch, visit: Visit) -> dict[str, Json]:
    """Return the variables as the visit found them, with the state that gave each its value."""
    story = watch.story
    inside = {frame.number for frame in story.frames_around(visit)} | {None}
    earlier = [
        each
        for each in story.visits[: visit.number]
        if each.exited and each.frame in inside and each.exited < visit.entered
    ]
    found: dict[str, Json] = {}
    for each in earlier[-_READ_VARIABLES:]:
        for name, value in (_assigned(details(watch.log.get(each.exited))) or {}).items():
            found[name] = {"value": value, "state": each.state, "visit": each.number}
    return found
