"""Quarantine: every rejected record with its bytes, its place and the rule that it broke.

One object a shard and function: JSON Lines in gzip, the same bytes however often it is written.
"""

from __future__ import annotations

import base64
import zlib
from typing import TYPE_CHECKING, Any, Self

import msgspec

from pipeline import objects
from pipeline.formats.messages import message_of

if TYPE_CHECKING:
    from types import TracebackType

    from pipeline.reading import Candidate
    from pipeline.rejects import Reject
    from pipeline.shapes import File, Location

CONTENT_TYPE = "application/x-ndjson"
_GZIP = 31  # zlib's wbits: gzip framing, without a time stamp


def folder(kind: str, file: File) -> str:
    """Return `<kind>/<dataset>/<day>/<file id>/<run>`, where an execution leaves what came of a file."""
    return f"{kind}/{file['dataset']}/{file['day']}/{file['id']}/{file['run']}"


class GzipLines:
    """An object of JSON Lines in gzip that comes to be with its first line."""

    def __init__(self, place: Location) -> None:
        self.place = place
        self.count = 0
        self._upload = objects.Upload(place, CONTENT_TYPE)
        self._compressor = zlib.compressobj(6, zlib.DEFLATED, _GZIP)

    @property
    def written(self) -> Location | None:
        """Where the object is, None where nothing was added."""
        return self.place if self.count else None

    def add(self, line: dict[str, Any]) -> None:
        """Append a line."""
        self.count += 1
        encoded = msgspec.json.encode(line, enc_hook=str) + b"\n"
        self._upload.write(self._compressor.compress(encoded))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._upload.__exit__(kind, error, trace)
        elif self.count:
            with self._upload:
                self._upload.write(self._compressor.flush())


class Quarantine(GzipLines):
    """The rejected records of one shard; `stage` is `parse` or `enrich`."""

    def __init__(self, bucket: str, file: File, stage: str, shard: int) -> None:
        key = f"{folder('quarantine', file)}/{stage}-{shard:05}.jsonl.gz"
        super().__init__({"bucket": bucket, "key": key})
        self._file = file
        self._shard = shard

    def put(self, candidate: Candidate, reject: Reject) -> None:
        """Put a record aside; `line` counts from 1 within the shard."""
        file = self._file
        message = {} if candidate.sent is None else {"message_id": message_of(candidate.sent)}
        self.add(
            {
                **_raw(candidate),
                "bucket": file["bucket"],
                "key": file["key"],
                "version": file["version"],
                "offset": candidate.offset,
                "line": candidate.line,
                **message,
                "shard": self._shard,
                "contract": file["contract"],
                "rule": reject.rule,
                "pointer": reject.pointer,
                "message": reject.message,
            }
        )


def _raw(candidate: Candidate) -> dict[str, Any]:
    """Return the bytes as text, as Base64 where they are none; and their number where they were cut."""
    try:
        raw: dict[str, Any] = {"raw": candidate.raw.decode()}
    except UnicodeDecodeError:
        raw = {"raw_base64": base64.b64encode(candidate.raw).decode()}
    if candidate.size > len(candidate.raw):
        raw["cut_from_bytes"] = candidate.size
    return raw
