"""Lists: state machines, executions, the children of map runs, visits, events, iterations; all by pages."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from statewright.view.events import details, seconds
from statewright.view.panel import place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from statewright.view.endpoint import Endpoint
    from statewright.view.story import Story
    from statewright.view.watch import Watch

Json = Any

PAGE = 100
MAX_MACHINES = 1000
_SEARCHED_PAGES = 10  # of executions that one search goes through at most
_STATUSES = {"RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "PENDING_REDRIVE"}


async def machines(endpoint: Endpoint) -> list[dict[str, Json]]:
    """Return the state machines of an endpoint, by name."""
    found: list[dict[str, Json]] = []
    token: dict[str, str] = {}
    while len(found) < MAX_MACHINES:
        page = await _ask(endpoint, "list_state_machines", maxResults=PAGE, **token)
        found += [
            {"arn": each["stateMachineArn"], "name": each["name"], "type": each.get("type", "STANDARD")}
            for each in page.get("stateMachines", [])
        ]
        if not page.get("nextToken"):
            break
        token = {"nextToken": page["nextToken"]}
    return sorted(found, key=lambda each: str(each["name"]))


async def executions(
    endpoint: Endpoint, scope: Mapping[str, str], status: str, search: str, token: str
) -> dict[str, Json]:
    """Return a page of executions, the newest first, whose names hold a text.

    `scope` names where they are of: {"stateMachineArn": …} or {"mapRunArn": …}.
    """
    members: dict[str, Json] = dict(scope) | ({"statusFilter": status} if status in _STATUSES else {})
    found: list[dict[str, Json]] = []
    for _ in range(_SEARCHED_PAGES):
        page = await _ask(
            endpoint, "list_executions", maxResults=PAGE, **members, **({"nextToken": token} if token else {})
        )
        found += [_execution(each) for each in page.get("executions", []) if search in name_of(each).lower()]
        token = page.get("nextToken") or ""
        if not token or len(found) >= PAGE or not search:
            break
    return {"executions": found, "token": token or None}


def name_of(execution: Mapping[str, Json]) -> str:
    """Return the name of an execution; that in its ARN where the endpoint tells none."""
    return str(execution.get("name") or str(execution["executionArn"]).rpartition(":")[2])


def _execution(each: Mapping[str, Json]) -> dict[str, Json]:
    return {
        "arn": each["executionArn"],
        "name": name_of(each),
        "status": each["status"],
        "startDate": seconds(each.get("startDate")),
        "stopDate": seconds(each["stopDate"]) if each.get("stopDate") else None,
        "items": each.get("itemCount"),
    }


async def _ask(endpoint: Endpoint, operation: str, **members: Json) -> dict[str, Json]:
    call: Callable[..., dict[str, Json]] = getattr(endpoint.client, operation)
    return await asyncio.to_thread(lambda: call(**members))


def visits(story: Story, offset: int, search: str, status: str) -> dict[str, Json]:
    """Return a page of visits for the timeline, in the order in which they began."""
    found = [
        visit
        for visit in story.visits
        if search in visit.state.lower() and (not status or visit.status == status)
    ]
    page = found[offset : offset + PAGE]
    return {
        "total": len(found),
        "startedAt": story.started_at,
        "endedAt": story.ended_at,
        "isRunning": story.status == "RUNNING",
        "now": time.time(),
        "visits": [
            {
                "number": visit.number,
                "state": visit.state,
                "status": visit.status,
                "place": place_of(story, visit),
                "depth": sum(1 for _ in story.frames_around(visit)),
                "from": visit.entered_at,
                "to": visit.ended_at,
                "retries": [attempt.ended_at for attempt in visit.attempts if attempt.error is not None],
            }
            for visit in page
        ],
    }


def iterations(story: Story, visit: int, offset: int, status: str) -> dict[str, Json]:
    """Return a page of the iterations of a Map's visit; raises IndexError."""
    owner = story.visits[visit]
    frames = [story.frames[number] for number in owner.frames]
    found = [frame for frame in frames if not status or frame.status == status]
    return {
        "total": len(found),
        "of": owner.length,
        "iterations": [
            {
                "frame": frame.number,
                "index": frame.index,
                "status": frame.status,
                "from": frame.started_at,
                "to": frame.ended_at,
                "last": story.visits[frame.visits[-1]].state if frame.visits else None,
            }
            for frame in found[offset : offset + PAGE]
        ],
    }


def events(watch: Watch, after: int, search: str, *, is_backwards: bool = False) -> dict[str, Json]:
    """Return up to PAGE events after an id (or before it), whose type or state holds a text."""
    story, total = watch.story, len(watch.log)
    numbers = range(min(after - 1, total), 0, -1) if is_backwards else range(after + 1, total + 1)
    found = []
    for number in numbers:
        place = story.visit_of[number]
        state = story.visits[place].state if place >= 0 else ""
        if search and search not in story.type_of(number).lower() and search not in state.lower():
            continue
        found.append(_event(watch, number, state, place))
        if len(found) == PAGE:
            break
    return {"events": found, "total": total, "startedAt": story.started_at}


def _event(watch: Watch, number: int, state: str, visit: int) -> dict[str, Json]:
    event = watch.log.get(number)
    told = details(event)
    note = told.get("error") or told.get("resource") or ""
    return {
        "id": number,
        "previous": event.get("previousEventId"),
        "type": event["type"],
        "at": event["timestamp"],
        "state": state,
        "visit": visit,
        "place": place_of(watch.story, watch.story.visits[visit]) if visit >= 0 else [],
        "note": str(note)[:200],
    }
