"""Literal values of definitions, in which `${Placeholders}` stand for what the deployment puts there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from statewright.typing.shapes import NEVER, OPAQUE_STRING, Array, Field, Object, Type, literal

if TYPE_CHECKING:
    from collections.abc import Container

Json = Any
# What begins an expression of JSONata: a path of JSONPath, $states, a variable, a function.
_BEGINS = re.compile(r"[\[({\s]*\$(?:\.|\[|\$\.|states\.|(?P<name>[A-Za-z_]\w*)\s*(?P<call>\()?)")
_STATES = re.compile(r"\$states\.(input|result|context|errorOutput)\b")
PLACEHOLDER = re.compile(r"\$\{[^}]*\}")


def looks_like_jsonpath(text: str, variables: Container[str]) -> bool:
    """Say whether a text that stands for itself was probably meant to be a path or a call."""
    if text in ("$", "$$") or text.startswith(("$.", "$$.", "$[")):
        return True
    match = re.match(r"\$([A-Za-z_]\w*)(?=[.\[]|$)", text)
    return (match is not None and match[1] in variables) or (
        text.startswith("States.") and text.endswith(")")
    )


def looks_like_jsonata(text: str, variables: Container[str], functions: Container[str]) -> bool:
    """Say whether a text that stands for itself was probably meant to be worked out."""
    if text.startswith("{%") or text.endswith("%}") or _STATES.search(text):
        return True
    if re.match(r"""\s*(['"]).*\1\s*&\s""", text, re.DOTALL):  # 'a text' & another
        return True
    if re.search(r"\{%.*%\}", text, re.DOTALL) or re.fullmatch(
        r"States\.[A-Za-z0-9]+\(.*\)", text, re.DOTALL
    ):
        return True
    match = _BEGINS.match(text)
    if match is None:
        return False
    if match["name"] is None:
        return True
    return match["name"] in (functions if match["call"] else variables)


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
