"""Choice states."""

from __future__ import annotations

import operator
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


def test_the_history_tells_entry_exit_and_the_rules_variables(execute):
    definition = choose(yes(Variable="$.a", IsPresent=True, Assign={"x.$": "$.a"}))
    assert execute(definition, {"a": 1}).told[1:3] == [
        (2, 0, "ChoiceStateEntered", {"name": "Choose", "input": '{"a": 1}'}),
        (
            3,
            2,
            "ChoiceStateExited",
            {"name": "Choose", "output": '{"a": 1}', "assignedVariables": {"x": "1"}},
        ),
    ]


def test_a_choice_without_a_match_is_entered_and_never_left(execute):
    outcome = execute(choose(yes(Variable="$.a", NumericEquals=1), default=False), {"a": 2})
    assert [each[:3] for each in outcome.told[1:]] == [
        (2, 0, "ChoiceStateEntered"),
        (3, 2, "ExecutionFailed"),
    ]


ORDERS = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
}
PAIRS = {
    "String": ("a", "b"),
    "Numeric": (1, 2),
    "Timestamp": ("2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"),
}


@pytest.mark.parametrize("kind", PAIRS)
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("form", ["", "Path"])
def test_every_order_holds_for_every_type_with_values_and_paths(execute, kind, order, form):
    low, high = PAIRS[kind]
    for left, right in ((low, low), (low, high), (high, low)):
        operand = "$.right" if form else right
        rule = yes(Variable="$.left", **{f"{kind}{order}{form}": operand})
        outcome = execute(choose(rule), {"left": left, "right": right})
        assert outcome.output == ("yes" if ORDERS[order](left, right) else "no")


@pytest.mark.parametrize("value", [None, "a", 1, True, "2026-01-01T00:00:00Z", [], {}])
def test_the_tests_of_type_tell_each_type_from_the_others(execute, value):
    held = set()
    for name in ("IsNull", "IsString", "IsNumeric", "IsBoolean", "IsTimestamp", "IsPresent"):
        if execute(choose(yes(Variable="$.a", **{name: True})), {"a": value}).output == "yes":
            held.add(name)
    wanted = {
        "a": {"IsString"},
        "2026-01-01T00:00:00Z": {"IsString", "IsTimestamp"},
    }.get(str(value), set())
    wanted |= {"IsNull"} if value is None else set()
    wanted |= {"IsNumeric"} if value is not True and isinstance(value, int) else set()
    wanted |= {"IsBoolean"} if value is True else set()
    assert held == {"IsPresent", *wanted}


def test_boolean_equals_path_compares_with_what_the_path_finds(execute):
    rule = yes(Variable="$.a", BooleanEqualsPath="$.b")
    assert execute(choose(rule), {"a": False, "b": False}).output == "yes"
    assert execute(choose(rule), {"a": False, "b": "false"}).output == "no"


def test_variables_and_the_context_object_can_be_compared(execute, chain):
    rules = [{"And": [{"Variable": "$x", "NumericEquals": 5}, context_rule()], "Next": "C"}]
    definition = chain(
        {"Type": "Pass", "Assign": {"x": 5}},
        {"Type": "Choice", "Choices": rules},
        {"Type": "Pass", "Result": "both"},
    )
    assert execute(definition).output == "both"


def context_rule():
    return {"Variable": "$$.State.Name", "StringEquals": "B"}


def test_the_states_assign_is_for_the_default_alone(execute):
    definition = choose(yes(Variable="$.a", IsPresent=True), Assign={"from": "default"})
    assert "assignedVariables" not in execute(definition, {"a": 1}).event("ChoiceStateExited")
    left = execute(definition, {}).event("ChoiceStateExited")
    assert left["assignedVariables"] == {"from": '"default"'}


def test_the_states_output_is_for_the_default_and_for_rules_without_one(execute):
    rule = yes(Condition="{% $states.input.a = 1 %}")
    definition = choose(rule, QueryLanguage="JSONata", Output={"of": "state"})
    definition["States"]["Yes"] = {"Type": "Succeed"}
    definition["States"]["No"] = {"Type": "Succeed"}
    assert execute(definition, {"a": 1}).output == {"of": "state"}
    assert execute(definition, {"a": 2}).output == {"of": "state"}


def test_a_condition_may_be_a_literal_boolean(execute):
    definition = choose(yes(Condition=True), QueryLanguage="JSONata")
    assert execute(definition, {}).output == "yes"


@pytest.mark.parametrize(
    ("rule", "place"),
    [
        ({"Variable": "$.a", "StringEquals": 1, "Next": "Yes"}, "/Choices/0/StringEquals"),
        ({"Variable": "$.a", "TimestampEquals": "soon", "Next": "Yes"}, "/Choices/0/TimestampEquals"),
        ({"Variable": "$.a", "IsNull": True, "IsString": True, "Next": "Yes"}, "/Choices/0"),
        ({"Variable": "$.a", "Next": "Yes"}, "/Choices/0"),
        ({"And": [], "Next": "Yes"}, "/Choices/0/And"),
        ({"Condition": "{% true %}", "Next": "Yes"}, "/Choices/0/Condition"),
    ],
)
def test_a_bad_rule_is_refused_where_it_stands(refused, rule, place):
    definition = choose(rule, yes(Variable="$.a", IsNull=True))
    assert f"/States/Choose{place}" in refused(definition)


@pytest.mark.parametrize("field", ["Next", "End", "ResultPath", "Retry", "Catch", "Parameters"])
def test_a_field_that_it_does_not_have_is_refused_by_name(refused, field):
    definition = choose(yes(Variable="$.a", IsNull=True), **{field: {}})
    assert f"Field '{field}' is not supported" in refused(definition)["/States/Choose"]
