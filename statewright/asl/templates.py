"""Payload templates of JSONPath states: Parameters, ResultSelector, ItemSelector, Assign.

A key that ends in `.$` holds a path or an intrinsic function call; it is evaluated, and the key loses its
ending. Everything else stands for itself. Source:
https://docs.aws.amazon.com/step-functions/latest/dg/input-output-inputpath-params.html
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from statewright.asl import intrinsics, jsonpath
from statewright.asl.source import escape

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Template", "TemplateSyntaxError", "compile_template", "evaluate"]

Json = Any

_NO_VARIABLES: Mapping[str, Json] = MappingProxyType({})
_SUFFIX = ".$"
# json.loads itself gives up on text that nests deeper than about a thousand.
MAX_NESTING = 500


class TemplateSyntaxError(ValueError):
    """A field that is neither a path nor a call; `pointer` is its JSON pointer inside the template."""

    def __init__(self, message: str, pointer: str, field: str) -> None:
        super().__init__(message)
        self.message = message
        self.pointer = pointer
        self.field = field


@dataclass(frozen=True, slots=True)
class _Constant:
    value: Json


@dataclass(frozen=True, slots=True)
class _Object:
    members: tuple[tuple[str, _Node], ...]


@dataclass(frozen=True, slots=True)
class _Array:
    items: tuple[_Node, ...]


@dataclass(frozen=True, slots=True)
class _Dynamic:
    """`field` is the key as written, with its `.$`, which AWS's messages name."""

    field: str
    source: jsonpath.Path | intrinsics.Call


_Node = _Constant | _Object | _Array | _Dynamic


@dataclass(frozen=True, slots=True)
class Template:
    """A compiled payload template."""

    root: _Node

    def evaluate(
        self, document: Json, *, context: Json = None, variables: Mapping[str, Json] = _NO_VARIABLES
    ) -> Json:
        """Give the payload; raises PathError (with `.field` set) and IntrinsicError."""
        return _evaluate(self.root, document, context, variables)

    @property
    def sources(self) -> tuple[jsonpath.Path | intrinsics.Call, ...]:
        """Every path and call in the template, in order."""
        return tuple(_sources(self.root))


def evaluate(
    template: Json, document: Json, *, context: Json = None, variables: Mapping[str, Json] = _NO_VARIABLES
) -> Json:
    """Compile and evaluate a template that is used once."""
    return compile_template(template).evaluate(document, context=context, variables=variables)


def compile_template(template: Json) -> Template:
    """Compile a payload template; raises TemplateSyntaxError."""
    return Template(_compile(template, "", 0))


def _compile(value: Json, pointer: str, depth: int) -> _Node:
    if depth > MAX_NESTING:
        raise TemplateSyntaxError(f"templates may nest {MAX_NESTING} deep", pointer, "")
    if isinstance(value, dict):
        _refuse_twins(value, pointer)
        node: _Node = _Object(
            tuple(_compile_member(key, member, pointer, depth) for key, member in value.items())
        )
        assert isinstance(node, _Object)
        is_constant = all(isinstance(member, _Constant) for _, member in node.members)
        return _Constant(value) if is_constant else node
    if isinstance(value, list):
        items = tuple(_compile(item, f"{pointer}/{index}", depth + 1) for index, item in enumerate(value))
        return _Constant(value) if all(isinstance(item, _Constant) for item in items) else _Array(items)
    return _Constant(value)


def _refuse_twins(members: dict[str, Json], pointer: str) -> None:
    """`x` and `x.$` would be one field: the value of one of them would be lost."""
    for key in members:
        if key + _SUFFIX in members:
            message = f"The fields '{key}' and '{key}{_SUFFIX}' cannot both be there"
            raise TemplateSyntaxError(message, f"{pointer}/{escape(key)}", key)


def _compile_member(key: str, value: Json, pointer: str, depth: int) -> tuple[str, _Node]:
    inner = f"{pointer}/{escape(key)}"
    if not key.endswith(_SUFFIX):
        return key, _compile(value, inner, depth + 1)
    return key[: -len(_SUFFIX)], _Dynamic(key, _compile_source(key, value, inner))


def _compile_source(key: str, value: Json, pointer: str) -> jsonpath.Path | intrinsics.Call:
    # The words of AWS's validation.
    message = f"The value for the field '{key}' must be a valid JSONPath or a valid intrinsic function call"
    if not isinstance(value, str):
        raise TemplateSyntaxError(message, pointer, key)
    try:
        return intrinsics.compile_call(value) if intrinsics.is_call(value) else jsonpath.compile_path(value)
    except (jsonpath.PathSyntaxError, intrinsics.IntrinsicSyntaxError) as error:
        raise TemplateSyntaxError(message, pointer, key) from error


def _evaluate(node: _Node, document: Json, context: Json, variables: Mapping[str, Json]) -> Json:
    if isinstance(node, _Constant):
        return node.value
    if isinstance(node, _Object):
        return {key: _evaluate(member, document, context, variables) for key, member in node.members}
    if isinstance(node, _Array):
        return [_evaluate(item, document, context, variables) for item in node.items]
    try:
        return node.source.evaluate(document, context=context, variables=variables)
    except jsonpath.PathError as error:
        error.field = node.field
        raise


def _sources(node: _Node) -> list[jsonpath.Path | intrinsics.Call]:
    if isinstance(node, _Dynamic):
        return [node.source]
    if isinstance(node, _Object):
        return [source for _, member in node.members for source in _sources(member)]
    if isinstance(node, _Array):
        return [source for item in node.items for source in _sources(item)]
    return []
