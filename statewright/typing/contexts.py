"""The type of the context object.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from statewright.asl.tree import Task, Worker
from statewright.typing.shapes import (
    COUNT,
    DATE_TIME,
    NEVER,
    STRING,
    Field,
    Object,
    String,
    Type,
    literal,
    object_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from statewright.asl.tree import State

_NAME = Type((String(low=1),))
_ORIGIN = "the context object"


def machine_context(execution_input: Type) -> Type:
    """Give the context object as all states of a machine see it."""
    execution = object_of(
        {
            "Id": _NAME,
            "Input": execution_input,
            "StartTime": DATE_TIME,
            "Name": _NAME,
            "RoleArn": STRING,
            "RedriveCount": COUNT,
            "RedriveTime": DATE_TIME,
        },
        optional=["RedriveTime"],
    )
    machine = object_of({"Id": _NAME, "Name": _NAME})
    return object_of({"Execution": execution, "StateMachine": machine}).since(_ORIGIN)


# Under this name variables hold what conditions have told of the execution's input; no variable can have it.
EXECUTION_INPUT = "$$.Execution.Input"


def narrowed_context(context: Type, change: Callable[[Type], Type]) -> tuple[Type, Type]:
    """Change the type of the execution's input in a context object; give the object, and that type."""
    (shape,) = context.shapes
    assert isinstance(shape, Object)
    (execution,) = shape.fields["Execution"].type.shapes
    assert isinstance(execution, Object)
    changed = change(execution.fields["Input"].type)
    fields = {**execution.fields, "Input": Field(changed)}
    return _with(
        context,
        "Execution",
        replace(shape.fields["Execution"].type, shapes=(replace(execution, fields=fields),)),
    ), changed


def state_context(context: Type, state: State) -> Type:
    """Add what the context object says of one state."""
    fields = {"EnteredTime": DATE_TIME, "Name": literal(state.name)}
    if isinstance(state, Worker):
        fields["RetryCount"] = COUNT
    context = _with(context, "State", object_of(fields))
    if isinstance(state, Task) and state.resource.pattern:
        context = _with(context, "Task", object_of({"Token": _NAME}))
    return context


def item_context(context: Type, item: Type, key: Type | None) -> Type:
    """Add what the context object says of an item of a Map."""
    fields = {"Index": Field(COUNT), "Value": Field(item), "Source": Field(STRING)}
    if key is not None:
        fields["Key"] = Field(key, is_required=False, is_presumed=True)
    entry = Type((Object(fields, NEVER, is_declared=True),))
    return _with(context, "Map", object_of({"Item": entry}))


def _with(context: Type, name: str, member: Type) -> Type:
    (shape,) = context.shapes
    assert isinstance(shape, Object)
    return replace(context, shapes=(replace(shape, fields={**shape.fields, name: Field(member)}),))
