"""Functions as the engine sees them: a backend invokes a function by name or ARN and answers as Lambda does.

FunctionBackend      the protocol
  LocalFunctions     callables of this process (tests, debuggers)
  FunctionChain      the first backend that knows the function
FunctionError
  FunctionNotFound   no backend knows the function (Lambda.ResourceNotFoundException)
  FunctionThrottled  no room for one more invocation (Lambda.TooManyRequestsException)
  PayloadTooLarge    the request is above Lambda's limit (Lambda.RequestTooLargeException)
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
import uuid
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from statewright.lambda_runtime import MAX_RESPONSE_BYTES, LambdaContext, call_handler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from concurrent.futures import Executor

LOCAL_ACCOUNT = "000000000000"
DEFAULT_TIMEOUT_SECONDS = 3.0  # Lambda's own default

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_REQUEST_BYTES = {"RequestResponse": 6_291_456, "Event": 1_048_576, "DryRun": 6_291_456}


class FunctionError(Exception):
    """A function could not be invoked; the handler was not reached."""


class FunctionNotFound(FunctionError):  # noqa: N818 - what happened, as AWS names it
    """No function of this name or ARN is known."""

    def __init__(self, function: str) -> None:
        super().__init__(f"Function not found: {function_arn(function, qualifier=True)}")
        self.function = function


class FunctionThrottled(FunctionError):  # noqa: N818 - what happened, as AWS names it
    """Too many invocations wait already."""

    def __init__(self, function: str) -> None:
        super().__init__("Rate Exceeded.")
        self.function = function


class PayloadTooLarge(FunctionError):  # noqa: N818 - what happened, as AWS names it
    """The payload of a request is larger than Lambda takes."""

    def __init__(self, size: int, invocation_type: str) -> None:
        limit = MAX_REQUEST_BYTES[invocation_type]
        super().__init__(
            f"{size} byte payload is too large for the {invocation_type} invocation type"
            f" (limit {limit} bytes)"
        )


_hidden: ContextVar[tuple[asyncio.AbstractEventLoop | None, asyncio.Task[Any] | None]] = ContextVar(
    "_hidden", default=(None, None)
)
# Python 3.11 keeps the tasks of each loop apart and has no such function.
_swap_task: Callable[..., Any] = getattr(asyncio.tasks, "_swap_current_task", lambda _loop, _task: None)


@dataclass(frozen=True)
class FunctionResult:
    """The answer of an invocation: Lambda's status code, JSON payload and headers.

    `function_error` is "Unhandled" where the payload describes an error. `log` holds the end of the
    invocation's log (4 KiB at most) where the backend has it.
    """

    status_code: int
    payload: bytes
    function_error: str | None = None
    executed_version: str = "$LATEST"
    request_id: str = ""
    log: bytes = b""


@dataclass(frozen=True)
class FunctionDescription:
    """What a backend tells about one of its functions; the timeout is in seconds, memory in MB."""

    name: str
    handler: str = ""
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    memory_mb: int = 128


class FunctionBackend(Protocol):
    """Something that invokes functions."""

    async def invoke(
        self,
        function: str,
        payload: bytes,
        *,
        invocation_type: str = "RequestResponse",
        timeout: float | None = None,
    ) -> FunctionResult:
        """Invoke `function` (a name or ARN, with or without a qualifier) on a JSON payload.

        `timeout` is how many seconds the caller waits; TimeoutError is raised after them. Raises
        FunctionNotFound, FunctionThrottled or PayloadTooLarge where the function was not run. Errors of
        the function itself are results with `function_error`.
        """
        ...


@runtime_checkable
class FunctionDirectory(Protocol):
    """A backend that can list its functions."""

    def describe_functions(self) -> Sequence[FunctionDescription]:
        """List the functions in the order of their names."""
        ...


class LocalFunctions:
    """Callables of this process as functions; more may be added to the mapping at any time.

    Without an `executor` a handler runs on the event loop's own thread: breakpoints and virtual time work,
    and nothing else of the engine moves meanwhile. With one, handlers run in its threads. Python cannot
    stop a callable, so no function timeout is enforced here.
    """

    def __init__(
        self,
        handlers: Mapping[str, Callable[[Any, Any], Any]],
        *,
        executor: Executor | None = None,
        region: str = "us-east-1",
    ) -> None:
        self._handlers = handlers
        self._executor = executor
        self._region = region
        self._background: set[asyncio.Task[FunctionResult]] = set()

    def describe_functions(self) -> Sequence[FunctionDescription]:
        """List the functions in the order of their names."""
        return [
            FunctionDescription(
                name, f"{getattr(call, '__module__', '')}.{getattr(call, '__qualname__', name)}"
            )
            for name, call in sorted(self._handlers.items())
        ]

    async def invoke(
        self,
        function: str,
        payload: bytes,
        *,
        invocation_type: str = "RequestResponse",
        timeout: float | None = None,
    ) -> FunctionResult:
        """Call the handler; see FunctionBackend.invoke."""
        handler = self._handlers.get(function_name(function))
        if handler is None:
            raise FunctionNotFound(function)
        check_payload_size(payload, invocation_type)
        if invocation_type == "DryRun":
            return FunctionResult(204, b"")
        call = self._call(handler, function, payload)
        if invocation_type == "Event":
            task = asyncio.get_running_loop().create_task(call)
            self._background.add(task)
            task.add_done_callback(self._background.discard)
            return FunctionResult(202, b"", request_id=str(uuid.uuid4()))
        return await asyncio.wait_for(call, timeout) if timeout is not None else await call

    async def _call(
        self, handler: Callable[[Any, Any], Any], function: str, payload: bytes
    ) -> FunctionResult:
        context = LambdaContext(
            aws_request_id=str(uuid.uuid4()),
            function_name=function_name(function),
            invoked_function_arn=function_arn(function, region=self._region),
            memory_limit_in_mb="128",
            deadline=time.time() + 900,
        )
        if self._executor is None:
            with _no_running_loop():
                answer, failed = _call_unless_it_exits(handler, payload, context)
        else:
            loop = asyncio.get_running_loop()
            answer, failed = await loop.run_in_executor(
                self._executor, _call_unless_it_exits, handler, payload, context
            )
        if len(answer) > MAX_RESPONSE_BYTES:
            answer, failed = response_too_large(), True
        return FunctionResult(200, answer, "Unhandled" if failed else None, request_id=context.aws_request_id)


def _call_unless_it_exits(
    handler: Callable[[Any, Any], Any], payload: bytes, context: LambdaContext
) -> tuple[bytes, bool]:
    """Call a handler; `sys.exit` in it is the function's error, as in Lambda, not the end of this process."""
    try:
        return call_handler(handler, payload, context)
    except SystemExit as exit_:
        code = 0 if exit_.code is None else exit_.code if isinstance(exit_.code, int) else 1
        reason = f"exited with error: exit status {code}" if code else "exited without providing a reason"
        message = f"RequestId: {context.aws_request_id} Error: Runtime {reason}"
        return json.dumps(
            {"errorType": "Runtime.ExitError", "errorMessage": message}, separators=(",", ":")
        ).encode(), True


