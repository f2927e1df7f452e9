"""A cloud in this process for the functions' tests: moto's AWS, and the functions in the workflow's order."""

from __future__ import annotations

import contextlib
import functools
import gzip
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

import collect_data
import collect_messages
import daily_report
import enrich
import notify
import parse_and_validate
import rechunk
import tell_digests
import write_to_ddb
from pipeline import contracts, documents, entry, pseudonyms, tables
from pipeline.settings import settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = ROOT / "schemas"
REGION = "us-east-1"
RAW, STAGING, OUTPUT, FILES, TOLD = (
    "statewright-raw",
    "statewright-staging",
    "statewright-output",
    "statewright-files",
    "statewright-told",
)
STARTED_AT = "2025-08-18T19:00:00.000Z"
EXECUTION = "arn:aws:states:us-east-1:000000000000:execution:statewright-ingest:one"
HANDLERS = {
    "collect_data": collect_data.handler,
    "rechunk": rechunk.handler,
    "parse_and_validate": parse_and_validate.handler,
    "enrich": enrich.handler,
    "write_to_ddb": write_to_ddb.handler,
    "notify": notify.handler,
    "collect_messages": collect_messages.handler,
    "tell_digests": tell_digests.handler,
    "daily_report": daily_report.handler,
}


class Context:
    """What a handler reads of Lambda's context."""

    function_name = "statewright-function"
    memory_limit_in_mb = 128
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:statewright-function"
    aws_request_id = "00000000-0000-4000-8000-000000000001"

    def get_remaining_time_in_millis(self) -> int:
        return 840_000


def invoke(function: str, request: Any) -> Any:
    """Call a handler as Lambda does, JSON to JSON; hold its answer against the signature."""
    answer = json.loads(json.dumps(HANDLERS[function](json.loads(json.dumps(request)), Context())))
    documents.signature(SCHEMAS, function, "output").validate(answer)
    return answer


@dataclass
class Cloud:
    """Clients of the mocked AWS, and shorthands."""

    s3: Any
    dynamodb: Any
    sqs: Any
    queue: str
    files: Any

    def put(self, key: str, body: bytes, **options: Any) -> str:
        """Upload to the raw bucket; return the version id."""
        return str(self.s3.put_object(Bucket=RAW, Key=key, Body=body, **options).get("VersionId", ""))

    def items(self, dataset: str) -> list[dict[str, Any]]:
        """Return all items of a dataset's table."""
        items: list[dict[str, Any]] = []
        for page in client("dynamodb").get_paginator("scan").paginate(TableName=f"statewright-{dataset}"):
            items.extend(page["Items"])
        return items

    def row(self, file_id: str) -> dict[str, Any]:
        """Return a row of the ledger."""
        return dict(self.files.get_item(Key={"file_id": file_id})["Item"])

    def keys(self, bucket: str) -> list[str]:
        """Return the keys of a bucket."""
        return [found["Key"] for found in self.s3.list_objects_v2(Bucket=bucket).get("Contents", [])]

    def messages(self) -> list[dict[str, Any]]:
        """Take the messages that SNS has delivered."""
        taken: list[dict[str, Any]] = []
        while found := self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages"):
            for message in found:
                taken.append(json.loads(message["Body"]))
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return taken

    def lines(self, place: dict[str, str]) -> list[dict[str, Any]]:
        """Return the JSON lines of a gzip object."""
        body = self.s3.get_object(Bucket=place["bucket"], Key=place["key"])["Body"].read()
        return [json.loads(line) for line in gzip.decompress(body).splitlines()]


@dataclass
class Outcome:
    """What the five functions said of one object."""

    collected: dict[str, Any]
    shards: list[dict[str, Any]]
    partitions: list[dict[str, Any]]
    notified: dict[str, Any]


def ingest(
    key: str, *, plan: dict[str, int] | None = None, execution: str = EXECUTION, request: Any = None
) -> Outcome:
    """Run the five functions in the order of ingest.asl.json; `plan` replaces CollectData's."""
    who = {"execution": {"id": execution, "started_at": STARTED_AT}}
    collected = invoke("collect_data", {**(request or {"s3Bucket": RAW, "s3Key": key}), **who})
    if collected["outcome"] != "work":
        return Outcome(collected, [], [], {})
    file, plan = collected["file"], plan or collected["plan"]
    shards = [work_on_shard(file, plan, index) for index in range(plan["shards"])]
    written = [write_partition(file, plan, shards, partition) for partition in range(plan["partitions"])]
    notified = invoke("notify", {"file": file, "shards": shards, "partitions": written, **who})
    return Outcome(collected, shards, written, notified)


