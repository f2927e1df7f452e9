"""Why records of a shard were put aside: how often which rule was broken in which field, and where first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from pipeline.reading import Candidate
    from pipeline.rejects import Reject

# Names in it may be as long as a record.
MAX_POINTER_CHARACTERS = 256


class Reason(msgspec.Struct):
    """One rule in one field, and the first record of the file that broke it; `line` counts in the shard.

    `field` is one of the contract, or empty: there are not more of these than the contract has room for.
    """

    rule: str
    field: str
    count: int
    offset: int
    line: int
    pointer: str
    message: str


class Reasons:
    """The reasons of a shard; of `hidden` fields nothing is told that lies inside."""

    def __init__(self, fields: Collection[str], hidden: Collection[str]) -> None:
        self._fields = fields
        self._hidden = hidden
        self._found: dict[tuple[str, str], Reason] = {}

    def add(self, candidate: Candidate, reject: Reject) -> None:
        """Count a record that was put aside."""
        pointer = reject.pointer
        name = pointer[1:].partition("/")[0].replace("~1", "/").replace("~0", "~")
        field = name if name in self._fields else ""
        if field in self._hidden:
            pointer = "/" + pointer[1:].partition("/")[0]
        if len(pointer) > MAX_POINTER_CHARACTERS:
            pointer = pointer[: MAX_POINTER_CHARACTERS - 1] + "…"
        place = candidate.offset, candidate.line
        self.merge([Reason(reject.rule, field, 1, *place, pointer, reject.message)])

    def merge(self, others: Iterable[Reason], lines_before: int = 0) -> None:
        """Take in the reasons of a shard; so many lines of the file come before it."""
        for other in others:
            found = self._found.get((other.rule, other.field))
            moved = msgspec.structs.replace(other, line=other.line + lines_before)
            if found is not None:
                moved = moved if moved.offset < found.offset else found
                moved.count = found.count + other.count
            self._found[other.rule, other.field] = moved

    def ordered(self) -> list[Reason]:
        """Return the reasons, the most frequent first."""
        return sorted(self._found.values(), key=lambda each: (-each.count, each.rule, each.field))
