"""Locks that a process holds for as long as it lives: the kernel frees them, however the process ends."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class AlreadyLocked(Exception):  # noqa: N818 - what happened
    """Another process holds the lock."""


@contextmanager
def held(path: Path, seconds: float = 0.0) -> Iterator[None]:
    """Hold the lock on `path`, waited for at most `seconds`; raises AlreadyLocked."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _take(descriptor, path, time.monotonic() + seconds)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def is_held(path: Path) -> bool:
    """Tell whether a process holds the lock on `path`."""
    if not path.exists():
        return False
    descriptor = os.open(path, os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)


def holder(path: Path) -> int | None:
    """Return the process id of who holds the lock on `path`, None where nobody does."""
    if not is_held(path):
        return None
    text = path.read_text(encoding="ascii")
    return int(text) if text.isdecimal() else None


def wait_until_free(path: Path, seconds: float) -> bool:
    """Wait until no process holds the lock on `path`; tell whether that came true."""
    end = time.monotonic() + seconds
    while is_held(path):
        if time.monotonic() >= end:
            return False
        time.sleep(0.05)
    return True


def _take(descriptor: int, path: Path, end: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                raise AlreadyLocked(str(path)) from None
            time.sleep(0.05)
        else:
            return
