"""The day's report on the local cloud: each of its numbers, counted again over the files that were sent."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from statewright.local.control import stop_cloud
from statewright.local.places import Places
from tests.e2e.clouds import ROOT, Cloud, command, start_cloud, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SAMPLES = ROOT / "samples"
# The largest sample takes longer than all others; the demo sends it.
LARGEST = "good/orders.jsonl.gz"
ORDER = {"customer_id": "c", "order_date": "2026-01-02", "quantity": 1, "amount": 2.5, "currency": "USD"}
LARGE = {**ORDER, "order_id": "m-large", "amount": 2500}  # the contract alerts above 1000
MESSAGES = [*({**ORDER, "order_id": f"m-{number}"} for number in range(2)), LARGE, {"order_id": "m-broken"}]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A local cloud that was down for two midnights, and whose ledger has but what these tests send."""
    state = tmp_path_factory.mktemp("report")
    down_since = datetime.now(UTC) - timedelta(days=2)
    (state / "schedules.json").write_text(json.dumps({"every_midnight": down_since.isoformat()}))
    try:
        yield start_cloud(state)
    finally:
        stop_cloud(Places(state))


@pytest.fixture(scope="module")
def sent(cloud: Cloud) -> list[dict[str, Any]]:
    """Send the samples, one of them twice under another key, and messages; return what is to be counted."""
    told = [each for each in json.loads((SAMPLES / "expected.json").read_text()) if each["file"] != LARGEST]
    again = next(each for each in told if each["key"] == "orders/orders.csv")
    told.append({**again, "key": "orders/again.csv"})
    for each in told:
        cloud.put(each["key"], (SAMPLES / each["file"]).read_bytes())
    sqs = cloud.client("sqs")
    for message in MESSAGES:
        sqs.send_message(QueueUrl=cloud.env["TRANSACTIONS_URL"], MessageBody=json.dumps(message))

    def worked_on() -> bool:
        day = json.loads(cloud.run("status", "--json").stdout)["day"]
        failed = sum(each["status"] == "FAILED" for each in told)
        files = day["files"]
        read = sum(each["read"] for each in told) + len(MESSAGES)
        return files.get("FAILED") == failed and "PROCESSING" not in files and day["counts"]["read"] == read

    wait_for(worked_on, 90)
    sfn = cloud.client("stepfunctions")
    once_more = json.dumps({"s3Bucket": cloud.env["RAW_BUCKET"], "s3Key": again["key"]})
    arns = [
        sfn.start_execution(stateMachineArn=cloud.env["STATE_MACHINE_ARN"], input=once_more)["executionArn"]
        for _ in range(2)
    ]
    assert [cloud.end_of(arn)["status"] for arn in arns] == ["SUCCEEDED"] * 2
    return told


@pytest.fixture(scope="module")
def report(cloud: Cloud, sent: list[dict[str, Any]]) -> dict[str, Any]:
    """Today's report, made by the command."""
    assert sent
    done = cloud.run("report", "--json", "--date", today())
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    if found["date"] != today():
        pytest.skip("midnight came")
    return found


def today() -> str:
    return datetime.now(UTC).date().isoformat()


def records_of(name: str) -> list[dict[str, Any]]:
    """Return a good sample's records, by plain Python."""
    body = (SAMPLES / name).read_bytes()
    text = (gzip.decompress(body) if name.endswith(".gz") else body).decode("utf-8-sig")
    kind = name.removesuffix(".gz").rpartition(".")[2]
    if kind in ("csv", "tsv"):
        return list(csv.DictReader(io.StringIO(text, newline=""), delimiter="\t" if kind == "tsv" else ","))
    if kind == "jsonl":
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    found = json.loads(text)
    return found if isinstance(found, list) else [found]


def dataset_of(key: str) -> str:
    prefixes = {"orders": "orders", "raw": "sales", "sales": "sales", "user_activity": "user_activity"}
    return prefixes.get(key.partition("/")[0], "none")


def counted(report: dict[str, Any], section: str, kind: str) -> dict[str, int]:
    return {each["name"]: each["count"] for each in report[section][kind]}


