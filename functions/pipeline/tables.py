"""The gateway to the datasets' tables: batches of serialised items, retried until DynamoDB has taken all.

A table that throttles is written to more slowly, by all threads of a process: pipeline.pacing says how.
"""

from __future__ import annotations

import functools
import random
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import msgspec

from pipeline.aws import calling, dynamodb
from pipeline.errors import Throttled
from pipeline.pacing import Turns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from concurrent.futures import Future

T = TypeVar("T")
A = TypeVar("A")

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
BATCH_ITEMS = 25
# Each waits for the network most of its time.
WRITERS = 8
# What the table did not take is sent again after up to 0.05, 0.1, 0.2 … 5 s: half a minute in all, then the
# workflow waits longer.
ROUNDS = 12
FIRST_WAIT_SECONDS = 0.05
LONGEST_WAIT_SECONDS = 5.0
HOOKS = ("before-call.dynamodb.BatchWriteItem", "before-call.dynamodb.PutItem")

_body = threading.local()


def write_items(table: str, items: Iterable[bytes]) -> int:
    """Put items, each given as DynamoDB's JSON; return how many. No two may have one key.

    Raises Throttled, ServiceUnavailable, ServiceRefused: then some items may have been written.
    """
    return sum(_answers(functools.partial(_write, table), _batches(items)))


class Condition(NamedTuple):
    """When an item may be put: an expression, and the names of the attributes that it names `#…`."""

    expression: str
    names: Mapping[str, str]


class Put(NamedTuple):
    """An item as DynamoDB's JSON, and the values that its condition names `:…`."""

    item: bytes
    values: Mapping[str, bytes]


def put_items(
    table: str,
    condition: Condition,
    puts: Iterable[Put],
    ours: Callable[[Put, Mapping[str, Any]], bool | Condition] | None = None,
) -> Iterator[bool]:
    """Put each item on a condition; yield in their order whether they are in the table by that.

    Where the condition fails, `ours` is given the item that is there, and says whether an earlier try has put
    it, or on which other condition it is to be put. Raises as `write_items` does.
    """

    def put(each: Put) -> bool:
        there = _put(table, _put_body(table, condition, each, tells=ours is not None))
        if there is None or ours is None:
            return there is None
        found = ours(each, there)
        if isinstance(found, bool):
            return found
        return _put(table, _put_body(table, found, each, tells=False)) is None

    return _answers(put, puts)


def _put_body(table: str, condition: Condition, put: Put, *, tells: bool) -> bytes:
    """Return a request of PutItem; with `tells` its failure tells of the item that is there."""
    fixed: dict[str, Any] = {
        "TableName": table,
        "ConditionExpression": condition.expression,
        "ExpressionAttributeNames": condition.names,
    }
    if tells:
        fixed["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    start = msgspec.json.encode(fixed)[:-1]
    values = b",".join(msgspec.json.encode(name) + b":" + value for name, value in put.values.items())
    return b'%b,"Item":%b,"ExpressionAttributeValues":{%b}}' % (start, put.item, values)


def _answers(write: Callable[[T], A], parts: Iterable[T]) -> Iterator[A]:
    """Write parts in a few threads, no further ahead than those need; yield what they say, in their order."""
    for hook in HOOKS:
        dynamodb().meta.events.register(hook, _replace_body, unique_id=f"statewright-{hook}")
    running: deque[Future[A]] = deque()
    with ThreadPoolExecutor(WRITERS) as pool:
        try:
            for part in parts:
                running.append(pool.submit(write, part))
                if len(running) > 2 * WRITERS:
                    yield running.popleft().result()
            while running:
                yield running.popleft().result()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _batches(items: Iterable[bytes]) -> Iterable[list[bytes]]:
    batch: list[bytes] = []
    for item in items:
        batch.append(b'{"PutRequest":{"Item":' + item + b"}}")
        if len(batch) == BATCH_ITEMS:
            yield batch
            batch = []
    if batch:
        yield batch


@functools.cache
def _turns(table: str) -> Turns:  # noqa: ARG001 - one for each
    """Return the turns at a table, whose pace outlives an invocation: the next one meets the same table."""
    return Turns(WRITERS)


def _write(table: str, requests: list[bytes]) -> int:
    size = len(requests)
    for attempt in range(ROUNDS):
        _wait(attempt)
        with _turns(table).turn() as tell:
            refused = _refused(table, requests)
            tell(len(refused) / len(requests))
        if not refused:
            return size
        requests = refused
    raise Throttled(f"DynamoDB BatchWriteItem: {len(requests)} items unprocessed after {ROUNDS} rounds")


def _wait(attempt: int) -> None:
    """Wait before another attempt, the longer the more there were."""
    if attempt:
        longest = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2**attempt)
        time.sleep(random.uniform(0, longest))  # noqa: S311 - full jitter, no secret


def _refused(table: str, requests: list[bytes]) -> list[bytes]:
    """Send one batch; return what DynamoDB did not take: all of it where it had no room for a single one."""
    try:
        return [msgspec.json.encode(request) for request in _send(table, requests)]
    except Throttled:
        return requests


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


def _put_patiently(table: str, body: bytes) -> Mapping[str, Any] | None:
    for attempt in range(ROUNDS):
        _wait(attempt)
        with _turns(table).turn() as tell:
            try:
                return _put(table, body)
            except Throttled:
                tell(1.0)
    raise Throttled(f"DynamoDB PutItem into {table}: throttled in {ROUNDS} rounds")


def _put(table: str, body: bytes) -> Mapping[str, Any] | None:
    """Put one item; return the one that is there where the condition fails."""
    from botocore.exceptions import ClientError

    _body.value = body
    with calling(f"DynamoDB PutItem into {table}"):
        try:
            dynamodb().put_item(TableName=table, Item={})
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            response: dict[str, Any] = dict(error.response)
            return response.get("Item", {})  # type: ignore[no-any-return]
        finally:
            del _body.value
    return None


def _replace_body(params: dict[str, Any], **_: Any) -> None:
    """Put the bytes of this thread's batch in the place of what botocore serialised; it signs them later."""
    if body := getattr(_body, "value", None):
        params["body"] = body
