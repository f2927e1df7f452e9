"""The events of one history, kept out of memory: a file without a name holds them, an index where each is."""

from __future__ import annotations

import json
import tempfile
import threading
from array import array
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Json = Any
Event = dict[str, Any]


class EventLog:
    """Events by id, from 1 and without gaps; safe to read from several threads."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the log
        self._starts = array("q", [0])
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._starts) - 1

    def append(self, event: Mapping[str, Json]) -> Event:
        """Keep the next event; return it as JSON has it, its time in seconds."""
        plain = {name: _plain(value) for name, value in event.items()}
        line = json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
        with self._lock:
            self._file.seek(self._starts[-1])
            self._file.write(line)
            self._starts.append(self._starts[-1] + len(line))
        return plain

    def get(self, number: int) -> Event:
        """Return the event of an id; raises IndexError."""
        if not 1 <= number <= len(self):
            raise IndexError(number)
        start, stop = self._starts[number - 1], self._starts[number]
        with self._lock:
            self._file.seek(start)
            line = self._file.read(stop - start)
        event: Event = json.loads(line.decode("utf-8", "surrogatepass"))
        return event

    def between(self, first: int, last: int) -> Iterator[Event]:
        """Give the events from an id to another, both included."""
        for number in range(max(first, 1), min(last, len(self)) + 1):
            yield self.get(number)

    def close(self) -> None:
        """Give the file back."""
        self._file.close()


def details(event: Event) -> dict[str, Json]:
    """Return the details of an event, {} where it has none."""
    for name, value in event.items():
        if name.endswith("EventDetails") and isinstance(value, dict):
            return value
    return {}


def seconds(moment: Json) -> float:
    """Return a time as seconds since 1970."""
    return moment.timestamp() if isinstance(moment, datetime) else float(moment or 0)


def _plain(value: Json) -> Json:
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return value
