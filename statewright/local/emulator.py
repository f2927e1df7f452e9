"""The emulated data services as a child process: started, waited for, stopped so that their state is kept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import statewright

if TYPE_CHECKING:
    from typing import IO

# What the pipeline and its tests use. Lambda and Step Functions are not among them: ours answer elsewhere.
SERVICES = "s3,dynamodb,sqs,sns,events,scheduler,ssm,sts,kms,monitoring,logs"
# The state of all services is read at a start, and the journal after a kill: a million items take minutes.
START_SECONDS = 900.0
# The state of all services is written on a stop: a million items take minutes, and a kill would lose them.
STOP_SECONDS = 900.0
INHERITED = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH")


class EmulatorFailed(Exception):  # noqa: N818 - what happened
    """The emulator did not start or did not end well; `log` is where it says why."""

    def __init__(self, reason: str, log: Path) -> None:
        super().__init__(f"the emulator of the data services {reason}; see {log}")
        self.log = log


class Emulator:
    """MiniStack on 127.0.0.1:`port`, with its state in `folder` and its output in `log`.

    The child ends when `stop` is called or this process ends, whatever ends it: then its stdin closes.
    """

    def __init__(self, port: int, folder: Path, log: Path) -> None:
        self.endpoint = f"http://127.0.0.1:{port}"
        self._log = log
        for each in (folder, folder / "state", folder / "objects", log.parent):
            each.mkdir(parents=True, exist_ok=True, mode=0o700)
        with log.open("ab") as output:
            self._process = _start(port, folder, output)

    @property
    def pid(self) -> int:
        """The process id of the child."""
        return self._process.pid

    def wait_until_ready(self, seconds: float = START_SECONDS) -> None:
        """Return when requests are answered; raises EmulatorFailed."""
        end = time.monotonic() + seconds
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        while time.monotonic() < end:
            code = self._process.poll()
            if code is not None:
                raise EmulatorFailed(f"ended with exit code {code}", self._log)
            try:
                with opener.open(f"{self.endpoint}/_ministack/ready", timeout=2) as answer:
                    if answer.status == 200:
                        return
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        raise EmulatorFailed(f"was not ready within {seconds:.0f} s", self._log)

    def alive(self) -> bool:
        """Tell whether the child runs."""
        return self._process.poll() is None

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Let the child write its state and end; kill it where it does not, which raises EmulatorFailed."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            reason = f"had not written its state after {seconds:.0f} s and was killed: what changed is lost"
            raise EmulatorFailed(reason, self._log) from None


def _start(port: int, folder: Path, output: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [
            sys.executable,
            "-P",
            "-m",
            "statewright.local.emulator_process",
            "--port",
            str(port),
            "--lock",
            str(emulator_lock(folder)),
        ],
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=_environment(port, folder),
        cwd=folder,
    )


def emulator_lock(folder: Path) -> Path:
    """Return the file that an emulator holds locked while it uses `folder`."""
    return folder / "lock"


def _environment(port: int, folder: Path) -> dict[str, str]:
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return {
        **inherited,
        "PYTHONPATH": str(Path(statewright.__file__).parents[1]),
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",  # the host in queue URLs
        "GATEWAY_PORT": str(port),
        "SERVICES": SERVICES,
        "PERSIST_STATE": "1",
        "STATE_DIR": str(folder / "state"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(folder / "objects"),
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        # It looks for containers of its own on the machine's Docker and removes them: there is none for us.
        "DOCKER_HOST": f"unix://{folder}/no-docker",
        "LOG_LEVEL": "WARNING",
    }
