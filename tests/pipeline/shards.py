"""Reads bytes as the functions do, without S3: candidates, and what the contract says of them."""

from __future__ import annotations

import contextlib
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest import mock

from pipeline import contracts, objects, reading
from pipeline.formats.lines import Tally
from pipeline.parsing import judge

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipeline.rejects import Reject
    from pipeline.shapes import File, Shard

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"


class Found(NamedTuple):
    """A candidate and its judgement."""

    line: int
    offset: int
    raw: bytes
    value: Any
    reject: Reject | None


class ReadShard(NamedTuple):
    """All of one shard."""

    found: list[Found]
    lines: int
    bytes: int


def file_of(key: str, body: bytes, catalogue: contracts.Catalogue | None = None) -> File:
    """Describe bytes as if they were an object under a key."""
    route = (catalogue or contracts.catalogue(SCHEMAS)).route(key)
    assert route is not None
    return {
        "id": "0" * 32,
        "run": "0" * 12,
        "bucket": "raw",
        "key": key,
        "version": "v",
        "size": len(body),
        "day": "2025-08-18",
        "dataset": route.dataset,
        "contract": route.contract,
        "format": route.format,
        "compression": route.compression,
    }


@contextlib.contextmanager
def served(body: bytes, piece: int = 1 << 20) -> Iterator[None]:
    """Let read_version serve these bytes, in pieces of a size."""

    def read_version(file: File, start: int, end: int) -> Iterator[bytes]:
        for first in range(start, min(end, len(body)), piece):
            yield body[first : min(first + piece, end)]

    with mock.patch.object(objects, "read_version", read_version):
        yield


def read_shards(
    key: str,
    body: bytes,
    cuts: Sequence[int] = (),
    *,
    piece: int = 1 << 20,
    catalogue: Any = None,
) -> list[ReadShard]:
    """Read bytes in shards that end at the cuts."""
    catalogue = catalogue or contracts.catalogue(SCHEMAS)
    edges = [0, *cuts, len(body)]
    ranges: list[Shard] = [
        {"index": index, "start": start, "end": end} for index, (start, end) in enumerate(pairwise(edges))
    ]
    with served(body, piece):
        return read_ranges(file_of(key, body, catalogue), ranges, catalogue)


def read_ranges(file: File, ranges: Sequence[Shard], catalogue: Any = None) -> list[ReadShard]:
    """Read the shards of a file."""
    catalogue = catalogue or contracts.catalogue(SCHEMAS)
    contract = catalogue.contract(str(file["contract"]))
    one_line = catalogue.one_line_records(contract.name, file["key"])
    shards = []
    for shard in ranges:
        tally = Tally()
        found = [
            Found(each.line, each.offset, each.raw, each.value, judge(contract, each.value))
            for each in reading.candidates(file, shard, contract, tally, one_line_records=one_line)
        ]
        shards.append(ReadShard(found, tally.lines, tally.bytes))
    return shards


def read(key: str, body: bytes, **options: Any) -> list[Found]:
    """Read bytes as one shard."""
    return read_shards(key, body, **options)[0].found


def rejects(found: list[Found]) -> list[tuple[int, str, str]]:
    """Return (line, rule, pointer) of what was rejected."""
    return [(each.line, each.reject.rule, each.reject.pointer) for each in found if each.reject]
