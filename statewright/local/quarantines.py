"""Reads what lies in quarantine: which files have records there, their records, their rows in the ledger.

The functions write `quarantine/<dataset>/<day>/<file id>/<run>/` in the output bucket: docs/quarantine.md.
"""

from __future__ import annotations

import base64
import gzip
import heapq
import json
import re
import zlib
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, Any

import msgspec
from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import ClientError

from statewright.local.ledger import items_of
from statewright.local.outcomes import MANIFEST

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from statewright.local.place_options import Connection

FOLDER = "quarantine/"
_KEY = re.compile(
    r"quarantine/(?P<dataset>[^/]+)/(?P<day>\d{4}-\d\d-\d\d)/(?P<file>[0-9a-f]{32})"
    r"/(?P<series>[0-9a-f]{12})(?:-(?P<number>\d{1,4}))?"
    r"/(?P<name>(?:parse|enrich)-(?P<shard>\d+)\.jsonl\.gz)"
)
_FILE_ID = re.compile(r"[0-9a-f]{1,32}")
_AMBIGUOUS_SHOWN = 5


class QuarantineError(Exception):
    """What was asked for is not there, or cannot be read; the message says what to do."""


class Rejected(msgspec.Struct, frozen=True):
    """A record in quarantine, as its line there has it; `line` counts from 1 in the shard."""

    bucket: str
    key: str
    version: str
    offset: int
    line: int
    shard: int
    contract: str
    rule: str
    pointer: str
    message: str
    raw: str | None = None
    raw_base64: str | None = None
    cut_from_bytes: int | None = None

    @property
    def content(self) -> bytes:
        """The record's bytes; only their beginning where they were cut."""
        return base64.b64decode(self.raw_base64) if self.raw_base64 is not None else (self.raw or "").encode()


class _Rule(msgspec.Struct, frozen=True):
    rule: str


@dataclass(frozen=True)
class QuarantinedFile:
    """A version of an object with records in quarantine.

    `day` is when the object was written (UTC), `objects` the keys of its quarantine objects in the output
    bucket, `row` its row in the ledger, empty where there is none.
    """

    dataset: str
    day: str
    file_id: str
    objects: tuple[str, ...]
    row: dict[str, Any] = field(default_factory=dict)

    @property
    def status(self) -> str:
        """The status in the ledger; UNKNOWN where the ledger does not know the file."""
        return str(self.row.get("status", "UNKNOWN"))

    @property
    def key(self) -> str:
        """The object's key, as far as the ledger knows it."""
        return str(self.row.get("file_key", "-"))


