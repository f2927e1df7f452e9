"""The commands `quarantine list`, `quarantine show` and `quarantine replay`."""

from __future__ import annotations

import json
import sys
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec
from botocore.exceptions import BotoCoreError, ClientError
from rich.table import Table
from rich.text import Text

from statewright.local import replays
from statewright.local.following import NotStarted
from statewright.local.outcomes import COLOURS, console, json_of, lines_of, printable
from statewright.local.place_options import Connection, Place, Unusable, place_options
from statewright.local.quarantines import QuarantinedFile, QuarantineError, Quarantines, Rejected
from statewright.project import ProjectError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from statewright.local.following import Outcome

FILES_SHOWN = 50
RECORDS_SHOWN = 20
CHARACTERS_SHOWN = 2000  # of one record
ID_SHOWN = 12  # hex digits, far more than are needed to tell files apart


@click.group()
def quarantine() -> None:
    """Look at the records that were refused, and send them again.

    \b
    Example:
      statewright quarantine list --dataset orders

    Exit codes: 0 done, 1 an execution failed or the local cloud does not answer, 2 unusable input.
    """


@dataclass(frozen=True)
class Counted:
    """A file and how many of its records broke which rule."""

    file: QuarantinedFile
    rules: dict[str, int]

    @property
    def records(self) -> int:
        """How many records that are."""
        return sum(self.rules.values())


@quarantine.command("list")
@place_options
@click.option("--dataset", help="Only files of this dataset.")
@click.option("--rule", help="Only records that broke this rule.")
@click.option("--day", help="Only files that were uploaded on this day (YYYY-MM-DD, UTC).")
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=FILES_SHOWN,
    show_default=True,
    help="Show so many files, the newest.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object, with all files.")
def list_(
    place: Place, dataset: str | None, rule: str | None, day: str | None, limit: int, *, as_json: bool
) -> None:
    """List the files with records in quarantine, and count these by dataset, rule and day.

    \b
    Example:
      statewright quarantine list --dataset orders --rule format

    Exit codes: 0 listed, also where there is none, 1 the local cloud does not answer, 2 unusable input.
    """
    with _told_errors():
        quarantines = _quarantines(place)
        counted = [Counted(file, quarantines.rules(file)) for file in quarantines.files(dataset, day)]
    if rule is not None:
        counted = [Counted(each.file, {rule: each.rules[rule]}) for each in counted if rule in each.rules]
    if as_json:
        click.echo(json.dumps(_json_of_list(quarantines, counted), indent=2, ensure_ascii=False))
        return
    if not counted:
        click.echo(
            "No record is in quarantine." if (dataset, rule, day) == (None, None, None) else "No such record."
        )
        return
    console().print(_table_of(counted[-limit:]))
    if len(counted) > limit:
        click.echo(f"… and {len(counted) - limit:,} older files; --limit shows more")
    for title, sums in _sums(counted).items():
        click.echo(f"{title}: " + ", ".join(f"{printable(name)} {count:,}" for name, count in sums.items()))
    click.echo(f"all: {sum(each.records for each in counted):,} records of {len(counted):,} file(s)")


