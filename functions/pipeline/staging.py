"""Staged data between the functions: NDJSON in frames of zstd, plain or sorted into partitions.

They lie in objects of S3 or, where they are small and the request brought its records with it, inside the
answer itself: the same bytes in Base64. Partitioned data end in an index, as Parquet files do: the index as
JSON, its length in 8 bytes (little endian), a magic number. A reader asks for the index, then for its
partition's frames only.
"""

from __future__ import annotations

import base64
from abc import ABC, abstractmethod
from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import msgspec
import zstandard

from pipeline import objects
from pipeline.errors import StagedDataBroken

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    from pipeline.shapes import File, Location, Staged

# Level 1 compresses NDJSON fivefold at the speed of the network.
LEVEL = 1
FRAME_BYTES = 1024 * 1024
# All partitions' unwritten lines together: what a writer holds in memory.
BUFFERED_BYTES = 32 * 1024 * 1024
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

    def _frame_of(self, content: bytes) -> Frame:
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
            self._frame_of(bytes(self._text))
            self._text.clear()


class PartitionWriter(_Staged):
    """Writes lines sorted into partitions; within a partition they keep their order."""

    def __init__(self, place: Location, buffered: int = BUFFERED_BYTES, *, inline: int = 0) -> None:
        super().__init__(place, inline)
        self._lines: defaultdict[int, list[bytes]] = defaultdict(list)
        self._sizes: defaultdict[int, int] = defaultdict(int)
        self._held = 0
        self._buffered = buffered
        self._index: defaultdict[int, list[Frame]] = defaultdict(list)

    def add(self, partition: int, line: bytes) -> None:
        """Append a line (without its end) to a partition."""
        self._lines[partition].append(line)
        self._sizes[partition] += len(line) + 1
        self._held += len(line) + 1
        if self._sizes[partition] >= FRAME_BYTES:
            self._flush(partition)
        elif self._held >= self._buffered:
            self._flush(max(self._sizes, key=self._sizes.__getitem__))

    def _flush(self, partition: int) -> None:
        self._index[partition].append(self._frame(self._lines.pop(partition)))
        self._held -= self._sizes.pop(partition)

    def _finish(self) -> None:
        for partition in sorted(self._lines):
            self._flush(partition)
        index = msgspec.json.encode({str(partition): frames for partition, frames in self._index.items()})
        self._upload.write(index + len(index).to_bytes(8, "little") + MAGIC)


def read_lines(staged: Staged) -> Iterator[bytes]:
    """Yield the lines that a LineWriter wrote."""
    source = _source(staged)
    return _lines(source, [(0, source.size)])


def read_text(place: Location) -> Iterator[bytes]:
    """Yield what a TextWriter wrote, a few hundred kilobytes at a time."""
    source = _source({"bucket": place["bucket"], "key": place["key"]})
    return _decompressed(source, [(0, source.size)])


def read_partition(staged: Staged, partition: int) -> Iterator[bytes]:
    """Yield the lines of one partition that a PartitionWriter wrote, in their order."""
    source = _source(staged)
    return _lines(source, _joined(_index(source).get(str(partition), [])))


class _Object(NamedTuple):
    """Staged data in S3."""

    place: Location
    size: int

    @property
    def name(self) -> str:
        return objects.uri(self.place)

    def read(self, start: int, end: int) -> Iterator[bytes]:
        return objects.read_staged(self.place, start, end)


class _Handed(NamedTuple):
    """Staged data that came with the request."""

    data: bytes
    name: str = "what the request holds of staged data"

    @property
    def size(self) -> int:
        return len(self.data)

    def read(self, start: int, end: int) -> Iterator[bytes]:
        yield self.data[start:end]


def _source(staged: Staged) -> _Object | _Handed:
    if "inline" not in staged:
        place: Location = {"bucket": staged["bucket"], "key": staged["key"]}
        return _Object(place, objects.size_of(place))
    try:
        return _Handed(base64.b64decode(staged["inline"], validate=True))
    except ValueError as error:
        raise StagedDataBroken("what the request holds of staged data is not Base64") from error


def _index(source: _Object | _Handed) -> dict[str, list[Frame]]:
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


def _lines(source: _Object | _Handed, ranges: Sequence[Frame]) -> Iterator[bytes]:
    rest = b""
    for piece in _decompressed(source, ranges):
        *whole, rest = (rest + piece).split(b"\n")
        yield from whole
    if rest:
        raise StagedDataBroken(f"{source.name} ends inside a line")


def _decompressed(source: _Object | _Handed, ranges: Sequence[Frame]) -> Iterator[bytes]:
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
                    yield frame.decompress(rest)
                except zstandard.ZstdError as error:
                    raise StagedDataBroken(f"{source.name} holds a broken frame") from error
                rest = b""
                if frame.eof:
                    rest, inside = frame.unused_data, False
        if inside:
            raise StagedDataBroken(f"{source.name} ends inside a frame")
