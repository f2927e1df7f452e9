"""What `statewright deploy` does, step by step: package, plan, apply, and the shift to the new versions."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from statewright.deploy import package as packages
from statewright.deploy import shifting
from statewright.deploy.terraform import FOLDER, Terraform

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from statewright.deploy.account import Account
    from statewright.project import Project

ENVIRONMENTS = "environments"
# The name of a workspace, and a part of names on AWS.
ENVIRONMENT = re.compile(r"[a-z][a-z0-9-]{0,11}")
# Outputs of terraform/outputs.tf that are read here.
ALIASES, VERSIONS, ALARMS = "aliases", "state_machine_versions", "alarms"


class NotDeployable(Exception):  # noqa: N818 - what is wrong
    """The project or its Terraform state lacks what a deployment needs."""


@dataclass(frozen=True)
class Shift:
    """How new versions get their executions: `percent` first, everything after `minutes` without an alarm."""

    percent: int
    minutes: float
    ignored_alarms: Sequence[str] = ()


@dataclass(frozen=True)
class Deployment:
    """A deployment of a project that is at hand: its Terraform is ready, its package is built."""

    project: Project
    account: Account
    terraform: Terraform
    plan_file: Path

    def plan(
        self, more: dict[str, Any] | None = None, *, only_to_look: bool = False, refresh: bool = True
    ) -> bool:
        """Write and print the plan; return whether it changes anything; raises TerraformError."""
        return self.terraform.plan(self.plan_file, more=more, only_to_look=only_to_look, refresh=refresh)

    def apply(self) -> None:
        """Do what the plan says; raises TerraformError."""
        self.terraform.apply(self.plan_file)

    def output(self, name: str) -> Any:
        """Return an output of what was applied; raises NotDeployable, TerraformError."""
        found = self.terraform.outputs()
        if name not in found:
            raise NotDeployable(f"terraform/ has no output {name!r}, which a gradual shift reads")
        return found[name]


def _environment(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    if value is not None and not ENVIRONMENT.fullmatch(value):
        raise click.BadParameter("up to 12 lower-case letters, digits and hyphens, a letter first")
    return value


environment_option = click.option(
    "--environment", callback=_environment, help="The deployment of this name, beside others."
)


def name_of(project: Project, environment: str | None) -> str:
    """Return what the names of a deployment's resources begin with."""
    name = project.description.name
    return name if environment is None else f"{name}-{environment}".replace("_", "-")


def make_ready(
    project: Project,
    account: Account,
    environment: str | None,
    var_files: Sequence[Path],
    backend_config: Path | None,
    tell: Callable[[str], None],
) -> Deployment:
    """Build the package and initialise Terraform; raises PackageError, TerraformError, NotDeployable."""
    folder = project.root / FOLDER
    if not folder.is_dir():
        raise NotDeployable(f"{project.root} has no folder {FOLDER}/")
    built = packages.build(project.root)
    tell(packages.summary(built))
    # Terraform's variable `package` has this place by default, from its own folder: a path that begins
    # elsewhere on each machine would be a change each time.
    variables: dict[str, Any] = {}
    files = list(var_files)
    if environment is not None:
        variables["name"] = name_of(project, environment)
        own = folder / ENVIRONMENTS / f"{environment}.tfvars"
        files = [own, *files] if own.is_file() else files
    settings = {"AWS_REGION": account.region}
    terraform = Terraform(project.root, environment, variables, files, settings)
    terraform.init(backend_config)
    if os.environ.get("CI") and terraform.state_is_local():
        raise NotDeployable(
            "Terraform's state would be a file on this runner, and gone with it: give it a backend first"
            " (terraform/versions.tf, docs/deploy.md)"
        )
    plan_file = project.root / packages.BUILD / f"{environment or 'default'}.tfplan"
    return Deployment(project, account, terraform, plan_file)


@dataclass(frozen=True)
class Before:
    """What a gradual shift begins from: versions by state machine, and the alarms that will watch."""

    versions: dict[str, str]
    alarms: list[str]

    def variables(self) -> dict[str, Any]:
        """Return what keeps the aliases where they are while Terraform applies."""
        return {"stable_versions": self.versions, "canary_percent": 0} if self.versions else {}


def before_the_shift(deployment: Deployment, shift: Shift) -> Before:
    """Return where the aliases lead now; raises CannotShift, NotDeployable and botocore's errors.

    Where nothing is deployed yet there are no versions, and nothing will be shifted.
    """
    if not deployment.terraform.outputs():
        return Before({}, [])
    aliases = deployment.output(ALIASES)
    cloudwatch = deployment.account.client("cloudwatch")
    alarms = shifting.check_alarms(cloudwatch, deployment.output(ALARMS), shift.ignored_alarms)
    return Before(shifting.stable_versions(deployment.account.client("stepfunctions"), aliases), alarms)


def shift_to_the_new(
    deployment: Deployment, before: Before, shift: Shift, tell: Callable[[str], None]
) -> list[shifting.Move]:
    """Move the aliases from the versions before to those that were applied; return what was moved.

    Raises Returned, NotDeployable, TerraformError.
    """
    planned = shifting.moves(deployment.output(ALIASES), before.versions, deployment.output(VERSIONS))
    if not planned:
        return []
    client = deployment.account.client
    watched = shifting.Watched(before.alarms, shift.percent, shift.minutes * 60)
    shifting.shift(planned, watched, client("stepfunctions"), client("cloudwatch"), tell)
    return planned
