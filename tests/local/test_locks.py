"""Locks that end with their holder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from statewright.local import locks

if TYPE_CHECKING:
    from pathlib import Path

HOLD = """
import sys, time
from pathlib import Path
from statewright.local import locks
with locks.held(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_lock_is_held_inside_and_free_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not locks.is_held(path)

    with locks.held(path):
        assert locks.is_held(path)
        assert locks.holder(path) == os.getpid()

    assert not locks.is_held(path)
    assert locks.holder(path) is None


def test_a_second_holder_is_refused(tmp_path: Path) -> None:
    with locks.held(tmp_path / "lock"), pytest.raises(locks.AlreadyLocked), locks.held(tmp_path / "lock"):
        pass


def test_the_lock_of_a_killed_process_is_free_at_once(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        assert locks.holder(path) == process.pid

        process.send_signal(signal.SIGKILL)
        process.wait()

    assert locks.wait_until_free(path, 0.0)


def test_waiting_for_a_lock_ends_when_the_time_is_over(tmp_path: Path) -> None:
    with locks.held(tmp_path / "lock"):
        assert not locks.wait_until_free(tmp_path / "lock", 0.1)
