"""Where a text may be cut: behind the end of a record, found in one pass and in flat memory.

A text is fed piece by piece. Who looks for borders sees each piece whole; once it asks for the next one, no
border can lie in the last one any more, so that what it holds can be let go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.errors import EmptyFile
from pipeline.formats import rows
from pipeline.formats.lines import Tally, split
from pipeline.formats.value_stream import ValueStream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pipeline.formats.value_stream import After


class Feed:
    """The pieces of a text from byte `offset` on; `emit` is given every byte once, in order.

    `wanted` is the first place at which a border is of use; `is_blank` says that all that was emitted so far
    is white space, which it is to begin with where the text is the whole one.
    """

    def __init__(
        self,
        pieces: Iterable[bytes],
        offset: int,
        emit: Callable[[bytes], None],
        wanted: int,
        *,
        is_blank: bool,
    ) -> None:
        self.offset = offset
        self.wanted = wanted
        self._pieces = pieces
        self._emit = emit
        self._held = b""
        self._held_at = offset
        self.is_blank = is_blank

    def __iter__(self) -> Iterator[bytes]:
        """Yield each piece."""
        for piece in self._pieces:
            self._held = piece
            yield piece
            self.emit_to(self._held_at + len(self._held))

    def emit_to(self, border: int) -> None:
        """Emit what is held up to a border."""
        length = border - self._held_at
        emitted, self._held, self._held_at = self._held[:length], self._held[length:], border
        self.is_blank = self.is_blank and not emitted.strip()
        self._emit(emitted)


def borders(format_: str, feed: Feed, after: After, *, one_line_records: bool) -> Iterator[int]:
    """Yield places at which a record has ended, those at or beyond `feed.wanted` among them.

    Raises EmptyFile, and MalformedFile where no further border can be found.
    """
    if format_ == "json":
        yield from _after_values(feed, after)
        return
    if format_ == "jsonl" or one_line_records:
        yield from _after_lines(feed)
    else:
        yield from _after_rows(feed, rows.DELIMITERS[format_])
    if feed.is_blank:
        raise EmptyFile("the file holds no line that is not blank")


def _after_lines(feed: Feed) -> Iterator[int]:
    base = feed.offset
    for piece in feed:
        newline = piece.find(b"\n", max(0, feed.wanted - 1 - base))
        while newline >= 0:
            yield base + newline + 1
            newline = piece.find(b"\n", max(newline + 1, feed.wanted - 1 - base))
        base += len(piece)


def _after_rows(feed: Feed, delimiter: str) -> Iterator[int]:
    lines = split(feed, feed.offset, None, Tally())
    for row in rows.rows(lines, delimiter, one_line_records=False):
        yield row.offset + row.size + 1


def _after_values(feed: Feed, after: After) -> Iterator[int]:
    for value in ValueStream(feed, feed.offset, Tally(), after=after).values():
        yield value.offset + len(value.raw)
