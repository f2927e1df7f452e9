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


async def _serve(stub: Stub, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            first, *lines = head[:-4].split(b"\r\n")
            method, target, _ = first.decode().split(" ")
            headers = {
                name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)
            }
            if headers.get(b"expect") == b"100-continue":
                writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            body = await _body(reader, headers)
            parts = urlsplit(target)
            query = parse_qs(parts.query, keep_blank_values=True)
            answer = stub.answer(Request(method, parts.path, query, headers, body))
            writer.write(_encoded(answer))
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def _body(reader: asyncio.StreamReader, headers: dict[bytes, bytes]) -> bytes:
    if headers.get(b"transfer-encoding") != b"chunked":
        return await reader.readexactly(int(headers.get(b"content-length", b"0")))
    pieces = []
    while size := int((await reader.readline()).partition(b";")[0], 16):
        pieces.append(await reader.readexactly(size))
        await reader.readline()
    while (await reader.readline()).strip():
        pass
    return b"".join(pieces)


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
    server = await asyncio.start_server(
        lambda reader, writer: _serve(stub, reader, writer), "127.0.0.1", 0, limit=2**26
    )
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
