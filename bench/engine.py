"""The engine beside moto's interpreter and MiniStack's: executions per second, Map iterations, memory.

    python -m bench engine

Every figure is the median of rounds in which the contestants take turns; but Map iterations are measured for
one contestant after the other, as many rounds as patience lasts, and memory once. What counts is the ratio.
Like is compared with like: interpreters alone, each in a process of its own (one execution after the other,
and many at once), and servers over HTTP with the same client. MiniStack begins each execution with a sleep of
0.15 s; it is measured as installed, and without that sleep too. Rates are per second by the clock, and per
second of CPU time where that says more: other work on the machine, and the sleep, do not count there.
"""

from __future__ import annotations

import contextlib
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from statistics import median
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from rich.console import Console
from rich.table import Table

from bench import in_child
from bench.contestants import FUNCTION
from bench.figures import Figure, machine
from bench.servers import MiniStackServer, StatewrightServer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ROUNDS = 5
PATIENCE_SECONDS = 10.0
NAMES = tuple(in_child.CONTESTANTS)
# moto's time grows with the square of the iterations: 10,000 would take it minutes.
ITERATIONS = {"statewright": 10_000, "moto": 1_000, "ministack": 10_000, "ministack, no pause": 10_000}
Figures = dict[str, float]


class Timed(Protocol):
    """Something whose executions can be timed."""

    def seconds(self, way: str, count: int) -> tuple[float, float]:
        """Run `count` executions one after the other ("one_by_one") or all at once ("together").

        Gives the seconds by the clock and those of CPU time.
        """
        ...


def passing() -> dict[str, Any]:
    """One Pass state."""
    return {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}


def five_functions() -> dict[str, Any]:
    """A chain of five Tasks that call a function."""
    states: dict[str, Any] = {f"F{n}": {"Type": "Task", "Resource": FUNCTION} for n in range(5)}
    for number in range(4):
        states[f"F{number}"]["Next"] = f"F{number + 1}"
    states["F4"]["End"] = True
    return {"StartAt": "F0", "States": states}


def mapping() -> dict[str, Any]:
    """A Map of a Pass state over the input."""
    return {"StartAt": "M", "States": {"M": {"Type": "Map", "ItemProcessor": passing(), "End": True}}}


class Alone:
    """A contestant in a process of its own, so that no other's threads and objects cost it anything."""

    def __init__(self, name: str, definition: dict[str, Any], value: Any, **options: Any) -> None:
        self._pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
        self._pool.submit(in_child.prepare, name, definition, value, options).result()

    def seconds(self, way: str, count: int) -> tuple[float, float]:
        """Let it run `count` executions; `way` is "one_by_one" or "together"."""
        return self._pool.submit(in_child.seconds, way, count).result()

    def kibibytes(self) -> float:
        """Measure what 1,000 finished executions keep."""
        return self._pool.submit(in_child.kept_bytes).result() / 1024

    def close(self) -> None:
        self._pool.shutdown()


