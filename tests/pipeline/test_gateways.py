from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from unittest import mock

import boto3
import msgspec
import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, NoCredentialsError, ReadTimeoutError
from botocore.response import StreamingBody

from pipeline import aws, flights, ledger, objects, ready_calls, tables
from pipeline.connections import Answer
from pipeline.errors import (
    ClaimLost,
    ObjectChanged,
    PipelineError,
    ServiceRefused,
    ServiceUnavailable,
    StagedDataBroken,
    Throttled,
)
from tests.functions.cloud import EXECUTION, FILES, RAW, STAGING
from tests.pipeline.shards import file_of

if TYPE_CHECKING:
    from tests.functions.cloud import Cloud

PLACE = {"bucket": STAGING, "key": "a/b"}


def client_error(code: str, status: int = 400) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "Call")  # type: ignore[typeddict-item]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (client_error("ThrottlingException"), Throttled),
        (client_error("SlowDown", 503), Throttled),
        (client_error("Anything", 429), Throttled),
        (client_error("InternalServerError"), ServiceUnavailable),
        (client_error("Anything", 502), ServiceUnavailable),
        (client_error("AccessDenied", 403), ServiceRefused),
        (ConnectTimeoutError(endpoint_url="http://x"), ServiceUnavailable),
        (ReadTimeoutError(endpoint_url="http://x"), ServiceUnavailable),
        (NoCredentialsError(), ServiceRefused),
    ],
)
def test_a_failure_of_aws_becomes_one_of_ours(error: Exception, kind: type[PipelineError]) -> None:
    with pytest.raises(kind, match=r"^S3 X") as raised, aws.calling("S3 X"):
        raise error
    assert raised.value.retryable is issubclass(kind, (Throttled, ServiceUnavailable))


def file_in(cloud: Cloud, key: str, body: bytes) -> Any:
    version = cloud.put(key, body)
    return {**file_of(key, body), "bucket": RAW, "version": version}


def read(file: Any) -> bytes:
    return b"".join(objects.read_version(file, 0, file["size"]))


def test_the_pinned_version_is_read_whatever_came_later(cloud: Cloud) -> None:
    file = file_in(cloud, "orders/x.jsonl", b"old")
    cloud.put("orders/x.jsonl", b"newer")
    cloud.s3.delete_object(Bucket=RAW, Key="orders/x.jsonl")
    assert read(file) == b"old"


def test_a_version_that_was_deleted_has_changed(cloud: Cloud) -> None:
    file = file_in(cloud, "orders/x.jsonl", b"old")
    cloud.s3.delete_object(Bucket=RAW, Key="orders/x.jsonl", VersionId=file["version"])
    with pytest.raises(ObjectChanged):
        read(file)


def test_without_versions_a_replaced_or_deleted_object_has_changed(cloud: Cloud) -> None:
    cloud.s3.create_bucket(Bucket="plain-bucket")
    cloud.s3.put_object(Bucket="plain-bucket", Key="k", Body=b"old")
    head = objects.head("plain-bucket", "k")
    file: Any = {
        **file_of("orders/x.csv", b"old"),
        "bucket": "plain-bucket",
        "key": "k",
        "version": head.version,
    }
    assert read(file) == b"old"
    cloud.s3.put_object(Bucket="plain-bucket", Key="k", Body=b"new")
    with pytest.raises(ObjectChanged):
        read(file)
    cloud.s3.delete_object(Bucket="plain-bucket", Key="k")
    with pytest.raises(ObjectChanged):
        read(file)


