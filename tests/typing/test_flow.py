"""Types along states: what is known where, state by state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from statewright.typing.rendering import show
from tests.typing.jsonata_expressions import record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from statewright.typing.check import Checked

Json = Any
TEXT = {"type": "string"}
COUNT = {"type": "integer", "minimum": 0}
INPUT = {
    "input": record(
        {"id": TEXT, "n": COUNT, "tags": {"type": "array", "items": TEXT}, "note": TEXT}, "id n tags"
    )
}
LAMBDA = "arn:aws:lambda:us-east-1:000000000000:function:"


def ends(**state: Json) -> dict[str, Json]:
    return {"Type": "Pass", "End": True, **state}


def codes(checked: Checked) -> list[str]:
    return [finding.code for finding in checked.findings if finding.severity != "note"]


def test_a_result_that_replaces_the_input_is_told_where_the_input_is_missed(
    check: Callable[..., Checked],
) -> None:
    states = {"Make": {"Type": "Pass", "Result": {"x": 1}, "Next": "Use"}, "Use": ends(InputPath="$.id")}

    (finding,) = check(states, machine=INPUT, language="JSONPath").findings

    assert finding.code == "SW101"
    assert finding.message == "$.id points to nothing: $ has x"


def test_a_result_beside_the_input_leaves_it(check: Callable[..., Checked]) -> None:
    states = {
        "Make": {"Type": "Pass", "Result": {"x": 1}, "ResultPath": "$.made.here", "Next": "Use"},
        "Use": ends(Parameters={"id.$": "$.id", "x.$": "$.made.here.x"}),
    }

    checked = check(states, machine=INPUT, language="JSONPath")

    assert codes(checked) == []
    assert show(checked.output) == "{id: string, x: 1}"


@pytest.mark.parametrize(("present", "expected"), [(True, []), (False, ["SW101"])])
def test_behind_is_present_an_optional_field_is_there(
    present: bool, expected: list[str], check: Callable[..., Checked]
) -> None:
    rule = {"Variable": "$.note", "IsPresent": present, "Next": "Use"}
    states = {
        "Ask": {"Type": "Choice", "Choices": [rule], "Default": "End"},
        "Use": ends(InputPath="$.note"),
        "End": ends(),
    }

    assert codes(check(states, machine=INPUT, language="JSONPath")) == expected


def test_a_sum_of_counts_in_a_loop_is_a_count(check: Callable[..., Checked]) -> None:
    states = {
        "Begin": {"Type": "Pass", "Assign": {"sum": 0}, "Next": "Add"},
        "Add": {"Type": "Pass", "Assign": {"sum": "{% $sum + $states.input.n %}"}, "Next": "Again"},
        "Again": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $sum < 100 %}", "Next": "Add"}],
            "Default": "Finish",
        },
        "Finish": ends(Output="{% $sum %}"),
    }

    checked = check(states, machine=INPUT)

    assert codes(checked) == []
    assert show(checked.output) == "integer ≥ 100"


def test_a_value_that_grows_in_a_loop_comes_to_an_end(check: Callable[..., Checked]) -> None:
    states = {
        "Wrap": {"Type": "Pass", "Parameters": {"inner.$": "$"}, "Next": "Again"},
        "Again": {
            "Type": "Choice",
            "Choices": [{"Variable": "$$.State.Name", "StringEquals": "x", "Next": "Wrap"}],
            "Default": "Wrap2",
        },
        "Wrap2": {"Type": "Pass", "Next": "Third"},
        "Third": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.inner", "IsNull": True, "Next": "Wrap"}],
            "Default": "End",
        },
        "End": ends(),
    }

    assert check(states, machine=INPUT, language="JSONPath").output.shapes


def test_a_map_gives_an_array_as_long_as_its_items(check: Callable[..., Checked]) -> None:
    inner = {"StartAt": "Inner", "States": {"Inner": ends(Output="{% $length($states.input) %}")}}
    states = {"Map": {"Type": "Map", "Items": ["a", "b"], "ItemProcessor": inner, "End": True}}

    checked = check(states)

    assert codes(checked) == []
    assert checked.output.shapes[0].low == checked.output.shapes[0].high == 2  # type: ignore[union-attr]
    assert show(checked.output) == "array of integer ≥ 0"


def test_parallel_gives_one_item_a_branch(check: Callable[..., Checked]) -> None:
    branches = [
        {"StartAt": "One", "States": {"One": ends(Output="{% $states.input.id %}")}},
        {"StartAt": "Two", "States": {"Two": ends(Output="{% $states.input.n %}")}},
    ]
    states = {
        "Both": {"Type": "Parallel", "Branches": branches, "Next": "Use"},
        "Use": ends(Output="{% $states.input[1] + 1 %}"),
    }

    checked = check(states, machine=INPUT)

    assert show(checked.entries["Use"].input) == "[string, integer ≥ 0]"
    assert show(checked.output) == "integer ≥ 1"


def test_a_branch_that_cannot_end_well_ends_the_way(check: Callable[..., Checked]) -> None:
    branches = [{"StartAt": "Bad", "States": {"Bad": {"Type": "Fail", "Error": "Never"}}}]
    states = {"Both": {"Type": "Parallel", "Branches": branches, "Next": "Use"}, "Use": ends()}

    assert "Use" not in check(states, machine=INPUT).entries


def test_a_catch_gives_error_and_cause_and_keeps_the_input_beside_them(check: Callable[..., Checked]) -> None:
    task = {
        "Type": "Task",
        "Resource": LAMBDA + "work",
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.failure", "Next": "Tell"}],
        "End": True,
    }
    states = {"Work": task, "Tell": ends(Parameters={"id.$": "$.id", "why.$": "$.failure.Error"})}

    assert codes(check(states, machine=INPUT, language="JSONPath")) == []

    task["Catch"][0].pop("ResultPath")
    assert codes(check(states, machine=INPUT, language="JSONPath")) == ["SW101", "SW101"]


def test_variables_and_output_of_one_answer_are_taken_together(check: Callable[..., Checked]) -> None:
    answers = [
        record({"kind": {"const": "found"}, "item": record({"id": TEXT}, "id")}, "kind item"),
        record({"kind": {"const": "none"}, "item": {"type": "null"}}, "kind item"),
    ]
    states = {
        "Find": {
            "Type": "Task",
            "Resource": LAMBDA + "find",
            "Assign": {"item": "{% $states.result.item %}"},
            "Next": "WasFound",
        },
        "WasFound": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $states.input.kind = 'found' %}", "Next": "Use"}],
            "Default": "End",
        },
        "Use": ends(Output="{% $item.id %}"),
        "End": ends(),
    }

    assert codes(check(states, machine=INPUT, functions={"find": {"output": {"anyOf": answers}}})) == []


def test_nested_executions_have_the_types_of_the_machine_that_they_start(
    check: Callable[..., Checked],
) -> None:
    start = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Arguments": {"StateMachineArn": "${ShipArn}", "Input": {"id": "{% $states.input.id %}"}},
        "Output": "{% $states.result.Output.parcel %}",
        "End": True,
    }
    ship = {"input": record({"id": TEXT}, "id"), "output": record({"parcel": COUNT}, "parcel")}

    checked = check({"Start": start}, machine=INPUT, machines={"ship": ship})

    assert codes(checked) == []
    assert show(checked.output) == "integer ≥ 0"


def test_answers_of_services_have_the_names_of_their_model(check: Callable[..., Checked]) -> None:
    get = {
        "Type": "Task",
        "Resource": "arn:aws:states:::dynamodb:getItem",
        "Arguments": {"TableName": "${Table}", "Key": {"id": {"S": "{% $states.input.id %}"}}},
        "Output": "{% $states.result.Item.name.S %}",
        "End": True,
    }
    assert codes(check({"Get": get}, machine=INPUT)) == []
    get["Output"] = "{% $states.result.Items %}"
    assert codes(check({"Get": get}, machine=INPUT)) == ["SW101"]
    get["Output"] = "{% $states.result.Item.name.X %}"
    assert codes(check({"Get": get}, machine=INPUT)) == ["SW101"]


@pytest.mark.parametrize(
    ("member", "value", "code"),
    [
        ("Tablename", "t", "SW112"),
        ("ReturnConsumedCapacity", "MUCH", "SW112"),
        ("ConsistentRead", "yes", "SW112"),
    ],
)
def test_arguments_of_services_are_held_against_their_model(
    member: str, value: Json, code: str, check: Callable[..., Checked]
) -> None:
    arguments = {"TableName": "t", "Key": {"id": {"S": "1"}}, member: value}
    get = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:dynamodb:getItem",
        "Arguments": arguments,
        "End": True,
    }

    assert codes(check({"Get": get})) == [code]


@pytest.mark.parametrize(("mode", "expected"), [("INLINE", []), ("DISTRIBUTED", ["SW120"])])
def test_the_children_of_a_distributed_map_see_no_variable_of_outside(
    mode: str, expected: list[str], check: Callable[..., Checked]
) -> None:
    config = {"Mode": mode} | ({"ExecutionType": "STANDARD"} if mode == "DISTRIBUTED" else {})
    inner = {"ProcessorConfig": config, "StartAt": "Inner", "States": {"Inner": ends(Output="{% $v %}")}}
    states = {
        "Begin": {"Type": "Pass", "Assign": {"v": 1}, "Next": "Map"},
        "Map": {"Type": "Map", "Items": "{% $states.input.tags %}", "ItemProcessor": inner, "End": True},
    }

    assert codes(check(states, machine=INPUT)) == expected


def test_batches_hold_items_and_what_they_share(check: Callable[..., Checked]) -> None:
    config = {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}
    inner = {
        "ProcessorConfig": config,
        "StartAt": "Inner",
        "States": {"Inner": ends(Output="{% $states.input.BatchInput.id & $states.input.Items[0] %}")},
    }
    states = {
        "Map": {
            "Type": "Map",
            "Items": "{% $states.input.tags %}",
            "ItemBatcher": {"MaxItemsPerBatch": 5, "BatchInput": {"id": "{% $states.input.id %}"}},
            "ItemProcessor": inner,
            "End": True,
        }
    }

    checked = check(states, machine=INPUT)

    assert codes(checked) == []
    assert show(checked.output) == "array of string"


def test_a_finding_says_what_flows_what_is_wanted_and_where_it_came_from(
    check: Callable[..., Checked],
) -> None:
    call = {
        "Type": "Task",
        "Resource": LAMBDA + "take",
        "Arguments": {"order": {"amount": "{% $amount %}"}},
        "End": True,
    }
    states = {
        "Begin": {"Type": "Pass", "Assign": {"amount": "{% $states.input.id %}"}, "Next": "Call"},
        "Call": call,
    }
    take: Mapping[str, Json] = {"input": record({"order": record({"amount": COUNT}, "amount")}, "order")}

    found = check(states, machine=INPUT, functions={"take": take}).findings
    (finding,) = (each for each in found if each.severity != "note")

    assert finding.code == "SW110"
    assert finding.pointer == "/States/Call/Arguments/order/amount"
    assert (finding.expected, finding.actual) == ("integer ≥ 0", "string")
    assert finding.difference == "order.amount: a string where a number is wanted"
    assert finding.origin == (
        ("the machine's input (statemachines/machine.json)", "$amount, assigned in Begin"),
    )
