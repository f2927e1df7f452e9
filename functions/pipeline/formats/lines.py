"""Lines of a shard: a line belongs to the shard that holds its first byte; only `\\n` ends a line."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

# A record of DynamoDB has 400 KB at most; a line 40 times as long is no record, and memory must stay flat.
MAX_LINE_BYTES = 16 * 1024 * 1024
# What is kept of a line that is longer.
KEPT_BYTES = 1024
# How many bytes of whole lines are handed on at once; what is made of them is in memory.
BLOCK_BYTES = 64 * 1024


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


class Block(NamedTuple):
    """Whole lines with their ends, the first one's number and place; the last line of all may have no end.

    `cut` is 0, or the size of the one line that is here without its end, and was cut where it is too long.
    `tried` says that it was tried to prove its lines.
    """

    number: int
    offset: int
    raw: bytes
    lines: int
    cut: int = 0
    tried: bool = False


class Lines:
    """The lines of a shard, one by one, or blocks of them as they are left."""

    def __init__(self, blocks: Iterator[Block]) -> None:
        self._blocks = blocks
        self._later: list[Block] = []
        self._open: Block | None = None
        self._done = self._taken = 0  # of the open block: bytes, lines

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Line:
        if self._open is None:
            self.open(self._later.pop() if self._later else next(self._blocks))
        assert self._open is not None
        block, start = self._open, self._done
        number, offset = block.number + self._taken, block.offset + start
        if block.cut:
            self._open = None
            return Line(number, offset, block.raw, block.cut)
        end = block.raw.find(b"\n", start)
        if end < 0:
            end = len(block.raw)
        self._done, self._taken = end + 1, self._taken + 1
        if self._done >= len(block.raw):
            self._open = None
        return Line(number, offset, block.raw[start:end], end - start)

    @property
    def is_between_blocks(self) -> bool:
        """Whether no block has been begun and not been ended."""
        return self._open is None

    def take(self) -> Block | None:
        """Return what is left of the block that was begun, else the next one; None where there is none."""
        block, self._open = self._open, None
        if block is None:
            return self._later.pop() if self._later else next(self._blocks, None)
        return block._replace(
            number=block.number + self._taken,
            offset=block.offset + self._done,
            raw=block.raw[self._done :],
            lines=block.lines - self._taken,
        )

    def open(self, block: Block) -> None:
        """Let the lines of a block that was taken be the next ones."""
        self._open, self._done, self._taken = block, 0, 0

    def put_back_halves(self, block: Block) -> None:
        """Let the halves of a block, which has two lines or more, be the next two."""
        cut = block.raw.find(b"\n", len(block.raw) // 2, -1) + 1 or block.raw.find(b"\n") + 1
        first, second = block.raw[:cut], block.raw[cut:]
        lines = first.count(b"\n")
        self._later.append(Block(block.number + lines, block.offset + cut, second, block.lines - lines))
        self._later.append(block._replace(raw=first, lines=lines))

    def put_back(self, block: Block, places: Sequence[int]) -> None:
        """Let the lines of a block at these places, which are in order, be the next ones."""
        lines = block.raw.split(b"\n")
        offsets = [*accumulate((len(line) + 1 for line in lines), initial=block.offset)]
        for place in reversed(places):
            start, end = (offsets[each] - block.offset for each in (place, place + 1))
            self._later.append(
                Block(block.number + place, offsets[place], block.raw[start:end], lines=1, tried=True)
            )


def split(
    chunks: Iterable[bytes], start: int, end: int | None, tally: Tally, longest: int = MAX_LINE_BYTES
) -> Lines:
    """Return the lines that begin before `end` (None: all); the first chunk begins at byte `start`.

    The caller's chunks must reach beyond `end` up to the end of the last line. Counts into `tally`.
    """
    return Lines(_blocks(chunks, start, end, tally, longest))


def _blocks(
    chunks: Iterable[bytes], start: int, end: int | None, tally: Tally, longest: int
) -> Iterator[Block]:
    offset, size = start, 0  # of the line that is being read
    held = b""
    for chunk in chunks:
        position = 0
        if size:  # the chunk goes on with a line
            found = chunk.find(b"\n")
            position = found + 1
            piece = chunk[:found] if position else chunk
            size += len(piece)
            held = _hold(held, piece, size, longest)
            if not position:
                continue
            yield _line(held + b"\n", offset, size + 1, tally, longest)
            offset, size, held = offset + size + 1, 0, b""
        while position < len(chunk) and (end is None or offset < end):
            cut = _end_of_block(chunk, position, None if end is None else end - offset, longest)
            if not cut:
                size = len(chunk) - position
                held = _hold(b"", chunk[position:], size, longest)
                break
            raw = chunk[position:cut]
            if len(raw) <= longest:
                yield _block(raw, offset, tally)
            else:
                yield _line(raw, offset, len(raw), tally, longest)
            offset, position = offset + len(raw), cut
        if end is not None and offset >= end:
            return
    if size:
        yield _line(held, offset, size, tally, longest)


def _end_of_block(chunk: bytes, position: int, left: int | None, longest: int) -> int:
    """Return where a block of whole lines ends that begins at `position`, 0 where the first line goes on.

    `left` is how many bytes are left of the shard; the line that holds the last of them is its last one.
    """
    most = min(BLOCK_BYTES, longest)
    if left is not None and left <= most:
        end = chunk.find(b"\n", position + left - 1, position + most) + 1
        if end:
            return end
        most = left - 1  # the last line is long, or goes on behind this chunk: it comes alone
    return chunk.rfind(b"\n", position, position + most) + 1 or chunk.find(b"\n", position) + 1


def _hold(held: bytes, piece: bytes, size: int, longest: int) -> bytes:
    """Return what to keep of an unfinished line: all of it, or its beginning once it is too long."""
    if size <= longest:
        return held + piece
    return (held + piece[:KEPT_BYTES])[:KEPT_BYTES]


def _line(raw: bytes, offset: int, size: int, tally: Tally, longest: int) -> Block:
    """Return a block of one line, which has `size` bytes with its end."""
    tally.lines += 1
    tally.bytes += size
    length = size - raw.endswith(b"\n")
    if length <= longest:
        return Block(tally.lines, offset, raw, 1)
    return Block(tally.lines, offset, raw[:KEPT_BYTES], 1, length)


def _block(raw: bytes, offset: int, tally: Tally) -> Block:
    first, lines = tally.lines + 1, raw.count(b"\n")
    tally.lines += lines
    tally.bytes += len(raw)
    return Block(first, offset, raw, lines)


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
