"""JSON Schema (draft 2020-12) to types and back.

`Schemas.read(schema)` gives a type. What a type cannot say (`not`, `if`, `contains`, `patternProperties` and
their like, a `oneOf` whose alternatives overlap) is carried as a refinement. `$ref` may point into the same
file (`#/$defs/x`) or another file beside it (`../common.json#/$defs/x`); anchors and dynamic references are
refused.
Source: https://json-schema.org/draft/2020-12/json-schema-validation
"""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from statewright.typing.lattice import array_within, meet, number_within, object_within, union
from statewright.typing.shapes import (
    INFINITY,
    NEVER,
    UNKNOWN,
    Array,
    Boolean,
    Field,
    Named,
    Null,
    Number,
    Object,
    Shape,
    String,
    Type,
    float_is_integer,
    literal,
)

if TYPE_CHECKING:
    from pathlib import Path

Json = Any

MAX_SCHEMA_BYTES = 4 * 2**20
# Schemas in a schema where each $ref is written out; definitions that double each other grow without end.
MAX_SCHEMA_PARTS = 20_000
MAX_ALTERNATIVES = 1_000
_MAX_DEPTH = 200
_TYPES = ("null", "boolean", "number", "string", "array", "object")
_OF_KIND: dict[str, type[Shape]] = {
    "null": Null,
    "boolean": Boolean,
    "number": Number,
    "string": String,
    "array": Array,
    "object": Object,
}
# Keywords that a type carries by their text alone, with the kind of values that they speak of.
_OPAQUE = {
    "multipleOf": ("number",),
    "pattern": ("string",),
    "format": ("string",),
    "contentEncoding": (),
    "uniqueItems": ("array",),
    "contains": ("array",),
    "minContains": ("array",),
    "maxContains": ("array",),
    "unevaluatedItems": ("array",),
    "patternProperties": ("object",),
    "propertyNames": ("object",),
    "dependentRequired": ("object",),
    "dependentSchemas": ("object",),
    "unevaluatedProperties": ("object",),
    "not": _TYPES,
    "if": _TYPES,
}
_REFUSED = ("$dynamicRef", "$recursiveRef")


class SchemaError(ValueError):
    """A schema that cannot be read; says where."""


class Schemas:
    """Reads schemas, with the files that they refer to."""

    def __init__(self) -> None:
        self._documents: dict[Path, Json] = {}
        self._read: dict[str, Type] = {}
        self._open: set[str] = set()
        self._recursive: set[str] = set()
        self._sizes: dict[str, int] = {}
        self._parts = 0

    def load(self, file: Path) -> Json:
        """Read a file of JSON once; raises SchemaError."""
        file = file.resolve()
        if file not in self._documents:
            try:
                if file.stat().st_size > MAX_SCHEMA_BYTES:
                    raise SchemaError(f"{file}: larger than {MAX_SCHEMA_BYTES} bytes")
                self._documents[file] = json.loads(file.read_bytes())
            except (OSError, ValueError, RecursionError) as error:
                raise SchemaError(f"{file}: {error}") from error
        return self._documents[file]

    def at(self, file: Path, pointer: str) -> Type:
        """Read the schema at a JSON pointer of a file; raises SchemaError."""
        self._parts = 0
        return self._reference(f"{file.resolve()}#{pointer}", file.resolve(), pointer, 0)

    def read(self, schema: Json, document: Json = None) -> Type:
        """Read a schema that stands alone; `document` is what its `$ref`s point into, else itself."""
        self._parts = 0
        own = _Document(self, None, schema if document is None else document)
        return own.read(schema, 0)

    def _reference(self, key: str, file: Path, pointer: str, depth: int) -> Type:
        document = _Document(self, file, self.load(file))
        return document.definition(key, pointer, depth)

    def define(self, key: str, schema: Json, document: _Document, depth: int) -> Type:
        """Read a definition once; one that contains itself stands there by name."""
        if key in self._read:
            self.count(self._sizes[key], key)
            return self._read[key]
        if key in self._open:
            self._recursive.add(key)
            return Type((Named(_short(key), lambda: self._read.get(key, NEVER)),))
        self._open.add(key)
        before = self._parts
        try:
            type_ = document.read(schema, depth)
        finally:
            self._open.discard(key)
        self._read[key] = type_
        self._sizes[key] = self._parts - before
        return type_

    def count(self, parts: int, place: str) -> None:
        """Count what is read; raises SchemaError beyond MAX_SCHEMA_PARTS."""
        self._parts += parts
        if self._parts > MAX_SCHEMA_PARTS:
            raise SchemaError(f"{place}: more than {MAX_SCHEMA_PARTS:,} schemas, each $ref written out")


