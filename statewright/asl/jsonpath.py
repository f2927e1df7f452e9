"""JSONPath as Step Functions has it: `$` the document, `$$` the context object, `$name` a variable.

    PathSyntaxError   the text is no path (`offset` says where)
    PathError         a definite path points nowhere in this document
    ResultPathError   a value cannot be written where the path says (States.ResultPathMatchFailure)

Documents are never changed: `write` shares what it can. Sources:
https://docs.aws.amazon.com/step-functions/latest/dg/amazon-states-language-paths.html, Jayway JsonPath (whose
words AWS repeats), executions recorded on AWS.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from statewright.asl._jsonpath_parser import ParsedPath, PathSyntaxError, parse
from statewright.asl._jsonpath_steps import (
    Descendants,
    Filter,
    Indices,
    Json,
    Names,
    Roots,
    Slice,
    Step,
    Wildcard,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Path", "PathError", "PathSyntaxError", "ResultPathError", "compile_path", "dump"]

_NO_VARIABLES: Mapping[str, Json] = MappingProxyType({})

# Jayway names the Java class of what it found; these are Jackson's.
_JAVA_CLASSES = {
    bool: "java.lang.Boolean",
    int: "java.lang.Integer",
    float: "java.lang.Double",
    str: "java.lang.String",
    list: "java.util.ArrayList",
}


def dump(value: Json) -> str:
    """Write JSON as AWS writes it into messages: compact, not escaped to ASCII."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


class PathError(LookupError):
    """A definite path that points nowhere.

    `path` is its text, `detail` the reason in Jayway's words, `document` what the path was applied to,
    `field` the key of the payload template that holds it (`"name.$"`), where there is one.
    `str()` is AWS's sentence for InputPath and its like; `for_field` its sentence for payload templates.
    """

    def __init__(self, path: str, detail: str, document: Json) -> None:
        super().__init__(f"Invalid path '{path}' : {detail}")
        self.path = path
        self.detail = detail
        self.document = document
        self.field: str | None = None

    def for_field(self, field: str, shown_input: Json | None = None) -> str:
        """Give AWS's sentence for a field of a payload template."""
        shown = dump(self.document if shown_input is None else shown_input)
        place = f"specified for the field '{field}'"
        return f"The JSONPath '{self.path}' {place} could not be found in the input '{shown}'"


class ResultPathError(ValueError):
    """A value cannot be written where the path says; AWS names the failure States.ResultPathMatchFailure."""

    def __init__(self, path: str, document: Json) -> None:
        super().__init__(path)
        self.path = path
        self.document = document

    def __str__(self) -> str:
        return f"Unable to apply ReferencePath {self.path} to input {dump(self.document)}"


@dataclass(frozen=True, slots=True)
class Path:
    """A compiled path.

    `root` is "$", "$$" or a variable's name. `is_definite`: it selects at most one node. `is_reference`: it
    consists of names and indices alone, as ResultPath wants it.
    """

    text: str
    root: str
    steps: tuple[Step, ...]
    function: tuple[str, int | None] | None
    keys: tuple[str | int, ...] | None

    @property
    def is_definite(self) -> bool:
        return self.keys is not None

    @property
    def is_reference(self) -> bool:
        return self.keys is not None and self.function is None

    @property
    def variable(self) -> str | None:
        """The variable that the path starts from, if it does."""
        return None if self.root in ("$", "$$") else self.root

    def evaluate(
        self, document: Json, *, context: Json = None, variables: Mapping[str, Json] = _NO_VARIABLES
    ) -> Json:
        """Give the value at the path; a list of values where the path is indefinite. Raises PathError."""
        start = document
        if self.root == "$$":
            start = context
        elif self.root != "$":
            if self.root not in variables:
                raise PathError(self.text, f"No results for path: ${self.root}", document)
            start = variables[self.root]
        found = self._select(start, Roots(start, context, variables))
        return found if self.function is None else self._apply(self.function, found, start)

    def _select(self, start: Json, roots: Roots) -> Json:
        if self.keys is None:
            nodes: list[Json] = [start]
            for step in self.steps:
                nodes = step.select(nodes, roots)
            return nodes
        node = start
        for depth, key in enumerate(self.keys):
            if isinstance(key, str):
                if not isinstance(node, dict) or key not in node:
                    raise self._nowhere(start, node, depth)
                node = node[key]
            else:
                if not isinstance(node, list) or not -len(node) <= key < len(node):
                    raise self._nowhere(start, node, depth)
                node = node[key]
        return node

    def _nowhere(self, start: Json, node: Json, depth: int) -> PathError:
        assert self.keys is not None
        return PathError(self.text, _reason(self.keys, node, depth), start)

    def write(self, document: Json, value: Json) -> Json:
        """Give a copy of the document with the value at the path, sharing every part that stays as it is.

        Missing objects on the way are created; an index must exist. Raises ResultPathError.
        Source: https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultpath.html
        """
        if not self.is_reference or self.root != "$":
            raise ResultPathError(self.text, document)
        assert self.keys is not None
        parents: list[Json] = []
        node = document
        for depth, key in enumerate(self.keys):
            node = self._container(document, node, key, is_new=depth > 0 and node is _NEW)
            parents.append(node)
            node = node.get(key, _NEW) if isinstance(key, str) else node[key]
        for key, parent in zip(reversed(self.keys), reversed(parents), strict=True):
            copy = parent.copy()
            copy[key] = value
            value = copy
        return value

    def _container(self, document: Json, node: Json, key: str | int, *, is_new: bool) -> Json:
        if isinstance(key, str):
            if is_new:
                return {}
            if isinstance(node, dict):
                return node
        elif isinstance(node, list) and -len(node) <= key < len(node):
            return node
        raise ResultPathError(self.text, document)

    def _apply(self, function: tuple[str, int | None], value: Json, start: Json) -> Json:
        name, argument = function
        try:
            return _call(name, value, argument)
        except (TypeError, ValueError, LookupError, ArithmeticError) as error:
            raise PathError(self.text, f"the function {name}() cannot be applied", start) from error


