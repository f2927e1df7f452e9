"""The gateway to the datasets' tables: batches of serialised items, retried until DynamoDB has taken all."""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import msgspec

from pipeline.aws import calling, dynamodb
from pipeline.errors import Throttled

if TYPE_CHECKING:
    from collections.abc import Iterable
    from concurrent.futures import Future

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
BATCH_ITEMS = 25
# Each waits for the network most of its time.
WRITERS = 8
# Unprocessed items are sent again after up to 0.05, 0.1, 0.2 … 5 s: half a minute in all, then the workflow
# waits longer.
ROUNDS = 12
FIRST_WAIT_SECONDS = 0.05
LONGEST_WAIT_SECONDS = 5.0
HOOK = "before-call.dynamodb.BatchWriteItem"

_body = threading.local()


def write_items(table: str, items: Iterable[bytes]) -> int:
    """Put items, each given as DynamoDB's JSON; return how many. No two may have one key.

    Raises Throttled, ServiceUnavailable, ServiceRefused: then some items may have been written.
    """
    dynamodb().meta.events.register(HOOK, _replace_body, unique_id="statewright-serialised-items")
    count = 0
    running: deque[Future[None]] = deque()
    with ThreadPoolExecutor(WRITERS) as pool:
        try:
            for batch in _batches(items):
                count += len(batch)
                running.append(pool.submit(_write, table, batch))
                if len(running) > 2 * WRITERS:
                    running.popleft().result()
            while running:
                running.popleft().result()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return count


def _batches(items: Iterable[bytes]) -> Iterable[list[bytes]]:
    batch: list[bytes] = []
    for item in items:
        batch.append(b'{"PutRequest":{"Item":' + item + b"}}")
        if len(batch) == BATCH_ITEMS:
            yield batch
            batch = []
    if batch:
        yield batch


def _write(table: str, requests: list[bytes]) -> None:
    for attempt in range(ROUNDS):
        if attempt:
            longest = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2**attempt)
            time.sleep(random.uniform(0, longest))  # noqa: S311 - full jitter, no secret
        requests = [msgspec.json.encode(request) for request in _send(table, requests)]
        if not requests:
            return
    raise Throttled(f"DynamoDB BatchWriteItem: {len(requests)} items unprocessed after {ROUNDS} rounds")


def _send(table: str, requests: list[bytes]) -> list[Any]:
    """Send one batch; return the requests that DynamoDB did not get to."""
    name = msgspec.json.encode(table)
    _body.value = b'{"RequestItems":{' + name + b":[" + b",".join(requests) + b"]}}"
    with calling(f"DynamoDB BatchWriteItem into {table}"):
        try:
            # What is given here is replaced by the serialised body: it only has to pass botocore's checks.
            answer = dynamodb().batch_write_item(RequestItems={table: [{"PutRequest": {"Item": {}}}]})
        finally:
            del _body.value
    return list(answer.get("UnprocessedItems", {}).get(table, []))


def _replace_body(params: dict[str, Any], **_: Any) -> None:
    """Put the bytes of this thread's batch in the place of what botocore serialised; it signs them later."""
    if body := getattr(_body, "value", None):
        params["body"] = body
