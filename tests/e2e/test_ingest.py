"""The pipeline on the local cloud: what becomes of objects, and how people hear of it."""

from __future__ import annotations

import gzip
import hashlib
import json
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from tests.e2e.clouds import ROOT, Cloud, many_orders, wait_for
from tests.functions.bad_inputs import KEYS

if TYPE_CHECKING:
    from collections.abc import Iterator

SAMPLES = ROOT / "samples"
CHAIN = ["CollectData", "WhatToDo", "ParseAndValidate", "Enrich", "WhatToWrite", "WriteToDdb", "Notify"]
FAILURE = ["RecordFailure", "SendToDeadLetters", "TellPeople", "Failed"]
EVENT = {
    "userId": "user-fd7721",
    "eventType": "click",
    "timestamp": "2025-08-18T19:00:00Z",
    "metadata": {"note": "test data", "source": "collect_lambda"},
}
BROKEN = b'{"order_id": "1", "customer'


def order(number: int, **changes: Any) -> dict[str, Any]:
    plain = {"order_id": f"o-{number}", "customer_id": "c", "order_date": "2026-01-02", "quantity": 1}
    return {**plain, "amount": 2.5, "currency": "USD", **changes}


def lines(records: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in records)


@pytest.fixture
def mailbox(cloud: Cloud) -> Iterator[Mailbox]:
    """A queue that hears what the topic says."""
    sqs, sns = cloud.client("sqs"), cloud.client("sns")
    url = sqs.create_queue(QueueName=f"mailbox-{time.monotonic_ns()}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = cloud.env["NOTIFICATIONS_TOPIC_ARN"]
    subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True)[
        "SubscriptionArn"
    ]
    yield Mailbox(sqs, url)
    sns.unsubscribe(SubscriptionArn=subscription)
    sqs.delete_queue(QueueUrl=url)


class Mailbox:
    """Reads a queue until a message is of interest."""

    def __init__(self, sqs: Any, url: str) -> None:
        self._sqs = sqs
        self._url = url

    def message_with(self, *texts: str) -> dict[str, Any]:
        """Return the body of the first message that holds all the texts."""
        seen: list[str] = []

        def look() -> dict[str, Any] | None:
            answer = self._sqs.receive_message(
                QueueUrl=self._url, MaxNumberOfMessages=10, VisibilityTimeout=1
            )
            for message in answer.get("Messages", []):
                seen.append(message["Body"])
                if all(text in message["Body"] for text in texts):
                    found: dict[str, Any] = json.loads(message["Body"])
                    return found
            return None

        return wait_for(look, 10)  # type: ignore[no-any-return]


def rows(cloud: Cloud, dataset: str) -> list[dict[str, Any]]:
    table = cloud.env[f"{dataset.upper()}_TABLE"]
    pages = cloud.client("dynamodb").get_paginator("scan").paginate(TableName=table)
    return [row for page in pages for row in page["Items"]]


def object_of(cloud: Cloud, uri: str) -> bytes:
    parts = urlsplit(uri)
    answer = cloud.client("s3").get_object(Bucket=parts.netloc, Key=parts.path.lstrip("/"))
    return bytes(answer["Body"].read())


# --- the trigger ---


def test_an_upload_starts_its_execution_within_two_seconds(cloud: Cloud) -> None:
    waited = []
    for key in ("orders/quick-1.jsonl", "orders/quick-2.jsonl", "orders/quick-3.jsonl"):
        uploaded = time.time()
        cloud.put(key, lines([order(1)]))
        waited.append(cloud.execution_of(key)["startDate"].timestamp() - uploaded)

    assert median(waited) < 2


def test_aws_s3_cp_starts_the_workflow(cloud: Cloud, aws: str) -> None:
    done = cloud.shell('aws s3 cp samples/good/order.json "s3://$RAW_BUCKET/orders/"')

    assert done.returncode == 0, done.stderr
    assert cloud.end_of(cloud.execution_of("orders/order.json")["executionArn"])["status"] == "SUCCEEDED"