@quarantine.command()
@place_options
@click.argument("file_id", metavar="FILE_ID")
@click.option("--rule", "rules", multiple=True, help="Only records that broke this rule; may be repeated.")
@click.option(
    "--limit",
    type=click.IntRange(1),
    help=f"Show so many records.  [default: {RECORDS_SHOWN}; all with --json, --raw]",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line for each record.")
@click.option("--raw", is_flag=True, help="The bytes alone, as a file that `replay --corrected` takes.")
def show(
    place: Place, file_id: str, rules: tuple[str, ...], limit: int | None, *, as_json: bool, raw: bool
) -> None:
    """Show the quarantined records of a file: place, rule, reason, and the bytes.

    FILE_ID is as `quarantine list` tells it; its first digits are enough, and so is the object's key where
    one version of it has records in quarantine. --raw writes a file in the format of the one that the
    records come from, a CSV or TSV file with its header, to be corrected in an editor.

    \b
    Example:
      statewright quarantine show 3f2a9c --rule format --raw > build/corrected.csv

    Exit codes: 0 shown, 1 the local cloud does not answer, 2 unusable input.
    """
    if as_json and raw:
        raise click.UsageError("--json or --raw, not both")
    with _told_errors():
        quarantines = _quarantines(place)
        file = quarantines.find(file_id)
        found = replays.chosen(quarantines.records(file), rules)
        if raw:
            _write_raw(quarantines, file, islice(found, limit))
            return
        before = quarantines.lines_before(file)
        if as_json:
            for record in islice(found, limit):
                click.echo(_json_of_record(record, before))
            return
        _show(file, found, before, limit or RECORDS_SHOWN)


@quarantine.command()
@place_options
@click.argument("file_id", metavar="FILE_ID")
@click.option(
    "--corrected",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Send this file instead of the records as they are.",
)
@click.option("--rule", "rules", multiple=True, help="Only records that broke this rule; may be repeated.")
@click.option(
    "--again", is_flag=True, help="Also where the same was replayed under the same contract before."
)
@click.option("--json", "as_json", is_flag=True, help="A JSON array with the outcome, progress on stderr.")
def replay(
    place: Place, file_id: str, corrected: Path | None, rules: tuple[str, ...], *, again: bool, as_json: bool
) -> None:
    """Send quarantined records through the pipeline again, corrected or as they are.

    FILE_ID is as for `quarantine show`. The records become an object of their own in the raw bucket, whose
    execution is followed to its end. The ledger
    links its row to that of the file that they come from (replay_of, replayed_by). The same records are sent
    once under one contract: the second time tells what became of them.

    \b
    Example:
      statewright quarantine replay 3f2a9c --corrected build/corrected.csv

    Exit codes: 0 the execution succeeded, or had before, 1 it failed, 2 unusable input.
    """
    if corrected and rules:
        raise click.UsageError(
            "--rule chooses among the records in quarantine; a corrected file is sent whole"
        )
    with _told_errors():
        quarantines = _quarantines(place)
        origin = replays.origin_of(quarantines, quarantines.find(file_id))
        with (
            replays.corrected_content(corrected, origin)
            if corrected
            else replays.quarantined_content(quarantines, origin, rules)
        ) as content:
            sent = replays.put(quarantines, origin, content, again=again)
        replays.link(quarantines, origin, sent)
        outcome = replays.outcome_of(quarantines, sent, lambda state: _say(sent.uploaded.key, state, as_json))
    click.echo(json_of([outcome]) if as_json else "\n".join(_lines_of_replay(origin, outcome)))
    if outcome.status == "FAILED":
        raise SystemExit(1)


def _say(key: str, state: str, as_json: bool) -> None:
    click.echo(f"{key}: {state}", err=as_json)


def _quarantines(place: Place) -> Quarantines:
    return Quarantines(Connection.to(place.project, place.running()))


@contextmanager
def _told_errors() -> Iterator[None]:
    try:
        yield
    except (QuarantineError, ProjectError) as error:
        raise Unusable(str(error)) from error
    except (BotoCoreError, ClientError, NotStarted) as error:
        raise click.ClickException(str(error)) from error


# --- list ---


def _table_of(counted: Sequence[Counted]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("day", "dataset", "file id", "object", "status"):
        table.add_column(title, overflow="fold", no_wrap=title in ("day", "file id"))
    table.add_column("records", justify="right", no_wrap=True)
    table.add_column("by rule", overflow="fold")
    table.add_column("replays", justify="right", no_wrap=True)
    for each in counted:
        file = each.file
        status = Text(file.status, COLOURS.get(file.status, "default"))
        if "error" in file.row and file.status == "FAILED":
            status.append(f" {printable(str(file.row['error']))}")
        rules = ", ".join(f"{printable(rule)} {count:,}" for rule, count in each.rules.items())
        table.add_row(
            file.day,
            file.dataset,
            file.file_id[:ID_SHOWN],
            Text(printable(file.key)),
            status,
            f"{each.records:,}",
            Text(rules),
            str(len(file.row.get("replayed_by", ())) or "-"),
        )
    return table


def _sums(counted: Sequence[Counted]) -> dict[str, dict[str, int]]:
    """Return the numbers of records by dataset, by rule and by day."""
    datasets, rules, days = Counter[str](), Counter[str](), Counter[str]()
    for each in counted:
        datasets[each.file.dataset] += each.records
        days[each.file.day] += each.records
        rules.update(each.rules)
    return {
        "by dataset": dict(sorted(datasets.items())),
        "by rule": dict(rules.most_common()),
        "by day": dict(sorted(days.items())),
    }


def _json_of_list(quarantines: Quarantines, counted: Sequence[Counted]) -> dict[str, Any]:
    sums = {title.replace(" ", "_"): found for title, found in _sums(counted).items()}
    files = [_json_of_file(quarantines, each) for each in counted]
    return {"files": files, "records": sum(each.records for each in counted), **sums}


def _json_of_file(quarantines: Quarantines, each: Counted) -> dict[str, Any]:
    file = each.file
    told = ("bucket_name", "file_key", "version", "contract", "status", "error", "execution", "replay_of")
    return {
        "file_id": file.file_id,
        "dataset": file.dataset,
        "day": file.day,
        "records": each.records,
        "rules": each.rules,
        **{name: file.row.get(name) for name in told},
        "replayed_by": file.row.get("replayed_by", []),
        "objects": [f"s3://{quarantines.bucket}/{key}" for key in file.objects],
    }


# --- show ---


def _show(file: QuarantinedFile, found: Iterator[Rejected], before: dict[int, int], limit: int) -> None:
    click.echo(
        f"{printable(file.key)}: {file.dataset}, {file.status}, written {file.day}, file id {file.file_id}"
    )
    for record in islice(found, limit):
        place = printable(record.pointer) or "the record"
        click.echo(f"\n{_line_of(record, before)}: {record.rule} at {place}")
        click.echo(f"  {printable(record.message)}")
        click.echo(f"  {_shown(record)}")
    more = sum(1 for _ in found)
    if more:
        click.echo(f"\n… and {more:,} more; --limit shows them")


def _line_of(record: Rejected, before: dict[int, int]) -> str:
    if record.shard in before:
        return f"line {before[record.shard] + record.line:,}, byte {record.offset:,}"
    return f"byte {record.offset:,} (line {record.line:,} of shard {record.shard})"


def _shown(record: Rejected) -> str:
    text = printable(record.content[: 4 * CHARACTERS_SHOWN].decode(errors="backslashreplace"))
    size = record.cut_from_bytes or len(record.content)
    if record.cut_from_bytes is None and len(text) <= CHARACTERS_SHOWN:
        return text
    kept = " (only this beginning was kept)" if record.cut_from_bytes else ""
    return f"{text[:CHARACTERS_SHOWN]} … of {size:,} bytes{kept}"


def _json_of_record(record: Rejected, before: dict[int, int]) -> str:
    fields = {name: value for name, value in msgspec.to_builtins(record).items() if value is not None}
    if record.shard in before:
        fields["file_line"] = before[record.shard] + record.line
    return msgspec.json.encode(fields).decode()


def _write_raw(quarantines: Quarantines, file: QuarantinedFile, found: Iterator[Rejected]) -> None:
    """Write the records as a file; those that were cut are told, and left out."""
    left_out: list[Rejected] = []

    def whole() -> Iterator[Rejected]:
        for record in found:
            if record.cut_from_bytes is None:
                yield record
            else:
                left_out.append(record)

    for piece in replays.written(quarantines, replays.origin_of(quarantines, file), whole()):
        sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()
    for record in left_out:
        click.echo(
            f"left out: the record at byte {record.offset} of s3://{record.bucket}/{record.key}, of whose"
            f" {record.cut_from_bytes:,} bytes only the beginning was kept",
            err=True,
        )


# --- replay ---


def _lines_of_replay(origin: replays.Origin, outcome: Outcome) -> list[str]:
    lines = lines_of(outcome)
    if outcome.status == "ALREADY_INGESTED":
        counts = outcome.counts
        lines = [
            f"{outcome.key}: replayed before under this contract, by {outcome.execution};"
            f" nothing was written now (--again sends it all the same)",
            f"  read {counts['read']:,} = written {counts['written']:,} + superseded {counts['superseded']:,}"
            f" + quarantined {counts['quarantined']:,}",
        ]
    lines.append(f"  replay of {printable(origin.key)} ({origin.file.file_id}), as file {outcome.file_id}")
    if origin.file.status == "FAILED":
        lines.append(
            f"  {printable(origin.key)} itself failed ({origin.file.row.get('error')}): of its other records"
            " nothing may be in the table"
        )
    return lines
