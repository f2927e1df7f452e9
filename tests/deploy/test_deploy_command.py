"""`statewright deploy` with the real Terraform on a small configuration: what it asks, does, exits with."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from statewright.cli import statewright
from statewright.deploy import package, shifting
from tests.deploy.conftest import Machine, routes, set_alarm

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

pytestmark = pytest.mark.skipif(shutil.which("terraform") is None, reason="Terraform is not here")

# What terraform/ has of variables and outputs, without a provider: `release` stands for what is deployed.
CONFIGURATION = """
variable "package" { default = "../build/functions.zip" }
variable "name" { default = null }
variable "stable_versions" {
  type    = map(string)
  default = {}
}
variable "canary_percent" {
  type    = number
  default = 100
}
variable "deletion_protection" { default = true }
variable "alias" { default = "" }
variable "alarms" {
  type    = list(string)
  default = []
}
variable "version_arn" { default = "" }
resource "terraform_data" "release" {
  input = {
    version   = var.version_arn
    name      = var.name
    protected = var.deletion_protection
    package   = fileexists(var.package)
    percent   = contains(keys(var.stable_versions), "ingest") ? var.canary_percent : 100
  }
}
output "release" { value = terraform_data.release.output }
output "aliases" { value = { ingest = var.alias } }
output "alarms" { value = var.alarms }
output "state_machine_versions" { value = { ingest = terraform_data.release.output.version } }
"""


@pytest.fixture
def project(tmp_path: Path, shell: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pipeline.json").write_text('{"name": "shop"}')
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "functions.zip").write_bytes(b"zip")
    (tmp_path / "terraform").mkdir()
    (tmp_path / "terraform" / "main.tf").write_text(CONFIGURATION)
    built = package.Package(
        "functions.zip", "d" * 64, "", 8_000_000, 25_000_000, 9, "3.13", "arm64", "3.13.0", ""
    )
    shell.setattr(package, "build", lambda root: built)
    shell.delenv("TF_CLI_CONFIG_FILE", raising=False)
    shell.setattr(shifting, "POLL_SECONDS", 0.05)
    return tmp_path


def deploy(project: Path, *options: str, file: dict[str, Any] | None = None) -> Result:
    variables = []
    if file is not None:
        (project / "variables.tfvars.json").write_text(json.dumps(file))
        variables = ["--var-file", str(project / "variables.tfvars.json")]
    return CliRunner().invoke(statewright, ["deploy", "--project", str(project), *variables, *options])


def release(project: Path, environment: str | None = None) -> dict[str, Any]:
    folder = project / "terraform"
    state = folder / "terraform.tfstate"
    if environment:
        state = folder / "terraform.tfstate.d" / environment / "terraform.tfstate"
    found: dict[str, Any] = json.loads(state.read_bytes())["outputs"]["release"]["value"]
    return found


def of(machine: Machine, alarm: str, number: int) -> dict[str, Any]:
    return {"alias": machine.alias, "alarms": [alarm], "version_arn": machine.version(number)}


def test_a_plan_changes_nothing_and_its_exit_code_can_tell(project: Path) -> None:
    assert deploy(project, "--plan").exit_code == 0
    changed = deploy(project, "--plan", "--detailed-exitcode")
    assert changed.exit_code == 3
    assert "account 123456789012, region eu-central-1, no environment" in changed.output
    assert "the plan has changes" in changed.output
    assert not (project / "terraform" / "terraform.tfstate").exists()

    assert deploy(project, "--auto-approve").exit_code == 0
    again = deploy(project, "--plan", "--detailed-exitcode")
    assert again.exit_code == 0
    assert "nothing to change" in again.output


def test_a_plan_may_believe_the_state(project: Path, shell: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    stand_in = tmp_path / "bin" / "terraform"
    stand_in.parent.mkdir()
    stand_in.write_text(f'#!/bin/sh\necho "$@" >> {asked}\necho \'{{"terraform_version": "1.11.4"}}\'\n')
    stand_in.chmod(0o755)
    shell.setenv("PATH", f"{stand_in.parent}:/usr/bin:/bin")

    assert deploy(project, "--plan", "--no-refresh").exit_code == 0
    assert deploy(project, "--plan").exit_code == 0

    plans = [line for line in asked.read_text().splitlines() if " plan " in line]
    assert ["-refresh=false" in line for line in plans] == [True, False]


def test_an_environment_has_its_state_its_name_and_its_variables(project: Path) -> None:
    (project / "terraform" / "environments").mkdir()
    own = project / "terraform" / "environments" / "staging.tfvars"
    own.write_text("deletion_protection = false\n")

    assert deploy(project, "--environment", "staging", "--auto-approve").exit_code == 0
    assert deploy(project, "--auto-approve").exit_code == 0

    staging = release(project, "staging")
    assert (staging["name"], staging["protected"], staging["package"]) == ("shop-staging", False, True)
    assert (release(project)["name"], release(project)["protected"]) == (None, True)


def test_a_name_that_no_environment_can_have_is_refused(project: Path) -> None:
    refused = deploy(project, "--environment", "Prod_1")

    assert refused.exit_code == 2
    assert "up to 12 lower-case letters" in refused.output


def test_nothing_is_applied_when_nobody_can_be_asked(project: Path) -> None:
    refused = deploy(project)

    assert refused.exit_code == 2
    assert "give --auto-approve, or --plan to look" in refused.output
    assert not (project / "terraform" / "terraform.tfstate").exists()


def test_a_new_version_is_shifted_to_while_alarms_watch(
    project: Path, sfn: Any, machine: Machine, alarm: str
) -> None:
    first = deploy(project, "--auto-approve", "--shift", "10", file=of(machine, alarm, 1))
    assert (first.exit_code, "a first deployment: nothing to shift from" in first.output) == (0, True)
    same = deploy(project, "--auto-approve", "--shift", "10", file=of(machine, alarm, 1))
    assert (same.exit_code, "no state machine has a new version" in same.output) == (0, True)

    done = deploy(project, "--auto-approve", "--shift", "10", "--minutes", "0.01", file=of(machine, alarm, 2))

    assert done.exit_code == 0, done.output
    assert "10 % of new executions take the new version of ingest" in done.output
    assert routes(sfn, machine.alias) == {2: 100}
    # While Terraform applied, the alias stayed where it was.
    assert release(project)["percent"] == 0


def test_an_alarm_takes_the_new_version_back_and_the_exit_code_says_so(
    project: Path, sfn: Any, cloudwatch: Any, machine: Machine, alarm: str
) -> None:
    deploy(project, "--auto-approve", file=of(machine, alarm, 1))
    options = ("--auto-approve", "--shift", "10", "--minutes", "1")
    describe = sfn.describe_state_machine_alias
    assert describe(stateMachineAliasArn=machine.alias)["routingConfiguration"][0]["weight"] == 100

    def ring_then_poll(*arguments: Any) -> Any:
        set_alarm(cloudwatch, alarm, "ALARM")
        return original(*arguments)

    original = shifting._watch
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(shifting, "_watch", ring_then_poll)
        returned = deploy(project, *options, file=of(machine, alarm, 2))

    assert returned.exit_code == 4
    assert f"the old versions have everything again: these alarms rang: {alarm}" in returned.output
    assert routes(sfn, machine.alias) == {1: 100}
    # It still rings: the next attempt is refused before anything is applied.
    refused = deploy(project, *options, file=of(machine, alarm, 2))
    assert (refused.exit_code, f"ring already: {alarm}" in refused.output) == (1, True)
    # And when it is quiet again, the version that is there already gets its second chance.
    set_alarm(cloudwatch, alarm, "OK")
    assert deploy(project, *options[:-1], "0.01", file=of(machine, alarm, 2)).exit_code == 0
    assert routes(sfn, machine.alias) == {2: 100}


def test_destroy_takes_protection_away_only_with_data(project: Path) -> None:
    deploy(project, "--auto-approve")

    assert deploy(project, "--destroy", "--plan", "--detailed-exitcode").exit_code == 3
    assert release(project)["protected"] is True
    done = deploy(project, "--destroy", "--with-data", "--auto-approve")

    assert done.exit_code == 0, done.output
    state = json.loads((project / "terraform" / "terraform.tfstate").read_bytes())
    assert state["resources"] == []
    assert "nothing to destroy" in deploy(project, "--destroy", "--with-data", "--auto-approve").output


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--destroy", "--shift", "10"], "--destroy and --shift do not go together"),
        (["--with-data"], "--with-data is for --destroy"),
        (["--detailed-exitcode"], "--detailed-exitcode is for --plan"),
        (["--no-refresh"], "--no-refresh is for --plan of a deployment"),
        (["--no-refresh", "--plan", "--destroy"], "--no-refresh is for --plan of a deployment"),
        (["--ignore-alarm", "a"], "--ignore-alarm is for --shift"),
        (["--shift", "100"], "1<=x<=99"),
    ],
)
def test_options_that_do_not_go_together_are_refused(project: Path, options: list[str], said: str) -> None:
    refused = deploy(project, *options)

    assert refused.exit_code == 2
    assert said in refused.output


def test_terraforms_failure_is_ours(project: Path) -> None:
    (project / "terraform" / "broken.tf").write_text("resource {")

    failed = deploy(project, "--plan")

    assert failed.exit_code == 1
    assert "terraform init failed with exit code 1" in failed.output


def test_a_runner_that_would_lose_the_state_is_refused(project: Path, shell: pytest.MonkeyPatch) -> None:
    shell.setenv("CI", "true")

    refused = deploy(project, "--auto-approve")

    assert refused.exit_code == 1
    assert "give it a backend first" in refused.output
    assert not (project / "terraform" / "terraform.tfstate").exists()


def test_a_backend_elsewhere_is_no_local_state(project: Path, shell: pytest.MonkeyPatch) -> None:
    shell.setenv("CI", "true")
    (project / "terraform" / "backend.tf").write_text('terraform {\n  backend "local" {}\n}\n')
    config = project / "backend.hcl"
    config.write_text(f'path = "{project / "elsewhere.tfstate"}"\n')

    assert deploy(project, "--auto-approve", "--backend-config", str(config)).exit_code == 0
    assert (project / "elsewhere.tfstate").exists()


def test_without_terraform_the_way_to_it_is_named(project: Path, shell: pytest.MonkeyPatch) -> None:
    shell.setenv("PATH", "/nonexistent")

    failed = deploy(project, "--plan")

    assert failed.exit_code == 1
    assert "terraform is not on the PATH; install 1.11 or newer" in failed.output


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"AWS_REGION": None, "AWS_DEFAULT_REGION": None}, "no region is set; export AWS_REGION"),
        ({"AWS_PROFILE": "nobody"}, "The config profile (nobody) could not be found"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "AWS does not answer; is there a network"),
    ],
)
def test_an_account_that_cannot_be_asked_is_told_of_in_one_line(
    project: Path, shell: pytest.MonkeyPatch, environment: dict[str, str | None], said: str
) -> None:
    shell.setenv("AWS_CONFIG_FILE", "/dev/null")
    for name, value in environment.items():
        if value is None:
            shell.delenv(name, raising=False)
        else:
            shell.setenv(name, value)

    failed = deploy(project, "--plan")

    assert failed.exit_code == 2
    assert said in failed.output
    assert "Traceback" not in failed.output
