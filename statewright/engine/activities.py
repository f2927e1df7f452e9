"""Activities: tasks that workers fetch by polling."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from statewright.engine.errors import ActivityDoesNotExist
from statewright.engine.names import check_arn, check_name
from statewright.engine.records import ActivityRecord, ActivityTask

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from statewright.engine.engine import Engine

# https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetActivityTask.html
POLL_SECONDS = 60.0


class ScheduledActivity:
    """A task in an activity's queue; `start` is called with the worker's name when one takes it."""

    def __init__(self, token: str, input: str, start: Callable[[str | None], None]) -> None:  # noqa: A002
        self.token = token
        self.input = input
        self.start = start
        self.is_cancelled = False


class _Queue:
    def __init__(self) -> None:
        self.tasks: deque[ScheduledActivity] = deque()
        self.arrival = asyncio.Event()


class Activities:
    """The activities of an engine and their queues."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._queues: dict[str, _Queue] = {}

    def create(self, name: str, tags: Sequence[Mapping[str, str]] = ()) -> ActivityRecord:
        """Create an activity, or give the one of this name; raises InvalidName."""
        check_name(name)
        arn = self._engine.arns.activity(name)
        existing = self._engine.store.activity(arn)
        if existing is not None:
            return existing
        record = ActivityRecord(arn, name, self._engine.clock.now(), tuple(tags))
        self._engine.store.save_activity(record)
        return record

    def delete(self, arn: str) -> None:
        """Delete an activity if it is there."""
        check_arn(arn, "activity")
        self._engine.store.delete_activity(arn)
        self._queues.pop(arn, None)

    def describe(self, arn: str) -> ActivityRecord:
        """Give an activity; raises InvalidArn, ActivityDoesNotExist."""
        check_arn(arn, "activity")
        record = self._engine.store.activity(arn)
        if record is None:
            raise ActivityDoesNotExist(f"Activity Does Not Exist: '{arn}'")
        return record

    def list(self) -> Sequence[ActivityRecord]:
        """List the activities in the order of their names."""
        return sorted(self._engine.store.activities(), key=lambda record: record.name)

    async def poll(self, arn: str, worker_name: str | None = None) -> ActivityTask:
        """Take the next task, waiting up to a minute for one; raises ActivityDoesNotExist."""
        self.describe(arn)
        queue = self._queues.setdefault(arn, _Queue())
        try:
            async with asyncio.timeout(POLL_SECONDS):
                while True:
                    while queue.tasks:
                        task = queue.tasks.popleft()
                        if not task.is_cancelled:
                            task.start(worker_name)
                            return ActivityTask(task.token, task.input)
                    queue.arrival.clear()
                    await queue.arrival.wait()
        except TimeoutError:
            return ActivityTask(None, None)

    def schedule(self, arn: str, task: ScheduledActivity) -> None:
        """Queue a task; raises ActivityDoesNotExist."""
        self.describe(arn)
        queue = self._queues.setdefault(arn, _Queue())
        queue.tasks.append(task)
        queue.arrival.set()
