"""One HTTP request and its answer, bounded in size and time: what HTTP Tasks and API Gateway's share.

Redirects are answers like any other: they are not followed.
"""

from __future__ import annotations

import asyncio
import ipaddress
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

import urllib3

from statewright.engine.errors import StateFailure
from statewright.engine.integrations.aws import UnsupportedParameter
from statewright.engine.payloads import load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from statewright.engine.engine import Engine

Json = Any

# https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html
MAX_SECONDS = 60.0
MAX_RESPONSE_BYTES = 262_144
METHODS = frozenset({"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"})
_CHUNK = 16_384


class RequestFailed(Exception):  # noqa: N818 - what happened
    """No answer came: the other side cannot be reached, its certificate is wrong, or the time is over."""


class AnswerTooLarge(Exception):  # noqa: N818 - what happened
    """The body of an answer is above 256 KiB."""


@dataclass(frozen=True)
class HttpRequest:
    """What is sent; each header has one value or several, which become lines of their own."""

    method: str
    url: str
    headers: Sequence[tuple[str, str]] = ()
    body: bytes | None = None


@dataclass(frozen=True)
class HttpAnswer:
    """What came back; `headers` have all values of a name."""

    status: int
    reason: str
    headers: Mapping[str, list[str]]
    body: bytes

    def header(self, name: str) -> str:
        """Give the first value of a header, "" where there is none."""
        wanted = name.lower()
        return next((values[0] for each, values in self.headers.items() if each.lower() == wanted), "")

    def value(self) -> Json:
        """Read the body: JSON as a value, anything else as text; raises ValueError for what is no text."""
        text = self.body.decode()
        kind = self.header("content-type").partition(";")[0].strip().lower()
        if kind and not kind.endswith("json"):
            return text
        try:
            return load(text)
        except ValueError:
            return text

    def result(self) -> dict[str, Json]:
        """Give what a Task returns; raises ValueError for a body that is no text."""
        return {
            "Headers": dict(self.headers),
            "ResponseBody": self.value() if self.body else "",
            "StatusCode": self.status,
            "StatusText": self.reason,
        }


@dataclass
class HttpTrace:
    """Keeps what an HTTP Task sends and gets back; what its connection adds only where that is revealed."""

    reveals_secrets: bool = False
    request: HttpRequest | None = None
    answer: HttpAnswer | None = None


def check_url(url: str, field: str) -> SplitResult:
    """Take an endpoint apart; raises UnsupportedParameter unless it is https, or http on loopback.

    AWS takes https alone; http is for servers of tests on this machine.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise UnsupportedParameter(f"The value of the field '{field}' is no URL: {error}") from error
    if not host or parts.username is not None or any(ord(each) <= 32 for each in url):
        raise UnsupportedParameter(f"The value of the field '{field}' must be an HTTPS URL")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(host)):
        raise UnsupportedParameter(
            f"The value of the field '{field}' must be an HTTPS URL; HTTP is for loopback only"
        )
    return parts


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_members(
    given: Mapping[str, Json], allowed: frozenset[str], required: Sequence[str], where: str = ""
) -> None:
    """Raise UnsupportedParameter for a member that is unknown, and for one that is missing."""
    for name in given:
        if name not in allowed:
            raise UnsupportedParameter(f'The field "{where}{name}" is not supported by Step Functions')
    for name in required:
        if given.get(name) is None:
            raise UnsupportedParameter(f"The field '{where}{name}' is required but was missing")


async def send(engine: Engine, request: HttpRequest) -> HttpAnswer:
    """Send a request in a thread, for a minute at most; raises RequestFailed, AnswerTooLarge."""
    try:
        async with asyncio.timeout(MAX_SECONDS):
            answer: HttpAnswer = await engine.call_in_thread(_send, request)
            return answer
    except TimeoutError as error:
        raise RequestFailed(f"No answer within {MAX_SECONDS:.0f} seconds") from error


def _send(request: HttpRequest) -> HttpAnswer:
    deadline = time.monotonic() + MAX_SECONDS
    headers = urllib3.HTTPHeaderDict()
    for name, value in request.headers:
        headers.add(name, value)
    with urllib3.PoolManager(num_pools=1, retries=False) as pool:
        try:
            response = pool.request(
                request.method,
                request.url,
                body=request.body,
                headers=headers,
                redirect=False,
                preload_content=False,
                decode_content=False,
                timeout=urllib3.Timeout(total=MAX_SECONDS),
            )
            body = _read(response, deadline)
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise RequestFailed(f"{type(error).__name__}: {error}") from error
    every: dict[str, list[str]] = {}
    for name, value in response.headers.items():
        every.setdefault(name, []).append(value)
    return HttpAnswer(response.status, response.reason or "", every, body)


def _read(response: urllib3.BaseHTTPResponse, deadline: float) -> bytes:
    body = b""
    while chunk := response.read1(_CHUNK):
        body += chunk
        if len(body) > MAX_RESPONSE_BYTES:
            raise AnswerTooLarge
        if time.monotonic() > deadline:
            raise RequestFailed(f"No answer within {MAX_SECONDS:.0f} seconds")
    return body


def too_large(origin: str) -> StateFailure:
    """The error of an answer above 256 KiB, in the words of every result that is too large."""
    return StateFailure(
        "States.DataLimitExceeded",
        f"The state/task '{origin}' returned a result with a size exceeding the maximum number of bytes"
        " service limit.",
    )
