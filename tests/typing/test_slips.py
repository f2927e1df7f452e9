"""Slips that people make in definitions, and what is right though it looks like one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from statewright.typing.findings import is_one_slip

if TYPE_CHECKING:
    from collections.abc import Callable

    from statewright.typing.check import Checked

Json = Any

FUNCTION = "arn:aws:lambda:eu-west-1:000000000000:function:"
ROWS = {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"},
        "value": {"type": "number"}}, "required": ["name", "value"]}}  # fmt: skip
GIVEN = {
    "input": {
        "type": "object",
        "properties": {"rows": ROWS, "tags": {"type": "array", "items": {"type": "string"}}},
        "required": ["rows"],
    }
}


def _told(checked: Checked) -> set[tuple[str, str]]:
    return {(each.code, each.pointer) for each in checked.findings if each.severity != "note"}


def _output(check: Callable[..., Checked], expression: str, output: Json = None) -> set[str]:
    states = {"A": {"Type": "Pass", "Output": {"out": f"{{% {expression} %}}"}, "End": True}}
    machine = GIVEN if output is None else {**GIVEN, "output": {"properties": {"out": output}}}
    return {code for code, _ in _told(check(states, machine=machine))}


@pytest.mark.parametrize(
    "expression",
    [
        "$join($states.input.tags, ',') ? $join($states.input.tags, ',') : '-'",
        "$exists($states.input.rows[0]) ? $average($states.input.rows.value) : 0",
        "( $rows := $states.input.rows; $exists($rows[0]) ? $max($rows.value) : 0 )",
        "$sift($states.input, function($v, $k) { $k != 'tags' }).rows",
    ],
)
def test_what_has_been_asked_for_is_there(check: Callable[..., Checked], expression: str) -> None:
    assert _output(check, expression) == set()


@pytest.mark.parametrize(
    "expression",
    [
        "$join($states.input.tags, ',') ? $join($states.input.tags, ';') : '-'",
        "$exists($states.input.rows[0]) ? 0 : $average($states.input.rows.value)",
    ],
)
def test_what_else_has_been_asked_for_tells_nothing(check: Callable[..., Checked], expression: str) -> None:
    assert _output(check, expression) in ({"SW102"}, {"SW103"})


def test_a_member_that_sift_cannot_leave_is_a_slip(check: Callable[..., Checked]) -> None:
    assert _output(check, "$sift($states.input, function($v) { true }).row") == {"SW101"}


@pytest.mark.parametrize(
    ("asked", "call"),
    [("$x[0]", "$map($x, function($r) { $r.name })"), ("CALL", "$filter($x.name, $boolean)")],
)
def test_brackets_behind_a_call_keep_one_result_an_array(
    check: Callable[..., Checked], asked: str, call: str
) -> None:
    expression = f"( $x := $states.input.rows; $exists({asked}) ? CALL : [] )"
    names = {"type": "array", "items": {"type": "string"}}

    assert _output(check, expression.replace("CALL", f"{call}[]"), names) == set()
    assert _output(check, expression.replace("CALL", call), names) == {"SW111"}


def _calling(check: Callable[..., Checked], name: str) -> set[tuple[str, str]]:
    arguments = {"FunctionName": name, "Payload": {}}
    task = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "TimeoutSeconds": 9, "End": True}
    states = {"A": {**task, "Arguments": arguments}}
    return _told(check(states, functions={"price_order": {"input": {"type": "object"}}}))


@pytest.mark.parametrize("name", ["price_order", "price-order:prod", "price_invoice", "${PriceOrderArn}"])
def test_functions_that_may_well_be_meant(check: Callable[..., Checked], name: str) -> None:
    assert _calling(check, name if name.startswith("$") else FUNCTION + name) == set()


@pytest.mark.parametrize("name", ["price_oder", "prcie_order", "price_orders"])
def test_a_function_that_one_letter_parts_from_a_known_one(check: Callable[..., Checked], name: str) -> None:
    assert _calling(check, FUNCTION + name) == {("SW190", "/States/A/Arguments/FunctionName")}


@pytest.mark.parametrize("wrong", [":lamda:", ":functions:"])
def test_an_arn_that_is_none_of_a_function(check: Callable[..., Checked], wrong: str) -> None:
    part = ":lambda:" if wrong == ":lamda:" else ":function:"
    name = f"{FUNCTION}price_order".replace(part, wrong)
    assert _calling(check, name) == {("SW112", "/States/A/Arguments/FunctionName")}


def test_numbers_part_names_and_short_names_are_not_compared() -> None:
    assert not is_one_slip("step_1", "step_2")
    assert not is_one_slip("get", "set")
    assert not is_one_slip("book_car", "book_bus")
    assert is_one_slip("notify", "notfiy")


def _map(check: Callable[..., Checked], **parts: Json) -> set[tuple[str, str]]:
    state = {
        "Type": "Map", "MaxConcurrency": 5,
        "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {"InputType": "JSONL"},
                       "Arguments": {"Bucket": "b", "Key": "k"}},
        "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                          "StartAt": "One", "States": {"One": {"Type": "Pass", "End": True}}},
        "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Arguments": {"Bucket": "b"}},
        "End": True, **parts,
    }  # fmt: skip
    return _told(check({"A": state}))


@pytest.mark.parametrize(
    ("part", "wrong", "found"),
    [
        ("ItemReader", {"Resource": "arn:aws:states:::s3:getObjects", "Arguments": {"Bucket": "b"}}, "SW118"),
        ("ItemReader", {"Resource": "arn:aws:states:::s3:getObject", "Arguments": {"Key": "k"}}, "SW112"),
        ("ItemReader", {"Resource": "arn:aws:states:::s3:getObject"}, "SW112"),
        ("ResultWriter", {"Resource": "arn:aws:states::s3:putObject", "Arguments": {"Bucket": "b"}}, "SW118"),
        ("ResultWriter", {"Resource": "arn:aws:states:::s3:putObject", "Arguments": {"Key": "k"}}, "SW112"),
    ],
)
def test_where_a_map_reads_and_writes(
    check: Callable[..., Checked], part: str, wrong: Json, found: str
) -> None:
    assert _map(check) == set()
    assert {code for code, _ in _map(check, **{part: wrong})} == {found}


def test_a_message_to_nobody(check: Callable[..., Checked]) -> None:
    state = {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "TimeoutSeconds": 9, "End": True}

    assert _told(check({"A": {**state, "Arguments": {"Message": "x"}}})) == {("SW112", "/States/A/Arguments")}
    assert _told(check({"A": {**state, "Arguments": {"Message": "x", "PhoneNumber": "+1"}}})) == set()


def test_the_link_to_the_execution_that_starts_another_need_not_be_declared(
    check: Callable[..., Checked],
) -> None:
    link = "{% $states.context.Execution.Id %}"
    given = {"AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": link, "document": "d"}
    child = {"type": "object", "properties": {"document": {"type": "string"}}, "additionalProperties": False}

    def told(sent: Json) -> set[tuple[str, str]]:
        arguments = {"StateMachineArn": "${RenderArn}", "Input": sent}
        resource = "arn:aws:states:::states:startExecution.sync:2"
        state = {"Type": "Task", "Resource": resource, "Arguments": arguments, "TimeoutSeconds": 9}
        return _told(check({"A": {**state, "End": True}}, machines={"render": {"input": child}}))

    assert told(given) == set()
    assert {code for code, _ in told({**given, "paper": "A4"})} == {"SW116"}


def test_the_rules_of_a_choice_are_understood_in_the_results_of_branches(
    check: Callable[..., Checked],
) -> None:
    verdicts = {"type": "string", "enum": ["ok", "bad", "unsure"]}
    states = {
        "Both": {
            "Type": "Parallel",
            "Branches": [
                {"StartAt": "One", "States": {"One": {"Type": "Pass", "Result": 1, "End": True}}},
                {"StartAt": "Two", "States": {"Two": {"Type": "Pass", "End": True}}},
            ],
            "Next": "Which",
        },
        "Which": {
            "Type": "Choice",
            "Choices": [
                {"Variable": "$[1]", "StringEquals": "ok", "Next": "Done"},
                {"Variable": "$[1]", "StringEquals": "bad", "Next": "Done"},
            ],
        },
        "Done": {"Type": "Succeed"},
    }
    left = check(states, machine={"input": verdicts}, language="JSONPath")
    none = check(states, machine={"input": {"enum": ["ok", "bad"]}}, language="JSONPath")

    assert _told(left) == {("SW107", "/States/Which")}
    assert _told(none) == set()


@pytest.mark.parametrize(("service", "found"), [("states", {"SW118"}), ("sfn", set())])
def test_what_the_sdk_calls_step_functions(
    check: Callable[..., Checked], service: str, found: set[str]
) -> None:
    arguments = {"StateMachineArn": "${RenderArn}"}
    state = {"Type": "Task", "Resource": f"arn:aws:states:::aws-sdk:{service}:startExecution"}
    checked = check({"A": {**state, "Arguments": arguments, "TimeoutSeconds": 9, "End": True}})
    assert {code for code, _ in _told(checked)} == found
