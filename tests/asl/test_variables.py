"""Variables that no way through a machine assigns are warned of, where they are referred to."""

from __future__ import annotations

import json
import tracemalloc

import pytest

from statewright import asl

DONE = {"Type": "Succeed"}


def warned(states, start="A", **machine):
    """Give pointer and variable of each warning; there must be no error."""
    found = asl.diagnose(json.dumps({"StartAt": start, "States": states, **machine}))
    assert all((each.severity, each.code) == ("WARNING", "UNDEFINED_VARIABLE") for each in found), found
    return [(each.pointer, each.message.split("'")[1]) for each in found]


def a_pass(**fields):
    return {"Type": "Pass", "Next": "Z", **fields}


def jsonata(**fields):
    return a_pass(QueryLanguage="JSONata", **fields)


@pytest.mark.parametrize(
    ("state", "pointer"),
    [
        (a_pass(InputPath="$x.a"), "/States/A/InputPath"),
        (a_pass(Parameters={"a": {"b.$": "$x"}}), "/States/A/Parameters"),
        (a_pass(Parameters={"b.$": "States.Format('{}', $x.y)"}), "/States/A/Parameters"),
        (a_pass(Assign={"y.$": "$x"}), "/States/A/Assign"),
        (jsonata(Output={"a": ["{% $x.b %}"]}), "/States/A/Output/a/0"),
        (jsonata(Assign={"y": "{% $x + 1 %}"}), "/States/A/Assign/y"),
        ({"Type": "Wait", "SecondsPath": "$x", "Next": "Z"}, "/States/A/SecondsPath"),
        (
            {"Type": "Wait", "QueryLanguage": "JSONata", "Seconds": "{% $x %}", "Next": "Z"},
            "/States/A/Seconds",
        ),
        (
            {"Type": "Choice", "Choices": [{"Variable": "$x", "IsNull": True, "Next": "Z"}], "Default": "Z"},
            "/States/A/Choices/0",
        ),
        (
            {
                "Type": "Choice",
                "Choices": [{"Not": {"Variable": "$.a", "StringEqualsPath": "$x"}, "Next": "Z"}],
                "Default": "Z",
            },
            "/States/A/Choices/0/Not",
        ),
    ],
)
def test_a_reference_to_what_nothing_assigns_is_warned_of_where_it_stands(state, pointer):
    assert warned({"A": state, "Z": DONE}) == [(pointer, "$x")]


def test_a_machine_with_warnings_is_a_machine():
    text = json.dumps({"StartAt": "A", "States": {"A": a_pass(InputPath="$x"), "Z": DONE}})
    assert asl.parse(text).flow.start_at == "A"


def test_a_state_does_not_see_what_it_assigns_itself_before_it_is_left():
    state = jsonata(Assign={"x": 1}, Output="{% $x %}")
    assert warned({"A": state, "Z": DONE}) == [("/States/A/Output", "$x")]


def test_what_one_of_several_ways_assigns_may_be_there():
    choice = {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": True, "Next": "B"}], "Default": "Z"}
    states = {
        "A": choice,
        "B": a_pass(Assign={"x": 1}),
        "Z": {"Type": "Pass", "InputPath": "$x", "End": True},
    }
    assert warned(states) == []


def test_what_is_assigned_later_is_not_there_yet_but_in_a_loop():
    first = a_pass(InputPath="$x", Next="B")
    assert warned({"A": first, "B": a_pass(Assign={"x": 1}), "Z": DONE}) == [("/States/A/InputPath", "$x")]
    loop = {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": True, "Next": "A"}], "Default": "Z"}
    states = {"A": first, "B": a_pass(Assign={"x": 1}, Next="C"), "C": loop, "Z": DONE}
    assert warned(states) == []


def test_rules_and_catchers_assign_too():
    rule = {"Variable": "$.a", "IsNull": True, "Next": "Z", "Assign": {"x": 1}}
    choice = {"Type": "Choice", "Choices": [rule], "Default": "Z"}
    last = {"Type": "Pass", "InputPath": "$x", "End": True}
    assert warned({"A": choice, "Z": last}) == []
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Z", "Assign": {"x": 1}}],
        "End": True,
    }
    assert warned({"A": task, "Z": last}) == []


def test_asking_whether_a_variable_is_present_is_no_mistake():
    rule = {"Variable": "$x", "IsPresent": True, "Next": "Z"}
    assert warned({"A": {"Type": "Choice", "Choices": [rule], "Default": "Z"}, "Z": DONE}) == []


def a_map(mode):
    inner = {"StartAt": "I", "States": {"I": {"Type": "Pass", "Parameters": {"a.$": "$x"}, "End": True}}}
    config = {"Mode": mode} | ({"ExecutionType": "STANDARD"} if mode == "DISTRIBUTED" else {})
    return {"Type": "Map", "ItemProcessor": {"ProcessorConfig": config, **inner}, "Next": "Z"}


def test_inner_flows_see_variables_from_around_them_but_not_the_children_of_a_distributed_map():
    first = a_pass(Assign={"x": 1}, Next="M")
    assert warned({"A": first, "M": a_map("INLINE"), "Z": DONE}) == []
    pointer = "/States/M/ItemProcessor/States/I/Parameters"
    assert warned({"A": first, "M": a_map("DISTRIBUTED"), "Z": DONE}) == [(pointer, "$x")]


def test_what_an_inner_flow_assigns_ends_with_it():
    inner = {"StartAt": "I", "States": {"I": {"Type": "Pass", "Assign": {"x": 1}, "End": True}}}
    parallel = {"Type": "Parallel", "Branches": [inner], "Next": "Z"}
    states = {"A": parallel, "Z": {"Type": "Pass", "InputPath": "$x", "End": True}}
    assert warned(states) == [("/States/Z/InputPath", "$x")]


def test_names_that_jsonata_itself_binds_are_no_variables():
    output = (
        "{% ($y := 1; $sum([1,2].($y * $)) + $count($states.input) + $map([1], function($v) { $v })[0]) %}"
    )
    assert warned({"A": jsonata(Output=output), "Z": DONE}) == []


def test_a_machine_of_many_assignments_is_looked_into_in_little_time_and_memory():
    states = {f"S{i}": {"Type": "Pass", "Assign": {f"v{i}": i}, "Next": f"S{i + 1}"} for i in range(4_000)}
    last = {"Type": "Pass", "Parameters": {"a.$": "$v0", "b.$": "$v3999", "c.$": "$v4000"}, "End": True}
    tracemalloc.start()
    assert warned({**states, "S4000": last}, start="S0") == [("/States/S4000/Parameters", "$v4000")]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100_000_000
