"""Bytes by key in a temporary file: what a store in memory keeps of old executions beyond its bound."""

from __future__ import annotations

import tempfile
from typing import IO


class Archive:
    """Keeps bytes until it is closed; the file is made when there is something to keep."""

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None
        self._places: dict[str, tuple[int, int]] = {}

    def put(self, key: str, data: bytes) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the store
        start = self._file.seek(0, 2)
        self._file.write(data)
        self._places[key] = (start, len(data))

    def get(self, key: str) -> bytes | None:
        place = self._places.get(key)
        if place is None or self._file is None:
            return None
        self._file.seek(place[0])
        return self._file.read(place[1])

    def forget(self, key: str) -> None:
        """Give a key up; its place in the file stays taken."""
        self._places.pop(key, None)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
        self._places.clear()
