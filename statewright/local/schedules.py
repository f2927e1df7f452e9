"""Schedules start state machines on the local cloud, as EventBridge Scheduler does on AWS.

A time that came while the local cloud was down is made up for at the next start, as far back as
MAX_MADE_UP times; its execution is told the time that was scheduled, not the one at which it starts. Each
time has an execution of its own name, so that none is started twice. Before the first start nothing was due.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from statewright.cron import Cron, read_cron
from statewright.engine.errors import ApiError, ExecutionAlreadyExists

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from statewright.local.clients import Clients
    from statewright.local.names import Names
    from statewright.local.triggers import ExecutionStarter

# More would be a backlog of reports that nobody asked for; each can be started by hand.
MAX_MADE_UP = 7
# The clock of a machine that slept is looked at again soon.
LONGEST_SLEEP_SECONDS = 30.0
_KEYWORD = re.compile(r"<aws\.scheduler\.([a-z-]+)>")

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ScheduleRoute:
    """One schedule: when it is due, what it starts with which input, where a start goes that cannot be."""

    name: str
    arn: str
    cron: Cron
    state_machine_arn: str
    input: str
    dead_letters_url: str


def schedules_of(names: Names) -> list[ScheduleRoute]:
    """Return the schedules of a project."""
    return [
        ScheduleRoute(
            logical,
            names.schedule_arn(logical),
            read_cron(schedule.expression),
            names.state_machine_arn(schedule.state_machine),
            json.dumps(schedule.input),
            names.queue_url(schedule.dead_letters),
        )
        for logical, schedule in names.project.description.schedules.items()
    ]


async def run_schedules(
    schedules: Sequence[ScheduleRoute],
    engine: ExecutionStarter,
    clients: Clients,
    record: Path,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> None:
    """Start what is due until cancelled; `record` is the file that remembers what was started last."""
    done = _read(record)
    while schedules:
        at = now()
        for schedule in schedules:
            for time in due(schedule, done.get(schedule.name, at), at):
                await _start(schedule, time, engine, clients)
            done[schedule.name] = at
        _write(record, done)
        upcoming = [found for each in schedules if (found := each.cron.after(at)) is not None]
        pause = (
            min((found - now()).total_seconds() for found in upcoming) if upcoming else LONGEST_SLEEP_SECONDS
        )
        await asyncio.sleep(min(max(pause, 0.0), LONGEST_SLEEP_SECONDS))


def due(schedule: ScheduleRoute, last: datetime, now: datetime) -> list[datetime]:
    """Return the times after `last` up to now, the latest MAX_MADE_UP of them."""
    found = list(schedule.cron.between(last, now))
    if len(found) > MAX_MADE_UP:
        _log.warning("%s: %d times are too long ago", schedule.arn, len(found) - MAX_MADE_UP)
    return found[-MAX_MADE_UP:]


async def _start(schedule: ScheduleRoute, time: datetime, engine: ExecutionStarter, clients: Clients) -> None:
    name = execution_name(schedule, time)
    text = input_of(schedule, time, name)
    try:
        engine.start_execution(schedule.state_machine_arn, text, name=name)
    except ExecutionAlreadyExists:
        _log.info("%s was started for %s before", schedule.arn, time.isoformat())
    except ApiError as error:
        _log.warning("%s could not start an execution: %s: %s", schedule.arn, error.code, error.message)
        await asyncio.to_thread(_bury, schedule, time, text, error, clients)


def execution_name(schedule: ScheduleRoute, time: datetime) -> str:
    """Return the name of the one execution that a time has."""
    return f"{schedule.name}-{time:%Y%m%dT%H%M%SZ}"


def input_of(schedule: ScheduleRoute, time: datetime, name: str) -> str:
    """Return an execution's input: keywords are replaced by what the schedule knows, others stay."""
    known = {
        "schedule-arn": schedule.arn,
        "scheduled-time": f"{time:%Y-%m-%dT%H:%M:%SZ}",
        "execution-id": name,
        "attempt-number": "1",
    }
    return _KEYWORD.sub(lambda match: known.get(match[1], match[0]), schedule.input)


def _bury(schedule: ScheduleRoute, time: datetime, text: str, error: ApiError, clients: Clients) -> None:
    """Send the input to the dead letters, with attributes as EventBridge Scheduler sets them.

    https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html
    """
    told = {
        "ERROR_CODE": error.code,
        "ERROR_MESSAGE": error.message or "unknown",
        "SCHEDULED_TIME": f"{time:%Y-%m-%dT%H:%M:%SZ}",
        "SCHEDULE_ARN": schedule.arn,
        "TARGET_ARN": schedule.state_machine_arn,
    }
    clients("sqs").send_message(
        QueueUrl=schedule.dead_letters_url,
        MessageBody=text,
        MessageAttributes={
            name: {"DataType": "String", "StringValue": value[:1000]} for name, value in told.items()
        },
    )


def _read(record: Path) -> dict[str, datetime]:
    try:
        told: dict[str, Any] = json.loads(record.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return {name: datetime.fromisoformat(text) for name, text in told.items()}


def _write(record: Path, done: dict[str, datetime]) -> None:
    draft = record.with_suffix(".new")
    draft.write_text(json.dumps({name: at.isoformat() for name, at in done.items()}), encoding="utf-8")
    draft.replace(record)
