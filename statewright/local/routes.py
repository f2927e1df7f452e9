"""Where keys lead: asks the project's own functions, which route the objects of its raw bucket."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from statewright.functions_process import ask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from statewright.project import Project


@dataclass(frozen=True)
class Route:
    """How the object of a key is read: by which contract (`<dataset>/<version>`), in which format.

    `format` is json, jsonl, csv or tsv; `compression` none or gzip. With `one_line_records` no cell holds a
    line break.
    """

    dataset: str
    contract: str
    format: str
    compression: str
    one_line_records: bool


def routes_of(project: Project, keys: Sequence[str], contract: str | None = None) -> list[Route | None]:
    """Return the route of each key, None where it has none; raises ProjectError.

    By the newest contracts, as new objects go, or by `contract` alone, as long as that is there.
    """
    asked = {"keys": list(keys), "contract": contract}
    found = ask(project, "statewright.local.route_process", "where keys lead", asked)
    return [None if route is None else Route(**route) for route in found]


def contract_digest(project: Project, contract: str) -> str:
    """Return a digest of a contract's file (hex), which changes with the contract."""
    file = project.root / "schemas" / "datasets" / f"{contract}.json"
    return hashlib.sha256(file.read_bytes()).hexdigest()
