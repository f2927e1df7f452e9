"""What a story is made of: stays in states, calls of Tasks, branches and iterations."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Status = Literal["running", "succeeded", "failed", "caught", "aborted"]
NO_VISIT = -1


@dataclass(slots=True)
class Attempt:
    """One call: ids of its first and last event; `error` where it failed."""

    first: int
    started_at: float
    last: int = 0
    ended_at: float | None = None
    error: str | None = None


@dataclass(slots=True)
class Frame:
    """One branch or iteration; `owner` is the visit of its container, `index` its number in there."""

    number: int
    owner: int
    index: int | None
    started_at: float
    status: Status = "running"
    ended_at: float | None = None
    visits: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Visit:
    """One stay in a state. Ids are events; `frame` is None in the outermost flow."""

    number: int
    state: str
    kind: str
    frame: int | None
    entered: int
    entered_at: float
    before: int = NO_VISIT
    exited: int = 0
    ended_at: float | None = None
    status: Status = "running"
    attempts: list[Attempt] = field(default_factory=list)
    failure: int = 0  # the event of the last error, if nothing came after it
    failed_at: float | None = None
    begins: int = 0  # how often the container began
    first_frame: int = 0  # where the frames of its last beginning start in `frames`
    is_begun: bool = False
    length: int | None = None  # items of a Map
    map_run: str | None = None
    frames: list[int] = field(default_factory=list)
    events: int = 0
