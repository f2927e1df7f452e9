"""The command `report`: the report of a day, made now, and where it is."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click
from botocore.exceptions import BotoCoreError, ClientError

from statewright.local.outcomes import failure_line, printable
from statewright.local.place_options import Connection, Place, Unusable, place_options

if TYPE_CHECKING:
    from datetime import datetime

STATE_MACHINE = "daily_report"
POLL_SECONDS = 0.2


@click.command()
@place_options
@click.option(
    "--date",
    "day",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Report on this day (YYYY-MM-DD, UTC).  [default: yesterday]",
)
@click.option(
    "--save",
    "folder",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Copy the page and the JSON into this folder.",
)
@click.option("--json", "as_json", is_flag=True, help="The whole report as JSON.")
def report(place: Place, day: datetime | None, folder: Path | None, *, as_json: bool) -> None:
    """Make the report of a day, as the schedule does at midnight; tell its headline and where it is.

    People are told as they are at midnight. The same ledger gives the same report, whenever it is made.

    \b
    Example:
      statewright report --date 2026-11-20 --save .

    Exit codes: 0 it is made, 1 it could not be made, 2 unusable options, or the local cloud is not up.
    """
    connection = Connection.to(place.project, place.running())
    if STATE_MACHINE not in connection.names.project.description.state_machines:
        raise Unusable(f"pipeline.json has no state machine named {STATE_MACHINE!r}")
    try:
        made = _made(connection, {"date": f"{day:%Y-%m-%d}"} if day else {})
        body = _object(connection, made["report"]) if as_json else b""
        saved = [_save(connection, made[kind], folder) for kind in ("page", "report")] if folder else []
    except (BotoCoreError, ClientError, OSError) as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(body, nl=False)
        return
    _tell(made, saved)


def _made(connection: Connection, request: dict[str, str]) -> dict[str, Any]:
    """Run the state machine to its end; return what it says."""
    sfn = connection.clients("stepfunctions")
    machine = connection.names.state_machine_arn(STATE_MACHINE)
    arn = sfn.start_execution(stateMachineArn=machine, input=json.dumps(request))["executionArn"]
    while (ended := sfn.describe_execution(executionArn=arn))["status"] == "RUNNING":
        time.sleep(POLL_SECONDS)
    if ended["status"] != "SUCCEEDED":
        told = failure_line(ended.get("error"), ended.get("cause"))
        raise click.ClickException(f"no report was made: {told}; execution: {arn}")
    made: dict[str, Any] = json.loads(ended["output"])
    return made


def _object(connection: Connection, uri: str) -> bytes:
    parts = urlsplit(uri)
    answer = connection.clients("s3").get_object(Bucket=parts.netloc, Key=parts.path.lstrip("/"))
    body: bytes = answer["Body"].read()
    return body


def _save(connection: Connection, uri: str, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / uri.rpartition("/")[2]
    place.write_bytes(_object(connection, uri))
    return place


def _tell(made: dict[str, Any], saved: list[Path]) -> None:
    click.echo(f"{made['date']}: {printable(made['headline'])}.")
    for text in made["notable"]:
        click.echo(f"  ! {printable(text)}")
    click.echo(f"page: {made['page']}")
    click.echo(f"JSON: {made['report']}")
    for place in saved:
        click.echo(f"saved: {place}")
