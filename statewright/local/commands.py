"""The commands `up`, `down`, `env` and `status`."""

from __future__ import annotations

import json
import os
import shlex
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click
from botocore.exceptions import BotoCoreError, ClientError
from rich.table import Table
from rich.text import Text

from statewright.local import locks
from statewright.local.control import (
    AlreadyUp,
    ControlError,
    check_startable,
    start_cloud,
    stop_cloud,
    wipe,
)
from statewright.local.days import accounted, read_day, today
from statewright.local.environment import shell_environment, shell_lines
from statewright.local.ledger import LEDGER
from statewright.local.names import Names
from statewright.local.outcomes import console, failure_line, printable
from statewright.local.place_options import Connection, Place, place_options, places_options
from statewright.local.places import DEFAULT_PORT, DEFAULT_SFN_PORT, CloudSettings, read_record
from statewright.local.ports import PortTaken
from statewright.project import STATE_FOLDER

if TYPE_CHECKING:
    from datetime import datetime

    from statewright.local.clients import Clients
    from statewright.local.places import CloudRecord, Places

LAST_FILES = 10
EXECUTIONS_COUNTED = 10_000

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
        click.echo(_where(error.record, place.places, "The local cloud is up already"))
    except (ControlError, PortTaken) as error:
        raise click.ClickException(str(error)) from error
    else:
        click.echo(_where(record, place.places, "The local cloud is up"))


def _run_in_foreground(settings: CloudSettings) -> None:
    # The daemon's modules are heavy, and the other commands do without them.
    from statewright.local.daemon import START_ERRORS, run_until_stopped, start_error

    check_startable(settings)
    places = settings.places

    def ready(record: CloudRecord) -> None:
        click.echo(_where(record, places, "The local cloud is up; Ctrl-C stops it"))

    try:
        run_until_stopped(settings, ready, _say_progress)
    except locks.AlreadyLocked:
        raise click.ClickException("another local cloud uses this state folder") from None
    except START_ERRORS as error:
        raise click.ClickException(f"the local cloud did not start: {start_error(error)}") from error


def _say_progress(text: str) -> None:
    click.echo(f"starting: {text}", err=True)


def _where(record: CloudRecord, places: Places, title: str) -> str:
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


