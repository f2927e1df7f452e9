"""The command `redrive`: what failed, and what could not start, once more."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from botocore.exceptions import BotoCoreError, ClientError

from statewright.local.cut_off import MAX_EXECUTIONS, cut_off
from statewright.local.dead_letters import give_back, queues_of, read_queue
from statewright.local.following import Outcome, follow
from statewright.local.outcomes import conservation_line, lines_of
from statewright.local.place_options import Connection, Place, Unusable, place_options
from statewright.local.redriving import Redrive, discard, redrive_all
from statewright.local.waiting import settled, waiting_of, with_newer, with_reasons
from statewright.local.waiting_lines import json_of, line_of_redrive, lines_of_waiting, summary, told

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from statewright.local.dead_letters import Message, Reading
    from statewright.local.waiting import Waiting

LISTED = 50  # on a terminal; --json has all
SHORTEST_ID = 4  # digits that must be given of an id


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What the options ask for."""

    ids: tuple[str, ...]
    everything: bool
    discarded: tuple[str, ...]
    keep: Path | None
    only_told: bool
    wait: bool
    as_json: bool


@click.command()
@place_options
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Redrive all that waits, the oldest first.")
@click.option("--list", "listed", is_flag=True, help="List what waits: the default where nothing is named.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, do nothing.")
@click.option("--wait", is_flag=True, help="Follow the executions to their end.")
@click.option(
    "--discard", "discarded", metavar="ID", multiple=True, help="Keep a copy of a message, and remove it."
)
@click.option(
    "--keep",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where copies go.  [default: discarded/ in the output bucket]",
)
@click.option("--json", "as_json", is_flag=True, help="A JSON array, the rest on stderr.")
def redrive(
    place: Place,
    ids: tuple[str, ...],
    discarded: tuple[str, ...],
    keep: Path | None,
    *,
    everything: bool,
    listed: bool,
    dry_run: bool,
    wait: bool,
    as_json: bool,
) -> None:
    """List what failed and waits; redrive the given IDs, or all.

    What waits: executions that failed, events that could not start one, executions that were cut off,
    messages that were received so often in vain that their queue gave them up, and messages that nobody
    understands. An ID may be cut short.

    \b
    Example:
      statewright redrive --all --wait

    Exit codes: 0 done, 1 something was refused or failed, 2 unusable input.
    """
    wanted = Wanted(ids, everything, discarded, keep, listed or dry_run, wait, as_json)
    _check(wanted, listed=listed)
    connection = Connection.to(place.project, place.running())
    try:
        with _waiting(connection) as found:
            done = _run(wanted, found, connection)
            outcomes = _follow(done, connection, wanted)
    except (BotoCoreError, ClientError) as error:
        raise click.ClickException(f"the local cloud does not answer as it should: {error}") from error
    except OSError as error:
        raise Unusable(str(error)) from error
    _report(done, outcomes, wanted)


def _check(wanted: Wanted, *, listed: bool) -> None:
    if wanted.ids and wanted.everything:
        raise click.UsageError("give IDs or --all, not both")
    if wanted.discarded and (wanted.ids or wanted.everything or listed):
        raise click.UsageError("--discard goes alone: redrive or list what is left in a command of its own")
    if wanted.keep and not wanted.discarded:
        raise click.UsageError("--keep says where --discard leaves its copies")
    if listed and wanted.everything:
        raise click.UsageError("--list or --all? --dry-run says what --all would do")


@dataclasses.dataclass(frozen=True)
class _Found:
    """What waits, and the messages by receipt that are hidden from others while it is looked at."""

    waiting: list[Waiting] = dataclasses.field(default_factory=list)
    hidden: dict[str, Message] = dataclasses.field(default_factory=dict)


@contextmanager
def _waiting(connection: Connection) -> Iterator[_Found]:
    """Read all that waits; at the end its messages are shown to others again, but those that are gone."""
    names, clients = connection.names, connection.clients
    found = _Found()
    try:
        for queue, reading in _read_queues(connection):
            found.hidden.update({each.receipt: each for each in reading.messages})
            if not reading.complete:
                count = len(reading.messages)
                click.echo(f"{queue}: {count:,} messages were read; the others come next time", err=True)
        read = settled(names, clients, waiting_of(names, found.hidden.values()))
        found.waiting.extend(with_reasons(names, clients, read))
        known = {each.execution for each in found.waiting if each.execution is not None}
        looked_at = cut_off(names, clients, known)
        if not looked_at.complete:
            click.echo(
                f"of executions only the newest {MAX_EXECUTIONS:,} of each end were looked at", err=True
            )
        found.waiting.extend(looked_at.waiting)
        yield found
    finally:
        give_back(names, clients, found.hidden.values())


