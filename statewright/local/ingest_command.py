"""The command `ingest`: files into the raw bucket, and what became of them."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from botocore.exceptions import BotoCoreError, ClientError
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from statewright.local.following import NotStarted, Outcome, follow, upload
from statewright.local.outcomes import COLOURS, conservation_line, console, json_of, lines_of
from statewright.local.place_options import Connection, Place, Unusable, place_options
from statewright.local.places import read_record

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Sequence

    from rich.console import Console

    from statewright.local.following import Upload
    from statewright.project import Project

ENDED_MEANWHILE = (
    "the local cloud ended while files were followed; start it with `statewright up`, look at"
    " `statewright status`, and ingest once more what is not SUCCEEDED there"
)
PARALLEL = 4  # more would wait for the function workers


@click.command()
@place_options
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--dataset", help="Upload under the key prefix of this dataset.")
@click.option("--key", help="Upload one file under this very key.")
@click.option("--json", "as_json", is_flag=True, help="A JSON array of outcomes, progress on stderr.")
@click.option("--no-wait", is_flag=True, help="Return after the upload.")
def ingest(
    place: Place,
    files: tuple[Path, ...],
    dataset: str | None,
    key: str | None,
    *,
    as_json: bool,
    no_wait: bool,
) -> None:
    """Upload FILES to the raw bucket and follow them to their end.

    Tells for each file how many records were read, written, superseded by a later one with the same key, and
    quarantined, and where the quarantined ones are.

    \b
    Example:
      statewright ingest samples/good/orders.jsonl.gz --dataset orders

    Exit codes: 0 each execution succeeded, 1 one failed, 2 unusable input.
    """
    keys = _keys(place.project, files, dataset, key)
    connection = Connection.to(place.project, place.running())
    bucket = connection.names.bucket("raw")
    pairs = list(zip(files, keys, strict=True))
    try:
        if no_wait:
            _report_uploads([upload(file, bucket, each, connection.clients) for file, each in pairs])
            return
        outcomes = ingest_all(pairs, connection, console(stderr=as_json))
    except (BotoCoreError, ClientError, NotStarted) as error:
        if read_record(place.places) is None:
            raise click.ClickException(ENDED_MEANWHILE) from error
        raise click.ClickException(str(error)) from error
    except (OSError, ValueError) as error:
        raise Unusable(str(error)) from error
    _report(outcomes, as_json=as_json)
    if any(each.status == "FAILED" for each in outcomes):
        raise SystemExit(1)


def ingest_all(
    pairs: Sequence[tuple[Path, str]],
    connection: Connection,
    terminal: Console,
    *,
    plain_states: Container[str] | None = None,
) -> list[Outcome]:
    """Upload each file under its key, several at a time; return the outcomes in the order of the files.

    Where `terminal` is none, a line is written for each new state of a file, or for `plain_states` alone.
    Raises NotStarted, OSError, ValueError and botocore's errors.
    """
    bucket = connection.names.bucket("raw")
    stop = threading.Event()

    def one(pair: tuple[Path, str], tell: Callable[[str, str], None]) -> Outcome:
        file, key = pair
        tell(key, "uploading")
        uploaded = upload(file, bucket, key, connection.clients)
        tell(key, "uploaded")
        outcome = follow(uploaded, connection.names, connection.clients, lambda state: tell(key, state), stop)
        tell(key, outcome.status)
        return outcome

    with (
        _progress([key for _, key in pairs], terminal, plain_states) as tell,
        ThreadPoolExecutor(PARALLEL) as threads,
    ):
        running = [threads.submit(one, pair, tell) for pair in pairs]
        try:
            return [each.result() for each in running]
        except BaseException:  # Ctrl-C included: the other files are not waited for
            stop.set()
            threads.shutdown(wait=False, cancel_futures=True)
            raise


@contextmanager
def _progress(
    keys: Sequence[str], terminal: Console, plain_states: Container[str] | None
) -> Iterator[Callable[[str, str], None]]:
    """Show each file's state: live on a terminal, a line for each change elsewhere."""
    if not terminal.is_terminal:

        def write(key: str, state: str) -> None:
            if plain_states is None or state in plain_states:
                click.echo(f"{key}: {state}", err=terminal.stderr)

        yield write
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TextColumn("{task.fields[state]}"))
    lock = threading.Lock()
    with Progress(*columns, TimeElapsedColumn(), console=terminal, transient=True) as progress:
        tasks = {key: progress.add_task(escape(key), total=1, state="waiting") for key in keys}

        def tell(key: str, state: str) -> None:
            with lock:
                ended = state in COLOURS
                progress.update(tasks[key], state=state, completed=1 if ended else 0)

        yield tell


def _keys(project: Project, files: Sequence[Path], dataset: str | None, key: str | None) -> list[str]:
    if key is not None:
        if dataset is not None or len(files) > 1:
            raise click.UsageError("--key is for one file, and instead of --dataset")
        return [key]
    known = ", ".join(sorted(project.datasets)) or "none"
    if dataset is None:
        raise click.UsageError(f"which dataset? Give --dataset (one of: {known}) or --key")
    if dataset not in project.datasets:
        raise click.UsageError(f"no dataset named {dataset!r}; there are: {known}")
    prefix = project.datasets[dataset].upload_prefix
    if prefix is None:
        raise click.UsageError(f"no source of {dataset} is a plain folder; give --key")
    keys = [prefix + file.name for file in files]
    if len(set(keys)) < len(keys):
        raise click.UsageError("two of the files have one name and would replace each other; give --key")
    return keys


def _report_uploads(uploads: Sequence[Upload]) -> None:
    for each in uploads:
        click.echo(f"s3://{each.bucket}/{each.key} {each.version}")


def _report(outcomes: Sequence[Outcome], *, as_json: bool) -> None:
    if as_json:
        click.echo(json_of(outcomes))
        return
    for outcome in outcomes:
        click.echo("\n".join(lines_of(outcome)))
    if len(outcomes) > 1:
        click.echo(f"all: {conservation_line(outcomes)}")
