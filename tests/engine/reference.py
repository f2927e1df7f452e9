"""A second opinion: the States Language as one recursive function over the definition's JSON.

It knows nothing of the engine: no events, no time, no concurrency, no tree. It covers what
`tests.engine.random_machines` draws and gives the output of an execution, or raises Failed with its error.
Where branches or items fail with different errors, the outcome depends on which one is first: Ambiguous.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Json = Any
UNDEFINED: Any = object()
RUNTIME = "States.Runtime"
QUERY = "States.QueryEvaluationError"


class Failed(Exception):  # noqa: N818 - what happened
    """The execution fails with this error."""

    def __init__(self, error: str | None) -> None:
        super().__init__(error)
        self.error = error


class Ambiguous(Exception):  # noqa: N818 - what is the case
    """The outcome depends on what is first."""


@dataclass(frozen=True)
class Scope:
    """What a state sees."""

    language: str
    variables: dict[str, Json]
    call: Callable[[Json], Json]
    context: Mapping[str, Json] = field(default_factory=dict)
    input: Json = None
    more: Mapping[str, Json] = field(default_factory=dict)


def same(left: Json, right: Json) -> bool:
    """Say whether two values are the same JSON: true is not 1."""
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


def interpret(definition: Json, value: Json, call: Callable[[Json], Json]) -> Json:
    """Give the output of a machine; `call` is the function of all Tasks."""
    return run(definition, value, Scope(definition.get("QueryLanguage", "JSONPath"), {}, call))


def run(flow: Json, value: Json, scope: Scope) -> Json:
    """Run a flow on variables of its own."""
    scope = replace(scope, variables=dict(scope.variables))
    name = flow["StartAt"]
    while name is not None:
        name, value = visit(name, flow["States"][name], value, scope)
    return value


def visit(name: str, state: Json, value: Json, outer: Scope) -> tuple[str | None, Json]:
    """Run one state with its retries; give the next one's name and the output."""
    attempts: dict[int, int] = {}
    while True:
        context = {**outer.context, "State": {"Name": name, "RetryCount": sum(attempts.values())}}
        scope = replace(outer, context=context, input=value)
        try:
            return STATES[state["Type"]](state, value, scope)
        except Failed as failure:
            if failure.error == RUNTIME:
                raise
            again = first(state.get("Retry", ()), failure.error)
            if again is not None and attempts.get(again, 0) < state["Retry"][again].get("MaxAttempts", 3):
                attempts[again] = attempts.get(again, 0) + 1
                continue
            caught = first(state.get("Catch", ()), failure.error)
            if caught is None:
                raise
            catcher = state["Catch"][caught]
            return catcher["Next"], catch(state, catcher, failure, scope)


def first(rules: Any, error: str | None) -> int | None:
    """Give the first Retrier or Catcher that fits."""
    for index, rule in enumerate(rules):
        names = rule["ErrorEquals"]
        if error in names or "States.ALL" in names:
            return index
        if "States.TaskFailed" in names and error != "States.Timeout":
            return index
    return None


def catch(state: Json, catcher: Json, failure: Failed, scope: Scope) -> Json:
    output = {"Error": failure.error, "Cause": "<cause>"}
    if failure.error is None:
        del output["Error"]
    assigned = template(catcher.get("Assign", {}), output, with_more(scope, errorOutput=output), state)
    if language(state, scope) == "JSONata":
        made = output
        if "Output" in catcher:
            made = template(catcher["Output"], None, with_more(scope, errorOutput=output), state)
    else:
        made = put(catcher.get("ResultPath", "$"), scope.input, output)
    scope.variables.update(assigned)
    return made


# --- fields ---


def language(state: Json, scope: Scope) -> str:
    return state.get("QueryLanguage", scope.language)


def with_more(scope: Scope, **more: Json) -> Scope:
    return replace(scope, more=more)


def path(text: str | None, document: Json, scope: Scope) -> Json:
    """Follow a reference path from the document, the context object or a variable."""
    if text is None:
        return {}
    base, steps = re.match(r"(\$\$|\$\w*)(.*)", text).groups()
    found = {"$": document, "$$": scope.context}.get(base, UNDEFINED)
    if found is UNDEFINED:
        found = scope.variables[base[1:]]
    for key, index in re.findall(r"\.(\w+)|\[(\d+)\]", steps):
        if key and isinstance(found, dict) and key in found:
            found = found[key]
        elif index and isinstance(found, list) and int(index) < len(found):
            found = found[int(index)]
        else:
            raise Failed(RUNTIME)
    return found


def put(text: str | None, document: Json, result: Json) -> Json:
    """Apply ResultPath."""
    if text is None:
        return document
    keys = text.split(".")[1:]
    if not keys:
        return result
    if not isinstance(document, dict):
        raise Failed("States.ResultPathMatchFailure")
    inner = document.get(keys[0], {}) if len(keys) > 1 else None
    return {**document, keys[0]: put(".".join(("$", *keys[1:])), inner, result)}


