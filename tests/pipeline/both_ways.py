# ruff: noqa: N803 - boto3's names
"""One file through the functions' work twice: with proofs of whole blocks, and record by record."""

from __future__ import annotations

import dataclasses
import gzip
import io
import json
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

import zstandard

from bench.kept import settings_of_nothing
from pipeline import contracts, enriching, objects, parsing, pseudonyms, tables, writing
from pipeline.errors import FileError
from tests.functions import volume

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pytest

KEY = "things/file"
_EXACT = Context(prec=1000)


class Outcome(NamedTuple):
    """What became of a file; in columns is how many records were proven."""

    counts: Any
    items: list[Any]
    logged: list[Any]
    aside: list[Any]
    summaries: list[Any]
    in_columns: int


class Memory:
    """The calls of S3 that the functions make, over a dictionary."""

    def __init__(self, body: bytes) -> None:
        self.objects = {("raw", KEY): body}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, **_: Any) -> None:
        self.objects[Bucket, Key] = bytes(Body)

    def head_object(self, *, Bucket: str, Key: str, **_: Any) -> dict[str, Any]:
        return {"ContentLength": len(self.objects[Bucket, Key]), "ETag": '"e"', "LastModified": None}

    def get_object(self, *, Bucket: str, Key: str, Range: str, **_: Any) -> dict[str, Any]:
        first, last = map(int, Range.removeprefix("bytes=").split("-"))
        return {"Body": io.BytesIO(self.objects[Bucket, Key][first : last + 1])}


def schemas(folder: Path, contract: dict[str, Any]) -> Path:
    """Make a folder of schemas with one contract, of the dataset `things`."""
    for name in ("contract.json", "common.json"):
        (folder / name).write_bytes((volume.ROOT / "schemas" / name).read_bytes())
    (folder / "datasets/things").mkdir(parents=True, exist_ok=True)
    (folder / "datasets/things/1.json").write_text(json.dumps(contract))
    (folder / "reference").mkdir(exist_ok=True)
    (folder / "reference/table.json").write_text(json.dumps({"a": "one", "ä": "two", "\u2028": "three"}))
    return folder


def run(
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    body: bytes,
    format_: str,
    *,
    shards: int = 1,
    partitions: int = 1,
    proofs: bool,
) -> Outcome | str:
    """Return what becomes of a file, or the error that it ends in."""
    store, sent, proven = Memory(body), list[Any](), 0
    catalogue = contracts.catalogue.__wrapped__(folder)
    monkeypatch.setattr(contracts, "catalogue", lambda _: catalogue)
    monkeypatch.setattr(objects, "s3", lambda: store)
    monkeypatch.setattr(pseudonyms, "pseudonym_key", lambda _: b"key")
    if not proofs:
        monkeypatch.setattr(contracts.Catalogue, "proof", lambda *_: None)

    def write(_: str, batches: Iterable[tables.Batch], is_over: object) -> int:
        before = len(sent)
        for batch in batches:
            requests = json.loads(b"[%b]" % batch.requests)
            assert len(requests) == batch.items <= tables.BATCH_ITEMS
            sent.extend(requests)
        return len(sent) - before

    monkeypatch.setattr(tables, "write_items", write)
    settings = _settings(folder)
    file: Any = {
        "id": "0" * 32,
        "run": "0" * 12,
        "bucket": "raw",
        "key": KEY,
        "version": "v",
        "size": len(body),
        "day": "2025-08-18",
        "dataset": "things",
        "contract": "things/1",
        "format": format_,
        "compression": "none",
    }
    size = max(1, -(-len(body) // shards))
    outcomes: list[Any] = []
    try:
        for index in range(max(1, -(-len(body) // size))):
            shard: Any = {"index": index, "start": index * size, "end": min(len(body), (index + 1) * size)}
            parsed: Any = parsing.parse_and_validate({"file": file, "shard": shard}, settings)
            request: Any = {"file": file, "shard": shard, "partitions": partitions, "parsed": parsed}
            enriched: Any = enriching.enrich(request, settings)
            aside = parsed["quarantined"] + enriched["quarantined"]
            outcomes.append({**parsed, **enriched, "quarantined": aside})
        written = [
            writing.write_to_ddb(
                {"file": file, "partition": number, "shards": outcomes}, settings, lambda: 900
            )
            for number in range(partitions)
        ]
    except FileError as error:
        return f"{type(error).__name__}: {error}"
    unsaid = ("staged",)
    counts = [{name: value for name, value in each.items() if name not in unsaid} for each in outcomes]
    for (bucket, key), staged in store.objects.items():
        if bucket == "staging" and "/parsed/" in key:
            proven += _proven(staged)
    return Outcome(
        (counts, written),
        sorted((_item(each["PutRequest"]["Item"]) for each in sent), key=_sorted),
        sorted((line for each in _found(store, "processed/") for line in _lines(each)), key=_sorted),
        [gzip.decompress(each) for each in _found(store, "quarantine/")],
        [_unpacked(body) for key, body in sorted(store.objects.items()) if "/summary/" in key[1]],
        proven,
    )


def _sorted(value: Any) -> str:
    """Return what is the same for equal values, whatever the order of their members."""
    return json.dumps(value, sort_keys=True)


def _settings(folder: Path) -> Any:
    return dataclasses.replace(settings_of_nothing(), schemas=folder)


def _found(store: Memory, prefix: str) -> list[bytes]:
    return [body for (_, key), body in sorted(store.objects.items()) if key.startswith(prefix)]


def _unpacked(body: bytes) -> list[bytes]:
    frames = []
    while body:
        frame = zstandard.ZstdDecompressor().decompressobj()
        frames.append(frame.decompress(body))
        body = frame.unused_data
    return frames


def _lines(body: bytes) -> list[Any]:
    text = b"".join(_unpacked(body)).decode()
    return [json.loads(line, parse_float=_number, parse_int=_number) for line in text.split("\n")[:-1]]


def _number(text: str) -> str:
    return f"number {Decimal(text).normalize(_EXACT)}"


def _item(item: Any) -> Any:
    """Return an item with each number in one form."""
    if isinstance(item, dict):
        return {
            name: _number(value) if name == "N" and isinstance(value, str) else _item(value)
            for name, value in item.items()
        }
    return [_item(each) for each in item] if isinstance(item, list) else item


def _proven(staged: bytes) -> int:
    frames = _unpacked(staged)
    return sum(frame.split(b"\n")[1].count(b"\t") + 1 for frame in frames if frame.startswith(b"{"))