@contextlib.contextmanager
def _no_running_loop() -> Iterator[None]:
    """Hide the running event loop, as in Lambda there is none: a handler may call `asyncio.run`."""
    with _running(None, None) as hidden:
        token = _hidden.set(hidden)
        try:
            yield
        finally:
            _hidden.reset(token)


@contextlib.contextmanager
def engine_loop() -> Iterator[None]:
    """Show the event loop that is hidden from a handler: for what it calls of the engine that runs it."""
    with _running(*_hidden.get()) if _hidden.get()[0] else contextlib.nullcontext():
        yield


@contextlib.contextmanager
def _running(
    loop: asyncio.AbstractEventLoop | None, task: asyncio.Task[Any] | None
) -> Iterator[tuple[asyncio.AbstractEventLoop | None, asyncio.Task[Any] | None]]:
    """Let a loop and its task be the running ones, or none; give those that were."""
    before = asyncio._get_running_loop()  # asyncio exports both functions for those who run loops
    before_task = None if before is None else _swap_task(before, None)
    asyncio._set_running_loop(loop)
    if loop is not None:
        _swap_task(loop, task)
    try:
        yield before, before_task
    finally:
        if loop is not None:
            _swap_task(loop, None)
        asyncio._set_running_loop(before)
        if before is not None:
            _swap_task(before, before_task)


class FunctionChain:
    """Backends asked in turn: the first that knows a function runs it."""

    def __init__(self, *backends: FunctionBackend) -> None:
        self._backends = backends

    def describe_functions(self) -> Sequence[FunctionDescription]:
        """List the functions of all backends that can list theirs, the first of each name."""
        found: dict[str, FunctionDescription] = {}
        for backend in self._backends:
            for each in backend.describe_functions() if isinstance(backend, FunctionDirectory) else ():
                found.setdefault(each.name, each)
        return [found[name] for name in sorted(found)]

    async def invoke(
        self,
        function: str,
        payload: bytes,
        *,
        invocation_type: str = "RequestResponse",
        timeout: float | None = None,
    ) -> FunctionResult:
        """Invoke the function on the first backend that knows it; see FunctionBackend.invoke."""
        for backend in self._backends:
            try:
                return await backend.invoke(
                    function, payload, invocation_type=invocation_type, timeout=timeout
                )
            except FunctionNotFound:
                continue
        raise FunctionNotFound(function)


def function_name(function: str) -> str:
    """Return the bare name of a function given as name, `name:qualifier`, partial or full ARN.

    Forms: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html (FunctionName).
    """
    _, marker, rest = function.rpartition(":function:")
    if not marker and function.startswith("function:"):
        rest = function.removeprefix("function:")
    return rest.partition(":")[0]


def function_arn(function: str, *, region: str = "us-east-1", qualifier: bool = False) -> str:
    """Return the ARN of a function given in any form; a name is placed in the local account."""
    version = "" if not qualifier or function.count(":") in (1, 7) else ":$LATEST"
    if function.startswith("arn:"):
        return function + version
    return f"arn:aws:lambda:{region}:{LOCAL_ACCOUNT}:function:{function}{version}"


def check_payload_size(payload: bytes, invocation_type: str) -> None:
    """Raise PayloadTooLarge where Lambda refuses a request for its size."""
    if len(payload) > MAX_REQUEST_BYTES[invocation_type]:
        raise PayloadTooLarge(len(payload), invocation_type)


def response_too_large() -> bytes:
    """Describe an answer above Lambda's limit, as Lambda words it."""
    return (
        b'{"errorMessage":"Response payload size exceeded maximum allowed payload size (%d bytes).",'
        b'"errorType":"Function.ResponseSizeTooLarge"}' % MAX_RESPONSE_BYTES
    )
