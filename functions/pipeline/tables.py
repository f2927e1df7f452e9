"""The gateway to the datasets' tables: batches of serialised items, retried until DynamoDB has taken all."""

from __future__ import annotations

import functools
import random
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from pipeline.aws import calling, dynamodb
from pipeline.errors import Throttled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from concurrent.futures import Future

T = TypeVar("T")

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
BATCH_ITEMS = 25
# Each waits for the network most of its time.
WRITERS = 8
# Unprocessed items are sent again after up to 0.05, 0.1, 0.2 … 5 s: half a minute in all, then the workflow
# waits longer.
ROUNDS = 12
FIRST_WAIT_SECONDS = 0.05
LONGEST_WAIT_SECONDS = 5.0
HOOKS = ("before-call.dynamodb.BatchWriteItem", "before-call.dynamodb.PutItem")

_body = threading.local()


def write_items(table: str, items: Iterable[bytes]) -> int:
    """Put items, each given as DynamoDB's JSON; return how many. No two may have one key.

    Raises Throttled, ServiceUnavailable, ServiceRefused: then some items may have been written.
    """
    return _sum_of(functools.partial(_write, table), _batches(items))


def write_newer_items(table: str, key: str, order: str, items: Iterable[tuple[bytes, bytes]]) -> int:
    """Put items where the table has none of their key, or none with more in the attribute `order`.

    `key` is the name of the partition key. Each item comes with the value of its ordering attribute, both as
    DynamoDB's JSON. Returns how many were written, the others had to give way; raises as `write_items` does.
    """
    names = msgspec.json.encode({"#key": key, "#order": order})
    condition = b"attribute_not_exists(#key) OR attribute_not_exists(#order) OR #order <= :order"

    def put(item_and_order: tuple[bytes, bytes]) -> int:
        item, value = item_and_order
        body = b'{"TableName":%b,"Item":%b,"ConditionExpression":"%b","ExpressionAttributeNames":%b,'
        body += b'"ExpressionAttributeValues":{":order":%b}}'
        return _put(table, body % (msgspec.json.encode(table), item, condition, names, value))

    return _sum_of(put, items)


def _sum_of(write: Callable[[T], int], parts: Iterable[T]) -> int:
    """Write parts in a few threads, no further ahead than those need; return the sum of what they say."""
    for hook in HOOKS:
        dynamodb().meta.events.register(hook, _replace_body, unique_id=f"statewright-{hook}")
    total = 0
    running: deque[Future[int]] = deque()
    with ThreadPoolExecutor(WRITERS) as pool:
        try:
            for part in parts:
                running.append(pool.submit(write, part))
                if len(running) > 2 * WRITERS:
                    total += running.popleft().result()
            while running:
                total += running.popleft().result()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return total


def _batches(items: Iterable[bytes]) -> Iterable[list[bytes]]:
    batch: list[bytes] = []
    for item in items:
        batch.append(b'{"PutRequest":{"Item":' + item + b"}}")
        if len(batch) == BATCH_ITEMS:
            yield batch
            batch = []
    if batch:
        yield batch


def _write(table: str, requests: list[bytes]) -> int:
    size = len(requests)
    for attempt in range(ROUNDS):
        if attempt:
            longest = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2**attempt)
            time.sleep(random.uniform(0, longest))  # noqa: S311 - full jitter, no secret
        requests = [msgspec.json.encode(request) for request in _send(table, requests)]
        if not requests:
            return size
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


def _put(table: str, body: bytes) -> int:
    """Put one item; return 1, or 0 where the table has a newer one."""
    from botocore.exceptions import ClientError

    _body.value = body
    with calling(f"DynamoDB PutItem into {table}"):
        try:
            dynamodb().put_item(TableName=table, Item={})
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return 0
        finally:
            del _body.value
    return 1


def _replace_body(params: dict[str, Any], **_: Any) -> None:
    """Put the bytes of this thread's batch in the place of what botocore serialised; it signs them later."""
    if body := getattr(_body, "value", None):
        params["body"] = body
