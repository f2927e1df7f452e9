"""How deep the JSON text of a request may nest."""

from __future__ import annotations

from statewright.asl.strict_json import nests_deeper

# Deeper than anything that a 256 KiB payload needs, shallow enough for recursive walks over it.
MAX_DEPTH = 200


def is_too_deep(text: str, limit: int = MAX_DEPTH) -> bool:
    """Tell whether arrays and objects of a JSON text nest deeper than `limit`; linear in its length."""
    return nests_deeper(text, limit)
