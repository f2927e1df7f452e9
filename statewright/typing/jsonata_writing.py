"""Expressions written out, so that two of the same words are known to be the same."""

from __future__ import annotations

from typing import Any

Symbol = Any

# What a node is made of, wherever it stands.
_PARTS = (
    "type", "value", "procedure", "arguments", "steps", "stages", "predicate", "expr", "expression",
    "expressions", "lhs", "rhs", "lhs_object", "condition", "then", "_else", "body", "terms", "descending",
    "group",
    "keep_array", "keep_singleton_array", "consarray", "focus", "index", "ancestor", "update", "pattern",
)  # fmt: skip


def written_out(tree: Symbol) -> str | None:
    """Write an expression out; None for one whose value depends on where it stands."""
    return _text(tree) if _is_absolute(tree) else None


def _is_absolute(tree: Symbol) -> bool:
    if tree.type == "path":
        return bool(tree.steps) and _is_absolute(tree.steps[0])
    if tree.type == "function":
        return tree.procedure.type == "variable" and all(map(_is_absolute, tree.arguments or ()))
    return tree.type in ("string", "number", "value") or (tree.type == "variable" and bool(tree.value))


def _text(part: Any) -> str:
    if isinstance(part, list | tuple):
        return "[" + ",".join(map(_text, part)) + "]"
    if not hasattr(part, "type"):
        return repr(part)
    known = {name: getattr(part, name, None) for name in _PARTS}
    return (
        "{"
        + ",".join(f"{name}:{_text(each)}" for name, each in known.items() if each or name == "value")
        + "}"
    )
