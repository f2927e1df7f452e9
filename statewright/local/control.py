"""Starting and stopping a local cloud from another process.

ControlError
  AlreadyUp     a cloud uses the state folder; `record` tells of it
  StartFailed   the daemon says why it did not start
  StopFailed    the daemon does not end
PortTaken (statewright.local.ports) comes from `start_cloud` too.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import statewright
from statewright.local import locks
from statewright.local.emulator import STOP_SECONDS as EMULATOR_STOP_SECONDS
from statewright.local.places import CloudRecord, CloudSettings, Places, read_record
from statewright.local.ports import PortTaken, check_free

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

OTHER_START_SECONDS = 60.0  # how long a start that somebody else began may take
# The daemon lets executions end for 20 s, then the emulator writes its state.
STOP_SECONDS = EMULATOR_STOP_SECONDS + 30.0
PATIENT_SECONDS = 5.0  # what takes longer is explained
# What a command of a user's shell must not hand on: it is the local cloud that it would misdirect.
NOT_INHERITED = ("AWS_", "STATEWRIGHT_", "MINISTACK_")


class ControlError(Exception):
    """A local cloud could not be started or stopped."""


class AlreadyUp(ControlError):  # noqa: N818 - what is the case
    """A local cloud is up already."""

    def __init__(self, record: CloudRecord) -> None:
        super().__init__(f"the local cloud is up already: {record.endpoint}, {record.sfn_endpoint}")
        self.record = record


class StartFailed(ControlError):  # noqa: N818 - what happened
    """The daemon ended before it was ready."""

    def __init__(self, reason: str, log: Path) -> None:
        super().__init__(f"the local cloud did not start: {reason} (log: {log})")


class StopFailed(ControlError):  # noqa: N818 - what happened
    """The daemon does not end."""


class _LockedMeanwhile(ControlError):  # noqa: N818 - what happened
    """Another start came between the check and the daemon's own lock."""


def start_cloud(
    settings: CloudSettings, progress: Callable[[str], None], *, tied: bool = False
) -> tuple[CloudRecord, subprocess.Popen[bytes]]:
    """Start a daemon and return when it is ready; raises AlreadyUp, PortTaken, StartFailed.

    A `tied` daemon stops when this process ends, or closes the daemon's stdin.
    """
    check_startable(settings)
    settings.places.make()
    reading, writing = os.pipe()
    try:
        daemon = _spawn(settings, writing, tied=tied)
    finally:
        os.close(writing)
    log = settings.places.logs / "daemon.log"
    try:
        with os.fdopen(reading, encoding="utf-8") as reports:
            _await_ready(reports, progress, log)
    except _LockedMeanwhile:
        daemon.wait(STOP_SECONDS)
        check_startable(settings)
        raise StartFailed("another start came first, and ended", log) from None
    except BaseException:  # Ctrl-C included: what is not ready is of no use to anybody
        daemon.terminate()
        daemon.wait(STOP_SECONDS)
        raise
    record = read_record(settings.places)
    if record is None:
        raise StartFailed("it ended at once", log)
    return record, daemon


def check_startable(settings: CloudSettings) -> None:
    """Raise AlreadyUp or PortTaken where a cloud cannot start; wait for one that just starts or ends."""
    while True:
        _await_other_start(settings.places)
        locks.wait_until_free(settings.places.emulator_lock, OTHER_START_SECONDS)
        try:
            check_free(settings.port, "--port")
            check_free(settings.sfn_port, "--sfn-port")
        except PortTaken:
            if not locks.is_held(settings.places.lock):
                raise
        else:
            return


def _await_other_start(places: Places) -> None:
    """Raise AlreadyUp as soon as a start that somebody else began is ready."""
    end = time.monotonic() + OTHER_START_SECONDS
    while locks.is_held(places.lock):
        record = read_record(places)
        if record is not None:
            raise AlreadyUp(record)
        if time.monotonic() >= end:
            raise StartFailed("another start has not become ready", places.logs / "daemon.log")
        time.sleep(0.1)


def stop_cloud(places: Places, progress: Callable[[str], None] = lambda _: None) -> bool:
    """Stop the cloud that is up or starting, its state kept; tell whether there was one.

    `progress` hears why it takes long. Raises StopFailed.
    """
    pid = locks.holder(places.lock)
    if pid is None:
        return False
    _signal(pid, signal.SIGTERM)
    if not locks.wait_until_free(places.lock, PATIENT_SECONDS):
        progress("executions may end, then the data services write their state")
    if not locks.wait_until_free(places.lock, STOP_SECONDS):
        _signal(pid, signal.SIGKILL)
        locks.wait_until_free(places.lock, 5.0)
    if not locks.wait_until_free(places.emulator_lock, STOP_SECONDS):
        raise StopFailed(f"process {locks.holder(places.emulator_lock)} still holds {places.emulator}")
    return True


def discard_cloud(places: Places) -> None:
    """End a cloud at once with all its processes; what it held is lost. Raises StopFailed."""
    for lock in (places.emulator_lock, places.lock):  # the workers end with the daemon's pipes
        pid = locks.holder(lock)
        if pid is not None:
            _signal(pid, signal.SIGKILL)
    for lock in (places.lock, places.emulator_lock):
        if not locks.wait_until_free(lock, PATIENT_SECONDS):
            raise StopFailed(f"process {locks.holder(lock)} still holds {lock}")


def wipe(places: Places) -> None:
    """Remove the state of a cloud that is not up; other files in its folder stay."""
    for folder in (places.emulator, places.logs):
        shutil.rmtree(folder, ignore_errors=True)
    for file in (
        places.record,
        places.lock,
        places.schedules,
        *places.folder.glob(places.executions.name + "*"),
    ):
        file.unlink(missing_ok=True)
    if places.folder.is_dir() and not any(places.folder.iterdir()):
        places.folder.rmdir()


def _spawn(settings: CloudSettings, report_fd: int, *, tied: bool) -> subprocess.Popen[bytes]:
    places = settings.places
    arguments = {
        "--project": settings.project.root,
        "--state": places.folder,
        "--port": settings.port,
        "--sfn-port": settings.sfn_port,
        "--workers": settings.workers,
        "--report-fd": report_fd,
    }
    command = [sys.executable, "-P", "-m", "statewright.local.daemon"]
    for option, value in arguments.items():
        command += [option, str(value)]
    with (places.logs / "daemon.log").open("ab") as log:
        return subprocess.Popen(
            command + (["--tied"] if tied else []),
            stdin=subprocess.PIPE if tied else subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=_environment(),
            cwd=settings.project.root,
            pass_fds=(report_fd,),
            start_new_session=True,
        )


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(NOT_INHERITED)}
    return {**kept, "PYTHONPATH": str(Path(statewright.__file__).parents[1])}


def _await_ready(reports: Iterable[str], progress: Callable[[str], None], log: Path) -> None:
    for line in reports:
        report = json.loads(line)
        if "ready" in report:
            return
        if "locked" in report:
            raise _LockedMeanwhile
        if "error" in report:
            raise StartFailed(report["error"], log)
        progress(report["progress"])
    raise StartFailed("its process ended", log)


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
