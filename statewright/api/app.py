"""One application, one port: the Step Functions API at `/`, Lambda's Invoke API at its own paths."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.routing import Route

from statewright.api.errors import ApiError, UnknownOperation, UnsupportedOperation
from statewright.api.http import (
    MAX_BODY_BYTES,
    LoopbackOnly,
    decode_json,
    error_response,
    json_response,
    read_body,
)
from statewright.api.lambda_api import lambda_routes
from statewright.api.operations import OPERATIONS
from statewright.api.service_model import check_request, encode_response, operation_model, service_model
from statewright.engine.errors import ApiError as EngineError

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from starlette.requests import Request
    from starlette.responses import Response

    from statewright.engine import Engine
    from statewright.engine.functions import FunctionBackend

TARGET_PREFIX = "AWSStepFunctions."
TRACE_HEADER = "x-amzn-trace-id"
MEDIA_TYPE = "application/x-amz-json-1.0"

# A poll whose caller has gone must not take a task that nobody will do.
LONG_POLLS = {"GetActivityTask"}

_log = logging.getLogger(__name__)


def create_app(engine: Engine, functions: FunctionBackend, *, region: str = "us-east-1") -> Starlette:
    """Return the HTTP application over an engine and the functions that it invokes.

    It must run on the event loop that the engine runs on.
    """
    endpoint = StepFunctionsApi(engine)
    engine.api = endpoint.answer
    app = Starlette(
        routes=[
            Route("/", endpoint.handle, methods=["POST"]),
            *lambda_routes(functions, region),
        ]
    )
    app.add_middleware(LoopbackOnly)
    return app


class StepFunctionsApi:
    """AWS JSON 1.0 requests, answered by an engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def handle(self, request: Request) -> Response:
        """Answer one request."""
        try:
            operation = _operation(request.headers.get("x-amz-target", ""))
            body = decode_json(await read_body(request, MAX_BODY_BYTES) or b"{}")
            body = _traced(operation, body, request.headers.get(TRACE_HEADER))
            if operation in LONG_POLLS:
                return await _while_connected(request, self._respond(operation, body))
            return await self._respond(operation, body)
        except ApiError as error:
            return error_response(error)
        except EngineError as error:
            return error_response(ApiError(error.code, error.message))
        except Exception:  # noqa: BLE001 - a mistake of this program is AWS's internal error to the caller
            _log.exception("%s failed", request.headers.get("x-amz-target"))
            return error_response(ApiError("InternalFailure", "Internal error; see the server's log", 500))

    async def answer(self, operation: str, body: object) -> dict[str, Any]:
        """Perform an operation; raises ApiError of this package or of the engine."""
        checked = check_request(operation, body)
        implementation = OPERATIONS.get(operation)
        if implementation is None:
            raise UnsupportedOperation(operation)
        return encode_response(operation, await implementation(self._engine, checked))

    async def _respond(self, operation: str, body: object) -> Response:
        return json_response(await self.answer(operation, body), MEDIA_TYPE)


def _traced(operation: str, body: object, trace: str | None) -> object:
    """Put the trace of a request's header before that of its body, as AWS prefers it.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
    """
    shape = operation_model(operation).input_shape
    if trace is None or not isinstance(body, dict) or shape is None or "traceHeader" not in shape.members:
        return body
    return {**body, "traceHeader": trace}


async def _while_connected(request: Request, answer: Coroutine[Any, Any, Response]) -> Response:
    """Wait for an answer, and give it up when the caller disconnects."""
    answering = asyncio.ensure_future(answer)
    leaving = asyncio.ensure_future(request.receive())  # the body is read: what comes next is the end
    try:
        await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if answering.done():
            return answering.result()
        raise ApiError("RequestAbortedException", "The caller has gone")
    finally:
        answering.cancel()
        leaving.cancel()


def _operation(target: str) -> str:
    name = target.removeprefix(TARGET_PREFIX)
    if not target.startswith(TARGET_PREFIX) or name not in service_model().operation_names:
        raise UnknownOperation
    return name
