"""Service integrations: what a Task can call besides functions and activities, one file a service family.

`check_resources` refuses, when a machine is created, what no integration here performs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from statewright.asl import InvalidDefinition
from statewright.asl.diagnostics import SCHEMA, UNSUPPORTED, Diagnostic, aws_location
from statewright.asl.tree import Map, Task, inner_flows
from statewright.engine.integrations import (
    apigateway,
    data,
    http_task,
    job_kinds,
    jobs,
    lambda_,
    sdk,
    sfn,
    states,
)
from statewright.engine.items import parquet_items

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from statewright.asl import StateMachine
    from statewright.asl.source import Location
    from statewright.asl.tree import Flow, ItemReader, Resource, ResultWriter
    from statewright.engine.integrations.call import TaskCall
    from statewright.engine.records import MachineType

Json = Any

CALLBACK = frozenset({"", "waitForTaskToken"})
OPTIMISED: dict[str, tuple[Callable[[TaskCall], Awaitable[Json]], frozenset[str]]] = {
    "lambda:invoke": (lambda_.invoke, CALLBACK),
    "apigateway:invoke": (apigateway.invoke, CALLBACK),
    "http:invoke": (http_task.invoke, frozenset({""})),
    "dynamodb:getItem": (data.dynamodb, frozenset({""})),
    "dynamodb:putItem": (data.dynamodb, frozenset({""})),
    "dynamodb:updateItem": (data.dynamodb, frozenset({""})),
    "dynamodb:deleteItem": (data.dynamodb, frozenset({""})),
    "sqs:sendMessage": (data.sqs, CALLBACK),
    "sns:publish": (data.sns, CALLBACK),
    "events:putEvents": (data.events, CALLBACK),
    "states:startExecution": (states.start_execution, frozenset({"", "sync", "sync:2", "waitForTaskToken"})),
    "bedrock:invokeModel": (jobs.invoke_model, CALLBACK),
    **{name: (jobs.perform_action, jobs.patterns(name)) for name in (*job_kinds.JOBS, *jobs.PLAIN)},
}
# What is refused before the task is scheduled.
CHECKS: dict[str, Callable[[dict[str, Json]], None]] = {
    "apigateway:invoke": apigateway.check,
    "http:invoke": http_task.check,
}
# AWS has more actions of these, which this engine does not perform.
ABSENT = frozenset(
    [
        "athena",
        "batch",
        "bedrock",
        "codebuild",
        "databrew",
        "ecs",
        "eks",
        "elasticmapreduce",
        "emr-containers",
        "emr-serverless",
        "glue",
        "mediaconvert",
        "sagemaker",
    ]
)
_VERSION_ID = ("VersionId", "VersionId.$")


async def perform(call: TaskCall) -> Json:
    """Perform what a Task's Resource names; raises StateFailure, UnsupportedParameter."""
    if sfn.is_own(call):
        return await sfn.call_own(call)
    if call.resource.kind == "sdk":
        return await sdk.call_sdk(call)
    action, _ = OPTIMISED[f"{call.resource.service}:{call.resource.action}"]
    return await action(call)


async def wait_for_end(call: TaskCall, started: Json) -> Json:
    """Wait for what a `.sync` Task has started; raises StateFailure where it does not end well."""
    if call.resource.service == "states":
        return await states.wait_for_execution(call, started)
    return await jobs.wait_for_job(call, started)


def check_arguments(resource: Resource, arguments: Json) -> None:
    """Raise UnsupportedParameter for what AWS refuses before it schedules the task."""
    check = CHECKS.get(f"{resource.service}:{resource.action}") if resource.kind == "integration" else None
    if check is not None and isinstance(arguments, dict):
        check(arguments)


def check_resources(machine: StateMachine, type: MachineType = "STANDARD") -> None:  # noqa: A002
    """Raise InvalidDefinition for what a machine calls and this engine does not perform."""
    found = [_diagnostic(finding) for finding in _check_flow(machine.flow, type)]
    if found:
        raise InvalidDefinition(found)


