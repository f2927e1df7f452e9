"""A folder in the place of S3, for files that are too large to be kept in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Folder:
    """As much of S3 as the functions call, over a folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def _path(self, bucket: str, key: str) -> Path:
        path = self._root / bucket / key
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, **_: Any) -> None:  # noqa: N803
        self._path(Bucket, Key).write_bytes(Body)

    def create_multipart_upload(self, *, Bucket: str, Key: str, **_: Any) -> dict[str, str]:  # noqa: N803
        self._path(Bucket, Key).write_bytes(b"")
        return {"UploadId": "one"}

    def upload_part(self, *, Bucket: str, Key: str, PartNumber: int, Body: bytes, **_: Any) -> dict[str, str]:  # noqa: N803
        with self._path(Bucket, Key).open("ab") as file:
            file.write(Body)
        return {"ETag": str(PartNumber)}

    def complete_multipart_upload(self, **_: Any) -> None:
        """Do nothing: the parts came in order."""

    def get_paginator(self, _: str) -> Folder:
        return self

    def paginate(self, *, Bucket: str, Prefix: str) -> Iterator[dict[str, Any]]:  # noqa: N803
        root = self._root / Bucket
        keys = sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
        yield {"Contents": [{"Key": key} for key in keys if key.startswith(Prefix)]}

    def head_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        size = self._path(Bucket, Key).stat().st_size
        return {"ContentLength": size, "ETag": '"e"', "LastModified": None}

    def get_object(self, *, Bucket: str, Key: str, Range: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        first, last = map(int, Range.removeprefix("bytes=").split("-"))
        return {"Body": _Span(self._path(Bucket, Key), first, last + 1)}


class _Span:
    """A part of a file as an answer's body."""

    def __init__(self, path: Path, start: int, end: int) -> None:
        self._file = path.open("rb", buffering=0)
        self._file.seek(start)
        self._left = end - start

    def read(self, most: int) -> bytes:
        found = self._file.read(min(most, self._left))
        self._left -= len(found)
        return found

    def close(self) -> None:
        self._file.close()
