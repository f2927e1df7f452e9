"""Step Functions for tests: a boto3 client of an engine in this process, and what an execution did.

    with LocalStepFunctions({"greet": greet}) as local:
        local.client                                       boto3's, for every action of the API
        outcome = local.run(definition, {"name": "Ada"})   one execution to its end
        assert outcome.path == ["Greet", "Tomorrow"]

Nothing runs beside the test: no server, no port, no thread. Handlers are called in the test's own thread, so
that breakpoints, monkeypatching and coverage work. Time is virtual: a day of waits takes a millisecond.
"""

from __future__ import annotations

import asyncio
import io
import json
import threading
import uuid
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from statewright.engine import Engine, LocalFunctions, VirtualClock, VirtualLoop
from statewright.engine.functions import engine_loop
from statewright.engine.runner import ROLE

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence

    from statewright.engine import ExecutionRecord
    from statewright.engine.mocks import MockConfig
    from statewright.engine.records import MachineType

Json = Any
Event = dict[str, Any]

# Where the client believes the engine to be; no connection is ever made.
ENDPOINT = "http://127.0.0.1:8083"
# Whoever asks these wants to know what has become of executions: time passes first.
_LOOKS = frozenset(
    {
        "DescribeExecution",
        "DescribeMapRun",
        "GetExecutionHistory",
        "ListExecutions",
        "ListMapRuns",
    }
)
_ATTEMPTS = frozenset(
    {
        "ActivityScheduled",
        "LambdaFunctionScheduled",
        "TaskScheduled",
        "MapStateStarted",
        "ParallelStateStarted",
    }
)
_FAILURES = frozenset(
    {
        "ActivityFailed",
        "ActivityTimedOut",
        "EvaluationFailed",
        "LambdaFunctionFailed",
        "LambdaFunctionTimedOut",
        "MapRunFailed",
        "TaskFailed",
        "TaskTimedOut",
    }
)


class StillWaiting(AssertionError):  # noqa: N818 - what is the matter
    """An execution cannot end by itself: it waits for the answer to a task token, or for a worker."""


# --- what an execution did ---


def path_taken(history: Sequence[Event]) -> list[str]:
    """Give the names of the states that an execution visited, in their order."""
    return [
        event["stateEnteredEventDetails"]["name"] for event in history if "stateEnteredEventDetails" in event
    ]


def retries(history: Sequence[Event]) -> dict[str, int]:
    """Give how often each state was tried again; states that were not are left out."""
    attempts = Counter(_state_of(history, event) for event in history if event["type"] in _ATTEMPTS)
    visits = Counter(path_taken(history))
    return {name: count - visits[name] for name, count in attempts.items() if name and count > visits[name]}


def failures(history: Sequence[Event]) -> list[tuple[str, str]]:
    """Give the state and the error of every attempt that failed, in their order."""
    found = []
    for event in history:
        if event["type"] in _FAILURES:
            details: Event = next((event[key] for key in event if key.endswith("EventDetails")), {})
            found.append((_state_of(history, event), str(details.get("error", ""))))
    return found


def _state_of(history: Sequence[Event], event: Event) -> str:
    """Follow an event back to the state that it belongs to."""
    while "stateEnteredEventDetails" not in event:
        if not event["previousEventId"]:
            return ""
        event = history[event["previousEventId"] - 1]
    return str(event["stateEnteredEventDetails"]["name"])


@dataclass(frozen=True)
class Outcome:
    """What came of an execution: its record and its history."""

    record: ExecutionRecord
    history: Sequence[Event]

    @property
    def status(self) -> str:
        """SUCCEEDED, FAILED, TIMED_OUT or ABORTED."""
        return self.record.status

    @property
    def output(self) -> Json:
        """The output as a value; None where there is none."""
        return self.record.result

    @property
    def error(self) -> str | None:
        """The error's name."""
        return self.record.error

    @property
    def cause(self) -> str | None:
        """What is said of the error."""
        return self.record.cause

    @property
    def seconds(self) -> float:
        """How long it took, by the clock that its waits passed on."""
        assert self.record.stop_date is not None
        return self.record.stop_date - self.record.start_date

    @property
    def path(self) -> list[str]:
        """The states visited; see `path_taken`."""
        return path_taken(self.history)

    @property
    def retries(self) -> dict[str, int]:
        """How often states were tried again; see `retries`."""
        return retries(self.history)

    @property
    def failures(self) -> list[tuple[str, str]]:
        """Which attempts failed, with what; see `failures`."""
        return failures(self.history)


# --- Step Functions in this process ---