@dataclass(frozen=True)
class Quarantines:
    """The quarantine of a deployment."""

    connection: Connection

    @cached_property
    def bucket(self) -> str:
        """The bucket that it lies in."""
        return self.connection.names.bucket("output")

    def files(self, dataset: str | None = None, day: str | None = None) -> list[QuarantinedFile]:
        """Return the files with records in quarantine, by day, dataset and key."""
        prefix = (
            FOLDER
            if dataset is None
            else f"{FOLDER}{dataset}/"
            if day is None
            else f"{FOLDER}{dataset}/{day}/"
        )
        found = [file for file in self._listed(prefix) if day in (None, file.day)]
        rows = self._rows([file.file_id for file in found])
        known = (_as_closed(file, rows.get(file.file_id, {}), self.bucket) for file in found)
        return sorted(
            (file for file in known if file.objects), key=lambda file: (file.day, file.dataset, file.key)
        )

    def find(self, name: str) -> QuarantinedFile:
        """Return the file of this id, of an id that begins so, or of this key; raises QuarantineError."""
        by_id = _FILE_ID.fullmatch(name) is not None
        files = self.files()
        found = [file for file in files if (file.file_id.startswith(name) if by_id else file.key == name)]
        if len(found) == 1:
            return found[0]
        what = f"an id that begins with {name}" if by_id else f"the key {name}"
        if found:
            shown = "".join(f"\n  {file.file_id}  {file.key}" for file in found[:_AMBIGUOUS_SHOWN])
            raise QuarantineError(f"{len(found)} files have {what}; give (more of) the file id:{shown}")
        row = self.row(name) if by_id else {}
        if row:
            raise QuarantineError(f"{row.get('file_key')} ({row.get('status')}) has no record in quarantine")
        raise QuarantineError(
            f"no file with records in quarantine has {what}; `statewright quarantine list` names them"
        )

    def rules(self, file: QuarantinedFile) -> dict[str, int]:
        """Return how many records of a file broke which rule."""
        said = file.row.get("reasons", {})
        if file.status == "SUCCEEDED" and said and "other" not in said:
            return {rule: int(count) for rule, count in said.items()}
        counted = Counter(each.rule for key in file.objects for each in self._lines(key, _Rule))
        return dict(sorted(counted.items()))

    def records(self, file: QuarantinedFile) -> Iterator[Rejected]:
        """Yield the records of a file in their order there; raises QuarantineError where they are broken."""
        for _, keys in groupby(sorted(file.objects, key=_shard_of), key=_shard_of):
            yield from heapq.merge(
                *(self._lines(key, Rejected) for key in keys), key=lambda record: (record.offset, record.line)
            )

    def lines_before(self, file: QuarantinedFile) -> dict[int, int]:
        """Return by shard how many lines of the file come before it, as far as it is known."""
        place = f"s3://{self.bucket}/"
        manifests = [each for each in file.row.get("quarantine", ()) if each.endswith(MANIFEST)]
        if file.status == "SUCCEEDED" and manifests and manifests[0].startswith(place):
            key = manifests[0].removeprefix(place)
            try:
                body = self.connection.clients("s3").get_object(Bucket=self.bucket, Key=key)["Body"].read()
                return {shard["shard"]: shard["first_line"] - 1 for shard in json.loads(body)["shards"]}
            except (ClientError, ValueError, KeyError, TypeError):
                pass  # written by Notify, and only a convenience: each record says its line in the shard
        return {0: 0}

    def row(self, file_id: str) -> dict[str, Any]:
        """Return the ledger's row of a file, empty where there is none."""
        return self._rows([file_id]).get(file_id, {})

    def _listed(self, prefix: str) -> Iterator[QuarantinedFile]:
        s3 = self.connection.clients("s3")
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        matches = (_KEY.fullmatch(each["Key"]) for page in pages for each in page.get("Contents", []))
        for (dataset, day, file_id), group in groupby(
            (match for match in matches if match), key=lambda match: match.group("dataset", "day", "file")
        ):
            yield QuarantinedFile(dataset, day, file_id, tuple(match[0] for match in group))

    def _rows(self, file_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        found = items_of(self.connection.names, self.connection.clients, file_ids)
        return {file_id: plain_row(item) for file_id, item in found.items()}

    def _lines(self, key: str, kind: type[Any]) -> Iterator[Any]:
        place = f"s3://{self.bucket}/{key}"
        decoder = msgspec.json.Decoder(kind)
        try:
            body = self.connection.clients("s3").get_object(Bucket=self.bucket, Key=key)["Body"]
            with gzip.GzipFile(fileobj=body) as lines:
                for line in lines:
                    yield decoder.decode(line)
        except (gzip.BadGzipFile, EOFError, zlib.error, msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise QuarantineError(f"{place} is not what the pipeline wrote: {error}") from error


def plain_row(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of DynamoDB as plain values; numbers are Decimals, sets are sorted lists."""
    found = {name: TypeDeserializer().deserialize(value) for name, value in row.items()}
    return {name: sorted(value) if isinstance(value, set) else value for name, value in found.items()}


def _shard_of(key: str) -> int:
    match = _KEY.fullmatch(key)
    return int(match["shard"]) if match else 0


def _as_closed(file: QuarantinedFile, row: dict[str, Any], bucket: str) -> QuarantinedFile:
    """Return the file with its row, and with those of its objects that count: each execution leaves its own.

    Of a file that was ingested, its row names them. Else they are those of the executions that share their
    work (a series), of each shard's the newest; all series there are where the ledger knows none.
    """
    if row.get("status") == "SUCCEEDED" and "quarantine" in row:
        linked = set(row["quarantine"])
        objects = tuple(key for key in file.objects if f"s3://{bucket}/{key}" in linked)
    else:
        objects = _newest(file.objects, str(row.get("run", "")).partition("-")[0])
    return QuarantinedFile(file.dataset, file.day, file.file_id, objects, row)


def _newest(objects: Iterable[str], series: str) -> tuple[str, ...]:
    """Return the newest object of each shard and stage in a series; in each one where none is named."""
    found: dict[tuple[str, str], tuple[int, str]] = {}
    for key in objects:
        match = _KEY.fullmatch(key)
        if match and series in ("", match["series"]):
            of_a_shard = match["series"], match["name"]
            found[of_a_shard] = max(found.get(of_a_shard, (-1, "")), (int(match["number"] or 0), key))
    return tuple(key for _, key in found.values())
