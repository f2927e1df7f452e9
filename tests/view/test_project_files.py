"""The project around the current folder, and whether the endpoint is its own local cloud."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from statewright.cli import statewright
from statewright.local import locks
from statewright.local.places import CloudRecord, Places, write_record
from statewright.view.deployment import deployment_of
from statewright.view.endpoint import Endpoint, running_cloud
from statewright.view.project_files import find_project_files
from tests.view.shop import write_shop

if TYPE_CHECKING:
    from pathlib import Path

URL = "http://127.0.0.1:8083"
HERE = Endpoint(None, URL, is_local=True)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path.resolve() / "shop"
    write_shop(root)
    monkeypatch.chdir(root / "functions")
    return root


def test_given_a_folder_below_a_project_its_files_are_known_and_no_logs_while_its_cloud_is_down(
    project: Path,
) -> None:
    files = find_project_files(HERE, "x://{path}")
    assert files is not None
    assert files.project.root == project
    assert files.editor == "x://{path}"
    assert files.logs is None
    assert files.function("arn:aws:lambda:us-east-1:000000000000:function:shop-ship") == "ship"
    assert files.machine("arn:aws:states:us-east-1:000000000000:stateMachine:shop-sell") == "sell"


@pytest.mark.parametrize(("url", "is_own"), [(URL, True), ("http://127.0.0.1:9999", False)])
def test_given_the_projects_cloud_its_logs_are_those_of_its_own_endpoint_alone(
    project: Path, url: str, is_own: bool
) -> None:
    places = Places(project / ".statewright")
    places.make()
    with locks.held(places.lock):
        write_record(places, CloudRecord(os.getpid(), "http://127.0.0.1:4566", URL, "2026-11-21T00:00:00Z"))
        files = find_project_files(Endpoint(None, url, is_local=True), "")
    assert files is not None
    assert files.logs == (places.logs if is_own else None)


def test_given_a_cloud_whose_state_is_elsewhere_its_logs_are_found_there(
    project: Path, tmp_path: Path
) -> None:
    places = Places(tmp_path / "elsewhere")
    places.make()
    with locks.held(places.lock):
        write_record(places, CloudRecord(os.getpid(), "http://127.0.0.1:4566", URL, "2026-11-21T00:00:00Z"))
        files = find_project_files(Endpoint(None, URL + "/", is_local=True), "", places.folder)
        assert running_cloud(places.folder) == URL
        assert deployment_of(HERE) is None
        assert deployment_of(HERE, places.folder) is not None
    assert files is not None
    assert files.logs == places.logs


def test_given_no_project_there_are_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_project_files(HERE, "") is None


def test_given_a_project_that_cannot_be_read_there_are_no_files(project: Path) -> None:
    (project / "pipeline.json").write_text("{")
    assert find_project_files(HERE, "") is None


def test_given_an_editor_that_is_none_the_command_says_what_there_is() -> None:
    told = CliRunner().invoke(statewright, ["view", "--no-open", "--editor", "javascript://{path}"])
    assert told.exit_code == 2
    assert "vscode" in told.output
