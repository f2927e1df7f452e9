"""Cuts a stream of JSON into the elements of its one array, or into the values that it strings together.

A value's end is found by its brackets and quotes alone; what stands between them is for the decoder to judge.
So one broken element of an array is a record to put aside, while a bracket that never closes breaks the file.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple

from pipeline.errors import EmptyFile, MalformedFile
from pipeline.formats.lines import MAX_LINE_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pipeline.formats.lines import Tally


After = Literal["", "an element", "a value"]
"""What a part of a stream comes after: nothing, an element of the one array, or one of many values."""


class Value(NamedTuple):
    """A JSON text inside a stream; `line` counts from 1."""

    line: int
    offset: int
    raw: bytes


_SPACE = re.compile(rb"[ \t\r\n]*+")
_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
# A whole string, a bracket, or a quote whose string does not end in the buffer.
_TOKEN = re.compile(_STRING + rb'|["\[\]{}]', re.DOTALL)


def _whole(levels: int) -> bytes:
    """Return the pattern of a container with at most so many levels inside."""
    inside = rb'[^"\[\]{}]++|' + _STRING + (rb"|" + _whole(levels - 1) if levels else b"")
    return rb"[\[{](?:" + inside + rb")*+[\]}]"


# Most values end in the buffer and are this flat: one step instead of one for each token.
_CONTAINER = re.compile(_whole(3), re.DOTALL)
_SCALAR = re.compile(rb'[^ \t\r\n,\[\]{}"]*+')


class ValueStream:
    """One pass over a stream whose first chunk begins at byte `offset` of the file.

    A stream may be a part of a file that was cut behind the end of a value: `after` says what it comes after,
    `goes_on` that more of the file follows.
    """

    def __init__(
        self,
        chunks: Iterable[bytes],
        offset: int,
        tally: Tally,
        longest: int = MAX_LINE_BYTES,
        *,
        after: After = "",
        goes_on: bool = False,
    ) -> None:
        self._chunks = iter(chunks)
        self._buffer = b""
        self._start = offset  # of the buffer's first byte
        self._position = 0
        self._line = 1  # of the position
        self._ends_with_newline = False
        self._tally = tally
        self._longest = longest
        self._after = after
        self._goes_on = goes_on

    def values(self) -> Iterator[Value]:
        """Yield each value; raises EmptyFile, MalformedFile where it cannot be cut any further."""
        start = self._start
        first = self._peek()
        if not first and not self._after:
            raise EmptyFile("the file holds no value")
        if self._after == "an element" or (first == b"[" and not self._after):
            yield from self._elements()
            if self._peek():
                raise self._malformed("something follows the array")
        else:
            while first:
                if first in b"]},":
                    raise self._malformed(f"{first.decode()} without a beginning")
                yield self._value()
                first = self._peek()
        self._tally.bytes += self._start + self._position - start
        self._tally.lines = self._line - (self._goes_on or self._ends_with_newline)

    def _elements(self) -> Iterator[Value]:
        if self._after:
            if self._is_over():
                return
        else:
            self._advance(1)
            if self._peek() == b"]":
                self._advance(1)
                return
        while True:
            following = self._peek()
            if not following or following in b"]},":
                raise self._malformed("an element of the array is missing")
            yield self._value()
            if self._is_over():
                return

    def _is_over(self) -> bool:
        """Return whether no element follows the one that has ended, at least not in this part."""
        following = self._peek()
        if not following and self._goes_on:
            return True
        if following not in (b",", b"]"):
            raise self._malformed("the array goes on with neither a comma nor its end")
        self._advance(1)
        return following == b"]"

    def _peek(self) -> bytes:
        """Return the next byte that is no white space, empty at the end."""
        while True:
            space = _SPACE.match(self._buffer, self._position)
            self._advance(space.end() - self._position if space else 0)
            if self._position < len(self._buffer):
                return self._buffer[self._position : self._position + 1]
            if not self._more():
                return b""

    def _advance(self, count: int) -> None:
        to = self._position + count
        if count:
            self._ends_with_newline = self._buffer[to - 1] == 0x0A
        self._line += self._buffer.count(b"\n", self._position, to)
        self._position = to

    def _more(self) -> bool:
        """Read a chunk; what lies before the position is let go."""
        chunk = next(self._chunks, None)
        if chunk is None:
            return False
        if len(self._buffer) - self._position > self._longest:
            raise self._too_long()
        self._start += self._position
        self._buffer = self._buffer[self._position :] + chunk
        self._position = 0
        return True

    def _value(self) -> Value:
        """Return the value at the position, and move behind it."""
        plain = self._buffer[self._position] not in b'"[{'
        length = self._scalar() if plain else self._container()
        if length > self._longest:
            raise self._too_long()
        raw = self._buffer[self._position : self._position + length]
        value = Value(self._line, self._start + self._position, raw)
        self._advance(length)
        return value

    def _scalar(self) -> int:
        while True:
            match = _SCALAR.match(self._buffer, self._position)
            end = match.end() if match else self._position
            if end < len(self._buffer) or not self._more():
                return end - self._position

    def _container(self) -> int:
        """Return the length of the string, array or object at the position."""
        if whole := _CONTAINER.match(self._buffer, self._position):
            return whole.end() - self._position
        depth = 0
        done = 0  # bytes from the position that have been looked at
        while True:
            for token in _TOKEN.finditer(self._buffer, self._position + done):
                done = token.end() - self._position
                byte = token[0][0]
                if byte == 0x22:
                    if len(token[0]) == 1:  # its string goes on in the next chunk
                        done -= 1
                        break
                elif byte in b"[{":
                    depth += 1
                else:
                    depth -= 1
                if depth == 0:
                    return done
            else:
                done = len(self._buffer) - self._position
            if not self._more():
                raise self._malformed("a string, array or object does not end")

    def _too_long(self) -> MalformedFile:
        return self._malformed(f"a value longer than {self._longest} bytes")

    def _malformed(self, what: str) -> MalformedFile:
        place = f"byte {self._start + self._position}"
        if not self._after:
            place += f" (line {self._line})"
        return MalformedFile(f"not JSON near {place}: {what}")
