"""The command `graph`: the picture of a definition."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from botocore.exceptions import BotoCoreError, ClientError

from statewright.local.place_options import Unusable
from statewright.project import ProjectError, find_root
from statewright.view.view_command import endpoint_of, endpoint_options

if TYPE_CHECKING:
    from collections.abc import Callable

    from statewright.view.endpoint import Endpoint

FORMATS = ("svg", "mermaid", "html")
_FORMAT_HELP = "A picture, a Mermaid flow chart, a page of one file."
_SUFFIXES = (".asl.json", ".json")


@click.command()
@click.argument("name")
@endpoint_options
@click.option(
    "--format", "form", type=click.Choice(FORMATS), default="svg", show_default=True, help=_FORMAT_HELP
)
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="The file to write.  [default: stdout]"
)
def graph(
    name: str,
    endpoint_url: str | None,
    region: str | None,
    profile: str | None,
    form: str,
    output: Path | None,
) -> None:
    """Draw a state machine: a definition's file, a workflow of the project, or a machine by name or ARN.

    The ARN of an execution is drawn with what happened in it; as html with its visits, errors and times, and
    without payloads.

    \b
    Example:
      statewright graph ingest --format svg --output ingest.svg
      statewright graph statemachines/ingest.asl.json --format mermaid

    Exit codes: 0 drawn, 1 the endpoint does not answer, 2 nothing that can be drawn.
    """
    from statewright.view.definition import NotDrawableError

    try:
        if ":execution:" in name or ":express:" in name:
            drawn = _draw_execution(endpoint_of(endpoint_url, region, profile), name, form)
        else:
            text = _definition(name, lambda: endpoint_of(endpoint_url, region, profile).client, endpoint_url)
            drawn = _draw(text, form, name)
    except NotDrawableError as error:
        raise Unusable(f"{name}: {error}") from error
    if output is None:
        click.echo(drawn, nl=False)
        return
    try:
        output.write_text(drawn, encoding="utf-8")
    except OSError as error:
        raise Unusable(str(error)) from error


def _draw(text: str, form: str, name: str) -> str:
    from statewright.view import mermaid, svg
    from statewright.view.standalone import drawing_page

    if form == "mermaid":
        return mermaid.render(text)
    drawn = svg.render(text)
    return drawn if form == "svg" else drawing_page(Path(name).name, drawn)


def _draw_execution(endpoint: Endpoint, arn: str, form: str) -> str:
    from statewright.view.standalone import execution_page
    from statewright.view.svg import render
    from statewright.view.watch import read_once

    if form == "mermaid":
        raise Unusable("an execution is drawn as svg or html")
    try:
        watch = read_once(endpoint, arn)
    except (ClientError, BotoCoreError) as error:
        raise click.ClickException(str(error)) from error
    try:
        svg = render(watch.definition, watch.overlay())
        return svg if form == "svg" else execution_page(watch, svg)
    finally:
        watch.close()


def _definition(name: str, client: Callable[[], Any], endpoint_url: str | None) -> str:
    path = Path(name) if endpoint_url is None else None
    found = path if path is not None and path.is_file() else _workflow(name) if path is not None else None
    try:
        if found is not None:
            return found.read_text(encoding="utf-8")
        return _described(client(), name)
    except (OSError, UnicodeDecodeError) as error:
        raise Unusable(str(error)) from error
    except (ClientError, BotoCoreError) as error:
        raise click.ClickException(str(error)) from error


def _workflow(name: str) -> Path | None:
    """Return the definition of a workflow of the project around the current folder."""
    if not name.replace("_", "").replace("-", "").isalnum():
        return None
    try:
        folder = find_root(Path.cwd()) / "statemachines"
    except ProjectError:
        return None
    return next((path for suffix in _SUFFIXES if (path := folder / f"{name}{suffix}").is_file()), None)


def _described(client: Any, name: str) -> str:
    if name.startswith("arn:"):
        return str(client.describe_state_machine(stateMachineArn=name)["definition"])
    for page in client.get_paginator("list_state_machines").paginate():
        for machine in page["stateMachines"]:
            if machine["name"] == name:
                told = client.describe_state_machine(stateMachineArn=machine["stateMachineArn"])
                return str(told["definition"])
    raise Unusable(f"{name} is no file, no workflow of this project and no state machine of the endpoint")
