"""The log lines of one call: from the local cloud's files, from CloudWatch Logs, or none, and why."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from statewright.view.endpoint import Endpoint, find_endpoint
from statewright.view.log_lines import MAX_LOG_LINES, function_of, log_lines
from statewright.view.visits import Attempt
from statewright.view.watch import read_once

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from statewright.view.project_files import ProjectFiles
    from tests.view.conftest import Shop

ID = "0a1b2c3d-0000-4000-8000-00000000000a"
OTHER = "0a1b2c3d-0000-4000-8000-00000000000b"


class Told:
    """As much of a watch as one call needs: its two events."""

    def __init__(self, scheduled: dict[str, Any], ended: dict[str, Any], service: Any = None) -> None:
        self.log = {
            1: {"type": "TaskScheduled", "taskScheduledEventDetails": scheduled},
            2: {"type": "TaskSucceeded", "taskSucceededEventDetails": ended},
        }
        self.endpoint = Endpoint(None, "AWS eu-west-1", is_local=False, service=service)


INVOKE = {"parameters": '{"FunctionName": "arn:aws:lambda:eu-west-1:000000000000:function:shop-price:3"}'}
DONE = {"output": f'{{"SdkResponseMetadata": {{"RequestId": "{ID}"}}}}'}
NOW = time.time()
ATTEMPT = Attempt(first=1, started_at=NOW, last=2, ended_at=NOW + 1)


@pytest.mark.parametrize(
    ("scheduled", "name"),
    [
        (INVOKE, "shop-price"),
        ({"parameters": '{"FunctionName": "price:PROD"}'}, "price"),
        ({"resource": "arn:aws:lambda:eu-west-1:000000000000:function:price"}, "price"),
        ({"parameters": '{"FunctionName": "../../etc/passwd"}'}, None),
        ({"parameters": '{"FunctionName": ["a"]}'}, None),
        ({"resource": "sendMessage", "parameters": "{}"}, None),
    ],
)
def test_given_a_call_its_function_is_told_by_its_name(scheduled: dict, name: str | None) -> None:
    assert function_of(Told(scheduled, DONE), ATTEMPT) == name


@pytest.fixture
def files(shop: Shop, tmp_path: Path) -> ProjectFiles:
    from dataclasses import replace

    return replace(shop.files, logs=tmp_path)


def write(folder: Path, *requests: tuple[str, int]) -> None:
    with (folder / "shop-price.log").open("w") as log:
        for request, count in requests:
            log.write(f"START RequestId: {request} Version: $LATEST\n")
            log.writelines(f"line {number}\n" for number in range(count))
            log.write(f"END RequestId: {request}\nREPORT RequestId: {request}\tDuration: 1 ms\n")


def test_given_a_file_of_many_requests_the_lines_of_one_are_told(files: ProjectFiles) -> None:
    write(files.logs, (OTHER, 2), (ID, 1), (OTHER, 3))
    told = log_lines(Told(INVOKE, DONE), ATTEMPT, files)
    assert told["lines"] == [
        f"START RequestId: {ID} Version: $LATEST", "line 0",
        f"END RequestId: {ID}", f"REPORT RequestId: {ID}\tDuration: 1 ms",
    ]  # fmt: skip
    assert told["left"] == 0


@pytest.mark.parametrize("over", [0, 1])
def test_given_more_lines_than_are_told_the_last_ones_are_and_how_many_came_before(
    files: ProjectFiles, over: int
) -> None:
    write(files.logs, (ID, MAX_LOG_LINES - 3 + over))
    told = log_lines(Told(INVOKE, DONE), ATTEMPT, files)
    assert len(told["lines"]) == MAX_LOG_LINES
    assert told["left"] == over
    assert told["lines"][-1].startswith("REPORT")


def test_given_an_error_its_cause_tells_the_request(shop: Shop) -> None:
    watch = read_once(find_endpoint(shop.cloud.url), shop.failed)
    try:
        told = log_lines(watch, watch.story.visits[0].attempts[0], shop.files)
    finally:
        watch.close()
    assert told["notice"] is None
    assert any("pricing none" in line for line in told["lines"])
    assert not any("pricing a1" in line for line in told["lines"])


@pytest.mark.parametrize(
    ("scheduled", "ended", "said"),
    [
        ({"parameters": "{}"}, DONE, "calls no function"),
        (INVOKE, {"output": "{}"}, "no request id"),
        (INVOKE, {"output": '{"SdkResponseMetadata": {"RequestId": "../x"}}'}, "no request id"),
        (INVOKE, DONE, "no lines of this request"),
    ],
)
def test_given_nothing_to_tell_it_is_said_why(
    files: ProjectFiles, scheduled: dict, ended: dict, said: str
) -> None:
    told = log_lines(Told(scheduled, ended), ATTEMPT, files)
    assert told["lines"] == []
    assert said in told["notice"]


def test_given_a_timeout_the_text_of_its_cause_tells_the_request(files: ProjectFiles) -> None:
    write(files.logs, (ID, 0))
    cause = {"cause": f'{{"errorMessage": "RequestId: {ID} Error: Task timed out after 3.00 seconds"}}'}
    assert log_lines(Told(INVOKE, cause), ATTEMPT, files)["lines"]


@pytest.fixture
def cloudwatch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        yield boto3.client("logs", region_name="eu-west-1")


def test_given_cloudwatch_logs_the_lines_between_the_first_and_the_last_of_the_request_are_told(
    cloudwatch: Any,
) -> None:
    cloudwatch.create_log_group(logGroupName="/aws/lambda/shop-price")
    cloudwatch.create_log_stream(logGroupName="/aws/lambda/shop-price", logStreamName="s")
    messages = [
        f"REPORT RequestId: {OTHER}\n", f"START RequestId: {ID} Version: 3\n", "printed, without an id\n",
        f"[INFO] {ID} logged\n", f"REPORT RequestId: {ID}\n", f"START RequestId: {OTHER}\n",
    ]  # fmt: skip
    events = [{"timestamp": int(NOW * 1000) + at, "message": text} for at, text in enumerate(messages)]
    cloudwatch.put_log_events(logGroupName="/aws/lambda/shop-price", logStreamName="s", logEvents=events)
    told = log_lines(Told(INVOKE, DONE, lambda name: cloudwatch), ATTEMPT, None)
    assert told["lines"] == [text.rstrip("\n") for text in messages[1:5]]


def test_given_no_log_group_it_is_no_data(cloudwatch: Any) -> None:
    told = log_lines(Told(INVOKE, DONE, lambda name: cloudwatch), ATTEMPT, None)
    assert told["lines"] == []
    assert "/aws/lambda/shop-price cannot be read (ResourceNotFoundException)" in told["notice"]
    assert "no logs" in log_lines(Told(INVOKE, DONE), ATTEMPT, None)["notice"]
