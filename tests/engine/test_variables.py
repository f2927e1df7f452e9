"""Variables: Assign, and where their values are seen."""

from __future__ import annotations

ARN = "arn:aws:lambda:us-east-1:000000000000:function:f"


def test_a_variable_is_seen_in_later_states_of_both_languages(execute, chain):
    definition = chain(
        {"Type": "Pass", "Assign": {"x.$": "$.a", "fixed": [1, "{% no %}"]}},
        {"Type": "Pass", "Parameters": {"x.$": "$x", "fixed.$": "$fixed[1]"}},
        {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% [$x, $states.input] %}"},
    )
    assert execute(definition, {"a": 7}).output == [7, {"x": 7, "fixed": "{% no %}"}]


def test_the_exit_event_tells_what_was_assigned(execute):
    outcome = execute({"Type": "Pass", "Assign": {"x": {"a": 1}, "y": "t"}})
    details = outcome.event("PassStateExited")
    assert details["assignedVariables"] == {"x": '{"a":1}', "y": '"t"'}
    assert details["assignedVariablesDetails"] == {"truncated": False}


def test_all_values_are_those_of_the_states_begin(execute, chain):
    definition = chain(
        {"Type": "Pass", "Assign": {"a": 1, "b": 2}},
        {"Type": "Pass", "Assign": {"a.$": "$b", "b.$": "$a"}},
        {"Type": "Pass", "Parameters": {"a.$": "$a", "b.$": "$b"}},
    )
    assert execute(definition).output == {"a": 2, "b": 1}


def test_jsonata_assign_and_output_are_independent(execute, chain):
    definition = chain(
        {"Type": "Pass", "Assign": {"n": 1}, "Output": "{% $states.input %}"},
        {"Type": "Pass", "Assign": {"n": "{% $n + 1 %}"}, "Output": "{% $n %}"},
        QueryLanguage="JSONata",
    )
    assert execute(definition).output == 1


def test_a_task_assigns_from_its_result(execute, chain):
    definition = chain(
        {"Type": "Task", "Resource": ARN, "Assign": {"r.$": "$.x"}, "ResultPath": None},
        {"Type": "Pass", "Parameters": {"r.$": "$r", "kept.$": "$.kept"}},
    )
    outcome = execute(definition, {"kept": 1}, functions={"f": lambda event, _: {"x": 9}})
    assert outcome.output == {"r": 9, "kept": 1}


def test_an_unknown_variable_is_an_error_with_its_name(execute):
    outcome = execute({"Type": "Pass", "Parameters": {"x.$": "$gone.a"}})
    assert outcome.error == "States.Runtime"
    assert "$gone" in outcome.cause


def test_iterations_do_not_see_each_others_variables(execute, chain):
    processor = {
        "StartAt": "Set",
        "States": {
            "Set": {"Type": "Pass", "Assign": {"mine.$": "$"}, "Next": "Get"},
            "Get": {"Type": "Pass", "Parameters": {"mine.$": "$mine", "outer.$": "$outer"}, "End": True},
        },
    }
    definition = chain({"Type": "Pass", "Assign": {"outer": 5}}, {"Type": "Map", "ItemProcessor": processor})
    assert execute(definition, [1, 2]).output == [{"mine": 1, "outer": 5}, {"mine": 2, "outer": 5}]


def test_a_value_above_256_kib_is_refused(execute):
    state = {"Type": "Pass", "QueryLanguage": "JSONata", "Assign": {"x": "{% $join([1..60000].('abcde')) %}"}}
    assert execute(state).error == "States.DataLimitExceeded"
