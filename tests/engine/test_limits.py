"""AWS's limits, each at its edge, and what hostile machines run into."""

from __future__ import annotations

import asyncio
import json
import time

import pytest

from statewright.engine.errors import InvalidDefinition, InvalidExecutionInput
from statewright.engine.payloads import MAX_NESTING, MAX_PAYLOAD_BYTES, is_too_large, load_input
from statewright.engine.runner import ROLE

ARN = "arn:aws:lambda:us-east-1:000000000000:function:f"


def test_a_payload_is_measured_in_utf_8():
    assert not is_too_large("a" * MAX_PAYLOAD_BYTES)
    assert is_too_large("a" * (MAX_PAYLOAD_BYTES + 1))
    assert is_too_large("ä" * (MAX_PAYLOAD_BYTES // 2 + 1))
    assert not is_too_large("ä" * (MAX_PAYLOAD_BYTES // 2))


@pytest.mark.parametrize(("more", "status"), [(0, "SUCCEEDED"), (1, "FAILED")])
def test_a_functions_result_may_have_256_kib(execute, more, status):
    # Two quotation marks belong to it.
    size = MAX_PAYLOAD_BYTES - 2 + more
    outcome = execute({"Type": "Task", "Resource": ARN}, functions={"f": lambda event, _: "x" * size})
    assert outcome.status == status
    if status == "FAILED":
        assert outcome.error == "States.DataLimitExceeded"
        assert outcome.cause == (
            f"The state/task '{ARN}' returned a result with a size exceeding"
            " the maximum number of bytes service limit."
        )
        assert "LambdaFunctionFailed" in outcome.types


def test_a_states_output_may_have_256_kib(execute):
    state = {"Type": "Pass", "Parameters": {"a.$": "$", "b.$": "$"}}
    outcome = execute(state, "x" * 150_000)
    assert outcome.error == "States.DataLimitExceeded"
    assert outcome.cause.startswith("The state/task 'A' returned a result with a size exceeding")


def test_an_input_may_have_256_kib(in_engine):
    async def work(engine):
        definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}})
        machine = engine.create_state_machine("m", definition, ROLE)
        engine.start_execution(machine.arn, json.dumps("x" * (MAX_PAYLOAD_BYTES - 2)))
        with pytest.raises(InvalidExecutionInput):
            engine.start_execution(machine.arn, json.dumps("x" * (MAX_PAYLOAD_BYTES - 1)))

    in_engine(work)


def test_an_endless_loop_ends_at_the_25_000th_event(execute):
    definition = {
        "StartAt": "A",
        "States": {
            "A": {"Type": "Pass", "Next": "B"},
            "B": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.go", "IsPresent": True, "Next": "A"}],
                "Default": "C",
            },
            "C": {"Type": "Succeed"},
        },
    }
    outcome = execute(definition, {"go": 1})
    assert len(outcome.history) == 25_000
    assert outcome.error == "States.Runtime"
    assert "maximum number of history events (25000)" in outcome.cause


def test_an_endless_express_loop_ends_with_its_time(execute):
    definition = {
        "StartAt": "A",
        "States": {
            "A": {"Type": "Wait", "Seconds": 1, "Next": "B"},
            "B": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.go", "IsPresent": True, "Next": "A"}],
                "Default": "C",
            },
            "C": {"Type": "Succeed"},
        },
    }
    assert execute(definition, {"go": 1}, type="EXPRESS").status == "TIMED_OUT"


def test_a_definition_may_have_one_mebibyte(in_engine):
    async def work(engine):
        text = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "Comment": "", "End": True}}})
        padding = 1_048_576 - len(text)
        fits = text.replace('"Comment": ""', f'"Comment": "{"x" * padding}"')
        assert engine.create_state_machine("m", fits, ROLE).name == "m"
        with pytest.raises(InvalidDefinition, match="larger than"):
            engine.create_state_machine("n", fits.replace('"xx', '"xxx'), ROLE)

    in_engine(work)


@pytest.mark.parametrize("depth", [100, 5_000, 200_000])
def test_a_definition_that_nests_deep_is_refused_or_taken_but_never_crashes(in_engine, depth):
    async def work(engine):
        text = (
            '{"StartAt":"A","States":{"A":{"Type":"Pass","End":true,"Result":'
            + "[" * depth
            + "]" * depth
            + "}}}"
        )
        try:
            machine = engine.create_state_machine("m", text, ROLE)
        except InvalidDefinition:
            assert depth > 100
        else:
            assert (
                await engine.wait_for_execution(engine.start_execution(machine.arn).arn)
            ).status == "SUCCEEDED"

    in_engine(work)