@pytest.mark.parametrize(
    "key",
    ["orders/a b+c%20ü.jsonl", "orders/=&?#.jsonl", *(key for _, key in KEYS)],
    ids=lambda key: key[:20],
)
def test_keys_arrive_as_they_are(cloud: Cloud, key: str) -> None:
    execution = cloud.ingest(key, lines([order(2)]))

    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    assert [row["status"] for row in cloud.ledger(key)] == ["SUCCEEDED"]


def test_objects_of_other_buckets_start_nothing(cloud: Cloud) -> None:
    def started() -> int:
        pages = cloud.client("stepfunctions").get_paginator("list_executions")
        found = pages.paginate(stateMachineArn=cloud.env["STATE_MACHINE_ARN"])
        return sum(len(page["executions"]) for page in found)

    cloud.ingest("orders/before.jsonl", lines([order(3)]))
    before = started()
    for bucket in ("STAGING_BUCKET", "OUTPUT_BUCKET"):
        cloud.client("s3").put_object(Bucket=cloud.env[bucket], Key="orders/x.jsonl", Body=b"{}")
    cloud.ingest("orders/after.jsonl", lines([order(3)]))

    assert started() == before + 1


# --- by hand ---

START = (
    'aws stepfunctions start-execution --state-machine-arn "$STATE_MACHINE_ARN"'
    ' --input "{\\"s3Bucket\\":\\"$BUCKET\\",\\"s3Key\\":\\"$KEY\\"}" --query executionArn --output text'
)
DESCRIBE = 'aws stepfunctions describe-execution --execution-arn "$ARN" --query status --output text'


def test_the_aws_cli_starts_describes_scans_and_reads_the_history(cloud: Cloud, aws: str) -> None:
    key = "user_activity/by_hand.json"
    event = {**EVENT, "userId": "user-by-hand"}
    first = cloud.ingest(key, json.dumps(event).encode())
    assert first["status"] == "SUCCEEDED", first.get("cause")

    arn = cloud.shell(START, KEY=key).stdout.strip()
    assert arn.startswith("arn:aws:states:us-east-1:000000000000:execution:statewright-ingest:")
    cloud.end_of(arn)

    assert cloud.shell(DESCRIBE, ARN=arn).stdout.strip() == "SUCCEEDED"
    assert "user-by-hand" in cloud.shell('aws dynamodb scan --table-name "$TABLE_NAME"').stdout
    history = cloud.shell('aws stepfunctions get-execution-history --execution-arn "$ARN"', ARN=arn)
    names = [
        event["stateEnteredEventDetails"]["name"]
        for event in json.loads(history.stdout)["events"]
        if "stateEnteredEventDetails" in event
    ]
    assert names == ["CollectData", "WhatToDo", "AlreadyIngested"]
    history = cloud.shell(
        'aws stepfunctions get-execution-history --execution-arn "$ARN"', ARN=first["executionArn"]
    )
    assert all(f'"name": "{state}"' in history.stdout for state in CHAIN)


def test_boto3_with_nothing_but_the_exports_reaches_the_local_cloud(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    import boto3

    for name, value in cloud.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)

    session = boto3.Session()

    assert cloud.env["RAW_BUCKET"] in [
        each["Name"] for each in session.client("s3").list_buckets()["Buckets"]
    ]
    machines = session.client("stepfunctions").list_state_machines()["stateMachines"]
    assert cloud.env["STATE_MACHINE_ARN"] in [each["stateMachineArn"] for each in machines]
    functions = session.client("lambda").list_functions()["Functions"]
    assert "statewright-collect_data" in [each["FunctionName"] for each in functions]
    queues = session.client("sqs").list_queues()["QueueUrls"]
    assert cloud.env["DEAD_LETTERS_URL"] in queues


def test_the_history_shows_each_state(cloud: Cloud) -> None:
    execution = cloud.ingest("orders/states.jsonl", lines([order(4)]))

    assert cloud.states_of(execution["executionArn"]) == CHAIN


