"""The gateway to the datasets' tables: batches of serialised items, retried until DynamoDB has taken all.

A table that throttles is written to more slowly: pipeline.pacing says how.
"""

from __future__ import annotations

import functools
import random
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import msgspec

from pipeline.aws import calling, code_of
from pipeline.errors import Throttled
from pipeline.flights import Flights, Send
from pipeline.pacing import Pace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from pipeline.flights import Task

A = TypeVar("A")

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
BATCH_ITEMS = 25
# So many requests are under way at once: each waits for the network most of its time.
WRITES = 8
# What the table did not take is sent again after up to 0.05, 0.1, 0.2 … 5 s: half a minute in all, then the
# workflow waits longer.
ROUNDS = 12
FIRST_WAIT_SECONDS = 0.05
LONGEST_WAIT_SECONDS = 5.0

PUT, PUT_END = b'{"PutRequest":{"Item":', b"}}"
NEXT_PUT = b"%b,%b" % (PUT_END, PUT)


class Batch(NamedTuple):
    """So many items as the requests that put them: JSON, joined by commas. No two may have one key."""

    items: int
    requests: bytes


def write_items(table: str, batches: Iterable[Batch], is_over: Callable[[], bool] | None = None) -> int:
    """Put items; return how many. No two of all the batches may have one key.

    With `is_over` it may be fewer, when the time is over or the table refuses for too long: all of the first
    batches are put up to so many items, and of those behind them some.
    Raises Throttled (with `is_over` where no item is put), ServiceUnavailable, ServiceRefused: then some
    items may have been written.
    """
    is_refused = False

    def put(batch: Batch) -> Task[int]:
        nonlocal is_refused
        items = yield from _write(table, batch, is_over)
        is_refused = is_refused or not items
        return items

    # All that are under way are waited for: of another one nobody would know whether it is put.
    results = [*_results(table, map(put, takewhile(lambda _: not is_refused, batches)))]
    written = sum(takewhile(bool, results))
    if is_refused and (is_over is None or not (written or is_over())):
        raise Throttled(f"DynamoDB BatchWriteItem into {table}: items unprocessed after {ROUNDS} rounds")
    return written


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

    def put(each: Put) -> Task[bool]:
        there = yield from _put(table, _put_body(table, condition, each, tells=ours is not None))
        if there is None or ours is None:
            return there is None
        found = ours(each, there)
        if isinstance(found, bool):
            return found
        return (yield from _put(table, _put_body(table, found, each, tells=False))) is None

    return _results(table, map(put, puts))


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


def batches(items: Iterable[bytes], first: int = BATCH_ITEMS) -> Iterator[Batch]:
    """Yield as many items at a time as one BatchWriteItem takes, each given as DynamoDB's JSON.

    The first batch has `first` of them: as many as there is room for in one that was begun.
    """
    each, most = iter(items), first
    while some := list(islice(each, most)):
        yield Batch(len(some), PUT + NEXT_PUT.join(some) + PUT_END)
        most = BATCH_ITEMS


def joined(first: Batch, second: Batch) -> Batch:
    """Return two batches as one."""
    return Batch(first.items + second.items, b"%b,%b" % (first.requests, second.requests))


def body_of(table: str, requests: bytes) -> bytes:
    """Return the body of a BatchWriteItem."""
    return b'{"RequestItems":{%b:[%b]}}' % (msgspec.json.encode(table), requests)


@functools.cache
def _pace(table: str) -> Pace:  # noqa: ARG001 - one for each
    """Return the pace of writes to a table; it outlives an invocation: the next one meets the same table."""
    return Pace(WRITES)


def _results(table: str, tasks: Iterable[Task[A]]) -> Iterator[A]:
    return Flights[A](_pace(table), 2 * WRITES).results(tasks)


def _write(table: str, batch: Batch, is_over: Callable[[], bool] | None) -> Task[int]:
    """Put all items of a batch; return how many, or 0 where some are left in the end."""
    left = batch
    for attempt in range(ROUNDS):
        if attempt and is_over and is_over():
            break
        send = Send("BatchWriteItem", body_of(table, left.requests), left.items, _wait(attempt))
        try:
            with calling(f"DynamoDB BatchWriteItem into {table}"):
                answer = yield send
        except Throttled:
            continue
        unprocessed = answer.get("UnprocessedItems", {}).get(table, [])
        if not unprocessed:
            return batch.items
        left = Batch(len(unprocessed), msgspec.json.encode(unprocessed)[1:-1])
    return 0


def _put(table: str, body: bytes) -> Task[Mapping[str, Any] | None]:
    """Put one item; return the one that is there where the condition fails."""
    from botocore.exceptions import ClientError

    for attempt in range(ROUNDS):
        try:
            with calling(f"DynamoDB PutItem into {table}"):
                try:
                    yield Send("PutItem", body, wait=_wait(attempt))
                except ClientError as error:
                    if code_of(error) != "ConditionalCheckFailedException":
                        raise
                    response: dict[str, Any] = dict(error.response)
                    return response.get("Item", {})  # type: ignore[no-any-return]
                return None
        except Throttled:
            continue
    raise Throttled(f"DynamoDB PutItem into {table}: throttled in {ROUNDS} rounds")


def _wait(attempt: int) -> float:
    """Return how long to wait before an attempt, the longer the more there were."""
    if not attempt:
        return 0.0
    longest = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2**attempt)
    return random.uniform(0, longest)  # noqa: S311 - full jitter, no secret
