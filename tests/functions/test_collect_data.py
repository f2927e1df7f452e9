"""CollectData: requests, claims, the ledger's rows."""

from __future__ import annotations

import gzip
import json
import re
import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from pipeline import documents, executions, ledger, objects
from pipeline.errors import InvalidInput, ObjectNotFound
from pipeline.moments import moment
from tests.functions.cloud import (
    EXECUTION,
    FILES,
    RAW,
    ROOT,
    STARTED_AT,
    ingest,
    invoke,
)
from tests.functions.objects_sent import event_of_s3, json_lines, order

if TYPE_CHECKING:
    from pathlib import Path

    from tests.functions.cloud import Cloud


def test_an_event_becomes_an_object_and_a_row(cloud: Cloud) -> None:
    event = json.loads((ROOT / "samples/good/event.json").read_text())

    outcome = ingest("", request={"event": event})

    key = outcome.collected["file"]["key"]
    assert key.startswith("year=2025/month=08/day=18/")
    (item,) = cloud.items("user_activity")
    assert item["user_id"] == {"S": "user-fd7721"}
    assert item["event_type"] == {"S": "click"}
    assert item["event_ts"] == {"S": "2025-08-18T19:00:00Z"}
    assert item["metadata"] == {"M": {"note": {"S": "test data"}, "source": {"S": "collect_lambda"}}}
    assert item["_s3_key"] == {"S": key}

    retried = ingest("", request={"event": event})
    assert retried.collected["file"] == outcome.collected["file"]
    assert len(cloud.items("user_activity")) == 1


def test_the_event_of_an_object_that_an_execution_wrote_itself_is_a_duplicate(cloud: Cloud) -> None:
    written = ingest("", request={"event": {"userId": "u"}}).collected["file"]
    by_rule = {
        **event_of_s3(written["key"], written["version"]),
        "execution": {"id": "other", "started_at": STARTED_AT},
    }

    answer = invoke("collect_data", by_rule)

    assert (answer["outcome"], answer["duplicate_of"]) == ("duplicate", EXECUTION)


def test_a_copy_of_such_an_object_is_ingested(cloud: Cloud) -> None:
    written = ingest(
        "", request={"event": {"userId": "u", "eventType": "e", "timestamp": STARTED_AT}}
    ).collected
    source = {"Bucket": RAW, "Key": written["file"]["key"]}
    cloud.s3.copy_object(Bucket=RAW, Key="user_activity/copy.json", CopySource=source)

    answer = invoke("collect_data", event_of_s3("user_activity/copy.json"))

    assert answer["outcome"] == "work"


def test_an_object_of_two_events_is_ingested_once(cloud: Cloud) -> None:
    version = cloud.put("orders/x y+%41é😀.jsonl", json_lines(order(1)))
    first = ingest("", request=event_of_s3("orders/x y+%41é😀.jsonl", version))

    second = ingest("", request=event_of_s3("orders/x y+%41é😀.jsonl", version), execution="second")

    assert first.notified["counts"]["written"] == 1
    assert second.collected["outcome"] == "duplicate"
    assert second.collected["duplicate_of"] == EXECUTION
    assert cloud.row(first.collected["file"]["id"])["event_name"] == "Object Created:PutObject"


def test_executions_that_find_a_file_ingested_are_noted_once_each_and_twenty_at_most(cloud: Cloud) -> None:
    version = cloud.put("orders/x.jsonl", json_lines(order(1)))
    event = event_of_s3("orders/x.jsonl", version)
    file_id = ingest("", request=event).collected["file"]["id"]
    before = cloud.row(file_id)

    def again(execution: str) -> set[str]:
        started = {"id": execution, "started_at": STARTED_AT}
        answer = invoke("collect_data", {**event, "execution": started})
        assert answer["outcome"] == "duplicate"
        return cloud.row(file_id).get("duplicates", set())

    assert again(EXECUTION) == set()
    assert len(again("second")) == len(again("second")) == 1
    assert [len(again(f"further {number}")) for number in range(20)] == [*range(2, 21), 20]
    assert {**cloud.row(file_id), "duplicates": None} == {**before, "duplicates": None}


