"""The command `graph`: the picture of a definition."""

from __future__ import annotations

import asyncio
import sys
from functools import partial
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from botocore.exceptions import BotoCoreError, ClientError

from statewright.local.place_options import Unusable
from statewright.project import ProjectError, find_root
from statewright.view.view_command import endpoint_of, endpoint_options

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.tree import Tree

    from statewright.view.endpoint import Endpoint

FORMATS = ("svg", "mermaid", "html", "tree")
_FORMAT_HELP = "A picture, a Mermaid flow chart, a page of one file, a tree for the terminal."
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
@click.option("--redact", is_flag=True, help="Of an execution's html: payloads and causes without values.")
@click.option("--watch", "watches", is_flag=True, help="Of an execution's tree: follow it to its end.")
def graph(
    name: str,
    endpoint_url: str | None,
    state: Path | None,
    region: str | None,
    profile: str | None,
    form: str,
    output: Path | None,
    *,
    redact: bool,
    watches: bool,
) -> None:
    """Draw a state machine: a definition's file, a workflow of the project, or a machine by name or ARN.

    The ARN of an execution is drawn with what happened in it; as html with its visits, errors, times and
    payloads, which --redact leaves without values.

    \b
    Example:
      statewright graph ingest --format svg --output ingest.svg
      statewright graph statemachines/ingest.asl.json --format mermaid
      statewright graph arn:aws:states:eu-west-1:000000000000:execution:orders:e-1 --format tree --watch

    Exit codes: 0 drawn, 1 the endpoint does not answer, 2 nothing that can be drawn.
    """
    from statewright.view.definition import NotDrawableError

    is_execution = ":execution:" in name or ":express:" in name
    if redact and not (is_execution and form == "html"):
        raise click.UsageError("--redact is for the html of an execution")
    if watches and not (is_execution and form == "tree" and output is None):
        raise click.UsageError("--watch is for the tree of an execution on the terminal")
    endpoint = partial(endpoint_of, endpoint_url, region, profile, state)
    try:
        if watches:
            _follow(endpoint(), name)
            return
        if is_execution:
            drawn = _draw_execution(endpoint(), name, form, redact, output)
        else:
            text = _definition(name, lambda: endpoint().client, endpoint_url)
            drawn = _draw(text, form, name, output)
    except NotDrawableError as error:
        raise Unusable(f"{name}: {error}") from error
    if output is None:
        click.echo(drawn, nl=False)
        return
    try:
        output.write_text(drawn, encoding="utf-8")
    except OSError as error:
        raise Unusable(str(error)) from error


def _draw(text: str, form: str, name: str, output: Path | None) -> str:
    from statewright.view import mermaid, svg
    from statewright.view.standalone import drawing_page
    from statewright.view.tree import definition_tree

    if form == "tree":
        return _printed(definition_tree(Path(name).name, text), output)
    if form == "mermaid":
        return mermaid.render(text)
    drawn = svg.render(text)
    return drawn if form == "svg" else drawing_page(Path(name).name, drawn)


def _printed(tree: Tree, output: Path | None) -> str:
    """Return what a tree prints: with colours where it goes to a terminal."""
    from rich.console import Console

    is_terminal = output is None and sys.stdout.isatty()
    console = Console(file=StringIO(), force_terminal=is_terminal, width=None if is_terminal else 200)
    with console.capture() as captured:
        console.print(tree, soft_wrap=True)
    return captured.get()


def _follow(endpoint: Endpoint, arn: str) -> None:
    from rich.console import Console

    from statewright.view.following import follow

    try:
        asyncio.run(follow(endpoint, arn, Console()))
    except (ClientError, BotoCoreError) as error:
        raise click.ClickException(str(error)) from error


def _draw_execution(endpoint: Endpoint, arn: str, form: str, redact: bool, output: Path | None) -> str:
    from statewright.view.standalone import execution_page
    from statewright.view.svg import render
    from statewright.view.tree import execution_tree
    from statewright.view.watch import read_once

    if form == "mermaid":
        raise Unusable("an execution is drawn as svg, html or tree")
    try:
        watch = read_once(endpoint, arn)
    except (ClientError, BotoCoreError) as error:
        raise click.ClickException(str(error)) from error
    try:
        if form == "tree":
            return _printed(execution_tree(watch), output)
        svg = render(watch.definition, watch.overlay())
        return svg if form == "svg" else execution_page(watch, svg, is_redacted=redact)
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
