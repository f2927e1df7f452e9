"""All points of all scenarios under all faults, and the table of what came of them."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from tests.faults.faults import FAULTS
from tests.faults.scenarios import SCENARIOS
from tests.faults.trials import lab

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.faults.faults import Fault
    from tests.faults.network import Point
    from tests.faults.scenarios import Scenario
    from tests.faults.trials import Lab, Trial

MIN_POINTS = 500
MAX_LINES = 40


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

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.doubled or self.differing)


def run(
    lab: Lab, scenarios: Iterable[Scenario] = SCENARIOS, faults: Sequence[Fault] = FAULTS, every: int = 1
) -> dict[str, Tally]:
    """Try every n-th point of each scenario under each fault; the first point shifts with the fault."""
    tallies: dict[str, Tally] = defaultdict(Tally)
    for scenario in scenarios:
        points = lab.set_up(scenario)
        for attempts in sorted({fault.attempts for fault in faults}):
            lab.attempts(attempts)
            for number, fault in enumerate(faults):
                if fault.attempts == attempts:
                    _try_all(lab, scenario, points[number % every :: every], fault, tallies[fault.name])
    return {fault.name: tallies[fault.name] for fault in faults}


def _try_all(lab: Lab, scenario: Scenario, points: Iterable[Point], fault: Fault, tally: Tally) -> None:
    for point in points:
        if fault.strikes(point.call):
            call = point.call
            where = (
                f"{fault.name} at {scenario.name}, {call.by}, {call.operation} {call.url} #{point.occurrence}"
            )
            tally.add(where, lab.try_point(point, fault))


def table(tallies: dict[str, Tally]) -> Table:
    """Draw the table."""
    drawn = Table("fault class", box=None, pad_edge=False)
    for column in ("points tried", "started anew", "lost", "doubled", "differing"):
        drawn.add_column(column, justify="right")
    total = Tally()
    for name, tally in tallies.items():
        drawn.add_row(name, *_numbers(tally))
        for column in ("points", "started_anew", "lost", "doubled", "differing"):
            setattr(total, column, getattr(total, column) + getattr(tally, column))
    drawn.add_section()
    drawn.add_row("all", *_numbers(total))
    return drawn


def _numbers(tally: Tally) -> list[str]:
    found = (tally.points, tally.started_anew, tally.lost, tally.doubled, tally.differing)
    return [f"{number:,}" for number in found]


def main(arguments: Sequence[str]) -> int:
    """Run all, print the table and what differs; return the exit code."""
    every = int(arguments[0]) if arguments else 1
    console = Console(highlight=False, width=110)
    began = time.monotonic()
    with lab() as made:
        tallies = run(made, every=every)
    console.print(table(tallies))
    lines = [line for tally in tallies.values() for line in tally.lines]
    for line in lines[:MAX_LINES]:
        console.print(line, markup=False, soft_wrap=True)
    if len(lines) > MAX_LINES:
        console.print(f"… and {len(lines) - MAX_LINES} lines more")
    points = sum(tally.points for tally in tallies.values())
    console.print(f"{points:,} points in {time.monotonic() - began:.0f} s")
    if points < MIN_POINTS and every == 1:
        console.print(f"fewer than {MIN_POINTS} points: that proves too little")
        return 1
    return 0 if all(tally.is_clean for tally in tallies.values()) else 1
