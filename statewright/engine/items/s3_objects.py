"""Objects in S3 as streams of bytes: decompressed, bounded, and opened again where a connection ends.

All calls block: they belong into a thread.
"""

from __future__ import annotations

import gzip
import io
import zlib
from typing import IO, TYPE_CHECKING, Any, cast

import zstandard
from botocore.exceptions import BotoCoreError

from statewright.engine.integrations.aws import call_now
from statewright.engine.items.reader_errors import reader_failure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Json = Any

# "10 GB as the maximum size of an individual file", of an inventory's files after decompression.
MAX_FILE_BYTES = 10 * 2**30
_CHUNK_BYTES = 2**20
_CONNECTION_ERRORS = (BotoCoreError, OSError)
_READ_ERRORS = (*_CONNECTION_ERRORS, EOFError, zlib.error, zstandard.ZstdError)


class S3Objects:
    """Reads objects and lists of objects."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def open(self, arguments: Mapping[str, Json]) -> BoundedStream:
        """Open an object; one whose name ends in `.gz` or `.zstd` is decompressed. Raises StateFailure."""
        stream = self.open_as_it_is(arguments)
        return BoundedStream(_decompressed(stream, str(arguments.get("Key", ""))), arguments)

    def open_as_it_is(self, arguments: Mapping[str, Json]) -> IO[bytes]:
        """Open an object without decompression. Raises StateFailure."""
        answer = call_now(self._client, "get_object", arguments)
        if answer.get("ContentLength", 0) > MAX_FILE_BYTES:
            raise _too_large(arguments)
        return io.BufferedReader(_Body(self._client, arguments, answer), _CHUNK_BYTES)

    def listed(self, arguments: Mapping[str, Json]) -> Iterator[Mapping[str, Json]]:
        """Give the entries of ListObjectsV2, page after page. Raises StateFailure."""
        request = dict(arguments)
        while True:
            answer = call_now(self._client, "list_objects_v2", request)
            yield from answer.get("Contents", ())
            if not answer.get("IsTruncated"):
                return
            request["ContinuationToken"] = answer["NextContinuationToken"]


def _too_large(arguments: Mapping[str, Json]) -> Exception:
    return reader_failure(f"The object '{arguments.get('Key')}' is larger than {MAX_FILE_BYTES} bytes.")


def _decompressed(body: IO[bytes], key: str) -> IO[bytes]:
    ending = key.rpartition(".")[2].lower()
    if ending in ("gz", "gzip"):
        return cast("IO[bytes]", gzip.GzipFile(fileobj=body, mode="rb"))
    if ending in ("zst", "zstd"):
        return zstandard.ZstdDecompressor().stream_reader(body, read_across_frames=True)
    return body


class _Body(io.RawIOBase):
    """A body of boto's as a raw file.

    Children may keep it waiting for so long that S3 ends the connection: then it goes on where it was, with
    the same version of the object.
    """

    def __init__(self, client: Any, arguments: Mapping[str, Json], answer: Mapping[str, Any]) -> None:
        self._client = client
        self._arguments = arguments
        self._body = answer["Body"]
        self._tag = answer.get("ETag")
        self._read = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            found = self._body.read(len(buffer))
        except _CONNECTION_ERRORS:
            if self._tag is None:
                raise
            found = self._open_again().read(len(buffer))
        self._read += len(found)
        buffer[: len(found)] = found
        return len(found)

    def _open_again(self) -> Any:
        more = {"Range": f"bytes={self._read}-", "IfMatch": self._tag}
        self._body = call_now(self._client, "get_object", {**self._arguments, **more})["Body"]
        return self._body


class BoundedStream(io.RawIOBase):
    """A stream that ends in a StateFailure where it is too long or cannot be read."""

    def __init__(self, body: IO[bytes], arguments: Mapping[str, Json]) -> None:
        self._inner = body
        self._arguments = arguments
        self._length = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            found = self._inner.read(len(buffer))
        except _READ_ERRORS as error:
            raise reader_failure(f"Unable to read '{self._arguments.get('Key')}': {error}") from error
        self._length += len(found)
        if self._length > MAX_FILE_BYTES:
            raise _too_large(self._arguments)
        buffer[: len(found)] = found
        return len(found)

    def text(self, errors: str = "strict") -> io.TextIOWrapper:
        """Read it as UTF-8, without a byte order mark, with the line ends that it has."""
        return io.TextIOWrapper(
            io.BufferedReader(self, _CHUNK_BYTES), encoding="utf-8-sig", errors=errors, newline=""
        )
