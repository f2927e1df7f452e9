"""Which states and edges of a state machine its executions went through, and which never.

Executions are read one after the other, the newest first, each once and then given back. Inside a Distributed
Map a history tells nothing; some of its children are read for that, failed ones and others.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from statewright.view import listing
from statewright.view.layout.regions import picture_of
from statewright.view.statuses import NO_DATA
from statewright.view.watch import Watch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from statewright.view.endpoint import Endpoint

Json = Any

MAX_COVERED = 500  # executions that are read for one coverage
MAX_COVERED_CHILDREN = 100  # children of map runs that are read beside them
_CHILDREN = {"FAILED": 5, "SUCCEEDED": 5}  # of one map run, by status
_TOLD_PROBLEMS = 5


class Coverage:
    """What was seen of one definition so far."""

    def __init__(self, definition: str) -> None:
        self._definition = definition
        self._chart, self._picture = picture_of(definition)
        self._states: Counter[str] = Counter()
        self._edges: Counter[tuple[str, str, bool]] = Counter()
        self._hidden: set[str] = set()
        self._read = 0
        self._of_others = 0  # executions of another version of the definition
        self._children = 0
        self._children_there = 0
        self._problems: list[str] = []

    def add(self, watch: Watch) -> None:
        """Take in what an execution did; states and edges that the definition does not have are left out."""
        if watch.notice is not None:
            self.cannot(watch.arn, watch.notice)
            return
        self._read += 1
        self._of_others += watch.definition != self._definition
        self._count(watch)

    def add_child(self, watch: Watch) -> None:
        """Take in what a child of a map run did."""
        if watch.notice is None:
            self._children += 1
            self._count(watch)

    def cannot(self, arn: str, why: str) -> None:
        """Remember that an execution could not be read."""
        self._problems.append(f"{arn.rpartition(':')[2]}: {why}")

    @property
    def children_left(self) -> int:
        """How many children may still be read."""
        return MAX_COVERED_CHILDREN - self._children

    def there_are(self, children: int) -> None:
        """Remember how many children a map run has."""
        self._children_there += children

    def _count(self, watch: Watch) -> None:
        overlay = watch.overlay()
        for state, status in overlay.statuses.items():
            if state in self._chart.nodes:
                if status == NO_DATA:
                    self._hidden.add(state)
                else:
                    self._states[state] += 1
        self._edges.update(overlay.taken)

    def told(self, of: int, *, is_complete: bool) -> dict[str, Json]:
        """Return the counts: by state, and by edge in the order of the picture."""
        ways = [(way.edge.source, way.edge.target, way.edge.kind == "catch") for way in self._picture.ways]
        hidden = [name for name in self._chart.nodes if name in self._hidden and not self._states[name]]
        return {
            "summary": {"isComplete": is_complete},
            "of": of,
            "read": self._read,
            "others": self._of_others,
            "children": self._children,
            "childrenThere": self._children_there,
            "states": {name: self._states[name] for name in self._chart.nodes},
            "edges": [self._edges[way] for way in ways],
            "labels": [way.edge.label for way in self._picture.ways],
            "hidden": hidden,
            "problems": self._problems[:_TOLD_PROBLEMS],
            "problemCount": len(self._problems),
        }


async def coverage(
    endpoint: Endpoint, machine: str, last: int, status: str
) -> AsyncIterator[dict[str, Json]]:
    """Yield what is covered by the last executions of a machine, after each that was read.

    Raises botocore's errors where the machine or its executions cannot be listed, and NotDrawableError.
    """
    described = await asyncio.to_thread(
        lambda: endpoint.client.describe_state_machine(stateMachineArn=machine)
    )
    covered = Coverage(str(described["definition"]))
    arns = await _last(endpoint, machine, min(last, MAX_COVERED), status)
    for arn in arns:
        yield covered.told(len(arns), is_complete=False)
        await _take(endpoint, covered, arn)
    yield covered.told(len(arns), is_complete=True)


async def _last(endpoint: Endpoint, machine: str, last: int, status: str) -> list[str]:
    found: list[str] = []
    token: str | None = ""
    while token is not None and len(found) < last:
        page = await listing.executions(endpoint, {"stateMachineArn": machine}, status, "", token)
        found += [each["arn"] for each in page["executions"]]
        token = page["token"]
    return found[:last]


async def _take(endpoint: Endpoint, covered: Coverage, arn: str) -> None:
    watch = Watch(endpoint, arn)
    try:
        await watch.refresh()
        covered.add(watch)
        for run, described in watch.map_runs.items():
            covered.there_are(int(described.get("executionCounts", {}).get("total", 0)))
            await _take_children(endpoint, covered, run)
    except (ClientError, BotoCoreError) as error:
        covered.cannot(arn, str(error))
    finally:
        watch.close()


async def _take_children(endpoint: Endpoint, covered: Coverage, run: str) -> None:
    for status, count in _CHILDREN.items():
        count = min(count, covered.children_left)
        if count <= 0:
            return
        page = await listing.executions(endpoint, {"mapRunArn": run}, status, "", "")
        for each in page["executions"][:count]:
            child = Watch(endpoint, each["arn"])
            try:
                await child.refresh()
                covered.add_child(child)
            finally:
                child.close()
            if child.notice is not None:  # what one does not tell, the others do not either
                return
