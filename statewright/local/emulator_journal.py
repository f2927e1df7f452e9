"""What DynamoDB has acknowledged, kept on disk at once.

MiniStack 1.5.33 writes its tables only on a graceful stop, and a kill -9 would lose all since the last one.
So each request that changed tables is appended to a journal before its answer leaves, and the next start
makes the changes again, on top of the tables that the last stop wrote. The journal names the file of those
tables that it goes on from: a stop that has written newer ones makes it void.

The journal is written, not flushed to the disk: it outlives any process, not a power failure that comes
before the system wrote its cache. A record that such an end has torn is dropped, with all that follow it.
"""

from __future__ import annotations

import json
import logging
import os
import struct
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import FileIO
    from pathlib import Path
    from typing import BinaryIO

TARGET = b"DynamoDB_20120810."
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB.html
READS = (b"Describe", b"List", b"Get", b"BatchGet", b"TransactGet", b"Query", b"Scan")
# Those of a request that say what is to be done, and for which account and region.
HEADERS = frozenset({b"x-amz-target", b"content-type", b"authorization", b"host"})
RESET = "/_ministack/reset"
_LENGTH_AND_SUM = struct.Struct(">II")

_log = logging.getLogger(__name__)


class Record(NamedTuple):
    """A request as it came."""

    headers: list[tuple[bytes, bytes]]
    body: bytes


class Journal:
    """Keeps requests that change tables in the file `path`; MiniStack's own file of them is `tables`."""

    def __init__(self, app: Any, path: Path, tables: Path) -> None:
        self._app = app
        self._path = path
        self._tables = tables
        self._file: FileIO | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass the request on; its answer leaves when what it changed is kept."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, _Lifespan(self, send))
        elif scope["type"] == "http" and _changes_tables(scope):
            request = _Heard(receive)
            await self._app(scope, request, _Kept(self, scope, request, send))
        elif scope["type"] == "http" and scope["path"] == RESET:
            await self._app(scope, receive, send)
            self._begin()
        else:
            await self._app(scope, receive, send)

    async def replay(self) -> None:
        """Make the changes again that the tables do not hold; then go on with the journal, or begin one."""
        if not self._path.exists() or self._beginning() != _identity(self._tables):
            self._begin()
            return
        count, end = 0, 0
        with self._path.open("rb") as journal:
            for raw in _whole_records(journal):
                if count:  # the first says what the journal goes on from
                    await _make(self._app, _decoded(raw))
                count, end = count + 1, journal.tell()
        os.truncate(self._path, end)
        self._file = self._path.open("ab", buffering=0)
        if count > 1:
            _log.warning("%d changes of tables were made again: the last end was no graceful stop", count - 1)

    def keep(self, record: Record) -> None:
        """Append a record."""
        headers = [[part.decode("latin-1") for part in header] for header in record.headers]
        self._append(json.dumps(headers).encode() + b"\n" + record.body)

    def end(self) -> None:
        """Remove the journal where the tables have been written since it began."""
        self.close()
        if self._path.exists() and self._beginning() != _identity(self._tables):
            self._path.unlink()

    def close(self) -> None:
        """Close the file; what is in it stays."""
        if self._file is not None:
            self._file.close()

    def _begin(self) -> None:
        self.close()
        self._path.unlink(missing_ok=True)
        self._path.touch(mode=0o600)
        self._file = self._path.open("ab", buffering=0)
        self._append(_identity(self._tables))

    def _beginning(self) -> bytes:
        with self._path.open("rb") as journal:
            return next(_whole_records(journal), b"")

    def _append(self, raw: bytes) -> None:
        assert self._file is not None
        record = _LENGTH_AND_SUM.pack(len(raw), zlib.crc32(raw)) + raw
        written = self._file.write(record)
        if written != len(record):
            raise OSError(f"the journal {self._path} took {written} of {len(record)} bytes")


class _Lifespan:
    """Replays when MiniStack has read its state, ends the journal when it has written it."""

    def __init__(self, journal: Journal, send: Any) -> None:
        self._journal = journal
        self._send = send

    async def __call__(self, message: Any) -> None:
        if message["type"] == "lifespan.startup.complete":
            await self._journal.replay()
        elif message["type"] == "lifespan.shutdown.complete":
            self._journal.end()
        await self._send(message)


class _Heard:
    """Passes a request's body on, and remembers it."""

    def __init__(self, receive: Any) -> None:
        self._receive = receive
        self.body = bytearray()

    async def __call__(self) -> Any:
        message = await self._receive()
        self.body += message.get("body", b"")
        return message


class _Kept:
    """Keeps a request that succeeded, then lets its answer go."""

    def __init__(self, journal: Journal, scope: Any, request: _Heard, send: Any) -> None:
        self._journal = journal
        self._scope = scope
        self._request = request
        self._send = send

    async def __call__(self, message: Any) -> None:
        if message["type"] == "http.response.start" and message["status"] == 200:
            headers = [(name, value) for name, value in self._scope["headers"] if name.lower() in HEADERS]
            self._journal.keep(Record(headers, bytes(self._request.body)))
        await self._send(message)


def _changes_tables(scope: Any) -> bool:
    target = next((value for name, value in scope["headers"] if name.lower() == b"x-amz-target"), b"")
    return target.startswith(TARGET) and not target.removeprefix(TARGET).startswith(READS)


def _identity(tables: Path) -> bytes:
    """Return what tells one file of tables from the next."""
    try:
        found = tables.stat()
    except FileNotFoundError:
        return b"no tables"
    return f"{found.st_ino} {found.st_mtime_ns} {found.st_size}".encode()


def _whole_records(journal: BinaryIO) -> Iterator[bytes]:
    """Yield the records up to the first that is torn."""
    while len(head := journal.read(_LENGTH_AND_SUM.size)) == _LENGTH_AND_SUM.size:
        length, checksum = _LENGTH_AND_SUM.unpack(head)
        raw = journal.read(length)
        if len(raw) < length or zlib.crc32(raw) != checksum:
            return
        yield raw


def _decoded(raw: bytes) -> Record:
    headers, _, body = raw.partition(b"\n")
    pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in json.loads(headers)]
    return Record(pairs, body)


async def _make(app: Any, record: Record) -> None:
    """Send a request to MiniStack without a connection."""
    length = (b"content-length", str(len(record.body)).encode())
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "root_path": "",
        "headers": [*record.headers, length],
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 0),
    }
    bodies = iter([{"type": "http.request", "body": record.body, "more_body": False}])

    async def receive() -> Any:
        return next(bodies, {"type": "http.disconnect"})

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start" and message["status"] != 200:
            _log.error("a change of a table could not be made again: status %d", message["status"])

    await app(scope, receive, send)
