"""Fail: ends its flow badly.

https://docs.aws.amazon.com/step-functions/latest/dg/state-fail.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from statewright.asl import intrinsics, jsonata, jsonpath
from statewright.asl.tree import Constant, Fail, Field
from statewright.engine.errors import StateFailure

if TYPE_CHECKING:
    from statewright.engine.step import Step


async def run_fail(step: Step) -> tuple[str | None, Any]:
    """Run a Fail state: raises StateFailure."""
    state = step.state
    assert isinstance(state, Fail)
    _fail(_text(step, state.error), _text(step, state.cause))


def _fail(error: str | None, cause: str | None) -> NoReturn:
    raise StateFailure(error, cause)


def _text(step: Step, field: Field | None) -> str | None:
    if field is None:
        return None
    source = field.source
    if isinstance(source, Constant):
        return str(source.value)
    if isinstance(source, jsonata.Expression):
        value = step.expression(source, field.name)
        if not isinstance(value, str):
            raise step.wrong_type(source, field.name, "string", value)
        return value
    try:
        value = source.evaluate(step.input, context=step.context, variables=step.variables)
    except jsonpath.PathError as error:
        raise step.runtime_error(error.for_field(field.name, step.input)) from error
    except intrinsics.IntrinsicError as error:
        raise StateFailure("States.IntrinsicFailure", step.cause(str(error))) from error
    if not isinstance(value, str):
        raise step.runtime_error(f"The {field.name} field must refer to a string: {source.text}")
    return value