def test_files_bytes_statuses_and_types_are_those_of_what_was_sent(
    report: dict[str, Any], sent: list[dict[str, Any]]
) -> None:
    files = report["files"]
    assert files["count"] == len(sent)
    assert files["bytes"] == sum((SAMPLES / each["file"]).stat().st_size for each in sent)
    assert counted(report, "files", "statuses") == Counter(each["status"] for each in sent)
    types = Counter(each["key"].rpartition("/")[2].partition(".")[2] for each in sent)
    assert counted(report, "files", "types") == types
    contents = {(SAMPLES / each["file"]).read_bytes() for each in sent}
    assert files["repeated"] == len(sent) - len(contents) == 1
    assert files["duplicates"] == 2
    assert sum(hour["count"] for hour in files["hours"]) == len(sent)


def test_records_are_those_that_plain_python_reads(
    report: dict[str, Any], sent: list[dict[str, Any]]
) -> None:
    for each in sent:
        if each["file"].startswith("good/"):
            assert each["read"] == each["written"] == len(records_of(each["file"]))
    for name in ("read", "written", "superseded", "quarantined", "alerts"):
        assert report["files"]["records"][name] == sum(each[name] for each in sent), name
    assert report["files"]["violated"] == 0


def test_each_dataset_has_its_own(report: dict[str, Any], sent: list[dict[str, Any]]) -> None:
    found = {each["name"]: each for each in report["files"]["datasets"]}
    for dataset in {dataset_of(each["key"]) for each in sent}:
        of_dataset = [each for each in sent if dataset_of(each["key"]) == dataset]
        assert found.pop(dataset) | {"medians": {}} == {
            "name": dataset,
            "count": len(of_dataset),
            "failed": sum(each["status"] == "FAILED" for each in of_dataset),
            "bytes": sum((SAMPLES / each["file"]).stat().st_size for each in of_dataset),
            **{
                name: sum(each[name] for each in of_dataset)
                for name in ("read", "written", "superseded", "quarantined", "alerts")
            },
            "medians": {},
        }
    assert found == {}


def test_failures_have_their_error_their_place_and_their_execution(
    report: dict[str, Any], sent: list[dict[str, Any]], cloud: Cloud
) -> None:
    failures = {each["key"]: each for each in report["files"]["failures"]}
    assert {key: each["error"] for key, each in failures.items()} == {
        each["key"]: each["error"] for each in sent if each["status"] == "FAILED"
    }
    for each in failures.values():
        described = cloud.client("stepfunctions").describe_execution(executionArn=each["execution"])
        assert described["status"] == "FAILED"
        assert each["cause"]
        assert not each["cause"].startswith("{")


def test_what_stands_out_is_what_plain_python_finds(
    report: dict[str, Any], sent: list[dict[str, Any]]
) -> None:
    sizes = sorted(((SAMPLES / each["file"]).stat().st_size for each in sent), reverse=True)
    assert [each["bytes"] for each in report["files"]["largest"]] == sizes[:10]
    rejected = sorted((each["quarantined"] for each in sent if each["quarantined"]), reverse=True)
    assert [each["records"]["quarantined"] for each in report["files"]["rejected"]] == rejected
    seconds = [each["seconds"] for each in report["files"]["slowest"]]
    assert seconds == sorted(seconds, reverse=True)
    assert seconds[0] == report["files"]["seconds"]["longest"]


# What samples/README.md says is wrong with the records of bad/: an impossible date, a word for a number and
# `1_0`, an empty cell, two ragged rows; two lines that are no JSON; a negative quantity.
def test_reasons_are_those_that_the_samples_were_made_with(report: dict[str, Any]) -> None:
    assert counted(report, "files", "reasons") == {
        "type": 2, "ragged_row": 2, "syntax": 2, "minimum": 1, "format": 1, "required": 1,
    }  # fmt: skip


def test_alerts_have_the_rule_that_raised_them(report: dict[str, Any], sent: list[dict[str, Any]]) -> None:
    assert sum(counted(report, "files", "alert_rules").values()) == sum(each["alerts"] for each in sent)
    assert counted(report, "messages", "alert_rules") == {"large_order": 1}


