"""The command line. Commands live beside what they command."""

from __future__ import annotations

import click

from statewright.costs.cost_command import cost
from statewright.deploy.deploy_command import deploy
from statewright.deploy.doctor_command import doctor
from statewright.deploy.package_command import package
from statewright.deploy.smoke_command import smoke
from statewright.local.backfill_command import backfill
from statewright.local.commands import down, env, up
from statewright.local.demo import demo
from statewright.local.export_command import export
from statewright.local.get_command import get
from statewright.local.ingest_command import ingest
from statewright.local.quarantine_command import quarantine
from statewright.local.redrive_command import redrive
from statewright.local.report_command import report
from statewright.local.run_command import run
from statewright.local.send_events_command import send_events
from statewright.local.serve_command import serve
from statewright.local.status_command import status
from statewright.local.summary_command import summary
from statewright.typing.check_command import check
from statewright.typing.types_command import types
from statewright.view.graph_command import graph
from statewright.view.view_command import view


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="statewright")
def statewright() -> None:
    """A typed, event-driven data pipeline on AWS Step Functions, and the workbench to build it.

    \b
    Example:
      statewright up
      statewright ingest samples/good/orders.csv --dataset orders
    """


for command in (
    up,
    down,
    status,
    env,
    ingest,
    summary,
    backfill,
    quarantine,
    redrive,
    send_events,
    get,
    export,
    report,
    demo,
    run,
    serve,
    check,
    types,
    view,
    graph,
    package,
    deploy,
    smoke,
    doctor,
    cost,
):
    statewright.add_command(command)


def main() -> None:
    """Run the command that the arguments name; exits with its code."""
    statewright(prog_name="statewright")


if __name__ == "__main__":
    main()
