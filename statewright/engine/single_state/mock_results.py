"""Mocked results, held against what the mocked action can answer: botocore's model of its output.

STRICT wants every required member and checks all that are there, PRESENT checks what is there, NONE nothing.
Members that the model does not have are let through, as on AWS; patterns are not checked.
https://docs.aws.amazon.com/step-functions/latest/apireference/API_MockInput.html
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from statewright.asl.tree import Map, Parallel, Task
from statewright.engine.errors import ValidationException
from statewright.engine.integrations.sdk import boto_service, has_action, sdk_operation
from statewright.engine.payloads import load

if TYPE_CHECKING:
    from collections.abc import Mapping

    from statewright.asl.tree import Resource, Worker
    from statewright.engine.single_state.cases import MockInput

Json = Any

# Optimised integrations whose names are not those of the services that they call.
_SERVICES = {"states": "stepfunctions", "elasticmapreduce": "emr"}
# Where an optimised integration answers otherwise than the action: with JSON in place of a text or bytes.
_FREE_MEMBERS: Mapping[str, frozenset[str]] = {
    "lambda:invoke": frozenset({"Payload"}),
    "states:startExecution.sync:2": frozenset({"Input", "Output"}),
    "bedrock:invokeModel": frozenset({"Body"}),
}
# What a .sync integration answers with is what it polls for.
_POLLED = {
    "states:startExecution.sync": "describeExecution",
    "states:startExecution.sync:2": "describeExecution",
}
_TYPES: Mapping[str, tuple[tuple[type, ...], str]] = {
    "string": ((str,), "a string"),
    "blob": ((str,), "a string"),
    "timestamp": ((str,), "a string"),
    "character": ((str,), "a string"),
    "boolean": ((bool,), "a boolean"),
    "integer": ((int, float), "a number"),
    "long": ((int, float), "a number"),
    "float": ((int, float), "a number"),
    "double": ((int, float), "a number"),
    "bigdecimal": ((int, float), "a number"),
}


def read_result(mock: MockInput, state: Worker) -> Json:
    """Read a mocked result for a state; raises ValidationException where the state cannot have it."""
    assert mock.result is not None
    try:
        result = load(mock.result)
    except ValueError as error:
        raise ValidationException("Mocked result must be valid JSON") from error
    if isinstance(state, Task):
        _check_task(state.resource, result, mock.validation)
    elif isinstance(state, Map) and state.writer is not None:
        _want_object(result)
    elif not isinstance(result, list):
        raise ValidationException("Mocked result must be an array.")
    elif isinstance(state, Parallel) and len(result) != len(state.branches):
        raise ValidationException(
            "Mocked result must contain the same number of items as number of Parallel branches."
        )
    return result


def _want_object(result: Json) -> None:
    if not isinstance(result, dict):
        raise ValidationException("Mocked result must be a JSON object.")


def _check_task(resource: Resource, result: Json, validation: str) -> None:
    shape = None if validation == "NONE" else _output_shape(resource)
    if shape is None:
        return
    _want_object(result)
    free = _FREE_MEMBERS.get(_integration(resource), frozenset())
    known = {name: value for name, value in result.items() if name not in free}
    _check_structure(shape, known, is_strict=validation == "STRICT")


def _integration(resource: Resource) -> str:
    if resource.kind != "integration":
        return ""
    pattern = f".{resource.pattern}" if resource.pattern else ""
    return f"{resource.service}:{resource.action}{pattern}"


def _output_shape(resource: Resource) -> StructureShape | None:
    """Give the shape of what an action answers; None where anything may come back.

    That is so for functions and activities, for what comes with a task token, and for answers of HTTP APIs.
    Of the `.sync` integrations only that of Step Functions has a shape here.
    """
    action = _POLLED.get(_integration(resource), "" if resource.pattern else resource.action)
    service: str | None = resource.service
    if resource.kind == "sdk":
        service = boto_service(resource.service)
    elif resource.kind == "integration":
        service = boto_service(_SERVICES.get(resource.service, resource.service).replace("-", ""))
    else:
        return None
    if service is None or not has_action(service.replace("-", ""), action):
        return None
    shape: StructureShape | None = sdk_operation(service, action).output_shape
    return shape


# --- values and shapes ---


def _broken(problem: str) -> ValidationException:
    return ValidationException(f"Mock result schema validation error: {problem}")


def _check_structure(shape: StructureShape, value: Mapping[str, Json], *, is_strict: bool) -> None:
    members = {name[:1].upper() + name[1:]: name for name in shape.members}
    if is_strict:
        for name, own in members.items():
            if own in shape.required_members and name not in value:
                raise _broken(f"Required field '{name}' is missing")
    for name, inner in value.items():
        if name in members:
            _check(shape.members[members[name]], inner, name, is_strict=is_strict)


def _check(shape: Shape, value: Json, name: str, *, is_strict: bool) -> None:
    """Check the value of the member `name`; raises ValidationException."""
    check = partial(_check, name=name, is_strict=is_strict)
    if getattr(shape, "is_document_type", False):
        return
    if isinstance(shape, StructureShape):
        _want(isinstance(value, dict), name, "an object")
        _check_structure(shape, value, is_strict=is_strict)
    elif isinstance(shape, MapShape):
        _want(isinstance(value, dict), name, "an object")
        for inner in value.values():
            check(shape.value, inner)
    elif isinstance(shape, ListShape):
        _want(isinstance(value, list), name, "an array")
        for inner in value:
            check(shape.member, inner)
    else:
        _check_scalar(shape, value, name)


def _want(is_right: bool, name: str, kind: str) -> None:
    if not is_right:
        raise _broken(f"Field '{name}' must be {kind}")


def _check_scalar(shape: Shape, value: Json, name: str) -> None:
    if shape.type_name not in _TYPES:
        return
    types, kind = _TYPES[shape.type_name]
    _want(isinstance(value, types) and (bool in types or not isinstance(value, bool)), name, kind)
    if "enum" in shape.metadata and value not in shape.metadata["enum"]:
        raise _broken(f"Field '{name}' is not an expected value")
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if isinstance(value, str):
        if least is not None and len(value) < least:
            raise _broken(f"Field '{name}' is smaller than the minimum length")
        if most is not None and len(value) > most:
            raise _broken(f"Field '{name}' exceeds the maximum length")
    elif not isinstance(value, bool):
        if least is not None and value < least:
            raise _broken(f"Field '{name}' is less than the minimum value")
        if most is not None and value > most:
            raise _broken(f"Field '{name}' exceeds the maximum value")