def test_messages_are_counted_apart(report: dict[str, Any]) -> None:
    messages = report["messages"]
    assert messages["records"] == {"read": 4, "written": 3, "superseded": 0, "quarantined": 1, "alerts": 1}
    assert counted(report, "messages", "reasons") == {"required": 1}
    assert messages["failed"] == 0


def test_the_command_says_the_headline_and_saves_both_forms(
    cloud: Cloud, report: dict[str, Any], tmp_path: Path
) -> None:
    done = cloud.run("report", "--date", report["date"], "--save", tmp_path)

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{report['date']}: {report['headline']}.\n")
    assert f"s3://statewright-output/daily-reports/{report['date']}.html" in done.stdout
    assert json.loads((tmp_path / f"{report['date']}.json").read_bytes()) == report
    assert report["headline"].split(";")[0] in (tmp_path / f"{report['date']}.html").read_text()


def test_by_hand_the_function_and_the_state_machine_report_on_yesterday(cloud: Cloud) -> None:
    before = datetime.now(UTC).date()
    make: Any = boto3.client
    functions = make(
        "lambda",
        endpoint_url=cloud.env["AWS_ENDPOINT_URL_LAMBDA"],
        region_name=cloud.env["AWS_REGION"],
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    answer = functions.invoke(FunctionName="statewright-daily_report", Payload=b"{}")
    invoked = json.loads(answer["Payload"].read())
    sfn = cloud.client("stepfunctions")
    machine = cloud.env["DAILY_REPORT_STATE_MACHINE_ARN"]
    ended = cloud.end_of(sfn.start_execution(stateMachineArn=machine, input="{}")["executionArn"])

    assert json.loads(ended["output"]) == invoked
    assert invoked["headline"] == "Nothing came"
    assert invoked["date"] < before.isoformat() or before != datetime.now(UTC).date()


def test_midnights_that_came_while_the_cloud_was_down_have_their_reports(cloud: Cloud) -> None:
    sfn = cloud.client("stepfunctions")
    machine = cloud.env["DAILY_REPORT_STATE_MACHINE_ARN"]
    listed = sfn.list_executions(stateMachineArn=machine)["executions"]
    scheduled = {each["name"]: each["executionArn"] for each in listed if each["name"].startswith("every_")}

    assert len(scheduled) == 2
    for name, arn in scheduled.items():
        midnight = datetime.strptime(name, "every_midnight-%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        said = json.loads(cloud.end_of(arn)["output"])
        assert said["date"] == (midnight - timedelta(days=1)).date().isoformat()


def test_people_are_told_the_headline_and_the_link(cloud: Cloud) -> None:
    sqs, sns = cloud.client("sqs"), cloud.client("sns")
    url = sqs.create_queue(QueueName="mailbox-of-reports")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=cloud.env["NOTIFICATIONS_TOPIC_ARN"], Protocol="sqs", Endpoint=arn)

    assert cloud.run("report", "--date", "2026-01-02").returncode == 0

    def message() -> Any:
        return sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages")

    notification = json.loads(wait_for(message, 10)[0]["Body"])
    said = json.loads(notification["Message"])
    assert notification["Subject"] == "statewright 2026-01-02: Nothing came"
    assert said["event"] == "daily_report"
    assert said["headline"] == "Nothing came"
    assert said["page"] == "s3://statewright-output/daily-reports/2026-01-02.html"


def test_given_no_local_cloud_the_command_says_so(own_state: Path) -> None:
    done = command("report", "--state", own_state)

    assert done.returncode == 2
    assert "the local cloud is not up" in done.stderr


def test_given_a_report_that_cannot_be_made_the_command_says_why_and_a_dead_letter_is_left(
    cloud: Cloud,
) -> None:
    machine = cloud.env["DAILY_REPORT_STATE_MACHINE_ARN"]
    sfn = cloud.client("stepfunctions")
    ended = cloud.end_of(
        sfn.start_execution(stateMachineArn=machine, input='{"date": "2026-02-30"}')["executionArn"]
    )

    assert (ended["status"], ended["error"]) == ("FAILED", "InvalidInput")
    waiting = json.loads(cloud.run("redrive", "--json").stdout)
    assert ended["executionArn"] in {each["execution"] for each in waiting}
