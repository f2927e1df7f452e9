"""Function workers: a pool of processes that runs Lambda handlers, with Lambda's limits, errors and logs.

    pool = FunctionPool({"enrich": FunctionSpec("enrich", "enrich.handler")}, environment, Path("functions"))
    result = await pool.invoke("enrich", b'{"shard": 1}')
    pool.close()

As many invocations run at once as there are processes; further ones wait in a queue of bounded length, and
are throttled beyond it. A worker is warm for every function that it has run, and replaced when a module under
the root changes. Functions share the modules (and the environment) of a worker, unlike on Lambda, where each
has processes of its own. Memory is reported, not limited. An invocation of type Event runs once: it is not
retried.
"""

from __future__ import annotations

import asyncio
import json
import os
import queue
import threading
import time
import uuid
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from statewright.engine.functions import (
    DEFAULT_TIMEOUT_SECONDS,
    FunctionDescription,
    FunctionNotFound,
    FunctionResult,
    FunctionThrottled,
    check_payload_size,
    function_arn,
    function_name,
    response_too_large,
)
from statewright.lambda_runtime import MAX_RESPONSE_BYTES
from statewright.local.code_watch import CodeWatch
from statewright.local.worker_process import Answer, WorkerDied, WorkerProcess, WorkerTimedOut

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

# Lambda gives a cold start ten seconds before the function's own timeout begins:
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-ib
LOAD_SECONDS = 10.0
LOG_TAIL_BYTES = 4096  # what Invoke returns for LogType Tail
# What a worker takes over from this process: where programs are, the locale. No credentials.
INHERITED = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV")


@dataclass(frozen=True)
class FunctionSpec:
    """A function that the pool runs: its handler (`module.function` under the root) and limits."""

    name: str
    handler: str
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    memory_mb: int = 128
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Request:
    spec: FunctionSpec
    arn: str
    payload: bytes
    request_id: str

    def header(self) -> dict[str, object]:
        spec = self.spec
        names = {
            "AWS_LAMBDA_FUNCTION_NAME": spec.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory_mb),
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{spec.name}",
            "_HANDLER": spec.handler,
        }
        return {
            "requestId": self.request_id,
            "function": spec.name,
            "handler": spec.handler,
            "arn": self.arn,
            "memory": spec.memory_mb,
            "timeout": spec.timeout_seconds,
            "environment": {**names, **spec.environment},
        }


