"""The command `demo`: every sample through a local cloud of its own, held against what is expected.

samples/expected.json is a list of {"file", "key", "status", "read", "written", "superseded", "quarantined",
"alerts"} and, where the status is FAILED, "error".
"""

from __future__ import annotations

import json
import shutil
import signal
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from botocore.exceptions import BotoCoreError, ClientError

from statewright.local.control import ControlError, discard_cloud, start_cloud
from statewright.local.following import COUNTS, NotStarted
from statewright.local.ingest_command import ingest_all
from statewright.local.outcomes import (
    COLOURS,
    conservation_line,
    console,
    plain_cause,
    remarks_of,
    table_of,
    totals,
)
from statewright.local.place_options import Connection, Unusable, find_place
from statewright.local.places import CloudSettings, Places
from statewright.local.ports import PortTaken, free_ports

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from rich.console import Console

    from statewright.local.following import Outcome
    from statewright.local.places import CloudRecord
    from statewright.project import Project

COMPARED = ("status", *COUNTS, "error")


@click.command()
@click.option(
    "--project",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The project's folder.  [default: the nearest one upwards with a pipeline.json]",
)
@click.option("--keep", is_flag=True, help="Leave the local cloud up afterwards.")
def demo(project: Path | None, *, keep: bool) -> None:
    """Send all samples through a fresh local cloud and show what became of every record.

    The cloud listens on free ports, keeps its state in a temporary folder, and is gone afterwards.

    \b
    Example:
      statewright demo

    Exit codes: 0 each outcome is the expected one, 1 one is not, or nothing could start, 2 no samples.
    """
    found = find_place(project, None).project
    expected = _read_expected(found.root / "samples")
    terminal = console()
    started = time.monotonic()
    try:
        with _fresh_cloud(found, terminal, keep=keep) as record:
            connection = Connection.to(found, record)
            pairs = [(found.root / "samples" / each["file"], each["key"]) for each in expected]
            outcomes = ingest_all(pairs, connection, terminal, plain_states=COLOURS)
    except (ControlError, PortTaken, BotoCoreError, ClientError, NotStarted, OSError) as error:
        raise click.ClickException(str(error)) from error
    terminal.print(table_of(outcomes))
    if remarks := remarks_of(outcomes):
        click.echo("\n".join(["", "What was refused, and why:", *(f"  {each}" for each in remarks), ""]))
    differences = _differences(expected, outcomes)
    for each in differences:
        click.echo(f"not as expected: {each}", err=True)
    click.echo(f"{len(outcomes)} files in {time.monotonic() - started:.0f} s: {conservation_line(outcomes)}")
    if differences:
        raise SystemExit(1)


def _read_expected(folder: Path) -> list[dict[str, Any]]:
    file = folder / "expected.json"
    try:
        expected: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Unusable(f"{file}: {error}") from error
    missing = [each["file"] for each in expected if not (folder / each["file"]).is_file()]
    if missing:
        raise Unusable(f"{file}: there is no {', '.join(missing)}")
    return expected


@contextmanager
def _fresh_cloud(project: Project, terminal: Console, *, keep: bool) -> Iterator[CloudRecord]:
    """Have a cloud with a state of its own; it ends with this process, unless it is to be kept."""
    folder = Path(tempfile.mkdtemp(prefix="statewright-demo-"))
    places = Places(folder)
    port, sfn_port = free_ports(2)
    settings = CloudSettings(project, places, port, sfn_port)
    kept = False
    with _stop_like_ctrl_c():
        try:
            with terminal.status("starting a local cloud"):
                record, _ = start_cloud(settings, lambda _: None, tied=not keep)
            yield record
            kept = keep
        finally:
            if not kept:
                discard_cloud(places)
                shutil.rmtree(folder, ignore_errors=True)
    if kept:
        click.echo(f"The local cloud stays up; its commands take --state {folder}")


@contextmanager
def _stop_like_ctrl_c() -> Iterator[None]:
    """Let SIGTERM unwind this program as Ctrl-C does, so that what it started is stopped."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _differences(expected: list[dict[str, Any]], outcomes: list[Outcome]) -> list[str]:
    found = []
    for wanted, outcome in zip(expected, outcomes, strict=True):
        actual = {"status": outcome.status, "error": outcome.error, **outcome.counts}
        found += [
            f"{outcome.key}: {name} is {actual[name]}, expected {wanted[name]}"
            + (
                f" ({outcome.error}: {plain_cause(outcome.cause or '')})"
                if name == "status" and outcome.error
                else ""
            )
            for name in COMPARED
            if name in wanted and actual[name] != wanted[name]
        ]
    read, written, superseded, quarantined = totals(outcomes)
    if read != written + superseded + quarantined:
        found.append("records were lost or counted twice")
    return found
