"""What the checker finds: codes, findings, and where they are gathered.

A code's number never changes its meaning. SW00x: the definition itself; SW10x: paths and values; SW11x: what
does not fit where it goes; SW12x: variables; SW13x: errors, retries, catches; SW19x: what cannot be known;
SW20x: what troubles those who run it; SW30x: the deployment around it;
SW4xx: what a change since an earlier revision breaks.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from statewright.typing.provenance import in_words
from statewright.typing.rendering import show

if TYPE_CHECKING:
    from collections.abc import Iterable

    from statewright.asl.source import SourceText
    from statewright.typing.shapes import Type
    from statewright.typing.subsumption import Difference

Severity = Literal["error", "warning", "note"]
# Which findings are gathered: those that hold always, those that hold for some values, both, none.
Wanted = Literal["all", "always", "some", "none"]


@dataclass(frozen=True, slots=True)
class Code:
    """A kind of finding; `wrong` and `right` are parts of definitions that show it."""

    name: str
    title: str
    severity: Severity


CODES = {
    code.name: code
    for code in (
        Code("SW001", "the definition is not one that AWS accepts", "error"),
        Code("SW002", "the definition is no JSON", "error"),
        Code("SW003", "a transition leads nowhere, or nothing leads to a state", "error"),
        Code("SW004", "the definition has no end", "error"),
        Code("SW005", "two states have one name", "error"),
        Code("SW101", "a path points to nothing", "error"),
        Code("SW102", "a value may be absent where one is needed", "error"),
        Code("SW103", "an index may lie beyond the end of an array, or a selection may be empty", "warning"),
        Code("SW104", "a function or an operator is applied to a value of the wrong type", "error"),
        Code("SW105", "a comparison can never be true", "error"),
        Code("SW106", "a text looks like a path or an expression and is taken as it stands", "warning"),
        Code("SW107", "a Choice without Default has values that no rule takes", "warning"),
        Code("SW110", "a task's input does not fit what its function takes", "error"),
        Code("SW111", "the output of the machine does not fit its declared type", "error"),
        Code("SW112", "an argument does not fit the service's operation", "error"),
        Code("SW113", "a field of a state gets a value of the wrong type", "error"),
        Code("SW114", "a result cannot be placed where ResultPath says", "error"),
        Code(
            "SW115", "a value may not meet a range, a length, a pattern or a format that is wanted", "warning"
        ),
        Code("SW116", "the execution's input of another machine does not fit", "error"),
        Code("SW117", "a task waits for a token that it does not hand on", "warning"),
        Code("SW118", "a service has no such operation", "error"),
        Code("SW120", "a variable is never assigned before it is used", "error"),
        Code("SW121", "a variable is assigned on some ways only", "error"),
        Code("SW130", "an error name that nothing here raises", "warning"),
        Code("SW131", "a name with the reserved prefix States. that does not exist", "error"),
        Code("SW132", "a Retry or Catch that can never match", "warning"),
        Code(
            "SW133", "an error is left to chance that other calls of the function retry or catch", "warning"
        ),
        Code("SW134", "a Lambda Task does not retry what Lambda raises in passing", "warning"),
        Code("SW190", "a function has no signature", "note"),
        Code("SW191", "it cannot be shown that a value fits", "note"),
        Code("SW192", "a suppression suppresses nothing", "warning"),
        Code("SW201", "a Task has no TimeoutSeconds", "warning"),
        Code("SW202", "a heartbeat is not shorter than the timeout", "error"),
        Code("SW203", "a Task gives up before its function does, or waits long after it", "warning"),
        Code("SW204", "a payload can pass 256 KiB", "warning"),
        Code("SW205", "a Map without bounds", "warning"),
        Code("SW206", "a Catch loses the input", "warning"),
        Code("SW207", "a loop without an exit", "error"),
        Code("SW208", "a Retry without an end", "warning"),
        Code("SW209", "a state that an EXPRESS execution cannot have", "error"),
        Code("SW301", "a function that no state uses", "warning"),
        Code("SW302", "a placeholder that names nothing of the deployment", "error"),
        Code("SW303", "a permission that the definition needs and its role lacks", "error"),
        Code("SW401", "a contract refuses records that it took before", "error"),
        Code("SW402", "items that are stored are not what the contract says now", "error"),
        Code("SW403", "the key of a table has changed", "error"),
        Code("SW404", "a contract that executions were planned with is gone", "error"),
        Code("SW405", "an attribute is made otherwise than in the items that are stored", "warning"),
        Code("SW406", "a contract does not claim objects that it claimed before", "warning"),
        Code("SW409", "it cannot be shown that a change breaks nothing", "warning"),
        Code("SW411", "a function does not take what it took before", "error"),
        Code("SW412", "a function gives what it did not give before", "error"),
        Code("SW413", "a function raises an error that it did not raise before", "warning"),
        Code("SW414", "a function that running executions call is gone", "error"),
        Code("SW421", "a machine does not take what it took before", "error"),
        Code("SW422", "a machine gives what it did not give before", "error"),
        Code("SW423", "a machine is gone, and its executions with it", "error"),
        Code("SW424", "a state is gone by its name", "warning"),
        Code("SW431", "an execution that is running would fail", "error"),
    )
}


@dataclass(frozen=True, slots=True)
class Where:
    """A place: JSON pointer, and characters into the text that stands there, where it is an expression."""

    pointer: str
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. `expected`, `actual`: types in words; `origin`: the ways of the value, step by step."""

    code: str
    severity: Severity
    message: str
    file: str
    line: int
    column: int
    pointer: str
    suggestion: str | None = None
    expected: str | None = None
    actual: str | None = None
    difference: str | None = None
    origin: tuple[tuple[str, ...], ...] = ()


