"""The workflows of GitHub Actions: sound, pinned, with the least of rights and no stored key."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest
import yaml

from statewright.cli import statewright
from statewright.deploy import terraform, wheels

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
GITHUB = ROOT / ".github"
BIN = Path(sys.executable).parent
WORKFLOWS = {path.stem: yaml.safe_load(path.read_text()) for path in (GITHUB / "workflows").glob("*.yml")}
ACTIONS = {path.parent.name: yaml.safe_load(path.read_text()) for path in GITHUB.glob("actions/*/action.yml")}
# Of this repository at the running commit, or an action pinned by a commit, which its comment names.
PINNED = re.compile(
    r"uses: (?:\$/\S+|(?P<action>[\w.-]+/[\w./-]+)@(?P<commit>[0-9a-f]{40}) # (?P<version>v\d+\.\d+\.\d+))$"
)
# job -> all that it may do. What is not here may nothing.
RIGHTS = {
    ("checks", "test"): {"contents": "read"},
    ("checks", "findings"): {"contents": "read"},
    ("plan", "plan"): {"contents": "read", "id-token": "write"},
    ("plan", "comment"): {"pull-requests": "write"},
    ("deploy", "checks"): {"contents": "read"},
    ("deploy", "staging"): {"contents": "read", "id-token": "write"},
    ("deploy", "production"): {"contents": "read", "id-token": "write"},
    ("drift", "drift"): {"contents": "read", "id-token": "write"},
}


def jobs() -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
    for workflow, document in WORKFLOWS.items():
        for name, job in document["jobs"].items():
            yield (workflow, name), job


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Audit a folder as .github is audited."""
    command = [str(BIN / "zizmor"), "--offline", "--no-progress", "--strict-collection", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_they_pass_the_audit() -> None:
    found = lint(GITHUB)

    assert found.returncode == 0, found.stdout
    assert "No findings to report" in found.stdout


@pytest.mark.parametrize(
    ("whole", "hole"),
    [
        ("08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0", "v5"),  # a tag can be moved
        ("        with:\n          persist-credentials: false\n", ""),  # a token that stays on the disk
        ("run: make test PYTHON=python", "run: echo ${{ github.head_ref }}"),  # text of others as a script
        ("  pull_request:\n", "  pull_request_target:\n"),  # code of others with this repository's rights
    ],
)
def test_the_audit_finds_a_hole(whole: str, hole: str, tmp_path: Path) -> None:
    copy = shutil.copytree(GITHUB, tmp_path / ".github")
    file = copy / "workflows" / "checks.yml"
    text = file.read_text()
    assert whole in text
    file.write_text(text.replace(whole, hole))

    assert lint(copy).returncode != 0


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("vendor.github-workflows", sorted((GITHUB / "workflows").glob("*.yml"))),
        ("vendor.github-actions", sorted(GITHUB.glob("actions/*/action.yml"))),
        ("vendor.dependabot", [GITHUB / "dependabot.yml"]),
    ],
)
def test_they_are_valid_against_githubs_schemas(schema: str, files: list[Path]) -> None:
    command = [str(BIN / "check-jsonschema"), "--builtin-schema", schema, *map(str, files)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)

    assert found.returncode == 0, found.stdout


def test_every_action_is_pinned_by_its_commit_and_one_version_of_each_is_used() -> None:
    lines = [
        line.strip().removeprefix("- ")
        for path in GITHUB.rglob("*.yml")
        for line in path.read_text().splitlines()
        if "uses:" in line
    ]
    found = [PINNED.fullmatch(line) for line in lines]

    assert len(lines) > 10
    assert [line for line, match in zip(lines, found, strict=True) if match is None] == []
    pins = {
        (match["action"], match["commit"], match["version"]) for match in found if match and match["action"]
    }
    assert len({action for action, _, _ in pins}) == len(pins)


def test_every_job_may_do_what_it_needs_and_nothing_else() -> None:
    assert {name: job.get("permissions") for name, job in jobs()} == RIGHTS
    assert all(document["permissions"] == {} for document in WORKFLOWS.values())


def test_only_jobs_that_meet_aws_get_an_identity() -> None:
    for name, job in jobs():
        meets = any("configure-aws-credentials" in step.get("uses", "") for step in job.get("steps", []))
        assert ("id-token" in job["permissions"]) == meets, name
        assert "vars.AWS_" in job["if"] if meets else True


def test_no_secret_is_stored_or_used() -> None:
    for path in GITHUB.rglob("*.yml"):
        text = path.read_text()
        assert "secrets." not in text
        assert "aws-access-key-id" not in text
        assert "AWS_SECRET" not in text


def test_production_comes_after_staging_and_its_smoke_test_by_its_own_environment() -> None:
    deploy = WORKFLOWS["deploy"]["jobs"]

    assert (deploy["staging"]["needs"], deploy["production"]["needs"]) == ("checks", "staging")
    assert [deploy[name]["environment"] for name in ("staging", "production")] == ["staging", "production"]
    assert "statewright smoke" in deploy["staging"]["steps"][-1]["run"]
    assert "--shift" in deploy["production"]["steps"][-1]["run"]
    assert WORKFLOWS["deploy"]["concurrency"] == {"group": "deploy", "cancel-in-progress": False}


def test_every_job_ends_in_time() -> None:
    for name, job in jobs():
        assert "uses" in job or 0 < job["timeout-minutes"] <= 60, name


def test_the_commands_that_they_run_exist_with_their_options() -> None:
    ran = [
        shlex.split(line.strip())
        for _, job in jobs()
        for step in job.get("steps", [])
        for line in step.get("run", "").splitlines()
        if line.strip().startswith(".venv/bin/statewright ")
    ]

    assert len(ran) == 6
    for _, name, *options in ran:
        command = statewright.get_command(click.Context(statewright), name)
        assert command is not None, name
        known = {option for each in command.params if isinstance(each, click.Option) for option in each.opts}
        assert {option for option in options if option.startswith("-")} <= known, name


def test_their_python_and_terraform_are_those_that_the_project_wants() -> None:
    action = ACTIONS["toolchain"]
    setup = next(step for step in action["runs"]["steps"] if "setup-terraform" in step.get("uses", ""))
    numbers = tuple(int(part) for part in setup["with"]["terraform_version"].split("."))
    configured = (ROOT / "terraform" / "versions.tf").read_text()

    assert action["inputs"]["python"]["default"] == wheels.LAMBDA.python
    assert numbers >= terraform.OLDEST
    assert f'required_version = ">= {".".join(map(str, terraform.OLDEST))}"' in configured


def test_the_functions_run_on_what_the_package_is_built_for() -> None:
    configured = (ROOT / "terraform" / "functions.tf").read_text()

    assert f'"python{wheels.LAMBDA.python}"' in configured
    assert f'["{wheels.LAMBDA.architecture}"]' in configured
