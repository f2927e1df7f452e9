"""The content type of objects that are uploaded without one.

MiniStack 1.5.33 stores "application/octet-stream", S3 "binary/octet-stream":
https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
"""

from __future__ import annotations

from typing import Any

DEFAULT = b"binary/octet-stream"


class ObjectTypes:
    """Gives uploads of objects S3's content type where the request has none."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass the request on."""
        if _is_untyped_upload(scope):
            scope = {**scope, "headers": [*scope["headers"], (b"content-type", DEFAULT)]}
        await self._app(scope, receive, send)


def _is_untyped_upload(scope: Any) -> bool:
    """Say whether a request puts an object, or begins to in parts, with no type."""
    if scope["type"] != "http" or "/" not in scope["path"].strip("/"):
        return False
    query = scope["query_string"].split(b"=")[0]  # others than these are tags, access lists and the like
    puts = scope["method"] == "PUT" and query in (b"", b"x-id")
    begins = scope["method"] == "POST" and query == b"uploads"
    return (puts or begins) and all(name.lower() != b"content-type" for name, _ in scope["headers"])
