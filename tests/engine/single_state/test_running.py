"""How a tested state ends: what Retry and Catch make of its error, where it leads, what it sees."""

from __future__ import annotations

import pytest

from statewright.engine import LocalFunctions
from statewright.engine.single_state import StateCase, run_state
from tests.engine.single_state.conftest import ROLE

INVOKE = {
    "Type": "Task",
    "QueryLanguage": "JSONata",
    "Resource": "arn:aws:states:::lambda:invoke",
    "Arguments": {"FunctionName": "greet", "Payload": "{% $states.input %}"},
}
BUSY = {"ErrorEquals": ["Busy"], "IntervalSeconds": 3, "BackoffRate": 2, "MaxAttempts": 4}
ANY = {"ErrorEquals": ["States.ALL"], "Next": "Sorry", "Output": "{% $states.errorOutput %}"}


def test_a_pass_state_succeeds_and_leads_to_a_state_that_need_not_exist(tested):
    told = tested({"Type": "Pass", "Result": 1, "Next": "Somewhere"})
    assert (told.status, told.output, told.next_state) == ("SUCCEEDED", 1, "Somewhere")


def test_a_state_that_ends_leads_nowhere(tested):
    assert tested({"Type": "Succeed"}).next_state is None
    assert tested({"Type": "Pass", "End": True}).next_state is None


def test_a_choice_leads_to_where_its_rule_says(tested):
    rule = {"Variable": "$.n", "NumericGreaterThan": 1, "Next": "Many"}
    choice = {"Type": "Choice", "Choices": [rule], "Default": "Few"}
    assert tested(choice, {"n": 2}).next_state == "Many"
    assert tested(choice, {"n": 1}).next_state == "Few"


def test_a_choice_without_a_way_fails_without_a_place_in_a_history(tested):
    rule = {"Variable": "$.n", "NumericEquals": 1, "Next": "One"}
    told = tested({"Type": "Choice", "Choices": [rule]}, {"n": 2})
    cause = "Failed to transition out of the state. The state does not point to a next state."
    assert (told.status, *told.failure) == ("FAILED", "States.NoChoiceMatched", cause)


def test_a_fail_state_fails_with_what_it_says(tested):
    told = tested({"Type": "Fail", "Error": "Empty", "Cause": "no more"})
    assert (told.status, told.failure, told.outcome.output) == ("FAILED", ("Empty", "no more"), None)


def test_a_task_without_a_mock_is_performed(tested):
    functions = LocalFunctions({"greet": lambda event, _: f"Hello, {event['name']}"})
    told = tested({**INVOKE, "End": True}, {"name": "Ada"}, functions=functions, role_arn=ROLE)
    assert told.output["Payload"] == "Hello, Ada"


def test_a_wait_takes_its_time(tested):
    assert tested({"Type": "Wait", "Seconds": 200, "Next": "Go"}).next_state == "Go"


def test_a_state_that_takes_more_than_five_minutes_times_out(tested):
    told = tested({"Type": "Wait", "Seconds": 301, "Next": "Go"})
    assert (told.status, told.outcome.error) == ("FAILED", "States.Timeout")


@pytest.mark.parametrize(("count", "seconds"), [(None, 3), (1, 6), (3, 24)])
def test_an_error_with_attempts_left_is_retriable_after_its_backoff(tested, count, seconds):
    state = {**INVOKE, "Retry": [{"ErrorEquals": ["Other"]}, BUSY], "Catch": [ANY], "End": True}
    told = tested(state, error="Busy", cause="later", retrier_retry_count=count)
    assert (told.status, told.failure) == ("RETRIABLE", ("Busy", "later"))
    assert told.stages["errorDetails"] == {"retryIndex": 1, "retryBackoffIntervalSeconds": seconds}
    assert told.outcome.output is None


def test_an_error_whose_attempts_are_used_up_is_caught(tested):
    told = tested(
        {**INVOKE, "Retry": [BUSY], "Catch": [ANY], "End": True}, error="Busy", retrier_retry_count=4
    )
    assert (told.status, told.next_state) == ("CAUGHT_ERROR", "Sorry")
    assert told.output == {"Error": "Busy", "Cause": ""}
    assert told.stages["errorDetails"] == {"retryIndex": 0, "catchIndex": 0}


