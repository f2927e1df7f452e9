"""Messages that were refused: each is put aside once, however often its queue shows it again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pipeline import told
from pipeline.formats.messages import message_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipeline.reading import Candidate
    from pipeline.rejects import Reject
    from pipeline.settings import Settings
    from pipeline.shapes import File, Refusal

Rejected = tuple["Candidate", "Reject"]


def _refusal(candidate: Candidate, reject: Reject) -> Refusal:
    return {
        "message": message_of(str(candidate.sent)),
        "rule": reject.rule,
        "pointer": reject.pointer,
        "reason": reject.message,
    }


def first_seen(settings: Settings, file: File, rejected: Iterable[Rejected]) -> list[Rejected]:
    """Return those that no other group of messages has put aside already."""
    found = list(rejected)
    ids = [message_of(str(candidate.sent)) for candidate, _ in found]
    before = told.refused_before(settings.told_table, ids, file["id"])
    return [each for message, each in zip(ids, found, strict=True) if message not in before]


def kept(settings: Settings, file: File, rejected: Iterable[Rejected]) -> list[Refusal]:
    """Write down why messages are refused, and return it.

    They are in quarantine by then: who finds the reason need not put them there.
    """
    refusals = [_refusal(candidate, reject) for candidate, reject in rejected]
    told.keep_reasons(settings.told_table, refusals, file["id"], datetime.now(UTC))
    return refusals
