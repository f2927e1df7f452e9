"""Rechunk: reads an object that cannot be split once, as a stream, and stages its text in chunks.

After that its chunks are the shards of an ordinary large file. Every byte of the text is in exactly one
chunk, chunks end where records end, and places are those of the text. An invocation that sees its end near
says that it is not finished; the next one, or one that does a broken one's work again, goes on with the last
chunk that is there: it reads a gzip from its start, and passes over what is done.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import msgspec

from pipeline import chunks, contracts, objects, plans, staging
from pipeline.errors import InvalidInput, ObjectTooLarge
from pipeline.formats import cuts, encoding, gzip_stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pipeline.chunks import ChunkWriter
    from pipeline.settings import Settings
    from pipeline.shapes import Chunks, File, Plan, Rechunked, RechunkRequest

# No chunk is begun later than this before an invocation's end: one takes seconds.
RESERVE_SECONDS = 90
# Of 13 minutes each: what takes longer would not end within the execution's day with all that follows.
MAX_ROUNDS = 24


def rechunk(request: RechunkRequest, settings: Settings, seconds_left: Callable[[], float]) -> Rechunked:
    """Stage the text in chunks, and their ranges for the Map; raises FileError where the file is at fault.

    "unfinished" asks to be invoked again, with the same file and plan.
    """
    file, plan = request["file"], request["plan"]
    if file["format"] == "messages":
        raise InvalidInput("rechunk", "/file/format", "messages are no object")
    place: Chunks = {"bucket": settings.staging_bucket, "prefix": chunks.prefix(file), "bytes": 0}
    done = chunks.staged(settings.staging_bucket, file)
    begin = done.pop() if done else chunks.Chunk(0, 0)  # the last one says nothing of where it ends
    with chunks.ChunkWriter(place, begin) as writer:
        is_finished = _cut(file, settings, place, writer, seconds_left)
    if not is_finished:
        if request["round"] >= MAX_ROUNDS:
            raise ObjectTooLarge(f"cutting it into chunks takes more than {MAX_ROUNDS} invocations")
        return {"outcome": "unfinished", "file": file, "plan": plan}
    found = [*done, *writer.written]
    place["bytes"] = writer.position
    ranges = staging.ranges_place(settings.staging_bucket, file)
    objects.put(ranges, msgspec.json.encode(chunks.ranges(found, writer.position)), "application/json")
    return {
        "outcome": "finished",
        "file": {**file, "chunks": place},
        "plan": _plan(plan, str(file["format"]), len(found), writer.position),
    }


def _cut(
    file: File,
    settings: Settings,
    place: Chunks,
    writer: ChunkWriter,
    seconds_left: Callable[[], float],
) -> bool:
    """Write chunks; return whether the text's end was reached."""
    contract, start = str(file["contract"]), writer.position
    one_line = contracts.catalogue(settings.schemas).one_line_records(contract, file["key"])
    marked, pieces = encoding.without_mark(_text(file, start)) if not start else (0, _text(file, start))
    writer.write(encoding.BOM[:marked])
    after = chunks.beginning(place) if start and file["format"] == "json" else ""
    wanted = start + plans.CHUNK_BYTES
    feed = cuts.Feed(pieces, start + marked, writer.write, wanted, is_blank=not start)
    for border in cuts.borders(str(file["format"]), feed, after, one_line_records=one_line):
        if border < feed.wanted:
            continue
        feed.emit_to(border)
        feed.wanted = border + plans.CHUNK_BYTES
        if feed.is_blank:
            continue  # the first chunk has the header
        writer.end()
        if seconds_left() < RESERVE_SECONDS and feed.has_more():
            return False
    return True


def _text(file: File, start: int) -> Iterator[bytes]:
    """Yield the text from byte `start` on."""
    if file["compression"] != "gzip" or not file["size"]:
        return objects.read_version(file, start, file["size"])
    text = gzip_stream.decompress(objects.read_version(file, 0, file["size"]), plans.MAX_TEXT_BYTES)
    return _from(text, start)


def _from(pieces: Iterator[bytes], start: int) -> Iterator[bytes]:
    """Drop the first `start` bytes."""
    passed = 0
    for piece in pieces:
        passed += len(piece)
        if passed > start:
            return chain([piece[len(piece) - (passed - start) :]], pieces)
    return iter(())


def _plan(plan: Plan, format_: str, shards: int, text: int) -> Plan:
    """Return the plan for chunks that are there."""
    partitions = plans.partitions_of(text, format_)
    return {**plan, "shards": shards, "partitions": partitions, "keep": True}
