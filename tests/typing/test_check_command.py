"""The command `check`: what it prints, in which form, and its exit codes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from statewright.typing.check_command import check
from tests.typing.conftest import write_types

if TYPE_CHECKING:
    from pathlib import Path

Json = Any
ORDER = {
    "input": {
        "type": "object",
        "properties": {"order_id": {"type": "string"}},
        "required": ["order_id"],
        "additionalProperties": False,
    }
}


def machine(output: str) -> str:
    states = {"Start": {"Type": "Pass", "Output": output, "End": True}}
    return json.dumps({"QueryLanguage": "JSONata", "StartAt": "Start", "States": states}, indent=2)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "statemachines").mkdir()
    write_types(tmp_path / "schemas", {}, {"good": ORDER, "bad": ORDER}, None)
    (tmp_path / "statemachines" / "good.asl.json").write_text(machine("{% $states.input.order_id %}"))
    (tmp_path / "statemachines" / "bad.asl.json").write_text(machine("{% $states.input.orderid %}"))
    return tmp_path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(check, [str(each) for each in arguments])


def test_given_a_clean_machine_it_exits_with_0(project: Path) -> None:
    result = run(project / "statemachines" / "good.asl.json")

    assert result.exit_code == 0
    assert "1 definition checked: nothing found" in result.output


def test_given_a_finding_it_shows_line_caret_origin_and_suggestion_and_exits_with_1(project: Path) -> None:
    result = run(project / "statemachines")

    assert result.exit_code == 1
    lines = result.output.split("\n")
    head = next(place for place, line in enumerate(lines) if "error SW101" in line)
    assert "bad.asl.json:7:35: error SW101: 'orderid' points to nothing: there is order_id" in lines[head]
    assert lines[head + 1].strip() == '"Output": "{% $states.input.orderid %}",'
    assert lines[head + 1][lines[head + 2].index("^") :].startswith("orderid")
    assert "comes from the machine's input (statemachines/bad.json)" in result.output
    assert "did you mean 'order_id'?" in result.output
    assert "2 definitions checked: 1 error" in result.output


def test_json_is_a_list_of_objects(project: Path) -> None:
    result = run(project / "statemachines" / "bad.asl.json", "--format", "json")

    (first,) = json.loads(result.stdout)
    assert first["code"] == "SW101"
    assert first["severity"] == "error"
    assert first["pointer"] == "/States/Start/Output"
    assert {"message", "file", "line", "column", "suggestion"} <= first.keys()


def test_sarif_names_the_rule_the_place_and_the_level(project: Path) -> None:
    log = json.loads(run(project / "statemachines" / "bad.asl.json", "--format", "sarif").stdout)

    assert log["version"] == "2.1.0"
    (part,) = log["runs"]
    rules = {rule["id"] for rule in part["tool"]["driver"]["rules"]}
    assert {result["ruleId"] for result in part["results"]} == {"SW101"} <= rules
    region = part["results"][0]["locations"][0]["physicalLocation"]["region"]
    assert region["startLine"] == 7


def test_types_point_elsewhere(project: Path, tmp_path: Path) -> None:
    write_types(tmp_path / "others", {}, {}, None)

    assert run(project / "statemachines" / "bad.asl.json", "--types", tmp_path / "others").exit_code == 0


@pytest.mark.parametrize("given", ["absent.asl.json", "empty"])
def test_what_cannot_be_used_exits_with_2(given: str, project: Path) -> None:
    (project / "empty").mkdir()

    result = run(project / given)

    assert result.exit_code == 2
    assert "does not exist" in result.output or "no definition" in result.output


def test_a_signature_that_cannot_be_read_exits_with_2(project: Path) -> None:
    (project / "schemas" / "statemachines" / "good.json").write_text('{"input": {"type": "text"}}')

    result = run(project / "statemachines" / "good.asl.json")

    assert result.exit_code == 2
    assert "'text' is no type" in result.output


def test_a_code_is_explained_and_an_unknown_one_refused() -> None:
    assert "SW101 (error): a path points to nothing" in run("--explain", "sw101").output
    assert run("--explain", "SW999").exit_code == 2


def test_a_suppression_with_a_reason_silences_and_a_stale_one_is_told(project: Path) -> None:
    entry = {"code": "SW101", "machine": "bad", "pointer": "/States/Start", "reason": "The test says so."}
    file = project / "schemas" / "suppressions.json"
    file.write_text(json.dumps([entry]))
    assert run(project / "statemachines" / "bad.asl.json").exit_code == 0

    file.write_text(json.dumps([{**entry, "machine": "good"}]))
    assert "SW192" in run(project / "statemachines" / "good.asl.json").output

    file.write_text(json.dumps([{**entry, "reason": " "}]))
    assert run(project / "statemachines" / "good.asl.json").exit_code == 2
