"""Who may talk to the view: the page that it served itself, in the browser of whoever started it.

The server listens on loopback. Every request must name exactly its own host and port, which a name that
somebody else lets resolve to loopback cannot; a request of another page is told by Origin and
Sec-Fetch-Site. Data and acts need the token, which is in the fragment of the address that the command
prints: a fragment is sent to no server and stands in no log. The page runs nothing but its own files.
"""

from __future__ import annotations

import hmac
import json
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

TOKEN_HEADER = b"x-statewright-token"
MAX_REQUEST_BYTES = 1_048_576
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


def new_token() -> str:
    """Return a token that nobody guesses."""
    return secrets.token_urlsafe(24)


class Guard:
    """Refuses what does not come from the page itself; adds the headers that keep the page in its bounds."""

    def __init__(self, app: ASGIApp, port: int, token: str) -> None:
        self._app = app
        self._hosts = {f"127.0.0.1:{port}".encode(), f"localhost:{port}".encode()}
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *_HEADERS]
            await send(message)

        refused = self._refusal(scope)
        if refused is not None:
            await _refuse(guarded, *refused)
            return
        await self._app(scope, receive, guarded)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        host = headers.get(b"host", b"")
        if [name for name, _ in scope["headers"]].count(b"host") != 1 or host not in self._hosts:
            return 421, "This server answers to its own host and port alone"
        origin = headers.get(b"origin")
        if origin is not None and origin != b"http://" + host:
            return 403, "Requests of other pages are not served"
        if headers.get(b"sec-fetch-site", b"none") not in (b"same-origin", b"none"):
            return 403, "Requests of other pages are not served"
        if scope["path"].startswith("/api/") and not self._has_token(headers):
            return (
                401,
                "The token is missing or not this one's: open the address that `statewright view` printed",
            )
        if scope["method"] not in ("GET", "HEAD"):
            return self._act_refusal(headers, origin)
        return None

    def _has_token(self, headers: dict[bytes, bytes]) -> bool:
        return hmac.compare_digest(headers.get(TOKEN_HEADER, b""), self._token)

    def _act_refusal(self, headers: dict[bytes, bytes], origin: bytes | None) -> tuple[int, str] | None:
        if origin is None:
            return 403, "An act says which page it comes from"
        if headers.get(b"content-type", b"").partition(b";")[0].strip() != b"application/json":
            return 415, "An act is told as application/json"
        length = headers.get(b"content-length", b"")
        if not length.isdigit() or int(length) > MAX_REQUEST_BYTES:
            return 413, f"An act has at most {MAX_REQUEST_BYTES} bytes, and says how many"
        return None


async def _refuse(send: Send, status: int, message: str) -> None:
    body = json.dumps({"error": message}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
