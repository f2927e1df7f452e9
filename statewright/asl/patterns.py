"""Regular expressions of untrusted origin, matched within a bound."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class PatternError(ValueError):
    """A text that is no regular expression, or one that is not supported."""


class PatternTimeoutError(Exception):
    """A match that takes longer than it may."""


@dataclass(frozen=True, slots=True)
class Match:
    """One match; a group that took no part is None."""

    text: str
    start: int
    end: int
    groups: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled regular expression."""

    source: str
    compiled: re.Pattern[str]

    def fullmatch(self, text: str) -> bool:
        return self.compiled.fullmatch(text) is not None

    def find_all(self, text: str, deadline: float) -> Iterator[Match]:
        for found in self.compiled.finditer(text):
            yield Match(found.group(), found.start(), found.end(), found.groups())


def compile_pattern(source: str, flags: str = "") -> Pattern:
    """Compile the source of a regular expression with the flags `i` and `m`; raises PatternError."""
    if set(flags) - set("im"):
        raise PatternError(f"unknown flags {flags!r}")
    options = (re.IGNORECASE if "i" in flags else 0) | (re.MULTILINE if "m" in flags else 0)
    try:
        return Pattern(source, re.compile(source, options))
    except (re.error, OverflowError, RecursionError) as error:
        raise PatternError(str(error)) from error