class LocalStepFunctions:
    """AWS Step Functions in the thread of a test.

    `functions`: handlers by name, more may be added at any time. `clients`: from a service's name to a boto3
    client, for service integrations (`boto3.client` inside moto's mock_aws). `mock_config`: test cases for
    `run(case=...)` and `ARN#case`, as `statewright.engine.mocks` reads them.

    Time stands still between calls of the client, and passes when it is asked how an execution stands
    (DescribeExecution, GetExecutionHistory and their like): until it has ended, or waits for the answer to a
    task token or for an activity's worker. `wait` and `pass_time` let time pass in any case.
    """

    def __init__(
        self,
        functions: Mapping[str, Callable[[Any, Any], Any]] | None = None,
        *,
        clients: Callable[[str], Any] | None = None,
        mock_config: Callable[[], MockConfig] | None = None,
    ) -> None:
        from statewright.api import create_app
        from statewright.local.clients import Clients

        self.functions = dict(functions or {})
        self._runner = asyncio.Runner(loop_factory=VirtualLoop)
        backend = LocalFunctions(self.functions)

        async def make() -> Engine:
            return Engine(functions=backend, clients=clients, clock=VirtualClock(), mock_config=mock_config)

        self.engine = self._runner.run(make())
        self.engine.keeps_express_events = True
        self._app = create_app(self.engine, backend)
        self._thread = threading.get_ident()
        self.client: Any = Clients(ENDPOINT)("stepfunctions")
        self.client.meta.events.register_first("before-send.stepfunctions", self._answer)

    def __enter__(self) -> LocalStepFunctions:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def clients(self) -> Callable[[str], Any] | None:
        """What gives the clients of service integrations; may be set at any time."""
        return self.engine.clients

    @clients.setter
    def clients(self, clients: Callable[[str], Any] | None) -> None:
        self.engine.clients = clients

    @property
    def _loop(self) -> VirtualLoop:
        loop = self._runner.get_loop()
        assert isinstance(loop, VirtualLoop)
        return loop

    def run(
        self,
        definition: str | Mapping[str, Json],
        input: Json = None,  # noqa: A002 - AWS's word
        *,
        case: str | None = None,
        name: str | None = None,
        type: MachineType = "STANDARD",  # noqa: A002 - AWS's word
    ) -> Outcome:
        """Create a state machine, run it on an input to its end and give what came of it.

        `case` is a test case of the mock configuration, whose machine `name` is. Raises InvalidDefinition,
        StillWaiting.
        """
        text = definition if isinstance(definition, str) else json.dumps(definition)
        given = json.dumps({} if input is None else input)
        mark = "" if case is None else f"#{case}"

        async def start() -> str:
            machine = self.engine.create_state_machine(name or f"machine-{uuid.uuid4()}", text, ROLE, type)
            return self.engine.start_execution(machine.arn + mark, given).arn

        if type == "EXPRESS":
            return self._run_express(name, text, mark, given)
        return self.wait(self._runner.run(start()))

    def _run_express(self, name: str | None, text: str, mark: str, given: str) -> Outcome:
        async def run() -> Outcome:
            made = name or f"machine-{uuid.uuid4()}"
            machine = self.engine.create_state_machine(made, text, ROLE, "EXPRESS")
            others = set(self.engine.running)
            running = asyncio.ensure_future(self.engine.start_sync_execution(machine.arn + mark, given))
            await asyncio.sleep(0)  # it has started, and waits for its end
            started = [each for arn, each in self.engine.running.items() if arn not in others]
            record = await running
            return Outcome(record, started[0].history.events if started else ())

        return self._runner.run(run())

    def wait(self, execution_arn: str) -> Outcome:
        """Let time pass until an execution has ended, over every timeout; raises StillWaiting."""
        while execution_arn in self.engine.running:
            if not self._loop.run_until_idle(jumps=1) and execution_arn in self.engine.running:
                raise StillWaiting(
                    f"{execution_arn} waits for the answer to a task token or for an activity's worker:"
                    " give it with the client, or set TimeoutSeconds"
                )
        record = self.engine.describe_execution(execution_arn)
        return Outcome(record, self.engine.get_execution_history(execution_arn))

    def pass_time(self, seconds: float) -> None:
        """Let so much time pass, whatever waits."""
        self._runner.run(asyncio.sleep(seconds))
        self._loop.run_until_idle()

    def close(self) -> None:
        """Abort what runs and release everything."""
        self._runner.run(self.engine.close())
        self._runner.close()

    # --- the client's requests ---

    def _answer(self, request: Any, **_: Any) -> AWSResponse:
        """Answer a request in place of a server."""
        if threading.get_ident() != self._thread:
            raise RuntimeError("this client belongs to the thread that made LocalStepFunctions")
        target = _text(request.headers.get("X-Amz-Target", ""))
        exchange = _Exchange(request)
        answering = self._app(exchange.scope, exchange.receive, exchange.send)
        if self._loop.is_running():
            with engine_loop():
                _finish_at_once(answering, target)  # a handler calls: the loop waits for it
        else:
            self._let_time_pass(target)
            self._runner.run(answering)
            self._loop.run_until_idle()
        headers = HTTPHeaders.from_dict(exchange.headers)
        return AWSResponse(request.url, exchange.status, headers, _Raw(exchange.body))

    def _let_time_pass(self, target: str) -> None:
        if target.rpartition(".")[2] not in _LOOKS:
            return
        self._loop.run_until_idle()
        while self.engine.running and not self.engine.tokens.are_awaited:
            if not self._loop.run_until_idle(jumps=1):
                return


def _finish_at_once(answering: Coroutine[Any, Any, None] | Any, target: str) -> None:
    try:
        answering.send(None)
    except StopIteration:
        return
    answering.close()
    raise RuntimeError(
        f"a function cannot wait for {target}: the execution that calls it waits for the function"
    )


class _Exchange:
    """One request and its answer, as an ASGI application sees them."""

    def __init__(self, request: Any) -> None:
        parts = urlsplit(request.url)
        self._body = request.body or b""
        given = {name.lower(): _text(value) for name, value in request.headers.items()}
        headers = {"host": parts.netloc, **given}
        self.scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": parts.scheme,
            "path": parts.path or "/",
            "raw_path": (parts.path or "/").encode(),
            "query_string": parts.query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "server": (parts.hostname, parts.port),
            "client": None,
        }
        self._is_read = False
        self.status = 500
        self.headers: dict[str, str] = {}
        self.body = b""

    async def receive(self) -> dict[str, Any]:
        if self._is_read:  # the caller never leaves before its answer
            await asyncio.get_running_loop().create_future()
        self._is_read = True
        body = self._body if isinstance(self._body, bytes) else str(self._body).encode()
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(self, message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            self.body += message.get("body", b"")


class _Raw(io.BytesIO):
    """A body as urllib3 gives it."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
