"""Random state machines, drawn so that they are valid: all state types, both languages, both Map modes.

Transitions lead forward only, so every machine ends. Variables are named after the depth of their flow
(`v0a`), as an inner flow may not assign what an outer one has. All Tasks call one function, which fails as
often as its payload says, by the attempt that the context object counts: nothing depends on what ran before.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from tests.engine.reference import Failed

Json = Any
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:f"
INVOKE = "arn:aws:states:::lambda:invoke"
CALL = {"Type": "Task", "Resource": FUNCTION}

scalars = st.none() | st.booleans() | st.integers(-5, 5) | st.text("ab", max_size=3)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=5,
)
whole = st.fixed_dictionaries({"a": st.lists(scalars, max_size=4), "b": st.just({"c": 1})})
inputs = st.one_of(whole, whole, whole, values)
result_paths = st.sampled_from(["$.r", "$.r", "$.a", "$.b.c", "$", None])
errors = st.sampled_from(["E1", "E1", "E2"])


def call(payload: Json) -> Json:
    """What the function gives: its payload, or an error."""
    if payload["attempt"] < payload["fails"]:
        raise Failed(payload["error"])
    return {"value": payload["value"], "attempt": payload["attempt"]}


def handler(event: Json, _: object) -> Json:
    """The same as a Lambda function."""
    try:
        return call(event)
    except Failed as failure:
        raise type(failure.error, (Exception,), {})("on purpose") from None


@dataclass(frozen=True)
class Flow:
    """Where a state is drawn: how much may nest in it, the variables that it sees, the machine's language."""

    depth: int
    level: int
    readable: tuple[str, ...]
    own: tuple[str, ...]
    language: str
    type: str = "STANDARD"