def _short(key: str) -> str:
    return key.rpartition("/")[2] or key


class _Document:
    """One document while it is read."""

    def __init__(self, schemas: Schemas, file: Path | None, root: Json) -> None:
        self.schemas = schemas
        self.file = file
        self.root = root
        self.name = str(file) if file is not None else f"schema-{id(root)}"

    def definition(self, key: str, pointer: str, depth: int) -> Type:
        return self.schemas.define(key, self._find(pointer), self, depth)

    def _find(self, pointer: str) -> Json:
        node = self.root
        for part in pointer.split("/")[1:]:
            name = unquote(part).replace("~1", "/").replace("~0", "~")
            if isinstance(node, list) and name.isdecimal() and int(name) < len(node):
                node = node[int(name)]
            elif isinstance(node, dict) and name in node:
                node = node[name]
            else:
                raise SchemaError(f"{self.name}: nothing is at #{pointer}")
        return node

    def read(self, schema: Json, depth: int) -> Type:
        if depth > _MAX_DEPTH:
            raise SchemaError(f"{self.name}: nests deeper than {_MAX_DEPTH}")
        if schema is True or schema == {}:
            return UNKNOWN
        if schema is False:
            return NEVER
        if not isinstance(schema, dict):
            raise SchemaError(
                f"{self.name}: a schema is an object or a boolean, not {json.dumps(schema)[:40]}"
            )
        self.schemas.count(1, self.name)
        for keyword in _REFUSED:
            if keyword in schema:
                raise SchemaError(f"{self.name}: {keyword} is not supported")
        try:
            type_ = self._own(schema, depth)
            for part in self._parts(schema, depth):
                type_ = meet(type_, part)
                if len(type_.shapes) > MAX_ALTERNATIVES:
                    raise SchemaError(f"{self.name}: more than {MAX_ALTERNATIVES:,} alternatives")
        except (TypeError, AttributeError, OverflowError) as error:
            raise SchemaError(f"{self.name}: {error}") from error
        return type_

    def _parts(self, schema: dict[str, Json], depth: int) -> list[Type]:
        parts = []
        if "$ref" in schema:
            parts.append(self._follow(schema["$ref"], depth))
        if "const" in schema:
            parts.append(literal(schema["const"]))
        if "enum" in schema:
            parts.append(_enumeration(schema["enum"]))
        parts += [self.read(each, depth + 1) for each in schema.get("allOf", ())]
        if "anyOf" in schema:
            parts.append(union(self.read(each, depth + 1) for each in schema["anyOf"]))
        if "oneOf" in schema:
            parts.append(self._one_of(schema["oneOf"], depth))
        return parts

    def _follow(self, reference: Json, depth: int) -> Type:
        if not isinstance(reference, str):
            raise SchemaError(f"{self.name}: $ref is a string")
        place, _, pointer = reference.partition("#")
        if pointer and not pointer.startswith("/"):
            raise SchemaError(f"{self.name}: $ref to an anchor is not supported: {reference}")
        if not place:
            return self.definition(f"{self.name}#{pointer}", pointer, depth + 1)
        if "://" in place or self.file is None:
            raise SchemaError(f"{self.name}: $ref leads elsewhere than to a file beside it: {reference}")
        target = (self.file.parent / unquote(place)).resolve()
        return self.schemas._reference(f"{target}#{pointer}", target, pointer, depth + 1)

    def _one_of(self, alternatives: list[Json], depth: int) -> Type:
        types = [self.read(each, depth + 1) for each in alternatives]
        both = union(types)
        for place, one in enumerate(types):
            for other in types[place + 1 :]:
                if one.is_unknown or other.is_unknown or not meet(one, other).is_never:
                    return _refined(both, frozenset({_text({"oneOf": alternatives})}))
        return both

    # --- what one schema object says itself ---

    def _own(self, schema: dict[str, Json], depth: int) -> Type:
        wanted = schema.get("type", list(_TYPES))
        names = [wanted] if isinstance(wanted, str) else list(wanted)
        unknown = [name for name in names if name not in (*_TYPES, "integer")]
        if unknown:
            raise SchemaError(f"{self.name}: {unknown[0]!r} is no type")
        if "type" not in schema and not _SPEAKS & schema.keys():
            return UNKNOWN
        shapes = [self._shape(name, schema, depth) for name in names if not _is_covered(name, names)]
        return Type(tuple(shape for shape in shapes if shape is not None))

    def _shape(self, name: str, schema: dict[str, Json], depth: int) -> Shape | None:
        kind = "number" if name == "integer" else name
        also = frozenset(
            _text(_opaque(keyword, schema))
            for keyword, kinds in _OPAQUE.items()
            if keyword in schema and kind in kinds and not _is_idle(keyword, schema[keyword])
        )
        if kind == "null":
            return Null(also)
        if kind == "boolean":
            return Boolean(also=also)
        if kind == "number":
            return _number(schema, also, is_integer=name == "integer")
        if kind == "string":
            high = schema.get("maxLength")
            low = math.ceil(schema.get("minLength", 0))
            shape = String(None, low, None if high is None else int(high), also)
            return None if shape.high is not None and shape.low > shape.high else shape
        return self._array(schema, also, depth) if kind == "array" else self._object(schema, also, depth)

    def _array(self, schema: dict[str, Json], also: frozenset[str], depth: int) -> Shape | None:
        prefix = tuple(self.read(each, depth + 1) for each in schema.get("prefixItems", ()))
        items = self.read(schema.get("items", True), depth + 1)
        high = schema.get("maxItems")
        low = math.ceil(schema.get("minItems", 0))
        return array_within(Array(prefix, items, low, None if high is None else int(high), also))

    def _object(self, schema: dict[str, Json], also: frozenset[str], depth: int) -> Shape | None:
        required = schema.get("required", [])
        properties = schema.get("properties", {})
        rest = self.read(schema.get("additionalProperties", True), depth + 1)
        if "patternProperties" in schema and not rest.is_unknown:
            rest = UNKNOWN  # a name may match a pattern; the refinement says the rest
        fields = {
            name: Field(self.read(inner, depth + 1), name in required) for name, inner in properties.items()
        }
        fields |= {name: Field(rest) for name in required if name not in fields}
        low, high = math.ceil(schema.get("minProperties", 0)), schema.get("maxProperties")
        return object_within(
            Object(fields, rest, bool(fields), low, None if high is None else int(high), also)
        )


