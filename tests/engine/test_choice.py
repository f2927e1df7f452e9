"""Choice states."""

from __future__ import annotations

import time

import pytest

from statewright.engine.states.choice import compare


def choose(*rules, default=True, **fields):
    states = {"Choose": {"Type": "Choice", "Choices": list(rules), **fields}}
    if default:
        states["Choose"]["Default"] = "No"
        states["No"] = {"Type": "Pass", "Result": "no", "End": True}
    states["Yes"] = {"Type": "Pass", "Result": "yes", "End": True}
    return {"StartAt": "Choose", "States": states}


def yes(**rule):
    return {**rule, "Next": "Yes"}


@pytest.mark.parametrize(
    ("operator", "value", "operand", "expected"),
    [
        ("StringEquals", "a", "a", True),
        ("StringEquals", 1, "1", False),
        ("StringLessThan", "a", "b", True),
        ("NumericEquals", 1, 1.0, True),
        ("NumericEquals", True, 1, False),
        ("NumericGreaterThanEquals", 2, 2, True),
        ("BooleanEquals", True, True, True),
        ("BooleanEquals", "true", True, False),
        ("TimestampEquals", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", True),
        ("TimestampLessThan", "no time", "2026-01-01T00:00:00Z", False),
        ("StringMatches", "log-7.txt", "log-*.txt", True),
        ("StringMatches", "a*b", r"a\*b", True),
        ("StringMatches", "axb", r"a\*b", False),
        ("StringMatches", "a\nb", "a*b", True),
        ("StringMatches", "ab", "a*b*c", False),
        ("StringMatches", "aXbXc", "a*b*c", True),
    ],
)
def test_an_operator_compares_values_of_its_own_type_only(operator, value, operand, expected):
    assert compare(operator, value, operand) is expected


def test_given_a_hostile_pattern_matching_ends_at_once():
    started = time.perf_counter()
    assert compare("StringMatches", "a" * 5_000, "*a" * 30 + "b") is False
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize(
    ("rule", "value", "expected"),
    [
        ({"Variable": "$.a", "IsPresent": True}, {"a": None}, "yes"),
        ({"Variable": "$.a", "IsPresent": False}, {}, "yes"),
        ({"Variable": "$.a", "IsNull": True}, {"a": None}, "yes"),
        ({"Variable": "$.a", "IsNumeric": False}, {"a": "1"}, "yes"),
        ({"Variable": "$.a", "IsTimestamp": True}, {"a": "2026-01-01T00:00:00Z"}, "yes"),
        ({"Variable": "$.a", "NumericEqualsPath": "$.b"}, {"a": 1, "b": 1}, "yes"),
        ({"Not": {"Variable": "$.a", "StringEquals": "x"}}, {"a": "y"}, "yes"),
        (
            {"And": [{"Variable": "$.a", "IsPresent": True}, {"Variable": "$.a", "NumericLessThan": 0}]},
            {},
            "no",
        ),
        (
            {"Or": [{"Variable": "$.a", "NumericLessThan": 0}, {"Variable": "$.a", "NumericEquals": 1}]},
            {"a": 1},
            "yes",
        ),
    ],
)
def test_a_rule_decides_where_the_machine_goes(execute, rule, value, expected):
    assert execute(choose(yes(**rule)), value).output == expected


def test_given_several_true_rules_the_first_one_wins(execute):
    definition = choose(
        yes(Variable="$.a", IsPresent=True), {"Variable": "$.a", "IsPresent": True, "Next": "No"}
    )
    assert execute(definition, {"a": 1}).output == "yes"


def test_given_a_variable_that_points_nowhere_the_execution_fails(execute):
    outcome = execute(choose(yes(Variable="$.a", NumericEquals=1)), {})
    assert outcome.error == "States.Runtime"
    assert outcome.cause.endswith(
        "Invalid path '$.a': The choice state's condition path references an invalid value."
    )


def test_given_no_true_rule_and_no_default_nothing_matches(execute):
    outcome = execute(choose(yes(Variable="$.a", NumericEquals=1), default=False), {"a": 2})
    assert outcome.error == "States.NoChoiceMatched"


def test_given_jsonata_a_condition_is_an_expression(execute):
    definition = choose(yes(Condition="{% $states.input.a > 1 %}"), QueryLanguage="JSONata")
    assert execute(definition, {"a": 2}).output == "yes"
    assert execute(definition, {"a": 1}).output == "no"


def test_given_a_jsonata_condition_that_is_no_boolean_the_evaluation_fails(execute):
    outcome = execute(choose(yes(Condition="{% 1 %}"), QueryLanguage="JSONata"), {})
    assert outcome.error == "States.QueryEvaluationError"
    assert "Expected 'boolean', but was 'number' for value: 1" in outcome.cause


def test_given_a_rule_with_output_and_assign_they_replace_the_states_own(execute):
    rule = {
        "Condition": "{% true %}",
        "Assign": {"v": "rule"},
        "Output": {"from": "rule"},
        "Next": "Yes",
    }
    definition = choose(rule, QueryLanguage="JSONata", Assign={"v": "state"}, Output={"from": "state"})
    definition["States"]["Yes"] = {
        "Type": "Pass",
        "QueryLanguage": "JSONata",
        "Output": "{% [$states.input.from, $v] %}",
        "End": True,
    }
    assert execute(definition, {}).output == ["rule", "rule"]
