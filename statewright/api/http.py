"""What both APIs share of HTTP: bounded bodies, loopback callers only, AWS's error responses."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from statewright.api.errors import ApiError, MalformedRequest
from statewright.api.json_text import is_too_deep
from statewright.loopback import refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

MAX_BODY_BYTES = 4 * 1024 * 1024  # of a Step Functions request: a definition has 1 MB, a payload 256 KiB


class LoopbackOnly:
    """Middleware that refuses what web pages send."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] == "http":
            reason = refusal(scope["headers"])
            if reason is not None:
                error = ApiError("AccessDeniedException", reason, 403)
                return await error_response(error)(scope, receive, send)
        return await self._app(scope, receive, send)


async def read_body(request: Request, limit: int) -> bytes:
    """Read the body of a request; raise ApiError (413) as soon as it is longer than `limit` bytes."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise ApiError("RequestEntityTooLargeException", f"The body is larger than {limit} bytes", 413)
    return bytes(body)


def decode_json(body: bytes) -> Any:
    """Parse a request's body; raise MalformedRequest where it is not JSON or nests too deep."""
    try:
        text = body.decode()
        if is_too_deep(text):
            raise MalformedRequest
        return json.loads(text)
    except ValueError as error:
        raise MalformedRequest from error


def json_response(content: Mapping[str, Any], media_type: str, status: int = 200) -> Response:
    """Return a JSON response with a request id, as AWS has it; halves of surrogate pairs are escaped."""
    return Response(
        json.dumps(content, ensure_ascii=False, allow_nan=False).encode(errors="backslashreplace"),
        status,
        {"x-amzn-RequestId": str(uuid.uuid4())},
        media_type,
    )


def error_response(error: ApiError, media_type: str = "application/x-amz-json-1.0") -> Response:
    """Return an error in AWS's JSON form."""
    response = json_response({"__type": error.code, "message": error.message}, media_type, error.status)
    response.headers["x-amzn-ErrorType"] = error.code
    return response
