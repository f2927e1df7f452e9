"""What happened in an execution: its history as visits of states.

    Story -> Visit (one stay in one state) -> Attempt (one call of a Task)
          -> Frame (one branch or iteration inside a visit of a Parallel or Map)

Events come in order, at once or while the execution runs. Each belongs to the visit that its previousEventId
leads to. A failed attempt is the end of nothing until the state was left or what is around it ended: a
retry may follow. Event types: https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
"""

from __future__ import annotations

import re
from array import array
from typing import TYPE_CHECKING, Any

from statewright.view.events import details, seconds
from statewright.view.visits import NO_VISIT, Attempt, Frame, Visit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from statewright.view.events import Event
    from statewright.view.visits import Status

_ENDED = {
    "ExecutionSucceeded": "SUCCEEDED",
    "ExecutionFailed": "FAILED",
    "ExecutionAborted": "ABORTED",
    "ExecutionTimedOut": "TIMED_OUT",
}
_ATTEMPT_BEGINS = ("TaskScheduled", "LambdaFunctionScheduled", "ActivityScheduled")
_CONTAINER_BEGINS = ("ParallelStateStarted", "MapStateStarted", "MapRunStarted")
_CONTAINER_ENDS = ("ParallelState", "MapState", "MapRun")
_ENTERED_AT = re.compile(r"\(entered at the event id #(\d{1,9})\)")
_BAD_ENDS = ("Failed", "TimedOut", "ScheduleFailed", "StartFailed", "SubmitFailed", "Aborted")


