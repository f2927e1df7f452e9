"""The command `send-events`: orders into a queue, as many and as fast as is wanted."""

from __future__ import annotations

import hashlib
import json
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import click
from botocore.exceptions import BotoCoreError, ClientError
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from statewright.local.clients import Clients
from statewright.local.outcomes import console
from statewright.local.place_options import Unusable
from statewright.local.sample_events import MAX_EVENT_BYTES, Mix
from statewright.local.sending import MAX_BATCH, NotSent, Plan, Sent, send
from statewright.project import STATE_FOLDER, ProjectNotFound, find_root

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console

LOOPBACK = ("127.0.0.1", "localhost")
PLAIN_SECONDS = 5.0  # between two lines where there is no terminal
_SHARE = click.FloatRange(0, 1)


@click.command("send-events")
@click.option(
    "--queue-url", required=True, envvar="TRANSACTIONS_URL", help="The queue.  [env: TRANSACTIONS_URL]"
)
@click.option("--count", type=click.IntRange(1), default=100, show_default=True, help="How many events.")
@click.option(
    "--batch-size", type=click.IntRange(1, MAX_BATCH), default=MAX_BATCH, show_default=True,
    help="Messages a request; fewer where SQS takes no more bytes.",
)  # fmt: skip
@click.option(
    "--target-kb", type=click.FloatRange(0, MAX_EVENT_BYTES / 1024), default=0, show_default=True,
    help="Make each event so many KiB long.",
)  # fmt: skip
@click.option(
    "--rate",
    type=click.FloatRange(0),
    default=0,
    show_default=True,
    help="Events a second; 0: as fast as it goes.",
)
@click.option("--large", type=_SHARE, default=0.01, show_default=True, help="Share of orders above 1000.")
@click.option("--broken", type=_SHARE, default=0.02, show_default=True, help="Share of broken events.")
@click.option(
    "--duplicate", type=_SHARE, default=0.05, show_default=True, help="Share of events sent before."
)
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed makes other orders.")
@click.option(
    "--endpoint-url", help="Where SQS answers.  [default: the queue's own host on loopback, else AWS]"
)
@click.option("--json", "as_json", is_flag=True, help="The summary as JSON, progress on stderr.")
def send_events(
    queue_url: str,
    count: int,
    batch_size: int,
    target_kb: float,
    rate: float,
    large: float,
    broken: float,
    duplicate: float,
    seed: int,
    endpoint_url: str | None,
    *,
    as_json: bool,
) -> None:
    """Send realistic orders to a queue: some large, some broken, some twice.

    The same seed makes the same orders. Interrupted, it goes on where it was when it is called once more.

    \b
    Example:
      statewright send-events --queue-url "$TRANSACTIONS_URL" --count 1000 --rate 50

    Exit codes: 0 all were sent, 1 they could not be, 2 unusable input.
    """
    if large + broken + duplicate > 1:
        raise click.UsageError("--large, --broken and --duplicate together are more than all events")
    today = datetime.now(UTC).date().isoformat()
    mix = Mix(seed, large, broken, duplicate, round(target_kb * 1024), today)
    plan = Plan(queue_url, count, batch_size, rate, mix)
    saved = _state_file(plan)
    started = time.monotonic()
    try:
        with _progress(plan, console(stderr=True)) as tell:
            sent = send(plan, _sqs(queue_url, endpoint_url), saved, tell)
    except (BotoCoreError, ClientError, NotSent) as error:
        raise click.ClickException(f"{error}; the same command goes on where this one ended") from error
    _report(sent, plan, time.monotonic() - started, as_json=as_json)


def _sqs(queue_url: str, endpoint_url: str | None) -> Any:
    parts = urlsplit(queue_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Unusable(f"{queue_url} is no URL of a queue; `statewright env` prints TRANSACTIONS_URL")
    if endpoint_url is None and parts.hostname in LOOPBACK:
        return Clients(f"{parts.scheme}://{parts.netloc}")("sqs")
    try:
        return boto3.client("sqs", endpoint_url=endpoint_url)
    except (BotoCoreError, ValueError) as error:
        raise Unusable(str(error)) from error


def _state_file(plan: Plan) -> Path:
    try:
        folder = find_root(Path.cwd()) / STATE_FOLDER
    except ProjectNotFound:
        folder = Path.cwd() / STATE_FOLDER
    about = f"{plan.queue_url}\n{plan.count}\n{plan.mix.seed}\n{plan.mix.target_bytes}"
    return folder / "send-events" / f"{hashlib.sha256(about.encode()).hexdigest()[:16]}.json"


@contextmanager
def _progress(plan: Plan, terminal: Console) -> Iterator[Callable[[Sent], None]]:
    """Show rate and time left: live on a terminal, a line every few seconds elsewhere."""
    started = time.monotonic()
    first: list[int] = []

    def rate(sent: Sent) -> float:
        first[:] = first or [sent.next]
        return (sent.next - first[0]) / max(time.monotonic() - started, 0.001)

    if terminal.is_terminal:
        columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]:.0f}/s"))
        with Progress(*columns, TimeRemainingColumn(), console=terminal, transient=True) as progress:
            task = progress.add_task("events", total=plan.count, rate=0.0)
            yield lambda sent: progress.update(task, completed=sent.next, rate=rate(sent))
        return
    said = [started]

    def tell(sent: Sent) -> None:
        per_second = rate(sent)
        if time.monotonic() - said[0] >= PLAIN_SECONDS:
            said[0] = time.monotonic()
            left = (plan.count - sent.next) / max(per_second, 0.001)
            click.echo(f"{sent.next} of {plan.count}, {per_second:.0f}/s, {left:.0f} s left", err=True)

    yield tell


def _report(sent: Sent, plan: Plan, seconds: float, *, as_json: bool) -> None:
    told = sum(sent.kinds.values())
    if as_json:
        kinds = {kind: sent.kinds[kind] for kind in ("good", "large", "broken", "duplicate")}
        said = {"sent": told, **kinds, "bytes": sent.bytes, "seconds": round(seconds, 3)}
        click.echo(json.dumps({**said, "resumed_after": plan.count - told}))
        return
    before = f" ({plan.count - told} were sent before)" if told < plan.count else ""
    click.echo(
        f"sent {told} events{before} in {seconds:.1f} s, {told / max(seconds, 0.001):.0f}/s: "
        + ", ".join(f"{sent.kinds[kind]} {kind}" for kind in ("good", "large", "broken", "duplicate"))
    )
