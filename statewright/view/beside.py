"""What lies beside an execution in the project: code, logs, types, the schema of an input.

GET  /api/schema             the schema of a state machine's input
POST /api/fits               what of an input does not fit it
GET  /api/source             the handler's line, and the lines that causes name
GET  /api/types              what types tell of a state
GET  /api/logs               the log lines of one call
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from starlette.routing import Route

from statewright.view.asked import BadQueryError, needed, number
from statewright.view.definition import called_function, read_chart
from statewright.view.events import details
from statewright.view.input_schema import UnusableSchemaError, input_schema, problems
from statewright.view.log_lines import function_of, log_lines
from statewright.view.panel import visit_error
from statewright.view.payload import unfold
from statewright.view.source_lines import handler_line, trace_lines
from statewright.view.told import Told
from statewright.view.typed import TypesOfStates

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from statewright.view.endpoint import Endpoint
    from statewright.view.project_files import ProjectFiles
    from statewright.view.visits import Visit
    from statewright.view.watch import Watch
    from statewright.view.watches import Watches

Json = Any


class Beside:
    """Answers such questions; `files` is None where there is no project."""

    def __init__(self, endpoint: Endpoint, watches: Watches, files: ProjectFiles | None) -> None:
        self._endpoint = endpoint
        self._watches = watches
        self._files = files
        self._types = None if files is None else TypesOfStates(files)

    def routes(self) -> list[Route]:
        """Return where they are asked."""
        return [
            Route("/api/schema", self.schema),
            Route("/api/fits", self.fits, methods=["POST"]),
            Route("/api/source", self.source),
            Route("/api/types", self.types),
            Route("/api/logs", self.logs),
        ]

    async def schema(self, request: Request) -> Response:
        return Told(await asyncio.to_thread(self._schema, needed(request, "machine")))

    def _schema(self, machine: str) -> dict[str, Json]:
        try:
            found = None if self._files is None else input_schema(self._files, machine)
        except UnusableSchemaError as error:
            return {"schema": None, "problem": str(error)}
        return found or {"schema": None}

    async def fits(self, request: Request) -> Response:
        try:
            asked = await request.json()
            machine, text = str(asked["machine"]), str(asked["input"])
            value = json.loads(text)
        except (ValueError, RecursionError, KeyError, TypeError) as error:
            raise BadQueryError("machine and input, a text of JSON, are asked for") from error
        return Told({"problems": await asyncio.to_thread(self._problems, machine, value)})

    def _problems(self, machine: str, value: Json) -> list[dict[str, str]]:
        told = self._schema(machine)
        try:
            return [] if told["schema"] is None else problems(told["schema"], value)
        except UnusableSchemaError as error:
            return [{"at": "", "message": f"{told['file']}: {error}"}]

    async def source(self, request: Request) -> Response:
        watch, visit = await self._visit(request)
        return Told(await asyncio.to_thread(self._source, watch, needed(request, "state"), visit))

    def _source(self, watch: Watch, state: str, visit: Visit | None) -> dict[str, Json]:
        if self._files is None or not self._endpoint.is_local:
            return {"handler": None, "lines": {}}
        called = function_of(watch, visit.attempts[-1]) if visit is not None and visit.attempts else None
        node = watch.chart.nodes.get(state) if watch.chart else None
        if called is None and node is not None:
            called = called_function(node.body)
        attempts = [] if visit is None else [each.last for each in visit.attempts if each.last]
        error = None if visit is None else visit_error(watch, visit)
        causes = [error and error["cause"], *(details(watch.log.get(each)).get("cause") for each in attempts)]
        return {
            "handler": None if called is None else handler_line(self._files, called),
            "lines": trace_lines(self._files, unfold(causes)),
        }

    async def types(self, request: Request) -> Response:
        watch, state = await self._watches.get(needed(request, "execution")), needed(request, "state")
        return Told({"types": await asyncio.to_thread(self._typed, watch, state)})

    def _typed(self, watch: Watch, state: str) -> dict[str, Json] | None:
        if self._types is None or watch.chart is None:
            return None
        node = read_chart(watch.whole).nodes.get(state)
        machine = str(watch.execution.get("stateMachineArn", ""))
        return None if node is None else self._types.of(machine, watch.whole, node)

    async def logs(self, request: Request) -> Response:
        watch, visit = await self._visit(request)
        index = number(request, "attempt") or 0
        if visit is None or index >= len(visit.attempts):
            raise BadQueryError("There is no such call")
        attempt = visit.attempts[index]
        return Told(await asyncio.to_thread(log_lines, watch, attempt, self._files))

    async def _visit(self, request: Request) -> tuple[Watch, Visit | None]:
        watch = await self._watches.get(needed(request, "execution"))
        index = number(request, "visit")
        if index is not None and index >= len(watch.story.visits):
            raise BadQueryError("There is no such visit")
        return watch, None if index is None else watch.story.visits[index]
