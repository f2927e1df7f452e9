"""Staged items as a writer needs them: their keys, their places in the file, and their texts for the table.

They come as frames of single items, or of columns; texts of these are joined, many rows at once.
"""

from __future__ import annotations

import functools
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import msgspec

from pipeline import columns, oversize, staging, tables
from pipeline.columns import LINE, OFFSET
from pipeline.items import typed, typed_record
from pipeline.tables import Batch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from concurrent.futures import Future

    from pipeline.columns import Columns
    from pipeline.shapes import ShardOutcome
    from pipeline.staging import Packed
    from pipeline.values import Record

# So many shards are read at once: one of a hundred has little of a partition, and S3 takes 0.1 s for it.
READERS = 8
# What stays in memory of a partition as it is staged, compressed: most have less.
KEPT_BYTES = 2 * 1024 * 1024
_DECODER = msgspec.json.Decoder(tuple[str, int, int, msgspec.Raw])
_RECORDS = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)
_ENCODER = msgspec.json.Encoder()
_MOVED = b'"%b":' % oversize.BODY.encode()
# What stands before a value's JSON and behind it in DynamoDB's JSON.
_TYPED = {"S": (b'{"S":', b"}"), "N": (b'{"N":"', b'"}'), "B": (b'{"BOOL":', b"}")}


class StagedItem(NamedTuple):
    """An item of a partition: its key, its line and its byte in the file, its attributes as JSON."""

    key: str
    line: int
    offset: int
    attributes: msgspec.Raw

    @property
    def record(self) -> Record:
        """Its attributes."""
        return _RECORDS.decode(self.attributes)

    @property
    def item(self) -> bytes:
        """Its attributes as DynamoDB's JSON."""
        return _ENCODER.encode(typed_record({**self.record, LINE: self.line}))

    @property
    def json(self) -> bytes:
        """Its attributes as JSON, all of them, also where the item keeps a part."""
        attributes = bytes(self.attributes)
        if _MOVED in attributes and (place := self.record.get(oversize.BODY)):
            attributes = oversize.whole(place)
        return attributes[:-1] + b',"_line":%d}' % self.line


class Part(Protocol):
    """Some items of a partition."""

    def keys(self) -> Sequence[bytes]:
        """Return the key of each."""
        ...

    def offsets(self) -> Sequence[int]:
        """Return at which byte of the file each begins: no two of a file begin at one."""
        ...

    def at(self, places: Sequence[int]) -> Part:
        """Return the items at these places."""
        ...

    def batches(self, first: int) -> Iterator[Batch]:
        """Yield them as requests of BatchWriteItem, `first` of them in the first batch."""
        ...

    def text(self) -> bytes:
        """Return them as NDJSON, without the last line's end."""
        ...


class Partition:
    """What shards, which are in file order, have staged of a partition; it can be read again and again."""

    def __init__(self, shards: Sequence[ShardOutcome], partition: int) -> None:
        self._shards = shards
        self._partition = partition
        self._kept: list[Packed] = []
        self._room = KEPT_BYTES

    def parts(self) -> Iterator[Records | Rows]:
        """Yield its items; raises StagedDataBroken."""
        before = 0
        for shard, packed in zip(self._shards, self._packed(), strict=True):
            for frame in staging.frames_of(packed):
                yield part_of(frame, before)
            before += shard["lines"]

    def _packed(self) -> Iterator[Packed]:
        """Yield what each shard has, as it is staged; a few are read ahead."""
        yield from [*self._kept]
        reading: deque[Future[Packed]] = deque()
        with ThreadPoolExecutor(READERS) as pool:
            for shard in self._shards[len(self._kept) :]:
                reading.append(pool.submit(staging.packed, shard["staged"], self._partition))
                if len(reading) == READERS:
                    yield self._keep(reading.popleft().result())
            while reading:
                yield self._keep(reading.popleft().result())

    def _keep(self, packed: Packed) -> Packed:
        """Keep the first ones, as far as there is room, for when they are read again."""
        self._room -= len(packed.data)
        if self._room >= 0:
            self._kept.append(packed)
        return packed


