"""Which state wrote a value that a state has in its input, also deep inside it.

From the state back along the way that was gone: the last visit before whose output has the value anew has
written it. Where that visit is a Map or a Parallel whose output tells the value by an iteration or a branch,
the search goes on inside; where the way ends at the beginning of an iteration or branch, around it. A step is
taken only where the value is there again, so that what is told holds for this value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from statewright.view.events import details
from statewright.view.payload import differences, parse
from statewright.view.visits import NO_VISIT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from statewright.view.visits import Frame, Visit
    from statewright.view.watch import Watch

Json = Any
Path = tuple[str | int, ...]

MAX_ORIGIN_STEPS = 500  # visits that are gone back or into
_LISTS_SEARCHED = 200  # arrays of a Map's input in which its items are looked for
_DEEPEST = 6
_NOTHING = object()


def origin_of(watch: Watch, visit: Visit, path: Path) -> dict[str, Json] | None:
    """Return {"state", "visit", "path"} of the visit that wrote a value; `path` is where its output has it.

    {"state": None} where it came with the execution's input; None where the history does not tell.
    """
    return _Search(watch).before(visit, path)


class _Search:
    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._steps = 0

    def before(self, visit: Visit, path: Path) -> dict[str, Json] | None:
        """Go back from a visit whose input has a value."""
        wanted = at(self._input(visit), path)
        if wanted is _NOTHING:
            return None
        while self._steps < MAX_ORIGIN_STEPS:
            self._steps += 1
            if visit.before == NO_VISIT:
                return self._around(visit, wanted, path)
            visit = self._watch.story.visits[visit.before]
            if not same(at(self._input(visit), path), wanted):
                return self._inside(visit, wanted, path) or _written(visit, path)
        return None

    # --- around ---

    def _around(self, visit: Visit, wanted: Json, path: Path) -> dict[str, Json] | None:
        """Go on around a branch or iteration that has the value in its own input."""
        if visit.frame is None:
            return {"state": None, "visit": None, "path": list(path)}
        story = self._watch.story
        frame = story.frames[visit.frame]
        owner = story.visits[frame.owner]
        given = self._input(owner)
        for place in self._places_around(owner, frame, given, path):
            if same(at(given, place), wanted):
                return self.before(owner, place)
        return {"state": owner.state, "visit": owner.number, "path": []}

    def _places_around(self, owner: Visit, frame: Frame, given: Json, path: Path) -> Iterator[Path]:
        """Give where a container's input may have what an iteration or branch begins with."""
        if owner.kind == "Map" and frame.index is not None:
            for items in _arrays(given):
                yield (*items, frame.index, *path)
                if path:
                    yield (*items, frame.index, *path[1:])  # an ItemSelector that names the item
        yield path

    # --- inside ---

    def _inside(self, owner: Visit, wanted: Json, path: Path) -> dict[str, Json] | None:
        """Find the visit inside a container whose output the value is from."""
        if owner.kind not in ("Map", "Parallel") or owner.status != "succeeded":
            return None
        for place, step in enumerate(path):
            if not isinstance(step, int):
                continue
            last = self._last_of(owner, step)
            rest = path[place + 1 :]
            if last is not None and same(at(self._output(last), rest), wanted):
                return self._written_by(last, wanted, rest)
        return None

    def _written_by(self, visit: Visit, wanted: Json, path: Path) -> dict[str, Json] | None:
        """Tell who wrote a value that a visit's output has: itself, or one before it."""
        self._steps += 1
        if same(at(self._input(visit), path), wanted):
            return self.before(visit, path)
        return self._inside(visit, wanted, path) or _written(visit, path)

    def _last_of(self, owner: Visit, index: int) -> Visit | None:
        """Return the last visit of an iteration, or of a branch by its number."""
        story = self._watch.story
        for number in owner.frames[owner.first_frame :]:
            frame = story.frames[number]
            if frame.index == index and frame.visits:
                last = story.visits[frame.visits[-1]]
                return last if last.exited else None
        return None

    # --- payloads ---

    def _input(self, visit: Visit) -> Json:
        return parse(details(self._watch.log.get(visit.entered)).get("input"))

    def _output(self, visit: Visit) -> Json:
        return parse(details(self._watch.log.get(visit.exited)).get("output"))


def _written(visit: Visit, path: Path) -> dict[str, Json]:
    return {"state": visit.state, "visit": visit.number, "path": list(path)}


def at(value: Json, path: Path) -> Json:
    """Return the value at a path, an object of its own where there is none."""
    for step in path:
        names = (
            value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
        )
        if step not in names:
            return _NOTHING
        value = value[step]
    return value


def same(one: Json, other: Json) -> bool:
    """Say whether two values that are there are the same JSON."""
    return one is not _NOTHING and other is not _NOTHING and not differences(one, other)


def _arrays(value: Json) -> Iterator[Path]:
    """Give the places of the arrays in a value, the outermost first; some of them where there are many."""
    level: list[tuple[Path, Json]] = [((), value)]
    found = 0
    for _ in range(_DEEPEST):
        inner: list[tuple[Path, Json]] = []
        for path, each in level:
            if isinstance(each, list):
                found += 1
                yield path
            elif isinstance(each, dict):
                inner += [((*path, name), member) for name, member in each.items()]
            if found == _LISTS_SEARCHED:
                return
        level = inner