def template(value: Json, document: Json, scope: Scope, state: Json) -> Json:
    """Fill in a payload template of the state's language."""
    if isinstance(value, list):
        return [template(each, document, scope, state) for each in value]
    if language(state, scope) == "JSONata":
        if isinstance(value, str) and value.startswith("{%"):
            return expression(value, scope)
        if isinstance(value, dict):
            return {key: template(each, document, scope, state) for key, each in value.items()}
        return value
    if not isinstance(value, dict):
        return value
    return {
        key.removesuffix(".$"): path(each, document, scope)
        if key.endswith(".$")
        else template(each, document, scope, state)
        for key, each in value.items()
    }


def expression(text: str, scope: Scope) -> Json:
    """Evaluate one of the expressions that are drawn."""
    inner = text.removeprefix("{% ").removesuffix(" %}")
    if inner in EXPRESSIONS:
        found = EXPRESSIONS[inner](scope)
    elif inner[1:] in scope.variables:
        found = scope.variables[inner[1:]]
    else:
        found = json.loads(inner)
    if found is UNDEFINED:
        raise Failed(QUERY)
    return found


def member(value: Json, key: str) -> Json:
    return value.get(key, UNDEFINED) if isinstance(value, dict) else "none"


def kind(value: Json) -> str:
    names = {bool: "boolean", int: "number", str: "string", list: "array", dict: "object"}
    return "null" if value is None else names[type(value)]


def as_list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else [value]


EXPRESSIONS: dict[str, Callable[[Scope], Json]] = {
    "$states.input": lambda scope: scope.input,
    "$type($states.input) = 'object' ? $states.input.a : 'none'": lambda scope: member(scope.input, "a"),
    "$type($states.input) = 'object' and $exists($states.input.b)": lambda scope: (
        isinstance(scope.input, dict) and "b" in scope.input
    ),
    "$type($states.input) = 'array' ? $states.input : []": lambda scope: (
        scope.input if isinstance(scope.input, list) else []
    ),
    "$type($states.input)": lambda scope: kind(scope.input),
    "[$states.input, 1]": lambda scope: [*as_list(scope.input), 1],
    "{'k': $states.input}": lambda scope: {"k": scope.input},
    "$count($states.input)": lambda scope: len(as_list(scope.input)),
    "$count($states.input) > 1": lambda scope: len(as_list(scope.input)) > 1,
    "$states.context.State.Name": lambda scope: scope.context["State"]["Name"],
    "$states.context.State.RetryCount": lambda scope: scope.context["State"]["RetryCount"],
    "$states.context.Map.Item.Value": lambda scope: scope.context["Map"]["Item"]["Value"],
    "$states.context.Map.Item.Index": lambda scope: scope.context["Map"]["Item"]["Index"],
    "$states.result": lambda scope: scope.more["result"],
    "$states.result.Payload": lambda scope: scope.more["result"]["Payload"],
    "$states.errorOutput.Error": lambda scope: scope.more["errorOutput"].get("Error", UNDEFINED),
}


# --- what all states do at their end ---


def finish(state: Json, result: Json, scope: Scope, *, of_work: bool = False) -> tuple[str | None, Json]:
    """ResultSelector, Assign, ResultPath, OutputPath; or Assign and Output."""
    if language(state, scope) == "JSONata":
        scope = with_more(scope, result=result) if of_work else scope
        assigned = template(state.get("Assign", {}), None, scope, state)
        output = template(state["Output"], None, scope, state) if "Output" in state else result
    else:
        if "ResultSelector" in state:
            result = template(state["ResultSelector"], result, scope, state)
        assigned = template(state.get("Assign", {}), result, scope, state)
        if of_work or state["Type"] == "Pass":
            result = put(state.get("ResultPath", "$"), scope.input, result)
        output = path(state.get("OutputPath", "$"), result, scope)
    scope.variables.update(assigned)
    return state.get("Next"), output


def arguments(state: Json, value: Json, scope: Scope) -> Json:
    selected = path(state.get("InputPath", "$"), value, scope)
    for name in ("Parameters", "Arguments"):
        if name in state:
            return template(state[name], selected, scope, state)
    return selected


# --- states ---


def passed(state: Json, value: Json, scope: Scope) -> tuple[str | None, Json]:
    result = arguments(state, value, scope)
    return finish(state, state.get("Result", result), scope)


def task(state: Json, value: Json, scope: Scope) -> tuple[str | None, Json]:
    payload = arguments(state, value, scope)
    invoked = state["Resource"].endswith("lambda:invoke")
    result = scope.call(payload["Payload"] if invoked else payload)
    return finish(state, {"Payload": result} if invoked else result, scope, of_work=True)


