"""What is asked about more than one execution.

GET /api/compare/reference   the execution that another one is held against where nobody says which
GET /api/compare             two executions: one graph, what their states did, what differs of payloads
GET /api/compare/state       one state of both
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from statewright.view.asked import BadQueryError, needed, number
from statewright.view.compare import compared_state, comparison, reference

if TYPE_CHECKING:
    from starlette.requests import Request

    from statewright.view.endpoint import Endpoint
    from statewright.view.watch import Watch
    from statewright.view.watches import Watches

Json = Any


class Studies:
    """Answers such questions over one endpoint."""

    def __init__(self, endpoint: Endpoint, watches: Watches) -> None:
        self._endpoint = endpoint
        self._watches = watches

    def routes(self) -> list[Route]:
        """Return where they are asked."""
        return [
            Route("/api/compare/reference", self.reference),
            Route("/api/compare/state", self.compare_state),
            Route("/api/compare", self.compare),
        ]

    async def reference(self, request: Request) -> Response:
        watch = await self._watches.get(needed(request, "execution"))
        return JSONResponse({"execution": await reference(self._endpoint, watch)})

    async def compare(self, request: Request) -> Response:
        a, b = await self._read(needed(request, "a")), await self._read(needed(request, "b"))
        return JSONResponse(await asyncio.to_thread(comparison, a, b))

    async def compare_state(self, request: Request) -> Response:
        a, b = await self._read(needed(request, "a")), await self._read(needed(request, "b"))
        state, index = needed(request, "state"), number(request, "pair")
        try:
            return JSONResponse(await asyncio.to_thread(compared_state, a, b, state, index))
        except IndexError as error:
            raise BadQueryError("There is no such pair of visits") from error

    async def _read(self, arn: str) -> Watch:
        watch = await self._watches.get(arn)
        if not watch.is_complete and not watch.is_watched:
            await watch.refresh()
        return watch
