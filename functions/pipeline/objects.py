"""The gateway to S3: pinned reads of a version, writes of any length in flat memory.

A version is S3's version id or, where the bucket keeps none, `etag:<etag>`.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from pipeline.aws import calling, code_of, meaning, meaning_of_failure, s3
from pipeline.errors import ObjectChanged, ObjectNotFound, ServiceUnavailable, StagedDataBroken

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from types import TracebackType

    from botocore.response import StreamingBody

    from pipeline.shapes import File, Location

ETAG = "etag:"
# One ranged GET each, of whose answer so much is in memory at once.
RANGE_BYTES = 8 * 1024 * 1024
PIECE_BYTES = 256 * 1024
# How often a range is asked for again when its connection breaks.
RANGE_ATTEMPTS = 3
# S3 takes parts of 5 MiB to 5 GiB, 10,000 of them: 78 GiB in all
# (https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html).
PART_BYTES = 5 * 1024 * 1024
GONE = frozenset({"404", "NoSuchKey", "NoSuchVersion", "NoSuchBucket", "405", "MethodNotAllowed"})
CHANGED = frozenset({"412", "PreconditionFailed", "InvalidRange", "416"})


@dataclass(frozen=True)
class Head:
    """What S3 says of an object; `etag` without its quotes."""

    bucket: str
    key: str
    version: str
    size: int
    etag: str
    content_type: str
    last_modified: datetime
    metadata: dict[str, str] = field(default_factory=dict)


def uri(place: Location) -> str:
    """Return the s3:// URI of an object."""
    return f"s3://{place['bucket']}/{place['key']}"


def head(bucket: str, key: str, version: str | None = None) -> Head:
    """Describe an object, or the given version of it; raises ObjectNotFound."""
    from botocore.exceptions import ClientError

    pin: Any = {"VersionId": version} if version else {}
    with calling("S3 HeadObject"):
        try:
            said = s3().head_object(Bucket=bucket, Key=key, **pin)
        except ClientError as error:
            if code_of(error) in GONE or (version and code_of(error) in {"400", "InvalidArgument"}):
                wanted = f"s3://{bucket}/{key}" + (f", version {version}" if version else "")
                raise ObjectNotFound(
                    f"S3 does not have {wanted}; upload it, or correct the request"
                ) from error
            raise
    etag = said["ETag"].strip('"')
    version_id = said.get("VersionId", "null")  # "null": written before the bucket kept versions
    return Head(
        bucket=bucket,
        key=key,
        version=ETAG + etag if version_id == "null" else version_id,
        size=said["ContentLength"],
        etag=etag,
        content_type=said.get("ContentType", ""),
        last_modified=said["LastModified"],
        metadata=said.get("Metadata", {}),
    )


def pinned(version: str) -> dict[str, str]:
    """Return the parameters of GetObject that pin a version."""
    if version.startswith(ETAG):
        return {"IfMatch": f'"{version.removeprefix(ETAG)}"'}
    return {"VersionId": version}


def read_version(file: File, start: int, end: int) -> Iterator[bytes]:
    """Yield the bytes from `start` up to `end` of the pinned version; raises ObjectChanged."""
    from botocore.exceptions import ClientError

    with calling("S3 GetObject"):
        try:
            yield from _ranges(file["bucket"], file["key"], start, end, pinned(file["version"]))
        except ClientError as error:
            if code_of(error) in GONE | CHANGED:
                raise ObjectChanged(
                    "the version that this execution pinned is gone or replaced; the newer object has an "
                    "execution of its own"
                ) from error
            raise


def read_staged(place: Location, start: int, end: int) -> Iterator[bytes]:
    """Yield the bytes from `start` up to `end` of an object of the pipeline's own."""
    from botocore.exceptions import ClientError

    with calling("S3 GetObject"):
        try:
            yield from _ranges(place["bucket"], place["key"], start, end, {})
        except ClientError as error:
            if code_of(error) in GONE | CHANGED:
                raise StagedDataBroken(f"{uri(place)} is not there, or shorter than it was") from error
            raise


def _ranges(bucket: str, key: str, start: int, end: int, pin: Any) -> Iterator[bytes]:
    for first in range(start, end, RANGE_BYTES):
        yield from _range(bucket, key, first, min(first + RANGE_BYTES, end), pin)


def _range(bucket: str, key: str, start: int, end: int, pin: Any) -> Iterator[bytes]:
    """Yield the bytes of a range as they come; what is left of it is asked for anew where they end early."""
    position = start
    for _ in range(RANGE_ATTEMPTS):
        answer = s3().get_object(Bucket=bucket, Key=key, Range=f"bytes={position}-{end - 1}", **pin)
        with closing(answer["Body"]) as body:
            while piece := _piece(body):
                position += len(piece)
                yield piece
        if position == end:
            return
    raise ServiceUnavailable(f"S3 GetObject: the connection broke {RANGE_ATTEMPTS} times in one range")


