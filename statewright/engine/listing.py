"""Which executions a list has, and in what order.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListExecutions.html
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

from statewright.engine.errors import (
    StateMachineDoesNotExist,
    StateMachineTypeNotSupported,
    ValidationException,
)
from statewright.engine.names import split_qualifier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from statewright.engine.engine import Engine
    from statewright.engine.records import ExecutionRecord
    from statewright.engine.store import Place


def executions(
    engine: Engine,
    state_machine_arn: str | None,
    map_run_arn: str | None,
    status: str | None,
    behind: Place | None = None,
) -> Iterator[ExecutionRecord]:
    """List executions of a machine, a version or an alias, or the children of a map run, the newest first.

    `behind` leaves out those up to a place. The children may be EXPRESS. Raises InvalidArn,
    StateMachineDoesNotExist, StateMachineTypeNotSupported, ResourceNotFound, ValidationException.
    """
    if map_run_arn is not None:
        engine.describe_map_run(map_run_arn)
    elif status == "PENDING_REDRIVE":
        raise ValidationException("PENDING_REDRIVE lists child executions: mapRunArn must be specified")
    belongs = _of_machine(engine, state_machine_arn) if state_machine_arn is not None else None
    machine = None if state_machine_arn is None else split_qualifier(state_machine_arn)[0]
    in_memory = (*engine.running.values(), *engine.unstored.values())
    running = [each.record for each in in_memory if each.record.map_run_arn == map_run_arn]
    running = [each for each in running if behind is None or place_in_list(each) > behind]
    ended = engine.store.executions(machine=machine, map_run=map_run_arn, behind=behind)
    merged = heapq.merge(sorted(running, key=place_in_list), ended, key=place_in_list)
    return (
        record
        for record in map(engine.redrives.as_told, merged)
        if (record.type == "STANDARD" or map_run_arn is not None)
        and (belongs is None or belongs(record))
        and (status is None or record.status == status)
    )


def place_in_list(record: ExecutionRecord) -> tuple[float, str]:
    """Give what lists are sorted by: newest first, by the last that happened to an execution."""
    return -(record.stop_date or record.redrive_date or record.start_date), record.arn


def _of_machine(engine: Engine, arn: str) -> Callable[[ExecutionRecord], bool]:
    own, qualifier = split_qualifier(arn)
    machine = engine.describe_state_machine(own)
    if machine.type == "EXPRESS":
        raise StateMachineTypeNotSupported
    if qualifier is None:
        return lambda record: record.state_machine_arn == own
    if qualifier.isdecimal():
        engine.versions.describe(arn)
        return lambda record: record.version_arn == arn
    if engine.store.alias(arn) is None:
        raise StateMachineDoesNotExist(f"State Machine Does Not Exist: '{arn}'")
    return lambda record: record.alias_arn == arn
