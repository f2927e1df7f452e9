r"""Items in text delimited files: every row becomes an object of strings.

Double quotes enclose fields with delimiters and newlines, two of them stand for one. A backslash escapes a
backslash, a double quote and the delimiter; before any other character it is removed.
https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

from statewright.engine.items.json_items import MAX_ITEM_BYTES, item_too_large
from statewright.engine.items.reader_errors import reader_failure

if TYPE_CHECKING:
    import io
    from collections.abc import Iterator, Sequence

Json = Any

# "Step Functions supports headers of up to 10 KiB for CSV files."
MAX_HEADER_BYTES = 10 * 2**10
DELIMITERS = {"COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "SPACE": " ", "TAB": "\t"}

# Rows bound the fields already; the module's own bound is lower than an item may be.
csv.field_size_limit(max(csv.field_size_limit(), 2 * MAX_ITEM_BYTES))


def read_csv(
    text: io.TextIOBase, delimiter: str, headers: Sequence[str] | None
) -> Iterator[tuple[None, dict[str, str]]]:
    """Give the rows; `headers` is None where the first row has them."""
    lines = _Lines(text)
    rows = _rows(lines, delimiter)
    if headers is None:
        headers = next(rows, None)
        if headers is None:
            return
        if len(lines.row.rstrip("\r\n").encode("utf-8", "replace")) > MAX_HEADER_BYTES:
            raise reader_failure(f"The CSV header is larger than {MAX_HEADER_BYTES} bytes.")
    if len(set(headers)) < len(headers):
        raise reader_failure("CSV headers cannot contain duplicates.")
    for row in rows:
        yield None, _object(headers, row)


def _rows(lines: _Lines, delimiter: str) -> Iterator[list[str]]:
    reader = csv.reader(lines, delimiter=delimiter, escapechar="\\")
    while True:
        lines.row = ""
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise reader_failure(f"Unable to parse the CSV input: {error}") from error
        if row:
            yield row


class _Lines:
    """The lines of a text; `row` holds those of the present row, which may not be longer than an item."""

    def __init__(self, text: io.TextIOBase) -> None:
        self._text = text
        self.row = ""

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._text.readline(MAX_ITEM_BYTES + 2)
        if not line:
            raise StopIteration
        self.row += line
        length = len(self.row)
        if length * 4 > MAX_ITEM_BYTES and len(self.row.rstrip("\r\n").encode()) > MAX_ITEM_BYTES:
            raise item_too_large()
        return line


def _object(headers: Sequence[str], row: list[str]) -> dict[str, str]:
    """Fields beyond the headers are skipped, headers beyond the fields are empty."""
    fields = [*row, *([""] * (len(headers) - len(row)))]
    return dict(zip(headers, fields, strict=False))
