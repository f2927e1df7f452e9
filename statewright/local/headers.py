"""The header row of a CSV or TSV object that was read before: its bytes, from the version that was pinned."""

from __future__ import annotations

import csv
import zlib
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from statewright.local.quarantines import QuarantineError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from statewright.local.replays import Origin

# As far as the pipeline looks for it: functions/pipeline/reading.py.
HEADER_BYTES = 1024 * 1024
BOM = b"\xef\xbb\xbf"
DELIMITERS = {"csv": ",", "tsv": "\t"}
_GONE = frozenset(
    {
        "404",
        "NoSuchKey",
        "NoSuchVersion",
        "NoSuchBucket",
        "412",
        "PreconditionFailed",
        "405",
        "MethodNotAllowed",
    }
)


def header_of(s3: Any, origin: Origin) -> bytes:
    """Return the bytes of the header row, without its end; raises QuarantineError."""
    route, start = origin.known_route(), _start_of(s3, origin)
    if route.compression == "gzip":
        try:
            start = zlib.decompressobj(31).decompress(start, HEADER_BYTES)
        except zlib.error as error:
            raise _lost(origin, f"is not the gzip that was read ({error})") from error
    return first_row(start.removeprefix(BOM), DELIMITERS[route.format])


def first_row(start: bytes, delimiter: str) -> bytes:
    """Return the bytes of the first row that is not blank, which may have line breaks in quotes."""
    lines = start.split(b"\n")
    while lines and not lines[0].strip():
        del lines[0]
    taken: list[bytes] = []

    def texts() -> Iterator[str]:
        for line in lines:
            taken.append(line)
            yield line.decode(errors="replace") + "\n"

    try:
        next(csv.reader(texts(), delimiter=delimiter, strict=True), None)
    except csv.Error as error:
        raise QuarantineError(f"the header row cannot be read: {error}") from error
    return b"\n".join(taken)


def _start_of(s3: Any, origin: Origin) -> bytes:
    version = origin.version
    pin = {"IfMatch": f'"{version[5:]}"'} if version.startswith("etag:") else {"VersionId": version}
    try:
        answer = s3.get_object(
            Bucket=origin.bucket, Key=origin.key, Range=f"bytes=0-{HEADER_BYTES - 1}", **pin
        )
        return bytes(answer["Body"].read())
    except ClientError as error:
        if error.response["Error"]["Code"] not in _GONE:
            raise
        raise _lost(origin, "is gone") from error


def _lost(origin: Origin, what: str) -> QuarantineError:
    return QuarantineError(
        f"s3://{origin.bucket}/{origin.key} (version {origin.version}) {what}, and the header of its records"
        " with it; write them to a file below a header row, and send it with --corrected FILE"
    )
