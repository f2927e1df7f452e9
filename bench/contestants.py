"""Engines that run the same definitions in this process: ours, moto's interpreter, MiniStack's interpreter.

No HTTP, no Docker, no Lambda: a function is the same Python callable for all three. Where the other engines
look for Lambda, the callable is put in its place; everything else of them is as it is installed.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import logging
import threading
import time
import uuid
from typing import TYPE_CHECKING, Any, Protocol

from statewright.engine import Engine, LocalFunctions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Json = Any
ROLE = "arn:aws:iam::000000000000:role/bench"
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:echo"


def echo(event: Json, _: object) -> Json:
    """The function that all call."""
    return event


class Contestant(Protocol):
    """Something that runs a definition; each run checks that the last execution succeeded."""

    def one_by_one(self, count: int) -> None:
        """Start an execution, wait for its end, start the next."""
        ...

    def together(self, count: int) -> None:
        """Start all, then wait for all."""
        ...


class NotSucceeded(Exception):  # noqa: N818 - what happened
    """An execution of a benchmark failed: its time would say nothing."""


class Statewright:
    """Our engine on an event loop of its own."""

    def __init__(self, definition: Json, value: Json, *, express: bool = False) -> None:
        self._input = json.dumps(value)
        self._runner = asyncio.Runner()
        self._express = express
        self._runner.run(self._create(json.dumps(definition)))

    async def _create(self, definition: str) -> None:
        self._engine = Engine(functions=LocalFunctions({"echo": echo}))
        kind: Any = "EXPRESS" if self._express else "STANDARD"
        self._arn = self._engine.create_state_machine("bench", definition, ROLE, kind).arn

    def one_by_one(self, count: int) -> None:
        self._runner.run(self._one_by_one(count))

    def together(self, count: int) -> None:
        self._runner.run(self._together(count))

    async def _one_by_one(self, count: int) -> None:
        for _ in range(count):
            if self._express:
                record = await self._engine.start_sync_execution(self._arn, self._input)
            else:
                started = self._engine.start_execution(self._arn, self._input)
                record = await self._engine.wait_for_execution(started.arn)
        _check(record.status, record.cause)

    async def _together(self, count: int) -> None:
        started = [self._engine.start_execution(self._arn, self._input) for _ in range(count)]
        for each in started:
            record = await self._engine.wait_for_execution(each.arn)
        _check(record.status, record.cause)


class Moto:
    """moto's interpreter behind its backend object; a callable stands for its boto3 client of Lambda."""

    def __init__(self, definition: Json, value: Json) -> None:
        from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
        from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication
        from moto.stepfunctions.parser.models import StepFunctionsParserBackend

        hooked: Any = lambda_eval_utils
        hooked.boto_client_for = lambda **_: _LambdaClient()
        _after(BaseExecutionWorkerCommunication, "terminated", lambda _: MOTO_ENDS.one_more())
        self._input = json.dumps(value)
        self._backend: Any = StepFunctionsParserBackend("us-east-1", "000000000000")
        self._arn = self._backend.create_state_machine("bench", json.dumps(definition), ROLE).arn

    def one_by_one(self, count: int) -> None:
        for _ in range(count):
            self.together(1)

    def together(self, count: int) -> None:
        with MOTO_ENDS.awaited(count):
            started = [
                self._backend.start_execution(self._arn, str(uuid.uuid4()), self._input) for _ in range(count)
            ]
        _check(started[-1].status, started[-1].cause)


class _LambdaClient:
    def invoke(self, *, Payload: bytes, **_: object) -> dict[str, Any]:  # noqa: N803 - boto3's name
        answer = json.dumps(echo(json.loads(Payload), None)).encode()
        return {"StatusCode": 200, "ExecutedVersion": "$LATEST", "Payload": io.BytesIO(answer)}


class MiniStack:
    """MiniStack's interpreter behind its handlers; a callable stands for its Lambda executor.

    Each of its executions begins with a sleep of 0.15 s; `pause=False` takes that out.
    """

    def __init__(self, definition: Json, value: Json, *, pause: bool = True) -> None:
        from ministack.services import stepfunctions

        logging.getLogger("states").setLevel(logging.ERROR)
        self._service: Any = stepfunctions
        self._service._call_lambda = lambda _, event: echo(event, None)
        self._time = time if pause else _NoPause()
        _after(stepfunctions, "_emit_execution_status_event", _note_end)
        request = {"name": f"bench-{uuid.uuid4()}", "definition": json.dumps(definition), "roleArn": ROLE}
        self._arn = self._call("_create_state_machine", request)["stateMachineArn"]
        self._input = json.dumps(value)

    def _call(self, action: str, request: Json) -> Json:
        status, _, body = getattr(self._service, action)(request)
        if status != 200:
            raise NotSucceeded(body)
        return json.loads(body)

    def one_by_one(self, count: int) -> None:
        for _ in range(count):
            self.together(1)

    def together(self, count: int) -> None:
        request = {"stateMachineArn": self._arn, "input": self._input}
        self._service.time = self._time
        with MINISTACK_ENDS.awaited(count):
            started = [self._call("_start_execution", request) for _ in range(count)]
        last = self._call("_describe_execution", {"executionArn": started[-1]["executionArn"]})
        _check(last["status"], last.get("cause"))


class _NoPause:
    """The time module without sleep."""

    def __getattr__(self, name: str) -> Any:
        return (lambda _: None) if name == "sleep" else getattr(time, name)


class _Ends:
    """Counts executions that end in other threads; nothing polls."""

    def __init__(self) -> None:
        self._ended = threading.Semaphore(0)

    def one_more(self) -> None:
        self._ended.release()

    @contextlib.contextmanager
    def awaited(self, count: int) -> Iterator[None]:
        yield
        for _ in range(count):
            self._ended.acquire()


MOTO_ENDS = _Ends()
MINISTACK_ENDS = _Ends()


def _note_end(execution: Json) -> None:
    if execution["status"] != "RUNNING":
        MINISTACK_ENDS.one_more()


def _after(owner: Any, name: str, then: Callable[..., None]) -> None:
    """Let a function of another engine call `then` after its own work; a second call changes nothing."""
    original = getattr(owner, name)
    if hasattr(original, "is_hooked"):
        return

    def both(*arguments: Any) -> Any:
        answer = original(*arguments)
        then(*arguments)
        return answer

    both.is_hooked = True  # type: ignore[attr-defined]
    setattr(owner, name, both)


def _check(status: str, cause: str | None) -> None:
    if status != "SUCCEEDED":
        raise NotSucceeded(f"{status}: {cause}")
