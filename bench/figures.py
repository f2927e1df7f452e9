"""Figures of the benchmarks: each with what it should be, as a table and as JSON."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

FILE = Path("build/bench.json")


@dataclass(frozen=True)
class Figure:
    """One measured figure. `target` is the most that it may be, the least where `least` is said."""

    what: str
    value: float
    unit: str = "×"
    target: float | None = None
    least: bool = False
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether it is as it should be, None where nothing is asked."""
        if self.target is None:
            return None
        return self.value >= self.target if self.least else self.value <= self.target


def machine() -> str:
    """Say in a line where the figures are from."""
    model = next(
        (line.partition(":")[2].strip() for line in _processors() if line.startswith("model name")),
        platform.machine(),
    )
    return f"{model}, {os.cpu_count()} CPUs, Python {platform.python_version()}"


def _processors() -> list[str]:
    try:
        return Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return []


def show(title: str, figures: Sequence[Figure]) -> None:
    """Print a table of figures."""
    table = Table("what", "measured", "target", "met", "of which", title=f"{title} · {machine()}")
    for each in figures:
        limit = "" if each.target is None else f"{'≥' if each.least else '≤'} {each.target:g} {each.unit}"
        met = {None: "", True: "yes", False: "NO"}[each.met]
        table.add_row(each.what, f"{each.value:,.2f} {each.unit}", limit, met, each.note)
    Console(width=150).print(table)


def keep(found: dict[str, Sequence[Figure]]) -> None:
    """Write all figures to build/bench.json; those of benchmarks that did not run stay."""
    FILE.parent.mkdir(exist_ok=True)
    said = json.loads(FILE.read_text()) if FILE.exists() else {}
    for name, figures in found.items():
        said[name] = {
            "machine": machine(),
            "figures": [{**asdict(each), "met": each.met} for each in figures],
        }
    FILE.write_text(json.dumps(said, indent=2, ensure_ascii=False) + "\n")
