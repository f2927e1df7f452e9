"""One execution that is looked at: read once, then followed by its new events alone.

The endpoint is asked in a thread; what it says is taken in on the event loop, where all readers are. History
is asked for backwards from its end until the last known event, so that a poll costs one small answer.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from statewright.view.cost import cost_of
from statewright.view.definition import Chart, NotDrawableError, read_chart
from statewright.view.events import EventLog, seconds
from statewright.view.overlay import Overlay
from statewright.view.statuses import overlay_of, story_of, unknown_overlay, where_to_look
from statewright.view.story import Story

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from statewright.view.endpoint import Endpoint

Json = Any

FIRST_PAGE = 1000  # the most that GetExecutionHistory gives
NEXT_PAGE = 100
_CHUNK = 500  # events taken in before other requests have their turn
# Seconds between polls: at first, at most, and how the pause grows while nothing happens.
LOCAL_PACE = (0.4, 2.0)
AWS_PACE = (2.0, 10.0)
_GROWTH = 1.3
MAX_MAP_RUNS = 100  # whose counts are asked for in one execution
ENDED = ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")
_OTHER_HISTORY = "The history that this endpoint gives is not of this state machine"
_NO_HISTORY = "This endpoint gives no history of this execution"


class Watch:
    """What is known of one execution; `version` grows with everything new."""

    def __init__(self, endpoint: Endpoint, arn: str) -> None:
        self.endpoint = endpoint
        self.arn = arn
        self.execution: dict[str, Json] = {}
        self.definition = ""
        self.whole = ""  # the definition that the executed one is a part of: of a child, its parent's
        self.role: str | None = None
        self.parent: str | None = None  # of a child of a map run: the execution whose Map it is of
        self.chart: Chart | None = None
        self.story = Story({})
        self.log = EventLog()
        self.map_runs: dict[str, dict[str, Json]] = {}
        self.notice: str | None = None
        self.version = 0
        self.is_complete = False
        self._changed = asyncio.Condition()
        self._lock = asyncio.Lock()
        self._poller: asyncio.Task[None] | None = None
        self._watchers = 0

    # --- reading ---

    async def prepare(self) -> None:
        """Learn what is executed, so that the graph can be drawn before a long history is read.

        Raises botocore's errors.
        """
        async with self._lock:
            if not self.version:
                await self._describe()
                await self._read_definition()
                await self._tell()

    async def refresh(self) -> bool:
        """Ask for what is new; say whether there was anything. Raises botocore's errors."""
        async with self._lock:
            before = (self.execution.get("status"), len(self.log), json.dumps(self.map_runs, sort_keys=True))
            await self._describe()
            if not self.definition:
                await self._read_definition()
            await self._read_events()
            await self._read_map_runs()
            self.is_complete = self.execution.get("status") in ENDED and (
                self.story.end > 0 or self.notice is not None
            )
            after = (self.execution.get("status"), len(self.log), json.dumps(self.map_runs, sort_keys=True))
            if before == after and self.version:
                return False
            await self._tell()
            return True

    async def _describe(self) -> None:
        self.execution = _plain(await self._ask("describe_execution", executionArn=self.arn))

    async def _ask(self, operation: str, **members: Json) -> dict[str, Json]:
        call: Callable[..., dict[str, Json]] = getattr(self.endpoint.client, operation)
        return await asyncio.to_thread(lambda: call(**members))

    async def _read_definition(self) -> None:
        try:
            told = await self._ask("describe_state_machine_for_execution", executionArn=self.arn)
        except (ClientError, BotoCoreError):
            arn = self.execution.get("stateMachineArn", "")
            told = await self._ask("describe_state_machine", stateMachineArn=arn)
        self.role = told.get("roleArn")
        self.parent = await self._read_parent()
        await self._take_definition(str(told.get("definition", "")))

    async def _take_definition(self, text: str) -> None:
        self.whole = text
        if self.execution.get("mapRunArn"):
            first = await self._first_state()
            text = processor_with(text, first) or text
        self.definition = text
        try:
            self.chart = read_chart(text)
        except NotDrawableError as error:
            self.notice = f"The definition cannot be drawn: {error}"
            return
        self.story = story_of(self.chart)

    async def _read_parent(self) -> str | None:
        map_run = self.execution.get("mapRunArn")
        if not map_run:
            return None
        try:
            return str((await self._ask("describe_map_run", mapRunArn=map_run))["executionArn"])
        except (ClientError, BotoCoreError):
            return None

    async def _first_state(self) -> str | None:
        """Return the first state that a child of a map run entered."""
        try:
            page = await self._ask("get_execution_history", executionArn=self.arn, maxResults=10)
        except (ClientError, BotoCoreError):
            return None
        entered = (event.get("stateEnteredEventDetails") for event in page.get("events", []))
        return next((str(each["name"]) for each in entered if each), None)

    async def _read_events(self) -> None:
        if self.notice is not None and not len(self.log):
            return
        try:
            events = await (self._new_events() if len(self.log) else self._all_events())
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in (
                "ThrottlingException",
                "ExecutionDoesNotExist",
            ):
                raise
            self.notice = f"{_NO_HISTORY}: {error.response.get('Error', {}).get('Message', '')}"
            return
        for index, event in enumerate(events):
            if event["id"] == len(self.log) + 1:
                self.story.add(self.log.append(event))
            if index % _CHUNK == _CHUNK - 1:
                await asyncio.sleep(0)
        if not len(self.log) and self.execution.get("status") in ENDED:
            self.notice = _NO_HISTORY
        if self.is_of_another:
            self.notice = f"{_OTHER_HISTORY}: it tells of {self.story.visits[0].state!r}"

    @property
    def is_of_another(self) -> bool:
        """Whether the history tells of no state of the definition, as where an endpoint makes one up."""
        visits, chart = self.story.visits, self.chart
        return chart is not None and bool(visits) and not any(each.state in chart.nodes for each in visits)

    async def _all_events(self) -> list[dict[str, Json]]:
        events: list[dict[str, Json]] = []
        page: dict[str, Json] = {"nextToken": None}
        while "nextToken" in page:
            token = {"nextToken": page["nextToken"]} if page["nextToken"] else {}
            page = await self._ask(
                "get_execution_history", executionArn=self.arn, maxResults=FIRST_PAGE, **token
            )
            for event in page.get("events", []):
                if event["id"] == len(self.log) + 1:
                    self.story.add(self.log.append(event))
            if not page.get("nextToken"):
                break
            await self._tell()
        return events

    async def _new_events(self) -> list[dict[str, Json]]:
        """Return the events after those that are known, asking from the end of the history."""
        events: list[dict[str, Json]] = []
        token: dict[str, str] = {}
        while True:
            page = await self._ask(
                "get_execution_history",
                executionArn=self.arn,
                maxResults=NEXT_PAGE,
                reverseOrder=True,
                **token,
            )
            new = [event for event in page.get("events", []) if event["id"] > len(self.log)]
            events += new
            if len(new) < len(page.get("events", [])) or not page.get("nextToken"):
                return events[::-1]
            token = {"nextToken": page["nextToken"]}

    async def _read_map_runs(self) -> None:
        arns = [visit.map_run for visit in self.story.visits if visit.map_run][:MAX_MAP_RUNS]
        for arn in arns:
            if self.map_runs.get(arn, {}).get("status") in (*ENDED, "unknown"):
                continue
            try:
                self.map_runs[arn] = _plain(await self._ask("describe_map_run", mapRunArn=arn))
            except ClientError:
                self.map_runs[arn] = {"status": "unknown"}

    # --- telling ---

    def overlay(self, frame: int | None = None) -> Overlay:
        """Return what the graph shows now."""
        status = str(self.execution.get("status", ""))
        if self.chart is None:
            return Overlay(status)
        if self.notice is not None and (self.is_of_another or not len(self.log)):
            return unknown_overlay(self.chart, status)
        return overlay_of(self.story, self.chart, frame, self.counts())

    def counts(self) -> dict[str, Mapping[str, int]]:
        """Return the items of map runs by their ARN."""
        return {arn: run["itemCounts"] for arn, run in self.map_runs.items() if "itemCounts" in run}

    def summary(self) -> dict[str, Json]:
        """Return what the page's head shows, and where to look first."""
        shown = (
            "name",
            "status",
            "executionArn",
            "stateMachineArn",
            "startDate",
            "stopDate",
            "error",
            "cause",
        )
        more = ("redriveStatus", "redriveStatusReason", "redriveCount", "mapRunArn", "input", "output")
        look = where_to_look(self.story)
        return {
            "name": self.arn.rpartition(":")[2],
            **{name: self.execution[name] for name in (*shown, *more) if name in self.execution},
            "events": len(self.log),
            "visits": len(self.story.visits),
            "transitions": self.story.transitions,
            "cost": cost_of(self),
            "look": None if look < 0 else {"state": self.story.visits[look].state, "visit": look},
            "notice": self.notice,
            "isComplete": self.is_complete,
            "version": self.version,
            "mapRuns": list(self.map_runs.values()),
            "parent": self.parent,
        }

    async def _tell(self) -> None:
        self.version += 1
        async with self._changed:
            self._changed.notify_all()

    async def after(self, version: int, patience: float) -> int:
        """Wait until there is more than a version, at most `patience` seconds; return the version now."""
        if self.version <= version:
            try:
                async with asyncio.timeout(patience), self._changed:
                    await self._changed.wait_for(lambda: self.version > version)
            except TimeoutError:
                pass
        return self.version

    # --- following ---

    def join(self) -> None:
        """Follow the execution while somebody looks at it."""
        self._watchers += 1
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll())

    def leave(self) -> None:
        """End what `join` began."""
        self._watchers -= 1
        if self._watchers <= 0 and self._poller is not None:
            self._poller.cancel()
            self._poller = None

    @property
    def is_watched(self) -> bool:
        return self._watchers > 0

    async def _poll(self) -> None:
        pace, slowest = LOCAL_PACE if self.endpoint.is_local else AWS_PACE
        pause = pace
        while not self.is_complete:
            try:
                is_new = await self.refresh()
            except (ClientError, BotoCoreError):
                is_new = False  # the endpoint may be back at the next poll; requests tell the error
            pause = pace if is_new else min(pause * _GROWTH, slowest)
            if not self.is_complete:
                await asyncio.sleep(pause)

    def close(self) -> None:
        """Give everything back."""
        if self._poller is not None:
            self._poller.cancel()
        self.log.close()


def read_once(endpoint: Endpoint, arn: str) -> Watch:
    """Read an execution as it is now; raises botocore's errors. To be closed."""

    async def read() -> Watch:
        watch = Watch(endpoint, arn)
        try:
            await watch.refresh()
        except BaseException:
            watch.close()
            raise
        return watch

    return asyncio.run(read())


def processor_with(text: str, state: str | None) -> str | None:
    """Return the item processor that begins with a state, as a definition of its own."""
    if state is None:
        return None
    try:
        chart = read_chart(text)
    except NotDrawableError:
        return None
    for node in chart.nodes.values():
        flow = node.body.get("ItemProcessor", node.body.get("Iterator"))
        if isinstance(flow, dict) and flow.get("StartAt") == state:
            return json.dumps({"QueryLanguage": chart.language, **flow})
    return None


def _plain(answer: Mapping[str, Json]) -> dict[str, Json]:
    return {
        name: seconds(value) if hasattr(value, "timestamp") else value
        for name, value in answer.items()
        if name != "ResponseMetadata"
    }
