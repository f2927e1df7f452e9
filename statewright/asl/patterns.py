"""Regular expressions of untrusted origin (JavaScript's dialect), matched within a bound.

Where an estimate from the pattern's shape and the text's length proves it quick, Python's `re` does the work.
Elsewhere (`(a+)+$`, or `\\s+$` over a long text) a machine of our own does, in time linear in the text or,
with back-references, until a deadline. What `re` cannot compile (look-behind of varying length) goes to the
machine.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from statewright.asl import _regex_syntax as syntax
from statewright.asl._regex_machine import Assembler, Instruction, Machine, PatternTimeoutError
from statewright.asl._regex_syntax import PatternError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Match", "Pattern", "PatternError", "PatternTimeoutError", "compile_pattern"]

# Steps that `re` takes in well under a second.
_QUICK = 2e7
# Seconds for a match that belongs to no evaluation with a deadline of its own.
_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Match:
    """One match; a group that took no part is None."""

    text: str
    start: int
    end: int
    groups: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled regular expression; `degree` is the exponent of its worst cost under `re`."""

    source: str
    tree: syntax.Tree
    degree: float
    quick: re.Pattern[str] | None
    program: list[Instruction]
    slots: int
    multiline: bool

    def fullmatch(self, text: str, deadline: float | None = None) -> bool:
        """Say whether the whole text matches; raises PatternTimeoutError."""
        if self.quick is not None and self._is_quick(text):
            return self.quick.fullmatch(text) is not None
        return self._machine(text, deadline).fullmatch(self.program)

    def find_all(self, text: str, deadline: float | None = None) -> Iterator[Match]:
        """Give every match, in order, none overlapping; raises PatternTimeoutError.

        An empty match is the last one given: JSONata makes it an error.
        """
        matches = (
            self._quickly(self.quick, text)
            if self.quick is not None and self._is_quick(text)
            else self._by_machine(text, deadline)
        )
        for match in matches:
            yield match
            if match.start == match.end:
                return

    @staticmethod
    def _quickly(quick: re.Pattern[str], text: str) -> Iterator[Match]:
        for found in quick.finditer(text):
            yield Match(found.group(), found.start(), found.end(), found.groups())

    def _by_machine(self, text: str, deadline: float | None) -> Iterator[Match]:
        machine = self._machine(text, deadline)
        saves = machine.search(self.program, 0)
        while saves is not None:
            match = self._match(text, saves)
            yield match
            saves = machine.search(self.program, match.end)

    def _match(self, text: str, saves: tuple[int | None, ...]) -> Match:
        start, end = saves[0] or 0, saves[1] or 0
        bounds = [(saves[2 * number], saves[2 * number + 1]) for number in range(1, self.tree.groups + 1)]
        groups = tuple(None if first is None or last is None else text[first:last] for first, last in bounds)
        return Match(text[start:end], start, end, groups)

    def _is_quick(self, text: str) -> bool:
        return self.degree <= 1 or max(2, len(text)) ** min(self.degree, 100.0) <= _QUICK

    def _machine(self, text: str, deadline: float | None) -> Machine:
        until = time.monotonic() + _SECONDS if deadline is None else deadline
        return Machine(text, self.tree, self.slots, multiline=self.multiline, deadline=until)


@lru_cache(maxsize=1024)
def compile_pattern(source: str, flags: str = "") -> Pattern:
    """Compile the source of a regular expression with the flags `i` and `m`; raises PatternError."""
    if set(flags) - set("im"):
        raise PatternError(f"unknown flags {flags!r}")
    options = re.IGNORECASE if "i" in flags else 0
    multiline = "m" in flags
    tree = syntax.parse(source)
    assembler = Assembler(tree, options)
    program = assembler.assemble(tree.root)
    degree = syntax.degree(tree, multiline=multiline)
    quick = _compile(syntax.to_python(tree.root, multiline=multiline), options) if degree < 100 else None
    return Pattern(source, tree, degree, quick, program, assembler.slots, multiline)


def _compile(source: str, options: int) -> re.Pattern[str] | None:
    try:
        return re.compile(source, options)
    except (re.error, OverflowError, RecursionError):
        return None
