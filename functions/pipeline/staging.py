"""Staged data between the functions: records in frames of zstd, plain or sorted into partitions.

A frame holds NDJSON, or records as columns (pipeline.columns).

They lie in objects of S3 or, where they are small and the request brought its records with it, inside the
answer itself: the same bytes in Base64. Partitioned data end in an index, as Parquet files do: the index as
JSON, its length in 8 bytes (little endian), a magic number. A reader asks for the index, then for its
partition's frames only.
"""

from __future__ import annotations

import base64
from abc import ABC, abstractmethod
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import msgspec
import zstandard

from pipeline import columns, objects
from pipeline.errors import StagedDataBroken

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    from pipeline.columns import Columns, Head
    from pipeline.shapes import File, Location, Staged

# Level 1 compresses NDJSON fivefold at the speed of the network.
LEVEL = 1
FRAME_BYTES = 256 * 1024
# All of a frame of columns is taken apart at once.
COLUMNS_BYTES = 64 * 1024
# All partitions' unwritten lines and columns together: what a writer holds in memory.
BUFFERED_BYTES = 3 * 1024 * 1024
MAGIC = b"STWRPART"
TAIL_BYTES = 64 * 1024
CONTENT_TYPE = "application/zstd"
# What one answer may hold of staged data: a state's payload has 262,144 characters, and holds it twice.
MAX_INLINE_CHARACTERS = 64 * 1024

Frame = tuple[int, int]
"""Where a frame lies in its object: offset and length."""


def parsed_place(bucket: str, file: File, shard: int) -> Location:
    """Return where a shard's valid records are staged."""
    return {"bucket": bucket, "key": f"{file['id']}/{file['run']}/parsed/{shard:05}"}


def enriched_place(bucket: str, file: File, shard: int) -> Location:
    """Return where a shard's items are staged."""
    return {"bucket": bucket, "key": f"{file['id']}/{file['run']}/enriched/{shard:05}"}


def ranges_place(bucket: str, file: File) -> Location:
    """Return where the ranges of a file's shards are, a JSON array that the workflow's Map reads."""
    return {"bucket": bucket, "key": f"ranges/{file['id']}/{file['run']}.json"}


def room_beside(content: Staged | None) -> int:
    """Return how many characters of staged data an answer may hold: none unless the request holds some."""
    return MAX_INLINE_CHARACTERS if content is not None and "inline" in content else 0


_Kind = tuple[int, "Head | None"]
"""Of what one frame is: a partition, and the head of its columns, None for lines."""


@dataclass
class _Frame:
    """A frame that grows: of lines each part has one text, of columns one for each column."""

    parts: list[Sequence[bytes]]
    size: int = 0


