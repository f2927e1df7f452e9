"""Doing something again whenever files change: looked at four times a second, no library needed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

_SECONDS = 0.25
_ENDINGS = (".json", ".asl")


def at_each_change(places: Callable[[], Iterable[Path]], act: Callable[[], None]) -> None:
    """Act, and again at each change of the JSON files below some places, until the user interrupts."""
    seen = None
    try:
        while True:
            now = _stamps(places())
            if now != seen:
                seen = now
                act()
            time.sleep(_SECONDS)
    except KeyboardInterrupt:
        return


def _stamps(places: Iterable[Path]) -> dict[Path, tuple[int, int]]:
    found = {}
    for place in places:
        for file in place.rglob("*") if place.is_dir() else (place,):
            if not file.name.endswith(_ENDINGS):
                continue
            try:
                stat = file.stat()
            except OSError:  # gone since it was listed
                continue
            found[file] = (stat.st_mtime_ns, stat.st_size)
    return found