def work_on_shard(file: Any, plan: Any, index: int) -> dict[str, Any]:
    """Run what the workflow runs for one shard; `keep` is told where there are several."""
    size = plan["shard_bytes"]
    end = file["size"] if plan["shards"] == 1 else min((index + 1) * size, file["size"])
    shard = {"index": index, "start": index * size, "end": end}
    keep = {"keep": plan.get("keep", False)} if plan["shards"] > 1 else {}
    parsed = invoke("parse_and_validate", {"file": file, "shard": shard, **keep})
    request = {"file": file, "shard": shard, "partitions": plan["partitions"], "parsed": parsed, **keep}
    enriched = invoke("enrich", request)
    before = {name: value for name, value in parsed.items() if name != "before"}
    return {**before, **enriched, "quarantined": parsed["quarantined"] + enriched["quarantined"]}


def write_partition(file: Any, plan: Any, shards: Any, partition: int) -> Any:
    """Run what the workflow runs for one partition; `keep` is told where there are several."""
    keep = {"keep": plan.get("keep", False)} if plan["partitions"] > 1 else {}
    return invoke("write_to_ddb", {"file": file, "partition": partition, "shards": shards, **keep})


def small_plan(size: int, shards: int, partitions: int) -> dict[str, int]:
    """Return a plan of so many shards and partitions, however small the object."""
    shard_bytes = max(1, -(-size // shards))
    return {"shards": max(1, -(-size // shard_bytes)), "shard_bytes": shard_bytes, "partitions": partitions}


ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
    "RAW_BUCKET": RAW,
    "STAGING_BUCKET": STAGING,
    "OUTPUT_BUCKET": OUTPUT,
    "FILES_TABLE": FILES,
    "TOLD_TABLE": TOLD,
    "TRANSACTIONS_URL": f"https://sqs.{REGION}.amazonaws.com/123456789012/statewright-transactions",
    "TABLE_PREFIX": "statewright-",
    "NOTIFICATIONS_TOPIC_ARN": f"arn:aws:sns:{REGION}:123456789012:statewright-notifications",
    "PSEUDONYM_KEY_PARAMETER": "/statewright/pseudonym_key",
}


@functools.cache
def client(service: str) -> Any:
    """Return a client for the tests' own calls; like the functions' clients it outlives a mocked AWS."""
    return boto3.client(service, REGION)


@functools.cache
def resource(service: str) -> Any:
    return boto3.resource(service, REGION)


def forget() -> None:
    """Drop what a process keeps between invocations, but for its clients: making them takes long."""
    kept = (settings, contracts.catalogue, pseudonyms.pseudonym_key, entry._signature, tables._pace)
    for cached in kept:
        cached.cache_clear()


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """Create what pipeline.json describes, in moto."""
    with mocked(monkeypatch) as made:
        yield made


@contextlib.contextmanager
def mocked(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """Create what pipeline.json describes, in moto, and the functions' environment."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        forget()
        s3 = client("s3")
        for bucket in (RAW, STAGING, OUTPUT):
            s3.create_bucket(Bucket=bucket)
        s3.put_bucket_versioning(Bucket=RAW, VersioningConfiguration={"Status": "Enabled"})
        dynamodb = resource("dynamodb")
        files = _create_tables(dynamodb)
        client("ssm").put_parameter(Name="/statewright/pseudonym_key", Value="0f" * 32, Type="SecureString")
        topic = client("sns").create_topic(Name="statewright-notifications")["TopicArn"]
        sqs = client("sqs")
        sqs.create_queue(QueueName="statewright-transactions")
        queue = sqs.create_queue(QueueName="told")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        yield Cloud(s3, dynamodb, sqs, queue, files)
        forget()


def _create_tables(dynamodb: Any) -> Any:
    for contract in contracts.newest_of(contracts.catalogue(SCHEMAS).contracts.values()):
        _create_table(dynamodb, f"statewright-{contract.dataset}", [(k.name, k.type) for k in contract.keys])
    _create_table(dynamodb, TOLD, [("id", "S")])
    return _create_table(dynamodb, FILES, [("file_id", "S")], ("processed_day", "processed_at"))


def _create_table(dynamodb: Any, name: str, keys: list[tuple[str, str]], by_day: tuple[str, ...] = ()) -> Any:
    index = {
        "IndexName": "by_day",
        "KeySchema": _key_schema(by_day),
        "Projection": {"ProjectionType": "ALL"},
    }
    attributes = [*keys, *((key, "S") for key in by_day)]
    return dynamodb.create_table(
        TableName=name,
        KeySchema=_key_schema([key for key, _ in keys]),
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": type_} for key, type_ in attributes],
        BillingMode="PAY_PER_REQUEST",
        **({"GlobalSecondaryIndexes": [index]} if by_day else {}),
    )


def _key_schema(keys: Sequence[str]) -> list[dict[str, str]]:
    kinds = ("HASH", "RANGE")
    return [{"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, kinds, strict=False)]
