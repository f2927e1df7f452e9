"""docs/limits.md says of every limit the number that the code has, and leaves none out."""

from __future__ import annotations

import ast
import importlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "limits.md").read_text(encoding="utf-8")
ROW = re.compile(
    r"^\| [^|]+ \| (?P<number>-?[0-9,]+)(?: (?P<unit>\w+))? \| `(?P<place>[^`]+)` \| [^|]+ \|$", re.MULTILINE
)
UNITS = {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "minutes": 60, "day": 86_400, "days": 86_400}
PLAIN_UNITS = {None, "bytes", "levels", "characters", "lines", "items", "seconds"}
LIMITS = [match.groupdict() for match in ROW.finditer(PAGE)]
# Constants called MAX_… that bound nothing a user could meet, or repeat one that is on the page.
NOT_A_LIMIT = {
    "statewright.asl._maps.MAX_ITEMS",
    "statewright.asl.jsonata.values.MAX_SAFE_INTEGER",
}


def value_at(place: str) -> Any:
    """Return what `module.NAME`, `module.NAME[part]` or `file#/json/pointer` leads to."""
    file, _, pointer = place.partition("#/")
    if pointer:
        found = json.loads((ROOT / file).read_text(encoding="utf-8"))
        for part in pointer.split("/"):
            found = found[part]
        return found
    dotted, _, key = place.rstrip("]").partition("[")
    module, _, name = dotted.rpartition(".")
    found = getattr(importlib.import_module(module), name)
    if not key:
        return found
    if isinstance(found, tuple):
        return found[int(key)]
    return found[key] if isinstance(found, dict) else getattr(found, key)


def constants() -> set[str]:
    """Return the dotted names of all module constants called MAX_…"""
    found = set()
    for root, package in ((ROOT / "functions", "pipeline"), (ROOT, "statewright")):
        for path in (root / package).rglob("*.py"):
            module = ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                targets = [node.target] if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [])
                names = [each.id for each in targets if isinstance(each, ast.Name)]
                found |= {f"{module}.{name}" for name in names if name.startswith("MAX_")}
    return found


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit["place"])
def test_given_a_limit_on_the_page_the_code_has_the_same_number(limit: dict[str, str]) -> None:
    assert limit["unit"] in UNITS.keys() | PLAIN_UNITS
    number = int(limit["number"].replace(",", "")) * UNITS.get(limit["unit"], 1)
    assert number == value_at(limit["place"])


def test_given_the_page_each_row_of_its_tables_is_understood() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| limit |")]
    assert len(rows) == len(LIMITS)


def test_given_a_constant_that_limits_something_the_page_has_it() -> None:
    named = {limit["place"].partition("[")[0] for limit in LIMITS}
    assert sorted(constants() - named - NOT_A_LIMIT) == []


def test_given_a_link_to_aws_it_is_defined_and_used() -> None:
    used = set(re.findall(r"\]\[(\w)\]", PAGE))
    defined = re.findall(r"^\[(\w)\]: https://", PAGE, re.MULTILINE)
    assert sorted(used) == defined
