"""Catch."""

from __future__ import annotations

import pytest

ARN = "arn:aws:lambda:us-east-1:000000000000:function:f"


def boom(event, context):
    raise ValueError("no good")


def caught(catcher, *, language="JSONPath", after=None, **fields):
    task = {"Type": "Task", "Resource": ARN, "Catch": [{"Next": "After", **catcher}], "End": True, **fields}
    after = after or {"Type": "Pass"}
    return {"StartAt": "T", "QueryLanguage": language, "States": {"T": task, "After": {**after, "End": True}}}


def test_the_error_output_replaces_the_input(execute):
    outcome = execute(caught({"ErrorEquals": ["States.ALL"]}), {"a": 1}, functions={"f": boom})
    assert outcome.output["Error"] == "ValueError"
    assert "no good" in outcome.output["Cause"]
    assert outcome.types[4:7] == ["LambdaFunctionFailed", "TaskStateExited", "PassStateEntered"]


def test_a_result_path_keeps_the_input(execute):
    outcome = execute(
        caught({"ErrorEquals": ["ValueError"], "ResultPath": "$.e"}), {"a": 1}, functions={"f": boom}
    )
    assert outcome.output["a"] == 1
    assert outcome.output["e"]["Error"] == "ValueError"


def test_another_error_is_not_caught(execute):
    outcome = execute(caught({"ErrorEquals": ["KeyError"]}), functions={"f": boom})
    assert (outcome.status, outcome.error) == ("FAILED", "ValueError")


def test_retries_come_before_catch(execute):
    calls = []

    def count(event, context):
        calls.append(1)
        raise ValueError

    definition = caught(
        {"ErrorEquals": ["States.ALL"]}, Retry=[{"ErrorEquals": ["States.ALL"], "MaxAttempts": 2}]
    )
    assert execute(definition, functions={"f": count}).status == "SUCCEEDED"
    assert len(calls) == 3


def test_assign_in_catch_sets_variables_from_the_error(execute):
    catcher = {"ErrorEquals": ["States.ALL"], "Assign": {"failed.$": "$.Error"}, "ResultPath": None}
    after = {"Type": "Pass", "Parameters": {"failed.$": "$failed", "a.$": "$.a"}}
    outcome = execute(caught(catcher, after=after), {"a": 1}, functions={"f": boom})
    assert outcome.output == {"failed": "ValueError", "a": 1}


def test_jsonata_output_and_assign_see_the_error_output(execute):
    catcher = {
        "ErrorEquals": ["States.ALL"],
        "Assign": {"e": "{% $states.errorOutput.Error %}"},
        "Output": {"was": "{% $states.input.a %}"},
    }
    after = {"Type": "Pass", "Output": "{% [$states.input.was, $e] %}"}
    outcome = execute(caught(catcher, language="JSONata", after=after), {"a": 1}, functions={"f": boom})
    assert outcome.output == [1, "ValueError"]


def test_states_runtime_is_not_caught_by_any_name(execute):
    for errors in (["States.ALL"], ["States.Runtime"]):
        definition = caught({"ErrorEquals": errors}, OutputPath="$.gone")
        outcome = execute(definition, functions={"f": lambda event, _: {}})
        assert (outcome.status, outcome.error) == ("FAILED", "States.Runtime")


def test_a_failed_query_is_caught_as_any_error(execute):
    definition = caught(
        {"ErrorEquals": ["States.QueryEvaluationError"]}, language="JSONata", Output="{% $gone %}"
    )
    outcome = execute(definition, functions={"f": lambda event, _: {}})
    assert outcome.output["Error"] == "States.QueryEvaluationError"
    assert outcome.types.count("EvaluationFailed") == 1


def test_a_catcher_that_fails_fails_the_execution(execute):
    definition = caught({"ErrorEquals": ["States.ALL"], "Output": "{% $gone %}"}, language="JSONata")
    outcome = execute(definition, functions={"f": boom})
    assert outcome.error == "States.QueryEvaluationError"


