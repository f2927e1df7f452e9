"""All points of all scenarios under all faults, and the table of what came of them."""

from __future__ import annotations

import time
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from tests.faults import batches, meetings
from tests.faults.arrivals import AT_ONCE, ONE_AFTER_THE_OTHER, Arrivals, orders
from tests.faults.faults import FAULTS
from tests.faults.meetings import MEETINGS
from tests.faults.scenarios import SCENARIOS
from tests.faults.trials import lab

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tests.faults.faults import Fault
    from tests.faults.network import Point
    from tests.faults.scenarios import Scenario
    from tests.faults.trials import Lab, Trial

MIN_POINTS = 500
ARRIVALS = "arrivals"
# Each receive of a batch makes its calls anew: so many of them are passed over, another part by each fault.
EVERY_OF_A_BATCH = 6
COLUMNS = ("points", "started_anew", "lost", "doubled", "differing")
MAX_LINES, MAX_LINE_CHARACTERS = 40, 600


@dataclass
class Tally:
    """What came of the points of one class."""

    points: int = 0
    started_anew: int = 0
    lost: int = 0
    doubled: int = 0
    differing: int = 0
    lines: list[str] = field(default_factory=list)

    def add(self, where: str, trial: Trial) -> None:
        self.points += 1
        self.started_anew += bool(trial.started_anew)
        self.lost += bool(trial.difference.lost)
        self.doubled += bool(trial.difference.doubled)
        self.differing += bool(trial.difference.differing)
        self.lines += [f"{where}: {line}" for line in trial.difference.lines()]
        if not trial.struck:
            self.differing += 1
            self.lines.append(f"{where}: the point was never reached")

    def merge(self, other: Tally) -> None:
        for name in COLUMNS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.lines += other.lines

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.doubled or self.differing)


def run(every: int, ended: Callable[[str, Tally], None]) -> dict[str, Tally]:
    """Try every n-th point of each scenario under all there is, scenarios side by side.

    `ended` is called with a scenario's name and what came of all its points, as each ends.
    """
    merged: dict[str, Tally] = {}
    tasks: list[Scenario | str] = [*SCENARIOS, batches.NAME, ARRIVALS]
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        trying = {pool.submit(_try_scenario, task, every): task for task in tasks}
        for tried in as_completed(trying):
            task, whole = trying[tried], Tally()
            for name, tally in tried.result().items():
                merged.setdefault(name, Tally()).merge(tally)
                whole.merge(tally)
            ended(task if isinstance(task, str) else task.name, whole)
    names = [each.name for each in FAULTS] + [each.name for each in MEETINGS]
    return {name: merged[name] for name in [*names, ONE_AFTER_THE_OTHER, AT_ONCE]}


def _try_scenario(scenario: Scenario | str, every: int) -> dict[str, Tally]:
    """Try a scenario, or what is none and has a name, in this process."""
    tallies: dict[str, Tally] = defaultdict(Tally)
    with lab() as made:
        if scenario == batches.NAME:
            receive(made, tallies, every=every * EVERY_OF_A_BATCH)
        if scenario == ARRIVALS:
            arrive(made, tallies, every=every)
        if isinstance(scenario, str):
            return dict(tallies)
        points = made.set_up(scenario)
        strike(made, scenario, points, tallies, every=every)
        if scenario.ends == "SUCCEEDED":
            meet(made, scenario, points, tallies, every=every)
    return dict(tallies)


def strike(
    lab: Lab,
    scenario: Scenario,
    points: Sequence[Point],
    tallies: dict[str, Tally],
    *,
    every: int = 1,
    faults: Sequence[Fault] = FAULTS,
) -> None:
    """Let calls fail."""
    for attempts in sorted({fault.attempts for fault in faults}):
        lab.attempts(attempts)
        for number, fault in enumerate(faults):
            if fault.attempts == attempts:
                struck = [point for point in points if fault.strikes(point.call)]
                _try_all(lab, scenario, struck[number % every :: every], fault, tallies[fault.name])


def meet(
    lab: Lab, scenario: Scenario, points: Sequence[Point], tallies: dict[str, Tally], *, every: int = 1
) -> None:
    """Let a second execution meet the first."""
    for number, meeting in enumerate(MEETINGS):
        for point in points[number % every :: every]:
            where = f"{meeting.name} at {scenario.name}, {_where(point)}"
            tallies[meeting.name].add(where, meetings.try_point(lab, point, meeting))


def receive(lab: Lab, tallies: dict[str, Tally], *, every: int = 1, faults: Sequence[Fault] = FAULTS) -> None:
    """Let calls fail while a batch of messages is worked on."""
    made = batches.Batches(lab)
    for attempts in sorted({fault.attempts for fault in faults}):
        lab.attempts(attempts)
        for number, fault in enumerate(faults):
            if fault.attempts == attempts:
                struck = [point for point in made.points if fault.strikes(point.call)]
                for point in struck[number % every :: every]:
                    where = f"{fault.name} at {batches.NAME}, {_where(point)}"
                    tallies[fault.name].add(where, made.try_point(point, fault))


def arrive(lab: Lab, tallies: dict[str, Tally], *, every: int = 1) -> None:
    """Let events come in any order."""
    made = Arrivals(lab)
    for name, at_once in ((ONE_AFTER_THE_OTHER, False), (AT_ONCE, True)):
        for arriving in orders()[::every]:
            tallies[name].add(f"{name}: {arriving}", made.try_order(arriving, at_once=at_once))


def _try_all(lab: Lab, scenario: Scenario, points: Iterable[Point], fault: Fault, tally: Tally) -> None:
    for point in points:
        tally.add(f"{fault.name} at {scenario.name}, {_where(point)}", lab.try_point(point, fault))


def _where(point: Point) -> str:
    call = point.call
    return f"{call.by}, {call.operation} {call.url} #{point.occurrence}"


def table(tallies: dict[str, Tally]) -> Table:
    """Draw the table."""
    drawn = Table("fault class", box=None, pad_edge=False)
    for column in ("points tried", "started anew", "lost", "doubled", "differing"):
        drawn.add_column(column, justify="right")
    total = Tally()
    for name, tally in tallies.items():
        drawn.add_row(name, *_numbers(tally))
        total.merge(tally)
    drawn.add_section()
    drawn.add_row("all", *_numbers(total))
    return drawn


def _numbers(tally: Tally) -> list[str]:
    return [f"{getattr(tally, name):,}" for name in COLUMNS]


def main(arguments: Sequence[str]) -> int:
    """Run all, print the table and what differs; return the exit code."""
    every = int(arguments[0]) if arguments else 1
    console = Console(highlight=False, width=110)
    began = time.monotonic()

    def ended(name: str, tally: Tally) -> None:
        numbers = ", ".join(f"{getattr(tally, column):,} {column.replace('_', ' ')}" for column in COLUMNS)
        console.print(f"{time.monotonic() - began:5.0f} s  {name}: {numbers}")

    tallies = run(every, ended)
    console.print(table(tallies))
    lines = [line for tally in tallies.values() for line in tally.lines]
    for line in lines[:MAX_LINES]:
        console.print(line[:MAX_LINE_CHARACTERS], markup=False, soft_wrap=True)
    if len(lines) > MAX_LINES:
        console.print(f"… and {len(lines) - MAX_LINES} lines more")
    points = sum(tally.points for tally in tallies.values())
    console.print(f"{points:,} points in {time.monotonic() - began:.0f} s")
    if points < MIN_POINTS and every == 1:
        console.print(f"fewer than {MIN_POINTS} points: that proves too little")
        return 1
    return 0 if all(tally.is_clean for tally in tallies.values()) else 1
