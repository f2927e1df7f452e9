"""Ranged reads of object versions, which MiniStack 1.5.33 answers with the whole object.

It honours Range for the current version alone. Real S3 honours it for every version, and the pipeline pins
the version of each read: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

_RANGE = re.compile(rb"bytes=(\d{0,18})-(\d{0,18})")
# A checksum of the whole object fits no part of it, and clients would hold the part against it.
_OF_THE_WHOLE = (b"content-length", b"content-range")
_CHECKSUM = b"x-amz-checksum-"
_NOT_SATISFIABLE = (
    b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>InvalidRange</Code>'
    b"<Message>The requested range is not satisfiable</Message></Error>"
)


class VersionedRanges:
    """Cuts the answer to a GET with `versionId` and Range down to the range."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass the request on; answer 206 with the range, 416 where the object is shorter."""
        wanted = _wanted(scope)
        await self._app(scope, receive, send if wanted is None else _Cutter(wanted, send))


def _wanted(scope: Any) -> tuple[bytes, bytes] | None:
    """Return first and last byte as they were asked for; several ranges at once S3 does not know."""
    if scope["type"] != "http" or scope["method"] != "GET":
        return None
    if not parse_qs(scope["query_string"].decode("latin-1")).get("versionId"):
        return None
    found = _RANGE.fullmatch(dict(scope["headers"]).get(b"range", b""))
    return (found[1], found[2]) if found and (found[1] or found[2]) else None


def bounds(wanted: tuple[bytes, bytes], size: int) -> tuple[int, int] | None:
    """Return start and end (exclusive) of a range in an object of `size` bytes, None where there is none."""
    first, last = wanted
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(int(last) + 1 if last else size, size)
    return (start, end) if start < end else None


@dataclass
class _Cutter:
    wanted: tuple[bytes, bytes]
    send: Any
    start: int = 0
    end: int | None = None  # None: the answer goes through as it is
    position: int = 0
    refused: bool = False

    async def __call__(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            await self._head(message)
        elif message["type"] == "http.response.body" and self.end is not None:
            await self._body(message)
        elif not self.refused:
            await self.send(message)

    async def _head(self, message: Any) -> None:
        headers = [(name.lower(), value) for name, value in message["headers"]]
        size = dict(headers).get(b"content-length", b"")
        if message["status"] != 200 or not size.isdigit():
            await self.send(message)
            return
        kept = [
            (name, value)
            for name, value in headers
            if name not in _OF_THE_WHOLE and not name.startswith(_CHECKSUM)
        ]
        found = bounds(self.wanted, int(size))
        if found is None:
            await self._refuse(size)
            return
        self.start, self.end = found
        kept += [
            (b"content-length", str(self.end - self.start).encode()),
            (b"content-range", b"bytes %d-%d/%s" % (self.start, self.end - 1, size)),
        ]
        await self.send({**message, "status": 206, "headers": kept})

    async def _refuse(self, size: bytes) -> None:
        self.refused = True
        headers = [
            (b"content-type", b"application/xml"),
            (b"content-length", str(len(_NOT_SATISFIABLE)).encode()),
            (b"content-range", b"bytes */" + size),
        ]
        await self.send({"type": "http.response.start", "status": 416, "headers": headers})
        await self.send({"type": "http.response.body", "body": _NOT_SATISFIABLE})

    async def _body(self, message: Any) -> None:
        assert self.end is not None
        body = memoryview(message.get("body", b""))
        first = max(0, self.start - self.position)
        last = max(first, min(len(body), self.end - self.position))
        self.position += len(body)
        await self.send({**message, "body": bytes(body[first:last])})
