"""Chunks: the text of an object that cannot be split, cut behind ends of records into objects of their own.

Each is text in zstd, under a key that says which one it is, and at which byte of the text it begins. Keys
follow from the text alone, and each chunk is there as a whole or not at all: so who comes later knows from
the keys what has been done.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, Self

from pipeline import objects, outcomes, staging
from pipeline.formats import encoding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from pipeline.formats.value_stream import After
    from pipeline.shapes import Chunks, File, Location, Shard

# The number of a chunk, and where it begins: as many digits as a petabyte has, so that keys sort.
_NAME = re.compile(r"(\d{5})-(\d{15})")


class Chunk(NamedTuple):
    """The number of a chunk, and the byte of the text at which it begins."""

    number: int
    start: int


def prefix(file: File) -> str:
    """Return what the keys of a file's chunks begin with: executions of one series share them."""
    return f"{file['id']}/{outcomes.series_of(file['run'])}/chunks/"


def staged(bucket: str, file: File) -> list[Chunk]:
    """Return the chunks that are there, from the first one on without a gap."""
    found: list[Chunk] = []
    for key in objects.keys_below(bucket, prefix(file)):
        name = _NAME.fullmatch(key.rpartition("/")[2])
        if name is None or int(name[1]) != len(found):
            break
        found.append(Chunk(int(name[1]), int(name[2])))
    return found


def ranges(found: list[Chunk], size: int) -> list[Shard]:
    """Return a shard for each chunk of a text of `size` bytes."""
    starts = [*(chunk.start for chunk in found), size]
    return [
        {"index": index, "start": start, "end": end} for index, (start, end) in enumerate(pairwise(starts))
    ]


def read(chunks: Chunks, shard: Shard) -> Iterator[bytes]:
    """Yield the text of a shard; raises StagedDataBroken."""
    return staging.read_text(_place(chunks, Chunk(shard["index"], shard["start"])))


def first(chunks: Chunks) -> Iterator[bytes]:
    """Yield the text from its beginning, as far as the first chunk goes."""
    return staging.read_text(_place(chunks, Chunk(0, 0)))


def beginning(chunks: Chunks) -> After:
    """Return what the second chunk of a JSON text comes after, and every later one."""
    _, pieces = encoding.without_mark(first(chunks))
    for piece in pieces:
        if begun := piece.lstrip(b" \t\r\n"):
            return "an element" if begun.startswith(b"[") else "a value"
    return "a value"


def _place(chunks: Chunks, chunk: Chunk) -> Location:
    key = f"{chunks['prefix']}{chunk.number:05}-{chunk.start:015}"
    return {"bucket": chunks["bucket"], "key": key}


class ChunkWriter:
    """Writes chunk after chunk, beginning with `chunk`."""

    def __init__(self, chunks: Chunks, chunk: Chunk) -> None:
        self.written: list[Chunk] = []
        self.position = chunk.start
        self._chunks = chunks
        self._next = chunk.number
        self._open: staging.TextWriter | None = None

    def write(self, text: bytes) -> None:
        """Append text; the first of a chunk opens it."""
        if not text:
            return
        if self._open is None:
            chunk = Chunk(self._next, self.position)
            self._open = staging.TextWriter(_place(self._chunks, chunk)).__enter__()
            self.written.append(chunk)
            self._next += 1
        self._open.write(text)
        self.position += len(text)

    def end(self) -> None:
        """End the chunk: from here on it is there."""
        if self._open is not None:
            ended, self._open = self._open, None
            ended.__exit__(None, None, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.end()
        elif self._open is not None:
            self._open.__exit__(kind, error, trace)