class Machine:
    """Draws one machine."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw
        self.count = 0

    def whole(self, depth: int) -> Json:
        language = self.draw(st.sampled_from(["JSONPath", "JSONata"]))
        return {"QueryLanguage": language, **self.flow(Flow(depth, 0, (), (), language))}

    def flow(self, where: Flow) -> Json:
        """Draw a flow: variables first, what was drawn, and a last state that shows the variables."""
        own = (f"v{where.level}a", f"v{where.level}b") if self.draw(st.booleans()) else ()
        where = replace(where, own=own, readable=(*where.readable, *own))
        size = self.draw(st.integers(1, 6 if where.level == 0 else 3))
        names = [self.name() for _ in range(size + 2)]
        assigned = {"Assign": {each: self.draw(values) for each in own}} if own else {}
        states = {names[0]: {"Type": "Pass", **assigned, "Next": names[1]}}
        for index, name in enumerate(names[1:-1], 1):
            states[name] = self.state(where, names[index + 1 :])
        states[names[-1]] = {**showing(where), "End": True}
        return {"StartAt": names[0], "States": reachable(states, names[0])}

    def some(self, optional: dict[str, Any]) -> Json:
        """Draw a few of the fields: with many of them most machines would fail at their first state."""
        return {name: self.draw(each) for name, each in optional.items() if not self.draw(st.integers(0, 3))}

    def name(self) -> str:
        self.count += 1
        return f"S{self.count}"

    def state(self, where: Flow, later: list[str]) -> Json:
        kinds = ["Pass", "Task", "Task", "Task", "Wait", "Succeed", "Fail"]
        kinds += ["Choice", "Choice"] if later else []
        kinds += ["Parallel", "Map", "Map"] if where.depth else []
        kind = self.draw(st.sampled_from(kinds))
        jsonata = where.language == "JSONata" or self.draw(st.integers(0, 3)) == 0
        state = {"Type": kind}
        if jsonata and where.language == "JSONPath":
            state["QueryLanguage"] = "JSONata"
        if kind == "Fail":
            return {**state, "Error": self.draw(errors)}
        if kind not in ("Succeed", "Choice"):
            state |= {"Next": later[0]} if later else {"End": True}
        fields = self.in_jsonata if jsonata else self.in_jsonpath
        state |= fields(kind, where, later)
        if kind in ("Task", "Parallel", "Map"):
            state |= self.error_handling(jsonata, where, later)
        return state

    # --- what the languages share ---

    def error_handling(self, jsonata: bool, where: Flow, later: list[str]) -> Json:
        state: Json = {}
        names = st.sampled_from(
            ["E1", "E2", "States.TaskFailed", "States.QueryEvaluationError", "States.ResultPathMatchFailure"]
        )
        if self.draw(st.integers(0, 3)):
            named = {"ErrorEquals": self.draw(st.lists(names, min_size=1, max_size=2, unique=True))}
            rules = [{**each, **self.backoff(where)} for each in (named, {"ErrorEquals": ["States.ALL"]})]
            state["Retry"] = self.draw(st.sampled_from([rules, rules[:1], rules[1:]]))
        if later and self.draw(st.booleans()):
            catcher: Json = {
                "ErrorEquals": [self.draw(st.one_of(names, st.just("States.ALL")))],
                "Next": self.draw(st.sampled_from(later)),
            }
            if not jsonata:
                catcher["ResultPath"] = self.draw(result_paths)
            elif self.draw(st.booleans()):
                catcher["Output"] = {"was": "{% $states.errorOutput.Error %}", "in": "{% $states.input %}"}
            if where.own and self.draw(st.booleans()):
                error = "{% $states.errorOutput.Error %}" if jsonata else "$.Error"
                catcher["Assign"] = {where.own[0] + ("" if jsonata else ".$"): error}
            state["Catch"] = [catcher]
        return state

    def backoff(self, where: Flow) -> Json:
        attempts = {"MaxAttempts": st.sampled_from([1, 2, 0])}
        if where.type == "EXPRESS":  # it lives five minutes: seconds do not add up to them
            return self.draw(st.fixed_dictionaries(attempts))
        return self.draw(
            st.fixed_dictionaries(
                attempts,
                optional={
                    "IntervalSeconds": st.integers(1, 100),
                    "BackoffRate": st.sampled_from([1, 1.5, 3]),
                    "MaxDelaySeconds": st.integers(101, 200),
                    "JitterStrategy": st.sampled_from(["FULL", "NONE"]),
                },
            )
        )

    def long(self, where: Flow) -> int:
        return 2 if where.type == "EXPRESS" else 700

    def processor(self, where: Flow) -> Json:
        inner = replace(where, depth=where.depth - 1, level=where.level + 1, own=())
        # An EXPRESS execution has no Distributed Map.
        if where.type == "EXPRESS" or self.draw(st.integers(0, 3)):
            return self.flow(inner)
        kind = self.draw(st.sampled_from(["STANDARD", "EXPRESS"]))
        config = {"Mode": "DISTRIBUTED", "ExecutionType": kind}
        return {"ProcessorConfig": config, **self.flow(replace(inner, readable=(), type=kind))}

    def branches(self, where: Flow) -> list[Json]:
        inner = replace(where, depth=where.depth - 1, level=where.level + 1, own=())
        return [self.flow(inner) for _ in range(self.draw(st.integers(1, 3)))]

    def payload(self, value: Json, attempt: Json) -> Json:
        """What a Task hands to the function; the keys that hold expressions have them already."""
        return {
            **value,
            **attempt,
            "fails": self.draw(st.sampled_from([1, 0, 2])),
            "error": self.draw(errors),
        }

    # --- JSONPath ---

    def in_jsonpath(self, kind: str, where: Flow, later: list[str]) -> Json:
        variables = [f"${name}" for name in where.readable]
        paths = st.sampled_from(["$", "$", "$.a", "$.a", "$.b.c", "$.a[0]", "$$.State.Name", *variables])
        state = self.some(jsonpath_fields(kind, where, paths))
        if kind == "Task":
            return state | self.jsonpath_task(paths)
        if kind == "Wait":
            waits = [{"Seconds": 0}, {"Seconds": self.long(where)}, {"SecondsPath": "$.b.c"}, {"Seconds": 3}]
            return state | self.draw(st.sampled_from(waits))
        if kind == "Parallel":
            return {**state, "Branches": self.branches(where)}
        if kind == "Map":
            return state | self.jsonpath_map(where)
        return state | self.choices(self.jsonpath_rule, where, later) if kind == "Choice" else state

    def jsonpath_map(self, where: Flow) -> Json:
        selector = {"i.$": "$$.Map.Item.Index", "a.$": "$$.Map.Item.Value", "all.$": "$"}
        paths = {"ItemsPath": st.sampled_from(["$.a", "$.a", "$"])}
        return {
            "ItemProcessor": self.processor(where),
            "MaxConcurrency": self.concurrency(),
            **self.draw(st.fixed_dictionaries(paths, optional={"ItemSelector": st.just(selector)})),
        }

    def jsonpath_task(self, paths: Any) -> Json:
        attempt = {"attempt.$": "$$.State.RetryCount"}
        payload = self.payload({"value.$": self.draw(paths)}, attempt)
        if self.draw(st.booleans()):
            return {"Resource": FUNCTION, "Parameters": payload}
        parameters = {"FunctionName": "f", "Payload": payload}
        selector = {"p.$": "$.Payload"}
        return {"Resource": INVOKE, "Parameters": parameters, "ResultSelector": selector}

    def concurrency(self) -> int:
        return self.draw(st.sampled_from([0, 1, 3]))

    def choices(self, rule: Any, where: Flow, later: list[str]) -> Json:
        rules = [
            {**rule(where), "Next": self.draw(st.sampled_from(later))}
            for _ in range(self.draw(st.integers(1, 2)))
        ]
        default = {"Default": later[0]} if self.draw(st.integers(0, 4)) else {}
        return {"Choices": rules, **default}

    def jsonpath_rule(self, where: Flow) -> Json:
        compared = st.sampled_from(
            [
                {"Variable": "$.a", "IsPresent": True},
                {"Variable": "$.a", "IsPresent": False},
                {"Variable": "$", "IsNull": False},
                {"Variable": "$", "NumericGreaterThan": 0},
                {"Variable": "$.b.c", "NumericGreaterThan": 0},
                {"Variable": "$", "StringEquals": "a"},
                {"Variable": "$", "BooleanEquals": True},
                *({"Variable": f"${name}", "IsNull": True} for name in where.readable),
            ]
        )
        one = self.draw(compared)
        other = self.draw(compared)
        return self.draw(st.sampled_from([one, {"Not": one}, {"And": [one, other]}, {"Or": [one, other]}]))

    # --- JSONata ---

    def in_jsonata(self, kind: str, where: Flow, later: list[str]) -> Json:
        variables = [f"${name}" for name in where.readable]
        texts = [
            "$states.input",
            "$states.input",
            "$type($states.input) = 'object' ? $states.input.a : 'none'",
            "[$states.input, 1]",
            "{'k': $states.input}",
            "$count($states.input)",
            "$states.context.State.Name",
            *variables,
        ]
        works = kind in ("Task", "Parallel", "Map")
        results = ["$states.result"] if works and kind != "Task" else []
        made = st.sampled_from([f"{{% {text} %}}" for text in (*texts, *results)])
        outputs = made | st.dictionaries(st.sampled_from("ab"), made, max_size=2)
        optional: dict[str, Any] = {"Output": outputs}
        if where.own and kind != "Succeed":
            optional["Assign"] = st.dictionaries(st.just(where.own[1]), outputs, max_size=1)
        if kind == "Parallel":
            optional["Arguments"] = st.sampled_from([f"{{% {text} %}}" for text in texts])
        state = self.some(optional)
        if kind == "Task":
            state |= self.jsonata_task(texts)
        elif kind == "Wait":
            state["Seconds"] = self.draw(
                st.sampled_from([0, self.long(where), "{% $count($states.input) %}", "{% 5 %}"])
            )
        elif kind == "Parallel":
            state["Branches"] = self.branches(where)
        elif kind == "Map":
            state |= self.jsonata_map(where)
        elif kind == "Choice":
            state |= self.choices(self.jsonata_rule, where, later)
        return state

    def jsonata_task(self, texts: list[str]) -> Json:
        attempt = {"attempt": "{% $states.context.State.RetryCount %}"}
        payload = self.payload({"value": f"{{% {self.draw(st.sampled_from(texts))} %}}"}, attempt)
        if self.draw(st.booleans()):
            return {"Resource": FUNCTION, "Arguments": payload}
        arguments = {"FunctionName": "f", "Payload": payload}
        return {"Resource": INVOKE, "Arguments": arguments, "Output": "{% $states.result.Payload %}"}

    def jsonata_map(self, where: Flow) -> Json:
        found = ["{% $states.input %}", "{% $type($states.input) = 'array' ? $states.input : [] %}"]
        items = st.sampled_from([*found, [1, "{% $states.input %}", None], "{% [1,2,3,4] %}"])
        item = "$states.context.Map.Item"
        selector = {"v": f"{{% {item}.Value %}}", "i": f"{{% {item}.Index %}}"}
        drawn = st.fixed_dictionaries({"Items": items}, optional={"ItemSelector": st.just(selector)})
        return {
            "ItemProcessor": self.processor(where),
            "MaxConcurrency": self.concurrency(),
            **self.draw(drawn),
        }

    def jsonata_rule(self, where: Flow) -> Json:
        texts = [
            "$type($states.input) = 'object' and $exists($states.input.b)",
            "$count($states.input) > 1",
            "true",
            "false",
            "$count($states.input)",
        ]
        rule: Json = {"Condition": f"{{% {self.draw(st.sampled_from(texts))} %}}"}
        if self.draw(st.booleans()):
            rule["Output"] = {"from": "{% $states.input %}"}
        if where.own and self.draw(st.booleans()):
            rule["Assign"] = {where.own[0]: "{% $type($states.input) %}"}
        return rule


def jsonpath_fields(kind: str, where: Flow, paths: Any) -> Json:
    """Give what a state may have beside its own fields, each with what to draw it from."""
    optional: dict[str, Any] = {"InputPath": st.sampled_from(["$", "$", "$.a", None])}
    optional |= {"OutputPath": st.sampled_from(["$", "$", "$.a", None])}
    if where.own and kind != "Succeed":
        optional["Assign"] = st.dictionaries(st.just(f"{where.own[1]}.$"), paths, max_size=1)
    if kind in ("Pass", "Task", "Parallel", "Map"):
        optional["ResultPath"] = result_paths
    if kind in ("Task", "Parallel", "Map"):
        optional["ResultSelector"] = st.just({"all.$": "$"})
    if kind in ("Pass", "Parallel"):
        optional["Parameters"] = st.dictionaries(st.sampled_from(["a.$", "b.$"]), paths, max_size=2)
    if kind == "Pass":
        optional["Result"] = values
    return optional


def showing(where: Flow) -> Json:
    """Make a state whose output shows its input and all variables."""
    if where.language == "JSONata":
        shown = {name: f"{{% ${name} %}}" for name in where.readable}
        return {"Type": "Pass", "Output": {"out": "{% $states.input %}", **shown}}
    shown = {f"{name}.$": f"${name}" for name in where.readable}
    return {"Type": "Pass", "Parameters": {"out.$": "$", **shown}}


def reachable(states: dict[str, Json], start: str) -> dict[str, Json]:
    """Leave out the states that nothing leads to: a definition with them is refused."""
    found: set[str] = set()
    todo = [start]
    while todo:
        name = todo.pop()
        if name in found:
            continue
        found.add(name)
        state = states[name]
        todo += [
            each["Next"]
            for each in (state, *state.get("Choices", ()), *state.get("Catch", ()))
            if "Next" in each
        ]
        todo += [state["Default"]] if "Default" in state else []
    return {name: state for name, state in states.items() if name in found}


@st.composite
def machines(draw: Any, depth: int = 2) -> Json:
    """Definitions in which Parallel and Map nest up to `depth` deep."""
    return Machine(draw).whole(depth)