_KEY = re.compile(r'"(?:[^"\\]|\\.)*"\s*:\s*')
# Shorter names differ by a letter without being meant for each other.
_SHORTEST = 4


@dataclass
class Findings:
    """Gathers the findings of one file, of the kinds that are `wanted`.

    `ignored`: codes that do not count where it stands. `inner_variables`: names of variables that only flows
    inside the machine's own assign; `assigned`: those that any flow of it assigns.
    """

    source: SourceText
    file: str
    wanted: Wanted = "all"
    inner_variables: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()
    assigned: frozenset[str] = frozenset()
    found: dict[Finding, None] = field(default_factory=dict)

    def add(
        self,
        code: str,
        message: str,
        where: Where,
        *,
        severity: Severity | None = None,
        suggestion: str | None = None,
        expected: Type | None = None,
        actual: Type | None = None,
        difference: str | None = None,
        is_always: bool = False,
    ) -> None:
        """Add a finding; its severity is the code's unless another is given.

        `is_always`: it counts only if it holds for all that may come here, as that a rule never holds.
        """
        is_wanted = self.wanted == "all" or is_always is (self.wanted == "always")
        if code in self.ignored or self.wanted == "none" or not is_wanted:
            return
        line, column = self._position(where)
        finding = Finding(
            code,
            severity or CODES[code].severity,
            message,
            self.file,
            line,
            column,
            where.pointer,
            suggestion,
            None if expected is None else show(expected),
            None if actual is None else show(actual),
            difference,
            () if actual is None else in_words(actual.origin),
        )
        self.found[finding] = None

    def _position(self, where: Where) -> tuple[int, int]:
        at = self.source.location(where.pointer)
        lines = self.source.text.split("\n", at.line)
        text = lines[at.line - 1][at.column - 1 :]
        key = _KEY.match(text)
        start = key.end() if key else 0
        if where.offset and text[start : start + 1] == '"':
            return at.line, at.column + start + 1 + where.offset
        return at.line, at.column


def meant(name: str, names: Iterable[str], likeness: float = 0.6) -> str | None:
    """Suggest the name that was probably meant, at least so much alike."""
    known = list(names)
    folded = {each.replace("_", "").replace("-", "").lower(): each for each in reversed(known)}
    same = folded.get(name.replace("_", "").replace("-", "").lower())
    if same is not None and same != name:
        return f"did you mean '{same}'?"
    close = difflib.get_close_matches(name, known, n=1, cutoff=likeness)
    return f"did you mean '{close[0]}'?" if close and close[0] != name else None


def is_one_slip(name: str, other: str) -> bool:
    """Say whether two names differ by one letter: dropped, added, changed, or swapped with the next."""
    if name == other or abs(len(name) - len(other)) > 1 or min(len(name), len(other)) < _SHORTEST:
        return False
    start = _alike(name, other)
    left, right = name[start:], other[start:]
    end = _alike(left[::-1], right[::-1])
    left, right = left[: len(left) - end], right[: len(right) - end]
    if (left + right).isdigit():
        return False
    is_one = max(len(left), len(right)) == 1
    return is_one or (len(left) == 2 and left == right[::-1])


def _alike(left: str, right: str) -> int:
    """Count the letters with which both begin."""
    pairs = zip(left, right, strict=False)
    return next(
        (place for place, (one, other) in enumerate(pairs) if one != other), min(len(left), len(right))
    )


def suggestion_for(difference: Difference) -> str | None:
    """Suggest a name for a member that is missing or too much, or a value that is not allowed."""
    return None if difference.name is None else meant(difference.name, difference.others)


def pointed(difference: Difference) -> str:
    """Write where a difference lies, and the difference: `file.size: …`."""
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in difference.where)
    return f"{path.lstrip('.')}: {difference.words}" if path else difference.words
