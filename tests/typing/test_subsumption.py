"""Verdicts, pair by pair: what flows, what is wanted, and the answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from statewright.typing.schemas import SchemaError, Schemas
from statewright.typing.subsumption import compare

if TYPE_CHECKING:
    from pathlib import Path

Json = Any

CLOSED = {"type": "object", "additionalProperties": False}
ORDER = {**CLOSED, "properties": {"id": {"type": "string"}}, "required": ["id"]}
EITHER = {
    "anyOf": [
        {
            **CLOSED,
            "properties": {"kind": {"const": "a"}, "x": {"type": "string"}},
            "required": ["kind", "x"],
        },
        {**CLOSED, "properties": {"kind": {"const": "b"}}, "required": ["kind"]},
    ]
}
LIST = {
    "$ref": "#/$defs/list",
    "$defs": {
        "list": {
            **CLOSED,
            "properties": {"value": {"type": "integer"}, "next": {"$ref": "#/$defs/list"}},
            "required": ["value"],
        }
    },
}
LIST_OF_NUMBERS = json.loads(json.dumps(LIST).replace("integer", "number"))
LIST_OF_TEXTS = json.loads(json.dumps(LIST).replace("integer", "string"))

PAIRS: list[tuple[Json, Json, str]] = [
    ({"type": "integer"}, {"type": "number"}, "yes"),
    ({"type": "number"}, {"type": "integer"}, "no"),
    ({"type": "integer", "minimum": 1}, {"minimum": 0}, "yes"),
    ({"type": "integer", "exclusiveMinimum": 0}, {"type": "integer", "minimum": 1}, "yes"),
    ({"type": "integer"}, {"type": "integer", "minimum": 0}, "no"),
    ({"enum": [1, 2]}, {"type": "integer", "minimum": 1, "maximum": 2}, "yes"),
    ({"type": "integer", "minimum": 1, "maximum": 2}, {"enum": [1, 2, 3]}, "yes"),
    ({"const": 1.0}, {"type": "integer"}, "yes"),
    ({"const": True}, {"const": 1}, "no"),
    ({"type": "boolean"}, {"enum": [True, False]}, "yes"),
    ({"type": "boolean"}, {"anyOf": [{"const": True}, {"const": False}]}, "yes"),
    ({"enum": ["a", "b"]}, {"anyOf": [{"const": "a"}, {"const": "b"}]}, "yes"),
    ({"enum": ["a", "b", "c"]}, {"enum": ["a", "b"]}, "no"),
    ({"type": "string"}, {"enum": ["a"]}, "no"),
    ({"const": "abc"}, {"type": "string", "maxLength": 2}, "no"),
    ({"type": "string", "format": "date"}, {"type": "string", "format": "date"}, "yes"),
    ({"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}, "unknown"),
    ({"type": "string"}, {"type": "string", "format": "date"}, "no"),
    ({"type": "string", "pattern": "^a"}, {"type": "string"}, "yes"),
    ({"type": ["string", "null"]}, {"type": "string"}, "no"),
    ({"type": "string"}, {"type": ["string", "null"]}, "yes"),
    (ORDER, {"type": "object", "required": ["id"]}, "yes"),
    ({"type": "object", "properties": {"id": {"type": "string"}}}, ORDER, "no"),
    ({**ORDER, "required": []}, ORDER, "no"),
    ({**CLOSED, "properties": {"id": {"type": "string"}, "n": True}, "required": ["id"]}, ORDER, "no"),
    ({"type": "object"}, ORDER, "unknown"),
    (True, ORDER, "unknown"),
    (ORDER, True, "yes"),
    (False, ORDER, "yes"),
    (ORDER, False, "no"),
    (EITHER, EITHER, "yes"),
    (
        {
            **CLOSED,
            "properties": {"kind": {"enum": ["a", "b"]}, "x": {"type": "string"}},
            "required": ["kind"],
        },
        EITHER,
        "no",
    ),
    (
        {
            **CLOSED,
            "properties": {"kind": {"enum": ["a", "c"]}, "x": {"type": "string"}},
            "required": ["kind", "x"],
        },
        {
            **CLOSED,
            "properties": {"kind": {"enum": ["a", "b", "c"]}, "x": {"type": "string"}},
            "required": ["kind"],
        },
        "yes",
    ),
    ({"type": "array", "items": {"type": "integer"}}, {"type": "array", "items": {"type": "number"}}, "yes"),
    ({"type": "array", "items": {"type": "string"}}, {"type": "array", "items": {"type": "number"}}, "no"),
    ({"type": "array"}, {"type": "array", "minItems": 1}, "no"),
    (
        {"prefixItems": [{"const": 1}], "items": False, "type": "array"},
        {"type": "array", "maxItems": 1},
        "yes",
    ),
    ({"type": "array", "uniqueItems": True}, {"type": "array"}, "yes"),
    (LIST, LIST_OF_NUMBERS, "yes"),
    (LIST, LIST_OF_TEXTS, "no"),
    ({"not": {"type": "string"}, "type": ["string", "null"]}, {"type": ["string", "null"]}, "yes"),
    ({"oneOf": [{"type": "string"}, {"type": "null"}]}, {"type": ["null", "string"]}, "yes"),
    ({"type": "object", "additionalProperties": {"type": "integer"}}, {"type": "object"}, "yes"),
    (
        {"type": "object", "additionalProperties": {"type": "integer"}},
        {"type": "object", "additionalProperties": {"type": "number"}},
        "yes",
    ),
]


@pytest.mark.parametrize(("flowing", "wanted", "answer"), PAIRS)
def test_given_what_flows_and_what_is_wanted_the_answer_is_right(
    flowing: Json, wanted: Json, answer: str
) -> None:
    assert compare(Schemas().read(flowing), Schemas().read(wanted)).answer == answer


def test_a_difference_says_where_it_is_and_which_name_was_meant() -> None:
    flowing = {**CLOSED, "properties": {"order": {**CLOSED, "properties": {"ID": {"type": "string"}}}}}
    wanted = {**CLOSED, "properties": {"order": ORDER}}

    difference = compare(Schemas().read(flowing), Schemas().read(wanted)).difference

    assert difference is not None
    assert difference.where == ("order",)
    assert difference.kind == "missing"
    assert difference.name == "id"
    assert difference.others == ("ID",)


def test_references_lead_into_files_beside_the_schema(tmp_path: Path) -> None:
    (tmp_path / "functions").mkdir()
    (tmp_path / "common.json").write_text(json.dumps({"$defs": {"id": {"type": "string"}}}))
    file = tmp_path / "functions" / "f.json"
    file.write_text(json.dumps({"input": {"$ref": "../common.json#/$defs/id"}}))

    assert compare(Schemas().at(file, "/input"), Schemas().read({"type": "string"})).answer == "yes"


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"$ref": "https://example.org/x"}, "leads elsewhere"),
        ({"$ref": "#anchor"}, "anchor"),
        ({"$ref": "#/$defs/x"}, "nothing is at"),
        ({"$dynamicRef": "#x"}, "not supported"),
        ({"type": "text"}, "is no type"),
        ({"properties": {"a": 7}}, "a schema is an object or a boolean"),
    ],
)
def test_a_schema_that_cannot_be_read_is_refused(schema: Json, reason: str) -> None:
    with pytest.raises(SchemaError, match=reason):
        Schemas().read(schema)


def test_a_schema_file_larger_than_the_limit_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "large.json"
    file.write_text(" " * (4 * 2**20 - 2) + "{}")
    assert Schemas().load(file) == {}

    file.write_text(" " * (4 * 2**20 - 1) + "{}")
    with pytest.raises(SchemaError, match="larger than"):
        Schemas().load(file)
