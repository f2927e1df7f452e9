"""A plan of Terraform's as the tests read it: planned resources by type and key.

https://developer.hashicorp.com/terraform/internals/json-format#plan-representation
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = Any


@dataclass(frozen=True)
class Plan:
    """`document` is what `terraform show -json` prints."""

    document: Json

    def resources(self) -> list[Json]:
        """Return the planned resources: their address, type, name, index and values."""
        found: list[Json] = self.document["planned_values"]["root_module"]["resources"]
        return found

    def all_of(self, kind: str) -> list[Json]:
        """Return the values of all resources of a type."""
        return [each["values"] for each in self.resources() if each["type"] == kind]

    def of(self, kind: str, name: str | None = None) -> dict[str, Json]:
        """Return the values of a type's resources (of one name, if given) by their keys in for_each."""
        return {
            str(each.get("index", each["name"])): each["values"]
            for each in self.resources()
            if each["type"] == kind and name in (None, each["name"])
        }


def block(values: Json, name: str) -> Json:
    """Return a nested block that there is at most one of, {} without it."""
    found = values.get(name) or [{}]
    return found[0] or {}


def statements(policy: str | None) -> Iterator[Json]:
    """Yield the statements of a policy, actions and resources as lists; none of one that is not known."""
    for statement in json.loads(policy or "{}").get("Statement", []):
        yield {**statement, **{name: listed(statement.get(name)) for name in ("Action", "Resource")}}


def listed(value: Json) -> list[str]:
    """Return what a policy gives as one or as a list of some."""
    return [value] if isinstance(value, str) else list(value or [])
