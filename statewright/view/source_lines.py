"""From an execution to lines of code: a function's handler, and what a stack trace names.

Only files of the project are looked at, and only where the endpoint is on this machine: what runs elsewhere
may be another version.
"""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from statewright.view.project_files import ProjectFiles

Json = Any

HANDLER = "handler"
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-layers.html: where Lambda has a function's code.
_TASK_ROOT = "/var/task/"
_FRAME = re.compile(r'File "([^"\n]{1,500})", line (\d{1,7})')
_MOST_FRAMES = 200
_LONGEST_FILE = 1_048_576
_DEEPEST = 12


def handler_line(files: ProjectFiles, function: str) -> dict[str, Json] | None:
    """Return {"place", "url"} of the handler of a function, by its name or ARN; None where none is found."""
    name = files.function(function)
    if name is None:
        return None
    file = _inside(files, files.project.root / "functions" / f"{name}.py")
    return None if file is None else _told(files, file, _line_of_handler(file, file.stat().st_mtime_ns))


def trace_lines(files: ProjectFiles, causes: Json) -> dict[str, dict[str, Json]]:
    """Return {"place", "url"} of each frame of the project in causes, by "<file as it is told>:<line>"."""
    found: dict[str, dict[str, Json]] = {}
    for text in _texts(causes, 0):
        for told, number in _FRAME.findall(text)[:_MOST_FRAMES]:
            file = _resolved(files, told)
            if file is not None and len(found) < _MOST_FRAMES:
                found[f"{told}:{int(number)}"] = _told(files, file, int(number))
    return found


def _told(files: ProjectFiles, file: Path, line: int) -> dict[str, Json]:
    return {"place": f"{files.shown(file)}:{line}", "url": files.link(file, line)}


def _texts(value: Json, level: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list) and level < _DEEPEST:
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each, level + 1)


def _resolved(files: ProjectFiles, told: str) -> Path | None:
    """Return the file that a frame names: as it stands, from the functions' folder, or from the root."""
    root = files.project.root
    if told.startswith(_TASK_ROOT):
        return _inside(files, root / "functions" / told.removeprefix(_TASK_ROOT))
    if Path(told).is_absolute():
        return _inside(files, Path(told))
    return _inside(files, root / "functions" / told) or _inside(files, root / told)


def _inside(files: ProjectFiles, path: Path) -> Path | None:
    try:
        file = path.resolve()
        is_there = file.is_relative_to(files.project.root) and file.is_file()
    except (OSError, ValueError):  # names that no file can have
        return None
    return file if is_there else None


@lru_cache(64)
def _line_of_handler(file: Path, _changed: int) -> int:
    """Return where a module defines its handler; 1 where that cannot be read."""
    if file.stat().st_size > _LONGEST_FILE:
        return 1
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError, RecursionError):
        return 1
    return next((node.lineno for node in tree.body if _is_handler(node)), 1)


def _is_handler(node: ast.stmt) -> bool:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return node.name == HANDLER
    targets = node.targets if isinstance(node, ast.Assign) else []
    return any(isinstance(each, ast.Name) and each.id == HANDLER for each in targets)
