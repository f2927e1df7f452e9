"""Time as the engine sees it: real, scaled, or virtual.

A scaled clock shortens what an execution only waits for (Wait states, retry intervals) and leaves what work
takes (task timeouts, heartbeats) alone. `Clock.sleep` answers with the seconds that it left out, so that the
time limit of a machine counts them and the outcome is the same at every scale.
A virtual clock runs on a `VirtualLoop`, whose time jumps whenever nothing is ready.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor


class Clock(Protocol):
    """A source of time."""

    def now(self) -> float:
        """Give the seconds since 1970."""
        ...

    async def sleep(self, seconds: float) -> float:
        """Wait; give the seconds of them that did not really pass."""
        ...


class RealClock:
    """The machine's clock."""

    def now(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> float:
        await asyncio.sleep(seconds)
        return 0.0


class ScaledClock:
    """The machine's clock, with waits multiplied by `scale` (0.01: a minute takes 0.6 seconds)."""

    def __init__(self, scale: float) -> None:
        if not scale >= 0:
            raise ValueError(f"a wait scale is zero or more, not {scale}")
        self.scale = scale

    def now(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> float:
        await asyncio.sleep(seconds * self.scale)
        return seconds * (1 - self.scale)


class VirtualClock:
    """The time of the running event loop, counted from `start`; jumps where the loop is a VirtualLoop."""

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        self.start = start
        self._origin: float | None = None

    def now(self) -> float:
        loop_time = asyncio.get_running_loop().time()
        if self._origin is None:
            self._origin = loop_time
        return self.start + loop_time - self._origin

    async def sleep(self, seconds: float) -> float:
        await asyncio.sleep(seconds)
        return 0.0


class _JumpingSelector(selectors.DefaultSelector):
    """A selector that moves the loop's time on instead of waiting, unless threads work.

    `jumps`: how often it may do so before it calls `on_idle`; None is always, and then it never calls.
    """

    def __init__(self) -> None:
        super().__init__()
        self.skipped = 0.0
        self.working = 0
        self.jumps: int | None = None
        self.on_idle: Callable[[], None] = lambda: None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if self.working and (timeout is None or timeout > 0):
            return super().select(0.01 if timeout is None else min(timeout, 0.01))
        if (timeout is None and self.jumps is None) or (timeout is not None and timeout <= 0):
            return super().select(timeout)
        ready = super().select(0)
        if ready:
            return ready
        if timeout is None or self.jumps == 0:
            self.on_idle()
            return ready
        self.skipped += timeout
        if self.jumps is not None:
            self.jumps -= 1
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time jumps to the next timer when nothing is ready.

    While a thread of its executor works, time passes as it really does.
    """

    def __init__(self) -> None:
        self._jumps = _JumpingSelector()
        super().__init__(self._jumps)

    def time(self) -> float:
        return super().time() + self._jumps.skipped

    def run_until_idle(self, jumps: int = 0) -> bool:
        """Run what is ready, over so many jumps to the next timer; say whether all of them were made."""
        self._jumps.jumps, self._jumps.on_idle = jumps, self.stop
        try:
            self.run_forever()
            return self._jumps.jumps == 0
        finally:
            self._jumps.jumps, self._jumps.on_idle = None, lambda: None

    def run_in_executor(  # type: ignore[override]
        self, executor: Executor | None, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        self._jumps.working += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._rest)
        return future

    def _rest(self, _: asyncio.Future[Any]) -> None:
        self._jumps.working -= 1

    async def shutdown_default_executor(self, *timeout: float) -> None:
        """Join the threads; since Python 3.12 with a timeout, which is one of real time."""
        self._jumps.working += 1
        try:
            await super().shutdown_default_executor(*timeout)
        finally:
            self._jumps.working -= 1
