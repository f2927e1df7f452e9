from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.terraform.answers import answering
from tests.terraform.plans import Plan
from tests.terraform.toolchain import Unavailable, Workspace, initialised

if TYPE_CHECKING:
    from collections.abc import Iterator


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
def plan(workspace: Workspace, aws: dict[str, str]) -> Plan:
    """The plan of a first deployment, with the names that the local cloud gives."""
    return Plan(workspace.planned("-var=bucket_suffix=", **aws))