# Keywords that make a schema say something of its own, besides its `type`.
_SPEAKS = frozenset(
    [
        "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
        "minLength", "maxLength", "prefixItems", "items", "minItems", "maxItems",
        "properties", "required", "additionalProperties", "minProperties", "maxProperties", *_OPAQUE,
    ]
)  # fmt: skip


def _is_covered(name: str, names: list[str]) -> bool:
    return name == "integer" and "number" in names


def _is_idle(keyword: str, value: Json) -> bool:
    return keyword == "uniqueItems" and value is False


def _opaque(keyword: str, schema: dict[str, Json]) -> Json:
    together = {
        "if": ("if", "then", "else"),
        "contains": ("contains", "minContains", "maxContains"),
        "patternProperties": ("patternProperties", "properties", "additionalProperties"),
    }
    if keyword in ("unevaluatedItems", "unevaluatedProperties"):
        return schema  # it speaks of all the keywords beside it
    return {name: schema[name] for name in together.get(keyword, (keyword,)) if name in schema}


def _text(value: Json) -> str:
    return json.dumps(value, sort_keys=True)


def _number(schema: dict[str, Json], also: frozenset[str], *, is_integer: bool) -> Number | None:
    low, high = schema.get("minimum", -INFINITY), schema.get("maximum", INFINITY)
    is_low_open = is_high_open = False
    if (bound := schema.get("exclusiveMinimum")) is not None and bound >= low:
        low, is_low_open = bound, True
    if (bound := schema.get("exclusiveMaximum")) is not None and bound <= high:
        high, is_high_open = bound, True
    return number_within(Number(is_integer, low, high, is_low_open, is_high_open, None, also))


