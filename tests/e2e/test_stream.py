"""Orders come one by one through a queue: each is in its table once, told once, or back with its reason."""

from __future__ import annotations

import functools
import json
from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from bench.stream_cloud import receives
from statewright.local.control import stop_cloud
from statewright.local.places import Places
from statewright.local.sample_events import Mix, event
from tests.e2e.clouds import Cloud, command, start_cloud, wait_for

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

COUNT = 300  # with fewer large ones than are told singly in a minute: a digest takes two
RECEIVES = 3  # of a message, as pipeline.json has it
VISIBILITY_SECONDS = 5  # three receives are to take seconds; a batch that takes longer comes again


@pytest.fixture(scope="module")
def streaming(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A local cloud whose messages come back soon, and whose notifications are kept."""
    state = tmp_path_factory.mktemp("stream")
    try:
        cloud = start_cloud(state)
        sqs, sns = cloud.client("sqs"), cloud.client("sns")
        sqs.set_queue_attributes(
            QueueUrl=cloud.env["TRANSACTIONS_URL"], Attributes={"VisibilityTimeout": str(VISIBILITY_SECONDS)}
        )
        told = sqs.create_queue(QueueName="told-to-people")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=told, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sns.subscribe(TopicArn=cloud.env["NOTIFICATIONS_TOPIC_ARN"], Protocol="sqs", Endpoint=arn)
        yield cloud
    finally:
        stop_cloud(Places(state))


def send(cloud: Cloud, *arguments: str) -> subprocess.CompletedProcess[str]:
    return command("send-events", "--queue-url", cloud.env["TRANSACTIONS_URL"], *arguments)


def messages_in(cloud: Cloud, url: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    said = cloud.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(said[name]) for name in names)


def rows(cloud: Cloud, table: str) -> list[dict[str, Any]]:
    pages = cloud.client("dynamodb").get_paginator("scan").paginate(TableName=cloud.env[table])
    return [row for page in pages for row in page["Items"]]


def told(cloud: Cloud) -> list[dict[str, Any]]:
    """Take what people were told."""
    sqs = cloud.client("sqs")
    url = sqs.get_queue_url(QueueName="told-to-people")["QueueUrl"]
    found = []
    while taken := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in taken:
            found.append(json.loads(json.loads(message["Body"])["Message"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


def sums(cloud: Cloud) -> Counter[str]:
    """Return the sums over all groups of messages."""
    found: Counter[str] = Counter()
    for row in rows(cloud, "FILES_TABLE"):
        if row.get("source", {}).get("S") == "messages":
            found.update({name: int(value["N"]) for name, value in row["counts"]["M"].items()})
    return found


def test_a_mixed_lot_of_events_is_accounted_for_to_the_last_one(streaming: Cloud) -> None:
    cloud = streaming
    share = ("--broken", "0.03", "--large", "0.05", "--duplicate", "0.1", "--seed", "5")
    sent = send(cloud, "--count", str(COUNT), *share)
    assert sent.returncode == 0, sent.stderr
    events = [event(number, Mix(5, 0.05, 0.03, 0.1)) for number in range(COUNT)]
    good = {each.order_id for each in events if each.kind in ("good", "large")}
    large = {each.order_id for each in events if each.kind == "large"}
    broken = [each for each in events if each.kind == "broken"]
    again = sum(each.kind == "duplicate" for each in events)
    repeated = [each for each in events if each.kind == "duplicate" and each.order_id not in good]

    rejected = len(broken) + len(repeated)
    wait_for(lambda: messages_in(cloud, cloud.env["REJECTED_TRANSACTIONS_URL"]) == rejected or None, 90)

    items = rows(cloud, "ORDERS_TABLE")
    assert {item["order_id"]["S"] for item in items} == good
    found = sums(cloud)
    assert found["read"] == found["written"] + found["superseded"] + found["quarantined"]
    assert (found["written"], found["quarantined"]) == (len(good), rejected)
    # What comes back in the same company is the same group again, and has no second row: how often it came is
    # counted where it ends.
    assert found["read"] >= COUNT
    dead = receives(cloud.client("sqs"), cloud.env["REJECTED_TRANSACTIONS_URL"])
    assert Counter(dead.values()) == {RECEIVES: rejected}
    assert found["superseded"] >= again - len(repeated)
    wait_for(lambda: messages_in(cloud, cloud.env["TRANSACTIONS_URL"]) == 0 or None, 30)
    assert_each_large_order_was_told_once(cloud, large)


def assert_each_large_order_was_told_once(cloud: Cloud, large: set[str]) -> None:
    alerts = [row for row in rows(cloud, "TOLD_TABLE") if row["id"]["S"].startswith("alert:")]
    assert all("told_at" in alert for alert in alerts)
    single = [each for each in told(cloud) if each["event"] == "alert" and each["rule"] == "large_order"]
    assert sorted(json.loads(each["key"])[0] for each in single) == sorted(large)


def test_processed_records_become_parquet_each_once(streaming: Cloud, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is an optional extra")
    cloud = streaming
    ran = cloud.run("export", "orders", "--to", tmp_path, "--json")
    assert ran.returncode == 0, ran.stderr
    files = json.loads(ran.stdout)
    found = [row for file in files for row in parquet.ParquetFile(file["place"]).read().to_pylist()]
    items = {row["order_id"]["S"]: row for row in rows(cloud, "ORDERS_TABLE")}
    assert sorted(row["order_id"] for row in found) == sorted(items)
    for row in found:
        assert row["amount"] == Decimal(items[row["order_id"]]["amount"]["N"])
        assert row["_more"] is None


def test_a_rejected_message_comes_back_with_its_reason_and_can_be_sent_again(streaming: Cloud) -> None:
    cloud = streaming
    cloud.client("sqs").purge_queue(QueueUrl=cloud.env["REJECTED_TRANSACTIONS_URL"])
    order = {
        "order_id": "widened",
        "customer_id": "c",
        "order_date": "2026-01-01",
        "quantity": 1,
        "amount": 2,
    }
    cloud.client("sqs").send_message(QueueUrl=cloud.env["TRANSACTIONS_URL"], MessageBody=json.dumps(order))
    wait_for(lambda: messages_in(cloud, cloud.env["REJECTED_TRANSACTIONS_URL"]) == 1 or None, 60)

    listed = json.loads(cloud.run("redrive", "--list", "--json").stdout)
    (waiting,) = [each for each in listed if each["kind"] == "rejected"]
    assert (waiting["error"], waiting["action"]) == ("required", "send")
    assert "currency" in waiting["cause"]
    assert json.loads(waiting["messages"][0]["body"]) == order

    done = cloud.run("redrive", waiting["id"])
    assert done.returncode == 0, done.stderr
    assert "sent to its queue again" in done.stdout
    assert messages_in(cloud, cloud.env["REJECTED_TRANSACTIONS_URL"]) == 0
    # The contract asks for the same as before: it is rejected again, and in nobody's company until then.
    wait_for(lambda: messages_in(cloud, cloud.env["REJECTED_TRANSACTIONS_URL"]) == 1 or None, 60)


def test_what_a_group_put_aside_is_corrected_and_replayed(streaming: Cloud, tmp_path: Path) -> None:
    cloud = streaming
    broken = {"order_id": "replayed", "customer_id": "c", "order_date": "2026-01-01", "quantity": -1}
    broken |= {"amount": 2, "currency": "EUR"}
    body = json.dumps(broken, indent=1)
    cloud.client("sqs").send_message(QueueUrl=cloud.env["TRANSACTIONS_URL"], MessageBody=body)
    file_id = wait_for(functools.partial(file_in_quarantine, cloud, body), 30)

    again = json.loads(command("quarantine", "replay", file_id, "--state", cloud.state, "--json").stdout)
    assert again[0]["counts"]["quarantined"] == 1
    corrected = tmp_path / "corrected.jsonl"
    corrected.write_text(json.dumps({**broken, "quantity": 1}) + "\n")
    done = command("quarantine", "replay", file_id, "--state", cloud.state, "--corrected", corrected)
    assert done.returncode == 0, done.stderr
    assert stored(cloud, "replayed")["quantity"] == {"N": "1"}


def file_in_quarantine(cloud: Cloud, raw: str) -> str | None:
    """Return the id of the group that put a message aside."""
    files = json.loads(command("quarantine", "list", "--state", cloud.state, "--json").stdout)["files"]
    for file in files:
        shown = command("quarantine", "show", file["file_id"], "--state", cloud.state, "--json").stdout
        if any(json.loads(line)["raw"] == raw for line in shown.splitlines()):
            return str(file["file_id"])
    return None


def test_events_of_any_size_are_read_back_whole(streaming: Cloud) -> None:
    cloud = streaming
    for seed, size in ((11, "200"), (12, "600")):
        ran = send(
            cloud,
            *("--count", "4", "--broken", "0", "--duplicate", "0", "--target-kb", size, "--seed", str(seed)),
        )
        assert ran.returncode == 0, ran.stderr
        for number in range(4):
            sent = json.loads(event(number, Mix(seed, 0.01, 0, 0, int(size) * 1024)).body)
            read = wait_for(functools.partial(whole, cloud, sent["order_id"]), 30)
            assert {name: read[name] for name in sent if name != "order_date"} == {
                name: value for name, value in sent.items() if name != "order_date"
            }
            assert ("_body" in stored(cloud, sent["order_id"])) == (size == "600")


def whole(cloud: Cloud, key: str) -> dict[str, Any] | None:
    ran = cloud.run("get", "orders", key)
    return json.loads(ran.stdout) if ran.returncode == 0 else None


def stored(cloud: Cloud, key: str) -> dict[str, Any]:
    answer = cloud.client("dynamodb").get_item(
        TableName=cloud.env["ORDERS_TABLE"], Key={"order_id": {"S": key}}
    )
    item: dict[str, Any] = answer["Item"]
    return item


def test_a_notification_of_s3_in_the_queue_starts_ingest(streaming: Cloud) -> None:
    cloud = streaming
    body = b"name,email,amount,date\nAda,ada@example.com,1,2025-01-01\n"
    cloud.client("s3").put_object(Bucket=cloud.env["OUTPUT_BUCKET"], Key="raw/by hand+é.csv", Body=body)
    notice = {
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": cloud.env["OUTPUT_BUCKET"]}, "object": {"key": "raw/by+hand%2B%C3%A9.csv"}},
    }
    for said in (
        {"Service": "Amazon S3", "Event": "s3:TestEvent"},
        {"Records": [notice]},
        {"Records": [notice]},
    ):
        cloud.client("sqs").send_message(QueueUrl=cloud.env["TRANSACTIONS_URL"], MessageBody=json.dumps(said))

    row = wait_for(lambda: next(iter(cloud.ledger("raw/by hand+é.csv")), None), 30)
    assert row["execution"].rpartition(":")[2].startswith("s3-")
    wait_for(lambda: messages_in(cloud, cloud.env["TRANSACTIONS_URL"]) == 0 or None, 30)


def test_status_tells_of_messages(streaming: Cloud) -> None:
    found = json.loads(streaming.run("status", "--json").stdout)
    assert found["queues"].keys() >= {"transactions", "rejected_transactions", "dead_letters"}
    assert "stream" not in found["executions"]
    assert found["day"]["holds"]
