"""One local cloud, shared by all end-to-end tests, started and stopped by the command line."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from statewright.local.control import stop_cloud, wipe
from statewright.local.places import Places
from tests.e2e.clouds import Cloud, start_cloud
from tests.e2e.pages import copy_files, make_environment

if TYPE_CHECKING:
    from collections.abc import Iterator


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A local cloud of this repository's project, with a state of its own."""
    state = tmp_path_factory.mktemp("cloud")
    try:
        yield start_cloud(state)
    finally:
        stop_cloud(Places(state))


@pytest.fixture
def own_state(tmp_path: Path) -> Iterator[Path]:
    """A state folder whose cloud, if the test starts one, is stopped at the end."""
    yield tmp_path / "state"
    stop_cloud(Places(tmp_path / "state"))


@pytest.fixture(scope="session")
def aws() -> str:
    """The AWS CLI."""
    found = shutil.which("aws")
    if found is None:
        pytest.skip("the AWS CLI (`aws`) is not on this machine")
    return found


@pytest.fixture(scope="module")
def copied_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what git knows of this project, with the libraries of this Python."""
    copy = tmp_path_factory.mktemp("docs") / "statewright"
    copy_files(copy)
    make_environment(copy / ".venv")
    return copy


@pytest.fixture
def fresh_project(copied_project: Path) -> Iterator[Path]:
    """The copy, without what other pages left in its local cloud."""
    places = Places(copied_project / ".statewright")
    try:
        yield copied_project
    finally:
        stop_cloud(places)
        wipe(places)