def test_a_timeout_has_an_empty_cause(execute):
    async def never():
        import asyncio

        await asyncio.sleep(1000)

    class Slow:
        async def invoke(self, function, payload, *, invocation_type="RequestResponse", timeout=None):
            await never()

    definition = caught({"ErrorEquals": ["States.Timeout"]}, TimeoutSeconds=5)
    outcome = execute(definition, functions=Slow())
    assert outcome.output == {"Error": "States.Timeout", "Cause": ""}
    assert "LambdaFunctionTimedOut" in outcome.types


def test_the_first_catcher_that_fits_is_taken(execute):
    states = caught({"ErrorEquals": ["KeyError"]})
    rules = [
        {"ErrorEquals": ["KeyError"], "Next": "Wrong"},
        {"ErrorEquals": ["ValueError"], "Next": "After"},
        {"ErrorEquals": ["States.ALL"], "Next": "Wrong"},
    ]
    states["States"]["T"]["Catch"] = rules
    states["States"]["Wrong"] = {"Type": "Fail", "Error": "Wrong"}
    assert execute(states, functions={"f": boom}).states == ["T", "After"]


@pytest.mark.parametrize(
    ("path", "output"),
    [
        ("$", {"Error": "ValueError"}),
        ("$.e", {"a": 1, "e": {"Error": "ValueError"}}),
        ("$.x.y", {"a": 1, "x": {"y": {"Error": "ValueError"}}}),
        (None, {"a": 1}),
    ],
)
def test_the_result_path_says_where_the_error_goes(execute, path, output):
    definition = caught({"ErrorEquals": ["States.ALL"], "ResultPath": path})
    found = execute(definition, {"a": 1}, functions={"f": boom}).output
    for each in (found, found.get("e"), found.get("x", {}).get("y")):
        if isinstance(each, dict):
            each.pop("Cause", None)
    assert found == output


def test_output_path_and_result_selector_are_not_for_errors(execute):
    definition = caught(
        {"ErrorEquals": ["States.ALL"]}, OutputPath="$.gone", ResultSelector={"x.$": "$.gone"}
    )
    assert execute(definition, functions={"f": boom}).output["Error"] == "ValueError"


def test_a_result_path_that_does_not_fit_fails_the_execution(execute):
    definition = caught({"ErrorEquals": ["States.ALL"], "ResultPath": "$.a.b"})
    assert execute(definition, {"a": 1}, functions={"f": boom}).error == "States.ResultPathMatchFailure"


def test_the_states_assign_is_not_for_errors(execute):
    definition = caught({"ErrorEquals": ["States.ALL"]}, Assign={"x": 1})
    outcome = execute(definition, functions={"f": boom})
    assert "assignedVariables" not in outcome.event("TaskStateExited")


def test_the_exit_tells_what_the_catcher_assigned(execute):
    catcher = {"ErrorEquals": ["States.ALL"], "ResultPath": None, "Assign": {"e.$": "$.Error"}}
    left = execute(caught(catcher), {"a": 1}, functions={"f": boom}).event("TaskStateExited")
    assert left == {
        "name": "T",
        "output": '{"a": 1}',
        "outputDetails": {"truncated": False},
        "assignedVariables": {"e": '"ValueError"'},
        "assignedVariablesDetails": {"truncated": False},
    }


@pytest.mark.parametrize(
    ("catcher", "place"),
    [
        ({"ErrorEquals": ["E"], "Next": "Gone"}, "/0/Next"),
        ({"ErrorEquals": [], "Next": "After"}, "/0/ErrorEquals"),
        ({"ErrorEquals": ["States.ALL", "E"], "Next": "After"}, "/0/ErrorEquals"),
        ({"ErrorEquals": ["E"], "Next": "After", "End": True}, "/0"),
        ({"ErrorEquals": ["E"], "Next": "After", "ResultPath": "$.a[*]"}, "/0/ResultPath"),
    ],
)
def test_a_bad_catcher_is_refused_where_it_stands(refused, catcher, place):
    definition = caught({"ErrorEquals": ["E"]})
    definition["States"]["T"]["Catch"] = [catcher, {"ErrorEquals": ["F"], "Next": "After"}]
    assert f"/States/T/Catch{place}" in refused(definition)
