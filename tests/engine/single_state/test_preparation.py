"""What a request must have, and what goes with what."""

from __future__ import annotations

import json

import pytest

from statewright.engine.errors import InvalidDefinition, InvalidExecutionInput, ValidationException
from statewright.engine.single_state import MockInput, StateCase, run_state
from tests.engine.single_state.conftest import ROLE

PASS = {"Type": "Pass", "End": True}
SEND = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "End": True}
EACH = {"Type": "Map", "ItemProcessor": {"StartAt": "In", "States": {"In": PASS}}, "End": True}
MACHINE = {
    "StartAt": "First",
    "States": {
        "First": {"Type": "Map", "ItemProcessor": EACH["ItemProcessor"], "Next": "Last"},
        "Last": {"Type": "Succeed"},
    },
}


def refused(kind, tested, /, *arguments, **given):
    with pytest.raises(kind) as found:
        tested(*arguments, **given)
    return found.value.message


@pytest.mark.parametrize("name", ["Last", "In"])
def test_a_state_of_a_machine_is_found_by_its_name_at_any_depth(tested, name):
    assert tested(MACHINE, {"a": 1}, state_name=name).output == {"a": 1}


def test_a_name_that_no_state_has_is_refused(tested):
    assert refused(ValidationException, tested, MACHINE, state_name="Nope") == "State not found in definition"


def test_a_machine_that_is_wrong_elsewhere_is_refused(tested):
    machine = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}}
    message = refused(InvalidDefinition, tested, machine, state_name="A")
    assert "MISSING_TRANSITION_TARGET: Missing 'Next' target: B at /States/A/Next" in message


def test_other_states_may_call_what_this_engine_does_not_perform(tested):
    glue = {"Type": "Task", "Resource": "arn:aws:states:::glue:startNothing.sync", "Next": "B"}
    assert tested({"StartAt": "A", "States": {"A": glue, "B": PASS}}, 1, state_name="B").output == 1


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ("", "Definition must be a valid JSON object"),
        ("[]", "Definition must be a valid JSON object"),
        ("{", "INVALID_JSON_DESCRIPTION"),
        ('{"Type": "Pass", "End": true}, "B": {}', "INVALID_JSON_DESCRIPTION"),
        ({"Type": "Pass"}, "at /States/StateName"),
        ({"Type": "Pass", "End": True, "Extra": 1}, "Extra' is not supported at /States/StateName"),
        (MACHINE, "at /States/StateName"),
        ({**EACH, "ItemProcessor": {"StartAt": "No", "States": {"In": PASS}}}, "Missing 'Next' target: No"),
    ],
)
def test_a_definition_that_is_no_state_is_refused(tested, definition, message):
    assert message in refused(InvalidDefinition, tested, definition)


def test_a_resource_that_nobody_knows_is_refused_with_a_mock_too(tested):
    state = {**SEND, "Resource": "arn:aws:states:::nothing:atAll"}
    assert "is not recognized" in refused(InvalidDefinition, tested, state, result={})


def test_a_resource_that_this_engine_does_not_perform_is_refused_without_a_mock(tested):
    state = {**SEND, "Resource": "arn:aws:states:::glue:startNothing"}
    assert "UNSUPPORTED_FEATURE" in refused(InvalidDefinition, tested, state, role_arn=ROLE)


def test_a_task_without_a_mock_wants_a_role(tested):
    message = refused(ValidationException, tested, SEND)
    assert message == "RoleArn must be specified when testing a Task state"


@pytest.mark.parametrize(
    ("state", "what"),
    [
        (EACH, "TestState API does not support Map or Parallel states."),
        ({**SEND, "Resource": "arn:aws:states:us-east-1:000000000000:activity:a"}, "Activity tasks"),
        ({**SEND, "Resource": SEND["Resource"] + ".waitForTaskToken"}, "'.waitForTaskToken'"),
        ({**SEND, "Resource": "arn:aws:states:::states:startExecution.sync"}, "'.sync'"),
    ],
)
def test_what_runs_long_wants_a_mock(tested, state, what):
    assert what in refused(InvalidDefinition, tested, state, role_arn=ROLE)


@pytest.mark.parametrize(
    "state",
    [PASS, {"Type": "Succeed"}, {"Type": "Fail"}, {"Type": "Wait", "Seconds": 1, "End": True}],
    ids=lambda state: state["Type"],
)
@pytest.mark.parametrize("mock", [{"result": {}}, {"error": "E"}])
def test_a_state_that_calls_nothing_has_no_mock(tested, state, mock):
    message = refused(ValidationException, tested, state, **mock)
    assert message == f"State type '{state['Type']}' is not supported when a mock is specified"


@pytest.mark.parametrize("mock", [MockInput(), MockInput("{}", has_error=True, error="E")])
def test_a_mock_has_one_of_result_and_error(in_engine, mock):
    case = StateCase(json.dumps(SEND), mock=mock)
    with pytest.raises(ValidationException, match=r"only one of .*: \[result, errorOutput\]"):
        in_engine(lambda engine: run_state(engine, case))


def test_a_mocked_error_has_a_name(tested):
    assert "must have an error" in refused(ValidationException, tested, SEND, error=None, cause="why")


def test_a_mock_has_no_secrets(tested):
    message = refused(ValidationException, tested, SEND, result={}, reveals_secrets=True)
    assert message == "TestState does not support RevealSecrets when a mock is specified."


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"context": {}}, "Context"),
        ({"retrier_retry_count": 0}, "RetrierRetryCount"),
        ({"error_caused_by_state": "In"}, "ErrorCausedByState"),
        ({"map_iteration_failure_count": 0}, "MapIterationFailureCount"),
        ({"map_item_reader_data": "[]"}, "MapItemReaderData"),
    ],
)
def test_what_only_a_mock_can_use_is_refused_without_one(tested, given, name):
    message = refused(ValidationException, tested, EACH, role_arn=ROLE, **given)
    assert message == f"TestState does not support {name} when a mock is not specified."


@pytest.mark.parametrize(
    "given",
    [{"error_caused_by_state": "In"}, {"map_iteration_failure_count": 0}, {"map_item_reader_data": "[]"}],
    ids=str,
)
def test_what_only_a_map_can_use_is_refused_of_a_task(tested, given):
    assert "for the state type 'Task'" in refused(ValidationException, tested, SEND, result={}, **given)


def test_an_error_comes_from_a_state_inside(tested):
    assert tested(EACH, [], error="E", error_caused_by_state="In").outcome.error == "E"
    message = refused(ValidationException, tested, EACH, [], error="E", error_caused_by_state="Out")
    assert message == "ErrorCausedByState must be the name of a state inside the tested state"


def test_the_data_of_a_reader_go_with_a_reader(tested):
    assert "with an ItemReader" in refused(
        ValidationException, tested, EACH, [], result=[], map_item_reader_data="[]"
    )
    distributed = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    children = {**EACH["ItemProcessor"], "ProcessorConfig": distributed}
    reader = {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "JSON"},
        "Parameters": {"Bucket": "b", "Key": "k"},
    }
    state = {**EACH, "ItemProcessor": children, "ItemReader": reader}
    assert "must be specified" in refused(ValidationException, tested, state, [], result=[])


def test_input_is_json(tested):
    assert "Invalid State Machine Execution Input" in refused(InvalidExecutionInput, tested, PASS, "{no")


@pytest.mark.parametrize(("text", "what"), [("no", "valid JSON"), ("[1]", "a JSON object")])
def test_variables_are_an_object(tested, text, what):
    assert refused(ValidationException, tested, PASS, variables=text) == f"Variables must be {what}"