def test_a_user_activity_event_becomes_its_row(cloud: Cloud) -> None:
    key = "user_activity/row.json"
    event = {**EVENT, "userId": "user-of-row"}

    cloud.ingest(key, json.dumps(event).encode())

    [row] = [each for each in rows(cloud, "user_activity") if each["user_id"]["S"] == "user-of-row"]
    assert row["event_type"] == {"S": "click"}
    assert row["event_ts"] == {"S": "2025-08-18T19:00:00Z"}
    assert row["metadata"] == {"M": {"note": {"S": "test data"}, "source": {"S": "collect_lambda"}}}
    assert row["_s3_key"] == {"S": key}


# --- failure ---


def test_a_malformed_object_fails_loudly_everywhere(cloud: Cloud, mailbox: Mailbox) -> None:
    key = "orders/malformed.json"

    execution = cloud.ingest(key, BROKEN)

    assert (execution["status"], execution["error"]) == ("FAILED", "MalformedFile")
    assert cloud.states_of(execution["executionArn"])[-4:] == FAILURE
    [row] = cloud.ledger(key)
    assert (row["status"], row["error"], row["execution"]) == (
        "FAILED",
        "MalformedFile",
        execution["executionArn"],
    )
    letter = Mailbox(cloud.client("sqs"), cloud.env["DEAD_LETTERS_URL"]).message_with(key)
    assert letter["input"] == json.loads(execution["input"])
    assert (letter["error"], letter["execution"]) == ("MalformedFile", execution["executionArn"])
    assert letter["cause"]
    told = mailbox.message_with(key, "MalformedFile")
    assert json.loads(told["Message"])["event"] == "failed"
    assert told["MessageAttributes"]["event"]["Value"] == "failed"


def test_an_object_that_failed_can_be_ingested_again(cloud: Cloud) -> None:
    key = "orders/again.json"
    cloud.ingest(key, BROKEN)

    again = cloud.start({"s3Bucket": cloud.env["RAW_BUCKET"], "s3Key": key})

    assert (again["status"], again["error"]) == ("FAILED", "MalformedFile")


def test_an_object_that_is_not_there_fails(cloud: Cloud) -> None:
    execution = cloud.start({"s3Bucket": cloud.env["RAW_BUCKET"], "s3Key": "orders/nowhere.json"})

    assert (execution["status"], execution["error"]) == ("FAILED", "ObjectNotFound")
    assert cloud.states_of(execution["executionArn"]) == ["CollectData", *FAILURE]


# --- records ---


def test_one_bad_record_in_a_thousand_is_quarantined_alone(cloud: Cloud, mailbox: Mailbox) -> None:
    key = "orders/one_in_a_thousand.jsonl"
    body = (SAMPLES / "bad" / "one_in_a_thousand.jsonl").read_bytes()

    execution = cloud.ingest(key, body)

    output = json.loads(execution["output"])
    counts = {name: output["counts"][name] for name in ("read", "written", "superseded", "quarantined")}
    assert counts == {"read": 1000, "written": 999, "superseded": 0, "quarantined": 1}
    [line] = quarantined(cloud, output["quarantine"])
    assert (line["line"], line["rule"], line["pointer"]) == (417, "minimum", "/quantity")
    assert line["raw"].encode() == body.splitlines()[416]
    assert (line["bucket"], line["key"]) == (cloud.env["RAW_BUCKET"], key)
    told = mailbox.message_with(key, "999")
    assert told["MessageAttributes"]["dataset"]["Value"] == "orders"


def quarantined(cloud: Cloud, places: list[str]) -> list[dict[str, Any]]:
    texts = [gzip.decompress(object_of(cloud, place)) for place in places if place.endswith(".jsonl.gz")]
    return [json.loads(line) for text in texts for line in text.splitlines()]


def test_the_same_key_twice_in_a_file_keeps_the_last(cloud: Cloud) -> None:
    records = [order(90, amount=1), order(91), order(90, amount=3)]

    output = json.loads(cloud.ingest("orders/twice.jsonl", lines(records))["output"])

    assert (output["counts"]["written"], output["counts"]["superseded"]) == (2, 1)
    [row] = [each for each in rows(cloud, "orders") if each["order_id"]["S"] == "o-90"]
    assert row["amount"] == {"N": "3"}


