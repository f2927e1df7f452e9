"""The command line. Commands live beside what they command."""

from __future__ import annotations

import importlib

import click

# The module that has a command, imported when that is asked for: all together take half a second.
COMMANDS = {
    "up": "statewright.local.commands",
    "down": "statewright.local.commands",
    "status": "statewright.local.status_command",
    "env": "statewright.local.commands",
    "ingest": "statewright.local.ingest_command",
    "summary": "statewright.local.summary_command",
    "backfill": "statewright.local.backfill_command",
    "quarantine": "statewright.local.quarantine_command",
    "redrive": "statewright.local.redrive_command",
    "send-events": "statewright.local.send_events_command",
    "get": "statewright.local.get_command",
    "export": "statewright.local.export_command",
    "report": "statewright.local.report_command",
    "demo": "statewright.local.demo",
    "run": "statewright.local.run_command",
    "serve": "statewright.local.serve_command",
    "check": "statewright.typing.check_command",
    "types": "statewright.typing.types_command",
    "view": "statewright.view.view_command",
    "graph": "statewright.view.graph_command",
    "package": "statewright.deploy.package_command",
    "deploy": "statewright.deploy.deploy_command",
    "smoke": "statewright.deploy.smoke_command",
    "doctor": "statewright.deploy.doctor_command",
    "cost": "statewright.costs.cost_command",
}


class _Commands(click.Group):
    """The commands, each imported when it is asked for."""

    def list_commands(self, _: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, _: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(COMMANDS[name]), name.replace("-", "_"))
        return command


@click.group(
    cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(package_name="statewright")
def statewright() -> None:
    """A typed, event-driven data pipeline on AWS Step Functions, and the workbench to build it.

    \b
    Example:
      statewright up
      statewright ingest samples/good/orders.csv --dataset orders
    """


def main() -> None:
    """Run the command that the arguments name; exits with its code."""
    statewright(prog_name="statewright")


if __name__ == "__main__":
    main()
