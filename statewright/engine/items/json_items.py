"""Items in JSON and JSON Lines, one at a time: memory holds one item, not the file.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from statewright.asl import strict_json
from statewright.engine.items.reader_errors import reader_failure

if TYPE_CHECKING:
    import io
    from collections.abc import Iterator

    from statewright.engine.errors import StateFailure

Json = Any
KeyedValue = tuple[str | None, Json]

# "Step Functions supports reading an item of up to 8 MB."
MAX_ITEM_BYTES = 8 * 2**20
# "The target array's starting position must be within the first 16 MB."
MAX_POINTER_CHARACTERS = 16 * 2**20
_CHUNK = 2**18
_BLANK = " \t\n\r"


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


_decode = json.JSONDecoder(parse_constant=_no_constant, parse_float=strict_json.finite)


def item_too_large() -> StateFailure:
    """The error of an item above 8 MB."""
    return reader_failure(f"An item is larger than {MAX_ITEM_BYTES} bytes.")


def _not_json() -> StateFailure:
    return reader_failure("Unable to parse the JSON input.")


def read_json_lines(lines: io.BufferedReader) -> Iterator[KeyedValue]:
    """Give the value of every line that is not blank."""
    is_first = True
    while line := lines.readline(MAX_ITEM_BYTES + 2):
        if len(line.rstrip(b"\r\n")) > MAX_ITEM_BYTES:
            raise item_too_large()
        text = line.decode("utf-8-sig" if is_first else "utf-8", "replace")
        is_first = False
        if not text.strip():
            continue
        try:
            yield None, _decode.decode(text)
        except (ValueError, RecursionError) as error:
            raise reader_failure("Unable to parse a line of the JSON Lines input.") from error


def read_json(text: io.TextIOBase, pointer: str) -> Iterator[KeyedValue]:
    """Give the elements of an array, or the members of an object with their names.

    `pointer` is a JSON Pointer to the array or object.
    """
    scanner = _Scanner(text)
    try:
        _go_to(scanner, pointer)
        if scanner.offset > MAX_POINTER_CHARACTERS:
            raise reader_failure(f"The ItemsPointer '{pointer}' points beyond the first 16 MB.")
        yield from _members(scanner)
        if not pointer and scanner.peek():
            raise _not_json()
    except (ValueError, RecursionError) as error:
        raise _not_json() from error


class _Scanner:
    """A text that is read as far as it is needed."""

    def __init__(self, text: io.TextIOBase) -> None:
        self._text = text
        self._buffer = ""
        self._position = 0
        self._dropped = 0
        self._is_at_end = False

    @property
    def offset(self) -> int:
        """The characters before the present place."""
        return self._dropped + self._position

    def _read_more(self) -> None:
        self._dropped += self._position
        more = self._text.read(max(_CHUNK, len(self._buffer) - self._position))
        self._buffer = self._buffer[self._position :] + more
        self._position = 0
        self._is_at_end = not more

    def peek(self) -> str:
        """Give the next character that is not blank, "" at the end."""
        while True:
            while self._position < len(self._buffer):
                character = self._buffer[self._position]
                if character not in _BLANK:
                    return character
                self._position += 1
            if self._is_at_end:
                return ""
            self._read_more()

    def take(self, *wanted: str) -> str:
        """Step over one of these characters; raises ValueError."""
        found = self.peek()
        if found not in wanted or not found:
            raise ValueError(f"expected one of {wanted}")
        self._position += 1
        return found

    def value(self, largest: int = MAX_ITEM_BYTES) -> Json:
        """Read one value of at most so many bytes; raises ValueError, StateFailure."""
        self.peek()
        while True:
            try:
                found, end = _decode.raw_decode(self._buffer, self._position)
            except json.JSONDecodeError:
                if self._is_at_end:
                    raise
                found, end = None, len(self._buffer)
            # A number near the buffer's end may go on: "1" with "e+5".
            behind = 3 if isinstance(found, int | float) else 1
            if len(self._buffer) - end >= behind or self._is_at_end:
                break
            if end - self._position > largest:
                raise item_too_large()
            self._read_more()
        if _is_longer(self._buffer, self._position, end, largest):
            raise item_too_large()
        self._position = end
        return found


def _is_longer(text: str, start: int, end: int, bytes_: int) -> bool:
    if (end - start) * 4 <= bytes_:
        return False
    return end - start > bytes_ or len(text[start:end].encode("utf-8", "replace")) > bytes_


def _go_to(scanner: _Scanner, pointer: str) -> None:
    for token in pointer.split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        if not _enter(scanner, name):
            raise reader_failure(f"The ItemsPointer '{pointer}' points to nothing.")


def _enter(scanner: _Scanner, name: str) -> bool:
    """Go to a member of an object, or an element of an array."""
    if scanner.peek() not in ("{", "["):
        return False
    is_object = scanner.take("{", "[") == "{"
    end = "}" if is_object else "]"
    index = 0
    while scanner.peek() != end:
        found = scanner.value() if is_object else str(index)
        if is_object:
            scanner.take(":")
        if found == name:
            return True
        scanner.value(MAX_POINTER_CHARACTERS)
        if scanner.peek() != end:
            scanner.take(",")
        index += 1
    return False


def _members(scanner: _Scanner) -> Iterator[KeyedValue]:
    if scanner.peek() not in ("{", "["):
        scanner.value(MAX_POINTER_CHARACTERS)  # what is no JSON at all is told as such
        raise reader_failure("Attempting to map over non-iterable node.")
    is_object = scanner.take("{", "[") == "{"
    end = "}" if is_object else "]"
    if scanner.peek() == end:
        scanner.take(end)
        return
    while True:
        key = None
        if is_object:
            key = scanner.value()
            if not isinstance(key, str):
                raise ValueError("a member's name is no text")
            scanner.take(":")
        yield key, scanner.value()
        if scanner.take(",", end) == end:
            return
