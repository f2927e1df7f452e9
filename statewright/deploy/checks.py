"""What a look at a machine or an account finds: a finding a check, and what to do where it is not well."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "note", "wrong"]


@dataclass(frozen=True)
class Finding:
    """What one check found.

    `note` is for what works less well, or is not needed for everything; `remedy` says what to do where it is
    not ok.
    """

    check: str
    state: State
    said: str
    remedy: str = ""


def ok(check: str, said: str) -> Finding:
    """Return that there is nothing to do."""
    return Finding(check, "ok", said)


def note(check: str, said: str, remedy: str) -> Finding:
    """Return that something could be better."""
    return Finding(check, "note", said, remedy)


def wrong(check: str, said: str, remedy: str) -> Finding:
    """Return that something will not work."""
    return Finding(check, "wrong", said, remedy)
