"""Events of three states of one object, some twice, in any order: the table ends as if all came in order."""

from __future__ import annotations

import dataclasses
import itertools
import json
from typing import TYPE_CHECKING, Any

from tests.faults import remains
from tests.faults.scenarios import ORDERED
from tests.faults.trials import Trial
from tests.functions.objects_sent import event_of_s3, json_lines, order

if TYPE_CHECKING:
    from collections.abc import Sequence

    from statewright.engine import Engine
    from tests.faults.remains import Remains
    from tests.faults.trials import Lab

ONE_AFTER_THE_OTHER = "events twice and in any order, one after the other"
AT_ONCE = "events twice and in any order, at the same moment"
# Every key in several states, and in the last one a key that the others do not have.
STATES = (
    json_lines(order(1, quantity=1), order(2, quantity=5), order(9, quantity=-1)),
    json_lines(order(1, quantity=2), order(2, quantity=4)),
    json_lines(order(1, quantity=3), order(3, quantity=0)),
)
# How often each state's event comes.
EVENTS = (0, 0, 1, 2, 2)


def orders() -> list[tuple[int, ...]]:
    """Return every order in which the events may come."""
    return sorted(set(itertools.permutations(EVENTS)))


class Arrivals:
    """The object's versions, and what is left when they come in order."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._key = "orders/arrivals.jsonl"
        lab.set_up(dataclasses.replace(ORDERED, name="arrivals", key=self._key, body=STATES[0]))
        self._versions = [lab.cloud.put(self._key, state) for state in STATES]
        self._clean = self._left_by(range(len(STATES)), at_once=False)

    def try_order(self, arriving: Sequence[int], *, at_once: bool) -> Trial:
        """Start an execution an event; compare with what comes of the states in their order."""
        return Trial(remains.compare(self._clean, self._left_by(arriving, at_once=at_once)), 1, 0)

    def _left_by(self, arriving: Sequence[int], *, at_once: bool) -> Remains:
        self._lab.clear()

        async def work(engine: Engine, machine: str) -> list[str]:
            started: list[str] = []
            for number, state in enumerate(arriving):
                event = json.dumps(event_of_s3(self._key, self._versions[state]))
                started.append(engine.start_execution(machine, event, f"event-{number}").arn)
                if not at_once:
                    await engine.wait_for_execution(started[-1])
            return [(await engine.wait_for_execution(arn)).status for arn in started]

        statuses = self._lab.run(None, work)
        assert set(statuses) == {"SUCCEEDED"}
        left = self._lab.collect()
        rows = {key: _whatever_came_first(row) for key, row in left.rows.items()}
        # Which records of an older state were written at all follows from the order too.
        by_order = (remains.PROCESSED, remains.REPORTS)
        objects = {key: body for key, body in left.objects.items() if not key.startswith(by_order)}
        return dataclasses.replace(left, rows=rows, objects=objects, told=type(left.told)())


def _whatever_came_first(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row without the sums that follow from the order: an older state gives way, or is replaced."""
    counts = row["counts"]["M"]
    sums = {name: counts[name] for name in ("read", "quarantined", "alerts")}
    accounted = sum(int(counts[name]["N"]) for name in ("written", "superseded", "quarantined"))
    return {**row, "counts": sums, "accounted": accounted}
