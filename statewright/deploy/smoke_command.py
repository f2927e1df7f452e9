"""The command `smoke`: whether a deployment works, by one small file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click
from botocore.exceptions import BotoCoreError, ClientError

from statewright.deploy import smoke as smokes
from statewright.deploy.account import NoAccount, find_account
from statewright.local.place_options import Unusable, project_option

if TYPE_CHECKING:
    from statewright.project import Project


@click.command()
@project_option
@click.option(
    "--timeout",
    "seconds",
    type=click.FloatRange(1, 3600),
    default=300.0,
    show_default=True,
    help="Seconds to wait for the execution.",
)
def smoke(project: Project, seconds: float) -> None:
    """Send one small file through a deployment, and account for every record of it.

    The shell's variables say where it is: those of `terraform output -raw exports`, or of `statewright env`.
    The items that it writes are its own, and are deleted again.

    \b
    Example:
      statewright smoke

    Exit codes: 0 everything is as it should be, 1 something is not, 2 no deployment or no account.
    """
    try:
        deployed = smokes.find_deployment(project, os.environ)
        faults = smokes.smoke(deployed, find_account(), seconds, lambda text: click.echo(text, err=True))
    except (smokes.NoDeployment, NoAccount) as error:
        raise Unusable(str(error)) from error
    except (BotoCoreError, ClientError) as error:
        raise click.ClickException(f"AWS: {error}") from error
    for fault in faults:
        click.echo(f"not as it should be: {fault}", err=True)
    if faults:
        raise SystemExit(1)
    sums = smokes.EXPECTED
    click.echo(
        f"it works: read {sums['read']} = written {sums['written']} + superseded {sums['superseded']}"
        f" + quarantined {sums['quarantined']}, and the table had these items"
    )
