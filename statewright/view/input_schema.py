"""The schema of a state machine's input, in one piece, and what does not fit it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from statewright.view.project_files import ProjectFiles

Json = Any

MAX_PROBLEMS = 20
_MOST_SCHEMAS = 500  # that one schema refers to
_LONGEST_FILE = 4 * 2**20
_DEEPEST = 100
_LEFT_OUT = ("$schema", "$id", "$defs")
_DATA = ("const", "enum", "default", "examples")  # values, no schemas
_BY_NAME = ("properties", "patternProperties", "dependentSchemas")  # schemas by names that may be any


class UnusableSchemaError(ValueError):
    """A schema that cannot be read; says where."""


def input_schema(files: ProjectFiles, machine: str) -> dict[str, Json] | None:
    """Return {"file", "schema"} of a machine's input, by its ARN; None where nobody has said.

    What the schema refers to in other files is put into it, under `$defs`. Raises UnusableSchemaError.
    """
    name = files.machine(machine)
    if name is None:
        return None
    file = files.schemas / "statemachines" / f"{name}.json"
    if not file.is_file():
        return None
    gathering = _Gathering(files.schemas.resolve())
    if "input" not in gathering.load(file):
        return None
    schema = gathering.whole(file.resolve(), "/input")
    return {"file": files.shown(file), "schema": schema}


def problems(schema: Json, value: Json) -> list[dict[str, str]]:
    """Return {"at", "message"} of what does not fit a schema; formats count. At most MAX_PROBLEMS.

    Of alternatives (`anyOf`) the one is told that a value comes closest to. Raises UnusableSchemaError.
    """
    import jsonschema_rs

    try:
        validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        raise UnusableSchemaError(str(error).splitlines()[0]) from error
    found = [_problem(told) for error in validator.iter_errors(value) for told in _closest(error, 0)]
    return list({json.dumps(each): each for each in found}.values())[:MAX_PROBLEMS]


def _closest(error: Any, level: int) -> Iterator[Any]:
    """Give for alternatives none of which fits the errors of the one with the fewest."""
    alternatives = getattr(error.kind, "context", None)
    if not alternatives or level > _DEEPEST:
        yield error
        return
    for inner in min(alternatives, key=len):
        yield from _closest(inner, level + 1)


def _problem(error: Any) -> dict[str, str]:
    at = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in error.instance_path)
    return {"at": at, "message": str(error.message)[:300]}


class _Gathering:
    """Schemas that refer to one another, put into one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._documents: dict[Path, Json] = {}
        self._names: dict[tuple[Path, str], str] = {}
        self._waiting: list[tuple[Path, str]] = []

    def load(self, file: Path) -> Json:
        """Return a file's document."""
        path = file.resolve()
        if path not in self._documents:
            if not path.is_relative_to(self._folder):
                raise UnusableSchemaError(f"{file.name}: lies outside the folder of schemas")
            try:
                if path.stat().st_size > _LONGEST_FILE:
                    raise UnusableSchemaError(f"{file.name}: is too large")
                self._documents[path] = json.loads(path.read_bytes())
            except (OSError, ValueError, RecursionError) as error:
                raise UnusableSchemaError(f"{file.name}: {error}") from error
        return self._documents[path]

    def whole(self, file: Path, pointer: str) -> Json:
        """Return the schema at a pointer of a file, with all that it refers to."""
        whole = self._copied(self._at(file, pointer), file, 0)
        parts: dict[str, Json] = {}
        while self._waiting:
            place = self._waiting.pop()
            parts[self._names[place]] = self._copied(self._at(*place), place[0], 0)
        return whole if not isinstance(whole, dict) or not parts else {**whole, "$defs": parts}

    def _at(self, file: Path, pointer: str) -> Json:
        value = self.load(file)
        for part in pointer.split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            try:
                value = value[int(key)] if isinstance(value, list) else value[key]
            except (KeyError, IndexError, TypeError, ValueError) as error:
                raise UnusableSchemaError(f"{file.name}: there is no {pointer}") from error
        return value

    def _copied(self, value: Json, file: Path, level: int) -> Json:
        if level > _DEEPEST:
            raise UnusableSchemaError(f"{file.name}: is nested too deep")
        if isinstance(value, list):
            return [self._copied(each, file, level + 1) for each in value]
        if not isinstance(value, dict):
            return value
        copied = {
            name: each if name in _DATA else self._copied_member(name, each, file, level + 1)
            for name, each in value.items()
            if name not in _LEFT_OUT
        }
        if isinstance(value.get("$ref"), str):
            copied["$ref"] = f"#/$defs/{self._name(value['$ref'], file)}"
        return copied

    def _copied_member(self, name: str, value: Json, file: Path, level: int) -> Json:
        if name in _BY_NAME and isinstance(value, dict):
            return {key: self._copied(each, file, level + 1) for key, each in value.items()}
        return self._copied(value, file, level)

    def _name(self, reference: str, file: Path) -> str:
        path, _, pointer = reference.partition("#")
        target = (file.parent / unquote(path)).resolve() if path else file
        place = (target, unquote(pointer))
        if place not in self._names:
            if len(self._names) >= _MOST_SCHEMAS:
                raise UnusableSchemaError(f"{file.name}: refers to more than {_MOST_SCHEMAS} schemas")
            self._names[place] = f"s{len(self._names)}"
            self._waiting.append(place)
        return self._names[place]
