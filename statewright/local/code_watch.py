"""Whether the modules under a folder have changed."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# How often the folder is looked at: a scan costs about a millisecond, an edit and a new run take longer.
LOOK_SECONDS = 0.25

CodeState = frozenset[tuple[str, int, int]]


class CodeWatch:
    """Tells the state of the Python modules under a folder; thread safe."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.Lock()
        self._looked_at = float("-inf")
        self._state: CodeState = frozenset()

    def state(self) -> CodeState:
        """Return paths, times and sizes of the modules, at most a quarter of a second old."""
        with self._lock:
            if time.monotonic() - self._looked_at >= LOOK_SECONDS:
                self._state = frozenset(_describe(self._root))
                self._looked_at = time.monotonic()
            return self._state


def _describe(root: Path) -> list[tuple[str, int, int]]:
    found = []
    for module in root.rglob("*.py"):
        try:
            status = module.stat()
        except OSError:  # an editor replaces files: it is seen again at the next look
            continue
        found.append((str(module), status.st_mtime_ns, status.st_size))
    return found
