"""Asks a project's own functions, in a process of their own: their code is not ours, and may be broken."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import statewright
from statewright.project import ProjectError

if TYPE_CHECKING:
    from statewright.project import Project

SECONDS = 60.0


class NoAnswer(ProjectError):  # noqa: N818 - what happened
    """The functions gave none; the message says which question, and what they said last."""


def ask(project: Project, module: str, question: str, said: Any = None) -> Any:
    """Run a module of ours over a project's functions and schemas; return what it prints, read as JSON.

    It is given `said` as JSON, and no variable of the environment that could name an account. `question`
    ends "the functions cannot tell …". Raises NoAnswer.
    """
    folders = [f"--{name}={project.root / name}" for name in ("functions", "schemas")]
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "HOME") if name in os.environ}
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", module, *folders],
            input=json.dumps(said).encode(),
            capture_output=True,
            timeout=SECONDS,
            env={**kept, "PYTHONPATH": str(Path(statewright.__file__).parents[1])},
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise NoAnswer(f"the functions cannot tell {question} within {SECONDS:.0f} s") from error
    if done.returncode != 0:
        last = done.stderr.decode(errors="replace").strip().splitlines() or ["they say nothing"]
        raise NoAnswer(f"the functions cannot tell {question}: {last[-1]}")
    return json.loads(done.stdout)
