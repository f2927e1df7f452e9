"""The way between this process and moto's AWS: every call is seen here, and may be made to fail.

Clients of the functions and of the engine alike send their requests through moto's stub of botocore; that is
what is replaced. So a fault is what the caller's own botocore makes of it: its parsing, its retries.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest import mock

from botocore.awsrequest import AWSResponse
from moto.core.botocore_stubber import BotocoreStubber, MockRawResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ENGINE = "workflow"
# Calls of service integrations come from the engine's threads, all others from a function.
ENGINE_THREADS = "statewright-call"


class WorkerKilled(BaseException):
    """The process that ran the function is gone: no Exception, or code would catch it that has ended."""


class Call(NamedTuple):
    """A call, as far as it is the same in every run: who made it, what it was, to which address."""

    by: str
    operation: str
    url: str

    @property
    def is_of_a_function(self) -> bool:
        return self.by != ENGINE


class Point(NamedTuple):
    """The call of that kind which is struck, counted from 1 in a run."""

    call: Call
    occurrence: int


@dataclass(frozen=True)
class Strike:
    """What happens to a call: `act` answers it or raises; `lasts` goes on until the execution has ended."""

    point: Point
    act: Callable[[Request], AWSResponse]
    lasts: bool = False


class Request(NamedTuple):
    """A call under way; `perform` lets AWS do what `sent`, botocore's request, says."""

    call: Call
    sent: Any
    is_json: bool
    perform: Callable[[], AWSResponse]
    network: Network


class Network:
    """Counts the calls of a run, and strikes those that it was told to."""

    def __init__(self) -> None:
        self.points: list[Point] = []
        self.struck = 0
        self.late: list[Callable[[], AWSResponse]] = []
        self.status_of: Callable[[str], str | None] = lambda arn: None
        self._seen: Counter[Call] = Counter()
        self._strike: Strike | None = None
        self._watching = False
        self._worker = ""
        self._is_dead = False
        self._lock = threading.Lock()
        self.turn = threading.Lock()

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        """Stand in moto's place."""
        real: Any = BotocoreStubber.__call__

        def stub(stubber: Any, event_name: str, request: Any, **more: Any) -> Any:
            if not self._watching:
                return real(stubber, event_name, request, **more)
            return self._send(event_name, request, lambda: real(stubber, event_name, request, **more))

        with mock.patch.object(BotocoreStubber, "__call__", stub):
            yield

    @contextlib.contextmanager
    def watched(self, strike: Strike | None = None) -> Iterator[None]:
        """See the calls of one run; what was sent and has not arrived arrives at its end."""
        self.points, self.struck, self.late, self._seen = [], 0, [], Counter()
        self._strike, self._watching = strike, True
        try:
            yield
        finally:
            self._watching = False
            for perform in self.late:
                perform()

    def heal(self) -> None:
        """Let all calls through from here on."""
        self._strike = None

    @contextlib.contextmanager
    def worker(self, function: str) -> Iterator[None]:
        """Run a function: its calls bear its name; once it is killed, none of them leaves any more.

        Functions run one at a time, also in threads: what is struck is the same in every run.
        """
        with self.turn:
            before, self._worker, self._is_dead = self._worker, function, False
            try:
                yield
            finally:
                self._worker, self._is_dead = before, False

    def kill(self) -> WorkerKilled:
        """Mark the worker as gone."""
        self._is_dead = True
        return WorkerKilled()

    def _send(self, event_name: str, request: Any, perform: Callable[[], AWSResponse]) -> AWSResponse:
        service, operation = event_name.split(".")[1:]
        is_of_engine = threading.current_thread().name.startswith(ENGINE_THREADS)
        if self._is_dead and not is_of_engine:
            raise WorkerKilled
        if operation == "DescribeExecution":
            perform = self._described(request)
        call = Call(
            ENGINE if is_of_engine else self._worker, f"{service}.{operation}", request.url.partition("?")[0]
        )
        if not self._strikes(call):
            return perform()
        assert self._strike is not None
        is_json = b"x-amz-json" in _bytes(request.headers.get("Content-Type", ""))
        return self._strike.act(Request(call, request, is_json, perform, self))

    def _strikes(self, call: Call) -> bool:
        with self._lock:
            self._seen[call] += 1
            point = Point(call, self._seen[call])
            self.points.append(point)
            strike = self._strike
            if strike is None or call != strike.point.call:
                return False
            strikes = point == strike.point or (strike.lasts and point.occurrence > strike.point.occurrence)
            self.struck += strikes
            return strikes

    def _described(self, request: Any) -> Callable[[], AWSResponse]:
        """Answer for Step Functions: the executions are this engine's, not moto's."""
        arn = json.loads(request.body)["executionArn"]
        status = self.status_of(arn)
        if status is None:
            said = {"__type": "ExecutionDoesNotExist", "message": f"Execution Does Not Exist: '{arn}'"}
            return lambda: answer(request.url, 400, json.dumps(said).encode())
        return lambda: answer(request.url, 200, json.dumps({"status": status}).encode())


def answer(
    url: str, status: int, body: bytes, content_type: str = "application/x-amz-json-1.0"
) -> AWSResponse:
    """Make an answer of AWS."""
    headers = {"Content-Type": content_type, "Content-Length": str(len(body)), "x-amzn-RequestId": "fault"}
    return AWSResponse(url, status, headers, MockRawResponse(body))  # type: ignore[arg-type]


def _bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value
