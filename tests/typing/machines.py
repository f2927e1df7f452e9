"""Random machines of both query languages over one input schema, with one function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.typing.jsonata_expressions import ITEM, SCHEMA, expression, record, test_of

if TYPE_CHECKING:
    from random import Random

Json = Any

WORK = {
    "input": record({"x": {"type": "integer", "minimum": 0}, "note": {"type": "string"}}, "x"),
    "output": {
        "anyOf": [
            record({"outcome": {"const": "done"}, "item": ITEM}, "outcome item"),
            record(
                {"outcome": {"const": "none"}, "why": {"type": ["string", "null"], "maxLength": 2}}, "outcome"
            ),
        ]
    },
    "errors": ["Refused"],
}
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:work"
NAMES = [
    *SCHEMA["properties"],
    "x",
    "y",
    "t",
    "in",
    "kind",
    "v",
    "i",
    "outcome",
    "item",
    "made",
    "Error",
    "Cause",
]
LEAST = 2
MOST = 5


def reference(random: Random) -> str:
    """Give a random reference path."""
    start = random.choice(["$", "$", "$", "$$.Execution.Input", "$kept"])
    names = [random.choice(NAMES) for _ in range(random.randint(1, 2))]
    return ".".join([start, *names]) + random.choice(["", "", "", "[0]"])


def source(random: Random) -> str:
    """Give a random path or intrinsic call."""
    forms = [
        "P",
        "P",
        "P",
        "P[*]",
        "P.*",
        "P[0:2]",
        "States.Array(P, P)",
        "States.MathAdd(P, 1)",
        "States.ArrayLength(P)",
        "States.Format('{}-{}', P, P)",
        "States.JsonToString(P)",
        "States.StringSplit(P, 'a')",
        "$",
        "States.JsonMerge(P, P, false)",
        "States.ArrayGetItem(P, 0)",
        "States.ArrayContains(P, 1)",
        "P[?(@.x > 1)]",
        "P.length()",
        "$$.State.Name",
        "$$.Execution.StartTime",
        "States.ArrayUnique(P)",
        "States.Base64Encode(P)",
    ]
    parts = random.choice(forms).split("P")
    return parts[0] + "".join(reference(random) + part for part in parts[1:])


def comparison(random: Random, depth: int = 1) -> dict[str, Json]:
    """Give a random condition of a JSONPath Choice."""
    if depth and random.random() < 0.4:
        inner = [comparison(random, depth - 1) for _ in range(2)]
        return random.choice([{"And": inner}, {"Or": inner}, {"Not": inner[0]}])
    operator, operand = random.choice(
        [
            ("IsPresent", True),
            ("IsPresent", False),
            ("IsNull", True),
            ("IsString", True),
            ("IsNumeric", False),
            ("StringEquals", "p"),
            ("StringEquals", "done"),
            ("NumericEquals", 1),
            ("NumericGreaterThan", 0),
            ("NumericLessThanEquals", 2),
            ("BooleanEquals", True),
        ]
    )
    return {"Variable": reference(random), operator: operand}


def _path_state(random: Random, kind: str) -> dict[str, Json]:
    state: dict[str, Json] = {"Type": kind}
    if random.random() < 0.2:
        state["InputPath"] = reference(random)
    if random.random() < 0.15:
        state["OutputPath"] = reference(random)
    if kind == "Wait":
        return {**state, "SecondsPath": reference(random)}
    if random.random() < 0.6:
        state["ResultPath"] = random.choice(["$.made", "$.q.made", None, "$"])
    if random.random() < 0.25:
        state["Assign"] = {"kept.$": source(random)}
    return {**state, **_PATH_PARTS[kind](random)}


def _path_pass(random: Random) -> dict[str, Json]:
    parts: dict[str, Json] = {}
    if random.random() < 0.7:
        parts["Parameters"] = {"x.$": source(random), "y": "a", "in": {"z.$": source(random)}}
    if random.random() < 0.2:
        parts["Result"] = {"x": 1, "t": ["u"]}
    return parts


def _path_task(random: Random) -> dict[str, Json]:
    catch = [{"ErrorEquals": ["Refused"], "ResultPath": "$.made", "Next": "NEXT"}]
    return {"Resource": FUNCTION, "Parameters": {"x.$": source(random)}, "Catch": catch}


def _path_map(random: Random) -> dict[str, Json]:
    inner = {"Inner": {**_path_state(random, "Pass"), "End": True}}
    return {"ItemsPath": reference(random), "ItemProcessor": {"StartAt": "Inner", "States": inner}}


def _path_parallel(random: Random) -> dict[str, Json]:
    return {"Branches": [_branch(n, _path_state(random, "Pass")) for n in range(2)]}


def _branch(number: int, state: dict[str, Json]) -> dict[str, Json]:
    name = f"Branch{number}"
    return {"StartAt": name, "States": {name: {**state, "End": True}}}


_PATH_PARTS = {"Pass": _path_pass, "Task": _path_task, "Map": _path_map, "Parallel": _path_parallel}


def _expression(random: Random) -> str:
    text = expression(random, random.randint(0, 2)).replace("$v", "$kept")
    return "{% " + random.choice([text, "$states.input." + random.choice(NAMES), "$states.input"]) + " %}"


def _jsonata_state(random: Random, kind: str) -> dict[str, Json]:
    state: dict[str, Json] = {"Type": kind}
    if random.random() < 0.6:
        merged = "{% $merge([$states.input, {'made': 1}]) %}"
        state["Output"] = random.choice([{"x": _expression(random), "y": "a"}, _expression(random), merged])
    if kind == "Wait":
        return {**state, "Seconds": _expression(random)}
    if random.random() < 0.25:
        state["Assign"] = {"kept": _expression(random)}
    if kind == "Task":
        state |= {"Resource": FUNCTION, "Arguments": {"x": _expression(random)}}
        state["Catch"] = [{"ErrorEquals": ["Refused"], "Output": "{% $states.input %}", "Next": "NEXT"}]
        if random.random() < 0.5:
            state["Output"] = "{% $merge([$states.input, $states.result]) %}"
    if kind == "Map":
        inner = {"Inner": {**_jsonata_state(random, "Pass"), "End": True}}
        state |= {"Items": _expression(random), "ItemProcessor": {"StartAt": "Inner", "States": inner}}
    if kind == "Parallel":
        state["Branches"] = [_branch(n, _jsonata_state(random, "Pass")) for n in range(2)]
    return state


def machine(random: Random) -> dict[str, Json]:
    """Give a random machine whose states follow each other, with choices that skip some."""
    language = random.choice(["JSONPath", "JSONata"])
    count = random.randint(LEAST, MOST)
    states: dict[str, Json] = {}
    for number in range(count):
        kind = random.choice(["Pass", "Pass", "Pass", "Task", "Choice", "Map", "Parallel", "Wait"])
        following = f"S{number + 1}"
        if kind == "Choice":
            target = f"S{random.randint(number + 1, count)}"
            rule = comparison(random)
            if language == "JSONata":
                rule = {"Condition": "{% " + test_of(random, 2) + " %}"}
            states[f"S{number}"] = {
                "Type": "Choice",
                "Choices": [{**rule, "Next": target}],
                "Default": following,
            }
            continue
        make = _path_state if language == "JSONPath" else _jsonata_state
        state = make(random, kind)
        for catcher in state.get("Catch", ()):
            catcher["Next"] = following
        states[f"S{number}"] = {**state, "Next": following}
    states[f"S{count}"] = {"Type": "Succeed"}
    return {"QueryLanguage": language, "StartAt": "S0", "States": _named_apart(states)}


def _named_apart(states: dict[str, Json]) -> dict[str, Json]:
    """Give the states inside a Map or a Parallel names of their own: a name is unique in a machine."""
    for name, state in states.items():
        for flow in (state.get("ItemProcessor"), *state.get("Branches", ())):
            if flow is not None:
                (inner,) = flow["States"].items()
                flow["StartAt"] = f"{inner[0]}Of{name}"
                flow["States"] = {flow["StartAt"]: inner[1]}
    return states
