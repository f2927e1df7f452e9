"""Records as columns: what each has under one name, as JSON texts side by side.

Where thousands of records have the same members, each a string, a number or a boolean, their JSON texts are
carried from function to function as they stand in the file. So no digit is lost, and nothing is decoded that
is only handed on.

Staged, columns are one frame: their Head as JSON, then a line for each column, its texts separated by tabs.
JSON holds no tab inside a string, so nothing needs quoting. A frame of single records begins with `[`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Self

import msgspec

from pipeline.errors import StagedDataBroken

if TYPE_CHECKING:
    from collections.abc import Sequence

TAB, NEWLINE = b"\t", b"\n"
_COMMAS = bytes.maketrans(TAB, b",")
# Columns of the pipeline's own: where each record stands.
LINE, OFFSET = "_line", "_offset"


class Head(msgspec.Struct, frozen=True):
    """What is true of all records: names of the columns, their types in DynamoDB, and what has one value.

    `kinds` has a letter for each name: S, N, or B for BOOL. `keys` are the places of the key's columns,
    `fixed` the attributes that are the same in each item: of staged items only.
    """

    names: tuple[str, ...]
    kinds: str
    keys: tuple[int, ...] = ()
    fixed: tuple[tuple[str, str | int | bool], ...] = ()


class Columns(NamedTuple):
    """So many records: for each name of the head their texts, joined by tabs."""

    head: Head
    records: int
    texts: tuple[bytes, ...]

    def tokens(self, place: int) -> list[bytes]:
        """Return the JSON texts of one column; raises StagedDataBroken."""
        tokens = self.texts[place].split(TAB)
        if len(tokens) != self.records:
            raise StagedDataBroken("staged columns have not one text for each record")
        return tokens

    def selected(self, places: Sequence[int]) -> Self:
        """Return the records at these places."""
        columns = (self.tokens(column) for column in range(len(self.texts)))
        return self._replace(
            records=len(places),
            texts=tuple(TAB.join([tokens[place] for place in places]) for tokens in columns),
        )

    def keys(self) -> list[bytes]:
        """Return each item's key, as `key_text` has it."""
        first, *others = (self.tokens(place) for place in self.head.keys)
        return first if not others else [b"%b,%b" % pair for pair in zip(first, *others, strict=True)]


def key_text(key: str) -> bytes:
    """Return what stands for a key where keys are compared: the texts of its parts, without the brackets."""
    return key[1:-1].encode()


def values(text: bytes, decoder: msgspec.json.Decoder[Any]) -> Any:
    """Return the values of one column; raises msgspec.DecodeError, UnicodeDecodeError."""
    return decoder.decode(b"[%b]" % text.translate(_COMMAS))


_HEADS = msgspec.json.Decoder(Head)


def is_columns(frame: bytes) -> bool:
    """Return whether a frame holds columns, not single records."""
    return frame.startswith(b"{")


def decoded(frame: bytes) -> Columns:
    """Return what a frame holds; raises StagedDataBroken."""
    head_text, *texts, end = frame.split(NEWLINE)
    try:
        head = _HEADS.decode(head_text)
    except msgspec.DecodeError as error:
        raise StagedDataBroken("the head of staged columns cannot be read") from error
    if end or not texts or len(texts) != len(head.names):
        raise StagedDataBroken("staged columns have not one text for each name")
    return Columns(head, texts[0].count(TAB) + 1, tuple(texts))


def record(found: Columns, tokens: Sequence[bytes]) -> bytes:
    """Return one record as a JSON object, without the columns of the pipeline's own."""
    members = [
        b"%b:%b" % (msgspec.json.encode(name), token)
        for name, token in zip(found.head.names, tokens, strict=True)
        if name not in (LINE, OFFSET)
    ]
    return b"{%b}" % b",".join(members)


def encoded_head(head: Head) -> bytes:
    """Return the first line of a frame."""
    return msgspec.json.encode(head)
