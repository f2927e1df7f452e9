"""JSON Schemas as Python types: a TypedDict for each object with named members.

What Python's types cannot say (ranges, patterns, closed objects, what stands beside a `$ref`) stays with the
schema. A class has its schema's `title`, else the name of its definition, else that of the member that holds
it; its docstring is the schema's `description`, with those of its members.
Source: https://typing.python.org/en/latest/spec/typeddict.html
"""

from __future__ import annotations

import json
import keyword
import re
import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from statewright.typing.schemas import SchemaError, Schemas

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

Json = Any

_WIDTH = 110
_SCALARS = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
_NAME = re.compile(r"\w+")
_WORDS = re.compile(r"[A-Za-z][a-z0-9]*|[0-9]+")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A schema to be written: file, JSON pointer in it, and the name that it has without a title."""

    file: Path
    pointer: str
    name: str


@dataclass
class _Module:
    """The module in the making; `classes` in the order in which they are written."""

    schemas: Schemas
    classes: dict[str, str] = field(default_factory=dict)
    names: dict[tuple[Path, str], str] = field(default_factory=dict)
    imports: set[str] = field(default_factory=set)

    # --- names ---

    def write(self, wanted: Wanted) -> None:
        """Write a schema and what it refers to."""
        place = _Place(wanted.file.resolve(), wanted.pointer)
        schema = self._at(place)
        written = self.type_of(schema, place, wanted.name)
        if written not in self.names.values():
            self._define(_title(schema) or wanted.name, place, written)

    def _define(self, name: str, place: _Place, type_: str) -> None:
        """Give a type another name than that of a class."""
        self._claim(name, place)
        self.classes[name] = f"{name} = {_wrapped(type_, f'{name} = ', '')}"

    def _claim(self, name: str, place: _Place) -> None:
        if name in self.names.values():
            raise SchemaError(f"{place.file}: two schemas are called {name}: give one of them another title")
        self.names[place.file, place.pointer] = name

    def _at(self, place: _Place) -> Json:
        node = self.schemas.load(place.file)
        for part in place.pointer.split("/")[1:]:
            name = unquote(part).replace("~1", "/").replace("~0", "~")
            if not isinstance(node, dict | list) or (isinstance(node, dict) and name not in node):
                raise SchemaError(f"{place.file}: nothing is at #{place.pointer}")
            node = node[name] if isinstance(node, dict) else node[int(name)]
        return node

    # --- types ---

    def type_of(self, schema: Json, place: _Place, name: str) -> str:
        """Give the Python type of a schema; `name` is what it is called without a title."""
        if not isinstance(schema, dict):
            return self._any()
        if "$ref" in schema:
            return self._reference(schema["$ref"], place)
        if "const" in schema or "enum" in schema:
            return self._literal(schema.get("enum", [schema.get("const")]), schema, place)
        if "properties" in schema:
            return self._class(schema, place, _title(schema) or name)
        for word in ("anyOf", "oneOf"):
            if word in schema:
                parts = [
                    self.type_of(each, place.below(word, str(number)), f"{name}{number + 1}")
                    for number, each in enumerate(schema[word])
                ]
                return _union(parts)
        kinds = schema.get("type", [])
        kinds = [kinds] if isinstance(kinds, str) else kinds
        found = [self._kind(kind, schema, place, name) for kind in kinds]
        return _union(found) if found else self._any()

    def _reference(self, reference: str, place: _Place) -> str:
        file, _, pointer = reference.partition("#")
        target = _Place((place.file.parent / unquote(file)).resolve() if file else place.file, pointer)
        known = self.names.get((target.file, target.pointer))
        if known is not None:
            return known
        return self.type_of(self._at(target), target, _name_of(target))

    def _kind(self, kind: str, schema: dict[str, Json], place: _Place, name: str) -> str:
        if kind in _SCALARS:
            return _SCALARS[kind]
        if kind == "array":
            return f"list[{self.type_of(schema.get('items', True), place.below('items'), f'{name}Item')}]"
        rest = schema.get("additionalProperties", True)
        return f"dict[str, {self.type_of(rest, place.below('additionalProperties'), f'{name}Value')}]"

    def _any(self) -> str:
        self.imports.add("Any")
        return "Any"

    def _literal(self, values: list[Json], schema: dict[str, Json], place: _Place) -> str:
        plain = [value for value in values if isinstance(value, str | bool | int) or value is None]
        if len(plain) != len(values):
            return self._any()
        shown = [_python(value) for value in plain if value is not None]
        found = [] if not shown else [f"Literal[{', '.join(shown)}]"]
        found += ["None"] if None in plain else []
        self.imports.update(["Literal"] if shown else [])
        title = _title(schema)
        if title is None or not shown:
            return _union(found)
        if self.names.get((place.file, place.pointer)) != title:
            self._define(title, place, _union(found))
        return title

    # --- classes ---

    def _class(self, schema: dict[str, Json], place: _Place, name: str) -> str:
        if self.names.get((place.file, place.pointer)) == name:
            return name
        self._claim(name, place)
        members = {
            key: self.type_of(member, place.below("properties", key), name + class_name(key))
            for key, member in schema["properties"].items()
        }
        required = set(schema.get("required", ()))
        self.imports.add("TypedDict")
        if any(key not in required for key in members):
            self.imports.add("NotRequired")
        members = {key: each if key in required else f"NotRequired[{each}]" for key, each in members.items()}
        is_plain = all(key.isidentifier() and not keyword.iskeyword(key) for key in members)
        doc = _docstring(schema)
        self.classes[name] = _body(name, members, doc) if is_plain else self._call(name, members, doc)
        return name

    def _call(self, name: str, members: dict[str, str], doc: list[str]) -> str:
        """Keys that are no names of Python's need TypedDict's other form; it reads its types at once."""
        unwritten = set(self.names.values()) - self.classes.keys()
        lines = [
            f"        {_python(key)}: {_python(each) if unwritten & set(_NAME.findall(each)) else each},"
            for key, each in members.items()
        ]
        return "\n".join([f"{name} = TypedDict(", f'    "{name}",', "    {", *lines, "    },", ")", *doc])


def _body(name: str, members: dict[str, str], doc: list[str]) -> str:
    lines = [f"class {name}(TypedDict):", *(f"    {line}" if line else "" for line in doc)]
    lines += [""] if doc and members else []
    lines += [f"    {key}: {_wrapped(each, f'    {key}: ', '    ')}" for key, each in members.items()]
    return "\n".join(lines if members or doc else [*lines, "    pass"])


_LITERAL = re.compile(r'Literal\[((?:"(?:[^"\\]|\\.)*"|[^"\]])*)\](.*)')
_VALUE = re.compile(r'"(?:[^"\\]|\\.)*"|[^,\s]+')


def _wrapped(type_: str, before: str, indent: str) -> str:
    match = _LITERAL.fullmatch(type_)
    if len(before) + len(type_) <= _WIDTH or match is None:
        return type_
    lines = [f"{indent}    {value}," for value in _VALUE.findall(match[1])]
    return "\n".join(["Literal[", *lines, f"{indent}]{match[2]}"])


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a schema stands."""

    file: Path
    pointer: str

    def below(self, *names: str) -> _Place:
        escaped = (name.replace("~", "~0").replace("/", "~1") for name in names)
        return _Place(self.file, "/".join([self.pointer, *escaped]))