def test_an_object_replaced_while_it_is_read_has_changed(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(objects, "RANGE_BYTES", 4)
    cloud.s3.create_bucket(Bucket="plain-bucket")
    cloud.s3.put_object(Bucket="plain-bucket", Key="k", Body=b"12345678")
    version = objects.head("plain-bucket", "k").version
    file: Any = {**file_of("orders/x.csv", b""), "bucket": "plain-bucket", "key": "k", "version": version}
    pieces = objects.read_version(file, 0, 8)
    assert next(pieces) == b"1234"
    cloud.s3.put_object(Bucket="plain-bucket", Key="k", Body=b"abcdefgh")
    with pytest.raises(ObjectChanged):
        next(pieces)


def test_a_refusal_while_reading_is_told_as_such(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    file = file_in(cloud, "orders/x.jsonl", b"old")

    def refuse(**_: Any) -> Any:
        raise client_error("AccessDenied", 403)

    monkeypatch.setattr(objects.s3(), "get_object", refuse)
    with pytest.raises(ServiceRefused, match="AccessDenied"):
        read(file)
    with pytest.raises(ServiceRefused, match="AccessDenied"):
        list(objects.read_staged(PLACE, 0, 1))  # type: ignore[arg-type]
    monkeypatch.setattr(objects.s3(), "head_object", refuse)
    with pytest.raises(ServiceRefused, match="AccessDenied"):
        objects.head(RAW, "x")


@pytest.mark.parametrize("breaks", [1, 2, 3])
def test_where_a_connection_breaks_the_rest_is_asked_for_again(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, breaks: int
) -> None:
    file = file_in(cloud, "orders/x.jsonl", b"12345678")
    real = objects.s3().get_object
    calls: list[Any] = []

    def get_object(**request: Any) -> Any:
        calls.append(request)
        answer = real(**request)
        if len(calls) <= breaks:
            whole = answer["Body"].read()
            answer["Body"] = StreamingBody(io.BytesIO(whole[: len(whole) // 2]), len(whole))  # type: ignore[arg-type]
        return answer

    monkeypatch.setattr(objects.s3(), "get_object", get_object)
    if breaks < objects.RANGE_ATTEMPTS:
        assert read(file) == b"12345678"
    else:
        with pytest.raises(ServiceUnavailable, match="connection broke"):
            read(file)
    asked = ["bytes=0-7", "bytes=4-7", "bytes=6-7"]
    assert [each["Range"] for each in calls] == asked[: breaks + 1]


def test_staged_data_that_is_gone_is_broken(cloud: Cloud) -> None:
    with pytest.raises(StagedDataBroken, match="is not there"):
        objects.size_of(PLACE)  # type: ignore[arg-type]
    with pytest.raises(StagedDataBroken, match="is not there"):
        list(objects.read_staged(PLACE, 0, 5))  # type: ignore[arg-type]


def upload(pieces: list[bytes]) -> None:
    with objects.Upload(PLACE, "text/plain") as made:  # type: ignore[arg-type]
        for piece in pieces:
            made.write(piece)


def uploads() -> list[Any]:
    return list(boto3.client("s3", "us-east-1").list_multipart_uploads(Bucket=STAGING).get("Uploads", []))


@pytest.mark.parametrize("size", [0, 10, 5 * 2**20, 12 * 2**20])
def test_an_upload_holds_all_that_was_written(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(objects, "PART_BYTES", 5 * 2**20)
    body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    upload([body[start : start + 1_000_000] for start in range(0, size, 1_000_000)])
    assert cloud.s3.get_object(Bucket=STAGING, Key="a/b")["Body"].read() == body


@pytest.mark.parametrize("call", ["upload_part", "complete_multipart_upload", "put_object"])
def test_a_failed_upload_leaves_nothing_behind(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def fail(**_: Any) -> Any:
        raise client_error("InternalError", 500)

    monkeypatch.setattr(objects.s3(), call, fail)
    with pytest.raises(ServiceUnavailable):
        upload([b"x"] if call == "put_object" else [b"x" * 9 * 2**20])
    assert uploads() == []
    assert cloud.keys(STAGING) == []


def test_an_upload_whose_writer_fails_is_aborted(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        with objects.Upload(PLACE, "text/plain") as made:  # type: ignore[arg-type]
            made.write(b"x" * 9 * 2**20)
            raise RuntimeError("the writer's")

    with pytest.raises(RuntimeError, match="the writer's"):
        broken()
    assert uploads() == []

    def fail(error: Exception) -> Any:
        def call(**_: Any) -> Any:
            raise error

        return call

    monkeypatch.setattr(
        objects.s3(), "abort_multipart_upload", fail(ReadTimeoutError(endpoint_url="http://x"))
    )
    with pytest.raises(RuntimeError, match="the writer's"):
        broken()
    monkeypatch.setattr(objects.s3(), "abort_multipart_upload", fail(client_error("AccessDenied", 403)))
    with pytest.raises(ClientError):
        broken()


def test_what_is_there_stays_when_it_is_put_once(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    objects.put_once(PLACE, b"first", "text/plain", {})  # type: ignore[arg-type]
    objects.put_once(PLACE, b"second", "text/plain", {})  # type: ignore[arg-type]
    assert cloud.s3.get_object(Bucket=STAGING, Key="a/b")["Body"].read() == b"first"
    with pytest.raises(ServiceRefused, match="NoSuchBucket"):
        objects.put_once({"bucket": "no-such-bucket", "key": "k"}, b"", "text/plain", {})


def encoded(count: int) -> list[bytes]:
    return [json.dumps({"order_id": {"S": f"o-{number}"}}).encode() for number in range(count)]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waits: list[float] = []
    monkeypatch.setattr(flights.time, "sleep", waits.append)
    return waits


@pytest.mark.parametrize("count", [0, 1, 25, 26, 600])
def test_batches_of_items_are_written(cloud: Cloud, count: int) -> None:
    assert tables.write_items("statewright-orders", tables.batches(encoded(count))) == count
    assert len(cloud.items("orders")) == count


Answering = Callable[[str, Callable[[dict[str, Any]], Any]], None]


@pytest.fixture
def answering(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Answering:
    """Let something else than moto answer calls of an operation; None lets one pass."""

    def answer_with(operation: str, answer: Callable[[dict[str, Any]], Any]) -> None:
        real = ready_calls._sent

        def sent(line: Any, called: str, body: bytes) -> Any:
            said = answer(msgspec.json.decode(body)) if called == operation else None
            if said is None:
                return real(line, called, body)
            return said if isinstance(said, Answer) else Answer(200, msgspec.json.encode(said))

        monkeypatch.setattr(ready_calls, "_sent", sent)

    return answer_with


THROTTLED = Answer(400, b'{"__type":"dynamodb#ProvisionedThroughputExceededException"}')


def test_unprocessed_items_are_sent_again(cloud: Cloud, quick: list[float], answering: Answering) -> None:
    def half(request: dict[str, Any]) -> Any:
        ((table, asked),) = request["RequestItems"].items()
        taken = (len(asked) + 1) // 2
        for each in asked[:taken]:
            aws.dynamodb().put_item(TableName=table, Item=each["PutRequest"]["Item"])
        return {"UnprocessedItems": {table: asked[taken:]} if asked[taken:] else {}}

    answering("BatchWriteItem", half)
    assert tables.write_items("statewright-orders", tables.batches(encoded(60))) == 60
    assert len(cloud.items("orders")) == 60
    assert quick
    assert all(0 <= wait <= tables.LONGEST_WAIT_SECONDS for wait in quick)


def test_items_that_stay_unprocessed_are_throttled(quick: list[float], answering: Answering) -> None:
    answering("BatchWriteItem", lambda request: {"UnprocessedItems": request["RequestItems"]})
    with pytest.raises(Throttled, match=r"items unprocessed after"):
        tables.write_items("statewright-orders", tables.batches(encoded(900)))
    assert len(quick) >= tables.ROUNDS - 1


def test_batches_for_which_there_is_no_room_at_all_are_sent_again(
    cloud: Cloud, quick: list[float], answering: Answering
) -> None:
    left = [THROTTLED] * 5
    answering("BatchWriteItem", lambda _: left.pop() if left else None)
    assert tables.write_items("statewright-orders", tables.batches(encoded(60))) == 60
    assert len(cloud.items("orders")) == 60
    assert tables._pace("statewright-orders").window < tables.WRITES


NEW = tables.Condition("attribute_not_exists(#key) OR #key < :key", {"#key": "order_id"})


@pytest.mark.parametrize("throttled", [3, tables.ROUNDS])
def test_a_put_that_is_throttled_is_sent_again(
    cloud: Cloud, quick: list[float], answering: Answering, throttled: int
) -> None:
    left = [THROTTLED] * throttled
    answering("PutItem", lambda _: left.pop() if left else None)
    puts = tables.put_items("statewright-orders", NEW, [tables.Put(encoded(1)[0], {":key": b'{"S":"o"}'})])
    if throttled == tables.ROUNDS:
        with pytest.raises(Throttled, match=f"throttled in {tables.ROUNDS} rounds"):
            list(puts)
    else:
        assert list(puts) == [True]
    assert len(quick) >= throttled - 1
    assert len(cloud.items("orders")) == (throttled < tables.ROUNDS)


def test_without_credentials_writes_are_refused(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ready_calls, "_signed", mock.Mock(side_effect=NoCredentialsError()))
    with pytest.raises(ServiceRefused, match="NoCredentialsError"):
        tables.write_items("statewright-orders", tables.batches(encoded(30)))


def test_a_table_that_is_not_there_refuses(cloud: Cloud) -> None:
    with pytest.raises(ServiceRefused, match="ResourceNotFoundException"):
        tables.write_items("no-such-table", tables.batches(encoded(1)))
    assert aws.dynamodb().batch_write_item(
        RequestItems={"statewright-orders": [{"PutRequest": {"Item": {"order_id": {"S": "by hand"}}}}]}
    )
    assert cloud.items("orders") == [{"order_id": {"S": "by hand"}}]


def row(execution: str, status: str = ledger.PROCESSING) -> dict[str, Any]:
    return {"file_id": "f", "execution": execution, "status": status}


def holder_seen_by(execution: str) -> tuple[str, str]:
    holder = ledger.claim(FILES, row(execution))
    assert isinstance(holder, ledger.Holder)
    return holder.execution, holder.status


def test_a_claim_is_held_by_one_execution(cloud: Cloud) -> None:
    nothing = ledger.Before("", "")
    assert ledger.claim(FILES, row("one")) == nothing
    assert ledger.claim(FILES, row("one")) == nothing
    assert holder_seen_by("two") == ("one", ledger.PROCESSING)
    ledger.change(FILES, "f", "one", {"status": ledger.FAILED})
    assert ledger.claim(FILES, row("two")) == nothing
    with pytest.raises(ClaimLost):
        ledger.change(FILES, "f", "one", {"status": ledger.SUCCEEDED})


def test_the_holder_is_asked_for_where_the_refusal_does_not_name_it(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.claim(FILES, row(EXECUTION))

    def bare(**_: Any) -> Any:
        raise client_error("ConditionalCheckFailedException")

    monkeypatch.setattr(aws.dynamodb(), "update_item", bare)
    assert holder_seen_by("two") == (EXECUTION, ledger.PROCESSING)


def test_a_ledger_that_is_not_there_refuses(cloud: Cloud) -> None:
    with pytest.raises(ServiceRefused, match="UpdateItem"):
        ledger.claim("no-such-table", row("one"))
    with pytest.raises(ServiceRefused, match="UpdateItem"):
        ledger.change("no-such-table", "f", "one", {"status": ledger.FAILED})