def test_a_large_order_raises_an_alert(cloud: Cloud, mailbox: Mailbox) -> None:
    records = [order(80, amount=1000), order(81, amount=1000.01)]

    output = json.loads(cloud.ingest("orders/large.jsonl", lines(records))["output"])

    assert output["counts"]["alerts"] == 1
    assert "Order o-81" in mailbox.message_with("large_order", "o-81")["Message"]


# --- once ---


def test_the_same_event_twice_is_ingested_once(cloud: Cloud) -> None:
    key = "orders/once.jsonl"
    first = cloud.ingest(key, lines([order(5)]))

    second = cloud.start(json.loads(first["input"]))

    assert cloud.states_of(second["executionArn"])[-1] == "AlreadyIngested"
    assert json.loads(second["output"])["duplicate_of"] == first["executionArn"]
    assert [row["execution"] for row in cloud.ledger(key)] == [first["executionArn"]]


@pytest.mark.parametrize(("body", "status"), [(b"{not json", "FAILED"), (b"", "FAILED")])
def test_an_execution_started_beside_the_uploads_own_ends_as_that_one(
    cloud: Cloud, body: bytes, status: str
) -> None:
    key = f"orders/beside-{len(body)}.json"
    cloud.put(key, body)

    started = cloud.start({"s3Bucket": cloud.env["RAW_BUCKET"], "s3Key": key})

    assert started["status"] == status
    assert cloud.end_of(cloud.execution_of(key)["executionArn"])["status"] == status


def test_an_execution_started_beside_the_uploads_own_ends_when_the_items_are_there(cloud: Cloud) -> None:
    key = "orders/beside.jsonl"
    body = lines([order(number, customer_id="beside") for number in range(3_000)])
    cloud.put(key, body)

    started = cloud.start({"s3Bucket": cloud.env["RAW_BUCKET"], "s3Key": key})

    assert started["status"] == "SUCCEEDED", started.get("cause")
    [row] = cloud.ledger(key)
    assert row["status"] == "SUCCEEDED"
    there = [each for each in rows(cloud, "orders") if each["customer_id"]["S"] == "beside"]
    assert len(there) == 3_000


def test_a_rules_event_that_is_delivered_twice_starts_one_execution(cloud: Cloud) -> None:
    key = "orders/delivered_twice.jsonl"
    first = cloud.ingest(key, lines([order(6)]))
    event = json.loads(first["input"])
    url = cloud.client("sqs").get_queue_url(QueueName="statewright-object_created_events")["QueueUrl"]

    cloud.client("sqs").send_message(QueueUrl=url, MessageBody=json.dumps(event))
    cloud.ingest("orders/after_it.jsonl", lines([order(6)]))

    listed = cloud.client("stepfunctions").list_executions(stateMachineArn=cloud.env["STATE_MACHINE_ARN"])
    assert [each["name"] for each in listed["executions"]].count(event["id"]) == 1


def test_an_event_in_the_input_is_stored_and_ingested_once(cloud: Cloud) -> None:
    event = {**EVENT, "userId": "user-of-input"}

    execution = cloud.start({"event": event})

    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    file = json.loads(execution["output"])["file"]
    digest = hashlib.sha256(execution["executionArn"].encode()).hexdigest()[:32]
    day = datetime.now(UTC)
    assert file["key"] == f"year={day:%Y}/month={day:%m}/day={day:%d}/{digest}.json"
    stored = object_of(cloud, f"s3://{cloud.env['RAW_BUCKET']}/{file['key']}")
    assert json.loads(stored) == event
    second = cloud.end_of(cloud.execution_of(file["key"])["executionArn"])
    assert cloud.states_of(second["executionArn"])[-1] == "AlreadyIngested"
    assert json.loads(second["output"])["duplicate_of"] == execution["executionArn"]
    found = [each for each in rows(cloud, "user_activity") if each["user_id"]["S"] == "user-of-input"]
    assert [each["_s3_key"]["S"] for each in found] == [file["key"]]


