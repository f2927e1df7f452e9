"""Finding and reading a project."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from statewright.project import InvalidDescription, ProjectNotFound, find_root, read_project

CONTRACT: dict[str, Any] = {
    "x-dataset": {"sources": [{"keys": "orders/**"}], "key": {"partition": {"name": "order_id", "type": "S"}}}
}


def write(root: Path, description: Any, contracts: dict[str, Any] | None = None) -> Path:
    (root / "pipeline.json").write_text(
        description if isinstance(description, str) else json.dumps(description)
    )
    for name, contract in (contracts or {}).items():
        file = root / "schemas" / "datasets" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(contract))
    return root


def test_the_nearest_folder_upwards_with_a_description_is_the_root(tmp_path: Path) -> None:
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    write(tmp_path, {"name": "shop"})

    assert find_root(below) == tmp_path.resolve()


def test_no_description_anywhere_is_said_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ProjectNotFound, match=r"no pipeline\.json in .* give --project"):
        find_root(tmp_path)


def test_this_repository_is_a_project_whose_parts_fit_together() -> None:
    project = read_project(Path(__file__).parents[1])

    assert project.description.name == "statewright"
    assert set(project.description.functions) == {
        "collect_data",
        "rechunk",
        "parse_and_validate",
        "enrich",
        "write_to_ddb",
        "collect_messages",
        "tell_digests",
        "notify",
        "daily_report",
    }


def test_the_highest_version_of_a_contract_gives_the_table_its_key(tmp_path: Path) -> None:
    newest = {
        "x-dataset": {
            "sources": [{"keys": "raw/**.csv"}, {"keys": "orders/**"}],
            "key": {"partition": {"name": "customer", "type": "N"}, "sort": {"name": "at", "type": "S"}},
            "ttl": {"attribute": "expires_at", "from": "at", "days": 400},
        }
    }
    contracts = {"orders/2.json": CONTRACT, "orders/10.json": newest, "orders/1.json": CONTRACT}

    dataset = read_project(write(tmp_path, {"name": "shop"}, contracts)).datasets["orders"]

    assert (dataset.table.partition_key.name, dataset.table.partition_key.type) == ("customer", "N")
    assert dataset.table.sort_key is not None
    assert dataset.table.sort_key.name == "at"
    assert dataset.table.ttl == "expires_at"
    assert dataset.upload_prefix == "orders/"


@pytest.mark.parametrize(
    ("keys", "prefix"),
    [
        ("orders/**", "orders/"),
        ("a/b/**", "a/b/"),
        ("raw/**.csv", None),
        ("year=*/**", None),
        ("orders/*", None),
    ],
)
def test_a_dataset_takes_uploads_where_a_whole_folder_is_its_own(
    tmp_path: Path, keys: str, prefix: str | None
) -> None:
    contract = {"x-dataset": {**CONTRACT["x-dataset"], "sources": [{"keys": keys}]}}

    dataset = read_project(write(tmp_path, {"name": "shop"}, {"orders/1.json": contract})).datasets["orders"]

    assert dataset.upload_prefix == prefix


@pytest.mark.parametrize(
    ("description", "reason"),
    [
        ("{", "truncated"),
        ({}, "required field `name`"),
        ({"name": "shop", "bukets": {}}, "unknown field `bukets`"),
        (
            {"name": "shop", "buckets": {"raw": {"versoned": True}}},
            r"unknown field `versoned` - at `\$\.buckets",
        ),
        ({"name": "Shop"}, "name 'Shop'"),
        ({"name": "shop", "queues": {"a-b": {}}}, "name 'a-b'"),
        ({"name": "shop", "queues": {"x": {}}, "topics": {"x": {}}}, "share its Arn"),
        (
            {"name": "shop", "tables": {"t": {"partition_key": {"name": "k", "type": "B"}}}},
            "Invalid enum value 'B'",
        ),
        (
            {"name": "shop", "state_machines": {"m": {"definition": "m.json"}}},
            r"state_machines\.m: no file m\.json",
        ),
        (
            {"name": "shop", "rules": {"r": {"pattern": {}, "state_machine": "m", "dead_letters": "q"}}},
            "no state machine named 'm'",
        ),
    ],
)
def test_a_description_that_cannot_be_used_is_refused_with_its_place(
    tmp_path: Path, description: Any, reason: str
) -> None:
    write(tmp_path, description)

    with pytest.raises(InvalidDescription, match=reason) as caught:
        read_project(tmp_path)

    assert caught.value.file == tmp_path.resolve() / "pipeline.json"


def test_a_rule_needs_a_queue_for_its_dead_letters(tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text("{}")
    rule = {"pattern": {}, "state_machine": "m", "dead_letters": "q"}
    write(tmp_path, {"name": "shop", "state_machines": {"m": {"definition": "m.json"}}, "rules": {"r": rule}})

    with pytest.raises(InvalidDescription, match="no queue named 'q'"):
        read_project(tmp_path)


def test_a_dataset_may_not_take_the_name_of_a_described_table(tmp_path: Path) -> None:
    description = {"name": "shop", "tables": {"orders": {"partition_key": {"name": "k"}}}}
    write(tmp_path, description, {"orders/1.json": CONTRACT})

    with pytest.raises(InvalidDescription, match=r"tables\.orders"):
        read_project(tmp_path)


@pytest.mark.parametrize(
    ("contract", "reason"),
    [
        ({}, "required field `x-dataset`"),
        ({"x-dataset": {"sources": [], "key": {}}}, "required field `partition`"),
    ],
)
def test_a_contract_without_a_key_is_refused(tmp_path: Path, contract: Any, reason: str) -> None:
    write(tmp_path, {"name": "shop"}, {"orders/1.json": contract})

    with pytest.raises(InvalidDescription, match=reason):
        read_project(tmp_path)


def test_a_dataset_without_any_contract_is_refused(tmp_path: Path) -> None:
    write(tmp_path, {"name": "shop"}, {"orders/notes.json": {}})

    with pytest.raises(InvalidDescription, match="no contract"):
        read_project(tmp_path)
