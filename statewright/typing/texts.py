"""Literal values of definitions, in which `${Placeholders}` stand for what the deployment puts there."""

from __future__ import annotations

import re
from typing import Any

from statewright.typing.shapes import NEVER, OPAQUE_STRING, Array, Field, Object, Type, literal

Json = Any
PLACEHOLDER = re.compile(r"\$\{[^}]*\}")


def literal_text(value: Json) -> Type:
    """Give the type of a literal; a text with a placeholder is a text of which nothing more is known."""
    if isinstance(value, str):
        return OPAQUE_STRING if PLACEHOLDER.search(value) else literal(value)
    if isinstance(value, list):
        return Type((Array(tuple(map(literal_text, value)), NEVER, len(value), len(value)),))
    if isinstance(value, dict):
        fields = {name: Field(literal_text(member)) for name, member in value.items()}
        return Type((Object(fields, NEVER, is_declared=True),))
    return literal(value)
