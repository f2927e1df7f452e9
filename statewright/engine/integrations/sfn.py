"""`aws-sdk:sfn:<action>` on this very engine: the actions that workflows use here, others through its API.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_Operations.html
"""

from __future__ import annotations

import datetime
import uuid
from typing import TYPE_CHECKING, Any

from statewright.engine.errors import ApiError, StateFailure
from statewright.engine.integrations.aws import UnsupportedParameter, from_response, to_request
from statewright.engine.integrations.sdk import sdk_operation
from statewright.engine.payloads import dump

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from statewright.engine.engine import Engine
    from statewright.engine.integrations.call import TaskCall

Json = Any
Arguments = dict[str, Json]


async def _start_execution(engine: Engine, arguments: Arguments) -> Json:
    value = arguments.get("Input", "{}")
    text = value if isinstance(value, str) else dump(value)
    record = engine.start_execution(arguments["StateMachineArn"], text, arguments.get("Name"))
    return {"ExecutionArn": record.arn, "StartDate": _date(record.start_date)}


async def _stop_execution(engine: Engine, arguments: Arguments) -> Json:
    record = await engine.stop_execution(
        arguments["ExecutionArn"], arguments.get("Error"), arguments.get("Cause")
    )
    return {"StopDate": _date(record.stop_date or record.start_date)}


async def _describe_execution(engine: Engine, arguments: Arguments) -> Json:
    record = engine.describe_execution(arguments["ExecutionArn"])
    status, reason = engine.redrives.status(record)
    described = {
        "Cause": record.cause,
        "Error": record.error,
        "ExecutionArn": record.arn,
        "Input": record.input,
        "InputDetails": {"Included": True},
        "MapRunArn": record.map_run_arn,
        "Name": record.name,
        "Output": record.output,
        "OutputDetails": None if record.output is None else {"Included": True},
        "RedriveCount": record.redrive_count,
        "RedriveDate": None if record.redrive_date is None else _date(record.redrive_date),
        "RedriveStatus": status,
        "RedriveStatusReason": reason,
        "StartDate": _date(record.start_date),
        "StateMachineArn": record.state_machine_arn,
        "Status": record.status,
        "StopDate": None if record.stop_date is None else _date(record.stop_date),
    }
    return {name: value for name, value in described.items() if value is not None}


async def _redrive_execution(engine: Engine, arguments: Arguments) -> Json:
    record = engine.redrives.redrive(arguments["ExecutionArn"], arguments.get("ClientToken"))
    return {"RedriveDate": _date(record.redrive_date or record.start_date)}


async def _send_task_success(engine: Engine, arguments: Arguments) -> Json:
    output = arguments["Output"]
    engine.send_task_success(arguments["TaskToken"], output if isinstance(output, str) else dump(output))
    return {}


async def _send_task_failure(engine: Engine, arguments: Arguments) -> Json:
    engine.send_task_failure(arguments["TaskToken"], arguments.get("Error"), arguments.get("Cause"))
    return {}


async def _send_task_heartbeat(engine: Engine, arguments: Arguments) -> Json:
    engine.send_task_heartbeat(arguments["TaskToken"])
    return {}


async def _get_activity_task(engine: Engine, arguments: Arguments) -> Json:
    task = await engine.activities.poll(arguments["ActivityArn"], arguments.get("WorkerName"))
    given = {"Input": task.input, "TaskToken": task.task_token}
    return {name: value for name, value in given.items() if value is not None}


ACTIONS: Mapping[
    str, tuple[Callable[[Engine, Arguments], Awaitable[Json]], frozenset[str], frozenset[str]]
] = {
    "startExecution": (_start_execution, frozenset({"StateMachineArn"}), frozenset({"Input", "Name"})),
    "stopExecution": (_stop_execution, frozenset({"ExecutionArn"}), frozenset({"Error", "Cause"})),
    "describeExecution": (_describe_execution, frozenset({"ExecutionArn"}), frozenset()),
    "redriveExecution": (_redrive_execution, frozenset({"ExecutionArn"}), frozenset({"ClientToken"})),
    "getActivityTask": (_get_activity_task, frozenset({"ActivityArn"}), frozenset({"WorkerName"})),
    "sendTaskSuccess": (_send_task_success, frozenset({"TaskToken", "Output"}), frozenset()),
    "sendTaskFailure": (_send_task_failure, frozenset({"TaskToken"}), frozenset({"Error", "Cause"})),
    "sendTaskHeartbeat": (_send_task_heartbeat, frozenset({"TaskToken"}), frozenset()),
}


def is_own(call: TaskCall) -> bool:
    """Say whether this engine performs an action itself: some always, all where its API is served."""
    if call.resource.kind != "sdk" or call.resource.service != "sfn":
        return False
    return call.resource.action in ACTIONS or call.engine.api is not None


async def call_own(call: TaskCall) -> Json:
    """Perform an action on this engine; raises StateFailure, UnsupportedParameter."""
    try:
        if call.resource.action in ACTIONS:
            return await _act(call)
        return await _through_api(call)
    except ApiError as error:
        name = error.code if error.code.endswith("Exception") else f"{error.code}Exception"
        place = f"(Service: Sfn, Status Code: 400, Request ID: {uuid.uuid4()}) (SDK Attempt Count: 1)"
        raise StateFailure(f"Sfn.{name}", f"{error.message} {place}") from error


async def _act(call: TaskCall) -> Json:
    act, required, optional = ACTIONS[call.resource.action]
    for name in call.arguments:
        if name not in required | optional:
            raise UnsupportedParameter(f'The field "{name}" is not supported by Step Functions')
    missing = sorted(required - call.arguments.keys())
    if missing:
        raise UnsupportedParameter(f"The field '{missing[0]}' is required but was missing")
    return await act(call.engine, call.arguments)


async def _through_api(call: TaskCall) -> Json:
    assert call.engine.api is not None
    operation = sdk_operation("stepfunctions", call.resource.action)
    request = to_request(operation.input_shape, call.arguments)
    return from_response(operation.output_shape, await call.engine.api(operation.name, request))


def _date(seconds: float) -> str:
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
