"""The command `view`: the page, on loopback."""

from __future__ import annotations

import webbrowser
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode

import click
from botocore.exceptions import BotoCoreError

from statewright.local.place_options import Unusable
from statewright.local.ports import PortTaken

if TYPE_CHECKING:
    from collections.abc import Callable

    from statewright.view.endpoint import Endpoint

_Command = TypeVar("_Command", bound="Callable[..., Any]")

DEFAULT_EDITOR = "vscode"
DEFAULT_PORT = 8084  # beside the engine's
_ENDPOINT_HELP = (
    "The Step Functions endpoint.  [default: AWS_ENDPOINT_URL_SFN or AWS_ENDPOINT_URL, the project's local"
    " cloud while it is up, else AWS]"
)
_STATE_HELP = "The folder of the local cloud's state, as `up` has it.  [default: .statewright in the project]"
_EDITOR_HELP = (
    "Where lines of code open: vscode, vscodium, cursor, zed, idea, pycharm, textmate, none, or a template as"
    " vscode://file{path}:{line}."
)


def endpoint_options(command: _Command) -> _Command:
    """Give a command --endpoint-url, --state, --region and --profile."""
    of_state = click.Path(exists=True, file_okay=False, path_type=Path)
    command = click.option("--profile", help="The AWS profile.  [default: as any AWS tool]")(command)
    command = click.option("--region", help="The AWS region.  [default: as any AWS tool]")(command)
    command = click.option("--state", type=of_state, help=_STATE_HELP)(command)
    return click.option("--endpoint-url", metavar="URL", help=_ENDPOINT_HELP)(command)


def endpoint_of(
    endpoint_url: str | None, region: str | None, profile: str | None, state: Path | None = None
) -> Endpoint:
    """Return the endpoint that the options name; raises Unusable."""
    from statewright.view.endpoint import find_endpoint, running_cloud

    if state is not None and endpoint_url is None:
        endpoint_url = running_cloud(state)
        if endpoint_url is None:
            raise Unusable(f"no local cloud with its state in {state} is up")
    try:
        return find_endpoint(endpoint_url, region=region, profile=profile)
    except (BotoCoreError, ValueError) as error:
        raise Unusable(str(error)) from error


def _check_editor(_: click.Context, parameter: click.Parameter, editor: str) -> str:
    from statewright.view.project_files import editor_template

    try:
        return editor_template(editor)
    except ValueError as error:
        raise click.BadParameter(str(error), param=parameter) from error


@click.command()
@click.argument("execution", required=False)
@click.option("--with", "other", metavar="ARN", help="Compare EXECUTION with this one.")
@endpoint_options
@click.option("--port", type=click.IntRange(0, 65535), default=DEFAULT_PORT, show_default=True)
@click.option(
    "--open/--no-open", "opens", default=True, help="Open the page in the browser.  [default: open]"
)
@click.option(
    "--allow-writes", is_flag=True, help="Allow to start, stop and redrive on an endpoint not local."
)
@click.option(
    "--editor",
    envvar="STATEWRIGHT_EDITOR",
    default=DEFAULT_EDITOR,
    show_default=True,
    callback=_check_editor,
    help=_EDITOR_HELP,
)
def view(
    execution: str | None,
    other: str | None,
    endpoint_url: str | None,
    state: Path | None,
    region: str | None,
    profile: str | None,
    port: int,
    *,
    opens: bool,
    allow_writes: bool,
    editor: str,
) -> None:
    """Show executions as graphs in the browser: what ran, what failed and why, live while it runs.

    EXECUTION is the ARN of the one to open. The page is served on 127.0.0.1 alone and needs the token in the
    address that is printed.

    \b
    Example:
      statewright view
      statewright view --endpoint-url http://127.0.0.1:8083 --no-open

    Exit codes: 0 stopped by Ctrl-C or SIGTERM, 1 the port is taken, 2 unusable options.
    """
    if other and not execution:
        raise click.UsageError("--with compares EXECUTION, which is missing")
    from statewright.view.deployment import deployment_of
    from statewright.view.project_files import find_project_files
    from statewright.view.security import new_token
    from statewright.view.server import create_app
    from statewright.view.serving import HOST, listen, server_of

    endpoint = endpoint_of(endpoint_url, region, profile, state)
    try:
        listening = listen(port)
    except OSError as error:
        raise click.ClickException(str(PortTaken(port, "--port", error))) from error
    port = listening.getsockname()[1]
    token = new_token()
    files = find_project_files(endpoint, editor, state)
    deployment = partial(deployment_of, state=state)
    app = create_app(
        endpoint, port=port, token=token, allow_writes=allow_writes, files=files, deployment=deployment
    )
    address = f"http://{HOST}:{port}/{_opened(execution, other, token)}"
    click.echo(f"Executions of {endpoint.url}\n{address}\nCtrl-C stops it")
    if opens:
        webbrowser.open(address)
    server_of(app).run([listening])


def _opened(execution: str | None, other: str | None, token: str) -> str:
    """Return the page to open, and what it is told in the fragment, which is sent to no server."""
    if other and execution:
        return f"compare#{urlencode({'token': token, 'a': other, 'b': execution})}"
    return f"#{urlencode({'token': token} | ({'execution': execution} if execution else {}))}"
