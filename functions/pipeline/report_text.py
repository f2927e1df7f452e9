"""Text that came from data, as the page shows it: escaped, and nothing in it hidden."""

from __future__ import annotations

import html
import shlex

# Longer text is cut on the page; the JSON has all of it.
MAX_SHOWN = 1024


def shown(text: str) -> str:
    """Return a text as HTML; control characters and those that turn the direction of writing as `\\u202e`."""
    cut = text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"
    return html.escape("".join(each if each.isprintable() else _escaped(each) for each in cut))


def _escaped(character: str) -> str:
    return f"\\u{ord(character):04x}"


def command(*words: str) -> str:
    """Return a command that a shell takes as it stands."""
    return shlex.join(words)
