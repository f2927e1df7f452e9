"""Messages that were refused: each is put aside once, however often its queue shows it again."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from pipeline import told
from pipeline.formats.messages import message_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipeline.reading import Candidate
    from pipeline.rejects import Reject
    from pipeline.settings import Settings
    from pipeline.shapes import File, Refusal

Rejected = tuple["Candidate", "Reject"]
# As JSON in ASCII. A place may be as long as the names in a message; the payload of a state has 262,144
# characters for a hundred refusals beside what is staged. All of it is in quarantine.
MAX_POINTER_CHARACTERS = 300
MAX_REASON_CHARACTERS = 600


class Refused(NamedTuple):
    """Messages that were refused, all of them, and those that are to be put aside."""

    all: list[Rejected]
    put_aside_by: dict[str, str]
    group: str

    @property
    def new(self) -> list[Rejected]:
        """Those that no other group of messages has put aside already."""
        return [each for each in self.all if self.put_aside_by.get(_message(each), self.group) == self.group]

    def keep(self, settings: Settings) -> list[Refusal]:
        """Write down why messages are refused, and return it; they have to be in quarantine by then."""
        refusals = [_refusal(*each) for each in self.all]
        mine = {refusal["message"]: self.group for refusal in refusals}
        told.keep_reasons(settings.told_table, refusals, datetime.now(UTC), {**mine, **self.put_aside_by})
        return refusals


def refused(settings: Settings, file: File, rejected: Iterable[Rejected]) -> Refused:
    """Return refused messages, and what is known of them from an earlier receive."""
    found = list(rejected)
    before = told.put_aside_by(settings.told_table, map(_message, found)) if found else {}
    return Refused(found, before, file["id"])


def _message(rejected: Rejected) -> str:
    return message_of(str(rejected[0].sent))


def _refusal(candidate: Candidate, reject: Reject) -> Refusal:
    return {
        "message": message_of(str(candidate.sent)),
        "rule": reject.rule,
        "pointer": cut(reject.pointer, MAX_POINTER_CHARACTERS),
        "reason": cut(reject.message, MAX_REASON_CHARACTERS),
    }


def cut(text: str, characters: int) -> str:
    """Return a text that takes so many characters at most as JSON in ASCII; what is cut ends in "…"."""
    if len(text) <= characters and _length(text) <= characters:
        return text
    ends = accumulate(map(_length, text[:characters]))
    return text[: sum(end <= characters - _length("…") for end in ends)] + "…"


def _length(text: str) -> int:
    return len(json.dumps(text)) - 2
