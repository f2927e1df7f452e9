"""The workflow `daily_report` over a mocked AWS, along every branch that calls it; and its schedule."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from unittest import mock

from pipeline.errors import ServiceRefused
from statewright.engine import Engine, LocalFunctions, VirtualClock, VirtualLoop
from statewright.engine.errors import StateMachineDoesNotExist
from statewright.local import schedules
from statewright.local.names import Names, camel, replace_placeholders
from statewright.permissions import of_call
from statewright.project import read_project
from tests.functions.cloud import ENVIRONMENT, HANDLERS, ROOT, client

if TYPE_CHECKING:
    from statewright.permissions import Where
    from tests.terraform.streamed import Hearing

ROLE = "arn:aws:iam::000000000000:role/statewright"
DEFINITION = ROOT / "statemachines" / "daily_report.asl.json"


def report(recorder: Hearing, letters_url: str) -> None:
    """Report on two days, of which the second reads the report of the first; then fail."""
    for day in ("2026-01-01", "2026-01-02"):
        assert _run(day, letters_url) == "SUCCEEDED"
    recorder.before = {"daily_report": _fail}
    assert _run("2026-01-03", letters_url) == "FAILED"
    recorder.before = {}


def _fail() -> None:
    raise ServiceRefused("DynamoDB Query", "AccessDenied", "nobody may")


def _run(day: str, letters_url: str) -> str:
    known = {
        "DailyReportArn": camel("daily_report"),
        "DeadLettersUrl": letters_url,
        "NotificationsArn": ENVIRONMENT["NOTIFICATIONS_TOPIC_ARN"],
    }
    definition = replace_placeholders(DEFINITION.read_text(encoding="utf-8"), known, DEFINITION.name)

    async def inside() -> str:
        functions = LocalFunctions({camel("daily_report"): HANDLERS["daily_report"]})
        engine = Engine(functions=functions, clients=client, clock=VirtualClock())
        try:
            machine = engine.create_state_machine("daily_report", definition, ROLE)
            started = engine.start_execution(machine.arn, json.dumps({"date": day}))
            return (await engine.wait_for_execution(started.arn)).status
        finally:
            await engine.close()

    with contextlib.redirect_stdout(io.StringIO()), asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(inside())


def scheduled(recorder: Hearing, where: Where) -> None:
    """What each schedule does: it starts its state machine, and where that cannot be, sends a dead letter."""
    for route in schedules.schedules_of(Names(read_project(ROOT), "https://emulator")):
        role = f"schedule/{route.name}"

        def start(machine: str, *_: Any, role: str = role, **__: Any) -> None:
            recorder.hear(role, "states:StartExecution", machine)
            raise StateMachineDoesNotExist(machine)

        def send(role: str = role, **message: Any) -> None:
            for permission in of_call("sqs", "SendMessage", message, where):
                recorder.hear(role, *permission)

        starter: Any = mock.Mock(start_execution=start)
        clients: Any = mock.Mock(return_value=mock.Mock(send_message=send))
        asyncio.run(schedules._start(route, datetime(2026, 1, 1, tzinfo=UTC), starter, clients))