def check_resource(state: Task, *, is_performed: bool = True) -> None:
    """Raise InvalidDefinition for a Task whose Resource is none, or is to be performed and cannot be."""
    found = [
        _diagnostic(finding)
        for finding in _check_task(state, "STANDARD")
        if is_performed or finding[0] != UNSUPPORTED
    ]
    if found:
        raise InvalidDefinition(found)


Finding = tuple[str, str, "Location"]


def _diagnostic(finding: Finding) -> Diagnostic:
    code, message, at = finding
    return Diagnostic(code, message, at.pointer, at.line, at.column, location=aws_location(at.pointer))


def _check_flow(flow: Flow, type: MachineType) -> Iterator[Finding]:  # noqa: A002
    for state in flow.states.values():
        inner_type = type
        if isinstance(state, Task):
            yield from _check_task(state, type)
        elif isinstance(state, Map) and state.mode == "DISTRIBUTED":
            inner_type = state.execution_type
            yield from _check_distributed(state, type)
        for inner in inner_flows(state):
            yield from _check_flow(inner, inner_type)


def _check_task(state: Task, type: MachineType) -> Iterator[Finding]:  # noqa: A002
    resource, at = state.resource, state.resource_at
    name = f"{resource.service}:{resource.action}"
    if type == "EXPRESS" and resource.kind == "activity":
        yield SCHEMA, "Express state machine does not support Activity ARN", at
    elif type == "EXPRESS" and resource.pattern == "waitForTaskToken":
        # The blank at the end is AWS's.
        yield SCHEMA, "Express state machine does not support '.waitForTaskToken' service integration ", at
    elif type == "EXPRESS" and resource.pattern:
        yield SCHEMA, "Express state machine does not support '.sync' service integration", at
    elif resource.kind in ("lambda", "activity") or _is_known(resource):
        return
    elif resource.kind == "integration" and resource.service in ABSENT and name not in OPTIMISED:
        yield UNSUPPORTED, f"The integration '{name}' is not supported by this engine", at
    else:
        yield SCHEMA, _not_recognized(resource), at


def _is_known(resource: Resource) -> bool:
    if resource.kind == "sdk":
        return resource.pattern in CALLBACK and sdk.has_action(resource.service, resource.action)
    known = OPTIMISED.get(f"{resource.service}:{resource.action}")
    return resource.kind == "integration" and known is not None and resource.pattern in known[1]


def _not_recognized(resource: Resource) -> str:
    return (
        f"The resource provided {resource.arn} is not recognized. The value is not a valid resource ARN,"
        " or the resource is not available in this region."
    )


def _check_distributed(state: Map, type: MachineType) -> Iterator[Finding]:  # noqa: A002
    if type == "EXPRESS":
        yield SCHEMA, "Express state machine does not support Distributed Map", state.at
    if state.reader is not None:
        yield from _check_reader(state.reader)
    if state.writer is not None:
        yield from _check_writer(state.writer)


def _check_reader(reader: ItemReader) -> Iterator[Finding]:
    if reader.resource.service != "s3" or reader.resource.action not in ("getObject", "listObjectsV2"):
        yield SCHEMA, _not_recognized(reader.resource), reader.at
    if reader.config.get("InputType") != "PARQUET":
        return
    if not parquet_items.is_available():
        yield UNSUPPORTED, parquet_items.REMEDY, reader.at
    if reader.payload is not None and any(name in reader.payload.value for name in _VERSION_ID):
        yield SCHEMA, "VersionId is not supported for the InputType 'PARQUET'", reader.at


def _check_writer(writer: ResultWriter) -> Iterator[Finding]:
    if writer.resource is None:
        if writer.config.get("OutputType") == "JSONL":
            # AWS does not document what a state returns then.
            reason = "The OutputType 'JSONL' without a Resource is not supported by this engine"
            yield UNSUPPORTED, reason, writer.at
        return
    if writer.resource.service != "s3" or writer.resource.action != "putObject":
        yield SCHEMA, _not_recognized(writer.resource), writer.at
