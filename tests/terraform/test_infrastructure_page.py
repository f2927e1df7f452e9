"""docs/infrastructure.md names what terraform/ has, and nothing else."""

from __future__ import annotations

import re

import pytest

from tests.terraform.toolchain import ROOT

PAGE = (ROOT / "docs" / "infrastructure.md").read_text()
CONFIGURATION = {file.name: file.read_text() for file in sorted((ROOT / "terraform").glob("*.tf"))}


def table(title: str) -> set[str]:
    """Return the words in code that stand first in the rows of the table under a title."""
    section = PAGE.split(f"## {title}\n")[1].split("\n## ")[0]
    rows = [row for row in section.splitlines() if row.startswith("| `")]
    return {word for row in rows for word in re.findall(r"`([^`]+)`", row.split("|")[1])}


@pytest.mark.parametrize(("title", "kind"), [("Variables", "variable"), ("Outputs", "output")])
def test_the_page_lists_them_all(title: str, kind: str) -> None:
    text = "\n".join(CONFIGURATION.values())

    assert table(title) == set(re.findall(rf'^{kind} "(\w+)"', text, flags=re.MULTILINE))


def test_the_page_says_what_each_file_makes() -> None:
    # versions.tf and the like say how, not what.
    assert table("What is where") - {"tests/"} == set(CONFIGURATION) - {
        "variables.tf",
        "outputs.tf",
        "versions.tf",
    }
