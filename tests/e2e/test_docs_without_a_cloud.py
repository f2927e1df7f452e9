"""Every ```sh block of docs/ runs as it is written: pages that start no local cloud."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.pages import hold, with_commands

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("page", with_commands(cloud=False), ids=lambda page: page.name)
def test_given_a_page_its_commands_run_as_written_and_print_what_it_says(
    page: Path, fresh_project: Path
) -> None:
    hold(page, fresh_project)
