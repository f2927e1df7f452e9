"""WriteToDdb in a child of five minutes: who sees the end near hands over, and the next one goes on."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from pipeline import outcomes, ready_calls, tables, writing
from pipeline.connections import Answer
from pipeline.errors import ServiceUnavailable, Throttled
from pipeline.moments import moment
from pipeline.settings import settings
from tests.functions.cloud import EXECUTION, OUTPUT, RAW, STARTED_AT, invoke, work_on_shard
from tests.functions.objects_sent import json_lines, order
from tests.functions.streams import unpacked

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.functions.cloud import Cloud

KEYS, AGAIN = 610, 40
BATCHES = -(-KEYS // tables.BATCH_ITEMS)


class Table:
    """What is put into the table: which keys, in how many calls; `answer` may say something else."""

    def __init__(self) -> None:
        self.calls = 0
        self.keys: Counter[str] = Counter()
        self.answer: Callable[[dict[str, Any]], Any] = lambda request: None

    def over_after(self, calls: int) -> Callable[[], float]:
        """Return how many seconds an invocation has left that ends after so many calls from now."""
        last = self.calls + calls
        return lambda: 900.0 if self.calls < last else writing.RESERVE_SECONDS - 1


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Table:
    made, real = Table(), ready_calls._sent

    def sent(line: Any, operation: str, body: bytes) -> Any:
        if operation != "BatchWriteItem":
            return real(line, operation, body)
        made.calls += 1
        request = msgspec.json.decode(body)
        said = made.answer(request)
        if said is not None:
            return Answer(200, msgspec.json.encode(said))
        ((_, puts),) = request["RequestItems"].items()
        made.keys.update(put["PutRequest"]["Item"]["order_id"]["S"] for put in puts)
        return real(line, operation, body)

    monkeypatch.setattr(ready_calls, "_sent", sent)
    monkeypatch.setattr("pipeline.flights.time.sleep", lambda _: None)
    return made


@pytest.fixture
def request_(cloud: Cloud) -> dict[str, Any]:
    """Return what the writer of a partition is asked for: orders of which some come again, in two shards."""
    again = [order(number, amount=20) for number in range(0, 10 * AGAIN, 10)]
    cloud.put("orders/x.jsonl", json_lines(*(order(number) for number in range(KEYS)), *again))
    who = {"execution": {"id": EXECUTION, "started_at": STARTED_AT}}
    file = invoke("collect_data", {"s3Bucket": RAW, "s3Key": "orders/x.jsonl", **who})["file"]
    plan = {"shards": 2, "shard_bytes": -(-file["size"] // 2), "partitions": 1, "keep": True}
    shards = [work_on_shard(file, plan, index) for index in range(2)]
    now = moment(datetime.now(UTC))
    return {"file": file, "partition": 0, "shards": shards, "keep": True, "done": 0, "started_at": now}


def write(request: dict[str, Any], seconds_left: Callable[[], float] = lambda: 900.0, done: int = 0) -> Any:
    asked: Any = {**request, "done": done}
    return writing.write_to_ddb(asked, settings(), seconds_left)


def logged(cloud: Cloud) -> list[str]:
    """Return the keys in the objects of processed records."""
    found = [key for key in cloud.keys(OUTPUT) if key.startswith("processed/")]
    return [
        msgspec.json.decode(line)["order_id"] for key in found for line in unpacked(cloud, key).splitlines()
    ]


WHOLE = {"partition": 0, "written": KEYS, "superseded": AGAIN}


def test_a_writer_whose_end_is_near_says_how_many_it_has_put_and_how_many_are_left(
    cloud: Cloud, table: Table, request_: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[Any] = []
    monkeypatch.setattr(outcomes, "keep_partition", lambda *given: kept.append(given))

    said = write(request_, table.over_after(3))

    assert 3 * tables.BATCH_ITEMS <= said["written"] == len(cloud.items("orders")) < KEYS
    assert said == {**WHOLE, "written": said["written"], "left": KEYS - said["written"]}
    assert logged(cloud) == kept == []


@pytest.mark.parametrize("calls", [1, 7, BATCHES - 1])
def test_writers_that_hand_over_leave_what_one_leaves_and_put_nothing_twice(
    cloud: Cloud, table: Table, request_: dict[str, Any], calls: int
) -> None:
    said, rounds = write(request_, table.over_after(calls)), 1
    while "left" in said:
        said, rounds = write(request_, table.over_after(calls), said["written"]), rounds + 1

    assert rounds > 1 or calls > BATCHES - tables.WRITES
    assert said == WHOLE
    assert (len(table.keys), set(table.keys.values())) == (KEYS, {1})
    assert table.calls == BATCHES
    assert sorted(logged(cloud)) == sorted(table.keys)
    amounts = {item["order_id"]["S"]: item["amount"]["N"] for item in cloud.items("orders")}
    assert sum(amount == "20" for amount in amounts.values()) == AGAIN


def test_a_writer_that_begins_at_the_end_puts_nothing_and_forgets_nothing(
    cloud: Cloud, table: Table, request_: dict[str, Any]
) -> None:
    said = write({**request_, "started_at": moment(datetime.fromtimestamp(time.time() - 250, UTC))}, done=100)

    assert said == {**WHOLE, "written": 100, "left": KEYS - 100}
    assert table.calls == 0


def test_a_writer_that_nobody_waits_for_in_an_express_execution_goes_on_to_the_end(
    cloud: Cloud, table: Table, request_: dict[str, Any]
) -> None:
    del request_["started_at"]

    assert write(request_, lambda: 0.0) == WHOLE


def test_a_writer_whose_execution_began_by_another_clock_has_its_own_invocation(
    cloud: Cloud, table: Table, request_: dict[str, Any]
) -> None:
    request_["started_at"] = "2023-11-14T22:13:20.000Z"

    said = write(request_, table.over_after(3))

    assert 3 * tables.BATCH_ITEMS <= said["written"] == KEYS - said["left"]


REFUSED = {"UnprocessedItems": {"statewright-orders": [{"PutRequest": {}}] * tables.BATCH_ITEMS}}


@pytest.mark.parametrize("calls", [3, 9])
def test_what_the_table_refuses_when_the_time_is_over_is_left_to_the_next_one(
    cloud: Cloud, table: Table, request_: dict[str, Any], calls: int
) -> None:
    seconds_left = table.over_after(calls)
    table.answer = lambda request: REFUSED if seconds_left() < 100 and table.calls % 2 else None

    said = write(request_, seconds_left)
    under_way = len(cloud.items("orders")) - said["written"]
    table.answer = lambda request: None

    assert 0 <= under_way <= tables.WRITES * tables.BATCH_ITEMS
    assert table.calls <= calls + tables.WRITES
    assert write(request_, done=said["written"]) == WHOLE
    assert len(table.keys) == len(logged(cloud)) == len(cloud.items("orders")) == KEYS
    assert sum(table.keys.values()) - KEYS == under_way  # these alone were put again


def test_what_is_put_before_the_table_refuses_for_too_long_is_handed_over(
    cloud: Cloud, table: Table, request_: dict[str, Any]
) -> None:
    begun = 3
    table.answer = lambda request: REFUSED if table.calls > begun else None

    said = write(request_)

    assert said == {**WHOLE, "written": begun * tables.BATCH_ITEMS, "left": KEYS - begun * tables.BATCH_ITEMS}
    with pytest.raises(Throttled):
        write(request_, done=said["written"])
    at_once = 2 * tables.WRITES
    assert table.calls <= begun + 2 * at_once * tables.ROUNDS


def test_without_an_end_to_go_by_a_table_that_refuses_is_an_error(
    cloud: Cloud, table: Table, request_: dict[str, Any]
) -> None:
    del request_["started_at"]
    table.answer = lambda request: REFUSED

    with pytest.raises(Throttled):
        write(request_)


def test_a_writer_that_is_killed_is_followed_by_one_that_goes_on_where_it_began(
    cloud: Cloud, table: Table, request_: dict[str, Any]
) -> None:
    done = write(request_, table.over_after(5))["written"]

    def killed(request: dict[str, Any]) -> Any:
        raise ServiceUnavailable("killed")

    table.answer = killed
    with pytest.raises(ServiceUnavailable):
        write(request_, done=done)
    table.answer = lambda request: None

    assert logged(cloud) == []
    assert write(request_, done=done) == WHOLE
    assert (set(table.keys.values()), len(logged(cloud))) == ({1}, KEYS)


def test_a_partition_without_items_is_finished_however_late_it_is(
    cloud: Cloud, table: Table, request_: dict[str, Any]
) -> None:
    empty = {**request_, "shards": request_["shards"][:1], "partition": 7}

    assert write(empty, lambda: 0.0) == {"partition": 7, "written": 0, "superseded": 0}