class Story:
    """The visits of one execution.

    `branch_of` tells the branch in its Parallel of a state, by name; `only_caught` the pairs of states that a
    Catch alone leads through.
    """

    def __init__(
        self, branch_of: Mapping[str, int], only_caught: AbstractSet[tuple[str, str]] = frozenset()
    ) -> None:
        self.visits: list[Visit] = []
        self.frames: list[Frame] = []
        self.status: str | None = None
        self.started_at: float | None = None
        self.ended_at: float | None = None
        self.end: int = 0
        self.transitions = 0
        self.redrives: list[tuple[int, float]] = []
        self.visit_of = array("i", [NO_VISIT])  # by event id
        self._types = [""]
        self._branch_of = branch_of
        self._only_caught = only_caught
        self._frame_by_index: dict[tuple[int, int | None], int] = {}
        self._begun_iterations: dict[int, int] = {}  # event of the start -> frame

    @property
    def count(self) -> int:
        """How many events were told."""
        return len(self.visit_of) - 1

    def type_of(self, number: int) -> str:
        """Return the type of an event, by its id."""
        return self._types[number]

    def add(self, event: Event) -> None:
        """Take the next event; ids must come without gaps."""
        kind = str(event.get("type", ""))
        # An endpoint that tells no way back tells its events one after the other.
        told = event.get("previousEventId")
        previous = self.count if told is None else int(told)
        before = self.visit_of[previous] if 0 <= previous < len(self.visit_of) else NO_VISIT
        at = seconds(event.get("timestamp"))
        number = self.count + 1
        visit = self._take(kind, event, number, previous, before, at)
        self.visit_of.append(visit)
        self._types.append(kind)
        if visit != NO_VISIT:
            self.visits[visit].events += 1

    def _take(self, kind: str, event: Event, number: int, previous: int, before: int, at: float) -> int:
        told = details(event)
        if kind.endswith("StateEntered"):
            return self._enter(kind.removesuffix("StateEntered"), told, number, previous, before, at)
        if kind.endswith("StateExited"):
            return self._exit(told, number, before, at)
        if kind.startswith("MapIteration"):
            return self._iteration(kind.removeprefix("MapIteration"), told, before, at)
        if kind.startswith("Execution"):
            return self._execution(kind, told, number, before, at)
        if kind == "EvaluationFailed":
            before = self._evaluated(told, before)
        if before == NO_VISIT:
            return self._resumed(told)
        if kind.startswith(_CONTAINER_ENDS):
            return self._container(kind, told, number, before, at)
        return self._work(kind, told, number, before, at)

    # --- the execution ---

    def _execution(self, kind: str, told: Mapping[str, Any], number: int, before: int, at: float) -> int:
        if kind == "ExecutionStarted":
            self.started_at, self.status = at, "RUNNING"
        elif kind == "ExecutionRedriven":
            self.redrives.append((number, at))
            self.status, self.ended_at, self.end = "RUNNING", None, 0
            self._reopen()
        elif kind in _ENDED:
            self.status, self.ended_at, self.end = _ENDED[kind], at, number
            if self.status == "FAILED" and before != NO_VISIT:
                before = self._named(told, before)
                self._blame(before, number)
            for visit in self.visits:
                self._settle(visit, at)
            for frame in self.frames:
                if frame.status == "running":
                    frame.status, frame.ended_at = "aborted", at
        return before if kind in _ENDED else NO_VISIT

    def _blame(self, number: int, event: int) -> None:
        """Hold the state in which the execution failed, and what is around it, for failed."""
        visit: Visit | None = self.visits[number]
        if visit and not visit.exited and visit.status == "aborted":
            visit.status, visit.failure = "failed", event
        while visit is not None:
            if visit.ended_at is None or visit.kind == "Fail":
                visit.failure = visit.failure or event
            visit = self._container_of(visit)

    def _reopen(self) -> None:
        """Let what did not end well run on: a redrive goes on there."""
        for visit in self.visits:
            is_open = visit.exited == 0 and visit.status in ("failed", "aborted") and visit.kind != "Fail"
            if is_open and self.is_current(visit):
                visit.status, visit.ended_at, visit.failure = "running", None, 0
                if visit.frame is not None and self.frames[visit.frame].status != "running":
                    self.frames[visit.frame].status, self.frames[visit.frame].ended_at = "running", None

    # --- states ---

    def _enter(
        self, kind: str, told: Mapping[str, Any], number: int, previous: int, before: int, at: float
    ) -> int:
        name = str(told.get("name", ""))
        came_from = self._types[previous] if previous < len(self._types) else ""
        frame: int | None = None
        predecessor = NO_VISIT
        if before != NO_VISIT:
            visit = self.visits[before]
            if came_from.endswith("StateExited"):
                frame, predecessor = visit.frame, before
                # Some endpoints leave out the events of failures.
                if visit.status == "succeeded" and (visit.state, name) in self._only_caught:
                    visit.status = "caught"
            elif came_from == "ParallelStateStarted":
                frame = self._frame(before, self._branch_of.get(name), at)
            elif came_from == "MapIterationStarted":
                frame = self._begun_iterations.get(previous)
            else:
                frame = visit.frame
        made = Visit(len(self.visits), name, kind, frame, number, at, predecessor)
        self.visits.append(made)
        self.transitions += 1
        if frame is not None:
            self.frames[frame].visits.append(made.number)
        if kind == "Fail":
            made.failure = number
        return made.number

    def _exit(self, told: Mapping[str, Any], number: int, before: int, at: float) -> int:
        visit = self._open_with_name(before, str(told.get("name", "")))
        if visit is None:
            return before
        visit.exited, visit.ended_at = number, at
        visit.status = "caught" if visit.failure else "succeeded"
        self._close_attempt(visit, number, at)
        self._close_frames(visit, at)
        return visit.number

    def _open_with_name(self, number: int, name: str) -> Visit | None:
        for visit in self._outwards(number):
            if visit.state == name and not visit.exited:
                return visit
        for visit in reversed(self.visits):
            if visit.state == name and not visit.exited:
                return visit
        return None

    # --- tasks ---

    def _work(self, kind: str, told: Mapping[str, Any], number: int, before: int, at: float) -> int:
        visit = self.visits[before]
        if kind in _ATTEMPT_BEGINS:
            if visit.attempts:
                self.transitions += 1  # a retry is one: https://aws.amazon.com/step-functions/pricing/
            visit.attempts.append(Attempt(number, at))
            visit.failure = 0
        elif kind.endswith("StateAborted"):
            visit.status, visit.ended_at = ("failed", visit.failed_at) if visit.failure else ("aborted", at)
        elif kind == "EvaluationFailed" or kind.endswith(_BAD_ENDS):
            visit.failure, visit.failed_at = number, at
            error = told.get("error")
            self._close_attempt(visit, number, at, str(error) if error is not None else kind)
        elif kind.endswith("Succeeded"):
            self._close_attempt(visit, number, at)
        return before

    def _evaluated(self, told: Mapping[str, Any], before: int) -> int:
        """Find the visit whose expression failed: its event points at one before the state was entered."""
        named = self._named(told, NO_VISIT)
        if named != NO_VISIT:
            return named
        for visit in reversed(self.visits):
            if visit.state == told.get("state") and not visit.exited:
                return visit.number
        return before

    def _named(self, told: Mapping[str, Any], otherwise: int) -> int:
        """Return the visit that a cause names by the event with which its state was entered."""
        entered = _ENTERED_AT.search(str(told.get("cause", "")))
        found = self.visit_of[int(entered[1])] if entered and int(entered[1]) <= self.count else NO_VISIT
        return otherwise if found == NO_VISIT else found

    def _close_attempt(self, visit: Visit, number: int, at: float, error: str | None = None) -> None:
        if error is not None and not visit.attempts:
            visit.attempts.append(Attempt(number, visit.entered_at))
        if visit.attempts and visit.attempts[-1].ended_at is None:
            attempt = visit.attempts[-1]
            attempt.last, attempt.ended_at, attempt.error = number, at, error

    def _resumed(self, told: Mapping[str, Any]) -> int:
        """Find the visit that an event of a redrive goes on with."""
        for visit in reversed(self.visits):
            if visit.status == "running" and (not told.get("name") or visit.state == told["name"]):
                return visit.number
        return NO_VISIT

    # --- containers ---

    def _container(self, kind: str, told: Mapping[str, Any], number: int, before: int, at: float) -> int:
        wanted = "Parallel" if kind.startswith("Parallel") else "Map"
        if kind in _CONTAINER_BEGINS:
            return self._begin(wanted, kind, told, before, at)
        found = self._begun(before, wanted, has_to=not kind.endswith("Aborted"))
        if found is None:
            return before
        if kind.endswith("Aborted"):
            found.status, found.ended_at = ("failed" if found.failure else "aborted"), at
        elif kind.endswith(("Failed", "TimedOut")):
            found.failure, found.failed_at = number, at
        if not kind.startswith("MapRun"):
            found.is_begun = False
            self._close_frames(found, at)
        return found.number

    def _begin(self, wanted: str, kind: str, told: Mapping[str, Any], before: int, at: float) -> int:
        """Begin a container, or begin it again: a retry points at the last event inside it."""
        visit = self._begun(before, wanted, has_to=False)
        if visit is None:
            return before
        if kind != "MapRunStarted" and visit.begins:
            self.transitions += 1
            visit.failure = visit.failure or 1
            self._close_frames(visit, at)
            visit.first_frame = len(visit.frames)
        visit.begins += kind != "MapRunStarted"
        visit.is_begun, visit.failure = True, 0
        if "length" in told:
            visit.length = int(told["length"])
        visit.map_run = told.get("mapRunArn", visit.map_run)
        return visit.number

    def _begun(self, number: int, kind: str, *, has_to: bool) -> Visit | None:
        """Return the innermost container of a kind around a visit that has not ended.

        One that `has_to` be begun may also be one whose expression failed before it could begin.
        """
        running = [each for each in self._outwards(number) if each.kind == kind and each.status == "running"]
        begun = (
            each for each in running if each.is_begun or self.type_of(each.failure) == "EvaluationFailed"
        )
        return next(begun if has_to else iter(running), running[0] if running else None)

    def _iteration(self, what: str, told: Mapping[str, Any], before: int, at: float) -> int:
        owner = self._map_named(before, str(told.get("name", "")))
        if owner is None:
            return before
        index = told.get("index")
        if what == "Started":
            frame = self._frame(owner.number, index, at)
            self._begun_iterations[self.count + 1] = frame
            return owner.number
        known = self._frame_by_index.get((owner.number, index))
        if known is not None:
            self._close_frame(self.frames[known], at, _FRAME_ENDS.get(what, "aborted"))
        return owner.number

    def _map_named(self, number: int, name: str) -> Visit | None:
        for visit in self._outwards(number):
            if visit.kind == "Map" and visit.state == name:
                return visit
        return None

    def _frame(self, owner: int, index: int | None, at: float) -> int:
        made = Frame(len(self.frames), owner, index, at)
        self.frames.append(made)
        self.visits[owner].frames.append(made.number)
        self._frame_by_index[owner, index] = made.number
        return made.number

    # --- ends ---

    def _close_frames(self, owner: Visit, at: float) -> None:
        ending: Status = "aborted" if owner.failure else "succeeded"
        for number in owner.frames:
            frame = self.frames[number]
            if frame.status == "running":
                self._close_frame(frame, at, ending)

    def _close_frame(self, frame: Frame, at: float, status: Status) -> None:
        for number in frame.visits:
            visit = self.visits[number]
            self._settle(visit, at)
            self._close_frames(visit, at)
        has_failed = any(self.visits[number].status == "failed" for number in frame.visits)
        frame.status = "failed" if status == "aborted" and has_failed else status
        frame.ended_at = at

    def _settle(self, visit: Visit, at: float) -> None:
        """End a visit that will not be left any more."""
        if visit.status != "running":
            return
        visit.status = "failed" if visit.failure else "aborted"
        visit.ended_at = visit.failed_at if visit.failure and visit.failed_at is not None else at
        self._close_attempt(visit, 0, at)

    # --- around a visit ---

    def _container_of(self, visit: Visit) -> Visit | None:
        return None if visit.frame is None else self.visits[self.frames[visit.frame].owner]

    def _outwards(self, number: int) -> Iterator[Visit]:
        visit: Visit | None = self.visits[number] if number != NO_VISIT else None
        while visit is not None:
            yield visit
            visit = self._container_of(visit)

    def is_current(self, visit: Visit) -> bool:
        """Say whether a visit is of the last time that each container around it began."""
        for frame in self.frames_around(visit):
            owner = self.visits[frame.owner]
            if owner.first_frame < len(owner.frames) and frame.number < owner.frames[owner.first_frame]:
                return False
        return True

    def frames_around(self, visit: Visit) -> Iterator[Frame]:
        """Give the branches and iterations that a visit is in, the innermost first."""
        number = visit.frame
        while number is not None:
            frame = self.frames[number]
            yield frame
            number = self.visits[frame.owner].frame


_FRAME_ENDS: dict[str, Status] = {"Succeeded": "succeeded", "Failed": "failed", "Aborted": "aborted"}
