"""One worker process as its parent sees it: driven by frames, killed with all that it started."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, BinaryIO, cast

import statewright
from statewright.local.worker import EndOfStream, read_frames, write_frames

if TYPE_CHECKING:
    from collections.abc import Mapping

    from statewright.local.code_watch import CodeState

PACKAGE_PARENT = Path(statewright.__file__).resolve().parent.parent
# How long a closing worker may take before it is killed: it only has to notice that its stdin has ended.
CLOSE_SECONDS = 2.0


class WorkerDied(Exception):  # noqa: N818 - what happened
    """The worker ended before it answered; `reason` is worded as Lambda words it, empty for exit status 0."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason or "exited without providing a reason")
        self.reason = reason


class WorkerTimedOut(Exception):  # noqa: N818 - what happened
    """The worker did not answer in time and was killed."""


@dataclass(frozen=True)
class Answer:
    """What a worker said of one invocation; times in milliseconds, memory in MB.

    `size` is the length of the answer; `payload` is empty where that is above Lambda's limit.
    """

    payload: bytes
    failed: bool
    size: int
    memory_mb: int
    load_ms: float
    duration_ms: float


# glibc keeps blocks that a process has freed, up to a size that grows, and a heap for each of its threads: a
# worker would be as large as all of its functions together. So the size is fixed, and the heap is one
# (mallopt(3)); other C libraries do not read it.
KEEPS_LITTLE = {"MALLOC_MMAP_THRESHOLD_": str(512 * 1024), "MALLOC_ARENA_MAX": "1"}


class WorkerProcess:
    """A worker process and the log of its running invocation; not thread safe."""

    def __init__(self, root: Path, environment: Mapping[str, str], code: CodeState = frozenset()) -> None:
        self.code = code  # the state of the modules that it loads
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the worker
        os.set_inheritable(self._log.fileno(), False)
        mine, theirs = os.pipe()
        try:
            # A session of its own: Ctrl-C in the terminal reaches the parent alone, which then ends it.
            self._process = subprocess.Popen(
                [sys.executable, "-u", "-m", "statewright.local.worker", str(root), str(theirs)],
                stdin=subprocess.PIPE,
                stdout=self._log,
                stderr=self._log,
                pass_fds=(theirs,),
                cwd=PACKAGE_PARENT,
                env={**KEEPS_LITTLE, **environment},
                start_new_session=True,
            )
        finally:
            os.close(theirs)
        # Unbuffered: what has been read ahead would not make the descriptor readable again.
        self._answers = cast("BinaryIO", os.fdopen(mine, "rb", buffering=0))

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def run(self, header: Mapping[str, Any], payload: bytes, *, load_seconds: float) -> Answer:
        """Run one invocation; raise WorkerDied or WorkerTimedOut, after which the worker is gone.

        Loading the handler may take `load_seconds` and the function's timeout, running it the timeout.
        """
        self._log.seek(0)
        self._log.truncate()
        timeout = float(header["timeout"])
        try:
            write_frames(cast("BinaryIO", self._process.stdin), header, payload)
            first, answer = self._receive(load_seconds + timeout)
            load_ms = float(first.get("loaded", 0.0))
            started = time.perf_counter()
            if "loaded" in first:
                first, answer = self._receive(timeout)
        except (EndOfStream, BrokenPipeError) as error:
            raise WorkerDied(self._end_reason()) from error
        if first["final"]:
            self._process.wait()
        return Answer(
            answer,
            bool(first["failed"]),
            int(first["size"]),
            int(first["memory"]),
            load_ms,
            (time.perf_counter() - started) * 1000,
        )

    def log_tail(self, size: int) -> bytes:
        """Return the last `size` bytes of what the running (or last) invocation wrote to its log."""
        end = self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, end - size))
        tail = self._log.read(size)
        self._log.seek(0, os.SEEK_END)
        return tail

    def copy_log(self, target: IO[bytes]) -> None:
        """Write the log of the running (or last) invocation to `target`."""
        self._log.seek(0)
        shutil.copyfileobj(self._log, target)

    def kill(self) -> None:
        """End the process and everything that it started, at once."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):  # it has just ended by itself
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def close(self) -> None:
        """Let the process end (its stdin is closed), kill it where it does not, and free what it held."""
        stdin = cast("BinaryIO", self._process.stdin)
        try:
            stdin.close()
            self._process.wait(CLOSE_SECONDS)
        except (BrokenPipeError, subprocess.TimeoutExpired):
            self.kill()
        self._answers.close()
        self._log.close()

    def _receive(self, seconds: float) -> tuple[dict[str, Any], bytes]:
        readable = select.poll()
        readable.register(self._answers, select.POLLIN)
        if not readable.poll(max(0.0, seconds) * 1000):
            self.kill()
            raise WorkerTimedOut
        return read_frames(self._answers)

    def _end_reason(self) -> str:
        try:
            code = self._process.wait(CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            return "signal: killed"
        if code < 0:
            return f"signal: {(signal.strsignal(-code) or str(-code)).lower()}"
        return f"exit status {code}" if code else ""
