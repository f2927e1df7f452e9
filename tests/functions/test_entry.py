from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from pipeline import collecting, entry, errors
from pipeline.errors import (
    ConservationViolated,
    InvalidInput,
    MalformedFile,
    ObjectNotFound,
    ServiceRefused,
    ServiceUnavailable,
)
from tests.functions.cloud import EXECUTION, RAW, STARTED_AT, Context, ingest, invoke
from tests.functions.objects_sent import json_lines, order
from tests.functions.streams import collect, message

if TYPE_CHECKING:
    from tests.functions.cloud import Cloud


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> pytest.CaptureFixture[str]:
    """A logger that writes to the output of this test: Powertools keeps one a service and process."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", f"test-{uuid.uuid4()}")
    entry._logger.cache_clear()
    return capsys


@pytest.mark.parametrize(
    ("function", "request_", "pointer"),
    [
        ("collect_data", {}, ""),
        ("collect_data", [], ""),
        ("collect_data", {"s3Bucket": RAW, "s3Key": ""}, "/s3Key"),
        ("collect_data", {"s3Bucket": RAW, "s3Key": "k", "s3VersionId": 7}, "/s3VersionId"),
        (
            "collect_data",
            {"event": {}, "execution": {"id": "x", "started_at": "yesterday"}},
            "/execution/started_at",
        ),
        (
            "collect_data",
            {"detail-type": "Object Deleted", "detail": {"bucket": {"name": RAW}, "object": {"key": "k"}}},
            "/detail-type",
        ),
        ("parse_and_validate", {"file": {}, "shard": {}}, ""),
        ("write_to_ddb", {"file": {}, "partition": 0, "shards": []}, ""),
    ],
)
def test_input_that_does_not_fit_is_refused_by_pointer(
    cloud: Cloud, function: str, request_: Any, pointer: str
) -> None:
    with pytest.raises(InvalidInput) as raised:
        invoke(function, request_)
    if function == "collect_data" and pointer:
        assert raised.value.pointer == pointer
    assert function in str(raised.value)


def test_a_key_of_half_a_surrogate_pair_is_refused(cloud: Cloud) -> None:
    with pytest.raises(InvalidInput):
        invoke("collect_data", {"s3Bucket": RAW, "s3Key": "orders/\ud800.csv"})


def test_logs_and_metrics_are_lines_of_json_without_values(
    cloud: Cloud, log: pytest.CaptureFixture[str]
) -> None:
    cloud.put(
        "orders/x.jsonl",
        json_lines(order(1, customer_id="secret"), order(2, quantity=-7, customer_id="secret")),
    )
    ingest("orders/x.jsonl")
    lines = [json.loads(line) for line in log.readouterr().out.splitlines()]
    assert "secret" not in json.dumps(lines)
    metrics = [line for line in lines if "_aws" in line]
    assert {tuple(sorted(line["_aws"]["CloudWatchMetrics"][0]["Dimensions"][0])) for line in metrics} == {
        ("dataset", "service")
    }
    for name, count in {
        "RecordsRead": 2,
        "RecordsQuarantined": 1,
        "RecordsWritten": 1,
        "FilesIngested": 1,
    }.items():
        assert sum(line[name][0] for line in metrics if name in line) == count
    assert {line["dataset"] for line in metrics} <= {"orders", "none"}
    assert any(line.get("message") == "done" and line["state"] == "notify" for line in lines)


def test_a_failure_is_logged_by_name_and_counted(cloud: Cloud, log: pytest.CaptureFixture[str]) -> None:
    cloud.put("orders/x.jsonl", b"secret\n")
    with pytest.raises(MalformedFile):
        ingest("orders/x.jsonl")
    lines = [json.loads(line) for line in log.readouterr().out.splitlines()]
    (failed,) = [line for line in lines if line.get("message") == "failed"]
    assert failed["error"] == "MalformedFile"
    assert "secret" not in json.dumps(lines)
    assert any("InvocationsFailed" in line for line in lines)


def test_records_that_are_missing_are_counted_for_the_alarm_of_their_dataset(
    cloud: Cloud, log: pytest.CaptureFixture[str]
) -> None:
    cloud.put("orders/x.jsonl", json_lines(order(1)))
    done = ingest("orders/x.jsonl")
    log.readouterr()
    missing = [{**each, "written": each["written"] - 1} for each in done.partitions]
    request = {
        "file": done.collected["file"],
        "shards": done.shards,
        "partitions": missing,
        "execution": {"id": EXECUTION, "started_at": STARTED_AT},
    }

    with pytest.raises(ConservationViolated):
        invoke("notify", request)

    lines = [json.loads(line) for line in log.readouterr().out.splitlines()]
    (metric,) = [line for line in lines if "_aws" in line]
    assert (metric["ConservationViolated"], metric["InvocationsFailed"]) == ([1], [1])
    assert metric["dataset"] == "orders"
    (about,) = metric["_aws"]["CloudWatchMetrics"]
    assert [sorted(each) for each in about["Dimensions"]] == [["dataset", "service"]]


def test_every_error_with_a_metric_of_its_own_is_one_that_functions_raise() -> None:
    assert all(issubclass(getattr(errors, name), errors.PipelineError) for name in entry.METRICS_OF_ERRORS)


def test_a_direct_call_is_known_by_its_request(cloud: Cloud) -> None:
    cloud.put("orders/x.jsonl", json_lines(order(1)))
    answer = invoke("collect_data", {"s3Bucket": RAW, "s3Key": "orders/x.jsonl"})
    assert cloud.row(answer["file"]["id"])["execution"] == Context.aws_request_id


def test_a_missing_parameter_is_refused(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PSEUDONYM_KEY_PARAMETER", "/none")
    cloud.put("sales/x.csv", b"name,email,amount,date\nAda,ada@example.com,1,2025-01-01\n")
    with pytest.raises(ServiceRefused, match="ParameterNotFound"):
        ingest("sales/x.csv")


@pytest.mark.parametrize(
    ("start", "text"),
    [
        (b"\xef\xbb\xbfabc", "abc"),
        ("é".encode() * 700, "é" * 500),
        (("é".encode() * 300)[:-1], "é" * 299),
        (b"a\xffbcdefgh", None),
        (b"a\x00b", None),
        (b"", ""),
    ],
)
def test_a_preview_is_text_or_nothing(start: bytes, text: str | None) -> None:
    assert collecting.text_of(start) == text


def test_a_preview_that_cannot_be_read_stops_nothing(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: Any) -> Any:
        raise ObjectNotFound("gone")

    cloud.put("orders/x.jsonl.gz", b"no gzip")
    answer = invoke("collect_data", {"s3Bucket": RAW, "s3Key": "orders/x.jsonl.gz"})
    assert "content_preview" not in cloud.row(answer["file"]["id"])
    monkeypatch.setattr(collecting.objects, "read_version", gone)
    answer = invoke("collect_data", {"s3Bucket": RAW, "s3Key": "orders/x.jsonl.gz"})
    assert answer["outcome"] == "work"


def test_a_preview_that_cannot_be_read_now_is_tried_again(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> Any:
        raise ServiceUnavailable("S3 GetObject: SlowDown")

    cloud.put("orders/x.jsonl", json_lines(order(1)))
    monkeypatch.setattr(collecting.objects, "read_version", away)
    with pytest.raises(ServiceUnavailable):
        invoke("collect_data", {"s3Bucket": RAW, "s3Key": "orders/x.jsonl"})
    assert cloud.files.scan()["Items"] == []


def test_messages_and_digests_are_counted(cloud: Cloud, log: pytest.CaptureFixture[str]) -> None:
    collect(message(order(1), "m1"), message(order(2), "m2"))
    invoke("tell_digests", {"minutes": []})
    counted = [json.loads(line) for line in log.readouterr().out.splitlines() if '"_aws"' in line]
    assert [each["state"] for each in counted] == ["collect_messages", "tell_digests"]
    assert counted[0]["MessagesCollected"] == [2.0]
    assert counted[1]["AlertsInDigests"] == [0.0]
