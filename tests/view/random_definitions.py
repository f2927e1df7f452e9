"""Random definitions of every shape that a picture must cope with; the same seed gives the same again."""

from __future__ import annotations

import random
from typing import Any

LAMBDA = "arn:aws:states:::lambda:invoke"
WORDS = [
    "Load",
    "Check",
    "Write",
    "注文を処理する",
    "a b",
    "Very long name of a state that goes on",
    "é",
    "<b>&\"'",
]
ERRORS = [["States.ALL"], ["States.Timeout"], ["E", "F"], ["Lambda.TooManyRequestsException"]]


class Definitions:
    """Draws definitions from one source of chance."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._number = 0

    def machine(self, states: int, depth: int = 2) -> dict[str, Any]:
        return self.flow(states, depth)

    def flow(self, states: int, depth: int) -> dict[str, Any]:
        names = [self._name() for _ in range(states)]
        bodies = {name: self._state(names, index, depth) for index, name in enumerate(names)}
        return {"StartAt": names[0], "States": bodies}

    def _name(self) -> str:
        self._number += 1
        return f"{self._chance.choice(WORDS)} {self._number}"

    def _state(self, names: list[str], index: int, depth: int) -> dict[str, Any]:
        kinds = ["Task", "Task", "Task", "Pass", "Choice", "Choice", "Wait", "Succeed", "Fail"]
        kinds += ["Parallel", "Map", "Map"] if depth else []
        if index + 1 < len(names) and self._chance.random() < 0.7:
            kinds = [kind for kind in kinds if kind not in ("Succeed", "Fail")]
        kind = self._chance.choice(kinds)
        state: dict[str, Any] = {"Type": kind}
        if kind in ("Succeed", "Fail"):
            return state
        if kind == "Choice":
            return state | self._rules(names)
        if kind == "Parallel":
            branches = self._chance.randint(1, 4)
            state["Branches"] = [self.flow(self._chance.randint(1, 4), depth - 1) for _ in range(branches)]
        elif kind == "Map":
            state["ItemProcessor"] = self.flow(self._chance.randint(1, 5), depth - 1)
        elif kind == "Task":
            state |= {"Resource": LAMBDA, "Parameters": {"FunctionName": "f"}}
        elif kind == "Wait":
            state["Seconds"] = 3
        if kind in ("Task", "Map", "Parallel") and self._chance.random() < 0.6:
            catchers = self._chance.randint(1, 2)
            state["Catch"] = [
                {"ErrorEquals": self._chance.choice(ERRORS), "Next": self._target(names)}
                for _ in range(catchers)
            ]
        if index + 1 < len(names) and self._chance.random() < 0.85:
            return state | {"Next": names[index + 1]}
        return state | ({"End": True} if self._chance.random() < 0.6 else {"Next": self._target(names)})

    def _rules(self, names: list[str]) -> dict[str, Any]:
        rules = [
            {
                "Variable": f"$.{self._chance.choice('abc')}",
                "NumericEquals": each,
                "Next": self._target(names),
            }
            for each in range(self._chance.randint(1, 4))
        ]
        return {"Choices": rules, "Default": self._target(names)}

    def _target(self, names: list[str]) -> str:
        return self._chance.choice(names)


def definition(seed: int, states: int | None = None, depth: int = 2) -> dict[str, Any]:
    """Return a random definition; without a number of states, one of 1 to 14 in its outermost flow."""
    chance = random.Random(seed * 7919)
    return Definitions(seed).machine(states or chance.randint(1, 14), depth)


def long_machine(states: int) -> dict[str, Any]:
    """Return a large machine as people write them: a spine, choices, Catches into one failure branch."""
    made: dict[str, Any] = {}
    names = [f"Step{index}" for index in range(states - 2)]
    for index, name in enumerate(names):
        follower = names[index + 1] if index + 1 < len(names) else None
        onward = {"Next": follower} if follower else {"End": True}
        if index % 7 == 3 and index + 3 < len(names):
            rule = {"Variable": "$.a", "IsPresent": True, "Next": names[index + 3]}
            made[name] = {"Type": "Choice", "Choices": [rule], "Default": follower}
            continue
        made[name] = {
            "Type": "Task",
            "Resource": LAMBDA,
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "RecordFailure"}],
            **onward,
        }
    made["RecordFailure"] = {"Type": "Task", "Resource": LAMBDA, "Next": "Failed"}
    made["Failed"] = {"Type": "Fail"}
    return {"StartAt": names[0], "States": made}
