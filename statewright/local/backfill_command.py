"""The command `backfill`: everything under a prefix of the raw bucket, many objects to an execution."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click
from botocore.exceptions import BotoCoreError, ClientError
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from statewright.local import backfilling
from statewright.local.outcomes import console, failure_line
from statewright.local.place_options import Connection, Place, Unusable, place_options
from statewright.local.places import read_record
from statewright.local.routes import routes_of
from statewright.project import ProjectError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console

    from statewright.local.backfilling import Backfilled
    from statewright.project import Project

# The local cloud has a function worker a core or so: more batches would wait for those until they time out.
LOCAL_CONCURRENCY = 8
ENDED_MEANWHILE = (
    "the local cloud ended while the backfill was followed; start it with `statewright up` and run the"
    " command again: what is done is skipped"
)
WORDS = {
    "ingested": "ingested",
    "skipped": "skipped, ingested before",
    "catalogued": "catalogued, no dataset claims them",
    "folder": "folders",
    "gone": "deleted meanwhile",
    "handed_over": "handed over to ingest: large, or in other hands",
    "failed": "handed over to ingest after a failure",
    "left": "left undone",
}


@click.command()
@place_options
@click.argument("uri", metavar="S3_URI")
@click.option("--dataset", help="Take all objects for this dataset's, whatever their keys say.")
@click.option(
    "--concurrency",
    type=click.IntRange(1, 1000),
    default=LOCAL_CONCURRENCY,
    show_default=True,
    help="How many batches run at once.",
)
@click.option("--dry-run", is_flag=True, help="Say what is there, and start nothing.")
@click.option("--wait", is_flag=True, help="Follow it to its end, with what it hands over to ingest.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, progress on stderr.")
def backfill(
    place: Place,
    uri: str,
    dataset: str | None,
    concurrency: int,
    *,
    dry_run: bool,
    wait: bool,
    as_json: bool,
) -> None:
    """Ingest every object of the raw bucket whose key begins as S3_URI says (s3://bucket/prefix).

    Versions that were ingested before are skipped: the same command again does what is missing.

    \b
    Example:
      statewright backfill s3://statewright-raw/orders/2024/ --wait

    Exit codes: 0 done (without --wait: started), 1 something failed, 2 unusable input.
    """
    connection = Connection.to(place.project, place.running())
    request = _request(uri, dataset, connection) | {"concurrency": concurrency}
    try:
        if dry_run:
            _tell_plan(place.project, connection, request, as_json=as_json)
            return
        execution = _started(connection, request)
        if not wait:
            click.echo(json.dumps({"execution": execution}) if as_json else execution)
            return
        told = _followed(connection, execution, console(stderr=True))
    except (BotoCoreError, ClientError) as error:
        gone = read_record(place.places) is None
        raise click.ClickException(ENDED_MEANWHILE if gone else str(error)) from error
    except ProjectError as error:
        raise Unusable(str(error)) from error
    click.echo(_json_of(told) if as_json else "\n".join(_lines_of(told)))
    if not told.is_whole:
        raise SystemExit(1)


def _request(uri: str, dataset: str | None, connection: Connection) -> dict[str, Any]:
    scheme, _, place = uri.partition("://")
    bucket, _, prefix = place.partition("/")
    raw, known = connection.names.bucket("raw"), connection.names.project.datasets
    if scheme != "s3" or not bucket:
        raise click.UsageError(f"{uri!r} is no s3://bucket/prefix")
    if bucket != raw:
        raise click.UsageError(
            f"the functions may read s3://{raw} alone; copy what is elsewhere: aws s3 sync {uri} s3://{raw}/…"
        )
    if dataset is not None and dataset not in known:
        raise click.UsageError(f"no dataset named {dataset!r}; there are: {', '.join(sorted(known))}")
    return {"prefix": prefix} | ({} if dataset is None else {"dataset": dataset})


def _started(connection: Connection, request: dict[str, Any]) -> str:
    names, clients = connection.names, connection.clients
    runs = backfilling.running(names, clients, request)
    if runs is not None:
        click.echo("it runs already", err=True)
        return runs
    return backfilling.start(names, clients, request)


def _followed(connection: Connection, execution: str, terminal: Console) -> Backfilled:
    with _progress(terminal, "objects") as tell:
        backfilling.follow_backfill(
            connection.clients, execution, lambda progress: tell(progress.done, progress.listed)
        )
    told = backfilling.outcome_of(connection.names, connection.clients, execution)
    if told.executions:
        with _progress(terminal, "executions of ingest") as tell:
            backfilling.follow_handed_over(
                connection.clients, told, lambda done: tell(done, len(told.executions))
            )
    return told


@contextmanager
def _progress(terminal: Console, what: str) -> Iterator[Callable[[int, int], None]]:
    """Show how many of how many are done: a bar on a terminal, a line for each tenth elsewhere."""
    if not terminal.is_terminal:
        said = -1

        def write(done: int, of: int) -> None:
            nonlocal said
            tenth = 10 * done // of if of else 0
            if tenth > said:
                said = tenth
                click.echo(f"{what}: {done:,} of {of:,}", err=True)

        yield write
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=terminal, transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)


def _tell_plan(project: Project, connection: Connection, request: dict[str, Any], *, as_json: bool) -> None:
    bucket, prefix = connection.names.bucket("raw"), request["prefix"]
    found = backfilling.listed(connection.clients, bucket, prefix)
    if "dataset" in request:
        datasets = Counter({request["dataset"]: len(found.keys)})
    else:
        datasets = Counter(route.dataset if route else "" for route in routes_of(project, found.keys))
    unclaimed = datasets.pop("", 0)
    if as_json:
        plan = {"objects": len(found.keys), "bytes": found.bytes, "large": found.large}
        told = plan | {"folders": found.folders, "datasets": dict(datasets), "unclaimed": unclaimed}
        click.echo(json.dumps(told, indent=2))
        return
    click.echo(f"s3://{bucket}/{prefix}: {len(found.keys):,} objects, {found.bytes:,} bytes")
    for dataset, count in sorted(datasets.items()):
        click.echo(f"  {dataset}: {count:,}")
    if unclaimed:
        click.echo(f"  of no dataset, only catalogued: {unclaimed:,}")
    if found.large:
        click.echo(f"  above {backfilling.MAX_BATCHED_BYTES:,} bytes, handed over to ingest: {found.large:,}")
    click.echo("nothing was started; what was ingested before will be skipped")


def _lines_of(told: Backfilled) -> list[str]:
    lines = [f"{told.status} in {told.seconds:.1f} s: {told.execution}"]
    if told.status != "SUCCEEDED":
        lines.append(f"  {failure_line(told.error, told.cause)}")
    lines += [f"  {count:,} {WORDS[name]}" for name, count in told.objects.items() if count]
    if told.batches_failed:
        lines.append(f"  {told.batches_failed:,} batches failed; run the command again")
    handed = ", ".join(f"{count:,} {status}" for status, count in backfilling.statuses(told).items())
    if handed:
        lines.append(f"  executions of ingest: {handed}")
    counts = told.counts
    relation = "=" if counts["read"] == _accounted(counts) else "≠"
    lines.append(
        f"  records: read {counts['read']:,} {relation} written {counts['written']:,} + superseded"
        f" {counts['superseded']:,} + quarantined {counts['quarantined']:,}; alerts {counts['alerts']:,}"
    )
    return lines


def _accounted(counts: dict[str, int]) -> int:
    return counts["written"] + counts["superseded"] + counts["quarantined"]


def _json_of(told: Backfilled) -> str:
    return json.dumps(
        {
            **{name: value for name, value in vars(told).items() if name != "executions"},
            "executions": backfilling.statuses(told),
        },
        indent=2,
        ensure_ascii=False,
    )
