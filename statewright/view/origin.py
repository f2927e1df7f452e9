"""Which state wrote a member of a state's input."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from statewright.view.events import details
from statewright.view.payload import differences, parse
from statewright.view.visits import NO_VISIT

if TYPE_CHECKING:
    from statewright.view.visits import Visit
    from statewright.view.watch import Watch

Json = Any

_STEPS = 500  # visits that are gone back at most


def origin_of(watch: Watch, visit: Visit, member: str) -> dict[str, Json] | None:
    """Return {"state", "visit"} of the last visit before this one whose output has the member anew.

    {"state": None} where it came with the execution's input; None where the history does not tell.
    """
    wanted = _input(watch, visit)
    if not isinstance(wanted, dict) or member not in wanted:
        return None
    for _ in range(_STEPS):
        if visit.before == NO_VISIT:
            return _from_around(watch, visit, wanted, member)
        visit = watch.story.visits[visit.before]
        given = _input(watch, visit)
        if not isinstance(given, dict) or member not in given or differences(given[member], wanted[member]):
            return {"state": visit.state, "visit": visit.number}
    return None


def _from_around(watch: Watch, visit: Visit, wanted: dict[str, Json], member: str) -> dict[str, Json] | None:
    """Go on around a container whose own input has the same member; else the container has made it."""
    if visit.frame is None:
        return {"state": None, "visit": None}
    owner = watch.story.visits[watch.story.frames[visit.frame].owner]
    given = _input(watch, owner)
    if isinstance(given, dict) and member in given and not differences(given[member], wanted[member]):
        return origin_of(watch, owner, member)
    return {"state": owner.state, "visit": owner.number}


def _input(watch: Watch, visit: Visit) -> Json:
    return parse(details(watch.log.get(visit.entered)).get("input"))
