"""The schema of an input in one piece, and what does not fit it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from statewright.project import Project
from statewright.view.input_schema import MAX_PROBLEMS, UnusableSchemaError, input_schema, problems

if TYPE_CHECKING:
    from pathlib import Path

    from statewright.view.project_files import ProjectFiles
    from tests.view.conftest import Shop

MACHINE = "arn:aws:states:us-east-1:000000000000:stateMachine:shop-sell"


def test_given_references_into_other_files_the_schema_is_in_one_piece(shop: Shop) -> None:
    told = input_schema(shop.files, MACHINE)
    assert told["file"] == "schemas/statemachines/sell.json"
    assert ".json" not in json.dumps(told["schema"])
    assert problems(told["schema"], {"article": "a1", "to": {"city": "Ulm"}}) == []
    assert problems(told["schema"], {"article": "a", "to": {}}) == [
        {"at": "/article", "message": '"a" is shorter than 2 characters'},
        {"at": "/to", "message": '"city" is a required property'},
    ]


@pytest.mark.parametrize("machine", ["arn:aws:states:us-east-1:000000000000:stateMachine:other", "x", ""])
def test_given_a_machine_that_is_not_the_projects_there_is_no_schema(shop: Shop, machine: str) -> None:
    assert input_schema(shop.files, machine) is None


def written(shop: Shop, root: Path, **schemas: object) -> ProjectFiles:
    (root / "schemas" / "statemachines").mkdir(parents=True)
    for name, schema in schemas.items():
        text = schema if isinstance(schema, str) else json.dumps(schema)
        (root / "schemas" / "statemachines" / f"{name}.json").write_text(text)
    project = Project(root, shop.files.project.description, {})
    return replace(shop.files, project=project)


def test_given_a_schema_that_refers_to_itself_it_ends(shop: Shop, tmp_path: Path) -> None:
    tree = {"type": "object", "properties": {"$id": {"type": "string"}, "next": {"$ref": "#/input"}}}
    told = input_schema(written(shop, tmp_path, sell={"input": tree}), MACHINE)
    deep = {"next": {"next": {"next": {"$id": 3}}}}
    assert [each["at"] for each in problems(told["schema"], deep)] == ["/next/next/next/$id"]


def test_given_values_that_look_like_references_they_stay_values(shop: Shop, tmp_path: Path) -> None:
    value = {"$ref": "../../secret.json", "$id": "x"}
    told = input_schema(written(shop, tmp_path, sell={"input": {"const": value}}), MACHINE)
    assert problems(told["schema"], value) == []


@pytest.mark.parametrize(
    "schema",
    ["no json", {"input": {"$ref": "../../../../../../etc/passwd"}}, {"input": {"$ref": "missing.json"}},
     {"input": {"$ref": "#/nowhere"}}, '{"input": ' + "[" * 5000],
)  # fmt: skip
def test_given_a_schema_that_cannot_be_read_it_is_said(shop: Shop, tmp_path: Path, schema: object) -> None:
    with pytest.raises(UnusableSchemaError):
        input_schema(written(shop, tmp_path, sell=schema), MACHINE)


def test_given_no_input_in_the_signature_there_is_no_schema(shop: Shop, tmp_path: Path) -> None:
    assert input_schema(written(shop, tmp_path, sell={"output": {}}), MACHINE) is None


def test_given_alternatives_the_closest_one_says_what_is_wrong() -> None:
    kinds = [{"required": ["a", "b", "c"]}, {"required": ["a"], "properties": {"x": {"type": "integer"}}}]
    assert problems({"anyOf": kinds}, {"x": "1"}) != []
    assert problems({"anyOf": kinds}, {"x": "1", "a": 1}) == [
        {"at": "/x", "message": '"1" is not of type "integer"'}
    ]


@pytest.mark.parametrize("count", [MAX_PROBLEMS, MAX_PROBLEMS + 1])
def test_given_many_problems_the_first_are_told(count: int) -> None:
    assert len(problems({"items": {"type": "string"}}, list(range(count)))) == MAX_PROBLEMS
