"""`check --against`: what a change since an earlier revision breaks, in repositories of git."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from statewright.typing.check_command import check
from statewright.typing.revision_examples import REVISIONS
from tests.typing.jsonata_expressions import record

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Json = Any
NO_MACHINE: Mapping[str, Json] = {
    "statemachines/quiet.asl.json": {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}
}


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=T", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True)


def write(folder: Path, files: Mapping[str, Json]) -> None:
    for name in ("schemas", "statemachines"):
        shutil.rmtree(folder / name, ignore_errors=True)
    for name, value in {**NO_MACHINE, **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(value, indent=2))
    (folder / "schemas" / "functions").mkdir(parents=True, exist_ok=True)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    return tmp_path


def commit(project: Path, files: Mapping[str, Json]) -> None:
    write(project, files)
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--allow-empty", "--message", "Before")


def run(project: Path, *arguments: str) -> Result:
    return CliRunner().invoke(check, [str(project / "statemachines"), *arguments])


def found(project: Path, revision: str = "HEAD") -> list[Json]:
    result = run(project, "--against", revision, "--format", "json")
    return [each for each in json.loads(result.stdout) if each["code"] >= "SW4"]


@pytest.mark.parametrize("code", REVISIONS)
def test_the_wrong_change_of_a_code_shows_it(code: str, project: Path) -> None:
    commit(project, REVISIONS[code].before)
    write(project, REVISIONS[code].wrong)  # type: ignore[arg-type]

    assert code in {each["code"] for each in found(project)}


@pytest.mark.parametrize("code", REVISIONS)
def test_the_right_change_of_a_code_shows_nothing(code: str, project: Path) -> None:
    commit(project, REVISIONS[code].before)
    write(project, REVISIONS[code].right)  # type: ignore[arg-type]

    assert [(each["code"], each["message"]) for each in found(project)] == []


def test_nothing_has_changed_nothing_is_found(project: Path) -> None:
    commit(project, REVISIONS["SW431"].before)

    result = run(project, "--against", "HEAD")

    assert result.exit_code == 0, result.output
    assert "nothing found" in result.output


def test_a_break_is_told_with_its_place_the_types_and_the_difference(project: Path) -> None:
    commit(project, REVISIONS["SW401"].before)
    write(project, REVISIONS["SW401"].wrong)  # type: ignore[arg-type]

    result = run(project, "--against", "HEAD")

    assert result.exit_code == 1
    assert "orders/1.json:7:15: error SW401: orders/1 refuses records that were taken before" in result.output
    assert '"amount": {' in result.output
    assert "flows:  number" in result.output
    assert "wanted: integer" in result.output


def test_each_member_that_breaks_is_told(project: Path) -> None:
    before = REVISIONS["SW401"].before["schemas/datasets/orders/1.json"]
    members = {"a": {"type": "string"}, "b": {"type": ["string", "null"]}}
    commit(project, {"schemas/datasets/orders/1.json": {**before, "properties": members, "required": []}})
    members = {"a": {"type": "string", "maxLength": 3}, "b": {"type": "string"}}
    write(project, {"schemas/datasets/orders/1.json": {**before, "properties": members, "required": []}})

    told = [(each["code"], each["pointer"]) for each in found(project)]

    assert told == [
        ("SW401", "/properties/a"),
        ("SW401", "/properties/b"),
        ("SW402", "/properties/a"),
        ("SW402", "/properties/b"),
    ]


def test_a_rename_is_missed_in_stored_items(project: Path) -> None:
    contract = REVISIONS["SW401"].before["schemas/datasets/orders/1.json"]
    commit(project, {"schemas/datasets/orders/1.json": {**contract, "required": ["order_id", "amount"]}})
    said = {**contract["x-dataset"], "rename": {"amount": "total"}}
    now = {**contract, "required": ["order_id", "amount"], "x-dataset": said}
    write(project, {"schemas/datasets/orders/1.json": now})

    (first,) = found(project)

    assert first["code"] == "SW402"
    assert "'total' is missing" in first["message"]
    assert first["pointer"] == "/properties/amount"


def test_a_new_version_of_a_contract_is_held_against_the_newest_of_then(project: Path) -> None:
    contract = REVISIONS["SW401"].before["schemas/datasets/orders/1.json"]
    commit(project, {"schemas/datasets/orders/1.json": contract})
    narrower = {**contract, "properties": {**contract["properties"], "amount": {"type": "integer"}}}
    files = {"schemas/datasets/orders/1.json": contract, "schemas/datasets/orders/2.json": narrower}
    write(project, files)

    assert {each["file"].rpartition("/")[2] for each in found(project)} == {"2.json"}


def test_members_that_an_open_contract_did_not_name_are_told_when_it_is_closed(project: Path) -> None:
    contract = REVISIONS["SW401"].before["schemas/datasets/orders/1.json"]
    commit(project, {"schemas/datasets/orders/1.json": contract})
    write(project, {"schemas/datasets/orders/1.json": {**contract, "additionalProperties": False}})

    (first,) = found(project)

    assert first["code"] == "SW401"
    assert "members that it does not name are refused" in first["message"]


def test_a_definition_of_this_file_type_in_another_folder_is_compared_alone(project: Path) -> None:
    commit(project, REVISIONS["SW424"].before)
    write(project, REVISIONS["SW424"].wrong)  # type: ignore[arg-type]
    file = project / "statemachines" / "order.asl.json"

    result = CliRunner().invoke(check, [str(file), "--against", "HEAD", "--format", "json"])

    assert "SW424" in result.stdout
    assert "SW423" not in result.stdout


def test_what_a_running_execution_would_meet_is_shown_in_the_earlier_text(project: Path) -> None:
    commit(project, REVISIONS["SW431"].before)
    write(project, REVISIONS["SW431"].wrong)  # type: ignore[arg-type]

    told = next(each for each in found(project) if each["code"] == "SW431")

    assert told["file"] == "HEAD:statemachines/order.asl.json"
    assert "(SW110)" in told["message"]
    assert "'quantity' is missing" in told["message"]


def test_what_a_function_gave_before_meets_what_another_takes_today(project: Path) -> None:
    text = {"type": "string"}
    old, new = record({"id": text}, "id"), record({"id": text, "run": text}, "id run")
    task = {"Type": "Task", "TimeoutSeconds": 60}
    states = {
        "Make": {**task, "Resource": "${MakeArn}", "Next": "Use"},
        "Use": {**task, "Resource": "${UseArn}", "End": True},
    }
    machine = {"QueryLanguage": "JSONata", "StartAt": "Make", "States": states}
    given = {"statemachines/order.asl.json": machine}
    make, use = "schemas/functions/make.json", "schemas/functions/use.json"
    commit(project, {**given, make: {"output": old}, use: {"input": old}})
    write(project, {**given, make: {"output": new}, use: {"input": new}})

    told = next(each for each in found(project) if each["code"] == "SW431")

    assert "Use gives use what it does not take: 'run' is missing" in told["message"]


@pytest.mark.parametrize("revision", ["nobody", "--upload-pack=x", "HEAD:schemas"])
def test_a_revision_that_cannot_be_read_exits_with_2(revision: str, project: Path) -> None:
    commit(project, {})

    result = run(project, f"--against={revision}")

    assert result.exit_code == 2
    assert "is no revision" in result.output


def test_outside_a_repository_it_exits_with_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    write(tmp_path, {})

    result = run(tmp_path, "--against", "HEAD")

    assert result.exit_code == 2
    assert "is in no git repository" in result.output
