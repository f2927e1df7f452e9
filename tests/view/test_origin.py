"""Where a value comes from: the state that wrote it, also deep inside, in iterations and branches."""

from __future__ import annotations

import pytest

from statewright.engine import run_with_history
from statewright.view.origin import MAX_ORIGIN_STEPS, origin_of
from tests.view.orders import BAD, HANDLERS, ORDERS, RELEASE
from tests.view.test_watch import Client, watched


def asked(machine, value, questions):
    """Return for each (state, nth visit, path) the state that wrote the value and its path there."""
    RELEASE.set()
    record, history = run_with_history(machine, value, functions=HANDLERS, virtual_time=True)

    async def steps(watch):
        await watch.refresh()
        answers = []
        for state, nth, path in questions:
            visit = [each for each in watch.story.visits if each.state == state][nth]
            found = origin_of(watch, visit, tuple(path))
            answers.append(found and (found["state"], found["path"]))
        return answers

    client = Client(machine, history)
    client.status = record.status
    return watched(client, steps)


ORDERS_QUESTIONS = [
    ("RecordFailure", ["error"], "PublishTargets"),
    ("LoadWarehouse", ["processed"], "ProcessFiles"),
    ("QualityGate", ["processed"], "ProcessFiles"),
    ("RecordFailure", ["warehouse"], None),
    # inside the iterations of the Map
    ("QualityGate", ["processed", 0, "valid"], "ValidateRows"),
    ("QualityGate", ["processed", 1, "quarantined"], "QuarantineRows"),
    ("QualityGate", ["processed", 1, "error", "Error"], "ValidateRows"),
    ("QualityGate", ["processed", 2, "key"], None),
    # out of an iteration, to the item in the input of the Map
    ("ParseFile", ["key"], None),
    ("QuarantineRows", ["error"], "ValidateRows"),
    ("QualityGate", ["files", 1, "rows"], None),
]


def test_given_fields_of_inputs_the_states_that_wrote_them_are_told() -> None:
    questions = [(state, 0, path) for state, path, _ in ORDERS_QUESTIONS]
    answers = asked(ORDERS, BAD, questions)
    assert [answer[0] for answer in answers] == [wrote for _, _, wrote in ORDERS_QUESTIONS]


def test_given_a_field_that_is_not_there_nothing_is_told() -> None:
    questions = [
        ("RecordFailure", 0, ["unknown"]),
        ("RecordFailure", 0, ["files", 7]),
        ("RecordFailure", 0, ["files", "key"]),
        ("RecordFailure", 0, ["files", 0, "key", "x"]),
    ]
    assert asked(ORDERS, BAD, questions) == [None] * 4


def passing(**members):
    return {"Type": "Pass", **members}


def test_given_a_parallel_the_branch_that_wrote_a_field_is_gone_into() -> None:
    branches = [
        {"StartAt": "Left", "States": {"Left": passing(Result={"a": 1}, End=True)}},
        {
            "StartAt": "Right",
            "States": {
                "Right": passing(Result={"b": {"c": 2}}, ResultPath="$.deep", Next="After"),
                "After": passing(End=True),
            },
        },
    ]
    machine = {
        "StartAt": "Both",
        "States": {
            "Both": {"Type": "Parallel", "Branches": branches, "ResultPath": "$.both", "Next": "Last"},
            "Last": {"Type": "Succeed"},
        },
    }
    questions = [
        ("Last", 0, ["both", 0, "a"]),
        ("Last", 0, ["both", 1, "deep", "b", "c"]),
        ("Last", 0, ["both", 1, "given"]),
        ("After", 0, ["deep"]),
        ("After", 0, ["given"]),
    ]
    assert asked(machine, {"given": 5}, questions) == [
        ("Left", ["a"]),
        ("Right", ["deep", "b", "c"]),
        (None, ["given"]),
        ("Right", ["deep"]),
        (None, ["given"]),
    ]


def test_given_a_map_of_maps_the_innermost_iteration_is_gone_into_and_out_of() -> None:
    twice = passing(Parameters={"twice.$": "States.MathAdd($, $)"}, End=True)
    inner = {"Type": "Map", "ItemProcessor": {"StartAt": "Twice", "States": {"Twice": twice}}, "End": True}
    rows = {"Type": "Map", "ItemProcessor": {"StartAt": "Row", "States": {"Row": inner}}, "Next": "Last"}
    make = passing(Result=[[1, 2], [3]], Next="Rows")
    machine = {"StartAt": "Make", "States": {"Make": make, "Rows": rows, "Last": {"Type": "Succeed"}}}
    into = [("Last", 0, [1, 0, "twice"]), ("Row", 0, [0])]
    out = [("Twice", nth, []) for nth in range(3)]  # iterations begin in any order
    answers = asked(machine, {}, into + out)
    assert answers[0] == ("Twice", ["twice"])
    assert answers[1][0] == "Make"
    assert sorted(answers[2:]) == [("Make", [0, 0]), ("Make", [0, 1]), ("Make", [1, 0])]


def test_given_an_item_selector_an_item_is_found_by_its_name() -> None:
    select = {"item.$": "$$.Map.Item.Value", "all.$": "$.shared"}
    each = {
        "Type": "Map",
        "ItemsPath": "$.list",
        "ItemSelector": select,
        "ItemProcessor": {"StartAt": "In", "States": {"In": {"Type": "Succeed"}}},
        "Next": "Last",
    }
    make = passing(Result=[{"n": 7}, {"n": 8}], ResultPath="$.list", Next="Each")
    machine = {"StartAt": "Make", "States": {"Make": make, "Each": each, "Last": {"Type": "Succeed"}}}
    questions = [("In", 1, ["item", "n"]), ("In", 0, ["all"])]
    answers = asked(machine, {"shared": "x"}, questions)
    assert answers[0] == ("Make", ["list", 1, "n"])
    assert answers[1] == ("Each", [])  # what the selector made of something else, the Map has made


@pytest.mark.parametrize(
    ("visits", "told"), [(MAX_ORIGIN_STEPS - 1, (None, ["n"])), (MAX_ORIGIN_STEPS, None)]
)
def test_given_a_long_way_it_is_gone_back_so_far_and_no_further(visits, told) -> None:
    states = {f"S{i}": passing(Next=f"S{i + 1}") for i in range(visits)} | {f"S{visits}": {"Type": "Succeed"}}
    assert asked({"StartAt": "S0", "States": states}, {"n": 1}, [(f"S{visits}", 0, ["n"])]) == [told]
