"""The command `cost`: what files, messages or an execution cost, beside the floor."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import boto3
import click
from botocore.exceptions import BotoCoreError, ClientError
from rich.table import Table

from statewright.costs import backfills, compare, history, monthly, timing, work
from statewright.costs.bill import Bill, bill, times
from statewright.costs.calls import Load
from statewright.costs.facts import File, facts_of
from statewright.costs.history import NoHistory
from statewright.costs.measured import measured
from statewright.local.outcomes import console
from statewright.local.place_options import Unusable, project_option
from statewright.prices import DEFAULT_REGION, Prices, UnknownRegion, prices_of
from statewright.project import ProjectError

if TYPE_CHECKING:
    from statewright.project import Project

FORMATS = ("jsonl", "json", "csv", "tsv")
BYTES_OF_A_RECORD = 160


@click.command()
@project_option
@click.option("--records", type=click.IntRange(1), help="How many records, in all files together.")
@click.option(
    "--bytes",
    "size",
    type=click.IntRange(1),
    help=f"How many bytes all files have together.  [default: {BYTES_OF_A_RECORD} a record]",
)
@click.option("--files", type=click.IntRange(1), default=1, show_default=True, help="In how many files.")
@click.option("--dataset", default="orders", show_default=True, help="Of which dataset.")
@click.option(
    "--format", "format_", type=click.Choice(FORMATS), default="jsonl", show_default=True, help="As what."
)
@click.option("--gzip", is_flag=True, help="Compressed: --bytes are those of the compressed files.")
@click.option(
    "--rejected", type=click.IntRange(0), default=0, show_default=True, help="Records put aside, a file."
)
@click.option("--alerts", type=click.IntRange(0), default=0, show_default=True, help="Alerts, a file.")
@click.option("--messages", is_flag=True, help="Not files: messages of the queue, in full batches.")
@click.option("--backfill", is_flag=True, help="Files that are there already: by a backfill, not by uploads.")
@click.option("--execution", metavar="ARN", help="What an execution of the past has cost, by its history.")
@click.option(
    "--compare",
    "compared",
    is_flag=True,
    help="Beside it: a backfill, messages, one by one.",
)
@click.option("--region", help=f"Whose prices.  [default: {DEFAULT_REGION}; of --execution its own]")
@click.option("--endpoint-url", help="Where --execution asks Step Functions.  [default: AWS]")
@click.option("--json", "as_json", is_flag=True, help="A JSON object.")
def cost(project: Project, **asked: Any) -> None:
    """Say what files cost before they are sent, or what an execution has cost.

    Counts are those of the code's own plan, times are measured, prices are before the free tier. The floor is
    what DynamoDB asks for the items' writes alone.

    \b
    Example:
      statewright cost --records 1000000 --bytes 160000000
      statewright cost --records 50000 --files 10 --region eu-central-1 --compare
      statewright cost --records 1000000 --files 10000 --backfill

    Exit codes: 0 printed, 2 unusable options, or a region whose prices are not listed.
    """
    try:
        if asked["execution"]:
            _say_of_execution(project, asked)
        else:
            _say(project, prices_of(asked["region"] or DEFAULT_REGION), asked)
    except (UnknownRegion, ProjectError, NoHistory, BotoCoreError, ClientError) as error:
        raise Unusable(str(error)) from error


def _say(project: Project, prices: Prices, asked: dict[str, Any]) -> None:
    if asked["messages"] and asked["backfill"]:
        raise Unusable("--messages are no files: a backfill finds objects")
    file, files = _file(project, asked)
    load = Load(file.records, asked["rejected"], asked["alerts"])
    machine = timing.Machine.of(project)
    facts = facts_of(project, file)
    if asked["messages"]:
        count = asked["records"] / compare.BATCH
        amounts = times(work.of_batch(facts, compare.BATCH, machine).amounts, count)
    elif asked["backfill"]:
        amounts = backfills.of_files(facts, file.size, files, load, machine)
    else:
        amounts = times(work.of_file(facts, file.size, load, machine).amounts, files)
    found = bill(amounts, prices)
    kept = bill(monthly.storage(facts, load.valid * files, file.size * files, measured()), prices)
    fixed = bill(monthly.fixed(project), prices)
    ways = compare.ways(project, file, files, prices) if asked["compared"] else []
    if asked["as_json"]:
        said = {**found.as_json(), "monthly": {"fixed": fixed.as_json(), "storage": kept.as_json()}}
        said["ways"] = [{"name": way.name, **way.bill.as_json()} for way in ways]
        click.echo(json.dumps(said, indent=2))
        return
    _print(found, f"{asked['records']:,} records of {file.dataset}")
    _print_months(fixed, kept)
    if ways:
        _print_ways(ways)
    _print_notes(found)


def _say_of_execution(project: Project, asked: dict[str, Any]) -> None:
    arn = asked["execution"]
    region = (arn.split(":") + [""] * 4)[3]
    prices = prices_of(asked["region"] or region)
    make: Any = boto3.client
    client = make("stepfunctions", region_name=region, endpoint_url=asked["endpoint_url"])
    machine = timing.Machine.of(project)
    said = history.cost_of(project, history.read(client, arn, project.description.functions), machine)
    found = bill(said.amounts, prices)
    if asked["as_json"]:
        of = {"execution": arn, "records": said.records, "dataset": said.dataset, "modelled": said.modelled}
        click.echo(json.dumps({**of, **found.as_json()}, indent=2))
        return
    _print(found, f"{said.records:,} records of {said.dataset}")
    click.echo(f"Counted from the history; by the model: {said.modelled}.")
    _print_notes(found)


def _file(project: Project, asked: dict[str, Any]) -> tuple[File, int]:
    if asked["records"] is None:
        raise Unusable("how many records? Give --records, or --execution with the ARN of an execution")
    if asked["dataset"] not in project.datasets:
        known = ", ".join(sorted(project.datasets))
        raise Unusable(f"no dataset named {asked['dataset']!r}; there are: {known}")
    records, files = asked["records"], asked["files"]
    if files > records:
        raise Unusable(f"{files:,} files of {records:,} records: a file has one at least")
    if asked["rejected"] > records // files:
        raise Unusable(f"--rejected {asked['rejected']}: a file has {records // files:,} records")
    size = asked["size"] or records * BYTES_OF_A_RECORD
    compression = "gzip" if asked["gzip"] else "none"
    return (
        File(asked["dataset"], records // files, max(1, size // files), asked["format_"], compression),
        files,
    )


def _print(found: Bill, title: str) -> None:
    table = Table(box=None, pad_edge=False, title=f"{title}, {found.region}", title_justify="left")
    for column, side in (("service", "left"), ("what", "left"), ("units", "right"), ("price", "right")):
        table.add_column(column, justify=side)  # type: ignore[arg-type]
    table.add_column("USD", justify="right")
    before = ""
    for line in found.lines:
        service = line.service if line.service != before else ""
        table.add_row(service, line.what, _amount(line.units), line.price.shown, usd(line.usd))
        before = line.service
    table.add_section()
    table.add_row("in all", "", "", "", usd(found.usd))
    if found.floor:
        table.add_row("floor", "the items' writes alone", "", "", usd(found.floor))
        table.add_row("", f"{found.above_floor:,.1f} % above the floor")
    console().print(table)


def _print_months(fixed: Bill, kept: Bill) -> None:
    table = Table(box=None, pad_edge=False, title="By the month, apart", title_justify="left")
    for column in ("what", "units", "price", "USD"):
        table.add_column(column, justify="left" if column == "what" else "right")
    for found, head in ((fixed, "whether or not files come"), (kept, "while what they leave is kept")):
        table.add_row(head, "", "", usd(found.usd))
        for line in found.lines:
            table.add_row(
                f"  {line.service}: {line.what}", _amount(line.units), line.price.shown, usd(line.usd)
            )
    console().print(table)


def _print_ways(ways: list[compare.Way]) -> None:
    table = Table(box=None, pad_edge=False, title="The same records in other ways", title_justify="left")
    for column in ("way", "USD", "× the first"):
        table.add_column(column, justify="left" if column == "way" else "right")
    for way in ways:
        table.add_row(way.name, usd(way.bill.usd), f"{way.bill.usd / ways[0].bill.usd:,.1f}")
    console().print(table)


def _print_notes(found: Bill) -> None:
    figures = measured()
    click.echo(
        f"Prices in USD, read on {found.read_on}; before the free tier, taxes, retries and cold starts."
    )
    for sign, meaning in found.signs.items():
        click.echo(f"{sign} {meaning}")
    click.echo(f"Processor time as measured on {figures.measured_on} ({figures.machine}).")


def usd(amount: float) -> str:
    """Return an amount with three digits that say something."""
    if amount >= 100 or not amount:
        return f"{amount:,.0f}"
    return f"{amount:,.2f}" if amount >= 1 else f"{amount:.{2 - math.floor(math.log10(amount))}f}"


def _amount(units: float) -> str:
    return f"{units:,.0f}" if units >= 100 or units == int(units) else f"{units:,.3g}"