def _piece(body: StreamingBody) -> bytes:
    """Return the next bytes of an answer, none at its end and where it breaks off."""
    from botocore.exceptions import HTTPClientError, IncompleteReadError

    try:
        return body.read(PIECE_BYTES)
    except (HTTPClientError, IncompleteReadError):
        return b""


def size_of(place: Location) -> int:
    """Return the size of an object of the pipeline's own; raises StagedDataBroken."""
    try:
        return head(place["bucket"], place["key"]).size
    except ObjectNotFound as error:
        raise StagedDataBroken(f"{uri(place)} is not there") from error


def keys_below(bucket: str, prefix: str) -> Iterator[str]:
    """Yield the keys of a bucket that begin with a prefix, sorted."""
    with calling("S3 ListObjectsV2"):
        for page in s3().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            yield from (each["Key"] for each in page.get("Contents", ()))


def is_there(place: Location) -> bool:
    """Return whether there is an object of the pipeline's own."""
    try:
        head(place["bucket"], place["key"])
    except ObjectNotFound:
        return False
    return True


def find(place: Location) -> bytes | None:
    """Return a small object of the pipeline's own, None where there is none."""
    from botocore.exceptions import ClientError

    with calling("S3 GetObject"):
        try:
            return s3().get_object(Bucket=place["bucket"], Key=place["key"])["Body"].read()
        except ClientError as error:
            if code_of(error) in GONE:
                return None
            raise


def put(place: Location, body: bytes | bytearray, content_type: str) -> None:
    """Write a small object."""
    sent: Any = body
    with calling("S3 PutObject"):
        s3().put_object(Bucket=place["bucket"], Key=place["key"], Body=sent, ContentType=content_type)


def put_once(place: Location, body: bytes, content_type: str, metadata: dict[str, str]) -> None:
    """Write an object unless one is there: the one that is there stays, whoever wrote it."""
    from botocore.exceptions import ClientError

    with calling("S3 PutObject"):
        try:
            s3().put_object(
                Bucket=place["bucket"],
                Key=place["key"],
                Body=body,
                ContentType=content_type,
                Metadata=metadata,
                IfNoneMatch="*",
            )
        except ClientError as error:
            if code_of(error) not in CHANGED:
                raise


class Upload:
    """An object that is written piece by piece; a failure leaves nothing behind.

    One PutObject where all fits a part, else a multipart upload, aborted on any exception.
    """

    def __init__(self, place: Location, content_type: str) -> None:
        self.place = place
        self.size = 0
        self._content_type = content_type
        self._buffer = bytearray()
        self._id = ""
        self._parts: list[Any] = []

    def write(self, piece: bytes) -> None:
        """Append bytes."""
        self._buffer += piece
        self.size += len(piece)
        if len(self._buffer) >= PART_BYTES:
            part, self._buffer = self._buffer, bytearray()
            self._send(part)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.abort()
            return
        try:
            self._finish()
        except BaseException:
            self.abort()
            raise

    def _target(self) -> Any:
        return {"Bucket": self.place["bucket"], "Key": self.place["key"]}

    def _send(self, part: bytearray) -> None:
        body: Any = part
        with calling("S3 UploadPart"):
            if not self._id:
                made = s3().create_multipart_upload(**self._target(), ContentType=self._content_type)
                self._id = made["UploadId"]
            number = len(self._parts) + 1
            said = s3().upload_part(**self._target(), UploadId=self._id, PartNumber=number, Body=body)
        self._parts.append({"PartNumber": number, "ETag": said["ETag"]})

    def _finish(self) -> None:
        if not self._id:
            put(self.place, self._buffer, self._content_type)
            return
        if self._buffer:
            self._send(self._buffer)
        with calling("S3 CompleteMultipartUpload"):
            s3().complete_multipart_upload(
                **self._target(), UploadId=self._id, MultipartUpload={"Parts": self._parts}
            )

    def abort(self) -> None:
        """Free the parts; where that fails too, the bucket's lifecycle rule does it later."""
        from botocore.exceptions import BotoCoreError, ClientError

        if not self._id:
            return
        try:
            s3().abort_multipart_upload(**self._target(), UploadId=self._id)
        except (ClientError, BotoCoreError) as error:
            kind = meaning if isinstance(error, ClientError) else meaning_of_failure
            if not kind("S3 AbortMultipartUpload", error).retryable:
                raise
