"""A shard's records as they stand in the object: each with its bytes, its place, its value or its fault."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline import objects, staging
from pipeline.errors import EmptyFile
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
    if file["format"] == "json":
        return _json(file, tally)
    if file["format"] == "jsonl":
        return _json_lines(file, shard, tally)
    return _rows(file, shard, contract, tally, one_line_records=one_line_records)


def is_whole(file: File, shard: Shard) -> bool:
    """Return whether a shard is all of its file."""
    return shard["start"] == 0 and shard["end"] == file["size"]


def _messages(content: Staged, tally: Tally) -> Iterator[Candidate]:
    for message in messages.unframed(staging.read_lines(content)):
        offset = tally.bytes
        tally.lines += 1
        tally.bytes += len(message.body)
        value = _decoded(message.body, offset)
        yield Candidate(tally.lines, offset, message.body, len(message.body), value, message.rank)


def _json(file: File, tally: Tally) -> Iterator[Candidate]:
    offset, chunks = _from_the_start(file, tally)
    for value in ValueStream(chunks, offset, tally).values():
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
        names = rows.header(_first_row(file, delimiter), contract)
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


def _first_row(file: File, delimiter: str) -> rows.Row | None:
    start: Shard = {"index": 0, "start": 0, "end": min(file["size"], HEADER_BYTES)}
    return next(rows.rows(_lines(file, start, lines.Tally()), delimiter, one_line_records=True), None)


def _lines(file: File, shard: Shard, tally: Tally) -> Iterator[Line]:
    if file["compression"] == "gzip":
        offset, chunks = _from_the_start(file, tally)
        return lines.split(chunks, offset, None, tally)
    start, end = shard["start"], shard["end"]
    if start:
        pieces = chain(objects.read_version(file, start - 1, end), _overrun(file, end))
        offset, chunks = lines.after_first_newline(pieces, start - 1, end)
        return lines.split(chunks, offset, end, tally)
    marked, chunks = encoding.without_mark(chain(objects.read_version(file, 0, end), _overrun(file, end)))
    tally.bytes += marked
    return lines.split(chunks, marked, end, tally)


def _from_the_start(file: File, tally: Tally) -> tuple[int, Iterator[bytes]]:
    chunks = objects.read_version(file, 0, file["size"])
    if file["compression"] == "gzip" and file["size"]:
        chunks = gzip_stream.decompress(chunks)
    marked, chunks = encoding.without_mark(chunks)
    tally.bytes += marked
    return marked, chunks


def _overrun(file: File, end: int) -> Iterator[bytes]:
    for start in range(end, file["size"], OVERRUN_BYTES):
        yield from objects.read_version(file, start, min(start + OVERRUN_BYTES, file["size"]))
