"""Why a record was put aside: rule, place, and a message that holds nothing of the record."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reject:
    """`rule` is a keyword of JSON Schema or one of ours, `pointer` a JSON pointer into the record."""

    rule: str
    pointer: str
    message: str


# A shard's outcome travels through the workflow: so many rules are told apart, the others count as "other".
MAX_REASONS = 12


def count_reason(reasons: dict[str, int], rule: str) -> None:
    """Count a rule: the first eleven kinds by name, all others together."""
    name = rule if rule in reasons or len(reasons) < MAX_REASONS - 1 else "other"
    reasons[name] = reasons.get(name, 0) + 1
