"""Every ```sh block of the README and of docs/ runs as it is written: pages that start a local cloud.

Pages that start none are in test_docs_without_a_cloud.py, so that two processes can share them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.e2e.pages import FENCE, KINDS, PAGES, hold, missing_line, with_commands

if TYPE_CHECKING:
    from pathlib import Path

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)#]+)[^)]*\)")


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("page", with_commands(cloud=True), ids=lambda page: page.name)
def test_given_a_page_its_commands_run_as_written_and_print_what_it_says(
    page: Path, fresh_project: Path
) -> None:
    hold(page, fresh_project)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_given_a_page_each_block_says_its_kind_so_that_none_escapes_the_test(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert {match[1] for match in FENCE.finditer(text)} <= KINDS
    assert len(re.findall(r"^ *```", text, re.MULTILINE)) == 2 * len(FENCE.findall(text))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_given_a_page_its_links_into_the_project_lead_somewhere(page: Path) -> None:
    targets = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in link]
    assert [link for link in targets if not (page.parent / link).exists()] == []


@pytest.mark.parametrize(
    ("wanted", "missing"),
    [(("a", "c"), None), (("a … z",), "a … z"), (("c", "a"), "a"), (("b … 7 s",), None), ((), None)],
)
def test_given_output_lines_are_held_in_order_and_ellipses_stand_for_anything(
    wanted: tuple[str, ...], missing: str | None
) -> None:
    assert missing_line(wanted, "a\nb took 7 s\nc\n") == missing
