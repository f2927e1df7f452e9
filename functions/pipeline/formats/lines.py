"""Lines of a shard: a line belongs to the shard that holds its first byte; only `\\n` ends a line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# A record of DynamoDB has 400 KB at most; a line 40 times as long is no record, and memory must stay flat.
MAX_LINE_BYTES = 16 * 1024 * 1024
# What is kept of a line that is longer.
KEPT_BYTES = 1024


class Line(NamedTuple):
    """A line without its end; `number` counts from 1 within the shard, `size` is larger where it was cut."""

    number: int
    offset: int
    raw: bytes
    size: int


@dataclass
class Tally:
    """How many lines and bytes of the file belonged to a shard."""

    lines: int = 0
    bytes: int = 0


def split(
    chunks: Iterable[bytes], start: int, end: int | None, tally: Tally, longest: int = MAX_LINE_BYTES
) -> Iterator[Line]:
    """Yield the lines that begin before `end` (None: all); the first chunk begins at byte `start`.

    The caller's chunks must reach beyond `end` up to the end of the last line. Counts into `tally`.
    """
    offset, size = start, 0  # of the line that is being read
    held = b""
    for chunk in chunks:
        pieces = chunk.split(b"\n")
        for piece in pieces[:-1]:
            if end is not None and offset >= end:
                return
            size += len(piece)
            raw = held + piece if len(held) == size - len(piece) else held
            yield _line(raw, offset, size, tally, longest, 1)
            offset += size + 1
            held, size = b"", 0
        size += len(pieces[-1])
        held = _hold(held, pieces[-1], size, longest)
        if end is not None and offset >= end:
            return
    if size and (end is None or offset < end):
        yield _line(held, offset, size, tally, longest, 0)


def _hold(held: bytes, piece: bytes, size: int, longest: int) -> bytes:
    """Return what to keep of an unfinished line: all of it, or its beginning once it is too long."""
    if size <= longest:
        return held + piece
    return (held + piece[:KEPT_BYTES])[:KEPT_BYTES]


def _line(raw: bytes, offset: int, size: int, tally: Tally, longest: int, ending: int) -> Line:
    tally.lines += 1
    tally.bytes += size + ending
    return Line(tally.lines, offset, raw if size <= longest else raw[:KEPT_BYTES], size)


def after_first_newline(chunks: Iterator[bytes], start: int, end: int) -> tuple[int, Iterator[bytes]]:
    """Drop through the first newline; return where the next line begins, and the chunks from there.

    Stops at `end`: a line that begins there is the next shard's.
    """
    for chunk in chunks:
        if start >= end:
            break
        found = chunk.find(b"\n")
        if found >= 0:
            return start + found + 1, _then(chunk[found + 1 :], chunks)
        start += len(chunk)
    return start, iter(())


def _then(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest
