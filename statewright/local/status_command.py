"""The command `status`: what has run on the local cloud, what waits, what there is; once, or ever anew."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from statewright.local.commands import where_it_is
from statewright.local.days import accounted, read_day, today
from statewright.local.ledger import LEDGER
from statewright.local.outcomes import console, failure_line, printable
from statewright.local.place_options import Connection, Place, place_options
from statewright.local.places import read_record

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from statewright.local.clients import Clients
    from statewright.local.names import Names
    from statewright.local.places import CloudRecord

LAST_FILES = 10
# Nobody needs to know exactly how many more there are, and counting costs time.
EXECUTIONS_COUNTED = 10_000
ITEMS_COUNTED = 10_000
LONGEST_INTERVAL_SECONDS = 3600.0


@click.command()
@place_options
@click.option(
    "--day",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Sum up this day (YYYY-MM-DD, UTC).  [default: today]",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option(
    "--watch",
    "seconds",
    is_flag=False,
    flag_value=2.0,
    type=click.FloatRange(0.5, LONGEST_INTERVAL_SECONDS),
    help="Show it anew every so many seconds (2 where none are given), until Ctrl-C.",
)
def status(place: Place, day: datetime | None, seconds: float | None, *, as_json: bool) -> None:
    """Tell whether the local cloud is up, what has run, what waits, the sums of a day, and the last files.

    The sums are those of the ledger; a file counts on the day on which it was processed last. It says so
    where read = written + superseded + quarantined does not hold.

    \b
    Example:
      statewright status --watch

    Exit codes: 0 it is up, 1 it is not, or does not answer, 2 unusable options.
    """
    if seconds is not None and (as_json or not sys.stdout.isatty()):
        raise click.UsageError("--watch is for a terminal; a program asks with --json as often as it likes")
    record = read_record(place.places)
    if record is None:
        click.echo(json.dumps({"up": False}) if as_json else "The local cloud is not up.")
        raise SystemExit(1)
    connection = Connection.to(place.project, record)

    def look() -> dict[str, Any]:
        try:
            return _status(connection, record, f"{day:%Y-%m-%d}" if day else today())
        except (BotoCoreError, ClientError) as error:
            raise click.ClickException(f"the local cloud does not answer: {error}") from error

    title = where_it_is(record, place.places, f"The local cloud is up since {record.started_at}")
    if seconds is not None:
        _watch(look, title.partition("\n")[0], seconds)
    elif as_json:
        click.echo(json.dumps(look(), indent=2))
    else:
        found = look()
        click.echo("\n".join([title, *lines_of(found)]))
        for line in violations_of(found["day"]):
            click.secho(line, fg="red", bold=True)
        if found["files"]:
            console().print(files_table(found["files"]))


def _watch(look: Callable[[], dict[str, Any]], title: str, seconds: float) -> None:
    with Live(console=console(), screen=True, auto_refresh=False) as live:
        try:
            while True:
                live.update(view_of(look(), title), refresh=True)
                time.sleep(seconds)
        except KeyboardInterrupt:
            return


def view_of(found: dict[str, Any], title: str) -> Group:
    """Return what a terminal shows of a status."""
    loud = [Text(line, style="bold red") for line in violations_of(found["day"])]
    return Group(Text("\n".join([title, *lines_of(found)])), *loud, Text(), files_table(found["files"]))


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
        "tables": {each: _count_items(clients("dynamodb"), names.of(each)) for each in names.tables()},
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


def _count_items(dynamodb: Any, table: str) -> dict[str, Any]:
    """Return how many items a table has, as far as they are counted."""
    count, asked = 0, {"TableName": table, "Select": "COUNT", "Limit": ITEMS_COUNTED}
    while True:
        said = dynamodb.scan(**asked)
        count += said["Count"]
        more = "LastEvaluatedKey" in said
        if count >= ITEMS_COUNTED or not more:
            return {"items": min(count, ITEMS_COUNTED), "more": more or count > ITEMS_COUNTED}
        asked["ExclusiveStartKey"] = said["LastEvaluatedKey"]


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


def lines_of(found: dict[str, Any]) -> list[str]:
    """Return a status in lines, but for the last files."""
    lines = [f"executions of {machine}: {_of_machine(said)}" for machine, said in found["executions"].items()]
    lines += [
        f"messages in {queue}: {counts['waiting']:,} waiting, {counts['in_flight']:,} in flight"
        for queue, counts in found["queues"].items()
        if any(counts.values())
    ]
    tables = (f"{each['items']:,}{'+' * each['more']} {name}" for name, each in found["tables"].items())
    lines.append(f"items of tables: {', '.join(tables)}")
    return lines + ([] if found["day"] is None else _of_day(found["day"]))


def files_table(files: list[dict[str, Any]]) -> Table:
    """Return the last files as a table."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("last files", "dataset", "status", "error", "when"):
        table.add_column(title, overflow="fold")
    for row in files:
        error = failure_line(row["error"], row["cause"]) if row["status"] == "FAILED" else None
        cells = (row["file_key"], row["dataset"], row["status"], error, row["processed_at"])
        table.add_row(*(Text(printable(cell or "-")) for cell in cells))
    return table


def _of_machine(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items()) or "none yet"


def _of_day(found: dict[str, Any]) -> list[str]:
    files = ", ".join(f"{count:,} {status}" for status, count in found["files"].items()) or "none"
    counts, failed = found["counts"], found["failed"]
    relation = "=" if counts["read"] == accounted(counts) else "≠"
    lines = [
        f"files of {found['day']}: {files}",
        f"records of {found['day']}: read {counts['read']:,} {relation} written {counts['written']:,}"
        f" + superseded {counts['superseded']:,} + quarantined {counts['quarantined']:,}",
    ]
    if failed["files"]:
        lines.append(
            f"in files that failed after they were read: read {failed['read']:,},"
            f" of these in quarantine {failed['quarantined']:,} (files: {failed['files']:,})"
        )
    return lines


def violations_of(day: dict[str, Any] | None) -> list[str]:
    """Return which files of a day have records that are not accounted for, loudly; nothing where none has."""
    if day is None or day["holds"]:
        return []
    lines = ["RECORDS ARE NOT ACCOUNTED FOR:"]
    lines += [
        f"  {printable(each['key'])} ({each['file_id']}): {each['reason']}" for each in day["violations"]
    ]
    if day["violated"] > len(day["violations"]):
        lines.append(f"  and {day['violated'] - len(day['violations']):,} more files")
    return lines
