"""The command line without a local cloud: help, usage, exit codes, `run`."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from statewright.cli import COMMANDS, statewright

ROOT = Path(__file__).parents[1]
MACHINE = {
    "StartAt": "Greet",
    "States": {
        "Greet": {
            "Type": "Pass",
            "Parameters": {"greeting.$": "States.Format('Hello, {}', $.name)"},
            "End": True,
        }
    },
}


def invoke(*arguments: str, input: str | None = None) -> Result:  # noqa: A002
    return CliRunner().invoke(statewright, list(arguments), input=input)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_explains_itself_with_an_example_and_its_exit_codes(name: str) -> None:
    result = invoke(name, "--help")

    assert result.exit_code == 0
    assert f"Example:\n    {'eval' if name == 'env' else 'statewright ' + name}" in result.output
    assert "Exit codes: 0" in result.output


def test_the_commands_are_those_that_exist() -> None:
    local_cloud = {
        "up",
        "down",
        "status",
        "env",
        "ingest",
        "backfill",
        "quarantine",
        "redrive",
        "demo",
        "export",
        "get",
        "send-events",
        "report",
        "summary",
    }
    aws = {"package", "deploy", "smoke", "doctor", "cost"}
    assert set(COMMANDS) == {
        *local_cloud,
        *aws,
        "run",
        "serve",
        "check",
        "types",
        "view",
        "graph",
    }


@pytest.mark.parametrize("name", ["up", "down", "status", "env"])
def test_a_folder_without_a_project_is_unusable(name: str, tmp_path: Path) -> None:
    result = invoke(name, "--project", str(tmp_path))

    assert result.exit_code == 2
    assert "no pipeline.json" in result.output


def test_commands_that_need_the_local_cloud_say_how_to_start_it(tmp_path: Path) -> None:
    for arguments in (["env"], ["redrive"], ["ingest", "--key", "a/b", str(ROOT / "pipeline.json")]):
        result = invoke(*arguments, "--project", str(ROOT), "--state", str(tmp_path))

        assert result.exit_code == 2
        assert "start it with `statewright up`" in result.output


def test_status_says_that_nothing_is_up(tmp_path: Path) -> None:
    plain = invoke("status", "--project", str(ROOT), "--state", str(tmp_path))
    as_json = invoke("status", "--project", str(ROOT), "--state", str(tmp_path), "--json")

    assert (plain.exit_code, plain.output) == (1, "The local cloud is not up.\n")
    assert (as_json.exit_code, json.loads(as_json.output)) == (1, {"up": False})


def test_down_works_while_a_contract_is_broken_and_up_says_what_is_wrong(tmp_path: Path) -> None:
    contract = tmp_path / "schemas" / "datasets" / "orders" / "1.json"
    contract.parent.mkdir(parents=True)
    contract.write_text("{")
    (tmp_path / "pipeline.json").write_text('{"name": "p"}')

    refused = invoke("up", "--project", str(tmp_path))
    stopped = invoke("down", "--project", str(tmp_path))

    assert refused.exit_code == 2
    assert f"{contract}: is not JSON: " in refused.output
    assert stopped.exit_code == 0
    assert stopped.output == "The local cloud was not up.\n"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "which dataset? Give --dataset (one of: orders, sales, user_activity) or --key"),
        (["--dataset", "order"], "no dataset named 'order'; there are: orders, sales, user_activity"),
        (["--dataset", "orders", "--key", "a/b"], "--key is for one file, and instead of --dataset"),
    ],
)
def test_ingest_says_what_it_needs_to_know(arguments: list[str], reason: str) -> None:
    result = invoke("ingest", "--project", str(ROOT), *arguments, str(ROOT / "pipeline.json"))

    assert result.exit_code == 2
    assert reason in result.output


def test_ingest_refuses_two_files_that_would_be_one_object(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.jsonl").write_text("{}")

    files = [str(tmp_path / name / "x.jsonl") for name in ("a", "b")]
    result = invoke("ingest", "--project", str(ROOT), "--dataset", "orders", *files)

    assert result.exit_code == 2
    assert "would replace each other" in result.output


def test_run_prints_the_output(tmp_path: Path) -> None:
    file = tmp_path / "hello.asl.json"
    file.write_text(json.dumps(MACHINE))

    for given, stdin in (('{"name": "Ada"}', None), ("-", '{"name": "Ada"}')):
        result = invoke("run", str(file), "--input", given, input=stdin)

        assert (result.exit_code, json.loads(result.output)) == (0, {"greeting": "Hello, Ada"})


def test_run_takes_its_input_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "hello.asl.json").write_text(json.dumps(MACHINE))
    (tmp_path / "input.json").write_text('{"name": "Grace"}')

    result = invoke("run", str(tmp_path / "hello.asl.json"), "--input", str(tmp_path / "input.json"))

    assert json.loads(result.output) == {"greeting": "Hello, Grace"}


def test_run_calls_the_functions_of_the_project(tmp_path: Path) -> None:
    task = {"Type": "Task", "Resource": "${GreetArn}", "End": True}
    description = {
        "name": "shop",
        "functions": {"greet": {}},
        "state_machines": {"hello": {"definition": "hello.asl.json"}},
    }
    (tmp_path / "hello.asl.json").write_text(json.dumps({"StartAt": "A", "States": {"A": task}}))
    (tmp_path / "pipeline.json").write_text(json.dumps(description))
    (tmp_path / "functions").mkdir()
    (tmp_path / "functions" / "greet.py").write_text("def handler(event, context): return event['x'] + 1")

    result = invoke("run", str(tmp_path / "hello.asl.json"), "--input", '{"x": 41}')

    assert (result.exit_code, result.output) == (0, "42\n"), result.output


def test_run_ends_with_1_where_the_execution_fails(tmp_path: Path) -> None:
    file = tmp_path / "fail.asl.json"
    file.write_text(
        '{"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "Late", "Cause": "too late"}}}'
    )

    result = invoke("run", str(file))

    assert result.exit_code == 1
    assert "FAILED: Late\ntoo late" in result.output


@pytest.mark.parametrize(
    ("definition", "given"), [('{"StartAt": "A"}', "{}"), ("{", "{}"), (json.dumps(MACHINE), "{")]
)
def test_run_ends_with_2_where_definition_or_input_are_unusable(
    tmp_path: Path, definition: str, given: str
) -> None:
    file = tmp_path / "bad.asl.json"
    file.write_text(definition)

    assert invoke("run", str(file), "--input", given).exit_code == 2


def test_serve_refuses_an_endpoint_that_is_no_url() -> None:
    result = invoke("serve", "--lambda-endpoint", "ftp://x")

    assert result.exit_code == 2
    assert "--lambda-endpoint" in result.output


def test_what_is_no_command_is_said_to_be_none() -> None:
    result = invoke("ingets")

    assert (result.exit_code, "No such command 'ingets'" in result.output) == (2, True)


def test_every_option_has_a_help_text_or_a_plain_name() -> None:
    context = click.Context(statewright)
    for name in statewright.list_commands(context):
        command = statewright.get_command(context, name)
        for parameter in command.params:
            if isinstance(parameter, click.Option) and parameter.name not in ("port", "help"):
                assert parameter.help, f"{name} {parameter.name}"
