"""The pages of the documentation: their blocks, and a copy of the project to run them in.

A page is one shell (`bash -eu`) and finds a local cloud that holds nothing yet. An ```output block tells what
the ```sh block above it prints: each of its lines must come, in this order, where `…` stands for what differs
each time and blanks for any white space.
What must not run (because it takes minutes, never ends, or needs something that is not here) is in a
```console block.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import pytest

from statewright.local.ports import free_ports
from tests.e2e.clouds import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGE_SECONDS = 240.0  # a page that hangs ends; on a busy machine one takes several times as long
KINDS = {"sh", "output", "console", "json", "mermaid", "python"}
WRITTEN_PORT = "8093"  # what a page may write for a port of its own
FENCE = re.compile(r"^```(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
STARTS_A_CLOUD = re.compile(r"\b(?:make (?:up|demo)|statewright (?:up|demo))\b")
# The copy's own commands; `up` uses free ports, since those that the pages speak of may be taken.
COMMAND = """#!/bin/sh
if [ "${{1:-}}" = up ]; then set -- "$@" --port {port} --sfn-port {sfn_port}; fi
exec "{python}" -m statewright.cli "$@"
"""


@dataclass(frozen=True)
class Block:
    """A block of commands, and what they are said to print."""

    commands: str
    output: tuple[str, ...]


def blocks_of(page: str) -> list[Block]:
    """Return the blocks of a page that run."""
    found = [(match[1], match[2]) for match in FENCE.finditer(page)]
    return [
        Block(text, tuple(after.splitlines()) if kind_after == "output" else ())
        for (kind, text), (kind_after, after) in zip_longest(found, found[1:], fillvalue=("", ""))
        if kind == "sh"
    ]


def with_commands(*, cloud: bool) -> list[Path]:
    """Return the pages with commands to run: those that start a local cloud, or the others."""
    commands = {page: " ".join(each.commands for each in blocks_of(page.read_text())) for page in PAGES}
    return [page for page, text in commands.items() if text and bool(STARTS_A_CLOUD.search(text)) == cloud]


def copy_files(copy: Path) -> None:
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    except (FileNotFoundError, subprocess.CalledProcessError):
        pytest.skip("the list of the project's files comes from git, which is not here")
    for name in filter(None, listed.split("\0")):
        source, target = ROOT / name, copy / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)


def make_environment(folder: Path) -> None:
    """Make a .venv of links to this one, which `make` finds up to date."""
    (folder / "bin").mkdir(parents=True)
    here = Path(sys.prefix)
    (folder / "lib").symlink_to(here / "lib")
    shutil.copy2(here / "pyvenv.cfg", folder)
    for each in (here / "bin").iterdir():
        if each.name != "statewright":
            (folder / "bin" / each.name).symlink_to(each)
    port, sfn_port = free_ports(2)
    command = folder / "bin" / "statewright"
    command.write_text(COMMAND.format(port=port, sfn_port=sfn_port, python=folder / "bin" / "python"))
    command.chmod(0o755)
    for stamp in (".run", ".dev"):
        (folder / stamp).touch()


def run_page(blocks: list[Block], project: Path) -> list[str]:
    """Run the blocks in one shell; return what each printed, and fail at the first that ends badly."""
    stop = "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n"  # servers that a page leaves running
    script = stop + "".join(f"echo; echo '@@block {at}'\n{each.commands}" for at, each in enumerate(blocks))
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    done = subprocess.run(
        ["bash", "-euc", script.replace(WRITTEN_PORT, str(free_ports(1)[0]))],
        cwd=project,
        env={**kept, "AWS_PAGER": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PAGE_SECONDS,
        check=False,
    )
    printed = re.split(r"^@@block \d+\n", done.stdout, flags=re.MULTILINE)[1:]
    last = blocks[len(printed) - 1].commands
    assert done.returncode == 0, f"this ended with {done.returncode}:\n{last}\nand printed\n{printed[-1]}"
    return printed


def missing_line(wanted: tuple[str, ...], printed: str) -> str | None:
    """Return the first wanted line that does not come after the ones before it, None where all do."""
    lines = iter([" ".join(line.split()) for line in printed.splitlines()])
    for line in filter(str.strip, wanted):
        pattern = re.compile(".*".join(re.escape(part) for part in " ".join(line.split()).split("…")))
        if not any(pattern.search(each) for each in lines):
            return line
    return None


def hold(page: Path, project: Path) -> None:
    """Run the blocks of a page; each prints what the page says."""
    blocks = blocks_of(page.read_text(encoding="utf-8"))
    for block, printed in zip(blocks, run_page(blocks, project), strict=True):
        missing = missing_line(block.output, printed)
        assert missing is None, f"no line {missing!r} after\n{block.commands}\nwhich printed\n{printed}"
