"""The emulated data services as a child process."""

from __future__ import annotations

import contextlib
import functools
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from statewright.local import locks
from statewright.local.clients import Clients
from statewright.local.emulator import Emulator, EmulatorFailed, emulator_lock
from statewright.local.ports import free_ports

if TYPE_CHECKING:
    from pathlib import Path

OWNER = """
import sys, time
from pathlib import Path
from statewright.local.emulator import Emulator
emulator = Emulator(int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[2]) / "log")
emulator.wait_until_ready()
print(emulator.pid, flush=True)
time.sleep(60)
"""


def start(folder: Path) -> tuple[Emulator, Clients]:
    emulator = Emulator(free_ports(1)[0], folder, folder / "log")
    emulator.wait_until_ready()
    return emulator, Clients(emulator.endpoint)


def test_objects_messages_and_parameters_outlive_a_stop(tmp_path: Path) -> None:
    emulator, clients = start(tmp_path)
    clients("s3").create_bucket(Bucket="raw")
    clients("s3").put_object(Bucket="raw", Key="a/ü b+%20.txt", Body=b"content")
    clients("ssm").put_parameter(Name="/key", Value="secret", Type="SecureString")
    clients("sqs").send_message(
        QueueUrl=clients("sqs").create_queue(QueueName="q")["QueueUrl"], MessageBody="hello"
    )
    emulator.stop()

    emulator, clients = start(tmp_path)

    try:
        assert clients("s3").get_object(Bucket="raw", Key="a/ü b+%20.txt")["Body"].read() == b"content"
        assert (
            clients("ssm").get_parameter(Name="/key", WithDecryption=True)["Parameter"]["Value"] == "secret"
        )
        url = f"{emulator.endpoint}/000000000000/q"
        assert clients("sqs").receive_message(QueueUrl=url)["Messages"][0]["Body"] == "hello"
    finally:
        emulator.stop()


def test_a_killed_owner_leaves_no_emulator_and_loses_no_state(tmp_path: Path) -> None:
    port = free_ports(1)[0]
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(port), str(tmp_path)], stdout=subprocess.PIPE
    ) as owner:
        assert owner.stdout is not None
        child = int(owner.stdout.readline())
        Clients(f"http://127.0.0.1:{port}")("s3").create_bucket(Bucket="kept")

        owner.send_signal(signal.SIGKILL)
        owner.wait()

    assert locks.wait_until_free(emulator_lock(tmp_path), 20)
    assert ended(child)
    emulator, clients = start(tmp_path)
    try:
        assert [each["Name"] for each in clients("s3").list_buckets()["Buckets"]] == ["kept"]
    finally:
        emulator.stop()


