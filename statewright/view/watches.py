"""The executions that are looked at, a few of them kept while nobody does."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from statewright.view.watch import Watch

if TYPE_CHECKING:
    from statewright.view.endpoint import Endpoint

KEPT_WATCHES = 16


class Watches:
    """One watch for each execution."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._watches: OrderedDict[str, Watch] = OrderedDict()

    async def get(self, arn: str) -> Watch:
        """Return the watch of an execution, its definition read; raises botocore's errors."""
        watch = self._watches.get(arn)
        if watch is None:
            watch = self._watches[arn] = Watch(self._endpoint, arn)
        self._watches.move_to_end(arn)
        self._forget_old()
        if not watch.version:
            try:
                await watch.prepare()
            except Exception:
                self._watches.pop(arn, watch).close()
                raise
        return watch

    async def read(self, arn: str) -> Watch:
        """Return the watch of an execution with all that the endpoint tells now; raises botocore's errors."""
        watch = await self.get(arn)
        if not watch.is_complete and not watch.is_watched:
            await watch.refresh()
        return watch

    def known(self, arn: str) -> Watch | None:
        """Return the watch of an execution that was looked at lately."""
        return self._watches.get(arn)

    def close(self) -> None:
        """Give everything back."""
        for watch in self._watches.values():
            watch.close()

    def _forget_old(self) -> None:
        idle = [arn for arn, watch in self._watches.items() if not watch.is_watched]
        for arn in idle[: max(len(self._watches) - KEPT_WATCHES, 0)]:
            self._watches.pop(arn).close()
