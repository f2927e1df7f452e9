"""The history of one execution: events in AWS's shape, each pointing at the one that led to it.

A `Trail` is the thread of one flow: its `previous` is the id that the next event points at. Branches of a
Parallel and iterations of a Map have trails of their own. Event types and details:
https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from statewright.engine.errors import HistoryLimitReached, HistoryTooLarge
from statewright.engine.payloads import MAX_HISTORY_CHARACTERS, MAX_HISTORY_EVENTS, dump

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from statewright.engine.clock import Clock
    from statewright.engine.progress import Done
    from statewright.engine.step import Step

Json = Any
HistoryEvent = dict[str, Any]

NOT_TRUNCATED = {"truncated": False}
_REMEMBERED_TEXTS = 8


class Trail:
    """Where one flow stands in the history.

    `skipped`: seconds that its waits left out on a scaled clock; the machine's time limit counts them.
    `open_states`: the types of what has been entered and not left; told when the flow is aborted by another
    branch, for which `abort` is called first: it holds for the flows inside too.
    `step` is the state that the flow stands at, `done` its output once it has ended well: see `progress`.
    """

    __slots__ = ("_is_aborted", "_outer", "done", "open_states", "previous", "skipped", "step")

    def __init__(self, previous: int = 0, skipped: float = 0.0, outer: Trail | None = None) -> None:
        self._outer = outer
        self._is_aborted = False
        self.previous = previous
        self.skipped = skipped
        self.open_states: list[str] = []
        self.step: Step | None = None
        self.done: Done | None = None

    def branch(self) -> Trail:
        """Begin the trail of an inner flow."""
        return Trail(self.previous, self.skipped, self)

    def abort(self) -> None:
        """Say that another branch has failed: what runs here is to be told as aborted."""
        self._is_aborted = True

    @property
    def is_aborted(self) -> bool:
        """Whether the flow, or one that it runs in, is aborted by another branch."""
        return self._is_aborted or (self._outer is not None and self._outer.is_aborted)


class History:
    """The events of an execution.

    STANDARD executions end at the 25,000th event, or when their texts are beyond MAX_HISTORY_CHARACTERS. An
    EXPRESS one has no limit but its five minutes, and keeps no events here when `keeps_events` is false (ids
    go on). `listener` is told of every event.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        keeps_events: bool = True,
        limit: int | None = MAX_HISTORY_EVENTS,
        listener: Callable[[HistoryEvent], None] | None = None,
    ) -> None:
        self.events: list[HistoryEvent] = []
        self.count = 0
        self._clock = clock
        self._keeps_events = keeps_events
        self._limit = limit
        self._listener = listener
        self._texts: dict[int, tuple[Json, str]] = {}
        self._characters = 0
        self._counted = ""

    def continue_after(self, events: Sequence[HistoryEvent]) -> None:
        """Go on after the events of what ran before."""
        self.events = list(events)
        self.count = len(self.events)
        for event in self.events:
            for value in event.values():
                if isinstance(value, dict):
                    self._count(value)

    def add(self, trail: Trail, type: str, key: str | None = None, details: Json = None) -> int:  # noqa: A002
        """Write an event and move the trail on to it; give its id. Raises as `note`."""
        trail.previous = self.note(trail.previous, type, key, details)
        return trail.previous

    def note(self, previous: int, type: str, key: str | None = None, details: Json = None) -> int:  # noqa: A002
        """Write an event that no trail goes through; give its id.

        Raises HistoryLimitReached, HistoryTooLarge.
        """
        # One place stays free for the event that says how the execution ended.
        if self._limit is not None and self.count >= self._limit - 1:
            raise HistoryLimitReached
        if self._characters > MAX_HISTORY_CHARACTERS:
            raise HistoryTooLarge(MAX_HISTORY_CHARACTERS)
        return self._write(previous, type, key, details)

    def end(self, previous: int, type: str, key: str | None, details: Json) -> int:  # noqa: A002
        """Write the last event, for which there is always room."""
        return self._write(previous, type, key, details)

    def _write(self, previous: int, type: str, key: str | None, details: Json) -> int:  # noqa: A002
        self.count += 1
        if not self._keeps_events and self._listener is None:
            return self.count
        event: HistoryEvent = {
            "timestamp": self._clock.now(),
            "type": type,
            "id": self.count,
            "previousEventId": previous,
        }
        if key is not None:
            event[key] = details
        if self._keeps_events:
            if key is not None:
                self._count(details)
            self.events.append(event)
        if self._listener is not None:
            self._listener(event)
        return self.count

    def _count(self, details: Mapping[str, Json]) -> None:
        # An output is the next input: the same text twice in a row is kept once.
        for each in details.values():
            if isinstance(each, str) and each is not self._counted:
                self._characters += len(each)
                self._counted = each

    def text(self, value: Json) -> str:
        """Write a value as JSON; the last few are remembered, as an output is the next input."""
        known = self._texts.get(id(value))
        if known is not None and known[0] is value:
            return known[1]
        text = dump(value)
        self.remember(value, text)
        return text

    def remember(self, value: Json, text: str) -> None:
        """Keep the text that a value came from."""
        if len(self._texts) >= _REMEMBERED_TEXTS:
            del self._texts[next(iter(self._texts))]
        self._texts[id(value)] = (value, text)
