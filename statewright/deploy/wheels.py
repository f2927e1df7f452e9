"""The functions' dependencies as a folder, for the machine that Lambda runs them on.

WheelsError   pip could not install what requirements/functions.txt names
"""

from __future__ import annotations

import fnmatch
import hashlib
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

REQUIREMENTS = Path("requirements") / "functions.txt"
PIP_SECONDS = 600.0
SHOWN_LINES = 12  # of what pip said, in an error

# Lambda's runtime python3.13 is Amazon Linux 2023, which has glibc 2.34; pip takes one tag per --platform.
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
MANYLINUX = ("manylinux_2_34", "manylinux_2_28", "manylinux2014")

# What no function imports, by its place in the folder; a test imports everything else without it.
UNUSED = (
    "bin/*",  # command-line tools
    "*.pyi",
    "*/py.typed",
    "*/__pycache__/*",
    "*/tests/*",
    # Only what licences ask for, and METADATA, which Amazon Inspector reads, stay of a wheel's own data:
    # the rest names the installer.
    "*.dist-info/INSTALLER",
    "*.dist-info/RECORD",
    "*.dist-info/REQUESTED",
    "*.dist-info/WHEEL",
    "*.dist-info/direct_url.json",
    "*.dist-info/top_level.txt",
    "*.dist-info/sboms/*",
    # CPython takes zstandard's C backend; the other one is for PyPy.
    "zstandard/_cffi*",
    "zstandard/backend_cffi.py",
    # The functions use Logger and Metrics alone.
    "aws_lambda_powertools/event_handler/*",
    "aws_lambda_powertools/metrics/provider/datadog/*",
    "aws_lambda_powertools/utilities/[!_]*/*",
)
USED = ("aws_lambda_powertools/utilities/jmespath_utils/*", "aws_lambda_powertools/utilities/typing/*")


class WheelsError(Exception):
    """The dependencies could not be installed."""


@dataclass(frozen=True)
class Target:
    """Where functions run: `python` as MAJOR.MINOR, `architecture` as Lambda has it, None: this machine."""

    python: str
    architecture: str | None

    @property
    def label(self) -> str:
        """Return a name for folders."""
        return f"{self.python}-{self.architecture or 'host'}"

    def pip_options(self) -> list[str]:
        """Return what makes pip choose the target's wheels."""
        if self.architecture is None:
            return ["--only-binary=:all:"]
        machine = {"arm64": "aarch64", "x86_64": "x86_64"}[self.architecture]
        platforms = [f"--platform={tag}_{machine}" for tag in MANYLINUX]
        version = f"--python-version={self.python}"
        return [*platforms, version, "--implementation=cp", "--only-binary=:all:"]


LAMBDA = Target("3.13", "arm64")
HOST = Target(f"{sys.version_info.major}.{sys.version_info.minor}", None)


def wheels(root: Path, target: Target, cache: Path) -> dict[str, Path]:
    """Return the dependencies' files by their place in the package; raises WheelsError.

    They are installed once for each lock file and target, into `cache`.
    """
    lock = root / REQUIREMENTS
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()[:16]
    folder = cache / f"{target.label}-{digest}"
    if not folder.is_dir():
        _install(lock, target, folder)
        _remove_older(cache, target, folder)
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {name: path for name, path in found.items() if is_used(name)}


def is_used(name: str) -> bool:
    """Return whether a file of a wheel, named by its place, belongs into the package."""
    if any(fnmatch.fnmatchcase(name, pattern) for pattern in USED):
        return not name.endswith((".pyi", "/py.typed"))
    return not any(fnmatch.fnmatchcase(name, pattern) for pattern in UNUSED)


def _install(lock: Path, target: Target, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        fresh = Path(temporary) / "wheels"
        command = [
            *(sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "install"),
            *("--require-hashes", "--no-deps", "--no-compile", f"--requirement={lock}", f"--target={fresh}"),
            *target.pip_options(),
        ]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=PIP_SECONDS, check=False)
        except subprocess.TimeoutExpired as error:
            raise WheelsError(f"pip did not install {lock} within {PIP_SECONDS:.0f} s") from error
        if done.returncode:
            said = "\n".join(done.stderr.strip().splitlines()[-SHOWN_LINES:])
            raise WheelsError(f"pip could not install {lock} for {target.label}:\n{said}")
        _publish(fresh, folder)


def _publish(fresh: Path, folder: Path) -> None:
    try:
        fresh.rename(folder)
    except OSError:
        # Another build was faster; what it installed is the same.
        if not folder.is_dir():
            raise


def _remove_older(cache: Path, target: Target, folder: Path) -> None:
    for other in cache.glob(f"{target.label}-*"):
        if other != folder:
            shutil.rmtree(other, ignore_errors=True)
