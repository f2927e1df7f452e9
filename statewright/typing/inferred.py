"""What the checker has inferred of each state, as JSON: for whoever shows a definition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from statewright.typing.check import check
from statewright.typing.rendering import show
from statewright.typing.schemas import to_schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from statewright.typing.flow import Passage
    from statewright.typing.shapes import Type
    from statewright.typing.signatures import Signatures

Json = Any


class InferredType(TypedDict):
    """A type in one line of words, and as a JSON Schema (draft 2020-12): `true` where nothing is known."""

    words: str
    schema: Json


class InferredState(TypedDict):
    """What goes into a state and what comes out of it, on all ways together."""

    input: InferredType
    output: InferredType


def inferred(definition: str, signatures: Signatures, name: str = "") -> dict[str, InferredState]:
    """Infer the types of a definition (its text): by the JSON pointer of each state that can be reached.

    `name` finds the machine's own signature; without one its input is unknown. A definition that AWS would
    refuse has no types. Raises SchemaError for a signature that cannot be read.
    """
    return in_words(check(definition, name, signatures, name).passages)


def in_words(passages: Mapping[str, Passage]) -> dict[str, InferredState]:
    """Write inferred types as JSON."""
    return {
        pointer: {"input": _written(passage.input), "output": _written(passage.output)}
        for pointer, passage in passages.items()
    }


def _written(type_: Type) -> InferredType:
    return {"words": show(type_), "schema": to_schema(type_)}