def _read_queues(connection: Connection) -> list[tuple[str, Reading]]:
    """Read the queues at once: each is known to be empty only after a while."""
    queues = queues_of(connection.names)
    with ThreadPoolExecutor(max(1, len(queues))) as threads:
        read = threads.map(lambda queue: read_queue(connection.names, connection.clients, queue), queues)
        return list(zip(queues, read, strict=True))


def _run(wanted: Wanted, found: _Found, connection: Connection) -> list[Redrive]:
    """Tell, redrive or discard what is wanted; return what was done."""
    if wanted.discarded:
        chosen = _chosen(found.waiting, wanted.discarded)
    elif wanted.ids:
        chosen = _chosen(found.waiting, wanted.ids)
    else:
        chosen = found.waiting
    if wanted.only_told or not (wanted.ids or wanted.everything or wanted.discarded):
        shown = chosen if wanted.as_json else chosen[:LISTED]
        _list([with_newer(connection.clients, each) for each in shown], chosen, wanted)
        raise SystemExit(0)
    names, clients = connection.names, connection.clients
    done = []
    results = (
        (discard(each, names, clients, wanted.keep) for each in chosen)
        if wanted.discarded
        else redrive_all(chosen, names, clients)
    )
    for result in results:
        if result.done != "refused":
            for message in result.waiting.messages:
                found.hidden.pop(message.receipt, None)
        click.echo(line_of_redrive(result), err=wanted.as_json)
        done.append(result)
    return done


def _chosen(found: Sequence[Waiting], ids: Sequence[str]) -> list[Waiting]:
    """Return what the ids name, each once; raises Unusable where one names nothing, or more than one."""
    chosen: dict[str, Waiting] = {}
    for wanted in ids:
        meant = [each for each in found if len(wanted) >= SHORTEST_ID and each.id.startswith(wanted)]
        if len(meant) != 1:
            why = "names more than one; give more of its digits" if meant else "names nothing that waits"
            raise Unusable(f"{wanted!r} {why}; `statewright redrive` lists the IDs")
        chosen[meant[0].id] = meant[0]
    return list(chosen.values())


def _list(shown: Sequence[Waiting], chosen: Sequence[Waiting], wanted: Wanted) -> None:
    now = time.time()
    if wanted.as_json:
        click.echo(json_of([told(each, now) for each in shown]))
        return
    for each in shown:
        click.echo("\n".join(lines_of_waiting(each, now)))
    if len(chosen) > len(shown):
        click.echo(f"… and {len(chosen) - len(shown):,} more; --json has them all")
    click.echo(summary(chosen))


def _follow(done: Sequence[Redrive], connection: Connection, wanted: Wanted) -> dict[str, Outcome]:
    """Follow what runs, if that is wanted; return the outcomes by the id of what waited."""
    if not wanted.wait:
        return {}
    outcomes: dict[str, Outcome] = {}
    for each in done:
        if each.done not in ("started", "redriven"):
            continue
        outcome = follow(
            each.upload,
            connection.names,
            connection.clients,
            lambda state, key=each.upload.key: click.echo(f"{key}: {state}", err=True),  # type: ignore[misc]
            threading.Event(),
            execution=each.execution,
        )
        if each.waiting.file.file_id is None and outcome.status == "FAILED":  # no version is known
            outcome = dataclasses.replace(outcome, file_id="")
        outcomes[each.waiting.id] = outcome
        if not wanted.as_json:
            click.echo("\n".join(lines_of(outcome)))
    return outcomes


def _report(done: Sequence[Redrive], outcomes: dict[str, Outcome], wanted: Wanted) -> None:
    if wanted.as_json:
        now = time.time()
        click.echo(json_of([_told_of(each, outcomes.get(each.waiting.id), now) for each in done]))
    else:
        if len(outcomes) > 1:
            click.echo(f"all: {conservation_line(outcomes.values())}")
        counts = Counter(each.done for each in done)
        click.echo(", ".join(f"{count:,} {what}" for what, count in counts.items()) or "nothing to do")
    refused = any(each.done == "refused" for each in done)
    if refused or any(each.status == "FAILED" for each in outcomes.values()):
        raise SystemExit(1)


def _told_of(done: Redrive, outcome: Outcome | None, now: float) -> dict[str, Any]:
    return {
        **told(done.waiting, now),
        "done": done.done,
        "execution_now": done.execution,
        "reason": done.reason,
        "outcome": vars(outcome) if outcome else None,
    }
