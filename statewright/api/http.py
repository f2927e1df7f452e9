"""What both APIs share of HTTP: bounded bodies, loopback callers only, AWS's error responses."""

from __future__ import annotations

import ipaddress
import json
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from starlette.responses import Response

from statewright.api.errors import ApiError, MalformedRequest
from statewright.api.json_text import is_too_deep

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

MAX_BODY_BYTES = 4 * 1024 * 1024  # of a Step Functions request: a definition has 1 MB, a payload 256 KiB


class LoopbackOnly:
    """Middleware that refuses requests not meant for a loopback name.

    A page in a browser can send requests to a loopback address (through a name of its own that resolves to
    it, or straight); its Host or its Origin gives it away.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] == "http":
            headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
            origin = headers.get(b"origin")
            if not is_loopback(headers.get(b"host", "")):
                refusal = ApiError("AccessDeniedException", "Only loopback host names are served", 403)
                return await error_response(refusal)(scope, receive, send)
            if origin is not None and not is_loopback(urlsplit(origin).netloc):
                refusal = ApiError("AccessDeniedException", "Requests of web pages are not served", 403)
                return await error_response(refusal)(scope, receive, send)
        return await self._app(scope, receive, send)


def is_loopback(host: str) -> bool:
    """Tell whether the host of a Host header or an origin names this machine's loopback interface.

    `sync-` is the prefix that AWS's clients put in front for StartSyncExecution and TestState.
    """
    name = (urlsplit(f"//{host}").hostname or "").removeprefix("sync-")
    if name == "localhost" or name.endswith(".localhost"):  # RFC 6761, 6.3
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


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
    """Return a JSON response with a request id, as AWS has it."""
    return Response(
        json.dumps(content, ensure_ascii=False, allow_nan=False).encode(errors="surrogatepass"),
        status,
        {"x-amzn-RequestId": str(uuid.uuid4())},
        media_type,
    )


def error_response(error: ApiError, media_type: str = "application/x-amz-json-1.0") -> Response:
    """Return an error in AWS's JSON form."""
    response = json_response({"__type": error.code, "message": error.message}, media_type, error.status)
    response.headers["x-amzn-ErrorType"] = error.code
    return response