def _enumeration(values: list[Json]) -> Type:
    texts = [value for value in values if isinstance(value, str)]
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    shapes: list[Shape] = []
    if texts:
        shapes.append(String(frozenset(texts), min(map(len, texts)), max(map(len, texts))))
    if numbers:
        is_integer = all(float_is_integer(value) for value in numbers)
        shapes.append(Number(is_integer, min(numbers), max(numbers), values=frozenset(numbers)))
    truths = [value for value in values if isinstance(value, bool)]
    if truths:
        shapes.append(Boolean(frozenset(truths)))
    others = [value for value in values if value is None or isinstance(value, list | dict)]
    return union((Type(tuple(shapes)), *map(literal, others)))


def _refined(type_: Type, also: frozenset[str]) -> Type:
    """Add refinements to each shape; an unknown type has a shape of each kind then."""
    shapes = type_.shapes
    if type_.is_unknown:
        shapes = (Null(), Boolean(), Number(), String(), Array((), UNKNOWN), Object({}, UNKNOWN))
    refined = []
    for shape in shapes:
        if isinstance(shape, Named):
            refined += list(_refined(shape.unfold(), also).shapes)
        else:
            refined.append(replace(shape, also=shape.also | also))
    return Type(tuple(refined))


def to_schema(type_: Type) -> Json:
    """Write a type as a JSON Schema; recursive definitions by `$ref`, their text under `$defs`."""
    definitions: dict[str, Json] = {}
    schema = _write(type_, definitions)
    return {**schema, "$defs": definitions} if definitions and isinstance(schema, dict) else schema


def _write(type_: Type, definitions: dict[str, Json]) -> Json:
    if type_.is_unknown:
        return True
    if type_.is_never:
        return False
    written = [_write_shape(shape, definitions) for shape in type_.shapes]
    return written[0] if len(written) == 1 else {"anyOf": written}


def _write_shape(shape: Shape, definitions: dict[str, Json]) -> Json:
    if isinstance(shape, Named):
        if shape.name not in definitions:
            definitions[shape.name] = True
            definitions[shape.name] = _write(shape.unfold(), definitions)
        return {"$ref": f"#/$defs/{shape.name}"}
    written = _WRITERS[type(shape)](shape, definitions)
    if shape.also:
        written["allOf"] = [json.loads(text) for text in sorted(shape.also)]
    return written


def _write_number(shape: Number, _definitions: dict[str, Json]) -> dict[str, Json]:
    if shape.values is not None:
        return {"enum": sorted(shape.values)}
    written: dict[str, Json] = {"type": "integer" if shape.is_integer else "number"}
    if shape.low != -INFINITY:
        written["exclusiveMinimum" if shape.is_low_open else "minimum"] = shape.low
    if shape.high != INFINITY:
        written["exclusiveMaximum" if shape.is_high_open else "maximum"] = shape.high
    return written


def _write_string(shape: String, _definitions: dict[str, Json]) -> dict[str, Json]:
    if shape.values is not None:
        return {"enum": sorted(shape.values)}
    bounds = {"minLength": shape.low or None, "maxLength": shape.high}
    return {"type": "string", **{name: value for name, value in bounds.items() if value is not None}}


def _write_array(shape: Array, definitions: dict[str, Json]) -> dict[str, Json]:
    written: dict[str, Json] = {"type": "array"}
    if shape.prefix:
        written["prefixItems"] = [_write(item, definitions) for item in shape.prefix]
    written["items"] = _write(shape.items, definitions)
    bounds = {"minItems": shape.low or None, "maxItems": shape.high}
    return written | {name: value for name, value in bounds.items() if value is not None}


def _write_object(shape: Object, definitions: dict[str, Json]) -> dict[str, Json]:
    written: dict[str, Json] = {"type": "object"}
    if shape.fields:
        written["properties"] = {name: _write(each.type, definitions) for name, each in shape.fields.items()}
    required = [name for name, member in shape.fields.items() if member.is_required]
    if required:
        written["required"] = required
    if not shape.rest.is_unknown:
        written["additionalProperties"] = _write(shape.rest, definitions)
    bounds = {"minProperties": shape.low or None, "maxProperties": shape.high}
    return written | {name: value for name, value in bounds.items() if value is not None}


_WRITERS: dict[type[Shape], Any] = {
    Null: lambda _shape, _definitions: {"type": "null"},
    Boolean: lambda shape, _definitions: {"enum": sorted(shape.values)},
    Number: _write_number,
    String: _write_string,
    Array: _write_array,
    Object: _write_object,
}
