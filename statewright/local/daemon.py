"""The process of a local cloud: `python -m statewright.local.daemon`, started by `statewright up`.

It tells its starter how it goes on the descriptor `--report-fd`, one JSON object a line: {"progress": text},
then {"ready": true} or {"error": text}. SIGTERM, SIGINT and SIGHUP stop it gracefully. It holds the lock of
its state folder for as long as it lives.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from statewright.engine.errors import ApiError
from statewright.local import locks
from statewright.local.cloud import run_cloud
from statewright.local.deploy import DeployError
from statewright.local.emulator import EmulatorFailed
from statewright.local.names import UnknownPlaceholder
from statewright.local.places import CloudRecord, CloudSettings, Places
from statewright.project import ProjectError, read_project

if TYPE_CHECKING:
    from collections.abc import Callable

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
# Why a cloud does not start, in words of its own; anything else is a mistake of this program.
START_ERRORS = (
    ApiError,
    BotoCoreError,
    ClientError,
    DeployError,
    EmulatorFailed,
    OSError,
    ProjectError,
    UnknownPlaceholder,
)

_log = logging.getLogger(__name__)


def run_until_stopped(
    settings: CloudSettings,
    ready: Callable[[CloudRecord], None],
    progress: Callable[[str], None],
    *,
    tied: bool = False,
) -> None:
    """Run a local cloud in this process until a signal stops it; raises AlreadyLocked and START_ERRORS.

    A cloud that is `tied` also stops when its stdin ends, which is when the process at its other end does.
    """
    settings.places.make()
    with locks.held(settings.places.lock):
        asyncio.run(_run(settings, ready, progress, tied=tied))


async def _run(
    settings: CloudSettings,
    ready: Callable[[CloudRecord], None],
    progress: Callable[[str], None],
    *,
    tied: bool,
) -> None:
    loop = asyncio.get_running_loop()
    cloud = loop.create_task(run_cloud(settings, ready, progress))
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, cloud.cancel)
    if tied:
        loop.add_reader(0, _stop_at_end_of_stdin, loop, cloud)
    with contextlib.suppress(asyncio.CancelledError):
        await cloud


def _stop_at_end_of_stdin(loop: asyncio.AbstractEventLoop, cloud: asyncio.Task[None]) -> None:
    if not os.read(0, 4096):
        loop.remove_reader(0)
        cloud.cancel()


class _Reporter:
    """Writes to the starter until it has gone."""

    def __init__(self, descriptor: int) -> None:
        os.set_inheritable(descriptor, False)
        self._stream = os.fdopen(descriptor, "w", encoding="utf-8")

    def progress(self, text: str) -> None:
        self._write({"progress": text})

    def ready(self, record: CloudRecord) -> None:
        _log.info("ready: %s %s", record.endpoint, record.sfn_endpoint)
        self._write({"ready": True})
        self._close()

    def locked(self) -> None:
        self._write({"locked": True})
        self._close()

    def failed(self, reason: str) -> None:
        self._write({"error": reason})
        self._close()

    def _write(self, report: dict[str, object]) -> None:
        with contextlib.suppress(OSError, ValueError):  # the starter went, or was told already
            self._stream.write(json.dumps(report) + "\n")
            self._stream.flush()

    def _close(self) -> None:
        with contextlib.suppress(OSError):
            self._stream.close()


def main() -> int:
    """Run the local cloud that the arguments describe."""
    parser = argparse.ArgumentParser(prog="statewright.local.daemon")
    parser.add_argument("--project", type=Path, required=True)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--sfn-port", type=int, required=True)
    parser.add_argument("--workers", type=int, required=True)
    parser.add_argument("--report-fd", type=int, required=True)
    parser.add_argument("--tied", action="store_true")
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    reporter = _Reporter(given.report_fd)
    try:
        project = read_project(given.project)
        settings = CloudSettings(project, Places(given.state), given.port, given.sfn_port, given.workers)
        run_until_stopped(settings, reporter.ready, reporter.progress, tied=given.tied)
    except locks.AlreadyLocked:
        reporter.locked()
        return 1
    except START_ERRORS as error:
        _log.exception("the local cloud ends")
        reporter.failed(start_error(error))
        return 1
    return 0


def start_error(error: BaseException) -> str:
    """Return one line on why a cloud did not start."""
    if isinstance(error, ApiError):
        return f"{error.code}: {error.message}"
    return str(error) or type(error).__name__


if __name__ == "__main__":
    sys.exit(main())
