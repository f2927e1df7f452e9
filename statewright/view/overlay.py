"""What an execution did, as a picture of its definition shows it: statuses, badges, ways taken."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from statewright.view.definition import Edge

NONE = "none"


@dataclass(frozen=True, slots=True)
class Overlay:
    """Statuses and badges by state; `taken` holds (source, target, whether by a Catch)."""

    execution_status: str
    statuses: Mapping[str, str] = field(default_factory=dict)
    badges: Mapping[str, str] = field(default_factory=dict)
    taken: frozenset[tuple[str, str, bool]] = frozenset()
    has_started: bool = False

    def status(self, state: str) -> str:
        """Return succeeded, failed, running, caught, aborted, nodata, or none for what was not reached."""
        return self.statuses.get(state, NONE)

    def badge(self, state: str) -> str:
        """Return the counts that stand at a state's corner, "" for none."""
        return self.badges.get(state, "")

    def is_taken(self, edge: Edge) -> bool:
        """Say whether an edge was gone."""
        return (edge.source, edge.target, edge.kind == "catch") in self.taken

    def as_json(self) -> dict[str, Any]:
        """Return what the page colours the graph with."""
        return {
            "status": self.execution_status,
            "statuses": dict(self.statuses),
            "badges": dict(self.badges),
            "taken": sorted(self.taken),
            "started": self.has_started,
        }
