"""The server of the page: its files, what it asks for, what it is told while an execution runs.

GET  /, /compare, /coverage, /follow   the pages; /page/<file> their style and script
GET  /api/place              the endpoint, and what can be done there
GET  /api/machines, /api/executions, /api/children
GET  /api/export             an execution as one file
GET  /api/graph              the picture of an execution's or a state machine's definition
GET  /api/live               server-sent events: the summary and what the graph shows, whenever they change
GET  /api/overlay, /api/state, /api/origin, /api/visits, /api/iterations, /api/events, /api/event
POST /api/do/<act>           see `acts`; more in `studies` and `beside`
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import traceback
from importlib.resources import files
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from starlette.applications import Starlette
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from statewright.view import listing
from statewright.view.acts import ActRefusedError, Acts
from statewright.view.asked import BadQueryError
from statewright.view.asked import needed as _needed
from statewright.view.asked import number as _number
from statewright.view.beside import Beside
from statewright.view.definition import NotDrawableError
from statewright.view.deployment import deployment_of
from statewright.view.follow import NotFollowedError
from statewright.view.follow_routes import Following
from statewright.view.layout.regions import picture_of
from statewright.view.origin import origin_of
from statewright.view.panel import state_panel
from statewright.view.security import Guard
from statewright.view.standalone import execution_page
from statewright.view.studies import Studies
from statewright.view.svg import render
from statewright.view.told import Told
from statewright.view.watches import Watches

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from importlib.resources.abc import Traversable

    from starlette.requests import Request
    from starlette.types import ASGIApp

    from statewright.local.place_options import Connection
    from statewright.view.endpoint import Endpoint
    from statewright.view.project_files import ProjectFiles
    from statewright.view.watch import Watch

Json = Any

_HEARTBEAT_SECONDS = 15.0
_PAGES = {
    "/": "index.html",
    "/compare": "compare.html",
    "/coverage": "coverage.html",
    "/follow": "follow.html",
}
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


def create_app(
    endpoint: Endpoint,
    *,
    port: int,
    token: str,
    allow_writes: bool = False,
    files: ProjectFiles | None = None,
    deployment: Callable[[Endpoint], Connection | None] = deployment_of,
) -> ASGIApp:
    """Return the application that shows one endpoint on a port of loopback.

    `files` are those beside it; `deployment` finds what lies behind it, where that is known.
    """
    view = _View(endpoint, Acts(endpoint, allow_writes=allow_writes), files, deployment)
    routes = [
        *(Route(path, view.page) for path in _PAGES),
        Route("/page/{name}", view.file),
        Route("/api/place", view.place),
        Route("/api/machines", view.machines),
        Route("/api/executions", view.executions),
        Route("/api/graph", view.graph),
        Route("/api/live", view.live),
        Route("/api/overlay", view.overlay),
        Route("/api/state", view.state),
        Route("/api/origin", view.origin),
        Route("/api/visits", view.visits),
        Route("/api/iterations", view.iterations),
        Route("/api/events", view.events),
        Route("/api/event", view.event),
        Route("/api/do/{name}", view.do, methods=["POST"]),
        *view.studies.routes(),
        *view.following.routes(),
        *view.beside.routes(),
        Route("/api/export", view.export),
    ]
    handlers: dict[Any, Any] = {ClientError: _tell_refusal, BotoCoreError: _tell_unreachable}
    handlers[ActRefusedError] = _tell_act
    handlers[BadQueryError] = _tell_query
    handlers[NotFollowedError] = _tell_query
    handlers[Exception] = _tell_broken

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        view.close()

    app = Starlette(routes=routes, exception_handlers=handlers, lifespan=lifespan)
    return Guard(app, port, token)


class _View:
    def __init__(
        self,
        endpoint: Endpoint,
        acts: Acts,
        files: ProjectFiles | None,
        deployment: Callable[[Endpoint], Connection | None],
    ) -> None:
        self._endpoint = endpoint
        self._acts = acts
        self._watches = Watches(endpoint)
        self.studies = Studies(endpoint, self._watches)
        self.following = Following(endpoint, self._watches, deployment)
        self.beside = Beside(endpoint, self._watches, files)

    def close(self) -> None:
        self._watches.close()

    # --- the page ---

    async def page(self, request: Request) -> Response:
        return Response(_read(_PAGES[request.url.path]), media_type="text/html")

    async def file(self, request: Request) -> Response:
        name = request.path_params["name"]
        kind = _TYPES.get(PurePath(name).suffix)
        if kind is None or name not in {each.name for each in _folder().iterdir()}:
            return Told({"error": "There is no such file"}, 404)
        return Response(_read(name), media_type=kind)

    async def place(self, _: Request) -> Response:
        return Told(
            {
                "endpoint": self._endpoint.url,
                "isLocal": self._endpoint.is_local,
                "acts": self._acts.available(),
                "mayAct": self._acts.is_allowed,
                "follows": await asyncio.to_thread(self.following.is_possible),
            }
        )

    # --- lists ---

    async def machines(self, _: Request) -> Response:
        return Told({"machines": await listing.machines(self._endpoint)})

    async def executions(self, request: Request) -> Response:
        asked = request.query_params
        map_run = asked.get("mapRun")
        scope = {"mapRunArn": map_run} if map_run else {"stateMachineArn": _needed(request, "machine")}
        found = await listing.executions(
            self._endpoint, scope, asked.get("status", ""), asked.get("q", "").lower(), asked.get("token", "")
        )
        return Told(found)

    # --- one execution ---

    async def graph(self, request: Request) -> Response:
        machine = request.query_params.get("machine")
        watch: Watch | None = None
        if machine:
            described = await asyncio.to_thread(
                lambda: self._endpoint.client.describe_state_machine(stateMachineArn=machine)
            )
            text = described["definition"]
        else:
            watch = await self._watch(request)
            text = watch.definition
        try:
            svg = await asyncio.to_thread(render, text, watch.overlay() if watch else None, is_page=True)
        except NotDrawableError as error:
            return Told({"svg": None, "problem": str(error), "edges": [], "definition": text})
        chart, picture = picture_of(text)
        edges = [[way.edge.source, way.edge.target, way.edge.kind == "catch"] for way in picture.ways]
        return Told(
            {
                "svg": svg,
                "edges": edges,
                "comment": chart.comment,
                "states": list(chart.nodes),
                "definition": text,
                "role": watch.role if watch else None,
            }
        )

    async def export(self, request: Request) -> Response:
        watch = await self._watches.get(_needed(request, "execution"))
        is_redacted, form = request.query_params.get("redact") == "1", _needed(request, "format")
        if form not in ("svg", "html") or not watch.definition:
            raise BadQueryError("An execution is written as svg or html")
        if not watch.is_complete and not watch.is_watched:
            await watch.refresh()
        try:
            svg = await asyncio.to_thread(render, watch.definition, watch.overlay())
        except NotDrawableError as error:
            raise BadQueryError(str(error)) from error
        page = await asyncio.to_thread(execution_page, watch, svg, is_redacted=is_redacted)
        return Told({"text": svg if form == "svg" else page})

    async def live(self, request: Request) -> Response:
        watch = await self._watch(request)
        return StreamingResponse(self._told(watch), media_type="text/event-stream")

    async def _told(self, watch: Watch) -> AsyncIterator[str]:
        watch.join()
        try:
            version = -1
            while True:
                if watch.version > version:
                    version = watch.version
                    told = {"summary": watch.summary(), "overlay": watch.overlay().as_json()}
                    yield f"data: {json.dumps(told)}\n\n"
                if watch.is_complete:
                    return
                await watch.after(version, _HEARTBEAT_SECONDS)
                if watch.version <= version:
                    yield ": still here\n\n"
        finally:
            watch.leave()

    async def overlay(self, request: Request) -> Response:
        watch = await self._watch(request)
        frame = _number(request, "frame")
        if frame is not None and not 0 <= frame < len(watch.story.frames):
            raise BadQueryError("There is no such iteration")
        return Told(watch.overlay(frame).as_json())

    async def state(self, request: Request) -> Response:
        watch = await self._watch(request)
        state, frame = _needed(request, "state"), _number(request, "frame")
        if frame is not None and not 0 <= frame < len(watch.story.frames):
            raise BadQueryError("There is no such iteration")
        visit = _number(request, "visit")
        return Told(await asyncio.to_thread(state_panel, watch, state, visit, frame))

    async def origin(self, request: Request) -> Response:
        watch = await self._watch(request)
        visit, path = _number(request, "visit") or 0, _path(_needed(request, "path"))
        if not 0 <= visit < len(watch.story.visits):
            raise BadQueryError("There is no such visit")
        found = await asyncio.to_thread(origin_of, watch, watch.story.visits[visit], path)
        return Told({"origin": found})

    async def visits(self, request: Request) -> Response:
        watch = await self._watch(request)
        asked = request.query_params
        offset, search = _number(request, "offset") or 0, asked.get("q", "").lower()
        return Told(listing.visits(watch.story, offset, search, asked.get("status", "")))

    async def iterations(self, request: Request) -> Response:
        watch = await self._watch(request)
        visit, offset = _number(request, "visit") or 0, _number(request, "offset") or 0
        if not 0 <= visit < len(watch.story.visits):
            raise BadQueryError("There is no such visit")
        return Told(listing.iterations(watch.story, visit, offset, request.query_params.get("status", "")))

    async def events(self, request: Request) -> Response:
        watch = await self._watch(request)
        after, search = _number(request, "after") or 0, request.query_params.get("q", "").lower()
        return Told(await asyncio.to_thread(listing.events, watch, after, search))

    async def event(self, request: Request) -> Response:
        watch = await self._watch(request)
        try:
            return Told(watch.log.get(_number(request, "id") or 0))
        except IndexError as error:
            raise BadQueryError("There is no such event") from error

    # --- acts ---

    async def do(self, request: Request) -> Response:
        try:
            told = await request.json()
        except (ValueError, RecursionError) as error:
            raise ActRefusedError("The request is no JSON") from error
        if not isinstance(told, dict):
            raise ActRefusedError("The request is no JSON object")
        done = await self._acts.do(request.path_params["name"], told)
        watch = self._watches.known(str(told.get("execution", "")))
        if watch is not None:
            watch.is_complete = False
            with contextlib.suppress(ClientError, BotoCoreError):
                await watch.refresh()
        return Told(done)

    # --- watches ---

    async def _watch(self, request: Request) -> Watch:
        return await self._watches.get(_needed(request, "execution"))


def _folder() -> Traversable:
    return files("statewright.view").joinpath("page")


def _read(name: str) -> bytes:
    return _folder().joinpath(name).read_bytes()


def _path(text: str) -> tuple[str | int, ...]:
    try:
        steps = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadQueryError("path is no JSON") from error
    if not isinstance(steps, list) or not all(type(step) in (str, int) for step in steps):
        raise BadQueryError("path is a list of names and numbers")
    return tuple(steps)


async def _tell_refusal(_: Request, error: Exception) -> Response:
    told = error.response.get("Error", {}) if isinstance(error, ClientError) else {}
    return Told({"error": told.get("Message") or str(error), "code": told.get("Code")}, 502)


async def _tell_unreachable(_: Request, error: Exception) -> Response:
    return Told({"error": str(error), "code": type(error).__name__}, 502)


async def _tell_broken(_: Request, error: Exception) -> Response:
    """Tell the page that something is wrong here, and the terminal what: the server itself is silent."""
    traceback.print_exception(error)
    return Told({"error": f"The view itself failed ({type(error).__name__}): its terminal says where"}, 500)


async def _tell_act(_: Request, error: Exception) -> Response:
    return Told({"error": str(error)}, error.status if isinstance(error, ActRefusedError) else 400)


async def _tell_query(_: Request, error: Exception) -> Response:
    return Told({"error": str(error)}, 400)
