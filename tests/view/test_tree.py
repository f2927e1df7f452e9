"""Trees for the terminal: how much of an execution they tell."""

from __future__ import annotations

import json

import pytest
from rich.console import Console

from statewright.engine import run_with_history
from statewright.view.definition import read_chart
from statewright.view.statuses import story_of
from statewright.view.tree import MAX_TREE_VISITS, execution_tree

PASS = {"Type": "Pass", "End": True}


class Told:
    """As much of a watch as a tree needs."""

    def __init__(self, definition: dict, given: object) -> None:

        self.chart = read_chart(json.dumps(definition))
        self.story = story_of(self.chart)
        self.notice = None
        _, history = run_with_history(definition, given, functions={}, virtual_time=True)
        self.events = [None, *history]
        self.log = self
        for event in history:
            self.story.add(event)

    def get(self, number: int) -> dict:
        return self.events[number]

    def summary(self) -> dict:
        return {"name": "run", "status": self.story.status}

    def counts(self) -> dict:
        return {}


def lines(definition: dict, given: object) -> list[str]:
    console = Console(width=200)
    with console.capture() as captured:
        console.print(execution_tree(Told(definition, given)))
    return captured.get().splitlines()


@pytest.mark.parametrize(("items", "said"), [(10, None), (11, "… 1 iterations more")])
def test_given_a_map_ten_iterations_are_told_and_how_many_more(items: int, said: str | None) -> None:
    inner = {"StartAt": "P", "States": {"P": PASS}}
    machine = {"StartAt": "M", "States": {"M": {"Type": "Map", "ItemProcessor": inner, "End": True}}}
    told = lines(machine, list(range(items)))
    assert sum("✓ P" in line for line in told) == 10
    assert f"{items}/{items} ✓" in told[1]
    assert any(said in line for line in told) if said else "more" not in told[-1]


def test_given_many_iterations_those_that_did_not_succeed_are_among_the_told() -> None:
    choice = {
        "Type": "Choice",
        "Choices": [{"Variable": "$", "NumericEquals": 29, "Next": "F"}],
        "Default": "P",
    }
    states = {"C": choice, "P": PASS, "F": {"Type": "Fail", "Error": "Late"}}
    each = {
        "Type": "Map",
        "ItemProcessor": {"StartAt": "C", "States": states},
        "MaxConcurrency": 1,
        "End": True,
    }
    told = lines({"StartAt": "M", "States": {"M": each}}, list(range(30)))
    assert any("✕ #29" in line for line in told)
    assert any("Late" in line for line in told)


@pytest.mark.parametrize("over", [0, 1])
def test_given_more_visits_than_are_told_it_is_said_how_many(over: int) -> None:
    count = MAX_TREE_VISITS + over
    states = {f"P{number}": {"Type": "Pass", "Next": f"P{number + 1}"} for number in range(count - 1)}
    told = lines({"StartAt": "P0", "States": states | {f"P{count - 1}": PASS}}, {})
    assert sum("✓ P" in line for line in told) == MAX_TREE_VISITS
    assert told[-1].endswith("… 1 visits more") is bool(over)