def part_of(frame: bytes, before: int) -> Records | Rows:
    """Return the items of a frame; `before` is how many lines the file has before their shard."""
    if columns.is_columns(frame):
        return Rows(columns.decoded(frame), before)
    found = (_DECODER.decode(line) for line in frame.split(b"\n")[:-1])
    return Records([StagedItem(key, before + line, offset, raw) for key, line, offset, raw in found])


class Records:
    """Single items."""

    def __init__(self, found: Sequence[StagedItem]) -> None:
        self.found = found

    def keys(self) -> Sequence[bytes]:
        return [columns.key_text(each.key) for each in self.found]

    def offsets(self) -> Sequence[int]:
        return [each.offset for each in self.found]

    def at(self, places: Sequence[int]) -> Records:
        return Records([self.found[place] for place in places])

    def batches(self, first: int) -> Iterator[Batch]:
        return tables.batches((each.item for each in self.found), first)

    def text(self) -> bytes:
        return b"\n".join([each.json for each in self.found])


class Rows:
    """Items as columns; `before` is how many lines the file has before their shard."""

    def __init__(self, found: Columns, before: int) -> None:
        self._found = found
        self._before = before

    @functools.cached_property
    def _values(self) -> list[list[bytes]]:
        """The texts of each column, their lines those of the file."""
        values = [self._found.tokens(place) for place in range(len(self._found.texts))]
        if self._before:
            at = self._found.head.names.index(LINE)
            values[at] = [b"%d" % (self._before + int(line)) for line in values[at]]
        return values

    def keys(self) -> Sequence[bytes]:
        return self._found.keys()

    def offsets(self) -> Sequence[int]:
        return list(map(int, self._found.tokens(self._found.head.names.index(OFFSET))))

    def at(self, places: Sequence[int]) -> Rows:
        return Rows(self._found.selected(places), self._before)

    def batches(self, first: int) -> Iterator[Batch]:
        head = self._found.head
        typed_ = {name: _TYPED[kind] for name, kind in zip(head.names, head.kinds, strict=True)}
        pieces = _pieces(typed_, {name: _ENCODER.encode(typed(value)) for name, value in head.fixed})
        begin, *between, end = pieces
        texts = self._interleaved([*between, end + tables.NEXT_PUT + begin])
        width, start = 2 * len(between) + 2, 0
        while start < self._found.records:
            items = min(tables.BATCH_ITEMS if start else first, self._found.records - start)
            middle = b"".join(texts[start * width : (start + items) * width - 1])
            yield Batch(items, b"".join((tables.PUT, begin, middle, end, tables.PUT_END)))
            start += items

    def text(self) -> bytes:
        head = self._found.head
        pieces = _pieces(
            dict.fromkeys(head.names, (b"", b"")), {n: _ENCODER.encode(v) for n, v in head.fixed}
        )
        first, *between, last = pieces
        texts = self._interleaved([*between, last + b"\n" + first])
        texts[-1] = last
        return first + b"".join(texts)

    def _interleaved(self, pieces: Sequence[bytes]) -> list[bytes]:
        """Return each record's values with a piece behind each of them."""
        count, width = self._found.records, 2 * len(pieces)
        texts = [b""] * (count * width)
        for place, piece in enumerate(pieces):
            texts[2 * place :: width] = self._values[place]
            texts[2 * place + 1 :: width] = [piece] * count
        return texts


def _pieces(around: Mapping[str, tuple[bytes, bytes]], fixed: Mapping[str, bytes]) -> list[bytes]:
    """Return what stands before, between and behind the values of an object, its fixed ones included."""
    pieces, after = [], b"{"
    for name, (before_value, after_value) in around.items():
        pieces.append(b"%b%b:%b" % (after, _ENCODER.encode(name), before_value))
        after = after_value + b","
    ends = b",".join([b"%b:%b" % (_ENCODER.encode(name), text) for name, text in fixed.items()])
    return [*pieces, (after + ends if ends else after[:-1]) + b"}"]
