"""DailyReport over the mocked AWS: the ledger's day in, JSON and page out."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from boto3.dynamodb.types import TypeDeserializer

from pipeline import documents, errors, report_rows, reporting
from tests.functions.cloud import FILES, OUTPUT, SCHEMAS, client, ingest, invoke
from tests.pipeline.report_days import day_of_rows

if TYPE_CHECKING:
    from tests.functions.cloud import Cloud

GOLDEN = Path(__file__).parent / "golden" / "daily_report.json"
# Long ago: reports that are made now are made after these days were over.
DAY = "2026-03-10"
BEFORE = [f"2026-03-{day:02}" for day in range(3, 10)]


@pytest.fixture(scope="module")
def schema() -> Any:
    """The published schema of a report."""
    place = "reports/daily_report.json"
    return documents.compiled({"$ref": f"{documents.BASE}{place}"}, SCHEMAS, place)


def fill(cloud: Cloud, day: str, files: int, groups: int = 0) -> list[dict[str, Any]]:
    """Write a day into the ledger; return its rows."""
    rows = list(day_of_rows(day, files, 1, groups))
    with cloud.files.batch_writer() as batch:
        for row in rows:
            batch.put_item(Item={name: untyped(value) for name, value in row.items()})
    return rows


def untyped(value: Any) -> Any:
    return TypeDeserializer().deserialize(value)


def body(cloud: Cloud, day: str, ending: str = "json") -> bytes:
    """Return what was written of a day's report."""
    found: bytes = cloud.s3.get_object(Bucket=OUTPUT, Key=f"daily-reports/{day}.{ending}")["Body"].read()
    return found


def test_given_a_day_and_a_week_the_report_is_the_golden_one(cloud: Cloud, schema: Any) -> None:
    for place, day in enumerate(BEFORE):
        fill(cloud, day, 5 + place)
    fill(cloud, DAY, 12, 2)

    said = invoke("daily_report", {"date": DAY})
    report = json.loads(body(cloud, DAY))

    schema.validate(report)
    assert said["page"] == f"s3://{OUTPUT}/daily-reports/{DAY}.html"
    assert (said["files"], said["headline"]) == (12, report["headline"])
    assert body(cloud, DAY) == GOLDEN.read_bytes()


def test_given_a_report_made_again_the_bytes_are_the_same(cloud: Cloud) -> None:
    fill(cloud, BEFORE[-1], 8)
    fill(cloud, DAY, 9)
    invoke("daily_report", {"date": DAY})
    first = body(cloud, DAY), body(cloud, DAY, "html")

    invoke("daily_report", {"date": BEFORE[-1]})
    started = {"id": "arn:late", "started_at": "2026-03-11T23:00:00.000Z"}
    said = invoke("daily_report", {"execution": started})

    assert said["date"] == DAY
    assert (body(cloud, DAY), body(cloud, DAY, "html")) == first


