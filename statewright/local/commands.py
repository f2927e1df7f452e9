"""The commands `up`, `down` and `env`."""

from __future__ import annotations

import json
import os
import shlex
from typing import TYPE_CHECKING

import click

from statewright.local import locks
from statewright.local.control import (
    AlreadyUp,
    ControlError,
    check_startable,
    start_cloud,
    stop_cloud,
    wipe,
)
from statewright.local.environment import shell_environment, shell_lines
from statewright.local.names import Names
from statewright.local.place_options import Place, place_options, places_options
from statewright.local.places import DEFAULT_PORT, DEFAULT_SFN_PORT, CloudSettings
from statewright.local.ports import PortTaken
from statewright.project import STATE_FOLDER

if TYPE_CHECKING:
    from statewright.local.places import CloudRecord, Places

port_option = click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=DEFAULT_PORT,
    show_default=True,
    help="The data services.",
)
sfn_port_option = click.option(
    "--sfn-port",
    type=click.IntRange(1, 65535),
    default=DEFAULT_SFN_PORT,
    show_default=True,
    help="Step Functions and Lambda.",
)
workers_option = click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=2,
    show_default=True,
    help="Processes that run functions; as many run at once.",
)


@click.command()
@place_options
@port_option
@sfn_port_option
@workers_option
@click.option("--foreground", is_flag=True, help="Stay in this terminal; Ctrl-C stops the local cloud.")
def up(place: Place, port: int, sfn_port: int, workers: int, *, foreground: bool) -> None:
    """Start the local cloud; return when it is ready.

    It listens on 127.0.0.1 alone. What was in it when it was stopped is in it again.

    \b
    Example:
      statewright up && eval "$(statewright env)"

    Exit codes: 0 it is up (also where it was already), 1 it could not start, 2 unusable options or project.
    """
    settings = CloudSettings(place.project, place.places, port, sfn_port, workers)
    try:
        if foreground:
            _run_in_foreground(settings)
            return
        record, _ = start_cloud(settings, _say_progress)
    except AlreadyUp as error:
        click.echo(where_it_is(error.record, place.places, "The local cloud is up already"))
    except (ControlError, PortTaken) as error:
        raise click.ClickException(str(error)) from error
    else:
        click.echo(where_it_is(record, place.places, "The local cloud is up"))


def _run_in_foreground(settings: CloudSettings) -> None:
    # The daemon's modules are heavy, and the other commands do without them.
    from statewright.local.daemon import START_ERRORS, run_until_stopped, start_error

    check_startable(settings)
    places = settings.places

    def ready(record: CloudRecord) -> None:
        click.echo(where_it_is(record, places, "The local cloud is up; Ctrl-C stops it"))

    try:
        run_until_stopped(settings, ready, _say_progress)
    except locks.AlreadyLocked:
        raise click.ClickException("another local cloud uses this state folder") from None
    except START_ERRORS as error:
        raise click.ClickException(f"the local cloud did not start: {start_error(error)}") from error


def _say_progress(text: str) -> None:
    click.echo(f"starting: {text}", err=True)


def where_it_is(record: CloudRecord, places: Places, title: str) -> str:
    """Return how a cloud that is up is reached, in lines; `title` is the first."""
    return "\n".join(
        [
            f"{title}.",
            f"  data services   {record.endpoint}  (S3, DynamoDB, SQS, SNS, EventBridge, …)",
            f"  Step Functions  {record.sfn_endpoint}  (and Lambda's Invoke)",
            f"  state and logs  {places.folder}",
            f'For this shell:  eval "$(statewright env{_state_option(places)})"',
        ]
    )


def _state_option(places: Places) -> str:
    """Return the option that names a state folder which is not the project's own."""
    return "" if places.folder.name == STATE_FOLDER else f" --state {shlex.quote(str(places.folder))}"


@click.command()
@places_options
@click.option("--wipe", "remove", is_flag=True, help="Also remove its state: objects, tables, executions.")
def down(places: Places, *, remove: bool) -> None:
    """Stop the local cloud; its state stays.

    Executions that run get 20 seconds to end.

    \b
    Example:
      statewright down --wipe

    Exit codes: 0 it is down (also where it was already), 1 it could not be stopped, 2 unusable options.
    """
    try:
        stopped = stop_cloud(places, lambda text: click.echo(f"stopping: {text}", err=True))
    except ControlError as error:
        raise click.ClickException(str(error)) from error
    if remove:
        wipe(places)
    said = "The local cloud is down" if stopped else "The local cloud was not up"
    click.echo(said + ("; its state is removed." if remove else "."))


@click.command()
@place_options
@click.option("--json", "as_json", is_flag=True, help="A JSON object instead of shell commands.")
def env(place: Place, *, as_json: bool) -> None:
    """Print what points AWS tools at the local cloud.

    The AWS CLI's first version ignores AWS_ENDPOINT_URL for `aws sqs` alone: there give it
    --endpoint-url "$AWS_ENDPOINT_URL". Its second version and boto3 need nothing more.

    \b
    Example:
      eval "$(statewright env)"
      aws s3 ls "s3://$RAW_BUCKET"

    Exit codes: 0 printed, 2 the local cloud is not up.
    """
    record = place.running()
    names = Names(place.project, record.endpoint)
    environment = shell_environment(names, record.sfn_endpoint, os.environ)
    click.echo(json.dumps(environment, indent=2) if as_json else "\n".join(shell_lines(environment)))
