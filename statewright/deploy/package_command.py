"""The command `package`: the functions' deployment package."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from statewright.deploy import package as packages
from statewright.local.place_options import project_option

if TYPE_CHECKING:
    from statewright.project import Project


@click.command()
@project_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object, as in build/functions.json.")
def package(project: Project, *, as_json: bool) -> None:
    """Build the functions' package: build/functions.zip, and what it is in build/functions.json.

    Dependencies come from requirements/functions.txt, with their hashes, for Lambda's python3.13 on arm64.
    With nothing changed nothing is written. Modules are compiled where a Python 3.13 is at hand.

    \b
    Example:
      statewright package

    Exit codes: 0 built (also where it was already), 1 it could not be built, 2 unusable options or project.
    """
    try:
        built = packages.build(project.root)
    except packages.PackageError as error:
        raise click.ClickException(str(error)) from error
    click.echo(json.dumps(asdict(built), indent=2) if as_json else packages.summary(built))
