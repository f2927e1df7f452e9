"""Processes that are measured side by side: the stub of AWS, and pipelines that work on its objects."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from bench.orders import ROOT

if TYPE_CHECKING:
    from types import TracebackType


class Took(NamedTuple):
    """What one file took: CPU seconds of the pipeline's process, seconds by the clock, and its records."""

    cpu: float
    clock: float
    records: int


class Process:
    """A Python module as a process that ends when its stdin closes."""

    def __init__(self, *arguments: str, python: str = sys.executable) -> None:
        self._process: Any = subprocess.Popen(
            [python, "-m", *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
        )

    def stay_on(self, core: int) -> Self:
        """Use one core alone from now on."""
        os.sched_setaffinity(self._process.pid, {core})
        return self

    def line(self) -> str:
        """Return the next line that it prints."""
        said: str = self._process.stdout.readline()
        if not said:
            raise RuntimeError(f"{self._process.args} ended with {self._process.wait()}")
        return said

    def say(self, line: str) -> None:
        """Write a line to it."""
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


class AwsStub(Process):
    """The stub, as a process."""

    def __init__(self) -> None:
        super().__init__("bench.stub")
        self.port = int(self.line())

    def put(self, key: str, body: bytes) -> None:
        """Put an object into the raw bucket."""
        url = f"http://127.0.0.1:{self.port}/raw/{key}"
        urllib.request.urlopen(urllib.request.Request(url, body, method="PUT")).close()

    def items(self) -> int:
        """Return how many items were written since this was asked last."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/items") as answer:
            return int(answer.read())


class Pipeline(Process):
    """A way of ingesting files, as a process."""

    def __init__(self, way: str, stub: AwsStub, python: str = sys.executable) -> None:
        super().__init__("bench.pipelines", way, str(stub.port), python=python)

    def begin(self, key: str) -> None:
        """Let it ingest an object."""
        self.say(key)

    def end(self) -> Took:
        """Wait for the end of what was begun."""
        return Took(**json.loads(self.line()))

    def took(self, key: str) -> Took:
        """Let it ingest an object; return what that took."""
        self.begin(key)
        return self.end()
