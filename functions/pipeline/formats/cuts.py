"""Where a text may be cut: behind the end of a record, found in one pass and in flat memory.

A text is fed piece by piece. Who looks for borders sees each piece whole; once it asks for the next one, no
border can lie in the last one any more, so that what it holds can be let go.
"""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING

from pipeline.errors import EmptyFile
from pipeline.formats import rows
from pipeline.formats.lines import Tally, split
from pipeline.formats.rows import MAX_ROW_LINES
from pipeline.formats.value_stream import ValueStream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pipeline.formats.value_stream import After


# No row inside a window has more lines than a row may have.
_WINDOW_BYTES = MAX_ROW_LINES
# Of what follows, only so much is cut into lines to parse one row.
_SLICE_BYTES = 4096


def _rows_of(delimiter: str) -> re.Pattern[bytes]:
    """Return the pattern of rows that leave no doubt: cells without any quote, or in quotes as a whole."""
    mark = re.escape(delimiter.encode())
    cell = rb'(?:[^"\r\n' + mark + rb']*+|"[^"]*+(?:""[^"]*+)*+")'
    return re.compile(rb"(?:" + cell + rb"(?:" + mark + cell + rb")*+\r?\n)*+")


_WELL_FORMED = {delimiter: _rows_of(delimiter) for delimiter in rows.DELIMITERS.values()}


class Feed:
    """The pieces of a text from byte `offset` on; `emit` is given every byte once, in order.

    `wanted` is the first place at which a border is of use; `is_blank` says that all that was emitted so far
    is white space, which it is to begin with where the text is the whole one. `held` is the piece in hand, or
    what was not emitted of it, and begins at byte `held_at` of the text.
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
        self._pieces = iter(pieces)
        self._emit = emit
        self.held = b""
        self.held_at = offset
        self.is_blank = is_blank

    def __iter__(self) -> Iterator[bytes]:
        """Yield each piece."""
        while (piece := next(self._pieces, None)) is not None:
            self.held = piece
            yield piece
            self.emit_to(self.held_at + len(self.held))

    def has_more(self) -> bool:
        """Return whether anything of the text was not emitted."""
        while not self.held:
            piece = next(self._pieces, None)
            if piece is None:
                return False
            if piece:
                self._pieces = chain([piece], self._pieces)
                return True
        return True

    def emit_to(self, border: int) -> None:
        """Emit what is held up to a border."""
        length = border - self.held_at
        emitted, self.held, self.held_at = self.held[:length], self.held[length:], border
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
    """Yield ends of rows: of those that are well formed in bulk, else of one at a time as it is parsed.

    Bulk ends before `feed.wanted`: so the first end at or beyond it is found, wherever one began to read.
    """
    well_formed, pieces, at = _WELL_FORMED[delimiter], iter(feed), feed.offset
    while True:
        place = at - feed.held_at
        bulk = min(place + _WINDOW_BYTES, feed.wanted - feed.held_at)
        found = well_formed.match(feed.held, place, bulk) if bulk > place else None
        if found and found.end() > place:
            at = feed.held_at + found.end()
        else:
            lines = split(chain(_slices(feed.held, place), pieces), at, None, Tally())
            line = next(lines, None)
            if line is None:
                return
            if line.raw.strip(b"\r"):
                row = next(rows.rows(chain([line], lines), delimiter, one_line_records=False))
                at = row.offset + row.size + 1
            else:
                at = line.offset + line.size + 1  # a blank line ends as a row does
        yield at


def _slices(text: bytes, start: int) -> Iterator[bytes]:
    return (text[at : at + _SLICE_BYTES] for at in range(start, len(text), _SLICE_BYTES))


def _after_values(feed: Feed, after: After) -> Iterator[int]:
    for value in ValueStream(feed, feed.offset, Tally(), after=after).values():
        yield value.offset + len(value.raw)
