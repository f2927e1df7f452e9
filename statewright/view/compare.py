"""Two executions side by side: `a`, which is held against, and `b`, which is looked at.

One graph has both ways; states are told by what they did in each, payloads by what differs. Visits of one
state are paired by the iteration that they are in, and by how often the state was entered there.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from statewright.view.events import details, seconds
from statewright.view.layout.regions import draw, picture_of
from statewright.view.merging import changes, merged
from statewright.view.panel import LISTED_VISITS, place_of, visit_error
from statewright.view.payload import differences, parse, size, unfold
from statewright.view.statuses import NO_DATA
from statewright.view.svg import render_drawn

if TYPE_CHECKING:
    from collections.abc import Iterable

    from statewright.view.definition import Chart
    from statewright.view.endpoint import Endpoint
    from statewright.view.layout.regions import Picture, Way
    from statewright.view.overlay import Overlay
    from statewright.view.story import Story
    from statewright.view.visits import Visit
    from statewright.view.watch import Watch

Json = Any
_Key = tuple[tuple[str, ...], int]

MAX_SEARCHED_REFERENCES = 1_000  # executions that are gone back to find the one to compare with
_PAGE = 100


async def reference(endpoint: Endpoint, watch: Watch) -> str | None:
    """Return the last execution of the same machine or map run that succeeded before this one began."""
    scope = {
        name: watch.execution[name] for name in ("mapRunArn", "stateMachineArn") if watch.execution.get(name)
    }
    if "mapRunArn" in scope:
        scope.pop("stateMachineArn", None)
    asked: dict[str, Json] = {**scope, "statusFilter": "SUCCEEDED", "maxResults": _PAGE}
    for _ in range(MAX_SEARCHED_REFERENCES // _PAGE):
        page = await asyncio.to_thread(_page_of, endpoint, asked)
        for each in page.get("executions", []):
            is_before = seconds(each.get("startDate")) <= float(watch.execution.get("startDate") or 0)
            if is_before and each["executionArn"] != watch.arn:
                return str(each["executionArn"])
        if not page.get("nextToken"):
            return None
        asked["nextToken"] = page["nextToken"]
    return None


def _page_of(endpoint: Endpoint, asked: dict[str, Json]) -> dict[str, Json]:
    page: dict[str, Json] = endpoint.client.list_executions(**asked)
    return page


def comparison(a: Watch, b: Watch) -> dict[str, Json]:
    """Return the graph of both, what every state did in each, and what differs of input and output."""
    drawn = _drawn(a, b)
    return {
        "a": _head(a),
        "b": _head(b),
        "sameDefinition": a.definition == b.definition,
        "payloads": _whole(a, b),
        "states": _states(a, b, drawn.pop("names"), drawn["changed"]),
        **drawn,
    }


def _drawn(a: Watch, b: Watch) -> dict[str, Json]:
    """Return the graph of both definitions, which of them has what, and who went which way."""
    if a.chart is None or b.chart is None:
        problem = "A definition cannot be drawn: there is no graph of both"
        return {"svg": None, "edges": [], "sides": [], "changed": {}, "names": [], "problem": problem}
    chart, picture = _picture(a.chart, b.chart, a.definition if a.definition == b.definition else None)
    gone = a.overlay(), b.overlay()
    return {
        "svg": render_drawn(picture, is_page=True),
        "edges": [[way.edge.source, way.edge.target, way.edge.kind == "catch"] for way in picture.ways],
        "sides": [_side(way, *gone) for way in picture.ways],
        "changed": changes(a.chart, b.chart),
        "names": list(chart.nodes),
        "problem": None,
    }


def _picture(a: Chart, b: Chart, text: str | None) -> tuple[Chart, Picture]:
    """Lay out both definitions; the one that both are, where `text` is, may be laid out already."""
    if text is not None:
        return picture_of(text)
    chart = merged(a, b)
    return chart, draw(chart)


def _head(watch: Watch) -> dict[str, Json]:
    told = watch.summary()
    shown = ("name", "status", "executionArn", "stateMachineArn", "startDate", "stopDate", "notice")
    return {name: told.get(name) for name in (*shown, "transitions", "isComplete", "mapRunArn")}


def _side(way: Way, a: Overlay, b: Overlay) -> str:
    """Return which of the executions went a way: "a", "b", "both" or "none"."""
    taken = (a.is_taken(way.edge), b.is_taken(way.edge))
    return {(True, True): "both", (True, False): "a", (False, True): "b"}.get(taken, "none")


# --- states ---


def _states(a: Watch, b: Watch, names: Iterable[str], changed: dict[str, Json]) -> list[dict[str, Json]]:
    """Return a row for each state that one of the executions reached, in the order in which they did."""
    of_a, of_b = _did(a), _did(b)
    status_a, status_b = a.overlay().statuses, b.overlay().statuses
    rows = []
    for name in dict.fromkeys([*names, *of_a, *of_b]):
        one, other = status_a.get(name, "none"), status_b.get(name, "none")
        rows.append(
            {
                "state": name,
                "relation": _relation(one, other),
                "change": changed.get(name),
                "depth": _depth(a, b, name),
                "a": {"status": one, **of_a.get(name, {})},
                "b": {"status": other, **of_b.get(name, {})},
            }
        )
    return sorted(rows, key=_first_seen)


def _relation(one: str, other: str) -> str:
    if NO_DATA in (one, other):
        return NO_DATA
    if one == other:
        return "none" if one == "none" else "same"
    if "none" in (one, other):
        return "only-b" if one == "none" else "only-a"
    return "differs"


def _did(watch: Watch) -> dict[str, dict[str, Json]]:
    """Return by state its visits, the sum of their seconds (None while one runs), retries, first second."""
    found: dict[str, dict[str, Json]] = {}
    start = watch.story.started_at or 0.0
    for visit in [] if watch.is_of_another else watch.story.visits:
        row = found.setdefault(
            visit.state, {"visits": 0, "seconds": 0.0, "retries": 0, "first": visit.entered_at - start}
        )
        row["visits"] += 1
        row["retries"] += max(len(visit.attempts) - 1, 0)
        if visit.ended_at is None or row["seconds"] is None:
            row["seconds"] = None
        else:
            row["seconds"] += visit.ended_at - visit.entered_at
    return found


def _depth(a: Watch, b: Watch, name: str) -> int:
    for watch in (b, a):
        if watch.chart is not None and name in watch.chart.nodes:
            return len(watch.chart.ancestors(name))
    return 0


def _first_seen(row: dict[str, Json]) -> float:
    firsts = [float(row[side]["first"]) for side in ("a", "b") if "first" in row[side]]
    return firsts[0] if firsts else float("inf")


# --- payloads ---


def _whole(a: Watch, b: Watch) -> dict[str, Json]:
    """Return what differs between the inputs, outputs and errors of the executions."""
    return {
        name: _pair(a.execution.get(name), b.execution.get(name))
        for name in ("input", "output", "error", "cause")
        if name in a.execution or name in b.execution
    }


def _pair(a: str | None, b: str | None) -> dict[str, Json]:
    told: dict[str, Json] = {"a": _payload(a), "b": _payload(b)}
    if a is not None and b is not None:
        told["differences"] = differences(unfold(parse(a)), unfold(parse(b)))
    return told


def _payload(text: str | None) -> Json:
    return None if text is None else {"value": parse(text), "bytes": size(text)}


def compared_state(a: Watch, b: Watch, state: str, index: int | None) -> dict[str, Json]:
    """Return one pair of visits of a state and what differs between them; raises IndexError.

    Without an index the first pair whose statuses differ, else the first pair that both have.
    """
    of_a, of_b = _visits(a.story, state), _visits(b.story, state)
    keys = sorted(of_a.keys() | of_b.keys(), key=_order)
    if index is not None and index >= len(keys):
        raise IndexError(index)
    chosen = _chosen(keys, of_a, of_b) if index is None else index
    first = max(0, min(chosen - LISTED_VISITS // 2, len(keys) - LISTED_VISITS))
    listed = range(first, min(first + LISTED_VISITS, len(keys)))
    told: dict[str, Json] = {
        "state": state,
        "count": len(keys),
        "index": chosen if keys else None,
        "pairs": [_listed(place, keys[place], of_a, of_b) for place in listed],
        "definitions": _definitions(a, b, state),
    }
    if not keys:
        return told
    one, other = of_a.get(keys[chosen]), of_b.get(keys[chosen])
    told["a"], told["b"] = _side_of(a, one), _side_of(b, other)
    given, gave = (
        (_text(a, one, "input"), _text(b, other, "input")),
        (_text(a, one, "output"), _text(b, other, "output")),
    )
    told["input"], told["output"] = _pair(*given), _pair(*gave)
    return told


def _visits(story: Story, state: str) -> dict[_Key, Visit]:
    counted: dict[tuple[str, ...], int] = {}
    found: dict[_Key, Visit] = {}
    for visit in story.visits:
        if visit.state == state:
            place = tuple(place_of(story, visit))
            ordinal = counted[place] = counted.get(place, 0) + 1
            found[place, ordinal] = visit
    return found


def _order(key: _Key) -> tuple[list[int], int]:
    place, ordinal = key
    return [int(each.removeprefix("#")) for each in place], ordinal


def _chosen(keys: list[_Key], of_a: dict[_Key, Visit], of_b: dict[_Key, Visit]) -> int:
    shared = [index for index, key in enumerate(keys) if key in of_a and key in of_b]
    for index in shared:
        if of_a[keys[index]].status != of_b[keys[index]].status:
            return index
    return shared[0] if shared else 0


def _listed(index: int, key: _Key, of_a: dict[_Key, Visit], of_b: dict[_Key, Visit]) -> dict[str, Json]:
    one, other = of_a.get(key), of_b.get(key)
    return {
        "index": index,
        "place": list(key[0]),
        "ordinal": key[1],
        "a": one.status if one else None,
        "b": other.status if other else None,
    }


def _definitions(a: Watch, b: Watch, state: str) -> list[dict[str, Json]]:
    """Return what differs between the two definitions of a state, [] where nothing does."""
    one = a.chart.nodes.get(state) if a.chart else None
    other = b.chart.nodes.get(state) if b.chart else None
    if one is None or other is None:
        return []
    return differences(dict(one.body), dict(other.body))


def _side_of(watch: Watch, visit: Visit | None) -> dict[str, Json] | None:
    if visit is None:
        return None
    return {
        "visit": visit.number,
        "status": visit.status,
        "seconds": None if visit.ended_at is None else visit.ended_at - visit.entered_at,
        "attempts": len(visit.attempts),
        "error": visit_error(watch, visit),
    }


def _text(watch: Watch, visit: Visit | None, member: str) -> str | None:
    if visit is None:
        return None
    event = visit.entered if member == "input" else visit.exited
    found = details(watch.log.get(event)).get(member) if event else None
    return None if found is None else str(found)
