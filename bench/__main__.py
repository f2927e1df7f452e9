"""Benchmarks, each as ratios measured in one run.

make bench                       all
python -m bench records          CPU per record of the pipeline
python -m bench engine           the engine beside moto and MiniStack
python -m bench view             the graph view: layout, a large execution in the browser
"""

from __future__ import annotations

import sys

from bench import engine, records, view

BENCHMARKS = {"records": records.main, "engine": engine.main, "view": view.main}


def main() -> None:
    """Run the benchmarks that are named, else all."""
    names = sys.argv[1:] or list(BENCHMARKS)
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        sys.exit(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    for name in names:
        BENCHMARKS[name]()


if __name__ == "__main__":
    main()
