"""The workflow of the daily report on the engine: when it waits, whom it tells, how it fails."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from statewright.engine import Engine, LocalFunctions, VirtualClock, VirtualLoop

DEFINITION = Path(__file__).parents[2] / "statemachines" / "daily_report.asl.json"
ROLE = "arn:aws:iam::000000000000:role/statewright"
MADE = {
    "date": "2026-11-20",
    "headline": "2 files, 1 failed",
    "notable": [],
    "subject": "statewright 2026-11-20: 2 files, 1 failed",
    "page": "s3://output/daily-reports/2026-11-20.html",
    "report": "s3://output/daily-reports/2026-11-20.json",
    "files": 2,
    "failed": 1,
    "usd": 0.25,
}


class InvalidInput(Exception):  # noqa: N818
    """As the function raises it."""


class Services:
    """SNS and SQS that note what they are sent; `down` is the one that does not answer."""

    def __init__(self, down: str = "") -> None:
        self.down = down
        self.published: list[dict[str, Any]] = []
        self.sent: list[dict[str, Any]] = []

    def __call__(self, service: str) -> Any:
        import boto3

        client: Any = boto3.client(service, "us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
        client.publish = self._noting("sns", self.published)
        client.send_message = self._noting("sqs", self.sent)
        return client

    def _noting(self, service: str, calls: list[dict[str, Any]]) -> Any:
        def call(**arguments: Any) -> dict[str, Any]:
            if service == self.down:
                raise TimeoutError
            calls.append(arguments)
            return {"MessageId": "1", "ResponseMetadata": {"HTTPStatusCode": 200, "HTTPHeaders": {}}}

        return call


def run(
    answer: Any, services: Services, started: str, request: dict[str, Any]
) -> tuple[Any, float, list[Any]]:
    """Run the workflow; return how it ended, after how many seconds, and what its function was asked."""
    asked: list[Any] = []

    def function(event: Any, context: Any) -> Any:
        asked.append(event)
        if isinstance(answer, Exception):
            raise answer
        return answer

    text = re.sub(r"\$\{(\w+)\}", lambda match: match[1].removesuffix("Arn"), DEFINITION.read_text())
    clock = VirtualClock(datetime.fromisoformat(started).timestamp())

    async def inside() -> Any:
        engine = Engine(functions=LocalFunctions({"DailyReport": function}), clients=services, clock=clock)
        try:
            machine = engine.create_state_machine("daily_report", text, ROLE)
            execution = engine.start_execution(machine.arn, json.dumps(request))
            return await engine.wait_for_execution(execution.arn)
        finally:
            await engine.close()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        ended = runner.run(inside())
    return ended, ended.stop_date - ended.start_date, asked


@pytest.mark.parametrize(
    ("started", "seconds"),
    [
        ("2026-11-21T00:00:00+00:00", 60),
        ("2026-11-21T00:00:59+00:00", 1),
        ("2026-11-21T00:01:00+00:00", 0),
        ("2026-11-21T23:59:59+00:00", 0),
    ],
)
def test_given_a_start_at_midnight_it_waits_for_the_index(started: str, seconds: int) -> None:
    services = Services()
    ended, took, asked = run(MADE, services, started, {"scheduled": "2026-11-21T00:00:00Z"})

    assert ended.status == "SUCCEEDED", ended.cause
    assert seconds <= took < seconds + 1
    assert asked[0]["scheduled"] == "2026-11-21T00:00:00Z"
    assert asked[0]["execution"]["started_at"].startswith(started[:19])


def test_given_a_report_people_are_told_the_headline_and_the_links() -> None:
    services = Services()
    ended, _, _ = run(MADE, services, "2026-11-21T08:00:00+00:00", {})

    (told,) = services.published
    assert told["Subject"] == MADE["subject"]
    assert json.loads(told["Message"]) == {
        "event": "daily_report",
        **{name: MADE[name] for name in ("date", "headline", "notable", "page", "report")},
    }
    assert told["MessageAttributes"]["severity"]["StringValue"] == "warning"
    assert json.loads(ended.output) == MADE


def test_given_a_quiet_day_the_message_is_for_information() -> None:
    services = Services()
    run({**MADE, "failed": 0}, services, "2026-11-21T08:00:00+00:00", {})

    assert services.published[0]["MessageAttributes"]["severity"]["StringValue"] == "info"


def test_given_a_report_that_cannot_be_made_it_leaves_a_dead_letter_tells_people_and_fails() -> None:
    services = Services()
    ended, _, _ = run(InvalidInput("why"), services, "2026-11-21T08:00:00+00:00", {"date": "2026-02-30"})

    assert (ended.status, ended.error) == ("FAILED", "InvalidInput")
    (letter,) = services.sent
    body = json.loads(letter["MessageBody"])
    assert (body["input"], body["error"], body["execution"]) == (
        {"date": "2026-02-30"},
        "InvalidInput",
        ended.arn,
    )
    (told,) = services.published
    assert json.loads(told["Message"])["event"] == "failed"


def test_given_people_that_cannot_be_told_of_a_report_it_fails_and_leaves_a_dead_letter() -> None:
    services = Services(down="sns")
    ended, _, _ = run(MADE, services, "2026-11-21T08:00:00+00:00", {})

    assert ended.status == "FAILED"
    assert len(services.sent) == 1
