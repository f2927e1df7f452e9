"""Requests and responses held against botocore's service model, in AWS's words.

Constraint messages follow AWS's services, e.g. "1 validation error detected: Value 'x' at 'name' failed to
satisfy constraint: Member must have length less than or equal to 80".
"""

from __future__ import annotations

import math
import re
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.model import ListShape, MapShape, StructureShape

from statewright.api.errors import MalformedRequest, ValidationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from botocore.model import OperationModel, ServiceModel, Shape

# AWS lists the values of an enumeration in the order of a hash set; this one is on record.
ENUM_ORDER = {
    "ExecutionStatus": ("SUCCEEDED", "TIMED_OUT", "PENDING_REDRIVE", "ABORTED", "FAILED", "RUNNING"),
}
_PYTHON_PATTERNS = {r"\p{ASCII}*": r"[\x00-\x7f]*"}


@cache
def service_model() -> ServiceModel:
    """Return botocore's model of Step Functions."""
    return botocore.session.Session().get_service_model("stepfunctions")


@cache
def operation_model(name: str) -> OperationModel:
    """Return botocore's model of one operation."""
    return service_model().operation_model(name)


def check_request(operation: str, request: object) -> dict[str, Any]:
    """Return the request, having found that the operation's input shape allows it.

    Members that the shape does not have are dropped, as AWS does. Raises MalformedRequest where JSON types
    differ, ValidationError where constraints are broken.
    """
    if not isinstance(request, dict):
        raise MalformedRequest
    shape = operation_model(operation).input_shape
    if shape is None:
        return {}
    taken: dict[str, Any] = _take(shape, request)
    violations = list(_violations(shape, taken, ""))
    if violations:
        raise ValidationError(violations)
    return taken


def encode_response(operation: str, response: dict[str, Any]) -> dict[str, Any]:
    """Return the response as JSON values of the operation's output shape.

    None is left out, datetimes become seconds since the epoch. Raises KeyError for a member that the
    shape does not have: a mistake of this program, not of the caller.
    """
    shape = operation_model(operation).output_shape
    if shape is None:
        return {}
    encoded: dict[str, Any] = _encode(shape, response)
    return encoded


def _take(shape: Shape, value: Any) -> Any:
    if isinstance(shape, StructureShape):
        _expect(value, dict, shape)
        return {
            name: _take(member, value[name])
            for name, member in shape.members.items()
            if value.get(name) is not None
        }
    if isinstance(shape, ListShape):
        _expect(value, list, shape)
        return [_take(shape.member, each) for each in value]
    if isinstance(shape, MapShape):
        _expect(value, dict, shape)
        return {name: _take(shape.value, each) for name, each in value.items()}
    _expect_scalar(shape, value)
    return value


_JSON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "timestamp": (int, float),
    "blob": (str,),
}
_JAVA_TYPES = {"string": "String", "boolean": "Boolean", "integer": "Integer", "long": "Long"}


def _expect_scalar(shape: Shape, value: Any) -> None:
    wanted = _JSON_TYPES[shape.type_name]
    if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
        java = _JAVA_TYPES.get(shape.type_name, "Double")
        raise MalformedRequest(f"{_token(value)} cannot be converted to {java}")


def _expect(value: Any, wanted: type, shape: Shape) -> None:
    if isinstance(value, wanted):
        return
    if isinstance(value, (dict, list)):
        raise MalformedRequest
    raise MalformedRequest(f"Unexpected token {_token(value)} for {shape.type_name}")


def _token(value: Any) -> str:
    if isinstance(value, bool):
        return f"{str(value).upper()}_VALUE"
    if isinstance(value, str):
        return "STRING_VALUE"
    if isinstance(value, (int, float)):
        return "NUMBER_VALUE"
    return "START_OBJECT" if isinstance(value, dict) else "START_ARRAY"


def _violations(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if isinstance(shape, StructureShape):
        yield from _structure_violations(shape, value, path)
    elif isinstance(shape, ListShape):
        yield from _size_violations(shape, value, path)
        for number, each in enumerate(value, 1):
            yield from _violations(shape.member, each, f"{path}.{number}.member")
    elif isinstance(value, str):
        yield from _string_violations(shape, value, path)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield from _range_violations(shape, value, path)


def _structure_violations(shape: StructureShape, value: dict[str, Any], path: str) -> Iterator[str]:
    for name, member in shape.members.items():
        below = f"{path}.{name}" if path else name
        if name in value:
            yield from _violations(member, value[name], below)
        elif name in shape.required_members:
            yield f"Value null at '{below}' failed to satisfy constraint: Member must not be null"


def _size_violations(shape: Shape, value: list[Any], path: str) -> Iterator[str]:
    yield from _bound_violations(shape, len(value), "length", _violation(shape, _java_text(value), path))


def _string_violations(shape: Shape, value: str, path: str) -> Iterator[str]:
    broken = _violation(shape, value, path)
    yield from _bound_violations(shape, len(value), "length", broken)
    if shape.metadata.get("enum") and value not in shape.metadata["enum"]:
        allowed = ENUM_ORDER.get(shape.name, shape.metadata["enum"])
        yield broken(f"satisfy enum value set: [{', '.join(allowed)}]")
    pattern = shape.metadata.get("pattern")
    if pattern and not re.fullmatch(_PYTHON_PATTERNS.get(pattern, pattern), value):
        yield broken(f"satisfy regular expression pattern: {pattern}")


def _range_violations(shape: Shape, value: float, path: str) -> Iterator[str]:
    yield from _bound_violations(shape, value, "value", _violation(shape, str(value), path))


def _bound_violations(shape: Shape, size: float, what: str, broken: Callable[[str], str]) -> Iterator[str]:
    if size < shape.metadata.get("min", -math.inf):
        yield broken(f"have {what} greater than or equal to {shape.metadata['min']}")
    if size > shape.metadata.get("max", math.inf):
        yield broken(f"have {what} less than or equal to {shape.metadata['max']}")


def _violation(shape: Shape, value: str, path: str) -> Callable[[str], str]:
    """Return how a constraint at `path` is reported; values of sensitive shapes are not repeated."""
    shown = "" if shape.metadata.get("sensitive") else f" '{value}'"
    return lambda rule: f"Value{shown} at '{path}' failed to satisfy constraint: Member must {rule}"


def _java_text(value: Any) -> str:
    """Word a list as AWS's messages do."""
    if isinstance(value, list):
        return f"[{', '.join(_java_text(each) for each in value)}]"
    if isinstance(value, dict) and {"stateMachineVersionArn", "weight"} == set(value):
        inner = ", ".join(f"{name}={each}" for name, each in value.items())
        return f"RoutingConfigurationListItem({inner})"
    return str(value)


def _encode(shape: Shape, value: Any) -> Any:
    if isinstance(shape, StructureShape):
        unknown = set(value) - set(shape.members)
        if unknown:
            raise KeyError(f"{shape.name} has no {', '.join(sorted(unknown))}")
        return {name: _encode(shape.members[name], each) for name, each in value.items() if each is not None}
    if isinstance(shape, ListShape):
        return [_encode(shape.member, each) for each in value]
    if isinstance(shape, MapShape):
        return {name: _encode(shape.value, each) for name, each in value.items()}
    if shape.type_name == "timestamp":  # in seconds, to the millisecond
        return round(value.timestamp() if isinstance(value, datetime) else value, 3)
    return value