@click.command()
@place_options
@click.option(
    "--day",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Sum up this day (YYYY-MM-DD, UTC).  [default: today]",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def status(place: Place, day: datetime | None, *, as_json: bool) -> None:
    """Tell whether the local cloud is up, what has run, the sums of a day, and the last files.

    The sums are those of the ledger; a file counts on the day on which it was processed last. It says so
    where read = written + superseded + quarantined does not hold.

    \b
    Example:
      statewright status --json

    Exit codes: 0 it is up, 1 it is not, or does not answer, 2 unusable options.
    """
    record = read_record(place.places)
    if record is None:
        click.echo(json.dumps({"up": False}) if as_json else "The local cloud is not up.")
        raise SystemExit(1)
    try:
        found = _status(Connection.to(place.project, record), record, f"{day:%Y-%m-%d}" if day else today())
    except (BotoCoreError, ClientError) as error:
        raise click.ClickException(f"the local cloud does not answer: {error}") from error
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    click.echo(_where(record, place.places, f"The local cloud is up since {record.started_at}"))
    _print_status(found)


def _status(connection: Connection, record: CloudRecord, day: str) -> dict[str, Any]:
    names, clients = connection.names, connection.clients
    machines = {
        logical: _count_executions(clients("stepfunctions"), names.state_machine_arn(logical))
        for logical, machine in names.project.description.state_machines.items()
        if machine.type == "STANDARD"  # of others Step Functions keeps no list
    }
    queues = {each: _count_messages(names, clients, each) for each in names.project.description.queues}
    return {
        "up": True,
        "pid": record.pid,
        "started_at": record.started_at,
        "endpoints": {"aws": record.endpoint, "sfn": record.sfn_endpoint, "lambda": record.sfn_endpoint},
        "executions": machines,
        "queues": queues,
        "day": _day(names, clients, day),
        "files": _last_files(clients("dynamodb"), names.of(LEDGER)) if LEDGER in names.tables() else [],
    }


def _count_executions(sfn: Any, arn: str) -> dict[str, int]:
    pages = sfn.get_paginator("list_executions").paginate(
        stateMachineArn=arn, PaginationConfig={"PageSize": 1000, "MaxItems": EXECUTIONS_COUNTED}
    )
    return dict(sorted(Counter(each["status"] for page in pages for each in page["executions"]).items()))


def _count_messages(names: Names, clients: Clients, queue: str) -> dict[str, int]:
    said = clients("sqs").get_queue_attributes(
        QueueUrl=names.queue_url(queue),
        AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
    )["Attributes"]
    return {
        "waiting": int(said["ApproximateNumberOfMessages"]),
        "in_flight": int(said["ApproximateNumberOfMessagesNotVisible"]),
    }


def _day(names: Names, clients: Clients, day: str) -> dict[str, Any] | None:
    found = read_day(names, clients, day)
    return None if found is None else {**asdict(found), "holds": found.holds}


def _last_files(dynamodb: Any, table: str) -> list[dict[str, Any]]:
    """Return the rows that changed last, the newest first; a local ledger is small enough for a scan."""
    wanted = ("processed_at", "file_key", "dataset", "status", "error", "cause", "execution")
    rows = [
        {name: row.get(name, {}).get("S") for name in wanted}
        for page in dynamodb.get_paginator("scan").paginate(TableName=table)
        for row in page["Items"]
    ]
    return sorted(rows, key=lambda row: row["processed_at"] or "", reverse=True)[:LAST_FILES]


def _print_status(found: dict[str, Any]) -> None:
    for machine, counts in found["executions"].items():
        said = ", ".join(f"{count:,} {name}" for name, count in counts.items()) or "none yet"
        click.echo(f"executions of {machine}: {said}")
    for queue, counts in found["queues"].items():
        if any(counts.values()):
            click.echo(
                f"messages in {queue}: {counts['waiting']:,} waiting, {counts['in_flight']:,} in flight"
            )
    if found["day"] is not None:
        _print_day(found["day"])
    if not found["files"]:
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("last files", "dataset", "status", "error", "when"):
        table.add_column(title, overflow="fold")
    for row in found["files"]:
        error = failure_line(row["error"], row["cause"]) if row["status"] == "FAILED" else None
        cells = (row["file_key"], row["dataset"], row["status"], error, row["processed_at"])
        table.add_row(*(Text(cell or "-") for cell in cells))
    console().print(table)


def _print_day(found: dict[str, Any]) -> None:
    files = ", ".join(f"{count:,} {status}" for status, count in found["files"].items()) or "none"
    counts = found["counts"]
    relation = "=" if counts["read"] == accounted(counts) else "≠"
    click.echo(f"files of {found['day']}: {files}")
    click.echo(
        f"records of {found['day']}: read {counts['read']:,} {relation} written {counts['written']:,}"
        f" + superseded {counts['superseded']:,} + quarantined {counts['quarantined']:,}"
    )
    failed = found["failed"]
    if failed["files"]:
        click.echo(
            f"in files that failed after they were read: read {failed['read']:,},"
            f" of these in quarantine {failed['quarantined']:,} (files: {failed['files']:,})"
        )
    if found["holds"]:
        return
    click.secho("RECORDS ARE NOT ACCOUNTED FOR:", fg="red", bold=True)
    for each in found["violations"]:
        click.secho(f"  {printable(each['key'])} ({each['file_id']}): {each['reason']}", fg="red")
    if found["violated"] > len(found["violations"]):
        click.secho(f"  and {found['violated'] - len(found['violations']):,} more files", fg="red")
