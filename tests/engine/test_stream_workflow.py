"""The workflow `stream` on the engine, with the functions themselves over a mocked AWS."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import random
from typing import TYPE_CHECKING, Any

import pytest

from pipeline import staging
from pipeline.collecting_messages import MAX_GROUP_MESSAGES
from pipeline.errors import MalformedFile, Throttled
from statewright.engine import Engine, LocalFunctions, VirtualClock, VirtualLoop
from statewright.local.names import camel, replace_placeholders
from tests.functions.cloud import ENVIRONMENT, FILES, HANDLERS, RAW, ROOT, TOLD, client, cloud
from tests.functions.objects_sent import order
from tests.functions.streams import collect, message, told_row

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.functions.cloud import Cloud

__all__ = ["cloud"]

ROLE = "arn:aws:iam::000000000000:role/statewright"
INGEST = "arn:aws:states:us-east-1:000000000000:stateMachine:ingest"
BAD = order(2, quantity=-1)
# Of a message that is staged inline, as large as may be: Base64 is a third longer.
MOST_STAGED_BYTES = 43_000


def definition(ingest: str) -> str:
    known = {
        "FilesTable": FILES,
        "ToldTable": TOLD,
        "IngestArn": ingest,
        "NotificationsArn": ENVIRONMENT["NOTIFICATIONS_TOPIC_ARN"],
        **{f"{camel(name)}Arn": camel(name) for name in HANDLERS},
    }
    path = ROOT / "statemachines" / "stream.asl.json"
    return replace_placeholders(path.read_text(encoding="utf-8"), known, path.name)


class Streams:
    """Batches through `stream`; `broken` names what the functions raise, by function and dataset."""

    def __init__(self, ingest: str = INGEST) -> None:
        self.broken: dict[tuple[str, str], Callable[[], Exception]] = {}
        self.calls: list[tuple[str, str]] = []
        self.started: list[str] = []
        self._ingest = ingest

    def _handler(self, name: str) -> Callable[[Any, Any], Any]:
        def handle(event: Any, context: Any) -> Any:
            called = (name, event.get("file", {}).get("dataset", ""))
            self.calls.append(called)
            if called in self.broken:
                raise self.broken[called]()
            return HANDLERS[name](event, context)

        return handle

    def run(self, *batches: list[dict[str, Any]]) -> list[list[str]]:
        """Run batches one after the other on one engine; return the messages that go back, of each."""

        async def inside() -> list[list[str]]:
            functions = {camel(name): self._handler(name) for name in HANDLERS}
            engine = Engine(functions=LocalFunctions(functions), clients=client, clock=VirtualClock())
            try:
                idle = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
                ingest = engine.create_state_machine("ingest", idle, ROLE)
                where = definition(self._ingest)
                stream = engine.create_state_machine("stream", where, ROLE, "EXPRESS")
                answers = []
                for batch in batches:
                    ended = await engine.start_sync_execution(stream.arn, json.dumps(collect(*batch)))
                    assert ended.status == "SUCCEEDED", (ended.error, ended.cause)
                    answers.append(
                        [each["itemIdentifier"] for each in json.loads(ended.output)["batchItemFailures"]]
                    )
                self.started = sorted(
                    each.input for each in engine.list_executions(state_machine_arn=ingest.arn)
                )
                return answers
            finally:
                await engine.close()

        with contextlib.redirect_stdout(io.StringIO()), asyncio.Runner(loop_factory=VirtualLoop) as runner:
            return runner.run(inside())


@pytest.fixture
def streams(cloud: Cloud) -> Streams:
    return Streams()


def orders(cloud: Cloud) -> set[str]:
    return {item["order_id"]["S"] for item in cloud.items("orders")}


def rows(cloud: Cloud) -> list[dict[str, Any]]:
    return list(cloud.files.scan()["Items"])


SALE = {"name": "A", "email": "a@example.com", "amount": 1, "date": "2025-08-18"}


def test_a_batch_of_the_largest_refusals_fits_the_payloads_of_all_states(
    cloud: Cloud, streams: Streams
) -> None:
    """The most messages, the longest ids, long places, as much staged as may be."""
    noise = random.Random(5).randbytes(MOST_STAGED_BYTES).hex()
    good = message(order(1, note=noise), "g" * 100)
    long_names = order(2, **{"\x01" * 3000: {"é" * 3000: 10**60 + 1}})
    refused = [message(long_names, f"{number:0100d}") for number in range(MAX_GROUP_MESSAGES - 1)]
    (group,) = collect(good, *refused)
    assert len(group["content"]["inline"]) > staging.MAX_INLINE_CHARACTERS * 0.9

    (back,) = streams.run([good, *refused])

    assert back == [each["messageId"] for each in refused]
    assert orders(cloud) == {"o-1"}


def test_what_is_refused_goes_back_alone(cloud: Cloud, streams: Streams) -> None:
    batch = [
        message(order(1), "good"),
        message(BAD, "bad"),
        message(order(1), "duplicate", sent=1),
        message(order(3, _line=1), "reserved"),
        message(order(4), "unclaimed", dataset="nothing"),
    ]
    assert sorted(streams.run(batch)[0]) == ["bad", "reserved", "unclaimed"]
    assert orders(cloud) == {"o-1"}
    (row,) = rows(cloud)
    assert {name: row["counts"][name] for name in ("read", "written", "superseded", "quarantined")} == {
        "read": 4,
        "written": 1,
        "superseded": 1,
        "quarantined": 2,
    }


def test_a_batch_of_good_messages_sends_none_back(cloud: Cloud, streams: Streams) -> None:
    batch = [message(order(number), f"m{number}") for number in range(250)]
    assert streams.run(batch) == [[]]
    assert len(orders(cloud)) == 250
    assert len(rows(cloud)) == 3


def test_a_batch_of_nothing_but_what_is_passed_over_ends_well(cloud: Cloud, streams: Streams) -> None:
    assert streams.run([message({"Service": "Amazon S3", "Event": "s3:TestEvent"}, "m1")]) == [[]]
    assert streams.calls == []


@pytest.mark.parametrize("function", ["parse_and_validate", "enrich", "write_to_ddb", "notify"])
def test_a_function_that_fails_sends_its_group_back_with_the_reason_and_no_other(
    cloud: Cloud, streams: Streams, function: str
) -> None:
    streams.broken[function, "orders"] = lambda: MalformedFile("nonsense")
    batch = [
        message(order(1), "m1"),
        message(order(2), "m2"),
        message(SALE, "m3", dataset="sales"),
    ]
    assert streams.run(batch) == [["m1", "m2"]]

    assert len(cloud.items("sales")) == 1
    failed = {row.get("dataset", "-"): row for row in rows(cloud)}["-"]
    assert (failed["status"], failed["error"], failed["source"]) == ("FAILED", "MalformedFile", "messages")
    assert (failed["messages"], failed["processed_day"]) == (2, failed["processed_at"][:10])
    for name in ("m1", "m2"):
        reason = told_row(f"message:{name}")
        assert reason is not None
        assert reason["rule"] == {"S": "MalformedFile"}
        assert "nonsense" in reason["reason"]["S"]
    assert told_row("message:m3") is None


def test_a_group_that_failed_is_worked_on_when_its_messages_come_again(
    cloud: Cloud, streams: Streams
) -> None:
    batch = [message(order(1), "m1"), message(BAD, "m2")]
    streams.broken["notify", "orders"] = lambda: MalformedFile("nonsense")
    assert streams.run(batch) == [["m1", "m2"]]
    streams.broken.clear()
    assert streams.run(batch) == [["m2"]]
    (row,) = rows(cloud)
    assert (row["status"], row["counts"]["written"], row["counts"]["quarantined"]) == ("SUCCEEDED", 1, 1)
    reason = told_row("message:m2")
    assert reason is not None
    assert reason["rule"] == {"S": "minimum"}


def test_what_may_pass_is_tried_again(cloud: Cloud, streams: Streams) -> None:
    failures = iter([Throttled("busy"), Throttled("busy")])

    def once_more() -> Exception:
        failure = next(failures, None)
        if failure is None:
            streams.broken.clear()
            return Throttled("busy")
        return failure

    streams.broken["write_to_ddb", "orders"] = once_more
    assert streams.run([message(order(1), "m1")]) == [[]]
    assert streams.calls.count(("write_to_ddb", "orders")) == 4
    assert orders(cloud) == {"o-1"}


def notice(key: str, name: str, *keys: str) -> dict[str, Any]:
    records = [
        {
            "eventSource": "aws:s3",
            "eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": RAW}, "object": {"key": each, "sequencer": "1"}},
        }
        for each in (key, *keys)
    ]
    return message({"Records": records}, name)


def test_notices_start_ingest_and_an_event_that_comes_twice_starts_it_once(
    cloud: Cloud, streams: Streams
) -> None:
    first = [notice("raw/a.csv", "m1", "raw/b+c.csv"), message(order(1), "m2"), message(BAD, "m3")]
    again = [notice("raw/a.csv", "m4"), notice("raw/a.csv", "m1", "raw/d.csv")]
    assert streams.run(first, again) == [["m3"], []]
    assert [json.loads(each) for each in streams.started] == [
        {"s3Bucket": RAW, "s3Key": key} for key in ("raw/a.csv", "raw/b c.csv", "raw/d.csv")
    ]


def test_a_notice_that_cannot_start_anything_goes_back(cloud: Cloud) -> None:
    streams = Streams(ingest=INGEST.replace("ingest", "gone"))
    assert streams.run([notice("a.csv", "m1", "b.csv"), message(order(1), "m2")]) == [["m1"]]
    assert orders(cloud) == {"o-1"}


def test_a_request_for_a_digest_is_answered_or_goes_back(cloud: Cloud, streams: Streams) -> None:
    minute = "minute:orders:large_order:2026-01-01T12:00"
    request = [message("{}", "m1", statewright_digest=minute)]
    assert streams.run(request) == [[]]
    assert streams.calls == [("tell_digests", "")]
    streams.broken["tell_digests", ""] = lambda: MalformedFile("nonsense")
    assert streams.run(request) == [["m1"]]
    (row,) = rows(cloud)
    assert row["file_id"].startswith("execution:")
    assert told_row("message:m1") is not None


def test_a_failure_that_cannot_be_written_down_sends_the_messages_back_all_the_same(
    cloud: Cloud, streams: Streams
) -> None:
    streams.broken["enrich", "orders"] = lambda: MalformedFile("nonsense")
    client("dynamodb").delete_table(TableName=FILES)
    client("dynamodb").delete_table(TableName=TOLD)
    assert streams.run([message(order(1), "m1")]) == [["m1"]]
