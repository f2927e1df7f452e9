"""Staged items as a writer needs them: their keys, their places in the file, and their texts for the table.

They come as frames of single items, or of columns; a template makes a text of each row of these.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import msgspec

from pipeline import columns, staging
from pipeline.columns import LINE, OFFSET
from pipeline.items import typed, typed_record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pipeline.columns import Columns, Head
    from pipeline.shapes import ShardOutcome
    from pipeline.values import Record

_DECODER = msgspec.json.Decoder(tuple[str, int, int, msgspec.Raw])
_RECORDS = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)
_ENCODER = msgspec.json.Encoder()
# DynamoDB's JSON of a value, given its JSON.
_TYPED = {"S": b'{"S":%b}', "N": b'{"N":"%b"}', "B": b'{"BOOL":%b}'}


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
        """Its attributes as JSON."""
        return bytes(self.attributes)[:-1] + b',"_line":%d}' % self.line


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

    def items(self) -> Iterable[bytes]:
        """Return each as DynamoDB's JSON."""
        ...

    def lines(self) -> Iterable[bytes]:
        """Return each as JSON."""
        ...


def parts(shards: Sequence[ShardOutcome], partition: int) -> Iterator[Records | Rows]:
    """Yield the items of a partition; `shards` are in file order. Raises StagedDataBroken."""
    before = 0
    for shard in shards:
        for frame in staging.read_frames(shard["staged"], partition):
            if columns.is_columns(frame):
                yield Rows(columns.decoded(frame), before)
                continue
            found = (_DECODER.decode(line) for line in frame.split(b"\n")[:-1])
            yield Records([StagedItem(key, before + line, offset, raw) for key, line, offset, raw in found])
        before += shard["lines"]


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

    def items(self) -> Iterable[bytes]:
        return (each.item for each in self.found)

    def lines(self) -> Iterable[bytes]:
        return (each.json for each in self.found)


class Rows:
    """Items as columns; `before` is how many lines the file has before their shard."""

    def __init__(self, found: Columns, before: int) -> None:
        self._found = found
        self._before = before

    def keys(self) -> Sequence[bytes]:
        return self._found.keys()

    def offsets(self) -> Sequence[int]:
        return list(map(int, self._found.tokens(self._found.head.names.index(OFFSET))))

    def at(self, places: Sequence[int]) -> Rows:
        return Rows(self._found.selected(places), self._before)

    def items(self) -> Iterable[bytes]:
        return self._filled(_template(_typed_members(self._found.head)))

    def lines(self) -> Iterable[bytes]:
        return self._filled(_template(_plain_members(self._found.head)))

    def _filled(self, template: bytes) -> Iterable[bytes]:
        texts = [self._found.tokens(place) for place in range(len(self._found.texts))]
        place = self._found.head.names.index(LINE)
        if self._before:
            texts[place] = [b"%d" % (self._before + int(line)) for line in texts[place]]
        return map(template.__mod__, zip(*texts, strict=True))


Members = tuple[tuple[str, bytes], ...]
"""Names, and what is a value's text: `%b` stands for its JSON."""


def _typed_members(head: Head) -> Members:
    rows = ((name, _TYPED[kind]) for name, kind in zip(head.names, head.kinds, strict=True))
    return (*rows, *((name, _escaped(_ENCODER.encode(typed(value)))) for name, value in head.fixed))


def _plain_members(head: Head) -> Members:
    rows = ((name, b"%b") for name in head.names)
    return (*rows, *((name, _escaped(_ENCODER.encode(value))) for name, value in head.fixed))


def _escaped(text: bytes) -> bytes:
    return text.replace(b"%", b"%%")


def _template(members: Members) -> bytes:
    named = (b"%b:%b" % (_escaped(_ENCODER.encode(name)), text) for name, text in members)
    return b"{%b}" % b",".join(named)
