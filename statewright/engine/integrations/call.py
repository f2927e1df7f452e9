"""What an integration is told about the task that it performs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from statewright.asl.tree import Resource
    from statewright.engine.engine import Engine
    from statewright.engine.execution import Execution

Json = Any


@dataclass(frozen=True)
class TaskCall:
    """One attempt at a Task: what to call, with which arguments, and for whom."""

    engine: Engine
    execution: Execution
    resource: Resource
    arguments: dict[str, Json]
