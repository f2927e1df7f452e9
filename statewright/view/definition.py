"""A definition as what a picture shows: regions of nodes and edges, read leniently.

    Chart -> Region -> Node (-> Region ...), Edge

What the endpoint took is drawn, also where this version of the project would refuse it: members that are
missing or have another shape are left out, and so are edges to states that are not there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from statewright.asl.source import JsonSyntaxError, SourceText, escape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Json = Any
EdgeKind = Literal["next", "choice", "default", "catch"]

ANY_ERROR = "any error"
MAX_CONTAINERS = 40  # levels of Map and Parallel inside one another
MAX_DRAWN_STATES = 2_000

_OPERATOR = re.compile(
    r"(?P<type>String|Numeric|Timestamp|Boolean)(?P<sign>Equals|LessThanEquals|GreaterThanEquals|LessThan|"
    r"GreaterThan|Matches)(?P<path>Path)?$"
)
_SIGNS = {
    "Equals": "=",
    "LessThan": "<",
    "LessThanEquals": "≤",
    "GreaterThan": ">",
    "GreaterThanEquals": "≥",
    "Matches": "matches",
}


class NotDrawableError(ValueError):
    """A text that is no definition of which a picture can be made."""


@dataclass(frozen=True, slots=True)
class Edge:
    """One way from a state to another; `label` says when it is gone, "" where always."""

    source: str
    target: str
    kind: EdgeKind
    label: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """A state; `subtitle` is what it calls or its type, `body` the state as the definition has it."""

    name: str
    type: str
    subtitle: str
    pointer: str
    body: Mapping[str, Json]
    regions: tuple[Region, ...] = ()


@dataclass(frozen=True, slots=True)
class Region:
    """States that lead into one another: a machine's, a branch's, an item processor's."""

    start_at: str | None
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    ends: tuple[str, ...]

    def edges_inside(self) -> Iterator[Edge]:
        """Give every edge, those of inner regions too."""
        yield from self.edges
        for node in self.walk():
            for region in node.regions:
                yield from region.edges

    def walk(self) -> Iterator[Node]:
        """Give every node, inner ones after the node that holds them."""
        for node in self.nodes:
            yield node
            for region in node.regions:
                yield from region.walk()


@dataclass(frozen=True, slots=True)
class Chart:
    """A whole definition; `parents` says for an inner state its container and the index of its region."""

    region: Region
    comment: str
    language: str
    nodes: Mapping[str, Node] = field(default_factory=dict)
    parents: Mapping[str, tuple[str, int]] = field(default_factory=dict)

    def ancestors(self, name: str) -> tuple[str, ...]:
        """Return the containers of a state, the innermost first."""
        found: list[str] = []
        while name in self.parents and len(found) <= MAX_CONTAINERS:
            name = self.parents[name][0]
            found.append(name)
        return tuple(found)


def read_chart(text: str) -> Chart:
    """Read a definition; raises NotDrawableError where it is no JSON or has no states."""
    try:
        value = SourceText(text).value
    except JsonSyntaxError as error:
        raise NotDrawableError(f"line {error.line}, column {error.column}: {error.message}") from error
    if not isinstance(value, dict) or not _states(value):
        raise NotDrawableError("This is no state machine: it has no States")
    budget = [MAX_DRAWN_STATES]
    region = _region(value, "", 0, budget)
    nodes: dict[str, Node] = {}
    for node in region.walk():
        nodes.setdefault(node.name, node)
    parents: dict[str, tuple[str, int]] = {}
    for node in region.walk():
        for index, inner in enumerate(node.regions):
            for child in inner.nodes:
                parents.setdefault(child.name, (node.name, index))
    language = value.get("QueryLanguage")
    return Chart(region, _text(value.get("Comment")), _text(language) or "JSONPath", nodes, parents)


def _region(flow: Mapping[str, Json], pointer: str, depth: int, budget: list[int]) -> Region:
    if depth > MAX_CONTAINERS:
        raise NotDrawableError(f"Containers nest deeper than {MAX_CONTAINERS}")
    states = _states(flow)
    nodes = []
    for name, body in states.items():
        budget[0] -= 1
        if budget[0] < 0:
            raise NotDrawableError(f"More than {MAX_DRAWN_STATES} states")
        nodes.append(_node(name, body, f"{pointer}/States/{escape(name)}", depth, budget))
    edges = [edge for name, body in states.items() for edge in _edges(name, body) if edge.target in states]
    ends = tuple(name for name, body in states.items() if body.get("End") is True)
    start = flow.get("StartAt")
    return Region(start if start in states else None, tuple(nodes), tuple(_merge(edges)), ends)


def _states(flow: Json) -> dict[str, dict[str, Json]]:
    states = flow.get("States") if isinstance(flow, dict) else None
    if not isinstance(states, dict):
        return {}
    return {name: body for name, body in states.items() if isinstance(body, dict)}


def _node(name: str, body: Mapping[str, Json], pointer: str, depth: int, budget: list[int]) -> Node:
    regions = tuple(
        _region(flow, pointer + inner, depth + 1, budget) for inner, flow in _inner(body) if _states(flow)
    )
    kind = _text(body.get("Type")) or "?"
    return Node(name, kind, subtitle(kind, body), pointer, body, regions)


def _inner(body: Mapping[str, Json]) -> Iterator[tuple[str, Json]]:
    kind = body.get("Type")
    if kind == "Parallel" and isinstance(body.get("Branches"), list):
        for index, branch in enumerate(body["Branches"]):
            yield f"/Branches/{index}", branch
    if kind == "Map":
        for member in ("ItemProcessor", "Iterator"):
            if isinstance(body.get(member), dict):
                yield f"/{member}", body[member]
                return


