"""What a contestant's own process does: prepare it, time it, weigh it."""

from __future__ import annotations

import functools
import gc
import time
import tracemalloc
from typing import TYPE_CHECKING, Any

from bench.contestants import MiniStack, Moto, Statewright

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.contestants import Contestant

CONTESTANTS: dict[str, Callable[..., Contestant]] = {
    "statewright": Statewright,
    "moto": Moto,
    "ministack": MiniStack,
    "ministack, no pause": functools.partial(MiniStack, pause=False),
}
_prepared: dict[str, Contestant] = {}


def prepare(name: str, definition: dict[str, Any], value: Any, options: dict[str, Any]) -> None:
    """Create the machine that the later calls run."""
    _prepared["it"] = CONTESTANTS[name](definition, value, **options)


def seconds(way: str, count: int) -> tuple[float, float]:
    """Run `count` executions "one_by_one" or "together"; give the seconds by the clock and of CPU time."""
    work = _prepared["it"].together if way == "together" else _prepared["it"].one_by_one
    started, used = time.perf_counter(), time.process_time()
    work(count)
    return time.perf_counter() - started, time.process_time() - used


def kept_bytes() -> int:
    """Return the bytes that Python objects of 1,000 finished executions hold."""
    work = _prepared["it"].together
    work(50)
    tracemalloc.start()
    gc.collect()
    before, _ = tracemalloc.get_traced_memory()
    for _ in range(10):
        work(100)
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return after - before
