"""What the engine tells about machines, executions, map runs and activities: frozen snapshots.

Times are seconds since 1970 (float); inputs and outputs are JSON texts, as AWS keeps them.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from statewright.asl.tree import StateMachine

Json = Any
MachineType = Literal["STANDARD", "EXPRESS"]
ExecutionStatus = Literal["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "PENDING_REDRIVE"]

# ExecutionRedriven and at least one more event must fit into the 25,000.
# https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html#redrive-eligibility
MAX_REDRIVABLE_EVENTS = 24_998


@dataclass(frozen=True)
class Publication:
    """That a version is published along with a state machine, and how it is described."""

    description: str | None = None


@dataclass(frozen=True)
class StateMachineRecord:
    """A state machine, or a version of one; `machine` is its parsed definition.

    `snapshot_id` is another one after each change of what executions run with: they name it.
    `created_with` says what was published when it was created; `last_version` is the number given last.
    """

    arn: str
    name: str
    definition: str
    role_arn: str
    type: MachineType
    created_at: float
    machine: StateMachine
    revision_id: str | None = None
    description: str | None = None
    logging: Mapping[str, Json] = field(
        default_factory=lambda: {"level": "OFF", "includeExecutionData": False}
    )
    tracing: Mapping[str, Json] = field(default_factory=lambda: {"enabled": False})
    encryption: Mapping[str, Json] = field(default_factory=lambda: {"type": "AWS_OWNED_KEY"})
    tags: tuple[Mapping[str, str], ...] = ()
    updated_at: float | None = None
    status: Literal["ACTIVE", "DELETING"] = "ACTIVE"
    snapshot_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    created_with: Publication | None = None
    last_version: int = 0


@dataclass(frozen=True)
class Route:
    """A version that an alias leads to, and in how many of a hundred starts."""

    version_arn: str
    weight: int


@dataclass(frozen=True)
class AliasRecord:
    """A name for one or two versions of a state machine."""

    arn: str
    name: str
    machine_arn: str
    routes: tuple[Route, ...]
    created_at: float
    updated_at: float
    description: str | None = None


@dataclass(frozen=True, slots=True)
class ExecutionRecord:
    """An execution; `output` where it succeeded, `error` and `cause` where it did not.

    `map_run_arn` names the map run of a child execution, which took `item_count` items: batch `batch_index`.
    `version_arn` and `alias_arn` name what it was started by; `snapshot_id` the state machine as it was then.
    `test_case` names the mocks that it was started with.
    """

    arn: str
    name: str
    state_machine_arn: str
    status: ExecutionStatus
    start_date: float
    input: str
    type: MachineType = "STANDARD"
    stop_date: float | None = None
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    map_run_arn: str | None = None
    item_count: int | None = None
    batch_index: int | None = None
    redrive_count: int = 0
    redrive_date: float | None = None
    trace_header: str | None = None
    version_arn: str | None = None
    alias_arn: str | None = None
    snapshot_id: str | None = None
    test_case: str | None = None

    @property
    def result(self) -> Json:
        """The output as a value; None where there is none."""
        import json

        return None if self.output is None else json.loads(self.output)


def redriven(record: ExecutionRecord, now: float) -> ExecutionRecord:
    """Give the record of an execution as a redrive begins with it.

    EXPRESS children are started anew, and have no date of a redrive.
    https://docs.aws.amazon.com/step-functions/latest/dg/redrive-map-run.html#redrive-child-workflow-behavior
    """
    is_standard = record.type == "STANDARD"
    return replace(
        record,
        status="RUNNING",
        start_date=record.start_date if is_standard else now,
        stop_date=None,
        output=None,
        error=None,
        cause=None,
        redrive_count=record.redrive_count + 1,
        redrive_date=now if is_standard else None,
    )


@dataclass(frozen=True)
class MapRunCounts:
    """How many items (or child executions) of a map run stand where."""

    pending: int = 0
    running: int = 0
    succeeded: int = 0
    failed: int = 0
    timed_out: int = 0
    aborted: int = 0
    total: int = 0
    results_written: int = 0
    failures_not_redrivable: int = 0
    pending_redrive: int = 0


@dataclass(frozen=True)
class MapRunRecord:
    """One run of a Distributed Map."""

    arn: str
    execution_arn: str
    state_machine_arn: str
    status: ExecutionStatus
    start_date: float
    max_concurrency: int
    tolerated_failure_percentage: float
    tolerated_failure_count: int
    item_counts: MapRunCounts
    execution_counts: MapRunCounts
    stop_date: float | None = None
    redrive_count: int = 0
    redrive_date: float | None = None


@dataclass(frozen=True)
class ActivityRecord:
    """An activity: a queue of tasks that workers poll."""

    arn: str
    name: str
    created_at: float
    tags: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True)
class ActivityTask:
    """A task that a worker has taken; both fields None where there was none within the poll."""

    task_token: str | None
    input: str | None
