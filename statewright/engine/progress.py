"""How far an execution got: what a redrive needs to go on where the execution ended.

A running flow keeps nothing for this but the state that it visits (`Trail.step`), and that state its
branches, iterations or map run (`Step.inner`). `flow_progress` reads all of it at once, when an execution has
ended badly or is written to a file while it runs. `as_json` and `from_json` are each other's inverse.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from statewright.engine.history import Trail

Json = Any


@dataclass(frozen=True)
class Done:
    """A branch, iteration or child that succeeded."""

    output: Json


@dataclass(frozen=True)
class FlowProgress:
    """A flow that has not ended well: the state that it stands at, with what it came with.

    `entered_id` is the id of the event that tells that the state was entered, 0 where it was not yet.
    """

    state: str
    input: Json
    variables: Mapping[str, Json]
    entered_id: int = 0
    entered_at: float = 0.0
    inner: InnerProgress | None = None


@dataclass(frozen=True)
class BranchesProgress:
    """The branches of a Parallel; None for one that has not begun."""

    branches: Sequence[Done | FlowProgress | None]


@dataclass(frozen=True)
class IterationsProgress:
    """The items of an INLINE Map, an array or an object, and the iterations that have begun, by index."""

    items: Json
    iterations: Mapping[int, Done | FlowProgress]


@dataclass(frozen=True)
class MapRunProgress:
    """A map run, whose children are in the store; `is_read`: there are no others than those that began."""

    arn: str
    is_read: bool


InnerProgress = BranchesProgress | IterationsProgress | MapRunProgress


class Inner(Protocol):
    """What runs inside a Parallel or Map."""

    def progress(self) -> InnerProgress: ...


def flow_progress(trail: Trail) -> Done | FlowProgress | None:
    """Read where the flow of a trail stands; None where it has not begun."""
    if trail.done is not None:
        return trail.done
    step = trail.step
    if step is None:
        return None
    return FlowProgress(
        step.state.name,
        step.input,
        dict(step.variables),
        step.entered_id,
        step.entered_at,
        step.resumed if step.inner is None else step.inner.progress(),
    )


# --- as JSON ---


def as_json(progress: Done | FlowProgress | None) -> Json:
    """Write progress as a JSON value."""
    if progress is None:
        return None
    if isinstance(progress, Done):
        return {"output": progress.output}
    return {
        "state": progress.state,
        "input": progress.input,
        "variables": progress.variables,
        "entered": [progress.entered_id, progress.entered_at],
        "inner": _inner_as_json(progress.inner),
    }


def _inner_as_json(inner: InnerProgress | None) -> Json:
    if inner is None:
        return None
    if isinstance(inner, BranchesProgress):
        return {"branches": [as_json(branch) for branch in inner.branches]}
    if isinstance(inner, IterationsProgress):
        begun = [[index, as_json(each)] for index, each in inner.iterations.items()]
        return {"items": inner.items, "iterations": begun}
    return {"mapRun": inner.arn, "isRead": inner.is_read}


def from_json(value: Json) -> Done | FlowProgress | None:
    """Read progress from a JSON value."""
    if value is None:
        return None
    if "state" not in value:
        return Done(value["output"])
    entered_id, entered_at = value["entered"]
    inner = _inner_from_json(value["inner"])
    return FlowProgress(value["state"], value["input"], value["variables"], entered_id, entered_at, inner)


def _inner_from_json(value: Json) -> InnerProgress | None:
    if value is None:
        return None
    if "branches" in value:
        return BranchesProgress([from_json(branch) for branch in value["branches"]])
    if "items" in value:
        begun = {index: from_json(each) for index, each in value["iterations"]}
        return IterationsProgress(value["items"], {i: each for i, each in begun.items() if each is not None})
    return MapRunProgress(value["mapRun"], value["isRead"])