_NEW = object()


def _reason(keys: tuple[str | int, ...], node: Json, depth: int) -> str:
    walked = "$" + "".join(_bracketed(key) for key in keys[:depth])
    here = _bracketed(keys[depth])
    is_leaf = depth == len(keys) - 1
    if isinstance(keys[depth], int):
        if node is None:
            return f"The path {walked} is null"
        if not isinstance(node, list):
            return f"Filter: {here} can only be applied to arrays. Current context is: {java_text(node)}"
        return f"No results for path: {walked}{here}"
    if isinstance(node, dict):
        return (
            f"No results for path: {walked}{here}" if is_leaf else f"Missing property in path {walked}{here}"
        )
    found = "null" if node is None else f"'{_JAVA_CLASSES[type(node)]}'"
    return (
        f"Expected to find an object with property {here} in path {walked} but found {found}. This is not a "
        "json object according to the JsonProvider: 'com.jayway.jsonpath.spi.json.JacksonJsonProvider'."
    )


def _bracketed(key: str | int) -> str:
    return f"['{key}']" if isinstance(key, str) else f"[{key}]"


def java_text(value: Json) -> str:
    """Write a value as Java's toString does, which AWS lets through: `{a=1, b=[x, y]}`."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}={java_text(member)}" for key, member in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(java_text(member) for member in value) + "]"
    if isinstance(value, float):
        return _java_double(value)
    return value if isinstance(value, str) else json.dumps(value)


def _java_double(value: float) -> str:
    """Write a double as Java's Double.toString: with an exponent below 0.001 and from ten million on."""
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value)
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    assert isinstance(exponent, int)
    first, *rest = map(str, digits)
    return f"{'-' if sign else ''}{first}.{''.join(rest) or '0'}E{exponent + len(rest)}"


def _call(name: str, value: Json, argument: int | None) -> Json:
    if name in ("length", "size"):
        return _length(value)
    if name == "keys":
        return list(_wanted(value, dict))
    if name == "concat":
        return "".join(java_text(member) for member in _wanted(value, list))
    members = _wanted(value, list)
    if name in ("first", "last", "index"):
        return members[{"first": 0, "last": -1}.get(name, argument)]
    numbers = [
        number for number in members if isinstance(number, int | float) and not isinstance(number, bool)
    ]
    return _aggregate(name, numbers)


def _length(value: Json) -> int:
    if not isinstance(value, str | list | dict):
        raise TypeError("a scalar has no length")
    return len(value)


def _wanted(value: Json, wanted: type) -> Json:
    if not isinstance(value, wanted):
        raise TypeError("the function does not apply to this type")
    return value


def _aggregate(name: str, numbers: list[int | float]) -> float:
    if not numbers:
        raise ValueError("nothing to aggregate")
    mean = math.fsum(numbers) / len(numbers)
    if name == "stddev":
        return math.sqrt(math.fsum((number - mean) ** 2 for number in numbers) / len(numbers))
    return float({"min": min(numbers), "max": max(numbers), "sum": math.fsum(numbers), "avg": mean}[name])


@lru_cache(maxsize=4096)
def compile_path(text: str) -> Path:
    """Compile a path once; raises PathSyntaxError."""
    return _path(text, parse(text))


def _path(text: str, parsed: ParsedPath) -> Path:
    keys: list[str | int] = []
    for step in parsed.steps:
        if isinstance(step, Names) and step.is_definite:
            keys.append(step.names[0])
        elif isinstance(step, Indices) and step.is_definite:
            keys.append(step.indices[0])
        else:
            assert isinstance(step, Names | Indices | Slice | Wildcard | Descendants | Filter)
            return Path(text, parsed.root, parsed.steps, parsed.function, None)
    return Path(text, parsed.root, parsed.steps, parsed.function, tuple(keys))
