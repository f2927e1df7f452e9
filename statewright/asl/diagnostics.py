"""What is wrong with a definition: code, message, and where.

Codes and messages are those of AWS's ValidateStateMachineDefinition where they are known:
SCHEMA_VALIDATION_FAILED, INVALID_JSON_DESCRIPTION, MISSING_TRANSITION_TARGET, MISSING_END_STATE, and
DUPLICATE_STATE_NAME, UNSUPPORTED_FEATURE, UNDEFINED_VARIABLE of our own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

Severity = Literal["ERROR", "WARNING"]
SCHEMA = "SCHEMA_VALIDATION_FAILED"
JSON = "INVALID_JSON_DESCRIPTION"
TARGET = "MISSING_TRANSITION_TARGET"
END = "MISSING_END_STATE"
DUPLICATE = "DUPLICATE_STATE_NAME"
UNSUPPORTED = "UNSUPPORTED_FEATURE"
UNDEFINED_VARIABLE = "UNDEFINED_VARIABLE"

_INDEX = re.compile(r"/(\d+)(?=/|$)")


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding.

    `pointer` is a JSON pointer (RFC 6901), or None where the finding is about the text as a whole; `line` and
    `column` count from 1. `location` is the place as AWS writes it.
    """

    code: str
    message: str
    pointer: str | None
    line: int = 1
    column: int = 1
    severity: Severity = "ERROR"
    location: str | None = None

    def __str__(self) -> str:
        place = f" at {self.location}" if self.location and self.code != JSON else ""
        return f"{self.code}: {self.message}{place}"


class InvalidDefinition(ValueError):  # noqa: N818 - the name of AWS's API
    """A definition with errors; `str()` gives them as CreateStateMachine lists them."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__(", ".join(str(each) for each in self.diagnostics if each.severity == "ERROR"))


def aws_location(pointer: str) -> str:
    """Write a pointer as AWS does: `/States/A/Choices[0]/Next`, `/` for the whole."""
    return _INDEX.sub(r"[\1]", pointer).replace("~1", "/").replace("~0", "~") or "/"