def _python(value: str | float) -> str:
    """Write a literal as the formatter does: with double quotes, unless they are in it."""
    if not isinstance(value, str):
        return repr(value)
    return repr(value) if '"' in value else json.dumps(value, ensure_ascii=False)


def _union(parts: Iterable[str]) -> str:
    return " | ".join(dict.fromkeys(parts))


def _title(schema: Json) -> str | None:
    title = schema.get("title") if isinstance(schema, dict) else None
    return class_name(title) if isinstance(title, str) else None


def class_name(text: str) -> str:
    """Write words as the name of a class: `user_activity`, `User activity` are `UserActivity`."""
    words = _WORDS.findall(text)
    return "".join(word[0].upper() + word[1:] for word in words)


def _name_of(place: _Place) -> str:
    last = place.pointer.rpartition("/")[2]
    return class_name(f"{place.file.stem}_{last}" if last in ("input", "output") else last or place.file.stem)


def _docstring(schema: dict[str, Json]) -> list[str]:
    """Give the lines of a docstring: what the schema says of itself, and of its members."""
    said = [schema["description"]] if "description" in schema else []
    members = [
        f"`{name}`: {member['description']}"
        for name, member in schema["properties"].items()
        if isinstance(member, dict) and "description" in member
    ]
    width = _WIDTH - 4 - 2 * len('"""')
    first = textwrap.wrap(said[0], width) if said else []
    rest = [line for member in members for line in textwrap.wrap(member, width)]
    lines = [*first, *([""] if first and rest else []), *rest]
    if len(lines) < 2:
        return [f'"""{line}"""' for line in lines]
    return [f'"""{lines[0]}', *lines[1:], '"""']


def module_of(wanted: Iterable[Wanted], schemas: Schemas, head: str) -> str:
    """Write a module with the types of some schemas; `head` are its first lines. Raises SchemaError."""
    module = _Module(schemas)
    for schema in wanted:
        module.write(schema)
    if not module.classes:
        raise SchemaError("there is no schema to write a type for")
    text = f"{head}\n\nfrom __future__ import annotations\n"
    if module.imports:
        text += f"\nfrom typing import {', '.join(sorted(module.imports))}\n"
    was_class = False
    for place, each in enumerate(module.classes.values()):
        is_class = each.startswith("class ")
        text += "\n\n" if is_class or was_class else "\n" if place == 0 else ""
        text += f"{each}\n"
        was_class = is_class
    return text
