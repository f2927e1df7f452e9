"""Findings that are known and right to be left: `suppressions.json` beside the signatures, with reasons.

    [{"code": "SW110", "machine": "ingest", "pointer": "/States/Notify/Arguments/Payload", "reason": "…"}]

A pointer stands for itself and what lies below it. One that suppresses nothing any more is reported (SW192).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from statewright.typing.findings import CODES, Finding
from statewright.typing.schemas import SchemaError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Json = Any

FILE_NAME = "suppressions.json"


class Suppression(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One entry; `machine` is named as its signature is."""

    code: str
    machine: str
    pointer: str
    reason: str

    def covers(self, finding: Finding) -> bool:
        """Say whether a finding of its machine is meant."""
        is_below = finding.pointer == self.pointer or finding.pointer.startswith(self.pointer + "/")
        return finding.code == self.code and is_below


def read_suppressions(folder: Path | None) -> list[Suppression]:
    """Read the suppressions of a folder of signatures; raises SchemaError."""
    file = None if folder is None else folder / FILE_NAME
    if file is None or not file.is_file():
        return []
    try:
        found = msgspec.json.decode(file.read_bytes(), type=list[Suppression])
    except (OSError, msgspec.DecodeError) as error:
        raise SchemaError(f"{file}: {error}") from error
    for each in found:
        if each.code not in CODES or not each.reason.strip():
            raise SchemaError(
                f"{file}: a suppression has a known code and a reason: {each.code} {each.pointer}"
            )
    return found


def suppress(findings: Sequence[Finding], known: Sequence[Suppression], machine: str) -> list[Finding]:
    """Leave out what is suppressed for a machine; report the suppressions that are stale."""
    own = [each for each in known if each.machine == machine]
    left = [finding for finding in findings if not any(each.covers(finding) for each in own)]
    file = findings[0].file if findings else machine
    for each in own:
        if not any(each.covers(finding) for finding in findings):
            message = f"{FILE_NAME} suppresses {each.code} at {each.pointer}, where there is none"
            left.append(Finding("SW192", CODES["SW192"].severity, message, file, 1, 1, each.pointer))
    return left
