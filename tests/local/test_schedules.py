"""Schedules of the local cloud: each time once, also those that came while it was down."""

from __future__ import annotations

import asyncio
import contextlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from statewright.cron import read_cron
from statewright.engine.errors import ExecutionAlreadyExists, StateMachineDoesNotExist
from statewright.local.dead_letters import Message, queues_of
from statewright.local.names import Names
from statewright.local.schedules import MAX_MADE_UP, ScheduleRoute, due, run_schedules, schedules_of
from statewright.local.waiting import waiting_of
from statewright.project import InvalidDescription, read_project

MIDNIGHT = ScheduleRoute(
    name="every_midnight",
    arn="arn:aws:scheduler:us-east-1:000000000000:schedule/shop/shop-every_midnight",
    cron=read_cron("cron(0 0 * * ? *)"),
    state_machine_arn="arn:machine",
    input='{"scheduled": "<aws.scheduler.scheduled-time>", "other": "<aws.scheduler.unknown>"}',
    dead_letters_url="http://queue",
)
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class Engine:
    """Notes what it is asked to start."""

    def __init__(self, error: Exception | None = None) -> None:
        self.running: dict[str, object] = {}
        self.started: list[tuple[str, dict[str, Any], str | None]] = []
        self._error = error

    def start_execution(self, state_machine_arn: str, input: str = "{}", name: str | None = None) -> None:  # noqa: A002
        self.started.append((state_machine_arn, json.loads(input), name))
        if self._error is not None:
            raise self._error


class Queue:
    """Notes what it is sent."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def __call__(self, service: str) -> Any:
        assert service == "sqs"
        return self

    def send_message(self, **message: Any) -> None:
        self.sent.append(message)


def run(engine: Engine, record: Path, now: datetime, queue: Queue | None = None) -> None:
    """Let schedules run until they sleep."""

    async def scenario() -> None:
        with contextlib.suppress(TimeoutError):
            clients: Any = queue or Queue()
            await asyncio.wait_for(run_schedules([MIDNIGHT], engine, clients, record, lambda: now), 0.2)

    asyncio.run(scenario())


def test_given_a_first_start_nothing_was_due_before(tmp_path: Path) -> None:
    engine = Engine()
    run(engine, tmp_path / "schedules.json", NOW)
    assert engine.started == []


def test_given_midnights_that_came_while_it_was_down_each_is_made_up_for_with_its_time(
    tmp_path: Path,
) -> None:
    engine, record = Engine(), tmp_path / "schedules.json"
    run(engine, record, NOW - timedelta(days=2))

    run(engine, record, NOW)
    run(engine, record, NOW)

    assert [(machine, name) for machine, _, name in engine.started] == [
        ("arn:machine", "every_midnight-20261120T000000Z"),
        ("arn:machine", "every_midnight-20261121T000000Z"),
    ]
    assert engine.started[-1][1] == {
        "scheduled": "2026-11-21T00:00:00Z",
        "other": "<aws.scheduler.unknown>",
    }


def test_given_a_cloud_that_was_down_for_long_the_latest_times_are_made_up_for() -> None:
    for days in (MAX_MADE_UP, MAX_MADE_UP + 1, 100):
        found = due(MIDNIGHT, NOW - timedelta(days=days), NOW)
        assert len(found) == MAX_MADE_UP
        assert found[-1] == NOW.replace(hour=0)


def test_given_a_time_that_was_started_before_it_is_left_alone(tmp_path: Path) -> None:
    engine, queue = Engine(ExecutionAlreadyExists("it exists")), Queue()
    run(Engine(), tmp_path / "s", NOW - timedelta(days=1))

    run(engine, tmp_path / "s", NOW, queue)

    assert len(engine.started) == 1
    assert queue.sent == []


def test_given_a_start_that_is_refused_it_goes_to_the_dead_letters_with_its_reason(tmp_path: Path) -> None:
    engine, queue = Engine(StateMachineDoesNotExist("arn:machine")), Queue()
    run(Engine(), tmp_path / "s", NOW - timedelta(days=1))

    run(engine, tmp_path / "s", NOW, queue)

    (message,) = queue.sent
    assert message["QueueUrl"] == "http://queue"
    assert json.loads(message["MessageBody"])["scheduled"] == "2026-11-21T00:00:00Z"
    assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "StateMachineDoesNotExist"
    assert message["MessageAttributes"]["SCHEDULE_ARN"]["StringValue"] == MIDNIGHT.arn


def test_this_project_reports_every_midnight() -> None:
    names = Names(read_project(Path(__file__).parents[2]), "http://127.0.0.1:4566")

    (found,) = schedules_of(names)

    assert found.cron.after(NOW) == datetime(2026, 11, 22, tzinfo=UTC)
    assert found.state_machine_arn.endswith(":stateMachine:statewright-daily_report")
    assert names.placeholders()["DailyReportArn"].endswith(":function:statewright-daily_report")


def test_given_a_start_that_was_refused_redrive_knows_what_was_to_start(tmp_path: Path) -> None:
    names = Names(read_project(Path(__file__).parents[2]), "http://127.0.0.1:4566")
    (schedule,) = schedules_of(names)
    told = {
        "SCHEDULE_ARN": schedule.arn,
        "SCHEDULED_TIME": "2026-11-21T00:00:00Z",
        "ERROR_CODE": "Throttling",
    }
    letter = Message("undelivered_events", "id", "receipt", 1.0, "{}", told)
    strange = Message("undelivered_events", "other", "receipt", 2.0, "{}", {"SCHEDULE_ARN": "arn:other"})

    found, poison = waiting_of(names, [letter, strange])

    assert (found.kind, found.action, found.error) == ("undelivered", "start", "Throttling")
    assert found.machine == schedule.state_machine_arn
    assert found.name == "every_midnight-20261121T000000Z"
    assert json.loads(found.input or "") == {"scheduled": "2026-11-21T00:00:00Z"}
    assert poison.kind == "poison"
    assert "undelivered_events" in queues_of(names)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"expression": "rate(1 day)"}, r"schedules\.nightly: 'rate\(1 day\)' is not cron"),
        ({"state_machine": "none"}, "no state machine named 'none'"),
        ({"dead_letters": "none"}, "no queue named 'none'"),
        ({"missing_after_hours": 169}, "missing_after_hours"),
    ],
)
def test_a_schedule_that_cannot_work_is_refused(
    tmp_path: Path, changes: dict[str, str | int], reason: str
) -> None:
    (tmp_path / "machine.json").write_text("{}")
    schedule = {
        "expression": "cron(0 0 * * ? *)",
        "state_machine": "sweep",
        "dead_letters": "lost",
        "missing_after_hours": 26,
    }
    description = {
        "name": "shop",
        "queues": {"lost": {}},
        "functions": {"sweep": {}},
        "state_machines": {"sweep": {"definition": "machine.json"}},
        "schedules": {"nightly": {**schedule, **changes}},
    }
    (tmp_path / "pipeline.json").write_text(json.dumps(description))

    with pytest.raises(InvalidDescription, match=reason):
        read_project(tmp_path)
