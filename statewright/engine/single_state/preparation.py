"""A case held against its definition: what AWS refuses is refused here, before anything runs.

https://docs.aws.amazon.com/step-functions/latest/dg/test-state-isolation.html
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from statewright import asl
from statewright.asl.tree import Map, Parallel, Task, Worker, inner_flows
from statewright.engine.errors import InvalidDefinition, StateFailure, ValidationException
from statewright.engine.integrations import check_resource
from statewright.engine.payloads import load, load_input
from statewright.engine.single_state.context_object import read_context
from statewright.engine.single_state.mock_results import read_result

if TYPE_CHECKING:
    from collections.abc import Mapping

    from statewright.asl.tree import State
    from statewright.engine.single_state.cases import Configuration, MockInput, StateCase

Json = Any

# AWS calls every state so that it tests: in the context object, and in the places of findings.
STATE_NAME = "StateName"
UNMOCKED_TYPES = "[Task, Wait, Pass, Succeed, Fail, Choice]"


@dataclass(frozen=True)
class Mock:
    """What a Task, Map or Parallel does in place of its work: give a result or, where it is set, fail."""

    result: Json = None
    failure: StateFailure | None = None


@dataclass(frozen=True)
class PreparedState:
    """A state with values in place of the texts of its case."""

    machine: asl.StateMachine
    state: State
    input: Json
    variables: Mapping[str, Json]
    mock: Mock | None
    context: Mapping[str, Json] | None


def prepare(case: StateCase) -> PreparedState:
    """Read and check a case; raises InvalidDefinition, InvalidExecutionInput, ValidationException."""
    machine, state = _find(case)
    _check_mock(case, state)
    _check_configuration(case.configuration, state, is_mocked=case.mock is not None)
    if case.mock is None:
        _check_unmocked(case, state)
    if isinstance(state, Task):
        _check_resource(state, is_mocked=case.mock is not None)
    mock = None if case.mock is None else _read_mock(case.mock, state)
    context = None if case.context is None else read_context(case.context, state)
    return PreparedState(machine, state, load_input(case.input), _read_variables(case), mock, context)


# --- the state ---


def _find(case: StateCase) -> tuple[asl.StateMachine, State]:
    try:
        if case.state_name is None:
            machine = asl.parse_state(case.definition, STATE_NAME)
            return machine, machine.flow.states[STATE_NAME]
        machine = asl.parse(case.definition)
    except asl.InvalidDefinition as error:
        raise InvalidDefinition.of(error) from error
    for state in machine.walk():
        if state.name == case.state_name:
            return machine, dataclasses.replace(state, name=STATE_NAME)
    raise ValidationException("State not found in definition")


def _check_resource(state: Task, *, is_mocked: bool) -> None:
    """Refuse what no engine knows, and what this one does not perform unless a mock does."""
    try:
        check_resource(state, is_performed=not is_mocked)
    except asl.InvalidDefinition as error:
        raise InvalidDefinition.of(error) from error


def _check_unmocked(case: StateCase, state: State) -> None:
    if isinstance(state, Map | Parallel):
        raise InvalidDefinition(
            "TestState API does not support Map or Parallel states. Supported state types include:"
            f" {UNMOCKED_TYPES}"
        )
    if not isinstance(state, Task):
        return
    if state.resource.kind == "activity":
        raise InvalidDefinition("TestState API does not support Activity tasks when a mock is not specified.")
    if state.resource.pattern:
        raise InvalidDefinition(
            "TestState API does not support '.sync' or '.waitForTaskToken' service integration patterns"
            " when a mock is not specified."
        )
    if case.role_arn is None:
        raise ValidationException("RoleArn must be specified when testing a Task state")


# --- what goes with what ---


def _check_mock(case: StateCase, state: State) -> None:
    mock = case.mock
    if mock is None:
        if case.context is not None:
            _refuse_without_mock("Context")
        return
    if (mock.result is None) == (not mock.has_error):
        raise ValidationException(
            "A test mock should have only one of the following fields: [result, errorOutput]."
        )
    if not isinstance(state, Worker):
        raise ValidationException(f"State type '{state.type}' is not supported when a mock is specified")
    if case.reveals_secrets:
        raise ValidationException("TestState does not support RevealSecrets when a mock is specified.")


def _refuse_without_mock(parameter: str) -> NoReturn:
    raise ValidationException(f"TestState does not support {parameter} when a mock is not specified.")


def _check_configuration(configuration: Configuration, state: State, *, is_mocked: bool) -> None:
    """Refuse settings that would have no effect."""
    given = {
        "RetrierRetryCount": (configuration.retrier_retry_count, Worker),
        "ErrorCausedByState": (configuration.error_caused_by_state, Map | Parallel),
        "MapIterationFailureCount": (configuration.map_iteration_failure_count, Map),
        "MapItemReaderData": (configuration.map_item_reader_data, Map),
    }
    for name, (value, types) in given.items():
        if value is None:
            continue
        if not is_mocked:
            _refuse_without_mock(name)
        if not isinstance(state, types):
            raise ValidationException(f"TestState does not support {name} for the state type '{state.type}'.")
    if configuration.error_caused_by_state is not None:
        _check_origin(configuration.error_caused_by_state, state)
    if isinstance(state, Map) and (state.reader is None) != (configuration.map_item_reader_data is None):
        raise ValidationException(
            "MapItemReaderData must be specified when testing a Map state with an ItemReader"
            if state.reader is not None
            else "MapItemReaderData can only be specified when testing a Map state with an ItemReader"
        )


def _check_origin(name: str, state: State) -> None:
    inner = {each.name for flow in inner_flows(state) for each in flow.walk()}
    if name not in inner:
        raise ValidationException("ErrorCausedByState must be the name of a state inside the tested state")


# --- texts ---


def _read_mock(mock: MockInput, state: State) -> Mock:
    assert isinstance(state, Worker)
    if not mock.has_error:
        return Mock(result=read_result(mock, state))
    if not mock.error:
        raise ValidationException("A mocked errorOutput must have an error")
    return Mock(failure=StateFailure(mock.error, mock.cause))


def _read_variables(case: StateCase) -> Mapping[str, Json]:
    try:
        variables = load(case.variables)
    except ValueError as error:
        raise ValidationException("Variables must be valid JSON") from error
    if not isinstance(variables, dict):
        raise ValidationException("Variables must be a JSON object")
    return variables
