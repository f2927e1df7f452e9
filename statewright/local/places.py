"""Where a local cloud keeps its files, and how another process finds one that is up."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from statewright.local import locks

if TYPE_CHECKING:
    from pathlib import Path

    from statewright.project import Project

DEFAULT_PORT = 4566  # the emulator's usual port
DEFAULT_SFN_PORT = 8083  # AWS Step Functions Local's


@dataclass(frozen=True)
class Places:
    """The files and folders under a state folder."""

    folder: Path

    @property
    def lock(self) -> Path:
        """Held by the daemon for as long as it lives."""
        return self.folder / "daemon.lock"

    @property
    def record(self) -> Path:
        """Tells of the cloud that is up."""
        return self.folder / "cloud.json"

    @property
    def emulator(self) -> Path:
        """The state of the data services."""
        return self.folder / "emulator"

    @property
    def emulator_lock(self) -> Path:
        """Held by the emulator while it uses its folder."""
        return self.emulator / "lock"

    @property
    def executions(self) -> Path:
        """The database of state machines, executions and histories."""
        return self.folder / "executions.db"

    @property
    def schedules(self) -> Path:
        """Remembers up to when schedules were started."""
        return self.folder / "schedules.json"

    @property
    def logs(self) -> Path:
        """Log files of the daemon, the emulator and each function."""
        return self.folder / "logs"

    def make(self) -> None:
        """Create the folders; only this user may look into them."""
        for each in (self.folder, self.emulator, self.logs):
            each.mkdir(parents=True, exist_ok=True, mode=0o700)


@dataclass(frozen=True)
class CloudSettings:
    """What a local cloud runs: a project, its ports on loopback, its state, how many function workers."""

    project: Project
    places: Places
    port: int
    sfn_port: int
    workers: int = 2


@dataclass(frozen=True)
class CloudRecord:
    """A cloud that is up: its process, its endpoints (URLs), when it started (ISO 8601)."""

    pid: int
    endpoint: str
    sfn_endpoint: str
    started_at: str


def write_record(places: Places, record: CloudRecord) -> None:
    """Tell other processes of a cloud."""
    draft = places.record.with_suffix(".new")
    draft.write_text(json.dumps(asdict(record), indent=2) + "\n", encoding="utf-8")
    draft.replace(places.record)


def read_record(places: Places) -> CloudRecord | None:
    """Return the cloud that is up and ready, None where there is none."""
    if not locks.is_held(places.lock):
        return None
    try:
        return CloudRecord(**json.loads(places.record.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


def forget_record(places: Places) -> None:
    """Remove what was told of a cloud, if this process told it."""
    record = read_record(places)
    if record is not None and record.pid == os.getpid():
        places.record.unlink(missing_ok=True)
