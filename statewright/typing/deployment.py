"""What a deployment says of functions and machines: pipeline.json in the folder above the signatures.

Read as far as it is needed here; that it is right as a whole is the deployment's own matter.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from statewright.asl.source import JsonSyntaxError, SourceText
from statewright.typing.schemas import SchemaError
from statewright.typing.signatures import names_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Json = Any

FILE_NAME = "pipeline.json"
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html
_LAMBDA_SECONDS = 3
_KINDS = {
    "buckets": ("Bucket",),
    "tables": ("Table",),
    "queues": ("Url", "Arn"),
    "topics": ("Arn",),
    "functions": ("Arn",),
    "state_machines": ("Arn",),
    "parameters": ("Parameter",),
}


@dataclass(frozen=True, slots=True)
class Deployment:
    """A project's pipeline.json; `datasets` are those that have a contract, and so a table."""

    file: Path
    source: SourceText
    description: Json
    datasets: tuple[str, ...] = ()

    def function(self, text: str) -> str | None:
        """Name the function that an ARN, a name or a placeholder stands for, None for one not described."""
        known = self.description.get("functions", {})
        return next((name for name in names_of(text) if name in known), None)

    def seconds(self, function: str) -> float:
        """Give the time after which Lambda ends a function."""
        found: float = self.description["functions"][function].get("timeout_seconds", _LAMBDA_SECONDS)
        return found

    def machine_type(self, name: str) -> str:
        """Give "STANDARD" or "EXPRESS"."""
        described = self.description.get("state_machines", {}).get(name, {})
        return str(described.get("type", "STANDARD"))

    def placeholders(self) -> frozenset[str]:
        """Name the placeholders that definitions may hold: `FilesTable`, `CollectDataArn`."""
        found = {"Region", "Account", *(f"{_camel(name)}Table" for name in self.datasets)}
        for section, endings in _KINDS.items():
            names = self.description.get(section, {})
            found |= {f"{_camel(name)}{ending}" for name in names for ending in endings}
        return frozenset(found)

    def mentions(self, function: str) -> bool:
        """Say whether another part than `functions` names a function: a schedule, a pipe, a rule."""
        others = {name: part for name, part in self.description.items() if name != "functions"}
        return any(text == function or f"${{{_camel(function)}Arn}}" in text for text in _texts(others))


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for member in members:
        yield from _texts(member)


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def read_deployment(folder: Path | None) -> Deployment | None:
    """Read the description beside a folder of signatures, None without one; raises SchemaError."""
    file = None if folder is None else folder.resolve().parent / FILE_NAME
    if folder is None or file is None or not file.is_file():
        return None
    try:
        source = SourceText(file.read_text(encoding="utf-8-sig"))
        description = json.loads(source.text)
    except (OSError, UnicodeDecodeError, ValueError, JsonSyntaxError) as error:
        raise SchemaError(f"{file}: {error}") from error
    if not _is_description(description):
        raise SchemaError(f"{file}: its sections are objects, of objects by name")
    datasets = sorted(path.name for path in (folder / "datasets").glob("*") if path.is_dir())
    return Deployment(file, source, description, tuple(datasets))


def _is_description(value: Json) -> bool:
    if not isinstance(value, dict):
        return False
    sections = [value.get(name, {}) for name in _KINDS]
    return all(
        isinstance(section, dict) and all(isinstance(each, dict) for each in section.values())
        for section in sections
    )