def wait(state: Json, value: Json, scope: Scope) -> tuple[str | None, Json]:
    selected = path(state.get("InputPath", "$"), value, scope)
    seconds = state.get("Seconds")
    if "SecondsPath" in state:
        seconds = path(state["SecondsPath"], selected, scope)
        if type(seconds) is not int or seconds < 0:
            raise Failed(RUNTIME)
    elif isinstance(seconds, str):
        expression(seconds, scope)
    return finish(state, selected, scope)


def succeed(state: Json, value: Json, scope: Scope) -> tuple[str | None, Json]:
    return finish(state, path(state.get("InputPath", "$"), value, scope), scope)


def fail(state: Json, value: Json, scope: Scope) -> tuple[str | None, Json]:
    raise Failed(state.get("Error"))


def choice(state: Json, value: Json, scope: Scope) -> tuple[str | None, Json]:
    selected = path(state.get("InputPath", "$"), value, scope)
    for rule in state["Choices"]:
        if "Condition" in rule:
            holds = expression(rule["Condition"], scope)
            if not isinstance(holds, bool):
                raise Failed(QUERY)
        else:
            holds = condition(rule, selected, scope)
        if holds:
            if "Output" in rule or "Assign" in rule:
                state = {**state, **{key: rule[key] for key in ("Output", "Assign") if key in rule}}
            return rule["Next"], finish(without_assign(state, rule), selected, scope)[1]
    if "Default" not in state:
        raise Failed("States.NoChoiceMatched")
    return state["Default"], finish(state, selected, scope)[1]


def without_assign(state: Json, rule: Json) -> Json:
    """The state's Assign is for the default alone."""
    return state if "Assign" in rule else {key: each for key, each in state.items() if key != "Assign"}


def condition(rule: Json, document: Json, scope: Scope) -> bool:
    if "Not" in rule:
        return not condition(rule["Not"], document, scope)
    for name, decide in (("And", all), ("Or", any)):
        if name in rule:
            return decide(condition(each, document, scope) for each in rule[name])
    try:
        found = path(rule["Variable"], document, scope)
    except Failed:
        if "IsPresent" in rule:
            return not rule["IsPresent"]
        raise
    operator, operand = next((key, each) for key, each in rule.items() if key not in ("Variable", "Next"))
    number = isinstance(found, int) and not isinstance(found, bool)
    return {
        "IsPresent": lambda: operand is True,
        "IsNull": lambda: (found is None) is operand,
        "NumericGreaterThan": lambda: number and found > operand,
        "StringEquals": lambda: isinstance(found, str) and found == operand,
        "BooleanEquals": lambda: isinstance(found, bool) and found is operand,
    }[operator]()


def parallel(state: Json, value: Json, scope: Scope) -> tuple[str | None, Json]:
    given = arguments(state, value, scope)
    inner = replace(scope, more={})
    results = everyone([lambda flow=flow: run(flow, given, inner) for flow in state["Branches"]])
    return finish(state, results, scope, of_work=True)


def mapped(state: Json, value: Json, scope: Scope) -> tuple[str | None, Json]:
    value = path(state.get("InputPath", "$"), value, scope)
    items = path(state.get("ItemsPath", "$"), value, scope)
    if "Items" in state:
        items = template(state["Items"], None, scope, state)
    distributed = state["ItemProcessor"].get("ProcessorConfig", {}).get("Mode") == "DISTRIBUTED"
    if distributed and isinstance(items, dict):
        # An object's members are items: https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemspath.html
        items = [{"Key": key, "Value": each} for key, each in items.items()]
        values = [each["Value"] for each in items]
    elif isinstance(items, list):
        values = items
    else:
        raise Failed(QUERY if language(state, scope) == "JSONata" else RUNTIME)

    def one(index: int, item: Json) -> Json:
        entry = {"Map": {"Item": {"Index": index, "Value": values[index]}}}
        inside = replace(scope, context={**scope.context, **entry})
        if "ItemSelector" in state:
            item = template(state["ItemSelector"], value, inside, state)
        if distributed:
            inside = replace(inside, variables={})
        return run(state["ItemProcessor"], item, inside)

    try:
        results = everyone([lambda pair=pair: one(*pair) for pair in enumerate(items)])
    except (Failed, Ambiguous):
        if distributed:
            raise Failed("States.ExceedToleratedFailureThreshold") from None
        raise
    return finish(state, results, scope, of_work=True)


def everyone(works: list[Callable[[], Json]]) -> list[Json]:
    """Give all results; raises the error of those that fail, if it is one."""
    results, errors = [], []
    for work in works:
        try:
            results.append(work())
        except Failed as failure:
            errors.append(failure)
    if len({failure.error for failure in errors}) > 1:
        raise Ambiguous
    if errors:
        raise errors[0]
    return results


STATES: dict[str, Callable[[Json, Json, Scope], tuple[str | None, Json]]] = {
    "Pass": passed,
    "Task": task,
    "Wait": wait,
    "Choice": choice,
    "Succeed": succeed,
    "Fail": fail,
    "Parallel": parallel,
    "Map": mapped,
}