class FunctionPool:
    """A FunctionBackend over worker processes.

    `environment` is what handlers find in os.environ, beside Lambda's own variables: nothing of this
    process's credentials or configuration reaches them. Logs go to `logs/<function>.log`. `queue_length` is
    how many invocations may wait. Close the pool when done; the workers also end when this process does,
    however it ends. Raises FileNotFoundError where there is no `root`.
    """

    def __init__(
        self,
        functions: Mapping[str, FunctionSpec],
        environment: Mapping[str, str],
        root: Path,
        processes: int = 2,
        *,
        logs: Path | None = None,
        queue_length: int = 1000,
    ) -> None:
        self._functions = dict(functions)
        self._root = root.resolve(strict=True)
        self._environment = worker_environment(environment, self._root)
        self._region = self._environment.get("AWS_REGION", "us-east-1")
        self._code = CodeWatch(self._root)
        self._logs = logs
        if logs is not None:
            logs.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._log_lock = threading.Lock()
        self._capacity = processes + queue_length
        self._pending = 0
        # Last in, first out: a warm worker is taken before a new one is started.
        self._idle: queue.LifoQueue[WorkerProcess | None] = queue.LifoQueue()
        for _ in range(processes):
            self._idle.put(None)
        self._busy: set[WorkerProcess] = set()
        self._closed = False
        self._threads = ThreadPoolExecutor(processes, thread_name_prefix="function-worker")

    def describe_functions(self) -> Sequence[FunctionDescription]:
        """List the functions in the order of their names."""
        return [
            FunctionDescription(spec.name, spec.handler, spec.timeout_seconds, spec.memory_mb)
            for _, spec in sorted(self._functions.items())
        ]

    async def invoke(
        self,
        function: str,
        payload: bytes,
        *,
        invocation_type: str = "RequestResponse",
        timeout: float | None = None,
    ) -> FunctionResult:
        """Run the function in a worker; see FunctionBackend.invoke.

        A caller that is cancelled or no longer waits does not stop a running function, as on Lambda; an
        invocation that still waits for a worker is dropped.
        """
        spec = self._functions.get(function_name(function))
        if spec is None:
            raise FunctionNotFound(function)
        check_payload_size(payload, invocation_type)
        request = _Request(spec, function_arn(function, region=self._region), payload, str(uuid.uuid4()))
        if invocation_type == "DryRun":
            return FunctionResult(204, b"", request_id=request.request_id)
        future = self._submit(request)
        if invocation_type == "Event":
            return FunctionResult(202, b"", request_id=request.request_id)
        try:
            return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(future)), timeout)
        except (asyncio.CancelledError, TimeoutError):
            future.cancel()  # without effect once it runs
            raise

    def close(self) -> None:
        """End all workers and what they run. Invocations under way end with Runtime.ExitError."""
        self._closed = True
        for busy in list(self._busy):
            busy.kill()
        self._threads.shutdown(wait=True, cancel_futures=True)
        while not self._idle.empty():
            if (idle := self._idle.get()) is not None:
                idle.close()

    def _submit(self, request: _Request) -> Future[FunctionResult]:
        with self._lock:
            if self._pending >= self._capacity:
                raise FunctionThrottled(request.spec.name)
            self._pending += 1
        future = self._threads.submit(self._run, request)
        future.add_done_callback(self._forget)
        return future

    def _forget(self, _: Future[FunctionResult]) -> None:
        with self._lock:
            self._pending -= 1

    def _run(self, request: _Request) -> FunctionResult:
        """Run a request on an idle worker, in a thread of the pool (there are as many as workers)."""
        worker = self._take_worker()
        self._busy.add(worker)
        if self._closed:
            worker.kill()
        started = time.perf_counter()
        try:
            outcome = self._outcome(worker, request, started)
        finally:
            self._busy.discard(worker)
            if worker.alive:
                self._idle.put(worker)
            else:
                worker.close()
                self._idle.put(None)
        return outcome

    def _take_worker(self) -> WorkerProcess:
        """Take a warm worker, or start one where there is none or where code has changed since it started."""
        worker = self._idle.get()
        code = self._code.state()
        if worker is not None and worker.alive and worker.code == code:
            return worker
        if worker is not None:
            worker.close()
        return WorkerProcess(self._root, self._environment, code)

    def _outcome(self, worker: WorkerProcess, request: _Request, started: float) -> FunctionResult:
        request_id, seconds = request.request_id, request.spec.timeout_seconds
        answer, status, note = None, "", ""
        try:
            answer = worker.run(request.header(), request.payload, load_seconds=LOAD_SECONDS)
            payload, failed = answer.payload, answer.failed
            if answer.size > MAX_RESPONSE_BYTES:
                payload, failed = response_too_large(), True
        except WorkerTimedOut:
            status = "timeout"
            note = f"{_now()} {request_id} Task timed out after {seconds:.2f} seconds\n"
            payload, failed = _timed_out(request_id, seconds), True
        except WorkerDied as death:
            status = "error\tError Type: Runtime.ExitError"
            payload, failed = _exited(request_id, death.reason), True
            note = f"RequestId: {request_id} Error: {_exit_words(death.reason)}\nRuntime.ExitError\n"
        elapsed = (time.perf_counter() - started) * 1000
        report = _report(request, answer, elapsed, status)
        tail = self._write_log(worker, request, note, report)
        return FunctionResult(200, payload, "Unhandled" if failed else None, request_id=request_id, log=tail)

    def _write_log(self, worker: WorkerProcess, request: _Request, note: str, report: str) -> bytes:
        """Append the log of an invocation to its function's file; return its end."""
        start = f"START RequestId: {request.request_id} Version: $LATEST\n".encode()
        body = worker.log_tail(LOG_TAIL_BYTES)
        closing = ("" if not body or body.endswith(b"\n") else "\n") + note + report
        if self._logs is not None:
            path = self._logs / f"{request.spec.name}.log"
            with self._log_lock, path.open("ab") as log:
                log.write(start)
                worker.copy_log(log)
                log.write(closing.encode())
        return (start + body + closing.encode())[-LOG_TAIL_BYTES:]


def worker_environment(environment: Mapping[str, str], root: Path) -> dict[str, str]:
    """Return the whole environment of a worker: what Lambda sets, and `environment`, which wins.

    The shared credential and configuration files of the user and the instance metadata service are put out
    of reach: https://docs.aws.amazon.com/boto3/latest/guide/configuration.html
    """
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return {
        **inherited,
        "TZ": ":UTC",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "LAMBDA_TASK_ROOT": str(root),
        **environment,
    }


def _timed_out(request_id: str, seconds: float) -> bytes:
    message = f"RequestId: {request_id} Error: Task timed out after {seconds:.2f} seconds"
    return _service_error("Sandbox.Timedout", message)


def _exited(request_id: str, reason: str) -> bytes:
    message = f"RequestId: {request_id} Error: {_exit_words(reason)}"
    return _service_error("Runtime.ExitError", message)


def _service_error(error_type: str, message: str) -> bytes:
    """Word an error as the Lambda service does, which leaves no spaces, unlike the runtime."""
    return json.dumps({"errorType": error_type, "errorMessage": message}, separators=(",", ":")).encode()


def _exit_words(reason: str) -> str:
    return f"Runtime exited with error: {reason}" if reason else "Runtime exited without providing a reason"


def _report(request: _Request, answer: Answer | None, elapsed_ms: float, status: str) -> str:
    """Return the END and REPORT lines of an invocation, in the form that Lambda writes them."""
    duration = answer.duration_ms if answer else min(elapsed_ms, request.spec.timeout_seconds * 1000)
    parts = [
        f"REPORT RequestId: {request.request_id}",
        f"Duration: {duration:.2f} ms",
        f"Billed Duration: {-(-duration // 1):.0f} ms",
        f"Memory Size: {request.spec.memory_mb} MB",
    ]
    if answer:
        parts.append(f"Max Memory Used: {answer.memory_mb} MB")
        if answer.load_ms > 1:
            parts.append(f"Init Duration: {answer.load_ms:.2f} ms")
    if status:
        parts.append(f"Status: {status}")
    return f"END RequestId: {request.request_id}\n" + "\t".join(parts) + "\n"


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
