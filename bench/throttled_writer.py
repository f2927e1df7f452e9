"""WriteToDdb with a table that takes so many writes a second: the bench puts it in the function's place.

What is above is answered as DynamoDB does (ProvisionedThroughputExceededException), where the request would
leave botocore; so its retries, the function's, the workflow's and the queue's take their course. DynamoDB
gives a table five minutes' worth of unused capacity for bursts; this one has a second's.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/burst-adaptive-capacity.html
"""

from __future__ import annotations

import importlib
import threading
import time
from typing import TYPE_CHECKING, Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from pipeline import aws

if TYPE_CHECKING:
    from collections.abc import Iterator

PER_SECOND = 0.0  # the bench writes the figure here

_unthrottled: Any = importlib.import_module("unthrottled_write_to_ddb")
_lock = threading.Lock()
_room = PER_SECOND
_at = time.monotonic()


def handler(event: Any, context: Any) -> Any:
    """Write, as far as the table takes it."""
    aws.dynamodb().meta.events.register("before-send.dynamodb.PutItem", _throttle, unique_id="throttle")
    return _unthrottled.handler(event, context)


def _throttle(request: Any, **_: Any) -> Any:
    global _room, _at
    with _lock:
        now = time.monotonic()
        _room = min(PER_SECOND, _room + (now - _at) * PER_SECOND)
        _at = now
        if _room >= 1:
            _room -= 1
            return None
    return AWSResponse(request.url, 400, HTTPHeaders(), _Body())


class _Body:
    """What urllib3 would have read."""

    def stream(self) -> Iterator[bytes]:
        """Yield the answer."""
        yield b'{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"}'
