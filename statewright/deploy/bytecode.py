"""Modules compiled for the functions' Python, so that a cold start does not compile them.

The task root is read-only, so Lambda would compile every module in every new execution environment.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Where Lambda unpacks the package: https://docs.aws.amazon.com/lambda/latest/dg/python-package.html
TASK_ROOT = "/var/task"
SECONDS = 120.0
# Where pyenv and uv keep interpreters that are not on the PATH.
INSTALLED = ("~/.pyenv/versions", "~/.local/share/uv/python")

# Hashes are not checked at import: sources and bytecode come from one build.
_COMPILE = """
import json, os, py_compile, sys
root, names = sys.argv[1], json.load(sys.stdin)
written = {}
for name in names:
    path = os.path.join(root, name)
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    made = py_compile.compile(path, dfile=f"{sys.argv[2]}/{name}", doraise=True, invalidation_mode=mode)
    written[name] = os.path.relpath(made, root)
json.dump(written, sys.stdout)
"""
_VERSION = "import sys; print('.'.join(map(str, sys.version_info[:3])), sys.implementation.name)"


class BytecodeError(Exception):
    """A module does not compile."""


def interpreter(python: str) -> tuple[str, str] | None:
    """Return the path and the full version of a CPython `python` (MAJOR.MINOR) at hand, or None."""
    for candidate in _candidates(python):
        version, _, implementation = _said_of_itself(candidate).partition(" ")
        if version.startswith(f"{python}.") and implementation == "cpython":
            return candidate, version
    return None


def _candidates(python: str) -> Iterator[str]:
    yield sys.executable
    if on_path := shutil.which(f"python{python}"):
        yield on_path
    for folder in INSTALLED:
        yield from (str(path) for path in sorted(Path(folder).expanduser().glob(f"*{python}.*/bin/python3")))


def _said_of_itself(executable: str) -> str:
    command = [executable, "-c", _VERSION]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


def compiled(modules: Mapping[str, bytes], executable: str) -> dict[str, bytes]:
    """Return the bytecode of modules, named as the interpreter looks for it; raises BytecodeError.

    Equal modules give equal bytes: they are compiled in one order, by one process, with fixed hashes.
    """
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name, body in modules.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(body)
        done = subprocess.run(
            [executable, "-S", "-c", _COMPILE, folder, TASK_ROOT],
            input=json.dumps(sorted(modules)),
            env={"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        if done.returncode:
            raise BytecodeError(f"{executable} does not compile the package:\n{done.stderr.strip()[-2000:]}")
        written: dict[str, str] = json.loads(done.stdout)
        return {name: (root / name).read_bytes() for name in sorted(written.values())}
