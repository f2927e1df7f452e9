from __future__ import annotations

import contextlib
import fcntl
import json
import os
import tempfile
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.terraform.answers import answering
from tests.terraform.deployment import Deployment, deployed
from tests.terraform.plans import Plan
from tests.terraform.toolchain import Unavailable, Workspace, initialised

if TYPE_CHECKING:
    from collections.abc import Iterator

APPLYING = pytest.StashKey[Future[Deployment]]()
CLOSING = pytest.StashKey[contextlib.ExitStack]()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Begin to apply where a test will want it: Terraform waits for AWS to settle, while other tests run."""
    wanted = any("applying" in getattr(item, "fixturenames", ()) for item in session.items)
    if not wanted or session.config.option.collectonly:
        return
    closing = session.config.stash[CLOSING] = contextlib.ExitStack()
    made = deployed(Path(closing.enter_context(tempfile.TemporaryDirectory())))
    executor = closing.enter_context(ThreadPoolExecutor(1, "terraform-apply"))
    applying = session.config.stash[APPLYING] = executor.submit(made.__enter__)

    @closing.callback
    def close() -> None:
        if applying.exception() is None:  # waits for the end
            made.__exit__(None, None, None)


def pytest_unconfigure(config: pytest.Config) -> None:
    if CLOSING in config.stash:
        config.stash[CLOSING].close()


@pytest.fixture(scope="session")
def applying(request: pytest.FixtureRequest) -> Future[Deployment]:
    """A deployment of terraform/ to an account on this machine, as soon as it is applied."""
    return request.config.stash[APPLYING]


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """terraform/, initialised in a folder of its own; a test that needs it is skipped without the tools."""
    try:
        return initialised(tmp_path_factory.mktemp("configuration"))
    except Unavailable as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def aws() -> Iterator[dict[str, str]]:
    """The environment of commands that ask AWS who calls."""
    with answering() as environment:
        yield environment


@pytest.fixture(scope="session")
def plan(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """The plan of a first deployment, with the names that the local cloud gives.

    Of processes that share the tests the first one makes it for all.
    """
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", "alone")
    folder = tmp_path_factory.getbasetemp()
    place = (folder if run == "alone" else folder.parent) / f"{run}.tfplan.json"
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            workspace: Workspace = request.getfixturevalue("workspace")
            made = workspace.planned("-var=bucket_suffix=", **request.getfixturevalue("aws"))
            place.write_text(json.dumps(made))
    return Plan(json.loads(place.read_text()))
