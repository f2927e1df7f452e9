"""The command `summary`: what became of a file's records, and what is in their fields."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click
from botocore.exceptions import BotoCoreError, ClientError
from rich.table import Table
from rich.text import Text

from statewright.local.ledger import file_id_of, items_of
from statewright.local.outcomes import console, printable
from statewright.local.place_options import Connection, Place, Unusable, place_options
from statewright.local.quarantines import plain_row

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FOLDER, SUFFIX = "reports/", "_summary.json"
_FILE_ID = re.compile(r"[0-9a-f]{1,32}")
_AMBIGUOUS_SHOWN = 5
_FREQUENT_SHOWN = 3
_NOT_THERE = frozenset({"404", "NoSuchKey", "NotFound"})


class NoSummary(click.ClickException):
    """There is no summary of what was asked for."""


@click.command()
@place_options
@click.argument("file", metavar="FILE_ID|KEY")
@click.option("--json", "as_json", is_flag=True, help="The summary itself, as it lies in S3.")
def summary(place: Place, file: str, *, as_json: bool) -> None:
    """Show what became of a file's records, why some were refused, and what is in the fields of the others.

    The first digits of a file id are enough. Of a KEY it is the newest version in the raw bucket.

    \b
    Example:
      statewright summary orders/orders.csv

    Exit codes: 0 shown, 1 there is no summary of that file, 2 unusable input.
    """
    connection = Connection.to(place.project, place.running())
    try:
        body = _body(connection, _file_id(connection, file))
    except (BotoCoreError, ClientError) as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(body.decode(), nl=False)
        return
    _show(json.loads(body, parse_float=Decimal))


def _file_id(connection: Connection, name: str) -> str:
    """Return the id of a file that is named by the beginning of it, or by its key."""
    if not _FILE_ID.fullmatch(name):
        return _newest(connection, name)
    pages = (
        connection.clients("s3")
        .get_paginator("list_objects_v2")
        .paginate(Bucket=connection.names.bucket("output"), Prefix=FOLDER + name)
    )
    keys = [each["Key"] for page in pages for each in page.get("Contents", [])]
    found = [key.removeprefix(FOLDER).removesuffix(SUFFIX) for key in keys if key.endswith(SUFFIX)]
    if len(found) > 1:
        shown = "".join(f"\n  {file_id}" for file_id in found[:_AMBIGUOUS_SHOWN])
        raise Unusable(f"{len(found)} files have an id that begins with {name}; give more of it:{shown}")
    return found[0] if found else name


def _newest(connection: Connection, key: str) -> str:
    bucket = connection.names.bucket("raw")
    try:
        said = connection.clients("s3").head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] in _NOT_THERE:
            raise NoSummary(f"there is no object s3://{bucket}/{key}") from error
        raise
    version = said.get("VersionId") or f"etag:{said['ETag'].strip(chr(34))}"
    file_id = file_id_of(bucket, key, version)
    if file_id is None:
        raise Unusable(f"{printable(key)} is no key of S3")
    return file_id


def _body(connection: Connection, file_id: str) -> bytes:
    found = items_of(connection.names, connection.clients, [file_id])
    row = plain_row(found[file_id]) if file_id in found else {}
    if not row:
        raise NoSummary(f"the ledger has no file {file_id}; `statewright status` names the last ones")
    if "summary" not in row:
        name, status = printable(str(row.get("file_key", file_id))), row.get("status", "UNKNOWN")
        error = f", {row['error']}" if status == "FAILED" and "error" in row else ""
        raise NoSummary(f"{name} is {status}{error}: only files that were ingested have a summary")
    bucket, _, key = str(row["summary"]).removeprefix("s3://").partition("/")
    body: bytes = connection.clients("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    return body


def _show(said: Mapping[str, Any]) -> None:
    file, counts = said["file"], said["counts"]
    terminal = console()
    click.echo(f"{printable(file['key'])}: {file['contract']}, {file['size']:,} bytes, file id {file['id']}")
    rate = "" if said["success_rate"] is None else f"; {Decimal(said['success_rate']) * 100:.4f} % kept"
    click.echo(
        f"read {counts['read']:,} = written {counts['written']:,} + superseded {counts['superseded']:,}"
        f" + quarantined {counts['quarantined']:,}; alerts {counts['alerts']:,}{rate}"
    )
    if said["reasons"]:
        click.echo()
        terminal.print(_reasons(said["reasons"]))
        if said["other_reasons"]["kinds"]:
            others = said["other_reasons"]
            click.echo(f"… and {others['count']:,} records for {others['kinds']:,} other reasons")
    click.echo()
    terminal.print(_fields(said["fields"]))
    click.echo(
        f"\nwritten records: {said['processed']['prefix']}* ({said['processed']['objects']:,} objects)"
    )


def _reasons(reasons: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("refused", justify="right", no_wrap=True)
    table.add_column("rule", no_wrap=True)
    table.add_column("field", overflow="fold")
    table.add_column("first at", no_wrap=True)
    table.add_column("because", overflow="fold")
    for each in reasons:
        example = each["example"]
        table.add_row(
            f"{each['count']:,}",
            Text(printable(each["rule"])),
            Text(printable(each["field"] or "the record")),
            f"line {example['line']:,}, byte {example['offset']:,}",
            Text(printable(example["message"])),
        )
    return table


def _fields(fields: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("field", overflow="fold")
    table.add_column("kind", no_wrap=True)
    for title in ("there", "missing"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("values", overflow="fold")
    for each in fields:
        kind = "pseudonym" if each["pseudonym"] else each["kind"]
        values = _VALUES[each["kind"]](each) if each["count"] else ""
        name = Text(printable(each["name"]))
        table.add_row(name, kind, f"{each['count']:,}", f"{each['missing']:,}", Text(values))
    return table


def _number(field: Mapping[str, Any]) -> str:
    found = field["quantiles"]
    about = "≈ " if found["error"] else ""
    middle = ", ".join(f"{name} {about}{found[name]:,}" for name in ("p05", "p50", "p95"))
    return f"{field['min']:,} to {field['max']:,}; {middle}; mean {field['mean']:,}, sum {field['sum']:,}"


def _text(field: Mapping[str, Any]) -> str:
    about = "" if field["distinct_exact"] else "≈ "
    told = f"{about}{field['distinct']:,} different, {field['longest']:,} characters at most"
    often = [
        f"{printable(each['value'])} {each['count']:,}"
        for each in (field["frequent"] or [])[:_FREQUENT_SHOWN]
    ]
    return told + (f"; most often {', '.join(often)}" if often else "")


def _time(field: Mapping[str, Any]) -> str:
    return f"{field['earliest']} to {field['latest']}" if field["earliest"] else ""


def _boolean(field: Mapping[str, Any]) -> str:
    return f"true {field['true']:,}, false {field['false']:,}"


_VALUES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "number": _number,
    "string": _text,
    "date": _time,
    "date-time": _time,
    "boolean": _boolean,
    "other": lambda _: "",
}
