"""Where a value comes from, state by state: in findings as JSON and as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from statewright.typing.output import as_text
from tests.typing.jsonata_expressions import record
from tests.typing.test_flow import LAMBDA

if TYPE_CHECKING:
    from collections.abc import Callable

    from statewright.typing.check import Checked

Json = Any
TEXT = {"type": "string"}
PARTS = {"type": "array", "items": record({"n": TEXT}, "n")}
SHARDS = {"type": "array", "items": record({"at": TEXT}, "at")}
INPUT = {"input": record({"id": TEXT, "parts": PARTS}, "id parts")}
FUNCTIONS = {
    "collect": {"output": record({"shards": SHARDS}, "shards")},
    "add": {"input": record({"to": {"type": "integer"}}, "to"), "output": record({"sum": TEXT}, "sum")},
}


def task(function: str, **more: Json) -> dict[str, Json]:
    return {"Type": "Task", "Resource": LAMBDA + function, "TimeoutSeconds": 60, **more}


def origin(checked: Checked, code: str = "SW110") -> tuple[tuple[str, ...], ...]:
    (finding,) = [each for each in checked.findings if each.code == code]
    return finding.origin


def test_a_value_is_followed_from_a_function_through_a_map_to_another(check: Callable[..., Checked]) -> None:
    states = {
        "Collect": task("collect", Next="Keep"),
        "Keep": {"Type": "Pass", "Output": {"all": "{% $states.input.shards %}"}, "Next": "EachShard"},
        "EachShard": {
            "Type": "Map",
            "Items": "{% $states.input.all %}",
            "ItemProcessor": {
                "StartAt": "Add",
                "States": {"Add": task("add", Arguments={"to": "{% $states.input.at %}"}, End=True)},
            },
            "End": True,
        },
    }

    checked = check(states, functions=FUNCTIONS)

    assert origin(checked) == (
        (
            "the result of Collect (functions/collect.json)",
            "the output of Keep",
            "an item of EachShard",
        ),
    )
    text = as_text([each for each in checked.findings if each.code == "SW110"], {})
    words = "the result of Collect (functions/collect.json) → the output of Keep → an item of EachShard"
    assert f"    comes from {words}" in text.split("\n")


def test_what_a_result_path_has_put_beside_the_input_has_a_way_of_its_own(
    check: Callable[..., Checked],
) -> None:
    states = {
        "Note": {"Type": "Pass", "Result": {"x": 1}, "ResultPath": "$.note", "Next": "Collect"},
        "Collect": task("collect", ResultPath="$.made", Next="Look"),
        "Look": {"Type": "Pass", "Parameters": {"x": 2}, "ResultPath": "$.seen", "Next": "Add"},
        "Add": task("add", Parameters={"to.$": "$.made.shards[0].at"}, End=True),
    }

    checked = check(states, machine=INPUT, functions=FUNCTIONS, language="JSONPath")

    ways = ("the result of Collect (functions/collect.json)", "the output of Look")
    assert origin(checked) == (ways,)


def test_of_two_ways_that_meet_each_is_told(check: Callable[..., Checked]) -> None:
    states = {
        "Which": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $states.input.id = 'a' %}", "Next": "Collect"}],
            "Default": "Given",
        },
        "Collect": task("collect", Output={"v": "{% $states.result.shards %}"}, Next="Add"),
        "Given": {"Type": "Pass", "Output": {"v": "{% $states.input.parts %}"}, "Next": "Add"},
        "Add": task("add", Arguments={"to": "{% $states.input.v %}"}, End=True),
    }

    found = origin(check(states, machine=INPUT, functions=FUNCTIONS))

    assert set(found) == {
        ("the machine's input (statemachines/machine.json)", "the output of Given"),
        ("the result of Collect (functions/collect.json)",),
    }


def test_a_state_that_changes_nothing_is_no_step(check: Callable[..., Checked]) -> None:
    states = {
        "Wait": {"Type": "Wait", "Seconds": 1, "Next": "Pass"},
        "Pass": {"Type": "Pass", "Next": "Add"},
        "Add": task("add", Arguments={"to": "{% $states.input.id %}"}, End=True),
    }

    found = origin(check(states, machine=INPUT, functions=FUNCTIONS))

    assert found == (("the machine's input (statemachines/machine.json)",),)


def test_a_way_round_a_loop_is_told_once(check: Callable[..., Checked]) -> None:
    states = {
        "Begin": {"Type": "Pass", "Output": {"n": 0, "id": "{% $states.input.id %}"}, "Next": "More"},
        "More": {
            "Type": "Pass",
            "Output": {"n": "{% $states.input.n + 1 %}", "id": "{% $states.input.id %}"},
            "Next": "Enough",
        },
        "Enough": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $states.input.n < 9 %}", "Next": "More"}],
            "Default": "Add",
        },
        "Add": task("add", Arguments={"to": "{% $states.input.id %}"}, End=True),
    }

    found = origin(check(states, machine=INPUT, functions=FUNCTIONS))

    assert found == (
        ("the machine's input (statemachines/machine.json)", "the output of Begin", "the output of More"),
    )


def test_a_long_way_is_shown_by_its_beginning_and_its_end(check: Callable[..., Checked]) -> None:
    names = [f"S{number}" for number in range(8)]
    states: dict[str, Json] = {
        name: {"Type": "Pass", "Output": {"id": "{% $states.input.id %}"}, "Next": following}
        for name, following in zip(names, [*names[1:], "Last"], strict=True)
    }
    states["Last"] = task("add", Arguments={"to": "{% $states.input.id %}"}, End=True)

    checked = check(states, machine=INPUT, functions=FUNCTIONS)

    assert len(origin(checked)[0]) == 9
    shown = "(statemachines/machine.json) → … → the output of S5 → the output of S6 → the output of S7"
    assert shown in as_text(checked.findings, {})
