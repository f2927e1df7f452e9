"""The command `doctor`: what is missing or wrong on a machine or in an account, and what to do."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
from rich.text import Text

from statewright.deploy.account import NoAccount, find_account
from statewright.deploy.account_checks import Look, look_at_account
from statewright.deploy.checks import wrong
from statewright.deploy.deploying import environment_option, name_of
from statewright.deploy.machine_checks import look_at_machine
from statewright.deploy.terraform import Terraform, TerraformError
from statewright.local.outcomes import console
from statewright.local.place_options import project_option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from statewright.deploy.checks import Finding
    from statewright.project import Project

COLOURS = {"ok": "green", "note": "yellow", "wrong": "red"}


@click.command()
@project_option
@click.option(
    "--aws", "in_account", is_flag=True, help="Also look at the AWS account that this shell leads to."
)
@environment_option
@click.option("--json", "as_json", is_flag=True, help="A JSON array of findings.")
def doctor(project: Project, environment: str | None, *, in_account: bool, as_json: bool) -> None:
    """Say what is missing or wrong on this machine, and what to do. Nothing is changed.

    With --aws also in the account: credentials, quotas, names that are taken, and whether anybody hears of
    failures.

    \b
    Example:
      statewright doctor --aws

    Exit codes: 0 nothing is wrong (notes aside), 1 something is, 2 unusable options or project.
    """
    found = list(look_at_machine(project, to_deploy=in_account))
    if in_account:
        found += _account(project, environment)
    if as_json:
        click.echo(json.dumps([asdict(each) for each in found], indent=2))
    else:
        _print(found)
    if any(each.state == "wrong" for each in found):
        raise SystemExit(1)


def _account(project: Project, environment: str | None) -> Iterator[Finding]:
    try:
        account = find_account()
    except NoAccount as error:
        said, _, remedy = str(error).partition("; ")
        yield wrong("account", said, remedy or "see docs/deploy.md")
        return
    deployed = _is_deployed(project, environment)
    yield from look_at_account(Look(project, account, name_of(project, environment), deployed))


def _is_deployed(project: Project, environment: str | None) -> bool | None:
    """Return whether Terraform's state has outputs, None where it cannot be read."""
    settings = {"TF_WORKSPACE": environment or "default"}
    try:
        return bool(Terraform(project.root, settings=settings).outputs())
    except TerraformError:
        return None


def _print(found: list[Finding]) -> None:
    terminal = console()
    for each in found:
        line = Text(f"{each.state:>5}", COLOURS[each.state]).append(f"  {each.check}: {each.said}", "default")
        terminal.print(line, soft_wrap=True)
        if each.remedy:
            terminal.print(Text(f"       -> {each.remedy}"), soft_wrap=True)
    counts = Counter(each.state for each in found)
    click.echo(f"{counts['wrong']} wrong, {counts['note']} to note, {counts['ok']} well")
