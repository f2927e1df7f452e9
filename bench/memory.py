"""Memory of one worker, which does all of the functions' work on a file, above what it has when idle.

    python -m bench memory

The environment is that of a worker of the local cloud. On AWS each function is a process of its own, and has
less.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from bench import orders
from bench.figures import Figure
from statewright.local.worker_process import KEEPS_LITTLE

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZES = {"1 KB": 10**3, "1 MB": 10**6, "32 MB": 32 * 10**6, "1 GB": 10**9}
MOST_MB = 20.0


def main() -> Iterator[Figure]:
    """Measure one file after the other."""
    for format_, ending in orders.FORMATS.items():
        for size, text_bytes in SIZES.items():
            said = subprocess.run(
                [sys.executable, "-m", "bench.memory_worker", ending, str(text_bytes)],
                stdout=subprocess.PIPE,
                check=True,
                cwd=orders.ROOT,
                env={**os.environ, **KEEPS_LITTLE},
            )
            found = json.loads(said.stdout)
            idle, peak = found["idle"] / 1e6, found["peak"] / 1e6
            note = f"{found['records']:,} records; idle {idle:.0f} MB, peak {peak:.0f} MB"
            what = f"{format_}, {size} of text: a worker's memory above idle"
            yield Figure(what, peak - idle, "MB", MOST_MB, note=note)
