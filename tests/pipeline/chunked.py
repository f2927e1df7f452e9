"""Cuts bytes into chunks as Rechunk does, without S3, and reads them as the functions do."""

from __future__ import annotations

import contextlib
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import msgspec

from pipeline import objects, plans, rechunking
from pipeline.settings import Settings
from tests.pipeline.shards import SCHEMAS, file_of, read_ranges, served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.shapes import File, Location, Rechunked, Shard
    from tests.pipeline.shards import ReadShard

SETTINGS = Settings(*["staging"] * 9, Path(SCHEMAS))


class Store:
    """The staging bucket."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        def read(place: Location, start: int, end: int) -> Iterator[bytes]:
            yield self.objects[place["key"]][start:end]

        def put(place: Location, body: bytes, content_type: str) -> None:
            self.objects[place["key"]] = body

        with (
            mock.patch.object(objects, "read_staged", read),
            mock.patch.object(objects, "put", put),
            mock.patch.object(objects, "size_of", lambda place: len(self.objects[place["key"]])),
            mock.patch.object(
                objects,
                "keys_below",
                lambda bucket, prefix: (key for key in sorted(self.objects) if key.startswith(prefix)),
            ),
        ):
            yield


def rechunk(file: File, *, chunks_at_once: int = 1000) -> tuple[Rechunked, int]:
    """Invoke Rechunk until it has finished, ending each time after so many chunks; return also how often."""
    for round_ in count(1):
        left = iter([100.0] * (chunks_at_once - 1))
        request: Any = {"file": file, "plan": plans.NOTHING, "round": min(round_, rechunking.MAX_ROUNDS - 1)}
        answer = rechunking.rechunk(request, SETTINGS, lambda left=left: next(left, 0.0))  # type: ignore[misc]
        if answer["outcome"] == "finished":
            return answer, round_
    raise AssertionError


def read_chunks(
    key: str, body: bytes, chunk_bytes: int, *, piece: int = 1 << 20, chunks_at_once: int = 1000
) -> list[ReadShard]:
    """Cut bytes into chunks of at least that size, and read those."""
    store, file = Store(), file_of(key, body)
    with store.installed(), served(body, piece), mock.patch.object(plans, "CHUNK_BYTES", chunk_bytes):
        answer, _ = rechunk(file, chunks_at_once=chunks_at_once)
        ranges: list[Shard] = msgspec.json.decode(store.objects[f"ranges/{file['id']}/{file['run']}.json"])
        assert answer["plan"]["shards"] == len(ranges)
        return read_ranges(answer["file"], ranges)