# --- edges ---


def _edges(name: str, body: Mapping[str, Json]) -> Iterator[Edge]:
    for rule in _objects(body.get("Choices")):
        if isinstance(rule.get("Next"), str):
            yield Edge(name, rule["Next"], "choice", rule_text(rule))
    if isinstance(body.get("Default"), str):
        yield Edge(name, body["Default"], "default", "default")
    if isinstance(body.get("Next"), str):
        yield Edge(name, body["Next"], "next")
    for catcher in _objects(body.get("Catch")):
        if isinstance(catcher.get("Next"), str):
            yield Edge(name, catcher["Next"], "catch", _errors_text(catcher.get("ErrorEquals")))


def _merge(edges: list[Edge]) -> list[Edge]:
    """Join the edges between the same two states, but a Catch never with what is none."""
    merged: dict[tuple[str, str, bool], Edge] = {}
    for edge in edges:
        key = (edge.source, edge.target, edge.kind == "catch")
        known = merged.get(key)
        if known is None:
            merged[key] = edge
        elif edge.label and edge.label not in known.label.split(" | "):
            merged[key] = Edge(known.source, known.target, known.kind, f"{known.label} | {edge.label}")
    return list(merged.values())


def _errors_text(errors: Json) -> str:
    names = [_text(error) for error in errors] if isinstance(errors, list) else []
    if "States.ALL" in names:
        return ANY_ERROR
    return ", ".join(names)


def rule_text(rule: Mapping[str, Json]) -> str:
    """Word the condition of a choice rule; its Comment where it has one."""
    if isinstance(rule.get("Comment"), str):
        return str(rule["Comment"])
    if "Condition" in rule:
        return _expression(rule["Condition"])
    return _condition(rule, 0)


def _condition(rule: Json, depth: int) -> str:
    if not isinstance(rule, dict) or depth > MAX_CONTAINERS:
        return "?"
    for member, word in (("And", " and "), ("Or", " or ")):
        if isinstance(rule.get(member), list):
            return word.join(_condition(each, depth + 1) for each in rule[member])
    if "Not" in rule:
        return f"not ({_condition(rule['Not'], depth + 1)})"
    variable = _text(rule.get("Variable")).removeprefix("$.")
    for name, operand in rule.items():
        match = _OPERATOR.match(name)
        if match:
            value = _text(operand).removeprefix("$.") if match["path"] else _literal(operand)
            return f"{variable} {_SIGNS[match['sign']]} {value}"
        if name.startswith("Is"):
            return f"{variable} is {'' if operand is True else 'not '}{name[2:].lower()}"
    return variable


def _expression(condition: Json) -> str:
    text = _literal(condition)
    if text.startswith("{%") and text.endswith("%}"):
        text = text[2:-2]
    return " ".join(text.replace("$states.input.", "").split())


# --- texts ---


def subtitle(kind: str, body: Mapping[str, Json]) -> str:
    """Say in a few words what a state does."""
    if kind == "Task":
        return _called(body)
    if kind == "Map":
        config = body.get("ItemProcessor", body.get("Iterator"))
        config = config.get("ProcessorConfig") if isinstance(config, dict) else None
        mode = config.get("Mode") if isinstance(config, dict) else None
        return "Map · distributed" if mode == "DISTRIBUTED" else "Map"
    if kind == "Wait":
        seconds = body.get("Seconds")
        return f"Wait {seconds} s" if isinstance(seconds, int | float) else "Wait"
    if kind == "Fail":
        error = body.get("Error")
        return f"Fail · {error}" if isinstance(error, str) and not error.startswith("{%") else "Fail"
    return kind


def needs_mock(body: Mapping[str, Json]) -> bool:
    """Say whether TestState runs a state with a mock alone.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html
    """
    resource = _text(body.get("Resource"))
    waits = resource.endswith((".waitForTaskToken", ".sync", ".sync:2")) or ":activity:" in resource
    return body.get("Type") in ("Map", "Parallel") or waits


def called_function(body: Mapping[str, Json]) -> str | None:
    """Return the name, ARN or placeholder of the function that a state calls, None where it names none."""
    resource = _text(body.get("Resource"))
    if ":function:" in resource:
        return resource
    if ":::lambda:invoke" not in resource:
        return None
    for member in ("Arguments", "Parameters"):
        arguments = body.get(member)
        name = arguments.get("FunctionName") if isinstance(arguments, dict) else None
        if isinstance(name, str) and not name.startswith("{%"):
            return name
    return None


def _called(body: Mapping[str, Json]) -> str:
    resource = _text(body.get("Resource"))
    if ":::" in resource:
        call = resource.rpartition(":::")[2].removeprefix("aws-sdk:")
        if call.startswith("lambda:invoke"):
            return f"λ {_function(body)}" + (" · token" if call.endswith("waitForTaskToken") else "")
        return call
    if ":activity:" in resource:
        return f"activity {resource.rpartition(':')[2]}"
    if ":function:" in resource:
        return f"λ {resource.partition(':function:')[2]}"
    return resource or "Task"


def _function(body: Mapping[str, Json]) -> str:
    for member in ("Arguments", "Parameters"):
        arguments = body.get(member)
        name = arguments.get("FunctionName") if isinstance(arguments, dict) else None
        if isinstance(name, str):
            name = name.partition(":function:")[2] or name
            if name.startswith("${") and name.endswith("}"):
                return name[2:-1].removesuffix("Arn")
            return "invoke" if name.startswith("{%") else name
    return "invoke"


def _objects(value: Json) -> list[dict[str, Json]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _literal(value: Json) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else "null" if value is None else str(value)
