"""How deep a JSON text nests, told without parsing it."""

from __future__ import annotations

import re

# Deeper than anything that a 256 KiB payload needs, shallow enough for recursive walks over it.
MAX_DEPTH = 200

_STRUCTURE = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{]|[\]}]', re.DOTALL)


def is_too_deep(text: str, limit: int = MAX_DEPTH) -> bool:
    """Tell whether arrays and objects of a JSON text nest deeper than `limit`; linear in its length."""
    if text.count("[") + text.count("{") <= limit:
        return False
    depth = 0
    for token in _STRUCTURE.finditer(text):
        first = token[0][0]
        if first in "[{":
            depth += 1
            if depth > limit:
                return True
        elif first in "]}":
            depth -= 1
    return False