def measure(runs: Mapping[str, tuple[Timed, int]], way: str) -> tuple[Figures, Figures]:
    """Give each contestant's median rates over alternating rounds, after one that warms up.

    The first are per second by the clock, the second per second of CPU time.
    """
    for timed, count in runs.values():
        timed.seconds(way, max(1, count // 10))
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in runs}
    for _ in range(ROUNDS):
        for name, (timed, count) in runs.items():
            found[name].append(timed.seconds(way, count))
    clock = {name: runs[name][1] / median(each for each, _ in times) for name, times in found.items()}
    cpu = {name: runs[name][1] / median(each for _, each in times) for name, times in found.items()}
    return clock, cpu


def in_process(
    definition: dict[str, Any], counts: tuple[int, int, int, int], way: str
) -> tuple[Figures, Figures]:
    """Measure the interpreters alone; `counts` are executions a round, in the order of NAMES."""
    value = {"a": 1}
    with contextlib.ExitStack() as stack:
        runs = {}
        for name, count in zip(NAMES, counts, strict=True):
            alone = Alone(name, definition, value)
            stack.callback(alone.close)
            runs[name] = (alone, count)
        return measure(runs, way)


def iterations() -> Row:
    """Measure a Map in one execution: EXPRESS here, as the history of STANDARD ends at 25,000 events."""
    rates: Figures = {}
    rounds: dict[str, int] = {}
    for name, count in ITERATIONS.items():
        options = {"express": True} if name == "statewright" else {}
        with contextlib.closing(Alone(name, mapping(), list(range(count)), **options)) as alone:
            found = _within_patience(alone)
        rates[name] = median(count / seconds for seconds in found)
        rounds[name] = len(found)
    return Row("Map iterations, /s", "alone, 10,000 (moto: 1,000)", rates, rounds=rounds)


def _within_patience(alone: Alone) -> list[float]:
    found = [alone.seconds("one_by_one", 1)[0]]
    while len(found) < ROUNDS and sum(found) < PATIENCE_SECONDS:
        found.append(alone.seconds("one_by_one", 1)[0])
    return found


def memory() -> Figures:
    """Measure what 1,000 finished executions of one Pass state keep, in KiB."""
    found: Figures = {}
    for name in NAMES[:3]:
        with contextlib.closing(Alone(name, passing(), {"a": 1})) as alone:
            found[name] = alone.kibibytes()
    return found


def over_http(definition: dict[str, Any], counts: tuple[int, int], way: str) -> Figures:
    """Measure the servers with one client: functions run in worker processes of the server's own."""
    with contextlib.ExitStack() as stack:
        ours = stack.enter_context(StatewrightServer())
        theirs = stack.enter_context(MiniStackServer())
        runs: dict[str, tuple[Timed, int]] = {}
        for name, server, count in zip(("statewright", "ministack"), (ours, theirs), counts, strict=True):
            client = server.client(definition, {"a": 1})
            stack.callback(client.close)
            runs[name] = (client, count)
        return measure(runs, way)[0]


class Row(NamedTuple):
    """What was measured of each contestant, and how."""

    what: str
    how: str
    figures: Figures
    less_is_better: bool = False
    rounds: Mapping[str, int] = MappingProxyType({})

    @property
    def fewer_rounds(self) -> str:
        """Say whose figures are of fewer rounds than the others', and of how many."""
        fewer = [f"{rounds} of {name}" for name, rounds in self.rounds.items() if rounds < ROUNDS]
        return f"; rounds: {', '.join(fewer)}" if fewer else ""

    def better(self, name: str) -> float:
        """Return how many times better ours is."""
        ours, other = self.figures["statewright"], self.figures[name]
        return other / ours if self.less_is_better else ours / other


def rows() -> Iterator[Row]:
    """Measure."""
    alone, together = "one_by_one", "together"
    one, five = passing(), five_functions()
    for what, definition, alone_counts, together_counts in (
        ("one Pass state, /s", one, (2_000, 100, 10, 500), (2_000, 100, 100, 500)),
        ("five functions, /s", five, (500, 50, 10, 300), (500, 50, 50, 300)),
    ):
        clock, cpu = in_process(definition, alone_counts, alone)
        yield Row(what, "alone, one by one", clock)
        yield Row(what, "alone, one by one, CPU", cpu)
        yield Row(what, "alone, all at once", in_process(definition, together_counts, together)[0])
    yield Row("one Pass state, /s", "HTTP, one by one", over_http(one, (200, 10), alone))
    yield Row("one Pass state, /s", "HTTP, all at once", over_http(one, (200, 100), together))
    yield Row("five functions, /s", "HTTP, in worker processes", over_http(five, (20, 5), alone))
    yield iterations()
    yield Row("1,000 executions, KiB", "alone", memory(), less_is_better=True)


def show(found: Sequence[Row]) -> None:
    """Print the table: each figure, and how many times better ours is."""
    caption = "in brackets: how many times better statewright is"
    table = Table("what", "how", *NAMES, title=f"Engines side by side · {machine()}", caption=caption)
    before = ""
    for each in found:
        cells = [f"{each.figures['statewright']:,.0f}"]
        cells += [
            f"{each.figures[name]:,.0f}  (× {each.better(name):,.1f})" if name in each.figures else "-"
            for name in NAMES[1:]
        ]
        table.add_row(each.what if each.what != before else "", each.how + each.fewer_rounds, *cells)
        before = each.what
    Console(width=150).print(table)


def main() -> list[Figure]:
    """Measure, print the table; return how many times better ours is."""
    found = list(rows())
    show(found)
    return [
        Figure(
            f"{each.what}, {each.how}, {name} = 1",
            each.better(name),
            note=f"{each.figures['statewright']:,.0f} and {each.figures[name]:,.0f}{each.fewer_rounds}",
        )
        for each in found
        for name in NAMES[1:]
        if name in each.figures
    ]