def test_given_reports_of_the_days_before_the_ledger_is_asked_for_one_day_alone(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(cloud, DAY, 3)
    for day in BEFORE:
        fill(cloud, day, 2)
        invoke("daily_report", {"date": day})
    asked = []
    read = report_rows.read_day

    def read_and_note(table: str, day: str) -> Any:
        asked.append(day)
        return read(table, day)

    monkeypatch.setattr(report_rows, "read_day", read_and_note)

    invoke("daily_report", {"date": DAY})

    assert asked == [DAY]
    assert json.loads(body(cloud, DAY))["measures"]["files"]["before"] == [2] * 7


def test_given_a_report_made_before_its_day_was_over_the_ledger_is_asked_again(cloud: Cloud) -> None:
    today = datetime.now(UTC).date()
    tomorrow = (today + timedelta(days=1)).isoformat()
    fill(cloud, today.isoformat(), 2)
    invoke("daily_report", {"date": today.isoformat()})
    fill(cloud, today.isoformat(), 5)

    invoke("daily_report", {"date": tomorrow})

    assert json.loads(body(cloud, tomorrow))["measures"]["files"]["before"][-1] > 2


@pytest.mark.parametrize("kept", [b"{", b'{"format": 0}', b"[]", b"\xff"])
def test_given_a_report_of_another_form_the_ledger_is_asked_again(cloud: Cloud, kept: bytes) -> None:
    fill(cloud, BEFORE[-1], 4)
    cloud.s3.put_object(Bucket=OUTPUT, Key=f"daily-reports/{BEFORE[-1]}.json", Body=kept)

    invoke("daily_report", {"date": DAY})

    assert json.loads(body(cloud, DAY))["measures"]["files"]["before"][-1] == 4


def test_given_a_day_with_nothing_the_report_says_so(cloud: Cloud, schema: Any) -> None:
    said = invoke("daily_report", {"date": DAY})

    schema.validate(json.loads(body(cloud, DAY)))
    assert (said["headline"], said["files"], said["notable"]) == ("Nothing came", 0, [])
    assert "Nothing came." in body(cloud, DAY, "html").decode()


def test_given_more_rows_than_a_page_holds_all_are_read(cloud: Cloud) -> None:
    with cloud.files.batch_writer() as batch:
        for number in range(12):
            row = {"file_id": f"f{number}", "status": "FAILED", "cause": "x" * 200_000, "error": "E"}
            batch.put_item(
                Item={**row, "processed_day": DAY, "processed_at": f"{DAY}T00:00:{number:02}.000Z"}
            )

    said = invoke("daily_report", {"date": DAY})

    assert (said["files"], said["failed"]) == (12, 12)


def test_given_files_that_were_ingested_each_is_in_the_report_of_its_day(cloud: Cloud, schema: Any) -> None:
    order = {"order_id": "1", "customer_id": "c", "order_date": "2026-01-02", "quantity": 1}
    good = json.dumps({**order, "amount": 2, "currency": "EUR"}).encode()
    cloud.put("orders/a.jsonl", good + b"\n{}\n" + good + b"\n")
    ingest("orders/a.jsonl")
    today = datetime.now(UTC).date().isoformat()

    invoke("daily_report", {"date": today})
    report = json.loads(body(cloud, today))

    schema.validate(report)
    assert report["headline"] == "1 file, none failed; 3 records: 33.3 % written, 1 superseded, 1 rejected"
    assert [each["name"] for each in report["files"]["reasons"]] == ["required"]
    assert report["files"]["rejected"][0]["manifest"].endswith("/manifest.json")


@pytest.mark.parametrize(
    ("request_", "day"),
    [
        ({"date": "2026-02-28"}, "2026-02-28"),
        ({"scheduled": "2026-03-01T00:00:00Z"}, "2026-02-28"),
        (
            {
                "scheduled": "2026-03-01T00:00:00Z",
                "execution": {"id": "a", "started_at": "2026-03-05T09:00:00Z"},
            },
            "2026-02-28",
        ),
        ({"execution": {"id": "a", "started_at": "2026-03-01T01:30:00+02:00"}}, "2026-02-27"),
        ({}, "2026-11-20"),
    ],
)
def test_the_day_is_the_one_asked_for_or_the_one_before(request_: Any, day: str) -> None:
    assert reporting.day_of(request_, datetime(2026, 11, 21, 12, tzinfo=UTC)) == day


@pytest.mark.parametrize(
    "request_",
    [
        *({"date": "2026-02-30"}, {"date": "0001-01-01"}, {"date": "today"}, {"day": DAY}, {"date": 3}, []),
        {"execution": {"id": "a", "started_at": "0001-01-01T12:00:00Z"}},
        {"execution": {"id": "a", "started_at": "1990-12-31T23:59:60Z"}},
        {"scheduled": "2990-12-31T23:59:60Z"},
    ],
)
def test_a_day_that_is_none_is_refused(cloud: Cloud, request_: Any) -> None:
    with pytest.raises(errors.InvalidInput):
        invoke("daily_report", request_)


def test_given_the_ledger_cannot_be_asked_the_error_says_so(cloud: Cloud) -> None:
    client("dynamodb").delete_table(TableName=FILES)

    with pytest.raises(errors.ServiceRefused, match="DynamoDB Query"):
        invoke("daily_report", {"date": DAY})
