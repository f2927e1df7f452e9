"""Two executions on one object at the same moment: one is held at a call while the other does what it can."""

from __future__ import annotations

import asyncio
import functools
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from tests.faults import remains
from tests.faults.network import Strike
from tests.faults.trials import Trial

if TYPE_CHECKING:
    from botocore.awsrequest import AWSResponse

    from statewright.engine import Engine
    from tests.faults.network import Point, Request
    from tests.faults.trials import Lab

PATIENCE_SECONDS = 30.0
WAITING = "WaitForTheOther"


class Meeting(NamedTuple):
    """Where the first execution is held, and whether it is stopped there while its worker goes on."""

    name: str
    is_before_the_call: bool
    stops_the_first: bool


@dataclass(frozen=True)
class Gate:
    """Where a worker waits: `reached` is set by it, `opened` by who lets it go on."""

    reached: threading.Event
    opened: threading.Event

    def hold(self, request: Request) -> None:
        """Wait, and let other workers run meanwhile; the workflow's own calls take no turn."""
        has_turn = request.call.is_of_a_function
        if has_turn:
            request.network.turn.release()
        self.reached.set()
        try:
            assert self.opened.wait(PATIENCE_SECONDS)
        finally:
            if has_turn:
                request.network.turn.acquire()


MEETINGS = (
    Meeting("another execution meanwhile, before the call", True, False),
    Meeting("another execution meanwhile, after the call", False, False),
    Meeting("stopped and started anew, its worker goes on before the call", True, True),
    Meeting("stopped and started anew, its worker goes on after the call", False, True),
)


def try_point(lab: Lab, point: Point, meeting: Meeting) -> Trial:
    """Hold the first execution at a point until the second has ended, or waits for the first; compare."""
    assert lab.scenario is not None
    lab.clear()
    gate = Gate(threading.Event(), threading.Event())
    strike = Strike(point, functools.partial(_held, gate, meeting))
    work = functools.partial(_meet, lab, gate, meeting)
    statuses = lab.run(strike, work, ThreadPoolExecutor(8))
    difference = remains.compare(lab.clean[lab.scenario.name], lab.collect())
    wanted = ("ABORTED" if meeting.stops_the_first else "SUCCEEDED", "SUCCEEDED")
    if statuses != wanted:
        difference.differing.append(f"ended as {statuses}")
    return Trial(difference, lab.network.struck, int(meeting.stops_the_first))


def _held(gate: Gate, meeting: Meeting, request: Request) -> AWSResponse:
    if meeting.is_before_the_call:
        gate.hold(request)
        return request.perform()
    answer = request.perform()
    gate.hold(request)
    return answer


async def _meet(lab: Lab, gate: Gate, meeting: Meeting, engine: Engine, machine: str) -> tuple[str, str]:
    """Return the statuses in which both executions end."""
    first = lab.start(engine, machine, "first")
    assert await asyncio.to_thread(gate.reached.wait, PATIENCE_SECONDS)
    if meeting.stops_the_first:
        await engine.stop_execution(first)
    second = lab.start(engine, machine, "second")
    while engine.describe_execution(second).status == "RUNNING" and not _waits(engine, second):
        await asyncio.sleep(0.001)
    gate.opened.set()
    ended = [await engine.wait_for_execution(arn) for arn in (first, second)]
    return ended[0].status, ended[1].status


def _waits(engine: Engine, arn: str) -> bool:
    entered = (each.get("stateEnteredEventDetails") for each in engine.get_execution_history(arn))
    return any(each["name"] == WAITING for each in entered if each)
