"""A shard's records as they stand in the object: each with its bytes, its place, its value or its fault."""

from __future__ import annotations

import functools
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline import chunks, objects, plans, staging
from pipeline.errors import EmptyFile, InvalidInput
from pipeline.formats import encoding, gzip_stream, json_values, lines, messages, rows
from pipeline.formats.value_stream import ValueStream
from pipeline.rejects import Reject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pipeline.columns import Columns
    from pipeline.contracts import Contract
    from pipeline.formats.lines import Block, Lines, Tally
    from pipeline.proofs import Proof, Proven
    from pipeline.shapes import File, Shard, Staged

# What is read at once beyond a shard's end, where its last line goes on.
OVERRUN_BYTES = 256 * 1024
# How far into the object its header may reach.
HEADER_BYTES = 1024 * 1024
# Fewer lines than this are judged one by one.
LEAST_LINES = 32
# After so many blocks of which less than half was proven the next ones are judged line by line, then one more
# is tried.
PATIENCE, REST_BLOCKS = 6, 50


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
    found = records(file, shard, contract, tally, content, None, one_line_records=one_line_records)
    return (each for each in found if isinstance(each, Candidate))


def records(
    file: File,
    shard: Shard,
    contract: Contract,
    tally: Tally,
    content: Staged | None,
    proof: Proof | None,
    *,
    one_line_records: bool,
) -> Iterator[Candidate | Columns]:
    """Yield what `candidates` does, but as Columns what is proven to be valid."""
    if content is not None:
        return _messages(content, tally)
    if file["format"] == "messages":
        raise InvalidInput("parse_and_validate", "/content", "required")
    if file["format"] == "json":
        return _json(file, shard, tally)
    if file["format"] == "jsonl":
        return _json_lines(file, shard, tally, proof)
    return _rows(file, shard, contract, tally, proof, one_line_records=one_line_records)


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


def _json_lines(file: File, shard: Shard, tally: Tally, proof: Proof | None) -> Iterator[Candidate | Columns]:
    blank = True
    found = _lines(file, shard, tally)
    for proven in _proven(found, proof.of_lines if proof else None):
        if proven is not None:
            blank = False
            yield proven
            continue
        line = next(found)
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


def _proven(found: Lines, prove: Callable[[Block], Proven | None] | None) -> Iterator[Columns | None]:
    """Yield what is proven; None where the consumer is to take from `found` what comes next.

    Of a block of which nothing is, each half is tried, and so on. That is given up where it leads to little.
    """
    misses = rest = 0
    while block := found.take():
        is_tried = prove is not None and not block.tried and block.lines >= LEAST_LINES
        if is_tried and rest:
            is_tried, rest = False, rest - 1
        proven = prove(block) if prove is not None and is_tried else None
        if is_tried:
            misses = 0 if proven and 2 * len(proven.others) < block.lines else misses + 1
            if misses >= PATIENCE:
                misses, rest = PATIENCE - 1, REST_BLOCKS
        if proven is not None:
            if proven.others:
                found.put_back(block, proven.others)
            yield from proven.columns
        elif is_tried and block.lines >= 2 * LEAST_LINES:
            found.put_back_halves(block)
        else:
            found.open(block)
            while not found.is_between_blocks:
                yield None


def _decoded(raw: bytes, offset: int) -> Any:
    value = json_values.decode(raw, offset)
    if type(value) is dict and (reject := json_values.repeated_key(raw, value)):
        return reject
    return value


def _rows(
    file: File,
    shard: Shard,
    contract: Contract,
    tally: Tally,
    proof: Proof | None,
    *,
    one_line_records: bool,
) -> Iterator[Candidate | Columns]:
    delimiter = rows.DELIMITERS[str(file["format"])]
    source = _lines(file, shard, tally)
    found = rows.rows(source, delimiter, one_line_records=one_line_records)
    if shard["start"]:
        names = rows.header(_first_row(file, delimiter, one_line_records=one_line_records), contract)
    else:
        first = _first_of(found)
        if first is None:
            raise EmptyFile("the file holds no line that is not blank")
        names = rows.header(first, contract)
    typing = rows.converters(contract)
    prove = functools.partial(proof.of_rows, names=names, delimiter=delimiter.encode()) if proof else None
    for proven in _proven(source, prove):
        if proven is not None:
            yield proven
        elif row := next(found, None):
            cells = row.cells
            value = cells if isinstance(cells, Reject) else rows.to_record(names, typing, cells)
            yield Candidate(row.line, row.offset, row.raw, row.size, value)


def _first_row(file: File, delimiter: str, *, one_line_records: bool) -> rows.Row | None:
    if "chunks" in file:
        marked, pieces = encoding.without_mark(chunks.first(file["chunks"]))
        source = lines.split(pieces, marked, None, lines.Tally())
    else:
        source = _lines(file, {"index": 0, "start": 0, "end": min(file["size"], HEADER_BYTES)}, lines.Tally())
    return _first_of(rows.rows(source, delimiter, one_line_records=one_line_records))


def _first_of(found: Iterator[rows.Row]) -> rows.Row | None:
    """Return the first row that is not blank."""
    return next((row for row in found if row.raw.strip()), None)


def _lines(file: File, shard: Shard, tally: Tally) -> Lines:
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
