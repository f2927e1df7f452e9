"""Step Functions itself: `states:startExecution`, alone or with `.sync`, `.sync:2`, on this very engine.

Where the engine is told so, executions are started at another Step Functions, through its client.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html
"""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING, Any

from statewright.engine.errors import ApiError, StateFailure
from statewright.engine.integrations.aws import Dialect, UnsupportedParameter, http_metadata, perform
from statewright.engine.payloads import dump, load

if TYPE_CHECKING:
    from statewright.engine.engine import Engine
    from statewright.engine.integrations.call import TaskCall
    from statewright.engine.records import ExecutionRecord

Json = Any

DIALECT = Dialect("StepFunctions", "AWSStepFunctions", "AWSStepFunctionsException")
POLL_SECONDS = 1.0
SHORTEST_POLL_SECONDS = 0.02  # whatever the scale of the clock
PARAMETERS = frozenset({"StateMachineArn", "Input", "Name", "TraceHeader"})


async def start_execution(call: TaskCall) -> Json:
    """Start an execution; give its ARN and the moment of its start (milliseconds since 1970)."""
    arguments = call.arguments
    for parameter in arguments:
        if parameter not in PARAMETERS:
            raise UnsupportedParameter(f'The field "{parameter}" is not supported by Step Functions')
    if "StateMachineArn" not in arguments:
        raise UnsupportedParameter("The field 'StateMachineArn' is required but was missing")
    value = arguments.get("Input")
    value = {} if value is None else value
    text = value if isinstance(value, str) else dump(value)
    name: Json = arguments.get("Name")
    if call.engine.starts_elsewhere:
        return await _elsewhere(call.engine, "startExecution", {**arguments, "Input": text})
    try:
        record = call.engine.start_execution(
            str(arguments["StateMachineArn"]), text, None if name is None else str(name)
        )
    except ApiError as error:
        raise _failure(error) from error
    request_id = str(uuid.uuid4())
    headers = {"x-amzn-RequestId": request_id, "Content-Type": "application/x-amz-json-1.0"}
    return {
        "ExecutionArn": record.arn,
        **http_metadata(200, headers, request_id),
        "StartDate": round(record.start_date * 1000),
    }


async def wait_for_execution(call: TaskCall, started: Json) -> Json:
    """Wait for the execution that was started; it is stopped where the task that waits is."""
    if call.engine.starts_elsewhere:
        return await _wait_elsewhere(call, started["ExecutionArn"])
    try:
        record = await call.engine.wait_for_execution(started["ExecutionArn"])
    except asyncio.CancelledError:
        await call.engine.stop_execution(started["ExecutionArn"])
        raise
    described = _describe(record, is_output_json=call.resource.pattern == "sync:2")
    if record.status != "SUCCEEDED":
        raise StateFailure("States.TaskFailed", dump(described))
    return described


async def _elsewhere(engine: Engine, action: str, arguments: dict[str, Json]) -> Json:
    return await perform(engine, "stepfunctions", action, arguments, DIALECT)


async def _wait_elsewhere(call: TaskCall, arn: str) -> Json:
    try:
        while True:
            answer = await _elsewhere(call.engine, "describeExecution", {"ExecutionArn": arn})
            if answer["Status"] not in ("RUNNING", "PENDING_REDRIVE"):
                break
            await call.engine.clock.sleep(POLL_SECONDS)
            await asyncio.sleep(SHORTEST_POLL_SECONDS)
    except asyncio.CancelledError:
        await _elsewhere(call.engine, "stopExecution", {"ExecutionArn": arn})
        raise
    described = {name: value for name, value in answer.items() if not name.startswith("Sdk")}
    if answer["Status"] != "SUCCEEDED":
        raise StateFailure("States.TaskFailed", dump(described))
    if call.resource.pattern == "sync:2":
        described |= {name: load(described[name]) for name in ("Input", "Output") if name in described}
    return described


def _describe(record: ExecutionRecord, *, is_output_json: bool) -> Json:
    def read(text: str | None) -> Json:
        return load(text) if is_output_json and text is not None else text

    described = {
        "Cause": record.cause,
        "Error": record.error,
        "ExecutionArn": record.arn,
        "Input": read(record.input),
        "InputDetails": {"Included": True},
        "Name": record.name,
        "Output": read(record.output),
        "OutputDetails": None if record.output is None else {"Included": True},
        **_redrive(record),
        "StartDate": round(record.start_date * 1000),
        "StateMachineAliasArn": record.alias_arn,
        "StateMachineArn": record.state_machine_arn,
        "StateMachineVersionArn": record.version_arn,
        "Status": record.status,
        "StopDate": None if record.stop_date is None else round(record.stop_date * 1000),
    }
    return {name: value for name, value in described.items() if value is not None}


def _redrive(record: ExecutionRecord) -> dict[str, Json]:
    if record.status == "SUCCEEDED":
        reason = "Execution is SUCCEEDED and cannot be redriven"
        return {
            "RedriveCount": record.redrive_count,
            "RedriveStatus": "NOT_REDRIVABLE",
            "RedriveStatusReason": reason,
        }
    return {"RedriveCount": record.redrive_count, "RedriveStatus": "REDRIVABLE"}


def _failure(error: ApiError) -> StateFailure:
    name = error.code if error.code.endswith("Exception") else f"{error.code}Exception"
    place = (
        f"(Service: AWSStepFunctions; Status Code: 400; Error Code: {error.code};"
        f" Request ID: {uuid.uuid4()}; Proxy: null)"
    )
    return StateFailure(f"StepFunctions.{name}", f"{error.message} {place}")