def test_an_input_that_nests_deep_is_refused_or_taken_but_never_crashes(in_engine):
    async def work(engine):
        definition = json.dumps(
            {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": 1, "ResultPath": "$.x", "End": True}}}
        )
        machine = engine.create_state_machine("m", definition, ROLE)
        for depth in (500, 900, 100_000):
            text = '{"a":' * depth + "1" + "}" * depth
            try:
                record = engine.start_execution(machine.arn, text)
            except InvalidExecutionInput:
                continue
            assert (await engine.wait_for_execution(record.arn)).status in ("SUCCEEDED", "FAILED")
        assert (
            await engine.wait_for_execution(engine.start_execution(machine.arn).arn)
        ).status == "SUCCEEDED"

    in_engine(work)


def test_an_expression_that_never_ends_is_stopped(execute):
    state = {
        "Type": "Pass",
        "QueryLanguage": "JSONata",
        "Output": "{% ($f := function($n) {$f($n + 1)}; $f(0)) %}",
    }
    started = time.perf_counter()
    assert execute(state).error == "States.QueryEvaluationError"
    assert time.perf_counter() - started < 10


def test_all_expressions_of_a_template_together_have_the_time_of_one(execute):
    slow = "{% ($f := function($n) {$n < 2 ? 1 : $f($n - 1) + $f($n - 2)}; $f(40)) %}"
    state = {
        "Type": "Pass",
        "QueryLanguage": "JSONata",
        "Output": [slow, slow, slow],
    }
    started = time.perf_counter()
    assert execute(state).error == "States.QueryEvaluationError"
    assert time.perf_counter() - started < 4


def test_states_that_evaluate_for_long_leave_room_for_others(in_engine):
    work_of_a_moment = "{% $sum([1..20000].($ * 2)) %}"
    names = [f"S{number}" for number in range(20)]
    states = {
        name: {"Type": "Pass", "Output": work_of_a_moment, "Next": after}
        for name, after in zip(names, [*names[1:], "End"], strict=True)
    }
    definition = {
        "QueryLanguage": "JSONata",
        "StartAt": "S0",
        "States": {**states, "End": {"Type": "Succeed"}},
    }

    async def work(engine):
        machine = engine.create_state_machine("m", json.dumps(definition), ROLE)
        execution = engine.start_execution(machine.arn)
        turns = 0
        while engine.describe_execution(execution.arn).status == "RUNNING":
            await asyncio.sleep(0)
            turns += 1
        return turns

    assert in_engine(work) >= 3


def test_a_history_does_not_grow_beyond_this_engines_bound(execute, monkeypatch):
    monkeypatch.setattr("statewright.engine.history.MAX_HISTORY_CHARACTERS", 1_000_000)
    definition = {
        "QueryLanguage": "JSONata",
        "StartAt": "A",
        "States": {
            "A": {"Type": "Pass", "Output": "{% $pad('', 100000, $string($random())) %}", "Next": "B"},
            "B": {"Type": "Choice", "Choices": [{"Condition": "{% true %}", "Next": "A"}], "Default": "C"},
            "C": {"Type": "Succeed"},
        },
    }
    outcome = execute(definition)
    assert outcome.error == "States.Runtime"
    assert "longer than 1000000 characters, which is the limit of this engine" in outcome.cause
    assert outcome.types[-1] == "ExecutionFailed"
    assert len(outcome.history) < 60


def test_an_output_may_nest_500_levels(execute):
    nested = {"f": lambda event, _: json.loads("[" * event + "]" * event)}
    task = {"Type": "Task", "Resource": ARN}
    assert execute(task, MAX_NESTING, functions=nested).status == "SUCCEEDED"
    outcome = execute(task, MAX_NESTING + 1, functions=nested)
    assert outcome.error == "States.Runtime"
    assert "The output of the state nests deeper than 500 levels" in outcome.cause


@pytest.mark.parametrize(
    "growing",
    [
        {"QueryLanguage": "JSONPath", "Parameters": {"deeper.$": "$"}},
        {"QueryLanguage": "JSONata", "Output": "{% {'deeper': $states.input} %}"},
    ],
)
def test_a_loop_that_nests_its_payload_ends_and_the_execution_is_kept(execute, growing):
    states = {
        "Grow": {"Type": "Pass", **growing, "Next": "Enough"},
        "Enough": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.enough", "IsPresent": True, "Next": "Done"}],
            "Default": "Grow",
        },
        "Done": {"Type": "Succeed"},
    }
    outcome = execute({"StartAt": "Grow", "States": states}, {})
    assert outcome.error == "States.Runtime"
    assert "nests deeper than 500 levels" in outcome.cause


@pytest.mark.parametrize("number", ["1e999", "-1e999"])
def test_a_number_that_no_double_holds_is_refused_where_it_comes_in(execute, number):
    with pytest.raises(InvalidDefinition, match=f"Number out of range: {number}"):
        execute(f'{{"StartAt": "A", "States": {{"A": {{"Type": "Pass", "Result": {number}, "End": true}}}}}}')
    with pytest.raises(InvalidExecutionInput, match=f"Number out of range: {number}"):
        load_input(f'{{"x": {number}}}')
    state = {"Type": "Pass", "Parameters": {"x.$": f"States.StringToJson('{number}')"}}
    assert execute(state, {}).error == "States.IntrinsicFailure"
    state = {"Type": "Pass", "QueryLanguage": "JSONata", "Output": f"{{% $parse('{number}') %}}"}
    assert execute(state, {}).error == "States.QueryEvaluationError"
