"""What is asked about more than one execution.

GET /api/compare/reference   the execution that another one is held against where nobody says which
GET /api/compare             two executions: one graph, what their states did, what differs of payloads
GET /api/compare/state       one state of both
GET /api/cost                what an execution costs, for the list: its history is read once, and given back
GET /api/coverage            server-sent events: what the last executions went through, as they are read
"""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from statewright.view.asked import BadQueryError, needed, number
from statewright.view.compare import compared_state, comparison, reference
from statewright.view.cost import cost_of
from statewright.view.coverage import MAX_COVERED, coverage
from statewright.view.definition import NotDrawableError
from statewright.view.told import Told
from statewright.view.watch import Watch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

    from statewright.view.endpoint import Endpoint
    from statewright.view.watches import Watches

Json = Any

KEPT_COSTS = 2_000  # of executions that have ended


class Studies:
    """Answers such questions over one endpoint."""

    def __init__(self, endpoint: Endpoint, watches: Watches) -> None:
        self._endpoint = endpoint
        self._watches = watches
        self._costs: OrderedDict[str, Json] = OrderedDict()

    def routes(self) -> list[Route]:
        """Return where they are asked."""
        return [
            Route("/api/compare/reference", self.reference),
            Route("/api/compare/state", self.compare_state),
            Route("/api/compare", self.compare),
            Route("/api/coverage", self.coverage),
            Route("/api/cost", self.cost),
        ]

    async def reference(self, request: Request) -> Response:
        watch = await self._watches.get(needed(request, "execution"))
        return Told({"execution": await reference(self._endpoint, watch)})

    async def compare(self, request: Request) -> Response:
        a, b = await self._both(request)
        return Told(await asyncio.to_thread(comparison, a, b))

    async def compare_state(self, request: Request) -> Response:
        a, b = await self._both(request)
        state, index = needed(request, "state"), number(request, "pair")
        try:
            return Told(await asyncio.to_thread(compared_state, a, b, state, index))
        except IndexError as error:
            raise BadQueryError("There is no such pair of visits") from error

    async def cost(self, request: Request) -> Response:
        arn = needed(request, "execution")
        if arn not in self._costs:
            watch, cost = await self._priced(arn)
            if not watch.is_complete:
                return Told({"cost": cost})
            self._costs[arn] = cost
            while len(self._costs) > KEPT_COSTS:
                self._costs.popitem(last=False)
        return Told({"cost": self._costs[arn]})

    async def _priced(self, arn: str) -> tuple[Watch, Json]:
        known = self._watches.known(arn)
        if known is not None and known.is_complete:
            return known, cost_of(known)
        watch = Watch(self._endpoint, arn)
        try:
            await watch.refresh()
            return watch, cost_of(watch)
        finally:
            watch.close()

    async def coverage(self, request: Request) -> Response:
        last = number(request, "last") or 0
        if not 0 < last <= MAX_COVERED:
            raise BadQueryError(f"last is between 1 and {MAX_COVERED}")
        told = self._covered(needed(request, "machine"), last, request.query_params.get("status", ""))
        return StreamingResponse(told, media_type="text/event-stream")

    async def _covered(self, machine: str, last: int, status: str) -> AsyncIterator[str]:
        try:
            async for told in coverage(self._endpoint, machine, last, status):
                yield f"data: {json.dumps(told)}\n\n"
        except (ClientError, BotoCoreError, NotDrawableError) as error:
            told = {"summary": {"isComplete": True}, "error": str(error)}
            yield f"data: {json.dumps(told)}\n\n"

    async def _both(self, request: Request) -> tuple[Watch, Watch]:
        a, b = needed(request, "a"), needed(request, "b")
        if a == b:
            return (await self._watches.read(a),) * 2
        return await asyncio.gather(self._watches.read(a), self._watches.read(b))
