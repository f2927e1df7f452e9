"""The command `get`: one item of a table, whole, wherever its body lies."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import click
import msgspec
import zstandard
from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import BotoCoreError, ClientError

from statewright.local.place_options import Connection, Place, Unusable, place_options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from statewright.project import Attribute, Table

# What functions/pipeline/oversize.py writes where the whole of an item is in S3.
BODY = "_body"
# The largest body that the pipeline writes comes of a message of 1 MiB, or of a record of 64 MiB in a file.
MAX_BODY_BYTES = 256 * 1024 * 1024


# Numbers with all their digits; what JSON has no word for as DynamoDB's client shows it.
_ENCODER = msgspec.json.Encoder(decimal_format="number", enc_hook=str)


class BodyBroken(Exception):  # noqa: N818 - what is wrong
    """The object that holds an item's body is not what was written there."""


@click.command()
@place_options
@click.argument("table")
@click.argument("key")
@click.option("--sort", help="The sort key, where the table has one.")
def get(place: Place, table: str, key: str, sort: str | None) -> None:
    """Print an item of a dataset's TABLE as JSON, whole, also where DynamoDB could not hold it.

    TABLE is the name of a dataset or of any table of pipeline.json, KEY the item's partition key. Attributes
    that begin with `_` are the pipeline's own: where the item came from.

    \b
    Example:
      statewright get orders 1001

    Exit codes: 0 printed, 1 no such item or its body is broken, 2 unusable input.
    """
    connection = Connection.to(place.project, place.running())
    described = connection.names.tables().get(table)
    if described is None:
        known = ", ".join(sorted(connection.names.tables()))
        raise Unusable(f"no table named {table!r}; there are: {known}")
    try:
        item = _item(connection, table, _key(described, key, sort))
        click.echo(whole(item, connection.clients("s3")))
    except (BotoCoreError, ClientError, BodyBroken) as error:
        raise click.ClickException(str(error)) from error


def _key(table: Table, key: str, sort: str | None) -> dict[str, Any]:
    if (table.sort_key is None) != (sort is None):
        wanted = (
            f"the table's sort key is {table.sort_key.name}: give --sort"
            if table.sort_key
            else "no --sort here"
        )
        raise Unusable(wanted)
    found = _typed(table.partition_key, key)
    if table.sort_key is not None and sort is not None:
        found |= _typed(table.sort_key, sort)
    return found


def _typed(attribute: Attribute, text: str) -> dict[str, Any]:
    return {attribute.name: {attribute.type: text}}


def _item(connection: Connection, table: str, key: dict[str, Any]) -> dict[str, Any]:
    answer = connection.clients("dynamodb").get_item(
        TableName=connection.names.of(table), Key=key, ConsistentRead=True
    )
    if "Item" not in answer:
        raise click.ClickException(f"the table {connection.names.of(table)} has no such item")
    from_dynamodb = TypeDeserializer()
    return {name: from_dynamodb.deserialize(value) for name, value in answer["Item"].items()}


def whole(item: Mapping[str, Any], s3: Any) -> str:
    """Return an item as JSON; its body from S3 where it has one there; raises BodyBroken."""
    if BODY not in item:
        return msgspec.json.format(_ENCODER.encode(item), indent=2).decode()
    place = item[BODY]
    answer = s3.get_object(Bucket=place["bucket"], Key=place["key"])
    where = f"s3://{place['bucket']}/{place['key']}"
    try:
        body = zstandard.ZstdDecompressor().decompress(answer["Body"].read(), max_output_size=MAX_BODY_BYTES)
    except zstandard.ZstdError as error:
        raise BodyBroken(f"{where} is not zstd: {error}") from error
    if hashlib.sha256(body).hexdigest() != place["sha256"]:
        raise BodyBroken(f"{where} has not the checksum that the item names")
    return msgspec.json.format(body, indent=2).decode()
