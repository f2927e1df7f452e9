"""Servers of the Step Functions API as processes of their own, and the one client that measures them."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import uuid
import zipfile
from typing import TYPE_CHECKING, Any

import boto3

from bench.contestants import ROLE, NotSucceeded
from bench.server import HANDLERS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self

Json = Any
POLL_SECONDS = 0.001
START_SECONDS = 60.0
# MiniStack looks at the account and region in the credential's scope; nobody checks the signature.
SCOPE = "test/20260101/us-east-1/states/aws4_request"


class Client:
    """One connection that starts executions of one machine and asks until they have ended."""

    def __init__(self, port: int, definition: Json, value: Json) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._connection.connect()
        self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        request = {"name": f"bench-{uuid.uuid4()}", "definition": json.dumps(definition), "roleArn": ROLE}
        machine = self._call("CreateStateMachine", request)["stateMachineArn"]
        self._start = {"stateMachineArn": machine, "input": json.dumps(value)}

    def _call(self, action: str, request: Json) -> Json:
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": f"AWSStepFunctions.{action}",
            "Authorization": f"AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders=host, Signature=none",
        }
        self._connection.request("POST", "/", json.dumps(request), headers)
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise NotSucceeded(body)
        return json.loads(body)

    def seconds(self, way: str, count: int) -> tuple[float, float]:
        """Run `count` executions "one_by_one" or "together"; give the seconds, also of its CPU time."""
        started, used = time.perf_counter(), time.process_time()
        if way == "together":
            self._together(count)
        else:
            for _ in range(count):
                self._together(1)
        return time.perf_counter() - started, time.process_time() - used

    def _together(self, count: int) -> None:
        for each in [self._call("StartExecution", self._start) for _ in range(count)]:
            self._wait(each["executionArn"])

    def _wait(self, arn: str) -> None:
        while (found := self._call("DescribeExecution", {"executionArn": arn}))["status"] == "RUNNING":
            time.sleep(POLL_SECONDS)
        if found["status"] != "SUCCEEDED":
            raise NotSucceeded(found)

    def close(self) -> None:
        self._connection.close()


class _Server:
    """A child process with a port."""

    port: int
    process: subprocess.Popen[str]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.terminate()
        self.process.wait(30)

    def client(self, definition: Json, value: Json) -> Client:
        """Connect, and create the machine."""
        return Client(self.port, definition, value)

    def _start(self, module: str, environment: Mapping[str, str], output: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **environment},
            text=True,
        )


class StatewrightServer(_Server):
    """Our engine; functions run in worker processes."""

    def __init__(self) -> None:
        self._start("bench.server", {}, subprocess.PIPE)
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())


class MiniStackServer(_Server):
    """MiniStack as installed; functions run in its own Lambda executor's worker processes."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        environment = {
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "HOME": self._folder.name,
            "LOG_LEVEL": "ERROR",
        }
        self._start("ministack", environment, subprocess.DEVNULL)
        self._wait_until_ready()
        self._create_function()

    def _wait_until_ready(self) -> None:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
                connection.request("GET", "/_ministack/ready")
                if connection.getresponse().status == 200:
                    return
            time.sleep(0.05)
        raise NotSucceeded("MiniStack did not start")

    def _create_function(self) -> None:
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as packed:
            packed.write(HANDLERS / "echo.py", "echo.py")
        functions = boto3.client(
            "lambda",
            endpoint_url=f"http://127.0.0.1:{self.port}",
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 - the emulator takes any
        )
        functions.create_function(
            FunctionName="echo",
            Runtime="python3.12",
            Role=ROLE,
            Handler="echo.handler",
            Code={"ZipFile": code.getvalue()},
        )
        functions.get_waiter("function_active_v2").wait(FunctionName="echo")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        super().__exit__(kind, error, trace)
        self._folder.cleanup()
