"""One running execution: its record, history and context, and the task that runs it."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from typing import TYPE_CHECKING, Any

from statewright.asl.timestamps import format_timestamp
from statewright.engine.errors import ExecutionEnd, ExecutionTimedOut
from statewright.engine.history import History, Trail
from statewright.engine.interpreter import run_flow
from statewright.engine.payloads import MAX_HISTORY_EVENTS
from statewright.engine.progress import Done, FlowProgress, flow_progress

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from statewright.asl.tree import Flow
    from statewright.engine.engine import Engine
    from statewright.engine.integrations.http_sending import HttpTrace
    from statewright.engine.mocks import Mocks
    from statewright.engine.records import ExecutionRecord, ExecutionStatus, StateMachineRecord

Json = Any
HistoryEvent = dict[str, Any]

# https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html
EXPRESS_SECONDS = 300.0

log = logging.getLogger(__name__)


class Execution:
    """An execution from its start to its end.

    `mocks` answer in place of what its Tasks call, where it runs a test case;
    `http_trace` keeps what its HTTP Tasks send.
    `children` are the executions of `.sync` integrations, which end with it; map runs end their own.
    `on_end` is called once, when it has ended.
    """

    def __init__(
        self,
        engine: Engine,
        machine: StateMachineRecord,
        record: ExecutionRecord,
        input: Json,  # noqa: A002
        *,
        flow: Flow | None = None,
        context: Mapping[str, Json] | None = None,
        map_item: Mapping[str, Json] | None = None,
    ) -> None:
        self.engine = engine
        self.machine = machine
        self.record = record
        self.flow = flow or machine.machine.flow
        self.input = input
        self.is_standard = record.type == "STANDARD"
        self.history = History(
            engine.clock,
            keeps_events=self.is_standard or engine.keeps_express_events,
            limit=MAX_HISTORY_EVENTS if self.is_standard else None,
            listener=engine.logs.listener(machine, record),
        )
        self.trail = Trail()
        self.context = context if context is not None else self._make_context()
        self.map_item = map_item
        self.output: Json = None
        self.children: set[Execution] = set()
        self.mocks: Mocks | None = None
        self.http_trace: HttpTrace | None = None
        self.on_end: Callable[[Execution], None] | None = None
        self._resumed: FlowProgress | None = None
        self._task: asyncio.Task[None] | None = None
        self._ended = asyncio.Event()
        self._stop: tuple[str | None, str | None] | None = None

    def _make_context(self) -> Mapping[str, Json]:
        redrives: dict[str, Json] = {"RedriveCount": self.record.redrive_count}
        if self.record.redrive_date is not None:
            redrives["RedriveTime"] = format_timestamp(self.record.redrive_date)
        return {
            "Execution": {
                "Id": self.record.arn,
                "Input": self.input,
                "StartTime": format_timestamp(self.record.start_date),
                "Name": self.record.name.partition(":")[0],
                "RoleArn": self.machine.role_arn,
                **redrives,
            },
            "StateMachine": {"Id": self.machine.arn, "Name": self.machine.name},
        }

    @property
    def time_limit(self) -> float | None:
        """The seconds that it may take: TimeoutSeconds, and five minutes at most where it is EXPRESS."""
        own = self.machine.machine.timeout if self.record.map_run_arn is None else None
        if self.is_standard:
            return own
        return EXPRESS_SECONDS if own is None else min(own, EXPRESS_SECONDS)

    def seconds_left(self, trail: Trail) -> float | None:
        """Give how much of the time limit a flow has left; shortened waits count in full."""
        if self.time_limit is None:
            return None
        # A redrive begins the time limit anew.
        begun = self.record.redrive_date or self.record.start_date
        elapsed = self.engine.clock.now() - begun
        return self.time_limit - elapsed - trail.skipped

    async def run_inner(
        self,
        flow: Flow,
        value: Json,
        variables: Mapping[str, Json],
        trail: Trail,
        map_item: Mapping[str, Json] | None,
        resumed: FlowProgress | None = None,
    ) -> Json:
        """Run a flow inside a state of this execution; see `interpreter.run_flow`."""
        return await run_flow(self, flow, value, variables, trail, map_item, resumed)

    def forget(self, task: asyncio.Future[Any]) -> None:
        """Leave a task to itself: nobody reads its outcome, and the engine keeps it alive until its end."""
        self.engine.left_alone.add(task)
        task.add_done_callback(self.engine.left_alone.discard)
        task.add_done_callback(lambda done: None if done.cancelled() else done.exception())

    def forget_redrives(self) -> None:
        """Take the redrives out of the context object: AWS leaves them out where the caller waits."""
        execution = {**self.context["Execution"]}
        execution.pop("RedriveCount", None)
        self.context = {**self.context, "Execution": execution}

    def start(self) -> None:
        """Begin to run."""
        self.engine.running[self.record.arn] = self
        self.engine.saving.wake()
        if self.is_standard or self.record.map_run_arn is not None:
            self.engine.store.begin_execution(self.record)
        self.history.remember(self.input, self.record.input)
        details = {
            "input": self.record.input,
            "inputDetails": {"truncated": False},
            "roleArn": self.machine.role_arn,
        }
        if self.record.version_arn is not None:
            details["stateMachineVersionArn"] = self.record.version_arn
        if self.record.alias_arn is not None:
            details["stateMachineAliasArn"] = self.record.alias_arn
        self.history.note(0, "ExecutionStarted", "executionStartedEventDetails", details)
        self._task = asyncio.get_running_loop().create_task(self._run())

    def redrive(self, history: Sequence[HistoryEvent], progress: FlowProgress | None) -> None:
        """Go on after what ran before, from where it stood; without `progress` from the first state."""
        self.engine.running[self.record.arn] = self
        self.engine.saving.wake()
        self.history.continue_after(history)
        self.trail.previous = self.history.count
        self._resumed = progress
        details = {"redriveCount": self.record.redrive_count}
        self.history.add(self.trail, "ExecutionRedriven", "executionRedrivenEventDetails", details)
        self.engine.store.begin_execution(self.record)
        self._task = asyncio.get_running_loop().create_task(self._run())

    @property
    def progress(self) -> FlowProgress | None:
        """Where it stands; None where nothing has begun, or where it has succeeded."""
        progress = flow_progress(self.trail) or self._resumed
        return progress if isinstance(progress, FlowProgress) else None

    async def wait(self) -> ExecutionRecord:
        """Wait for the end; give the final record."""
        await self._ended.wait()
        return self.record

    async def stop(self, error: str | None, cause: str | None) -> ExecutionRecord:
        """Abort it with its children, unless it has ended."""
        if self._task is not None and not self._ended.is_set():
            self._stop = (error, cause)
            self._task.cancel()
            await asyncio.wait({self._task})
            if not self._ended.is_set():  # it was stopped before its first step
                self._end_as_stopped()
                self._tell()
        return self.record

    async def _run(self) -> None:
        try:
            # Waits are measured one by one, so this net is for work alone, which no clock scales.
            async with asyncio.timeout(self.time_limit):
                output = await run_flow(
                    self, self.flow, self.input, {}, self.trail, self.map_item, self._resumed
                )
        except asyncio.CancelledError:
            self._end_as_stopped()
        except (TimeoutError, ExecutionTimedOut):
            self._end("TIMED_OUT", "executionTimedOutEventDetails")
        except ExecutionEnd as end:
            self._end("FAILED", "executionFailedEventDetails", error=end.error, cause=end.cause)
        except Exception as problem:
            log.exception("execution %s", self.record.arn)
            cause = f"Internal error of the engine: {type(problem).__name__}: {problem}"
            self._end("FAILED", "executionFailedEventDetails", error="States.Runtime", cause=cause)
        else:
            self.output = output
            self.trail.done = Done(output)
            self._end("SUCCEEDED", "executionSucceededEventDetails", output=self.history.text(output))
        finally:
            for child in list(self.children):
                await child.stop(None, None)
            self._tell()

    def _tell(self) -> None:
        self._ended.set()
        if self.on_end is not None:
            self.on_end(self)

    def _end_as_stopped(self) -> None:
        error, cause = self._stop or (None, "The engine was stopped.")
        self._end("ABORTED", "executionAbortedEventDetails", error=error, cause=cause)

    def _end(
        self,
        status: ExecutionStatus,
        key: str,
        *,
        output: str | None = None,
        error: str | None = None,
        cause: str | None = None,
    ) -> None:
        event = {"TIMED_OUT": "ExecutionTimedOut"}.get(status, f"Execution{status.title()}")
        given = {"output": output, "error": error, "cause": cause}
        details: dict[str, Json] = {name: value for name, value in given.items() if value is not None}
        if output is not None:
            details["outputDetails"] = {"truncated": False}
        previous = 0 if status in ("ABORTED", "TIMED_OUT") else self.trail.previous
        self.history.end(previous, event, key, details)
        self.record = dataclasses.replace(
            self.record,
            status=status,
            stop_date=self.engine.clock.now(),
            output=output,
            error=error,
            cause=cause,
        )
        self.engine.running.pop(self.record.arn, None)
        if self.is_standard or self.record.map_run_arn is not None:
            self._keep()
        self.trail.step = None  # points back at the execution

    def _keep(self) -> None:
        try:
            self.engine.store.end_execution(self.record, self.history.events, self.progress)
        except Exception:  # a full disk must not keep those waiting who wait for the end
            log.exception("execution %s could not be stored", self.record.arn)
            self.engine.unstored[self.record.arn] = self  # where it can still be asked for