class _Held:
    """Holds what is written; uploads it in the end if it is too long to be handed on."""

    def __init__(self, place: Location, characters: int) -> None:
        self._place = place
        self._characters = characters
        self._bytes = bytearray()
        self.held: str | None = None

    @property
    def size(self) -> int:
        """The number of bytes so far."""
        return len(self._bytes)

    def write(self, data: bytes) -> None:
        """Append bytes."""
        self._bytes += data

    def abort(self) -> None:
        """Free nothing: no part of it is uploaded before the end."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            return
        if -(-len(self._bytes) // 3) * 4 <= self._characters:
            self.held = base64.b64encode(self._bytes).decode()
        else:
            objects.put(self._place, bytes(self._bytes), CONTENT_TYPE)


class _Staged(ABC):
    """What both writers share: an upload that ends well or not at all.

    With `inline`, what has no more characters than that in Base64 is not uploaded.
    """

    def __init__(self, place: Location, inline: int = 0) -> None:
        self._place = place
        self._upload = _Held(place, inline) if inline else objects.Upload(place, CONTENT_TYPE)
        self._compress = zstandard.ZstdCompressor(level=LEVEL).compress

    @property
    def staged(self) -> Staged:
        """Where the data are, once they have been written."""
        if isinstance(self._upload, _Held) and self._upload.held is not None:
            return {"inline": self._upload.held}
        return {"bucket": self._place["bucket"], "key": self._place["key"]}

    def __enter__(self) -> Self:
        self._upload.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._upload.__exit__(kind, error, trace)
            return
        with self._upload:
            self._finish()

    @abstractmethod
    def _finish(self) -> None:
        """Write what is held, before the upload ends."""

    def _frame(self, lines: Sequence[bytes]) -> Frame:
        return self._frame_of(b"\n".join((*lines, b"")))

    def _frame_of(self, content: bytes | bytearray) -> Frame:
        frame = self._compress(content)
        offset = self._upload.size
        self._upload.write(frame)
        return offset, len(frame)


class LineWriter(_Staged):
    """Writes lines, one after the other."""

    def __init__(self, place: Location, *, inline: int = 0) -> None:
        super().__init__(place, inline)
        self._lines: list[bytes] = []
        self._held = 0

    def add(self, line: bytes) -> None:
        """Append a line (without its end)."""
        self._lines.append(line)
        self._held += len(line) + 1
        if self._held >= FRAME_BYTES:
            self._flush()

    def add_columns(self, found: Columns) -> None:
        """Append records as a frame of their own."""
        self._frame((columns.encoded_head(found.head), *found.texts))

    def _flush(self) -> None:
        if self._lines:
            self._frame(self._lines)
            self._lines.clear()
            self._held = 0

    def _finish(self) -> None:
        self._flush()


class TextWriter(_Staged):
    """Writes text as it stands."""

    def __init__(self, place: Location) -> None:
        super().__init__(place)
        self._text = bytearray()

    def write(self, text: bytes) -> None:
        """Append text, in pieces of any length."""
        self._text += text
        if len(self._text) >= FRAME_BYTES:
            self._finish()

    def _finish(self) -> None:
        if self._text:
            text, self._text = self._text, bytearray()
            self._frame_of(text)


class PartitionWriter(_Staged):
    """Writes lines and columns sorted into partitions; within a partition lines keep their order."""

    def __init__(self, place: Location, buffered: int = BUFFERED_BYTES, *, inline: int = 0) -> None:
        super().__init__(place, inline)
        self._held: dict[_Kind, _Frame] = {}
        self._bytes = 0
        self._buffered = buffered
        self._index: defaultdict[int, list[Frame]] = defaultdict(list)

    def add(self, partition: int, line: bytes) -> None:
        """Append a line (without its end) to a partition."""
        self._add((partition, None), (line,))

    def add_columns(self, partition: int, found: Columns) -> None:
        """Append records to a partition."""
        self._add((partition, found.head), found.texts)

    def _add(self, kind: _Kind, texts: Sequence[bytes]) -> None:
        frame = self._held.get(kind)
        if frame is None:
            frame = self._held[kind] = _Frame([])
        size = sum(map(len, texts)) + len(texts)
        frame.parts.append(texts)
        frame.size += size
        self._bytes += size
        if frame.size >= FRAME_BYTES:
            self._flush(kind)
        elif self._bytes >= self._buffered:
            self._flush(max(self._held, key=lambda kind: self._held[kind].size))

    def _flush(self, kind: _Kind) -> None:
        partition, head = kind
        held = self._held.pop(kind)
        self._bytes -= held.size
        if head is None:
            self._index[partition].append(self._frame([line for (line,) in held.parts]))
            return
        offset = self._upload.size
        for parts in _portions(held.parts):
            texts = map(columns.TAB.join, zip(*parts, strict=True))
            self._frame((columns.encoded_head(head), *texts))
        self._index[partition].append((offset, self._upload.size - offset))

    def _finish(self) -> None:
        for kind in sorted(self._held, key=lambda kind: kind[0]):
            self._flush(kind)
        index = msgspec.json.encode({str(partition): frames for partition, frames in self._index.items()})
        self._upload.write(index + len(index).to_bytes(8, "little") + MAGIC)


def _portions(parts: Sequence[Sequence[bytes]]) -> Iterator[Sequence[Sequence[bytes]]]:
    """Yield as many parts at a time as a frame of columns may have; all of one flush lie side by side."""
    portion, size = [], 0
    for texts in parts:
        portion.append(texts)
        size += sum(map(len, texts))
        if size >= COLUMNS_BYTES:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion


def read_lines(staged: Staged) -> Iterator[bytes]:
    """Yield the lines that a LineWriter wrote."""
    source = _source(staged)
    return _lines(source, [(0, source.size)])


def read_frames(staged: Staged) -> Iterator[bytes]:
    """Yield the frames that a LineWriter wrote, in their order."""
    source = _source(staged)
    return _frames(source, [(0, source.size)])


def packed(staged: Staged, partition: int) -> Packed:
    """Return a partition that a PartitionWriter wrote, as it is staged."""
    source = _source(staged)
    ranges = _joined(_index(source).get(str(partition), []))
    return Packed(
        b"".join(piece for start, size in ranges for piece in source.read(start, start + size)), source.name
    )


def frames_of(part: Packed) -> Iterator[bytes]:
    """Yield the frames of a partition, in their order."""
    return _frames(part, [(0, part.size)])


def read_text(place: Location) -> Iterator[bytes]:
    """Yield what a TextWriter wrote, a few hundred kilobytes at a time."""
    source = _source({"bucket": place["bucket"], "key": place["key"]})
    return (piece.content for piece in _decompressed(source, [(0, source.size)]))


class _Object(NamedTuple):
    """Staged data in S3."""

    place: Location
    size: int

    @property
    def name(self) -> str:
        return objects.uri(self.place)

    def read(self, start: int, end: int) -> Iterator[bytes]:
        return objects.read_staged(self.place, start, end)


class Packed(NamedTuple):
    """Staged data in memory: what came with the request, or a partition as it was read."""

    data: bytes
    name: str = "what the request holds of staged data"

    @property
    def size(self) -> int:
        return len(self.data)

    def read(self, start: int, end: int) -> Iterator[bytes]:
        yield self.data[start:end]


def _source(staged: Staged) -> _Object | Packed:
    if "inline" not in staged:
        place: Location = {"bucket": staged["bucket"], "key": staged["key"]}
        return _Object(place, objects.size_of(place))
    try:
        return Packed(base64.b64decode(staged["inline"], validate=True))
    except ValueError as error:
        raise StagedDataBroken("what the request holds of staged data is not Base64") from error


def _index(source: _Object | Packed) -> dict[str, list[Frame]]:
    size = source.size
    tail = b"".join(source.read(max(0, size - TAIL_BYTES), size))
    if len(tail) < 16 or not tail.endswith(MAGIC):
        raise StagedDataBroken(f"{source.name} does not end in an index")
    length = int.from_bytes(tail[-16:-8], "little")
    if length + 16 > size:
        raise StagedDataBroken(f"{source.name} is shorter than its index")
    if length + 16 > len(tail):
        tail = b"".join(source.read(size - length - 16, size))
    try:
        return msgspec.json.decode(tail[-16 - length : -16], type=dict[str, list[Frame]])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise StagedDataBroken(f"{source.name} has an index that cannot be read") from error


def _joined(frames: Sequence[Frame]) -> list[Frame]:
    """Return the ranges that the frames cover: neighbours are read at once."""
    ranges: list[Frame] = []
    for offset, length in frames:
        if ranges and sum(ranges[-1]) == offset:
            ranges[-1] = (ranges[-1][0], ranges[-1][1] + length)
        else:
            ranges.append((offset, length))
    return ranges


def _lines(source: _Object | Packed, ranges: Sequence[Frame]) -> Iterator[bytes]:
    rest = b""
    for piece in _decompressed(source, ranges):
        *whole, rest = (rest + piece.content).split(b"\n")
        yield from whole
    if rest:
        raise StagedDataBroken(f"{source.name} ends inside a line")


def _frames(source: _Object | Packed, ranges: Sequence[Frame]) -> Iterator[bytes]:
    held: list[bytes] = []
    for piece in _decompressed(source, ranges):
        held.append(piece.content)
        if piece.ends_frame:
            frame = b"".join(held)
            held.clear()
            if not frame.endswith(b"\n"):
                raise StagedDataBroken(f"{source.name} ends inside a line")
            yield frame


class _Piece(NamedTuple):
    """Some of the content of a frame."""

    content: bytes
    ends_frame: bool


def _decompressed(source: _Object | Packed, ranges: Sequence[Frame]) -> Iterator[_Piece]:
    """Yield the content of all frames, a few hundred kilobytes at a time."""
    for offset, length in ranges:
        inside = False
        frame: Any = None
        for chunk in source.read(offset, offset + length):
            rest = chunk
            while rest:
                if not inside:
                    frame, inside = zstandard.ZstdDecompressor().decompressobj(), True
                try:
                    piece = frame.decompress(rest)
                except zstandard.ZstdError as error:
                    raise StagedDataBroken(f"{source.name} holds a broken frame") from error
                rest = b""
                if frame.eof:
                    rest, inside = frame.unused_data, False
                yield _Piece(piece, not inside)
        if inside:
            raise StagedDataBroken(f"{source.name} ends inside a frame")
