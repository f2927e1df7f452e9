"""Names, ARNs, URLs and placeholders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from statewright.local.names import Names, UnknownPlaceholder, camel, replace_placeholders
from statewright.project import read_project

if TYPE_CHECKING:
    from statewright.project import Project

ENDPOINT = "http://127.0.0.1:4566"


def test_physical_names_begin_with_the_project(project: Project) -> None:
    names = Names(project, ENDPOINT)

    assert names.of("files") == "shop-files"
    assert names.bucket("very_raw") == "shop-very-raw"
    assert names.parameter("pseudonym_key") == "/shop/pseudonym_key"
    assert names.queue_url("dead_letters") == "http://127.0.0.1:4566/000000000000/shop-dead_letters"
    assert (
        names.state_machine_arn("ingest") == "arn:aws:states:us-east-1:000000000000:stateMachine:shop-ingest"
    )
    assert names.function_arn("enrich") == "arn:aws:lambda:us-east-1:000000000000:function:shop-enrich"


def test_each_dataset_has_a_table_beside_those_described(project: Project) -> None:
    assert set(Names(project, ENDPOINT).tables()) == {"files", "orders"}


def test_placeholders_of_a_definition_and_of_a_pattern_are_replaced(project: Project) -> None:
    names = Names(project, ENDPOINT)

    assert json.loads(names.definition("ingest"))["States"]["Done"]["Result"] == "shop-files"
    assert names.pattern("object_created")["detail"]["bucket"]["name"] == ["shop-raw"]


def test_every_placeholder_of_this_repository_has_a_meaning() -> None:
    project = read_project(Path(__file__).parents[2])
    names = Names(project, ENDPOINT)

    for machine in project.description.state_machines:
        assert "${" not in names.definition(machine)


def test_an_unknown_placeholder_is_refused_with_its_place() -> None:
    with pytest.raises(UnknownPlaceholder, match=r"a\.asl\.json: \$\{FilesTabel\} names no resource"):
        replace_placeholders('{"x": "${FilesTabel}"}', {"FilesTable": "t"}, "a.asl.json")


@pytest.mark.parametrize(("name", "expected"), [("files", "Files"), ("write_to_ddb", "WriteToDdb")])
def test_camel_case(name: str, expected: str) -> None:
    assert camel(name) == expected
