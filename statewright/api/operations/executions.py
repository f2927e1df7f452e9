"""Operations on executions.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html and its neighbours.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import TYPE_CHECKING, Any

from statewright.api.errors import ApiError, invalid_token
from statewright.api.operations.bounds import check_nesting
from statewright.api.operations.state_machines import definition_fields
from statewright.api.pages import DEFAULT_PAGE, last_place, page
from statewright.engine.listing import executions, place_in_list

if TYPE_CHECKING:
    from collections.abc import Mapping

    from statewright.api.operations.types import Request, Response
    from statewright.engine import Engine
    from statewright.engine.records import ExecutionRecord

INPUT_ERROR = "Invalid State Machine Execution Input"
# An EXPRESS execution is billed in steps of 100 ms and 64 MB: https://aws.amazon.com/step-functions/pricing/
BILLED_STEP_MS = 100
BILLED_MEMORY_MB = 64


async def start_execution(engine: Engine, request: Request) -> Response:
    """Start an execution; the same name and input again give the one that runs."""
    execution_input = request.get("input", "{}")
    check_nesting(execution_input, "InvalidExecutionInput", INPUT_ERROR)
    record = engine.start_execution(
        request["stateMachineArn"], execution_input, request.get("name"), request.get("traceHeader")
    )
    return {"executionArn": record.arn, "startDate": record.start_date}


async def start_sync_execution(engine: Engine, request: Request) -> Response:
    """Run an EXPRESS state machine to its end."""
    execution_input = request.get("input", "{}")
    check_nesting(execution_input, "InvalidExecutionInput", INPUT_ERROR)
    record = await engine.start_sync_execution(
        request["stateMachineArn"], execution_input, request.get("name"), request.get("traceHeader")
    )
    seconds = (record.stop_date or record.start_date) - record.start_date
    steps = max(1, math.ceil(seconds * 1000 / BILLED_STEP_MS))
    return {
        "executionArn": record.arn,
        "stateMachineArn": record.state_machine_arn,
        "name": record.name,
        "startDate": record.start_date,
        "stopDate": record.stop_date,
        "status": record.status,
        "traceHeader": record.trace_header,
        **_data(record, request),
        "billingDetails": {
            "billedMemoryUsedInMB": BILLED_MEMORY_MB,
            "billedDurationInMilliseconds": steps * BILLED_STEP_MS,
        },
    }


async def stop_execution(engine: Engine, request: Request) -> Response:
    """Abort an execution."""
    record = await engine.stop_execution(request["executionArn"], request.get("error"), request.get("cause"))
    return {"stopDate": record.stop_date}


async def redrive_execution(engine: Engine, request: Request) -> Response:
    """Let an execution that ended badly go on from where it ended."""
    record = engine.redrives.redrive(request["executionArn"], request.get("clientToken"))
    return {"redriveDate": record.redrive_date}


async def describe_execution(engine: Engine, request: Request) -> Response:
    """Describe an execution."""
    record = engine.describe_execution(request["executionArn"])
    status, reason = engine.redrives.status(record)
    if record.status == "TIMED_OUT":  # AWS gives no error where the state machine's own time is over
        record = dataclasses.replace(record, error=None, cause=None)
    return {
        **_common(record),
        "traceHeader": record.trace_header,
        "redriveStatus": status,
        "redriveStatusReason": reason,
        **_data(record, request),
    }


async def describe_state_machine_for_execution(engine: Engine, request: Request) -> Response:
    """Describe the state machine as it was when an execution started, whatever became of it since."""
    machine = engine.versions.of_execution(request["executionArn"])
    record = engine.describe_execution(request["executionArn"])
    label = record.state_machine_arn.partition("/")[2]  # a child execution has its map's label
    return {
        "stateMachineArn": record.state_machine_arn,
        "name": f"{machine.name}/{label}" if label else machine.name,
        "updateDate": machine.updated_at or machine.created_at,
        "mapRunArn": record.map_run_arn,
        "label": label or None,
        **definition_fields(machine, request),
    }


async def list_executions(engine: Engine, request: Request) -> Response:
    """List the executions of a state machine or the children of a map run, newest first."""
    machine, map_run = request.get("stateMachineArn"), request.get("mapRunArn")
    if (machine is None) == (map_run is None):
        raise ApiError(
            "ValidationException", "Exactly one of stateMachineArn and mapRunArn must be specified"
        )
    redriven = request.get("redriveFilter")
    status = request.get("statusFilter")
    scope = f"ListExecutions {machine or map_run} {status} {redriven}"
    behind = _behind(request.get("nextToken"), scope)
    records = (
        record
        for record in executions(engine, machine, map_run, status, behind)
        if redriven is None or (record.redrive_count > 0) == (redriven == "REDRIVEN")
    )
    size = request.get("maxResults") or DEFAULT_PAGE
    listed, token = page(
        list(itertools.islice(records, size + 1)),  # no more are read than are told
        lambda record: list(place_in_list(record)),
        scope,
        request.get("nextToken"),
        size,
    )
    return {"executions": [_summary(record) for record in listed], "nextToken": token}


def _behind(token: str | None, scope: str) -> tuple[float, str] | None:
    """Return the place in the list that a token names."""
    if token is None:
        return None
    match last_place(token, scope):
        case [float() | int() as moment, str() as arn]:
            return float(moment), arn
    raise invalid_token()


async def get_execution_history(engine: Engine, request: Request) -> Response:
    """List the events of an execution, a page at a time."""
    arn = request["executionArn"]
    events = engine.get_execution_history(arn)
    backwards = request.get("reverseOrder", False)
    listed, token = page(
        list(reversed(events)) if backwards else events,
        lambda event: -event["id"] if backwards else event["id"],
        f"GetExecutionHistory {arn} {backwards}",
        request.get("nextToken"),
        request.get("maxResults"),
    )
    if not request.get("includeExecutionData", True):
        listed = [_without_data(event) for event in listed]
    return {"events": list(listed), "nextToken": token}


def _data(record: ExecutionRecord, request: Request) -> Response:
    """Return the payloads of an execution, or that they were not asked for."""
    if request.get("includedData") == "METADATA_ONLY":
        left_out = {"included": False}
        return {"inputDetails": left_out, "outputDetails": left_out if record.output else None}
    return {
        "input": record.input,
        "inputDetails": {"included": True},
        "output": record.output,
        "outputDetails": {"included": True} if record.output is not None else None,
        "error": record.error,
        "cause": record.cause,
    }


def _summary(record: ExecutionRecord) -> Response:
    return {**_common(record), "itemCount": record.item_count}


def _common(record: ExecutionRecord) -> Response:
    """Return what DescribeExecution and ListExecutions both tell."""
    return {
        "executionArn": record.arn,
        "stateMachineArn": record.state_machine_arn,
        "stateMachineVersionArn": record.version_arn,
        "stateMachineAliasArn": record.alias_arn,
        "name": record.name,
        "status": record.status,
        "startDate": record.start_date,
        "stopDate": record.stop_date,
        "mapRunArn": record.map_run_arn,
        "redriveCount": record.redrive_count,
        "redriveDate": record.redrive_date,
    }


_DATA_FIELDS = {"input", "inputDetails", "output", "outputDetails"}


def _without_data(event: Mapping[str, Any]) -> Response:
    """Return a copy of an event without inputs and outputs."""
    return {
        name: {key: each for key, each in value.items() if key not in _DATA_FIELDS}
        if isinstance(value, dict)
        else value
        for name, value in event.items()
    }
