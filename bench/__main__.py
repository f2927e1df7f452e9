"""Benchmarks, each as ratios measured in one run.

make bench                       records, files, memory, cold, bill, engine, view, large
python -m bench records          CPU per record of the pipeline, beside its floor
python -m bench files            files end to end over a stub of AWS, beside other ways
python -m bench memory           memory of a worker by format and size of file
python -m bench cold             import and first invocation of each function, and the package
python -m bench bill             what a bill has beside DynamoDB's writes
python -m bench engine           the engine beside moto and MiniStack
python -m bench view             the graph view: layout, a large execution in the browser
python -m bench large            a million records in one file, in many by uploads, and by a backfill
python -m bench checkers         the checker beside asl-validator and statelint, which it fetches
python -m bench cost             what the cost model is fed with, written into statewright/costs/measured.json
python -m bench local-runs       runs of one file in shards, written into bench/local_runs.json
python -m bench scale            the same of as many records as are asked for; --help
python -m bench simulate         the simulation beside those runs, and what large volumes take on AWS
python -m bench stream           events one by one through a local cloud; --short for a smaller one
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from bench import (
    bill,
    checkers,
    cold,
    cost,
    engine,
    figures,
    files,
    local_runs,
    memory,
    records,
    scale,
    simulate,
    stream,
    view,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

BENCHMARKS: dict[str, Callable[[], None]] = {
    "records": lambda: _figures("records", "From bytes to requests", records.main),
    "files": lambda: _figures("files", "Files end to end", files.main),
    "memory": lambda: _figures("memory", "Memory of a worker", memory.main),
    "cold": lambda: _figures("cold", "Cold start", cold.main),
    "bill": lambda: _figures("bill", "The bill", bill.main),
    "engine": lambda: figures.keep({"engine": engine.main()}),
    "view": lambda: _figures("view", "The graph view", view.main),
    "large": lambda: _figures("large", "A million records on the local cloud", scale.large),
}
# Run by name alone: what needs the network, writes a file of the project, measures nothing, or has options.
ON_REQUEST: dict[str, Callable[[], None]] = {
    "checkers": checkers.main,
    "cost": cost.main,
    "local-runs": local_runs.main,
    "scale": scale.main,
    "simulate": simulate.main,
    "stream": stream.main,
}


def _figures(name: str, title: str, measure: Callable[[], Iterable[figures.Figure]]) -> None:
    """Print what was measured beside what it should be, and keep it as JSON."""
    found = list(measure())
    figures.show(title, found)
    figures.keep({name: found})


def main() -> None:
    """Run the benchmarks that are named, else all."""
    names = [name for name in sys.argv[1:] if not name.startswith("--")] or list(BENCHMARKS)
    known = BENCHMARKS | ON_REQUEST
    unknown = [name for name in names if name not in known]
    if unknown:
        sys.exit(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(known)}")
    for name in names:
        known[name]()


if __name__ == "__main__":
    main()