def test_an_object_of_no_dataset_is_catalogued(cloud: Cloud) -> None:
    key = "elsewhere/notes.txt"

    execution = cloud.ingest(key, b"hello")

    assert execution["status"] == "SUCCEEDED"
    assert cloud.states_of(execution["executionArn"])[-1] == "Catalogued"
    [row] = cloud.ledger(key)
    assert (row["status"], row["content_preview"], row["file_size"]) == ("CATALOGUED", "hello", "5")


# --- statewright ingest ---


def test_the_ingest_command_tells_what_became_of_a_file(cloud: Cloud) -> None:
    done = cloud.run("ingest", "--dataset", "orders", SAMPLES / "bad" / "broken_lines.jsonl")

    assert done.returncode == 0, done.stderr
    assert "read 7 = written 5 + superseded 0 + quarantined 2" in done.stdout
    assert f"quarantine: s3://{cloud.env['OUTPUT_BUCKET']}/quarantine/orders/" in done.stdout


def test_the_ingest_command_ends_with_1_where_an_execution_failed(cloud: Cloud, tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_bytes(BROKEN)

    done = cloud.run("ingest", "--json", "--dataset", "orders", SAMPLES / "good" / "orders.csv", broken)

    assert done.returncode == 1
    good, bad = json.loads(done.stdout)
    assert (good["status"], good["counts"]["written"]) == ("SUCCEEDED", 100)
    assert (bad["status"], bad["error"]) == ("FAILED", "MalformedFile")


def test_the_ingest_command_takes_any_key(cloud: Cloud) -> None:
    done = cloud.run("ingest", "--key", "elsewhere/of_no_dataset.txt", SAMPLES / "bad" / "of_no_dataset.txt")

    assert done.returncode == 0
    assert "catalogued" in done.stdout


def test_the_ingest_command_can_leave_before_the_end(cloud: Cloud) -> None:
    done = cloud.run("ingest", "--no-wait", "--dataset", "orders", SAMPLES / "good" / "order.json")

    assert done.returncode == 0
    assert done.stdout.startswith("s3://statewright-raw/orders/order.json ")


def test_ctrl_c_ends_the_ingest_command_and_leaves_the_execution_alone(cloud: Cloud, tmp_path: Path) -> None:
    file = tmp_path / "left.jsonl.gz"
    file.write_bytes(many_orders(30_000))
    arguments = ["--state", str(cloud.state), "--dataset", "orders", str(file)]
    with subprocess.Popen(
        [sys.executable, "-m", "statewright.cli", "ingest", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as following:
        execution = cloud.execution_of("orders/left.jsonl.gz", seconds=20)
        following.send_signal(signal.SIGINT)

        assert following.wait(3) == 1
    assert (
        cloud.client("stepfunctions").describe_execution(executionArn=execution["executionArn"])["status"]
        == "RUNNING"
    )
    assert cloud.end_of(execution["executionArn"])["status"] == "SUCCEEDED"


# --- the samples ---


def test_every_small_sample_ends_as_expected(cloud: Cloud) -> None:
    expected = json.loads((SAMPLES / "expected.json").read_text())
    small = [each for each in expected if each["read"] <= 1000]
    for each in small:
        key = f"{Path(each['key']).parent}/sample-{Path(each['key']).name}"
        execution = cloud.ingest(key, (SAMPLES / each["file"]).read_bytes())
        output = json.loads(execution.get("output") or "{}")
        status = "CATALOGUED" if output.get("outcome") == "catalogued" else execution["status"]

        assert (each["file"], status) == (each["file"], each["status"]), execution.get("cause")
        assert execution.get("error") == each.get("error")
        if status == "SUCCEEDED":
            counts = ("read", "written", "superseded", "quarantined", "alerts")
            assert {name: output["counts"][name] for name in counts} == {name: each[name] for name in counts}