def test_a_row_that_is_gone_is_not_noted_in(cloud: Cloud) -> None:
    ledger.note_duplicate(FILES, "0" * 32, "a")

    assert cloud.files.scan()["Items"] == []


def test_an_object_that_another_execution_has_in_hand_is_in_progress(cloud: Cloud) -> None:
    cloud.put("orders/x.jsonl", json_lines(order(1)))
    request = {"s3Bucket": RAW, "s3Key": "orders/x.jsonl"}
    first = {"id": "first", "started_at": STARTED_AT}
    assert invoke("collect_data", {**request, "execution": first})["outcome"] == "work"

    answer = invoke("collect_data", {**request, "execution": {"id": "second", "started_at": STARTED_AT}})

    assert (answer["outcome"], answer["duplicate_of"]) == ("in_progress", "first")
    assert invoke("collect_data", {**request, "execution": first})["outcome"] == "work"


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Statuses that Step Functions tells of executions; of others it knows nothing."""
    statuses: dict[str, str] = {}

    class StepFunctions:
        def describe_execution(self, *, executionArn: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
            if executionArn in statuses:
                status, _, minutes = statuses[executionArn].partition(" ")
                ended = datetime.now(UTC) - timedelta(minutes=int(minutes or 0))
                return {"status": status, "stopDate": ended}
            code = {"Code": "ExecutionDoesNotExist", "Message": "Execution Does Not Exist"}
            raise ClientError({"Error": code}, "DescribeExecution")

    monkeypatch.setattr(executions, "step_functions", StepFunctions)
    return statuses


def claimed_by(execution: str) -> dict[str, Any]:
    """Let an execution claim an object; return what CollectData answers."""
    who = {"execution": {"id": execution, "started_at": STARTED_AT}}
    answer: dict[str, Any] = invoke("collect_data", {"s3Bucket": RAW, "s3Key": "orders/x.jsonl", **who})
    return answer


@pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", None])
def test_a_claim_of_an_execution_that_is_over_is_taken_over(
    cloud: Cloud, told: dict[str, str], status: str | None
) -> None:
    cloud.put("orders/x.jsonl", json_lines(order(1)))
    claimed_by(EXECUTION)
    told |= {EXECUTION: status} if status else {}

    answer = claimed_by("second")

    assert answer["outcome"] == "work"
    row = cloud.row(answer["file"]["id"])
    assert (row["execution"], row["taken_over_from"]) == ("second", EXECUTION)


@pytest.mark.parametrize("status", ["RUNNING", "PENDING_REDRIVE"])
def test_a_claim_of_an_execution_that_may_go_on_stays(
    cloud: Cloud, told: dict[str, str], status: str
) -> None:
    cloud.put("orders/x.jsonl", json_lines(order(1)))
    claimed_by(EXECUTION)
    told[EXECUTION] = status

    answer = claimed_by("second")

    assert (answer["outcome"], answer["duplicate_of"]) == ("in_progress", EXECUTION)


def test_a_claim_that_was_closed_in_the_meantime_is_not_taken_over(
    cloud: Cloud, told: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.put("orders/x.jsonl", json_lines(order(1)))
    file_id = claimed_by(EXECUTION)["file"]["id"]

    def closing(execution: str, since: object) -> datetime:
        ledger.change("statewright-files", file_id, execution, {"status": "SUCCEEDED"})
        return datetime.now(UTC)

    monkeypatch.setattr(executions, "end_of", closing)

    assert (claimed_by("second")["outcome"], cloud.row(file_id)["execution"]) == ("duplicate", EXECUTION)


def test_a_claim_that_failed_in_the_meantime_is_asked_for_again(
    cloud: Cloud, told: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.put("orders/x.jsonl", json_lines(order(1)))
    file_id = claimed_by(EXECUTION)["file"]["id"]

    def failing(execution: str, since: datetime) -> datetime:
        ledger.change("statewright-files", file_id, execution, {"status": "FAILED"})
        return datetime.now(UTC)

    monkeypatch.setattr(executions, "end_of", failing)
    assert claimed_by("second")["outcome"] == "in_progress"
    assert claimed_by("second")["outcome"] == "work"


@pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED"])
def test_a_claim_that_arrives_late_does_not_open_what_its_execution_has_closed(
    cloud: Cloud, status: str
) -> None:
    cloud.put("orders/x.jsonl", json_lines(order(1)))
    file_id = claimed_by(EXECUTION)["file"]["id"]
    ledger.change("statewright-files", file_id, EXECUTION, {"status": status})

    assert claimed_by(EXECUTION)["outcome"] != "work"
    assert cloud.row(file_id)["status"] == status


@pytest.mark.parametrize(
    ("is_another", "status", "outcome"),
    [
        (True, "ABORTED", "in_progress"),
        (True, "FAILED 14", "in_progress"),
        (True, "ABORTED 16", "work"),
        (False, "ABORTED", "work"),
    ],
)
def test_under_another_contract_a_file_is_not_taken_over_while_a_function_may_still_write_it(
    cloud: Cloud,
    told: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    is_another: bool,
    status: str,
    outcome: str,
) -> None:
    cloud.put("orders/x.jsonl", json_lines(order(1)))
    claimed_by(EXECUTION)
    told[EXECUTION] = status
    if is_another:
        monkeypatch.setattr(documents, "digest", lambda _: "another")

    assert claimed_by("second")["outcome"] == outcome


@pytest.mark.parametrize(
    ("documents_", "minutes", "outcome"),
    [
        ("another", 0, "in_progress"),
        ("another", 14, "in_progress"),
        ("another", 16, "work"),
        ("another", None, "work"),
        ("the same", 0, "work"),
        (None, 0, "work"),
    ],
)
def test_under_another_contract_a_file_that_failed_waits_while_a_function_may_still_write_it(
    cloud: Cloud,
    monkeypatch: pytest.MonkeyPatch,
    documents_: str | None,
    minutes: int | None,
    outcome: str,
) -> None:
    cloud.put("orders/x.jsonl", json_lines(order(1)))
    file_id = claimed_by(EXECUTION)["file"]["id"]
    failed: dict[str, Any] = {**cloud.row(file_id), "status": "FAILED", "documents": documents_}
    if minutes is not None:
        failed["may_have_written_at"] = moment(datetime.now(UTC) - timedelta(minutes=minutes))
    cloud.files.put_item(Item={name: value for name, value in failed.items() if value is not None})
    monkeypatch.setattr(documents, "digest", lambda _: "the same")

    assert claimed_by("second")["outcome"] == outcome


def test_a_writer_is_not_forgotten_when_a_start_between_wrote_nothing(
    cloud: Cloud, told: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.put("orders/x.jsonl", json_lines(order(1)))
    file_id = claimed_by(EXECUTION)["file"]["id"]
    told[EXECUTION] = "ABORTED 10"
    assert claimed_by("second")["outcome"] == "work"
    ledger.change("statewright-files", file_id, "second", {"status": "FAILED"})
    monkeypatch.setattr(documents, "digest", lambda _: "another")

    assert claimed_by("third")["outcome"] == "in_progress"


@pytest.mark.parametrize(("minutes", "outcome"), [(14, "in_progress"), (16, "work")])
def test_a_direct_call_holds_a_claim_no_longer_than_a_function_lives(
    cloud: Cloud, minutes: int, outcome: str
) -> None:
    cloud.put("orders/x.jsonl", json_lines(order(1)))
    file_id = claimed_by("a-request-id")["file"]["id"]
    then = datetime.now(UTC) - timedelta(minutes=minutes)
    cloud.files.update_item(
        Key={"file_id": file_id},
        UpdateExpression="SET processed_at = :then",
        ExpressionAttributeValues={":then": then.isoformat()},
    )

    assert claimed_by("second")["outcome"] == outcome


def test_a_new_version_is_new_work_and_a_failed_one_may_be_tried_again(cloud: Cloud) -> None:
    cloud.put("orders/x.jsonl", json_lines(order(1)))
    first = ingest("orders/x.jsonl").collected["file"]
    cloud.put("orders/x.jsonl", json_lines(order(2)))
    second = ingest("orders/x.jsonl", execution="second").collected["file"]
    assert first["id"] != second["id"]

    cloud.files.update_item(
        Key={"file_id": second["id"]},
        UpdateExpression="SET #s = :f",
        ExpressionAttributeNames={"#s": "status"},
        ExpressionAttributeValues={":f": "FAILED"},
    )
    assert ingest("orders/x.jsonl", execution="third").notified["counts"]["written"] == 1
    older = ingest("", request={"s3Bucket": RAW, "s3Key": "orders/x.jsonl", "s3VersionId": first["version"]})
    assert older.collected["file"]["id"] == first["id"]


def test_the_ledger_holds_the_row_of_a_file(cloud: Cloud) -> None:
    body = json_lines(order(1))
    cloud.put("orders/x.jsonl.gz", gzip.compress(body), ContentType="application/gzip")
    file = ingest("orders/x.jsonl.gz").collected["file"]
    row = cloud.row(file["id"])
    assert row["file_key"] == "orders/x.jsonl.gz"
    assert row["bucket_name"] == RAW
    assert row["timestamp"] == STARTED_AT
    assert row["file_size"] == file["size"]
    assert row["content_type"] == "application/gzip"
    assert row["content_preview"] == body.decode()
    assert row["dataset"] == "orders"
    assert row["contract"] == "orders/1"
    assert row["status"] == "SUCCEEDED"
    assert row["counts"]["written"] == 1
    assert row["processed_at"].startswith(row["processed_day"])
    assert {"last_modified", "etag", "event_name", "version", "execution"} <= row.keys()


def test_all_moments_of_the_ledger_have_the_form_of_the_workflow(cloud: Cloud) -> None:
    cloud.put("orders/x.jsonl", json_lines(order(1)))
    cloud.put("elsewhere/x.bin", b"\x00")
    ingested = ingest("orders/x.jsonl").collected["file"]
    catalogued = ingest("elsewhere/x.bin").collected["file"]
    for row in (cloud.row(ingested["id"]), cloud.row(catalogued["id"])):
        for name in ("processed_at", "last_modified", "timestamp"):
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", row[name]), name


def test_an_object_of_many_pages_has_a_preview_too(cloud: Cloud) -> None:
    cloud.put("orders/x.jsonl", body := json_lines(*(order(number) for number in range(500))))
    row = cloud.row(ingest("orders/x.jsonl").collected["file"]["id"])
    assert row["content_preview"] == body.decode()[:500]


def test_an_object_of_no_contract_is_catalogued_as_often_as_it_comes(cloud: Cloud) -> None:
    cloud.put("elsewhere/x.bin", b"\x00\x01")
    cloud.put("orders/readme", b"no format")
    for execution in ("one", "two"):
        assert ingest("elsewhere/x.bin", execution=execution).collected["outcome"] == "catalogued"
        answer = ingest("orders/readme", execution=execution).collected
        assert answer["outcome"] == "catalogued"
    row = cloud.row(answer["file"]["id"])
    assert row["status"] == "CATALOGUED"
    assert row["content_preview"] == "no format"


def test_a_bucket_without_versions_is_pinned_by_etag(cloud: Cloud) -> None:
    cloud.s3.create_bucket(Bucket="plain-bucket")
    cloud.s3.put_object(Bucket="plain-bucket", Key="orders/x.jsonl", Body=json_lines(order(1)))

    outcome = ingest("", request={"s3Bucket": "plain-bucket", "s3Key": "orders/x.jsonl"})

    assert outcome.collected["file"]["version"].startswith(objects.ETAG)
    assert outcome.notified["counts"]["written"] == 1


@pytest.mark.parametrize(
    "request_",
    [
        {"s3Bucket": RAW, "s3Key": "orders/none.jsonl"},
        {"s3Bucket": "no-such-bucket", "s3Key": "x"},
        {"s3Bucket": RAW, "s3Key": "orders/x.jsonl", "s3VersionId": "no-such-version"},
    ],
)
def test_what_is_not_there_is_not_found(cloud: Cloud, request_: dict[str, str]) -> None:
    cloud.put("orders/x.jsonl", json_lines(order(1)))
    with pytest.raises(ObjectNotFound, match=f"s3://{request_['s3Bucket']}/{request_['s3Key']}"):
        invoke("collect_data", request_)


def test_a_key_of_1024_bytes_is_ingested(cloud: Cloud) -> None:
    key = "orders/" + "k" * (1024 - len("orders/") - len(".jsonl")) + ".jsonl"
    cloud.put(key, json_lines(order(1)))
    assert ingest(key).notified["counts"]["written"] == 1


def test_the_plan_carries_the_tolerance_of_the_contract(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    schemas = tmp_path / "schemas"
    shutil.copytree(ROOT / "schemas", schemas)
    contract = schemas / "datasets/orders/1.json"
    said = json.loads(contract.read_text())
    said["x-dataset"]["tolerance"] = {"share": 0.05}
    contract.write_text(json.dumps(said))
    monkeypatch.setenv("SCHEMAS_DIR", str(schemas))
    cloud.put("orders/x.jsonl", json_lines(order(1)))
    cloud.put("sales/a.csv", b"name,email,amount,date\n")

    assert invoke("collect_data", {"s3Bucket": RAW, "s3Key": "orders/x.jsonl"})["plan"]["tolerance"] == {
        "share": 0.05
    }
    assert "tolerance" not in invoke("collect_data", {"s3Bucket": RAW, "s3Key": "sales/a.csv"})["plan"]


@pytest.mark.parametrize(("minutes", "outcome"), [(4, "in_progress"), (6, "work")])
def test_a_batch_of_a_backfill_has_an_object_no_longer_than_it_lives(
    cloud: Cloud, minutes: int, outcome: str
) -> None:
    cloud.put("orders/a.jsonl", json_lines(order(1)))
    batch = "arn:aws:states:us-east-1:000000000000:express:statewright-backfill/Objects:a:b"
    request = {"s3Bucket": RAW, "s3Key": "orders/a.jsonl"}
    who = {"execution": {"id": batch, "started_at": STARTED_AT}}
    file_id = invoke("collect_data", {**request, **who})["file"]["id"]
    since = datetime.now(UTC) - timedelta(minutes=minutes)
    cloud.files.update_item(
        Key={"file_id": file_id},
        UpdateExpression="SET processed_at = :at",
        ExpressionAttributeValues={":at": since.isoformat()},
    )
    assert invoke("collect_data", request)["outcome"] == outcome


def test_a_dataset_that_is_named_decides_and_the_suffix_says_the_format(cloud: Cloud) -> None:
    for key in ("archive/a.jsonl", "archive/a.csv.gz", "archive/a.bin", "user_activity/a.jsonl"):
        cloud.put(key, b"x")
    found = [
        invoke("collect_data", {"s3Bucket": RAW, "s3Key": key, "dataset": "orders"})["file"]
        for key in ("archive/a.jsonl", "archive/a.csv.gz", "archive/a.bin", "user_activity/a.jsonl")
    ]
    assert [(each["dataset"], each["format"], each["compression"]) for each in found] == [
        ("orders", "jsonl", "none"),
        ("orders", "csv", "gzip"),
        (None, None, None),
        ("orders", "jsonl", "none"),
    ]


def test_a_dataset_that_is_none_is_refused(cloud: Cloud) -> None:
    cloud.put("orders/a.jsonl", b"x")
    with pytest.raises(InvalidInput, match="/dataset"):
        invoke("collect_data", {"s3Bucket": RAW, "s3Key": "orders/a.jsonl", "dataset": "nothing"})
