"""Bounds of JSON texts inside requests."""

from __future__ import annotations

from statewright.api.errors import ApiError
from statewright.api.json_text import MAX_DEPTH, is_too_deep


def check_nesting(text: str, code: str, what: str) -> None:
    """Raise an error of AWS's `code` where a JSON text nests deeper than MAX_DEPTH."""
    if is_too_deep(text):
        raise ApiError(code, f"{what}: 'The JSON nests deeper than {MAX_DEPTH} levels'")
