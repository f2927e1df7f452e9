"""A shard's records as they stand in the object: each with its bytes, its place, its value or its fault."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline import chunks, objects, plans, staging
from pipeline.errors import EmptyFile, InvalidInput
from pipeline.formats import encoding, gzip_stream, json_values, lines, messages, rows
from pipeline.formats.value_stream import ValueStream
from pipeline.rejects import Reject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.contracts import Contract
    from pipeline.formats.lines import Line, Tally
    from pipeline.shapes import File, Shard, Staged

# What is read at once beyond a shard's end, where its last line goes on.
OVERRUN_BYTES = 256 * 1024
# How far into the object its header may reach.
HEADER_BYTES = 1024 * 1024


class Candidate(NamedTuple):
    """What may be a record: `value` is its value or a Reject; `size` counts bytes, `raw` may be cut.

    `sent` is a message's rank: its time and its id.
    """

    line: int
    offset: int
    raw: bytes
    size: int
    value: Any
    sent: str | None = None


def candidates(
    file: File,
    shard: Shard,
    contract: Contract,
    tally: Tally,
    content: Staged | None = None,
    *,
    one_line_records: bool,
) -> Iterator[Candidate]:
    """Yield each candidate of a shard in file order; counts the shard's own lines and bytes into `tally`.

    Offsets are those of the decompressed object, of messages those of their bodies one after the other; these
    come in `content`. Raises the FileErrors of pipeline.errors.
    """
    if content is not None:
        return _messages(content, tally)
    if file["format"] == "messages":
        raise InvalidInput("parse_and_validate", "/content", "required")
    if file["format"] == "json":
        return _json(file, shard, tally)
    if file["format"] == "jsonl":
        return _json_lines(file, shard, tally)
    return _rows(file, shard, contract, tally, one_line_records=one_line_records)


def is_whole(file: File, shard: Shard) -> bool:
    """Return whether a shard is all of its file."""
    return shard["start"] == 0 and shard["end"] == plans.text_size(file)


def _messages(content: Staged, tally: Tally) -> Iterator[Candidate]:
    for message in messages.unframed(staging.read_lines(content)):
        offset = tally.bytes
        tally.lines += 1
        tally.bytes += len(message.body)
        value = _decoded(message.body, offset)
        yield Candidate(tally.lines, offset, message.body, len(message.body), value, message.rank)


def _json(file: File, shard: Shard, tally: Tally) -> Iterator[Candidate]:
    offset, pieces = _streamed(file, shard, tally)
    after = chunks.beginning(file["chunks"]) if shard["start"] else ""
    goes_on = shard["end"] < plans.text_size(file)
    for value in ValueStream(pieces, offset, tally, after=after, goes_on=goes_on).values():
        yield Candidate(
            value.line, value.offset, value.raw, len(value.raw), _decoded(value.raw, value.offset)
        )


def _json_lines(file: File, shard: Shard, tally: Tally) -> Iterator[Candidate]:
    blank = True
    for line in _lines(file, shard, tally):
        if line.size > len(line.raw):
            fault = Reject("line_too_long", "", f"longer than {lines.MAX_LINE_BYTES} bytes")
            yield Candidate(line.number, line.offset, line.raw, line.size, fault)
        elif line.raw.strip(b" \t\r"):
            raw = line.raw.removesuffix(b"\r")
            yield Candidate(line.number, line.offset, raw, len(raw), _decoded(raw, line.offset))
        else:
            continue
        blank = False
    if blank and is_whole(file, shard):
        raise EmptyFile("the file holds no line that is not blank")


def _decoded(raw: bytes, offset: int) -> Any:
    value = json_values.decode(raw, offset)
    if type(value) is dict and (reject := json_values.repeated_key(raw, value)):
        return reject
    return value


def _rows(
    file: File, shard: Shard, contract: Contract, tally: Tally, *, one_line_records: bool
) -> Iterator[Candidate]:
    delimiter = rows.DELIMITERS[str(file["format"])]
    found = rows.rows(_lines(file, shard, tally), delimiter, one_line_records=one_line_records)
    if shard["start"]:
        names = rows.header(_first_row(file, delimiter, one_line_records=one_line_records), contract)
    else:
        first = next((row for row in found if row.raw.strip()), None)
        if first is None:
            raise EmptyFile("the file holds no line that is not blank")
        names = rows.header(first, contract)
    typing = rows.converters(contract)
    for row in found:
        cells = row.cells
        value = cells if isinstance(cells, Reject) else rows.to_record(names, typing, cells)
        yield Candidate(row.line, row.offset, row.raw, row.size, value)


def _first_row(file: File, delimiter: str, *, one_line_records: bool) -> rows.Row | None:
    tally = lines.Tally()
    if "chunks" in file:
        marked, pieces = encoding.without_mark(chunks.first(file["chunks"]))
        found = rows.rows(
            lines.split(pieces, marked, None, tally), delimiter, one_line_records=one_line_records
        )
        return next((row for row in found if row.raw.strip()), None)
    start: Shard = {"index": 0, "start": 0, "end": min(file["size"], HEADER_BYTES)}
    return next(rows.rows(_lines(file, start, tally), delimiter, one_line_records=True), None)


def _lines(file: File, shard: Shard, tally: Tally) -> Iterator[Line]:
    if file["compression"] == "gzip" or "chunks" in file:
        offset, pieces = _streamed(file, shard, tally)
        return lines.split(pieces, offset, None, tally)
    start, end = shard["start"], shard["end"]
    if start:
        pieces = chain(objects.read_version(file, start - 1, end), _overrun(file, end))
        offset, pieces = lines.after_first_newline(pieces, start - 1, end)
        return lines.split(pieces, offset, end, tally)
    marked, pieces = encoding.without_mark(chain(objects.read_version(file, 0, end), _overrun(file, end)))
    tally.bytes += marked
    return lines.split(pieces, marked, end, tally)


def _streamed(file: File, shard: Shard, tally: Tally) -> tuple[int, Iterator[bytes]]:
    """Return the text of a file that cannot be split, or that of one of its chunks, and where it begins."""
    if "chunks" in file:
        pieces = chunks.read(file["chunks"], shard)
        if shard["start"]:
            return shard["start"], pieces
    else:
        pieces = objects.read_version(file, 0, file["size"])
        if file["compression"] == "gzip" and file["size"]:
            pieces = gzip_stream.decompress(pieces)
    marked, pieces = encoding.without_mark(pieces)
    tally.bytes += marked
    return marked, pieces


def _overrun(file: File, end: int) -> Iterator[bytes]:
    for start in range(end, file["size"], OVERRUN_BYTES):
        yield from objects.read_version(file, start, min(start + OVERRUN_BYTES, file["size"]))
