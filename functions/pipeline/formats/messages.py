"""Messages of a queue as records: one a line, in a frame that keeps its id, its time and its bytes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_DECODER = msgspec.json.Decoder(tuple[str, int, str])
_ENCODER = msgspec.json.Encoder()


class Framed(NamedTuple):
    """A message; `sent` in milliseconds since the epoch."""

    id: str
    sent: int
    body: bytes

    @property
    def rank(self) -> str:
        """A text that grows with time, and is another one for each message: 13 digits last until 2286."""
        return f"{self.sent:013d}-{self.id}"


def message_of(rank: str) -> str:
    """Return the id of the message that has a rank."""
    return rank[14:]


def sent_at(rank: str) -> datetime:
    """Return when the message that has a rank was sent."""
    return datetime.fromtimestamp(int(rank[:13]) / 1000, UTC)


def framed(message: str, sent: int, body: str) -> bytes:
    """Return the line of a message."""
    return _ENCODER.encode((message, sent, body))


def unframed(lines: Iterable[bytes]) -> Iterator[Framed]:
    """Yield the messages of lines that `framed` made."""
    for line in lines:
        message, sent, body = _DECODER.decode(line)
        yield Framed(message, sent, body.encode())
