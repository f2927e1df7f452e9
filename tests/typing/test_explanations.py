"""Each code has a definition that shows it and one that does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from statewright.typing.check_command import check as check_command
from statewright.typing.explanations import EXPLANATIONS, LACKING, definition_of, explain
from statewright.typing.findings import CODES
from statewright.typing.pages import page, rows
from tests.typing.conftest import write_types

if TYPE_CHECKING:
    from collections.abc import Callable

    from statewright.typing.check import Checked


DOCS = Path(__file__).parents[2] / "docs"


def test_each_code_is_explained() -> None:
    assert set(EXPLANATIONS) == set(CODES)


# What these tell of stands elsewhere: in suppressions.json, in the project as a whole, in the roles;
# and what has a before is shown by test_against.py.
ELSEWHERE = {"SW192", "SW301", "SW303"}
# Where the wrong example is told to be wrong.
PLACES = {
    "SW001": "/States/Start",
    "SW002": "",
    "SW003": "/States/Start/Next",
    "SW004": "",
    "SW005": "/States/Work/Branches/0/States/Work",
    "SW101": "/States/Start/Output",
    "SW102": "/States/Start/Output",
    "SW103": "/States/Start/Parameters/first.$",
    "SW104": "/States/Start/Output",
    "SW105": "/States/Start/Choices/0/Condition",
    "SW106": "/States/Start/Parameters/order",
    "SW107": "/States/Start",
    "SW110": "/States/Start/Arguments/Payload",
    "SW111": "/States/Start",
    "SW112": "/States/Start/Arguments",
    "SW113": "/States/Start/Seconds",
    "SW114": "/States/Start/ResultPath",
    "SW115": "/States/Start/Arguments/Payload/quantity",
    "SW116": "/States/Start/Arguments/Input",
    "SW117": "/States/Start/Arguments",
    "SW118": "/States/Start/Resource",
    "SW120": "/States/Start/Output",
    "SW121": "/States/Finish/Output",
    "SW130": "/States/Start/Retry/0/ErrorEquals",
    "SW131": "/States/Start/Retry/0/ErrorEquals",
    "SW132": "/States/Start/Retry/0/ErrorEquals",
    "SW133": "/States/Again",
    "SW134": "/States/Last",
    "SW190": "/States/Start/Arguments/FunctionName",
    "SW191": "/States/Start/Arguments/Payload",
    "SW201": "/States/Start",
    "SW202": "/States/Start/HeartbeatSeconds",
    "SW203": "/States/Start/TimeoutSeconds",
    "SW204": "/States/Start",
    "SW205": "/States/Start",
    "SW206": "/States/Second/Catch/0",
    "SW207": "/States/IsEnough",
    "SW208": "/States/Start/Retry/0",
    "SW209": "/States/Start/Resource",
    "SW302": "/States/Start/Arguments/FunctionName",
}
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


@pytest.mark.parametrize("code", CODES)
def test_the_page_of_a_code_is_what_its_explanation_says(code: str) -> None:
    text = (DOCS / "check" / f"{code}.md").read_text(encoding="utf-8")
    assert text == page(code), "python -m statewright.typing.pages docs writes the pages anew"
    assert EXPLANATIONS[code].why in text
    assert EXPLANATIONS[code].why in str(explain(code))


def test_there_is_no_page_of_a_code_that_is_gone() -> None:
    assert {file.stem for file in (DOCS / "check").glob("*.md")} == set(CODES)


def test_the_overview_has_each_code_with_its_severity_title_and_reason() -> None:
    overview = (DOCS / "check.md").read_text(encoding="utf-8")
    assert [row for row in rows() if row not in overview] == []


@pytest.mark.parametrize("code", PLACES)
def test_the_wrong_example_is_found_at_its_place(code: str, check: Callable[..., Checked]) -> None:
    example = EXPLANATIONS[code]
    checked = check(
        example.wrong,
        functions=example.functions,
        machine=example.machine,
        machines=example.machines,
        language=example.language,
        pipeline=example.pipeline,
    )
    assert [each.pointer for each in checked.findings if each.code == code][:1] == [PLACES[code]]


def test_there_is_a_place_for_each_code_of_definitions() -> None:
    assert set(PLACES) == set(IN_DEFINITIONS)


def _checked(folder: Path, code: str, *, is_right: bool) -> list[str]:
    """Check the example of a code as a project on disk; give the codes that are found."""
    example = EXPLANATIONS[code]
    write_types(folder / "schemas", example.functions, {}, None)
    (folder / "statemachines").mkdir()
    text = definition_of(example.right if is_right else example.wrong, example.language)
    (folder / "statemachines" / "machine.asl.json").write_text(text)
    if example.pipeline:
        (folder / "pipeline.json").write_text(json.dumps(example.pipeline))
    roles = [] if example.roles is None else ["--iam", str(folder / "roles.json")]
    if example.roles is not None:
        (folder / "roles.json").write_text(json.dumps(example.roles[is_right]))
    result = CliRunner().invoke(check_command, ["--format", "json", *roles])
    return [each["code"] for each in json.loads(result.stdout) if each["severity"] != "note"]


@pytest.mark.parametrize("code", ["SW301", "SW303"])
def test_what_a_project_lacks_is_shown_by_its_examples(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for is_right in (False, True):
        project = tmp_path / str(is_right)
        project.mkdir()
        monkeypatch.chdir(project)
        assert _checked(project, code, is_right=is_right) == ([] if is_right else [code])
