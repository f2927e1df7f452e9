"""Wait: lets time pass, for seconds or until a timestamp.

https://docs.aws.amazon.com/step-functions/latest/dg/state-wait.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from statewright.asl import jsonata, jsonpath
from statewright.asl.timestamps import parse_timestamp
from statewright.asl.tree import Constant, Field, Wait
from statewright.engine.payloads import dump

if TYPE_CHECKING:
    from statewright.engine.errors import StateFailure
    from statewright.engine.step import Step

Json = Any
MAX_SECONDS = 99_999_999


async def run_wait(step: Step) -> tuple[str | None, Any]:
    """Run a Wait state."""
    state = step.state
    assert isinstance(state, Wait)
    value = step.selected_input()
    if state.seconds is not None:
        seconds = _seconds(step, state.seconds, value)
    else:
        assert state.timestamp is not None
        seconds = _moment(step, state.timestamp, value) - step.execution.engine.clock.now()
    await step.pause(max(seconds, 0))
    return state.next, step.finish(value)


def _seconds(step: Step, field: Field, document: Json) -> float:
    source = field.source
    if isinstance(source, Constant):
        return float(source.value)
    if isinstance(source, jsonata.Expression):
        value = step.expression(source, field.name)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise step.wrong_type(source, field.name, "integer", value)
        if not 0 <= value <= MAX_SECONDS:
            raise step.query_error(
                f"The {field.name} field must be between 0 and {MAX_SECONDS}: {value}", field.name
            )
        return value
    value = _at_path(step, field, document, "does not reference an input value")
    if isinstance(value, bool) or not isinstance(value, int):
        raise _bad_value(step, field, "cannot be parsed as a long value", value)
    if value < 0:
        raise _bad_value(step, field, "references a negative value", value)
    return value


def _moment(step: Step, field: Field, document: Json) -> float:
    source = field.source
    if isinstance(source, Constant):
        return parse_timestamp(source.value)
    if isinstance(source, jsonata.Expression):
        value = step.expression(source, field.name)
        if not isinstance(value, str):
            raise step.wrong_type(source, field.name, "string", value)
        try:
            return parse_timestamp(value)
        except ValueError as error:
            raise step.query_error(
                f"The {field.name} field cannot be parsed as an ISO-8601 extended offset date-time"
                f" format string: {value}",
                field.name,
            ) from error
    value = _at_path(step, field, document, "does not reference an input value")
    try:
        return parse_timestamp(value if isinstance(value, str) else "")
    except ValueError as error:
        sentence = "does not reference a valid ISO-8601 extended offset date-time format string"
        raise _bad_value(step, field, sentence, value) from error


def _at_path(step: Step, field: Field, document: Json, sentence: str) -> Json:
    assert isinstance(field.source, jsonpath.Path)
    try:
        return field.source.evaluate(document, context=step.context, variables=step.variables)
    except jsonpath.PathError as error:
        raise step.runtime_error(f"The {field.name} parameter {sentence}: {field.source.text}") from error


def _bad_value(step: Step, field: Field, sentence: str, value: Json) -> StateFailure:
    assert isinstance(field.source, jsonpath.Path)
    shown = value if isinstance(value, str) else dump(value)
    return step.runtime_error(f"The {field.name} parameter {sentence}: {field.source.text} == {shown}")
