"""Where types come from: a folder with `functions/` and `statemachines/` in it.

    functions/<function>.json       {"input": schema, "output": schema, "errors": ["Name", …]}
    statemachines/<machine>.json    {"input": schema, "output": schema}

Each part may be left out. A function is named by the last segment of its ARN, or by its placeholder:
`${ParseAndValidateArn}` and `${parse_and_validate}` are `parse_and_validate`. A machine is named by its file:
`x.asl.json` is `x`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from statewright.typing.schemas import SchemaError, Schemas
from statewright.typing.shapes import UNKNOWN, Type

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Json = Any

_PLACEHOLDER = re.compile(r"\$\{([^}]*)\}")
_ARN = re.compile(r"arn:[^:]*:lambda:[^:]*:[^:]*:function:([^:]+)(:.*)?")
_MACHINE_ARN = re.compile(r"arn:[^:]*:states:[^:]*:[^:]*:stateMachine:([^:]+)(:.*)?")
_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z]+|\d+")
# Names of functions have 140 characters at most, with an ARN; those of machines 80.
_LONGEST = 140
_ENDINGS = (
    "_lambda_function_arn", "_lambda_function_name", "_state_machine_arn", "_function_arn", "_function_name",
    "_lambda_arn", "_machine_arn", "_arn", "_name", "_lambda_function", "_function", "_lambda",
    "_state_machine", "_machine",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Signature:
    """What a function or a machine takes, gives and raises; `errors` is None where nobody has said."""

    name: str
    file: str
    input: Type
    output: Type
    errors: frozenset[str] | None = None
    has_input: bool = True
    has_output: bool = True


def snake(name: str) -> str:
    """Write a name in snake case: `ParseAndValidate` and `parse-and-validate` are `parse_and_validate`."""
    return "_".join(word.lower() for word in _WORDS.findall(name))


def is_function_arn(text: str) -> bool:
    """Say whether a text is the ARN of a function, with or without its version or alias."""
    return _ARN.fullmatch(text) is not None


def names_of(text: str) -> tuple[str, ...]:
    """Give the names that an ARN, a name or a placeholder may stand for, the likeliest first."""
    match = _ARN.fullmatch(text) or _MACHINE_ARN.fullmatch(text)
    bare = match[1] if match else text
    inside = _PLACEHOLDER.search(bare)
    if inside is not None:
        bare = inside[1].rpartition(".")[0] if inside[1].endswith((".Arn", ".Name")) else inside[1]
        bare = bare.rpartition(".")[2]
    elif not match and re.fullmatch(r"[\w-]+:[\w$-]+", bare):
        bare = bare.partition(":")[0]
    plain = snake(bare)
    found = [bare, bare.replace("-", "_"), plain]
    found += [plain.removesuffix(ending) for ending in _ENDINGS if plain.endswith(ending)]
    return tuple(dict.fromkeys(each for each in found if _is_file_name(each)))


def _is_file_name(name: str) -> bool:
    return 0 < len(name) <= _LONGEST and "/" not in name and "\0" not in name and not name.startswith(".")


class Signatures:
    """Reads signatures from a folder, each once; without a folder there are none."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self._schemas = Schemas()
        self._known: dict[tuple[str, str], Signature | None] = {}

    def function(self, text: str) -> Signature | None:
        """Give the signature of a function by its ARN, name or placeholder; raises SchemaError."""
        return self._first("functions", names_of(text))

    def machine(self, text: str) -> Signature | None:
        """Give the signature of a machine by its ARN, name or placeholder; raises SchemaError."""
        return self._first("statemachines", names_of(text))

    def names(self, kind: str) -> tuple[str, ...]:
        """Name all that have a signature: kind is "functions" or "statemachines"."""
        return (
            () if self.folder is None else tuple(sorted(p.stem for p in (self.folder / kind).glob("*.json")))
        )

    def _first(self, kind: str, names: tuple[str, ...]) -> Signature | None:
        for name in names:
            found = self._one(kind, name)
            if found is not None:
                return found
        return None

    def _one(self, kind: str, name: str) -> Signature | None:
        key = (kind, name)
        if key not in self._known:
            file = None if self.folder is None else self.folder / kind / f"{name}.json"
            self._known[key] = self._read(name, kind, file) if file is not None and file.is_file() else None
        return self._known[key]

    def _read(self, name: str, kind: str, file: Path) -> Signature:
        document = self._schemas.load(file)
        if not isinstance(document, dict):
            raise SchemaError(f"{file}: a signature is an object with input and output")
        errors = document.get("errors")
        if errors is not None and not (isinstance(errors, list) and all(isinstance(e, str) for e in errors)):
            raise SchemaError(f"{file}: errors is a list of names")
        shown = f"{kind}/{file.name}"
        return Signature(
            name,
            shown,
            self._schemas.at(file, "/input") if "input" in document else UNKNOWN,
            self._schemas.at(file, "/output") if "output" in document else UNKNOWN,
            None if errors is None else frozenset(errors),
            "input" in document,
            "output" in document,
        )


def find_folder(start: Path) -> Path | None:
    """Find the folder of signatures: `schemas` in the folder of a definition or above it."""
    for folder in _upwards(start.resolve()):
        found = folder / "schemas"
        if (found / "functions").is_dir() or (found / "statemachines").is_dir():
            return found
    return None


def _upwards(start: Path) -> Iterator[Path]:
    yield start
    yield from start.parents


def machine_name(file: Path) -> str:
    """Give the name of the machine in a file: `x.asl.json` is `x`."""
    name = file.name
    for ending in (".asl.json", ".asl", ".json"):
        if name.endswith(ending):
            return name.removesuffix(ending)
    return file.stem
