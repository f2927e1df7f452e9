"""A stub of AWS, as a process of its own, so that what it costs is counted for nobody.

It takes any request for S3, DynamoDB and SNS at once, keeps S3's objects and the ledger's rows in memory, and
of what is written to a dataset's table only the number of items.

python -m bench.stub             prints its port; ends when its stdin closes
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

TIME = "Mon, 18 Aug 2025 19:00:00 GMT"
COUNTED = ("PutRequest", "ConditionExpression")


class Request(NamedTuple):
    """One request of HTTP."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[bytes, bytes]
    body: bytes


class Answer(NamedTuple):
    """One answer of HTTP; `length` says how long the body of a HEAD would be."""

    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    status: int = 200
    length: int | None = None


class Stub:
    """What the stub remembers."""

    def __init__(self) -> None:
        self._objects: dict[str, bytes] = {}
        self._parts: dict[str, list[bytes]] = {}
        self._rows: dict[str, Any] = {}
        self._items = 0

    def answer(self, request: Request) -> Answer:
        """Answer any of the services."""
        target = request.headers.get(b"x-amz-target", b"").decode()
        if target:
            return self._dynamodb(target.rpartition(".")[2], request.body)
        if request.path == "/" and request.method == "POST":
            return Answer(
                b"<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>"
            )
        if request.path == "/items":
            items, self._items = self._items, 0
            return Answer(str(items).encode())
        return self._s3(request)

    def _dynamodb(self, operation: str, body: bytes) -> Answer:
        if operation == "BatchWriteItem":
            self._items += body.count(b'"PutRequest"')
            return Answer(b'{"UnprocessedItems":{}}')
        if operation == "GetItem":
            row = self._rows.get(_key(json.loads(body)))
            return Answer(json.dumps({"Item": row} if row else {}).encode())
        if operation in ("Query", "Scan"):
            return Answer(b'{"Items":[],"Count":0}')
        if operation == "PutItem":
            said = json.loads(body)
            if "file_id" in said["Item"]:
                self._rows[said["Item"]["file_id"]["S"]] = said["Item"]
            else:
                self._items += 1
        return Answer(b'{"Attributes":{"asked":{"N":"1"}}}' if operation == "UpdateItem" else b"{}")

    def _s3(self, request: Request) -> Answer:
        key = unquote(request.path)
        if request.method == "POST" and "uploads" in request.query:
            self._parts[key] = []
            return Answer(
                b"<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"
            )
        if request.method == "POST":
            self._objects[key] = b"".join(self._parts.pop(key))
            return Answer(b"<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>")
        if request.method == "PUT":
            body = _plain(request)
            if "partNumber" in request.query:
                self._parts[key].append(body)
            else:
                self._objects[key] = body
            return Answer(headers=(("ETag", '"e"'),))
        if "list-type" in request.query:
            prefix = f"{key}/{request.query.get('prefix', [''])[0]}"
            keys = [name[len(key) + 1 :] for name in sorted(self._objects) if name.startswith(prefix)]
            return Answer(_listing(keys))
        found = self._objects.get(key)
        if found is None:
            return Answer(status=404)
        about = (("ETag", '"e"'), ("Last-Modified", TIME), ("Content-Type", "text/plain"))
        if request.method == "HEAD":
            return Answer(headers=about, length=len(found))
        span = re.fullmatch(rb"bytes=(\d+)-(\d+)", request.headers.get(b"range", b""))
        if not span:
            return Answer(found, about)
        first, last = int(span[1]), min(int(span[2]), len(found) - 1)
        return Answer(
            found[first : last + 1], (*about, ("Content-Range", f"bytes {first}-{last}/{len(found)}")), 206
        )


def _listing(keys: list[str]) -> bytes:
    contents = "".join(f"<Contents><Key>{escape(key)}</Key></Contents>" for key in keys)
    return f"<ListBucketResult><IsTruncated>false</IsTruncated>{contents}</ListBucketResult>".encode()


def _key(said: Any) -> str:
    return next(iter(said["Key"].values()))["S"]  # type: ignore[no-any-return]


def _plain(request: Request) -> bytes:
    """Return a body without the frames of its upload (aws-chunked)."""
    if b"aws-chunked" not in request.headers.get(b"content-encoding", b""):
        return request.body
    rest, pieces = request.body, list[bytes]()
    while True:
        head, _, rest = rest.partition(b"\r\n")
        size = int(head.partition(b";")[0], 16)
        if not size:
            return b"".join(pieces)
        pieces.append(rest[:size])
        rest = rest[size + 2 :]


class Connection(asyncio.Protocol):
    """One connection; requests on it are answered one after the other."""

    def __init__(self, stub: Stub) -> None:
        self._stub = stub
        self._held = bytearray()
        self._needed = 0  # so many bytes before it is worth to look again
        self._is_continued = False
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        """Keep the way back."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer the requests that are whole."""
        self._held += data
        while request := self._next():
            self._transport.write(_encoded(self._stub.answer(request)))

    def _next(self) -> Request | None:
        start = self._held.find(b"\r\n\r\n") + 4
        if len(self._held) < self._needed or start < 4:
            return None
        first, *lines = bytes(self._held[: start - 4]).split(b"\r\n")
        pairs = (line.partition(b":") for line in lines)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        if headers.get(b"expect") == b"100-continue" and not self._is_continued:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self._is_continued = True
        if headers.get(b"transfer-encoding") == b"chunked":
            found = _chunked(bytes(self._held[start:]))
            if found is None:
                return None
            body, size = found
        else:
            size = int(headers.get(b"content-length", b"0"))
            self._needed = start + size
            if len(self._held) < self._needed:
                return None
            body = bytes(self._held[start : self._needed])
        del self._held[: start + size]
        self._needed, self._is_continued = 0, False
        method, target, _ = first.decode().split(" ")
        parts = urlsplit(target)
        query = parse_qs(parts.query, keep_blank_values=True)
        return Request(method, parts.path, query, headers, body)


def _chunked(held: bytes) -> tuple[bytes, int] | None:
    """Return a chunked body and how many bytes it took, None where there is more to come."""
    pieces, rest = [], held
    while True:
        length, end, rest = rest.partition(b"\r\n")
        if not end:
            return None
        if not (size := int(length.partition(b";")[0], 16)):
            break
        if len(rest) < size + 2:
            return None
        pieces.append(rest[:size])
        rest = rest[size + 2 :]
    while True:  # trailers
        line, end, rest = rest.partition(b"\r\n")
        if not end:
            return None
        if not line:
            return b"".join(pieces), len(held) - len(rest)


def _encoded(answer: Answer) -> bytes:
    length = len(answer.body) if answer.length is None else answer.length
    headers = "".join(f"{name}: {value}\r\n" for name, value in answer.headers)
    head = (
        f"HTTP/1.1 {answer.status} Said\r\nContent-Length: {length}\r\n{headers}x-amzn-requestid: r\r\n\r\n"
    )
    return head.encode() + answer.body


async def main() -> None:
    """Serve until stdin closes."""
    stub = Stub()
    server = await asyncio.get_running_loop().create_server(lambda: Connection(stub), "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