def test_an_error_whose_attempts_are_used_up_fails_where_nothing_catches_it(tested):
    told = tested({**INVOKE, "Retry": [BUSY], "End": True}, error="Busy", retrier_retry_count=4)
    assert told.status == "FAILED"
    assert told.stages["errorDetails"] == {"retryIndex": 0}


def test_an_error_that_nothing_names_fails(tested):
    told = tested({**INVOKE, "Retry": [BUSY], "End": True}, error="Other", cause="why")
    assert (told.status, told.failure) == ("FAILED", ("Other", "why"))
    assert "errorDetails" not in told.stages


def test_states_runtime_is_never_caught(tested):
    told = tested({**INVOKE, "Catch": [ANY], "End": True}, error="States.Runtime")
    assert told.status == "FAILED"


def test_a_catch_that_fails_itself_fails_the_state(tested):
    catcher = {**ANY, "Output": "{% $nothing %}"}
    told = tested({**INVOKE, "Catch": [catcher], "End": True}, error="Busy")
    assert (told.status, told.outcome.error) == ("FAILED", "States.QueryEvaluationError")
    assert told.next_state is None


def test_a_catch_puts_the_error_into_the_input(tested):
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage",
        "Parameters": {"QueueUrl": "q", "MessageBody": "m"},
        "Catch": [{"ErrorEquals": ["States.TaskFailed"], "ResultPath": "$.problem", "Next": "Sorry"}],
        "End": True,
    }
    told = tested(state, {"n": 1}, error="SQS.Any", cause="why")
    assert told.output == {"n": 1, "problem": {"Error": "SQS.Any", "Cause": "why"}}
    assert "afterResultPath" not in told.stages


def test_a_failing_function_meets_retry_and_catch_too(tested):
    def greet(event, context):
        raise TimeoutError("slow")

    state = {**INVOKE, "Catch": [{**ANY, "ErrorEquals": ["TimeoutError"]}], "End": True}
    told = tested(state, functions=LocalFunctions({"greet": greet}), role_arn=ROLE)
    assert (told.status, told.outcome.error) == ("CAUGHT_ERROR", "TimeoutError")


def test_the_context_object_tells_of_an_express_execution(tested):
    told = tested(
        {**INVOKE, "Output": "{% $states.context %}", "End": True}, {"n": 1}, result={}, role_arn=ROLE
    )
    execution = told.output["Execution"]
    assert execution["Input"] == {"n": 1}
    assert execution["RoleArn"] == ROLE
    machine = told.output["StateMachine"]
    assert execution["Id"].endswith(f":express:{machine['Name']}:{execution['Name']}")
    assert {**told.output["State"], "EnteredTime": ""} == {
        "Name": "StateName",
        "EnteredTime": "",
        "RetryCount": 0,
    }


def test_without_a_role_the_context_object_has_none(tested):
    told = tested({"Type": "Pass", "Parameters": {"role.$": "$$.Execution.RoleArn"}, "End": True})
    assert told.output == {"role": None}


def test_the_retry_count_is_that_of_the_configuration(tested):
    state = {**INVOKE, "Output": "{% $states.context.State.RetryCount %}", "Retry": [BUSY], "End": True}
    assert tested(state, result={}, retrier_retry_count=2).output == 2


def test_variables_can_be_read_and_assigned(tested):
    state = {
        "Type": "Pass",
        "Parameters": {"sum.$": "States.MathAdd($a, 1)"},
        "Assign": {"b": 2},
        "End": True,
    }
    told = tested(state, variables={"a": 4})
    assert told.output == {"sum": 5}
    assert told.stages["variables"] == {"a": 4, "b": 2}


def test_no_execution_is_left_behind(in_engine):
    async def work(engine):
        await run_state(engine, StateCase('{"Type": "Pass", "End": true}'))
        return [*engine.running, *engine.store.executions(), *engine.list_state_machines()]

    assert in_engine(work) == []