def test_a_killed_emulator_has_kept_all_that_it_acknowledged(tmp_path: Path) -> None:
    emulator, clients = start(tmp_path)
    make_resources(clients)
    for number in range(20):
        clients("dynamodb").update_item(
            TableName="counts",
            Key={"name": {"S": "a"}},
            UpdateExpression="ADD #count :one",
            ExpressionAttributeNames={"#count": "count"},
            ExpressionAttributeValues={":one": {"N": "1"}},
        )
        clients("s3").put_object(Bucket="raw", Key="a/ü b+%20.txt", Body=b"%d" % number)
    versions = versions_of(clients)
    clients("ssm").put_parameter(Name="/key", Value="secret", Type="SecureString")
    os.kill(emulator.pid, signal.SIGKILL)
    emulator.stop()

    emulator, clients = start(tmp_path)

    try:
        item = clients("dynamodb").get_item(TableName="counts", Key={"name": {"S": "a"}})["Item"]
        assert item["count"] == {"N": "20"}
        assert versions_of(clients) == versions
        assert clients("s3").get_object(Bucket="raw", Key="a/ü b+%20.txt")["Body"].read() == b"19"
        key = clients("ssm").get_parameter(Name="/key", WithDecryption=True)["Parameter"]["Value"]
        assert key == "secret"
        url = clients("sqs").get_queue_url(QueueName="events")["QueueUrl"]
        told = clients("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        assert told["ApproximateNumberOfMessages"] == "20"
    finally:
        emulator.stop()


def test_tables_after_a_kill_are_those_before_it_whatever_wrote_them(tmp_path: Path) -> None:
    emulator, clients = start(tmp_path)
    make_resources(clients)
    with ThreadPoolExecutor(4) as threads:  # all at the same five items
        list(threads.map(functools.partial(write_at_random, clients("dynamodb")), range(4)))
    before = items_of(clients)
    os.kill(emulator.pid, signal.SIGKILL)
    emulator.stop()

    emulator, clients = start(tmp_path)

    try:
        assert items_of(clients) == before
    finally:
        emulator.stop()


def write_at_random(dynamodb: Any, seed: int) -> None:
    """Put, change and delete items in every way, some of it refused."""
    chance = random.Random(seed)
    for step in range(40):
        key = {"name": {"S": f"n{chance.randrange(5)}"}}
        operation, parameters = chance.choice(
            ways(key, {"count": {"N": str(step)}, "who": {"S": f"{seed} é"}})
        )
        with contextlib.suppress(dynamodb.exceptions.ConditionalCheckFailedException):
            getattr(dynamodb, operation)(**parameters)


def ways(key: dict[str, Any], values: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return operations on one item, with their parameters."""
    put: dict[str, Any] = {"TableName": "counts", "Item": {**key, **values}}
    change = {
        "TableName": "counts",
        "Key": key,
        "ExpressionAttributeNames": {"#count": "count"},
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }
    more = "SET #count = if_not_exists(#count, :one) + :one REMOVE who"
    return [
        ("put_item", put),
        ("put_item", {**put, "ConditionExpression": "attribute_not_exists(who)"}),
        ("delete_item", {"TableName": "counts", "Key": key}),
        ("update_item", {**change, "UpdateExpression": "ADD #count :one"}),
        (
            "update_item",
            {**change, "UpdateExpression": more, "ConditionExpression": "attribute_exists(#count)"},
        ),
        ("batch_write_item", {"RequestItems": {"counts": [{"PutRequest": {"Item": put["Item"]}}]}}),
        ("transact_write_items", {"TransactItems": [{"Put": put}]}),
    ]


def items_of(clients: Clients) -> list[Any]:
    return sorted(clients("dynamodb").scan(TableName="counts")["Items"], key=lambda item: item["name"]["S"])


def make_resources(clients: Clients) -> None:
    """Make a table, a queue, and a bucket with versions whose events go to the queue."""
    clients("dynamodb").create_table(
        TableName="counts",
        KeySchema=[{"AttributeName": "name", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "name", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    clients("sqs").create_queue(QueueName="events")
    clients("events").put_rule(Name="uploads", EventPattern='{"source": ["aws.s3"]}', State="ENABLED")
    target = {"Id": "queue", "Arn": "arn:aws:sqs:us-east-1:000000000000:events"}
    clients("events").put_targets(Rule="uploads", Targets=[target])
    clients("s3").create_bucket(Bucket="raw")
    clients("s3").put_bucket_versioning(Bucket="raw", VersioningConfiguration={"Status": "Enabled"})
    clients("s3").put_bucket_notification_configuration(
        Bucket="raw", NotificationConfiguration={"EventBridgeConfiguration": {}}
    )


def versions_of(clients: Clients) -> list[str]:
    found = clients("s3").list_object_versions(Bucket="raw")["Versions"]
    return [version["VersionId"] for version in found]


def ended(pid: int, seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def test_a_start_that_fails_names_the_log(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        emulator = Emulator(taken.getsockname()[1], tmp_path, tmp_path / "log")

        with pytest.raises(EmulatorFailed, match=r"ended with exit code 1; see .*log"):
            emulator.wait_until_ready()

        emulator.stop()


def test_a_stop_that_takes_too_long_says_that_state_is_lost(tmp_path: Path) -> None:
    emulator, _ = start(tmp_path)
    os.kill(emulator.pid, signal.SIGSTOP)

    with pytest.raises(EmulatorFailed, match=r"had not written its state after 0 s .* lost"):
        emulator.stop(0.2)

    assert not emulator.alive()


def test_the_callers_profile_credentials_and_proxies_are_not_used(
    monkeypatch: pytest.MonkeyPatch, clients: Clients, emulator: Emulator
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")

    identity = Clients(emulator.endpoint)("sts").get_caller_identity()

    assert identity["Account"] == "000000000000"


def test_services_that_the_local_cloud_answers_elsewhere_are_not_the_emulators(clients: Clients) -> None:
    with pytest.raises(clients("stepfunctions").exceptions.ClientError):
        clients("stepfunctions").list_state_machines()


@pytest.mark.parametrize(
    ("header", "value"),
    [("Host", "evil.example"), ("Origin", "https://evil.example"), ("Origin", "null")],
)
def test_what_web_pages_send_is_refused(emulator: Emulator, header: str, value: str) -> None:
    request = urllib.request.Request(emulator.endpoint, headers={header: value})

    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(request)


def test_programs_of_this_machine_are_served(emulator: Emulator) -> None:
    port = urlsplit(emulator.endpoint).port
    for host in (f"127.0.0.1:{port}", f"localhost:{port}", f"raw.localhost:{port}"):
        request = urllib.request.Request(f"{emulator.endpoint}/_ministack/ready", headers={"Host": host})
        with urllib.request.urlopen(request) as answer:
            assert answer.status == 200
