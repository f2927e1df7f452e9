"""Data sets in S3: one object, a listing, or the objects that a listing or a manifest names.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from statewright.engine.items.csv_items import DELIMITERS, read_csv
from statewright.engine.items.item import Item
from statewright.engine.items.json_items import read_json, read_json_lines
from statewright.engine.items.parquet_items import read_parquet
from statewright.engine.items.reader_errors import reader_failure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from statewright.engine.items.json_items import KeyedValue
    from statewright.engine.items.s3_objects import S3Objects

Json = Any

# Not AWS's: a manifest of an inventory is one JSON text, with some 200 bytes for each file.
MAX_MANIFEST_BYTES = 64 * 2**20
# What applies to the objects that are named as well as to what names them.
_SHARED_ARGUMENTS = ("ExpectedBucketOwner", "RequestPayer")


@dataclass(frozen=True, slots=True)
class ReaderSettings:
    """A ReaderConfig; `headers` is None where the first row has them."""

    is_listing: bool
    input_type: str = "JSON"
    delimiter: str = ","
    headers: tuple[str, ...] | None = None
    pointer: str = ""
    manifest: str | None = None
    flattens: bool = False

    @staticmethod
    def of(action: str, config: Mapping[str, Json]) -> ReaderSettings:
        """Read the members of a ReaderConfig, which has been checked."""
        manifest = config.get("ManifestType")
        if config.get("InputType") == "MANIFEST":
            manifest = "S3_INVENTORY"
        given = config.get("CSVHeaders")
        return ReaderSettings(
            action == "listObjectsV2",
            config.get("InputType", "JSON"),
            DELIMITERS[config.get("CSVDelimiter", "COMMA")],
            None if given is None else tuple(given),
            config.get("ItemsPointer", ""),
            manifest,
            config.get("Transformation") == "LOAD_AND_FLATTEN",
        )


def open_data_set(
    objects: S3Objects, settings: ReaderSettings, arguments: Mapping[str, Json]
) -> Iterator[Item]:
    """Give the items of a data set one after the other; raises StateFailure, UnsupportedParameter."""
    if settings.is_listing and settings.flattens:
        return _listed_data(objects, settings, arguments)
    if settings.is_listing:
        return _listing(objects, arguments)
    if settings.manifest == "S3_INVENTORY":
        return _inventory(objects, settings, arguments)
    if settings.manifest == "ATHENA_DATA":
        return _unloaded(objects, settings, arguments)
    return _object_items(objects, settings, arguments)


def _shared(arguments: Mapping[str, Json]) -> dict[str, Json]:
    return {name: arguments[name] for name in _SHARED_ARGUMENTS if name in arguments}


# --- one object ---


def _object_items(
    objects: S3Objects, settings: ReaderSettings, arguments: Mapping[str, Json]
) -> Iterator[Item]:
    source = f"s3://{arguments.get('Bucket')}/{arguments.get('Key')}"
    for key, value in _values(objects, settings, arguments):
        yield Item(value, key, source)


def _values(
    objects: S3Objects, settings: ReaderSettings, arguments: Mapping[str, Json]
) -> Iterator[KeyedValue]:
    if settings.input_type == "PARQUET":
        if "VersionId" in arguments:
            raise reader_failure("VersionId is not supported for the InputType 'PARQUET'.")
        return read_parquet(objects.open_as_it_is(arguments))
    stream = objects.open(arguments)
    if settings.input_type == "CSV":
        return read_csv(stream.text("replace"), settings.delimiter, settings.headers)
    if settings.input_type == "JSONL":
        return read_json_lines(io.BufferedReader(stream, 2**20))
    return read_json(stream.text(), settings.pointer)


# --- listings ---


def _listing(objects: S3Objects, arguments: Mapping[str, Json]) -> Iterator[Item]:
    source = f"s3://{arguments.get('Bucket')}"
    for each in objects.listed(arguments):
        entry = {
            "Etag": each["ETag"],
            "Key": each["Key"],
            "LastModified": each["LastModified"].timestamp(),
            "Size": each["Size"],
            "StorageClass": each.get("StorageClass", "STANDARD"),
        }
        yield Item(entry, source=source)


def _listed_data(
    objects: S3Objects, settings: ReaderSettings, arguments: Mapping[str, Json]
) -> Iterator[Item]:
    """Read the objects of a listing; the empty ones that S3's console makes for folders have no items."""
    for each in objects.listed(arguments):
        if each["Key"].endswith("/") and not each["Size"]:
            continue
        named = {"Bucket": arguments.get("Bucket"), "Key": each["Key"], **_shared(arguments)}
        yield from _object_items(objects, settings, named)


# --- manifests ---


def _inventory(objects: S3Objects, settings: ReaderSettings, arguments: Mapping[str, Json]) -> Iterator[Item]:
    """Read the files of an S3 Inventory, which have no header: the manifest's fileSchema names the columns.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html
    """
    body = io.BufferedReader(objects.open(arguments)).read(MAX_MANIFEST_BYTES + 1)
    bucket, keys, schema = _read_manifest(body)
    headers = settings.headers if settings.headers is not None else schema
    of_files = ReaderSettings(
        is_listing=False, input_type="CSV", delimiter=settings.delimiter, headers=headers
    )
    for key in keys:
        yield from _object_items(objects, of_files, {"Bucket": bucket, "Key": key, **_shared(arguments)})


def _read_manifest(body: bytes) -> tuple[str, list[str], tuple[str, ...]]:
    if len(body) > MAX_MANIFEST_BYTES:
        raise reader_failure(f"The manifest is larger than {MAX_MANIFEST_BYTES} bytes.")
    try:
        manifest = json.loads(body)
        file_format = manifest["fileFormat"]
        bucket = manifest["destinationBucket"].rpartition(":")[2]
        headers = tuple(name.strip() for name in manifest["fileSchema"].split(","))
        keys = [file["key"] for file in manifest["files"]]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise reader_failure("Unable to parse the manifest of the S3 inventory.") from error
    if file_format != "CSV":
        raise reader_failure(f"The S3 inventory must be in the CSV format, not in {file_format}.")
    return bucket, keys, headers


def _unloaded(objects: S3Objects, settings: ReaderSettings, arguments: Mapping[str, Json]) -> Iterator[Item]:
    """Read the files that an UNLOAD of Athena wrote: its manifest has one URI a line.

    https://docs.aws.amazon.com/athena/latest/ug/unload.html
    """
    rows = read_csv(objects.open(arguments).text("replace"), ",", ("uri",))
    for _, row in rows:
        scheme, _, place = row["uri"].strip().partition("://")
        bucket, _, key = place.partition("/")
        if scheme.lower() not in ("s3", "s3a", "s3n") or not bucket or not key:
            raise reader_failure("Unable to parse the manifest: a line is no URI of an object in S3.")
        named = {"Bucket": bucket, "Key": key, **_shared(arguments)}
        yield from _object_items(objects, settings, named)
