"""Schemas that stand for more than they seem to are refused; names that no file can have find none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from statewright.typing.schemas import MAX_ALTERNATIVES, MAX_SCHEMA_PARTS, SchemaError, Schemas

if TYPE_CHECKING:
    from collections.abc import Callable

    from statewright.typing.check import Checked

Json = Any


def _doubling(depth: int) -> Json:
    definitions: Json = {"d0": {"type": "string"}}
    for place in range(1, depth + 1):
        inner = {"$ref": f"#/$defs/d{place - 1}"}
        definitions[f"d{place}"] = {"type": "object", "properties": {"left": inner, "right": inner}}
    return {"$ref": f"#/$defs/d{depth}", "$defs": definitions}


def test_definitions_that_name_others_twice() -> None:
    Schemas().read(_doubling(9))
    with pytest.raises(SchemaError, match="each \\$ref written out"):
        Schemas().read(_doubling(60))


def test_as_many_schemas_as_there_may_be() -> None:
    def wide(count: int) -> Json:
        return {"type": "object", "properties": {f"p{place}": {"type": "string"} for place in range(count)}}

    Schemas().read(wide(MAX_SCHEMA_PARTS - 1))
    with pytest.raises(SchemaError, match="more than 20,000 schemas"):
        Schemas().read(wide(MAX_SCHEMA_PARTS))


def test_as_many_alternatives_as_there_may_be() -> None:
    def told(count: int) -> Json:
        each = [{"type": "object", "properties": {"k": {"const": place}}, "required": ["k"]}
                for place in range(count)]  # fmt: skip
        return {"anyOf": each}

    Schemas().read(told(MAX_ALTERNATIVES))
    with pytest.raises(SchemaError, match="alternatives"):
        Schemas().read(told(MAX_ALTERNATIVES + 1))


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b"])
def test_a_function_whose_name_can_be_no_file(check: Callable[..., Checked], name: str) -> None:
    arguments = {"FunctionName": name, "Payload": {}}
    state = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Arguments": arguments}
    checked = check({"A": {**state, "End": True}})
    assert "SW190" in {each.code for each in checked.findings}
