"""Executions that run, written to the store about twice a second: a kill leaves nearly all of them."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from statewright.engine.engine import Engine
    from statewright.engine.execution import Execution

SECONDS = 0.5
# Where there is much to write, the next time is later: at most a tenth of the time goes there.
_SHARE = 10
_AT_ONCE = 50
_SECONDS_AT_ONCE = 0.02

log = logging.getLogger(__name__)


class Saving:
    """Writes what has happened to the executions of an engine while any run."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._task: asyncio.Task[None] | None = None
        self._saved: dict[Execution, int] = {}

    def wake(self) -> None:
        """Begin to save, where the store keeps what runs."""
        if self._task is None and self._engine.store.keeps_running:
            self._task = asyncio.get_running_loop().create_task(self._save())

    async def stop(self) -> None:
        """Save no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _save(self) -> None:
        engine = self._engine
        pause = SECONDS
        while engine.running:
            await asyncio.sleep(pause)
            begun = time.monotonic()
            try:
                for some in self._portions(self._changed()):
                    engine.store.keep_running(some)
                    await asyncio.sleep(0)
                for run in list(engine.map_runs.values()):
                    engine.store.save_map_run(run.record)
            except Exception:  # a full disk now need not be one in a moment
                self._saved.clear()
                log.exception("running executions could not be stored")
            pause = max(SECONDS, _SHARE * (time.monotonic() - begun))
        self._saved.clear()
        self._task = None

    def _changed(self) -> list[Execution]:
        running = [each for each in self._engine.running.values() if each.is_standard]
        self._saved = {each: self._saved[each] for each in running if each in self._saved}
        return [each for each in running if self._saved.get(each) != each.history.count]

    def _portions(self, changed: list[Execution]) -> Iterator[Iterator[Execution]]:
        """Divide them, so that other work gets its turn in between."""
        left = iter(changed)
        for first in left:
            yield self._portion(first, left)

    def _portion(self, first: Execution, left: Iterator[Execution]) -> Iterator[Execution]:
        begun = time.monotonic()
        each: Execution | None = first
        count = 0
        while each is not None:
            if each.record.arn in self._engine.running:  # others may have ended in the meantime
                self._saved[each] = each.history.count
                yield each
            count += 1
            if count >= _AT_ONCE or time.monotonic() - begun > _SECONDS_AT_ONCE:
                return
            each = next(left, None)
