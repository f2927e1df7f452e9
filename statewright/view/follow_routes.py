"""What is asked to follow the data; refused where the deployment behind the endpoint is not known.

GET /api/follow/files        files with records in quarantine, and the datasets
GET /api/follow/file         one of them by id, key or execution, with its records; by pages
GET /api/follow/item         an item by dataset and key, and what its lineage says
POST /api/follow/pasted      an item that was pasted, {"item": text}
GET /api/follow/place        the state, and the execution, in which a stage worked on a shard
GET /api/follow/raw          the line that begins at a byte of a raw object
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from starlette.routing import Route

from statewright.view.asked import BadQueryError, needed, number
from statewright.view.follow import MAX_FOLLOWED_OFFSET, Follower, NotFollowedError
from statewright.view.graph_places import FUNCTIONS, place_in_graph, shard_of, told_first
from statewright.view.told import Told

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from statewright.local.place_options import Connection
    from statewright.view.endpoint import Endpoint
    from statewright.view.watches import Watches

Json = Any

_BYTE_DIGITS = 15


class Following:
    """Answers such questions over one endpoint; `find` gives the deployment behind it."""

    def __init__(
        self,
        endpoint: Endpoint,
        watches: Watches,
        find: Callable[[Endpoint], Connection | None],
    ) -> None:
        self._endpoint = endpoint
        self._watches = watches
        self._find = find
        self._deployment: Connection | None = None

    def routes(self) -> list[Route]:
        """Return where they are asked."""
        return [
            Route("/api/follow/files", self.files),
            Route("/api/follow/file", self.file),
            Route("/api/follow/item", self.item),
            Route("/api/follow/pasted", self.pasted, methods=["POST"]),
            Route("/api/follow/place", self.place),
            Route("/api/follow/raw", self.raw),
        ]

    def is_possible(self) -> bool:
        """Say whether the deployment behind the endpoint is known."""
        if self._deployment is None:
            self._deployment = self._find(self._endpoint)
        return self._deployment is not None

    async def files(self, _: Request) -> Response:
        follower = await self._follower()
        found = await asyncio.to_thread(follower.files)
        return Told({**found, "datasets": follower.tables()})

    async def file(self, request: Request) -> Response:
        follower, offset = await self._follower(), number(request, "offset") or 0
        if offset > MAX_FOLLOWED_OFFSET:
            raise BadQueryError(f"Only {MAX_FOLLOWED_OFFSET:,} records of a file are paged through")
        execution = request.query_params.get("execution")
        name = await self._file_of(execution) if execution else needed(request, "q").strip()
        return Told(await asyncio.to_thread(follower.file, name, offset))

    async def item(self, request: Request) -> Response:
        follower = await self._follower()
        values = _texts(needed(request, "key"))
        return Told(await asyncio.to_thread(follower.item, needed(request, "dataset"), values))

    async def pasted(self, request: Request) -> Response:
        follower = await self._follower()
        try:
            told = await request.json()
        except (ValueError, RecursionError) as error:
            raise BadQueryError("The request is no JSON") from error
        text = told.get("item") if isinstance(told, dict) else None
        if not isinstance(text, str):
            raise BadQueryError("item is missing")
        return Told(await asyncio.to_thread(follower.pasted, text))

    async def place(self, request: Request) -> Response:
        await self._follower()
        stage, shard = needed(request, "stage"), number(request, "shard")
        if stage not in FUNCTIONS:
            raise BadQueryError(f"There is no stage {stage}")
        watch = await self._watches.read(needed(request, "execution"))
        offset = number(request, "offset", _BYTE_DIGITS)
        if shard is None and offset is not None:
            shard = shard_of(told_first(watch, "plan"), offset)
        assert self._deployment is not None
        return Told(await place_in_graph(self._endpoint, self._deployment.names, watch, stage, shard))

    async def raw(self, request: Request) -> Response:
        follower, offset = await self._follower(), number(request, "offset", _BYTE_DIGITS) or 0
        bucket, key = needed(request, "bucket"), needed(request, "key")
        version = request.query_params.get("version", "")
        return Told(await asyncio.to_thread(follower.raw, bucket, key, version, offset))

    async def _follower(self) -> Follower:
        if not await asyncio.to_thread(self.is_possible) or self._deployment is None:
            raise NotFollowedError(
                "What lies behind this endpoint is not known: it is not the project's local cloud, and the"
                " names of a deployment on AWS (OUTPUT_BUCKET, FILES_TABLE) are not exported"
            )
        return Follower(self._deployment)

    async def _file_of(self, execution: str) -> str:
        found = told_first(await self._watches.read(execution), "file").get("id")
        if not isinstance(found, str):
            raise NotFollowedError(
                "The execution tells of no file: it is not one of `ingest`, or has just begun"
            )
        return found


def _texts(text: str) -> list[str]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadQueryError("key is no JSON") from error
    if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
        raise BadQueryError("key is a list of texts")
    return values
