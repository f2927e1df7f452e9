"""Each code has a definition that shows it and one that does not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from statewright.typing.explanations import EXPLANATIONS, LACKING, explain
from statewright.typing.findings import CODES

if TYPE_CHECKING:
    from collections.abc import Callable

    from statewright.typing.check import Checked


def test_each_code_is_explained() -> None:
    assert set(EXPLANATIONS) == set(CODES)


# What these tell of stands elsewhere: in suppressions.json, in the project as a whole, in the roles;
# and what has a before is shown by test_against.py.
ELSEWHERE = {"SW192", "SW301", "SW303"}
IN_DEFINITIONS = [code for code in CODES if code not in ELSEWHERE and not EXPLANATIONS[code].before]


@pytest.mark.parametrize("code", IN_DEFINITIONS)
def test_the_wrong_example_of_a_code_shows_it(code: str, check: Callable[..., Checked]) -> None:
    example = EXPLANATIONS[code]
    checked = check(
        example.wrong,
        functions=example.functions,
        machine=example.machine,
        machines=example.machines,
        language=example.language,
        pipeline=example.pipeline,
    )
    shown = {each.code for each in checked.findings if each.severity != "note" or each.code == code}
    assert shown == {code}


@pytest.mark.parametrize("code", IN_DEFINITIONS)
def test_the_right_example_of_a_code_shows_nothing(code: str, check: Callable[..., Checked]) -> None:
    example = EXPLANATIONS[code]
    functions, machine = LACKING.get(code, (example.functions, example.machine))
    checked = check(
        example.right,
        functions=functions,
        machine=machine,
        machines=example.machines,
        language=example.language,
        pipeline=example.pipeline,
    )
    assert not [finding for finding in checked.findings if finding.severity != "note" or finding.code == code]


@pytest.mark.parametrize("code", CODES)
def test_an_explanation_names_the_code_and_shows_both_examples(code: str) -> None:
    text = explain(code)
    assert text is not None
    assert text.startswith(f"{code} ({CODES[code].severity}): {CODES[code].title}")
    assert "Wrong" in text
    assert "Right" in text
    assert explain("SW999") is None


def test_the_page_has_each_code_with_its_severity_title_and_reason() -> None:
    page = (Path(__file__).parents[2] / "docs" / "check.md").read_text(encoding="utf-8")
    for code in CODES.values():
        assert f"| {code.name} | {code.severity} | {code.title} | {EXPLANATIONS[code.name].why} |" in page
