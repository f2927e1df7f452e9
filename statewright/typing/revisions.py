"""Files of an earlier revision, by git: unpacked into a folder of their own."""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SECONDS = 60
_MOST_BYTES = 256 * 2**20


class RevisionError(ValueError):
    """A revision that cannot be read: no repository, no such revision, too much in it."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """A revision that has been unpacked: `name` as it was asked for, `top` where the repository is now."""

    name: str
    top: Path
    folder: Path

    def was(self, path: Path) -> Path:
        """Give where a path of today is in the revision; it need not be there."""
        return self.folder / path.resolve().relative_to(self.top)

    def now(self, path: Path) -> Path:
        """Give where a path of the revision is today; it need not be there."""
        return self.top / path.relative_to(self.folder)


@contextmanager
def unpacked(revision: str, paths: Sequence[Path]) -> Iterator[Earlier]:
    """Unpack what a revision has below some paths; raises RevisionError."""
    top = _top(paths[0])
    for path in paths:
        if not path.resolve().is_relative_to(top):
            raise RevisionError(f"{path} is in another repository than {paths[0]}")
    commit = _git(top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if commit is None:
        raise RevisionError(f"{revision} is no revision of {top}")
    with tempfile.TemporaryDirectory(prefix="statewright-") as place:
        folder = Path(place).resolve()
        _unpack(top, commit.decode().strip(), [path.resolve().relative_to(top) for path in paths], folder)
        yield Earlier(revision, top, folder)


def _top(path: Path) -> Path:
    start = path if path.is_dir() else path.parent
    found = _git(start, "rev-parse", "--show-toplevel") if start.is_dir() else None
    if found is None:
        raise RevisionError(f"{path} is in no git repository")
    return Path(found.decode().rstrip("\n")).resolve()


def _unpack(top: Path, commit: str, paths: Sequence[Path], folder: Path) -> None:
    asked = [path.as_posix() for path in paths]
    listed = _git(top, "ls-tree", "-r", "-z", "--name-only", commit, "--", *asked)
    names = [name for name in (listed or b"").decode().split("\0") if name]
    if not names:
        return
    packed = _git(
        top, "archive", "--format=tar", commit, "--", *(name for name in asked if _is_in(name, names))
    )
    if packed is None or len(packed) > _MOST_BYTES:
        raise RevisionError(f"{commit} cannot be unpacked")
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")


def _is_in(asked: str, names: Sequence[str]) -> bool:
    return asked == "." or any(name == asked or name.startswith(asked + "/") for name in names)


def _git(folder: Path, *arguments: str) -> bytes | None:
    """Run git in a folder; None where it says no."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],  # noqa: S607 - the git of whoever calls
            capture_output=True, timeout=_SECONDS, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RevisionError(f"git: {error}") from error
    return done.stdout if done.returncode == 0 else None
