"""The command `export`: processed records as Parquet."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from botocore.exceptions import BotoCoreError, ClientError

from statewright.local import exports
from statewright.local.parquet_columns import columns_of
from statewright.local.place_options import Connection, Place, Unusable, place_options

if TYPE_CHECKING:
    from statewright.project import Dataset


@click.command()
@place_options
@click.argument("dataset")
@click.option("--day", "days", multiple=True, help="Of this day alone (YYYY-MM-DD; may be repeated).")
@click.option(
    "--to",
    type=click.Path(file_okay=False, path_type=Path),
    help="Into this folder.  [default: the output bucket, under parquet/]",
)
@click.option("--json", "as_json", is_flag=True, help="What was written, as JSON.")
def export(place: Place, dataset: str, days: tuple[str, ...], to: Path | None, *, as_json: bool) -> None:
    """Write the processed records of a DATASET as Parquet: one file a day, columns typed by its contract.

    Numbers keep all their digits. What a column cannot hold, or has none, is in the column _more, as JSON.
    An export once more replaces the day's file.

    \b
    Example:
      statewright export orders --day 2026-03-01

    Exit codes: 0 written (also where there was nothing), 1 it could not be, 2 unusable input.
    """
    if not exports.is_available():
        raise Unusable(exports.REMEDY)
    known = place.project.datasets.get(dataset)
    if known is None:
        raise Unusable(f"no dataset {dataset!r}; there are: {', '.join(sorted(place.project.datasets))}")
    for day in days:
        _check_day(day)
    connection = Connection.to(place.project, place.running())
    columns = columns_of(_contract(place, known))
    bucket, clients = connection.names.bucket("output"), connection.clients
    try:
        found = exports.days_of(clients, bucket, dataset)
        wanted = [day for day in found if not days or day in days]
        written = [exports.export_day(clients, bucket, dataset, day, columns, to) for day in wanted]
    except (BotoCoreError, ClientError, OSError) as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps([asdict(each) for each in written]))
        return
    for each in written:
        click.echo(f"{each.day}: {each.records} records of {dataset} in {each.place}")
    if not written:
        click.echo(f"no processed records of {dataset}" + (f" of {', '.join(days)}" if days else ""))


def _check_day(day: str) -> None:
    try:
        date.fromisoformat(day)
    except ValueError as error:
        raise Unusable(f"--day {day} is no day; write it as 2026-03-01") from error


def _contract(place: Place, dataset: Dataset) -> Any:
    file = place.project.root / "schemas" / "datasets" / dataset.name / f"{dataset.version}.json"
    return json.loads(file.read_bytes())
