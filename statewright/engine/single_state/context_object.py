"""The context object that a request gives in place of the engine's.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from statewright.asl.tree import Task
from statewright.engine.errors import ValidationException
from statewright.engine.payloads import load

if TYPE_CHECKING:
    from collections.abc import Mapping

    from statewright.asl.tree import State

Json = Any

_KINDS: Mapping[str, tuple[type, ...]] = {
    "a string": (str,),
    "a number": (int, float),
    "valid JSON": (object,),
}
_FIELDS: Mapping[str, Mapping[str, str]] = {
    "Execution": {
        "Id": "a string",
        "Input": "valid JSON",
        "Name": "a string",
        "RoleArn": "a string",
        "StartTime": "a string",
        "RedriveCount": "a number",
        "RedriveTime": "a string",
    },
    "State": {"EnteredTime": "a string", "Name": "a string", "RetryCount": "a number"},
    "StateMachine": {"Id": "a string", "Name": "a string"},
    "Task": {"Token": "a string"},
}


def read_context(text: str, state: State) -> Mapping[str, Json]:
    """Read a context object for a state; raises ValidationException for one that AWS refuses."""
    try:
        context = load(text)
    except ValueError as error:
        raise _invalid("Context object must be valid JSON") from error
    if not isinstance(context, dict):
        raise _invalid("Context object must be a JSON object")
    for name, value in context.items():
        if name == "Map":
            raise _invalid("'Map' field is not supported when mocking a Context object")
        _check_member(name, value)
    if "Task" in context and not _has_token(state):
        raise _invalid(
            "Context object contains 'Task' when state is not a Task state with a '.sync' or"
            " '.waitForTaskToken' service integration pattern"
        )
    return context


def _invalid(problem: str) -> ValidationException:
    return ValidationException(f"Invalid Context object provided: {problem}")


def _check_member(name: str, value: Json) -> None:
    fields = _FIELDS.get(name)
    if fields is None:
        raise _invalid(f"Field '{name}' is not allowed")
    if not isinstance(value, dict):
        raise _invalid(f"{name} must be an object")
    for inner, given in value.items():
        kind = fields.get(inner)
        if kind is None:
            raise _invalid(f"Field '{inner}' is not allowed")
        is_no_number = kind == "a number" and isinstance(given, bool)
        if is_no_number or not isinstance(given, _KINDS[kind]):
            raise _invalid(f"{name}.{inner} must be {kind}")


def _has_token(state: State) -> bool:
    return isinstance(state, Task) and bool(state.resource.pattern)
