"""What troubles those who run a machine: timeouts, loops, retries, sizes, Maps, names, permissions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from statewright.typing.iam import RolesError, check_permissions, read_roles
from statewright.typing.sizes import size_within_reach
from tests.typing.jsonata_expressions import record

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from statewright.typing.check import Checked

Json = Any
DONE = {"Type": "Succeed"}


def call(**more: Json) -> Json:
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": "${PriceArn}", "Payload": {}},
        **more,
    }
    return task if "Next" in task else {**task, "End": True}


def told(checked: Checked, code: str) -> list[tuple[str, str]]:
    return [(each.severity, each.pointer) for each in checked.findings if each.code == code]


def test_given_no_task_with_a_timeout_one_note_tells_of_all(check: Callable[..., Checked]) -> None:
    checked = check({"A": call(Next="B"), "B": call(Next="C"), "C": call()})
    assert told(checked, "SW201") == [("note", "/States/A")]


def test_given_most_tasks_with_a_timeout_the_one_without_is_a_warning(check: Callable[..., Checked]) -> None:
    timed = {"TimeoutSeconds": 30}
    checked = check({"A": call(**timed, Next="B"), "B": call(Next="C"), "C": call(**timed)})
    assert told(checked, "SW201") == [("warning", "/States/B")]


@pytest.mark.parametrize(("seconds", "is_told"), [(59, True), (60, False), (180, False), (181, True)])
def test_a_task_waits_as_long_as_its_function_may_run_and_not_much_longer(
    seconds: int, is_told: bool, check: Callable[..., Checked]
) -> None:
    pipeline = {"name": "shop", "functions": {"price": {"timeout_seconds": 60}}}
    checked = check({"A": call(TimeoutSeconds=seconds)}, pipeline=pipeline)
    assert bool(told(checked, "SW203")) is is_told


def test_in_an_express_execution_a_long_function_is_not_asked_about(check: Callable[..., Checked]) -> None:
    pipeline = {
        "name": "shop",
        "functions": {"price": {"timeout_seconds": 840}},
        "state_machines": {"machine": {"definition": "m", "type": "EXPRESS"}},
    }
    assert told(check({"A": call(TimeoutSeconds=280)}, pipeline=pipeline), "SW203") == []


def test_a_loop_by_catch_that_nothing_counts_is_told_and_one_with_a_counter_is_not(
    check: Callable[..., Checked],
) -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "Output": "{% $states.input %}", "Next": "W"}]
    wait = {"Type": "Wait", "Seconds": 9}
    endless = {"A": call(Catch=catch), "W": {**wait, "Next": "A"}}
    counted = {
        "Z": {"Type": "Pass", "Assign": {"n": 0}, "Next": "A"},
        "A": call(Catch=[{**catch[0], "Assign": {"n": "{% $n + 1 %}"}}]),
        "W": {**wait, "Next": "C"},
        "C": {"Type": "Choice", "Choices": [{"Condition": "{% $n < 3 %}", "Next": "A"}], "Default": "F"},
        "F": {"Type": "Fail"},
    }
    assert told(check(endless), "SW207") == [("warning", "/States/A")]
    assert told(check(counted), "SW207") == []


def test_a_loop_that_asks_the_clock_ends(check: Callable[..., Checked]) -> None:
    states = {
        "C": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $now() > '2030' %}", "Next": "D"}],
            "Default": "W",
        },
        "W": {"Type": "Wait", "Seconds": 60, "Next": "C"},
        "D": DONE,
    }
    assert told(check(states), "SW207") == []


def test_sizes_are_those_that_bounds_allow_and_what_has_no_bound_is_small(
    check: Callable[..., Checked],
) -> None:
    text = {"type": "string", "maxLength": 1000}
    lines = {"type": "array", "items": text, "maxItems": 200}
    bounded, unbounded = record({"lines": lines}, "lines"), record({"lines": {"type": "array"}}, "lines")
    twice = {"A": {"Type": "Pass", "Output": ["{% $states.input %}", "{% $states.input %}"], "End": True}}

    assert told(check(twice, machine={"input": bounded}), "SW204") == [("warning", "/States/A")]
    assert told(check(twice, machine={"input": unbounded}), "SW204") == []
    output = check({"A": DONE}, machine={"input": bounded}).output
    assert size_within_reach(output) == len('{"lines":[]}') + 1 + 200 * 1003


def test_a_name_that_nothing_inside_a_map_raises_is_told(check: Callable[..., Checked]) -> None:
    functions = {"price": {"errors": ["OutOfStock"]}}
    inner = {"StartAt": "P", "States": {"P": call()}}
    states = {
        "M": {
            "Type": "Map",
            "ItemProcessor": inner,
            "Retry": [{"ErrorEquals": ["OutOfStock"]}, {"ErrorEquals": ["OutOfStocks"]}],
            "End": True,
        }
    }
    assert told(check(states, functions=functions), "SW130") == [("warning", "/States/M/Retry/1/ErrorEquals")]


def plan(*policies: Json) -> Json:
    return {"format_version": "1.2", "planned_values": {"root_module": {"resources": list(policies)}}}


def role(name: str, service: str) -> Json:
    trust = json.dumps({"Statement": [{"Principal": {"Service": service}}]})
    values = {"name": name, "assume_role_policy": trust}
    return {"type": "aws_iam_role", "name": "role", "index": name, "values": values}


def policy(machine: str, role_name: str, action: Json, resource: Json = "*") -> Json:
    text = json.dumps({"Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}]})
    values = {"role": role_name, "policy": text}
    return {"type": "aws_iam_role_policy", "name": "all", "index": machine, "address": "p", "values": values}


def lacking(checked: Checked, file: Path, document: Json) -> list[str]:
    from statewright.typing.findings import Findings

    file.write_text(json.dumps(document))
    assert checked.machine is not None
    findings = Findings(checked.machine.source, "machine.asl.json")
    check_permissions(checked.machine, "machine", read_roles(file), findings)
    return [each.message for each in findings.found]


def test_what_a_plan_grants_is_held_against_what_states_need(
    check: Callable[..., Checked], tmp_path: Path
) -> None:
    queue = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:s3:headObject",
        "Arguments": {"Bucket": "b", "Key": "k"},
        "End": True,
    }
    checked = check({"A": call(Next="B"), "B": queue})
    file = tmp_path / "plan.json"
    functions = ["arn:aws:lambda:eu-west-1:000000000000:function:shop-price:*"]
    of_machine = role("shop-machine", "states.amazonaws.com")
    of_function = role("shop-function", "lambda.amazonaws.com")
    invoke = policy("machine", "shop-machine", "lambda:InvokeFunction", functions)
    read = policy("machine", "shop-machine", ["s3:Get*"])

    assert lacking(checked, file, plan(of_machine, invoke, read)) == []
    assert lacking(checked, file, plan(of_machine, invoke)) == [
        "B needs s3:GetObject, which its role does not allow"
    ]
    other = policy(
        "machine", "shop-machine", "lambda:InvokeFunction", [functions[0].replace("price", "ship")]
    )
    assert lacking(checked, file, plan(of_machine, other, read)) == [
        "A needs lambda:InvokeFunction on ${PriceArn}, which its role does not allow"
    ]
    of_another = policy("machine", "shop-function", "s3:*")
    assert lacking(checked, file, plan(of_machine, of_function, invoke, of_another)) == [
        "B needs s3:GetObject, which its role does not allow"
    ]


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ([], "neither a plan"),
        ({"machine": {"Statement": "x"}}, "an object, or a list"),
        ({"machine": {"Statement": {"NotAction": "x"}}}, "NotAction"),
        ({"machine": {"Statement": {"Action": 5}}}, "are texts"),
        ({"machine": {"Statement": {"Effect": "Maybe"}}}, "Allow or Deny"),
        (plan({**policy("machine", "r", "x"), "values": {"role": "r"}}), "not known before"),
        (plan(), "no policy of a role of machine"),
    ],
)
def test_roles_that_cannot_be_read_are_refused(
    document: Json, reason: str, check: Callable[..., Checked], tmp_path: Path
) -> None:
    with pytest.raises(RolesError, match=reason):
        lacking(check({"A": DONE}), tmp_path / "roles.json", document)
