"""Task tokens: what waits for an answer from outside, and the answers."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

from statewright.engine.errors import (
    InvalidOutput,
    InvalidToken,
    StateFailure,
    TaskTimedOut,
)
from statewright.engine.payloads import is_too_large, load

Json = Any

_PREFIX = "AQB4AAAAKgAAAAMAAAAAAAAAAS"
_REMEMBERED = 100_000


class WaitingTask:
    """A task that waits for its token to come back; `beats` wakes up at each heartbeat.

    `is_awaited`: nothing but an answer from outside, or the end of its time, lets it go on.
    """

    def __init__(self, token: str) -> None:
        self.token = token
        self.answer: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self.beats = asyncio.Event()
        self.is_awaited = False


class TaskTokens:
    """The tokens of all executions of an engine."""

    def __init__(self) -> None:
        self._waiting: dict[str, WaitingTask] = {}
        self._gone: dict[str, None] = {}

    def open(self) -> WaitingTask:
        """Make a token and what waits for it."""
        task = WaitingTask(_PREFIX + secrets.token_urlsafe(96))
        self._waiting[task.token] = task
        return task

    @property
    def are_awaited(self) -> bool:
        """Say whether a task waits for an answer from outside."""
        return any(task.is_awaited and not task.answer.done() for task in self._waiting.values())

    def close(self, task: WaitingTask) -> None:
        """Forget a token; who answers it later is told so."""
        self._waiting.pop(task.token, None)
        self._gone[task.token] = None
        if len(self._gone) > _REMEMBERED:
            del self._gone[next(iter(self._gone))]

    def succeed(self, token: str, output: str) -> None:
        """Answer with a result; raises InvalidToken, InvalidOutput, TaskTimedOut."""
        task = self._find(token)
        if is_too_large(output):
            raise InvalidOutput(
                "Invalid Output: 'The output exceeds the maximum number of bytes service limit.'"
            )
        try:
            value = load(output)
        except ValueError as error:
            raise InvalidOutput(f"Invalid Output: '{error}'") from error
        if not task.answer.done():
            task.answer.set_result(value)

    def fail(self, token: str, error: str | None, cause: str | None) -> None:
        """Answer with an error; raises InvalidToken, TaskTimedOut."""
        task = self._find(token)
        if not task.answer.done():
            task.answer.set_exception(StateFailure(error, cause))
            # Whoever waits may have been cancelled in the meantime.
            task.answer.exception()

    def beat(self, token: str) -> None:
        """Say that a task is alive; raises InvalidToken, TaskTimedOut."""
        self._find(token).beats.set()

    def _find(self, token: str) -> WaitingTask:
        task = self._waiting.get(token)
        if task is not None and not task.answer.done():
            return task
        if task is not None or token in self._gone:
            raise TaskTimedOut("Task Timed Out: 'Provided task does not exist anymore'")
        raise InvalidToken("Invalid Token: 'Invalid token'")
