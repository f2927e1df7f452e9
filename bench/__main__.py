"""Benchmarks, each as ratios measured in one run.

make bench                       all
python -m bench records          CPU per record of the pipeline
python -m bench engine           the engine beside moto and MiniStack
"""

from __future__ import annotations

import sys

from bench import engine, records

BENCHMARKS = {"records": records.main, "engine": engine.main}


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
