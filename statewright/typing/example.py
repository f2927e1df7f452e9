"""What an example of a finding consists of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

Json = Any


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a code matters, and what to do; `wrong` and `right` are maps of states, or texts.

    With `before`, the files of an earlier revision, they are maps of the files of today. `roles`: policies by
    machine, wrong and right, where they are what it is about.
    """

    why: str
    wrong: Mapping[str, Json] | str
    right: Mapping[str, Json] | str
    functions: Mapping[str, Json] = field(default_factory=dict)
    machine: Mapping[str, Json] = field(default_factory=dict)
    machines: Mapping[str, Json] = field(default_factory=dict)
    language: str = "JSONata"
    pipeline: Mapping[str, Json] = field(default_factory=dict)
    before: Mapping[str, Json] = field(default_factory=dict)
    roles: tuple[Json, Json] | None = None


def record(required: Mapping[str, Json], optional: Mapping[str, Json] | None = None) -> Json:
    """Give the schema of a closed object."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }
