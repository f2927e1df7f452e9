"""Events one by one through a local cloud: what is lost (nothing), how fast they go, how soon they are rows.

    python -m bench stream           the figures of docs/performance.md, a quarter of an hour
    python -m bench stream --short   the same in small

Each part counts from outside what became of what was sent (`stream_cloud`), and ends the benchmark with an
error where a sum does not hold. Events are those of `statewright send-events`; figures are of one run on a
local cloud whose data services are one process in Python: they say what this pipeline and its local cloud do
on one machine, nothing about AWS.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from click.testing import CliRunner
from rich.console import Console
from rich.table import Table

from bench.stream_cloud import Cloud, receives, started, wait_until
from statewright.local.get_command import get
from statewright.local.sample_events import Mix, event

if TYPE_CHECKING:
    from collections.abc import Iterable

    from statewright.local.sample_events import Event

DRAIN_SECONDS = 900.0
RECEIVES = 3  # of the queue, as pipeline.json has it
LATENCY_RATE = 50
LOOK_SECONDS = 0.05
MIXED_SECONDS = 300  # for which messages are hidden that are to come again when all are worked on
SOON_SECONDS = 5  # for which messages are hidden that are to come again soon
THROTTLED_SECONDS = 60  # for which a burst's messages are hidden: above what a batch takes


@dataclass(frozen=True)
class Sizes:
    """How much of each is sent."""

    mixed: int
    steady_seconds: int
    of_200_kb: int
    of_600_kb: int
    burst: int
    writes_per_second: float


FULL = Sizes(20_000, 60, 500, 20, 5_000, 60.0)
SHORT = Sizes(600, 6, 10, 3, 400, 30.0)


class Line(NamedTuple):
    """A line of the report."""

    what: str
    figure: str


class Expected(NamedTuple):
    """What has to become of events."""

    keys: set[str]
    large: set[str]
    rejected: int
    repeated: int

    @classmethod
    def of(cls, events: Iterable[Event]) -> Expected:
        """Count events; a duplicate of a broken one is broken as well."""
        found = list(events)
        keys = {each.order_id for each in found if each.kind in ("good", "large")}
        again = [each for each in found if each.kind == "duplicate"]
        broken = sum(each.kind == "broken" for each in found)
        repeated = sum(each.order_id in keys for each in again)
        large = {each.order_id for each in found if each.kind == "large"}
        return cls(keys, large, broken + len(again) - repeated, repeated)


def holds(what: str, left: object, right: object) -> None:
    """End the benchmark where two counts differ."""
    if left != right:
        sys.exit(f"{what}: {left}, not {right}")


def mixed(cloud: Cloud, count: int) -> list[Line]:
    """Events of 1 KB, some broken, some large, some twice: all sums, each counted on its own."""
    mix = Mix(seed=20, large=0.01, broken=0.02, duplicate=0.05, target_bytes=1024)
    expected = Expected.of(event(number, mix) for number in range(count))
    begun, used = time.monotonic(), cloud.processor_seconds()
    sending = cloud.send(count, mix)
    wait_until(lambda: cloud.waiting()["visible"] == 0, DRAIN_SECONDS, "the queue is empty")
    cloud.hide_for(SOON_SECONDS)
    wait_until(lambda: _items(cloud) >= len(expected.keys), DRAIN_SECONDS, "all rows are there")
    seconds = time.monotonic() - begun
    work = {name: now - used.get(name, 0) for name, now in cloud.processor_seconds().items()}
    wait_until(
        lambda: cloud.waiting("REJECTED_TRANSACTIONS_URL").total() >= expected.rejected,
        DRAIN_SECONDS,
        "the broken ones are dead letters",
    )
    wait_until(lambda: not cloud.waiting().total(), DRAIN_SECONDS, "digests are told")
    _hold_sums(cloud, expected, count)
    told = _hold_alerts(cloud, expected)
    return [
        Line("events of 1 KB", f"{count:,}: {len(expected.keys):,} rows, {expected.rejected:,} dead letters"),
        Line("… sent", f"{count / sending:,.0f}/s"),
        Line("… from the first sending to the last row", f"{count / seconds:,.0f}/s"),
        Line(
            "… processor time an event",
            ", ".join(f"{name} {spent / count * 1000:.1f} ms" for name, spent in work.items()),
        ),
        Line("… people were told", told),
    ]


def _items(cloud: Cloud) -> int:
    pages = cloud.clients("dynamodb").get_paginator("scan")
    return sum(page["Count"] for page in pages.paginate(TableName=cloud.env["ORDERS_TABLE"], Select="COUNT"))


def _hold_sums(cloud: Cloud, expected: Expected, count: int) -> None:
    keys = [row["order_id"]["S"] for row in cloud.rows("ORDERS_TABLE")]
    holds("rows", len(keys), len(expected.keys))
    holds("keys that are no row", expected.keys - set(keys), set())
    found = cloud.ledger()
    holds("groups that failed", found["failed"], 0)
    holds("ledger: written", found["written"], len(keys))
    holds("ledger: quarantined", found["quarantined"], expected.rejected)
    # Messages that come together once more are the same group, of which the ledger has one row.
    holds("ledger: read", found["read"], found["written"] + found["superseded"] + found["quarantined"])
    missing = max(0, count - found["read"]), max(0, expected.repeated - found["superseded"])
    holds("ledger: events, and duplicates, that are missing", missing, (0, 0))
    aside = [each["message_id"] for each in cloud.quarantined()]
    holds("records in quarantine", len(aside), expected.rejected)
    holds("messages in quarantine", len(set(aside)), expected.rejected)
    dead = receives(cloud.clients("sqs"), cloud.env["REJECTED_TRANSACTIONS_URL"])
    holds("dead letters", len(dead), expected.rejected)
    holds("how often they were received", {*dead.values()}, {RECEIVES})
    processed = Counter(json.loads(line)["order_id"] for line in cloud.processed())
    holds("processed records", processed, Counter(keys))


def _hold_alerts(cloud: Cloud, expected: Expected) -> str:
    messages = cloud.told()
    singles = Counter(
        (each["rule"], each["key"] if each["rule"] != "large_order" else json.loads(each["key"])[0])
        for each in messages
        if each["event"] == "alert"
    )
    digests: Counter[str] = Counter()
    for each in messages:
        if each["event"] == "digest":
            digests[each["rule"]] += each["alerts"]
    holds("alerts that were told twice", [each for each, times in singles.items() if times > 1], [])
    large = {key for rule, key in singles if rule == "large_order"}
    holds("told of as large and are not", large - expected.large, set())
    holds("large orders told of", len(large) + digests["large_order"], len(expected.large))
    refused = sum(rule != "large_order" for rule, _ in singles)
    refused += digests["missing_data"] + digests["invalid_data"]
    holds("broken ones told of", refused, expected.rejected)
    return f"{singles.total()} one by one, {digests.total()} in digests"


def steady(cloud: Cloud, seconds: int) -> list[Line]:
    """Time from SQS's time stamp of a message to the first look that finds its row, at a steady rate."""
    mix = Mix(seed=21, large=0.01, broken=0, duplicate=0, target_bytes=1024)
    count = seconds * LATENCY_RATE
    waiting = [event(number, mix).order_id for number in range(count)]
    sender = threading.Thread(target=cloud.send, args=(count, mix, LATENCY_RATE))
    sender.start()
    delays: list[float] = []
    end = time.monotonic() + seconds + DRAIN_SECONDS
    while waiting and time.monotonic() < end:
        found = _sent_times(cloud, waiting[:100])
        now = time.time()
        delays += [now - sent for sent in found.values()]
        waiting = [key for key in waiting if key not in found]
        time.sleep(LOOK_SECONDS)
    sender.join()
    holds("events that are no row", waiting, [])
    delays.sort()
    middle, late = delays[len(delays) // 2], delays[-(-len(delays) * 99 // 100) - 1]
    figure = f"median {middle:.2f} s, p99 {late:.2f} s, longest {delays[-1]:.2f} s"
    return [Line(f"send to row at {LATENCY_RATE} events a second, {count:,} events", figure)]


def _sent_times(cloud: Cloud, keys: list[str]) -> dict[str, float]:
    """Return when the messages of those rows were sent that are there."""
    table = cloud.env["ORDERS_TABLE"]
    answer = cloud.clients("dynamodb").batch_get_item(
        RequestItems={
            table: {
                "Keys": [{"order_id": {"S": key}} for key in keys],
                "ProjectionExpression": "order_id, #sent",
                "ExpressionAttributeNames": {"#sent": "_sent"},
            }
        }
    )
    return {
        row["order_id"]["S"]: int(row["_sent"]["S"].partition("-")[0]) / 1000
        for row in answer["Responses"][table]
    }


def large(cloud: Cloud, count: int, kilobytes: int) -> list[Line]:
    """Large events, each read back by `statewright get` and held against what was sent."""
    mix = Mix(
        seed=kilobytes, large=0.01, broken=0, duplicate=0, target_bytes=kilobytes * 1024, day="2026-01-01"
    )
    before = _items(cloud)
    begun = time.monotonic()
    cloud.send(count, mix)
    wait_until(lambda: _items(cloud) == before + count, DRAIN_SECONDS, f"all events of {kilobytes} KB")
    seconds = time.monotonic() - begun
    for number in range(count):
        sent = json.loads(event(number, mix).body)
        ran = CliRunner().invoke(get, [*cloud.place, "orders", sent["order_id"]])
        holds(f"exit code of get {sent['order_id']}", ran.exit_code, 0)
        read = json.loads(ran.stdout)
        holds(f"{sent['order_id']} as it was read back", {name: read[name] for name in sent}, sent)
    return [
        Line(f"events of {kilobytes} KB, all read back whole", f"{count}: {count / seconds:.1f}/s to rows")
    ]


def burst(sizes: Sizes) -> list[Line]:
    """A burst in one go, with a table that takes few writes a second."""

    def throttle(project: Path) -> None:
        functions = project / "functions"
        (functions / "write_to_ddb.py").rename(functions / "unthrottled_write_to_ddb.py")
        text = (Path(__file__).parent / "throttled_writer.py").read_text()
        each = sizes.writes_per_second / 2  # two workers
        (functions / "write_to_ddb.py").write_text(text.replace("PER_SECOND = 0.0", f"PER_SECOND = {each}"))

    mix = Mix(seed=23, large=0.01, broken=0, duplicate=0.05, target_bytes=1024)
    expected = Expected.of(event(number, mix) for number in range(sizes.burst))
    with started(throttle, hidden_seconds=THROTTLED_SECONDS) as cloud:
        begun = time.monotonic()
        cloud.send(sizes.burst, mix)
        wait_until(lambda: not _left(cloud), DRAIN_SECONDS, "the queue drains")
        seconds = time.monotonic() - begun
        holds("dead letters", cloud.waiting("REJECTED_TRANSACTIONS_URL").total(), 0)
        rows = [row["order_id"]["S"] for row in cloud.rows("ORDERS_TABLE")]
        holds("rows", set(rows), expected.keys)
        found = cloud.ledger()
        holds("ledger: written", found["written"], len(rows))
        processed = Counter(json.loads(line)["order_id"] for line in cloud.processed())
        holds("processed records", processed, Counter(rows))
    what = f"a burst of {sizes.burst:,}, the table takes {sizes.writes_per_second:.0f} writes a second"
    failed = f"{found['failed']} groups went back whole"
    return [Line(what, f"nothing lost, drained in {seconds:.0f} s; {failed}")]


def _left(cloud: Cloud) -> int:
    """Return how many messages wait or are worked on; requests for digests are delayed ones."""
    found = cloud.waiting()
    return found["visible"] + found["hidden"]


def poison(cloud: Cloud) -> list[Line]:
    """A message that breaks its contract: three receives, dead letter, widened contract, sent again."""
    cloud.clients("sqs").purge_queue(QueueUrl=cloud.env["REJECTED_TRANSACTIONS_URL"])
    order = {**json.loads(event(0, Mix(seed=24, broken=0)).body), "quantity": -1}
    body = json.dumps(order)
    cloud.clients("sqs").send_message(QueueUrl=cloud.env["TRANSACTIONS_URL"], MessageBody=body)
    wait_until(lambda: cloud.waiting("REJECTED_TRANSACTIONS_URL").total() == 1, DRAIN_SECONDS, "dead letter")
    (received,) = receives(cloud.clients("sqs"), cloud.env["REJECTED_TRANSACTIONS_URL"]).values()
    holds("receives", received, RECEIVES)
    _widen(cloud)
    cloud.run("redrive", "--all")
    keys = [order["order_id"]]
    seconds = wait_until(
        lambda: bool(_sent_times(cloud, keys)), DRAIN_SECONDS, "the row of what was sent again"
    )
    return [
        Line("a message that breaks its contract", f"dead letter after {received} receives"),
        Line("… sent again by redrive, the contract widened", f"a row after {seconds:.1f} s"),
    ]


def _widen(cloud: Cloud) -> None:
    """Let the contract take negative quantities; a local cloud reads its contracts when it starts."""
    cloud.run("down")
    contract = cloud.project / "schemas/datasets/orders/1.json"
    said: Any = json.loads(contract.read_text())
    del said["properties"]["quantity"]["minimum"]
    contract.write_text(json.dumps(said))
    cloud.up()


def main() -> None:
    """Measure, print the table."""
    sizes = SHORT if "--short" in sys.argv else FULL
    lines: list[Line] = []
    with started() as cloud:
        lines += steady(cloud, sizes.steady_seconds)
        lines += large(cloud, sizes.of_200_kb, 200)
        lines += large(cloud, sizes.of_600_kb, 600)
    with started(hidden_seconds=SOON_SECONDS) as cloud:
        lines += poison(cloud)
    with started(hidden_seconds=MIXED_SECONDS) as cloud:
        lines += mixed(cloud, sizes.mixed)
    lines += burst(sizes)
    table = Table("what", "figure", title="Events one by one")
    for line in lines:
        table.add_row(*line)
    Console(width=120).print(table)
