"""The command `deploy`: the project to an AWS account."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
from botocore.exceptions import BotoCoreError, ClientError

from statewright.deploy import deploying, destroying, shifting
from statewright.deploy.account import NoAccount, find_account
from statewright.deploy.deploying import Deployment, NotDeployable, Shift, environment_option
from statewright.deploy.package import PackageError
from statewright.deploy.terraform import TerraformError, check_version
from statewright.local.place_options import Unusable, project_option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from statewright.project import Project

CHANGES, RETURNED = 3, 4


class AliasesReturned(click.ClickException):
    """New versions were taken back."""

    exit_code = RETURNED


@dataclass(frozen=True)
class Wish:
    """What the options say that is to be done."""

    only_plan: bool
    changes_are_told: bool
    refresh: bool
    destroy: bool
    with_data: bool
    asked: bool
    shift: Shift | None

    def check(self) -> None:
        """Refuse options that do not go together; raises UsageError."""
        if self.destroy and self.shift is not None:
            raise click.UsageError("--destroy and --shift do not go together")
        if self.with_data and not self.destroy:
            raise click.UsageError("--with-data is for --destroy")
        if self.changes_are_told and not self.only_plan:
            raise click.UsageError("--detailed-exitcode is for --plan")
        if not self.refresh and (not self.only_plan or self.destroy):
            raise click.UsageError("--no-refresh is for --plan of a deployment")


_file = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@project_option
@environment_option
@click.option("--var-file", "var_files", type=_file, multiple=True, help="Variables for Terraform.")
@click.option("--backend-config", type=_file, help="Where Terraform's state is, for `terraform init`.")
@click.option("--plan", "only_plan", is_flag=True, help="Show what would change, and change nothing.")
@click.option("--detailed-exitcode", is_flag=True, help="With --plan: exit with 3 where there are changes.")
@click.option("--no-refresh", is_flag=True, help="With --plan: believe the state, and read no resource.")
@click.option("--auto-approve", is_flag=True, help="Do not ask before anything is changed.")
@click.option(
    "--shift", "percent", type=click.IntRange(1, 99), help="First give new versions this percentage."
)
@click.option(
    "--minutes",
    type=click.FloatRange(0, 1440, min_open=True),
    default=10.0,
    show_default=True,
    help="With --shift: how long alarms are watched before new versions get everything.",
)
@click.option("--ignore-alarm", "ignored", multiple=True, help="With --shift: an alarm that is not watched.")
@click.option("--destroy", is_flag=True, help="Take the deployment away.")
@click.option("--with-data", is_flag=True, help="With --destroy: tables and what is in buckets too.")
def deploy(
    project: Project,
    environment: str | None,
    var_files: tuple[Path, ...],
    backend_config: Path | None,
    percent: int | None,
    minutes: float,
    ignored: tuple[str, ...],
    *,
    only_plan: bool,
    detailed_exitcode: bool,
    no_refresh: bool,
    auto_approve: bool,
    destroy: bool,
    with_data: bool,
) -> None:
    """Build the functions' package and run Terraform in terraform/.

    Region and credentials are found as by any AWS tool. An environment is a workspace of Terraform: it has a
    state of its own, names that begin with <project>-<environment>, and the variables in
    terraform/environments/<environment>.tfvars where that file exists.

    With --shift new versions of state machines get a part of the executions first. Where an alarm rings while
    that is watched, the old versions get everything back.

    \b
    Example:
      statewright deploy --plan
      statewright deploy --environment staging --shift 10 --minutes 10

    Exit codes: 0 done, 1 it failed, 2 unusable options, project or account, 3 the plan has changes
    (--detailed-exitcode), 4 the new versions were taken back.
    """
    shift = None if percent is None else Shift(percent, minutes, ignored)
    wish = Wish(only_plan, detailed_exitcode, not no_refresh, destroy, with_data, not auto_approve, shift)
    wish.check()
    if ignored and shift is None:
        raise click.UsageError("--ignore-alarm is for --shift")
    with _told():
        check_version()
        account = find_account()
        _tell(f"account {account.id}, region {account.region}, {environment or 'no'} environment")
        deployment = deploying.make_ready(project, account, environment, var_files, backend_config, _tell)
        if destroy:
            _destroy(deployment, wish)
        else:
            _deploy(deployment, wish)


@contextmanager
def _told() -> Iterator[None]:
    """Say in one line what went wrong, and exit with the code for it."""
    try:
        yield
    except NoAccount as error:
        raise Unusable(str(error)) from error
    except shifting.Returned as error:
        raise AliasesReturned(f"the old versions have everything again: {error}") from error
    except (NotDeployable, PackageError, TerraformError, shifting.CannotShift) as error:
        raise click.ClickException(str(error)) from error
    except (BotoCoreError, ClientError) as error:
        raise click.ClickException(f"AWS: {error}") from error


def _deploy(deployment: Deployment, wish: Wish) -> None:
    before = None
    if wish.shift is not None:
        before = deploying.before_the_shift(deployment, wish.shift)
    variables = before.variables() if before else None
    changed = deployment.plan(variables, only_to_look=wish.only_plan, refresh=wish.refresh)
    if wish.only_plan:
        _end_of_plan(changed, wish)
        return
    if changed:
        _confirm(wish, "Apply this plan?")
        deployment.apply()
    else:
        _tell("nothing to change")
    if wish.shift is None or before is None:
        return
    if not before.versions:
        _tell("a first deployment: nothing to shift from")
    elif not deploying.shift_to_the_new(deployment, before, wish.shift, _tell):
        _tell("no state machine has a new version: nothing to shift")


def _destroy(deployment: Deployment, wish: Wish) -> None:
    if wish.with_data and not wish.only_plan:
        _take_protection(deployment, wish)
    terraform, plan = deployment.terraform, deployment.plan_file
    changed = terraform.plan(plan, destroy=True, only_to_look=wish.only_plan)
    found = [] if wish.with_data else destroying.hindrances(terraform.shown(plan), deployment.account)
    if wish.only_plan:
        for each in found:
            _tell(f"{each}: it would go by --with-data alone")
        _end_of_plan(changed, wish)
    elif found:
        raise NotDeployable(
            f"nothing was destroyed: {'; '.join(found)}. --with-data takes their content away with them"
        )
    elif changed:
        _confirm(wish, "Destroy all of this, for good?")
        terraform.apply(plan)
    else:
        _tell("nothing to destroy")


def _take_protection(deployment: Deployment, wish: Wish) -> None:
    """Apply what lets tables go, and buckets that hold something."""
    if not deployment.terraform.outputs():
        return  # nothing is there that could be protected, and a plan would create it
    if deployment.plan({"deletion_protection": False}):
        _confirm(wish, "First the protection is taken from tables and buckets. Apply this plan?")
        deployment.apply()


def _end_of_plan(changed: bool, wish: Wish) -> None:
    _tell("the plan has changes" if changed else "nothing to change")
    if changed and wish.changes_are_told:
        raise SystemExit(CHANGES)


def _confirm(wish: Wish, question: str) -> None:
    if not wish.asked:
        return
    if not sys.stdin.isatty():
        raise Unusable("nobody is here to ask: give --auto-approve, or --plan to look")
    if not click.confirm(question):
        raise click.Abort


def _tell(text: str) -> None:
    click.echo(f"deploy: {text}", err=True)
