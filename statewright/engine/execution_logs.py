"""Executions' events in CloudWatch Logs, as a state machine's logging configuration says.

Sent in the background as far as that goes: an execution neither waits for it nor fails of it, and no entry is
guaranteed, as on AWS. https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
"""

from __future__ import annotations

import asyncio
import datetime
import logging
import re
import uuid
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from statewright.engine.errors import InvalidLoggingConfiguration
from statewright.engine.payloads import dump

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from statewright.engine.engine import Engine
    from statewright.engine.records import ExecutionRecord, StateMachineRecord

Json = Any
HistoryEvent = dict[str, Any]

# What waits to be sent, or is being sent; more is dropped.
MAX_WAITING_CHARACTERS = 64 * 2**20
# https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
MAX_LOGGED_BYTES = 248 * 2**10
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
BATCH_EVENTS = 10_000
BATCH_BYTES = 1_048_576
EVENT_OVERHEAD_BYTES = 26
CLOSE_SECONDS = 5.0

_GROUP = re.compile(r"arn:aws[a-z-]*:logs:[a-z0-9-]+:\d{12}:log-group:([^:*]{1,512}):\*")
# https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html#cloudwatch-log-level
_FATAL = frozenset({"ExecutionAborted", "ExecutionFailed", "ExecutionTimedOut"})
_ERROR = ("Aborted", "Failed", "TimedOut")
_DATA = ("input", "output")
_FURTHER_DATA = frozenset({"parameters", "assignedVariables", "assignedVariablesDetails"})

log = logging.getLogger(__name__)


def is_logged(level: str, event_type: str) -> bool:
    """Say whether events of a type are logged at a level: ALL, ERROR, FATAL or OFF."""
    if level == "FATAL":
        return event_type in _FATAL
    if level == "ERROR":
        return event_type == "FailStateEntered" or event_type.endswith(_ERROR)
    return level == "ALL"


@dataclass(frozen=True)
class Entry:
    """What is to be sent: where to, when it happened (milliseconds since 1970), and what."""

    group: str
    stream: str
    timestamp: int
    message: str


class ExecutionLogs:
    """What an engine sends to CloudWatch Logs, and what it knows of the groups there."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._run = uuid.uuid4().hex[:8]
        self._waiting: deque[Entry] = deque()
        self._characters = 0
        self._streams: set[tuple[str, str]] = set()
        self._sending: asyncio.Task[None] | None = None

    async def check_destination(self, configuration: Mapping[str, Json]) -> None:
        """Raise InvalidLoggingConfiguration where the group of a configuration is known not to be there.

        Where nobody answers for CloudWatch Logs, nothing is known.
        """
        group = group_of(configuration)
        if group is None or configuration.get("level", "OFF") == "OFF":
            return
        try:
            found = await self._engine.call_in_thread(self._groups_like, group)
        except Exception as problem:  # noqa: BLE001 - whatever the client raises, it did not answer
            log.warning("log group %s could not be looked up: %s", group, problem)
            return
        if found is not None and group not in found:
            raise InvalidLoggingConfiguration("Invalid Logging Configuration: Log Destination not found.")

    def listener(
        self, machine: StateMachineRecord, record: ExecutionRecord
    ) -> Callable[[HistoryEvent], None] | None:
        """Give what is to be called with every event of an execution; None where nothing is logged."""
        level = machine.logging.get("level", "OFF")
        if level == "OFF" or self._engine.clients is None:
            return None
        group = group_of(machine.logging)
        if group is None:
            return None
        started = datetime.datetime.fromtimestamp(machine.updated_at or machine.created_at, datetime.UTC)
        stream = f"states/{machine.name}/{started:%Y-%m-%d-%H-%M}/{self._run}"
        with_data = bool(machine.logging.get("includeExecutionData"))

        def listen(event: HistoryEvent) -> None:
            if is_logged(level, event["type"]):
                message = dump(log_entry(event, record, with_data=with_data))
                self._add(Entry(group, stream, round(event["timestamp"] * 1000), message))

        return listen

    async def close(self) -> None:
        """Send what waits, as far as it can be sent within CLOSE_SECONDS."""
        if self._sending is not None:
            await asyncio.wait({self._sending}, timeout=CLOSE_SECONDS)
            self._sending.cancel()

    def _add(self, entry: Entry) -> None:
        if self._characters + len(entry.message) > MAX_WAITING_CHARACTERS:
            log.warning("too much waits to be logged: an event of %s is dropped", entry.stream)
            return
        self._characters += len(entry.message)
        self._waiting.append(entry)
        if self._sending is None or self._sending.done():
            self._sending = asyncio.get_running_loop().create_task(self._send_all())

    async def _send_all(self) -> None:
        while self._waiting:
            batches = self._take()
            for (group, stream), entries in batches.items():
                try:
                    await self._engine.call_in_thread(self._send, group, stream, entries)
                except Exception as problem:  # noqa: BLE001 - logs are sent as far as that goes
                    log.warning("%d events were not logged in %s: %s", len(entries), group, problem)
                self._characters -= sum(len(entry.message) for entry in entries)

    def _take(self) -> dict[tuple[str, str], list[Entry]]:
        taken: dict[tuple[str, str], list[Entry]] = {}
        while self._waiting:
            entry = self._waiting.popleft()
            taken.setdefault((entry.group, entry.stream), []).append(entry)
        return taken

    # --- in a thread ---

    def _client(self) -> Any:
        return None if self._engine.clients is None else self._engine.clients("logs")

    def _groups_like(self, group: str) -> set[str] | None:
        client = self._client()
        if client is None:
            return None
        answer = client.describe_log_groups(logGroupNamePrefix=group)
        return {each["logGroupName"] for each in answer["logGroups"]}

    def _send(self, group: str, stream: str, entries: Sequence[Entry]) -> None:
        client = self._client()
        if client is None:
            return
        where = {"logGroupName": group, "logStreamName": stream}
        if (group, stream) not in self._streams:
            _create_stream(client, where)
            self._streams.add((group, stream))
        for batch in batches_of(sorted(entries, key=lambda entry: entry.timestamp)):
            events = [{"timestamp": each.timestamp, "message": each.message} for each in batch]
            try:
                client.put_log_events(**where, logEvents=events)
            except Exception:
                self._streams.discard((group, stream))  # it may have gone, and come again
                raise


def group_of(configuration: Mapping[str, Json]) -> str | None:
    """Give the name of the log group in a logging configuration.

    Raises InvalidLoggingConfiguration where its ARN is not one of a group.
    """
    for destination in configuration.get("destinations", ()):
        arn = destination.get("cloudWatchLogsLogGroup", {}).get("logGroupArn", "")
        match = _GROUP.fullmatch(arn)
        if match is None:
            raise InvalidLoggingConfiguration(
                "Invalid Logging Configuration: Must specify a log group's ARN that ends with ':*'."
            )
        return match[1]
    return None


def log_entry(event: HistoryEvent, record: ExecutionRecord, *, with_data: bool) -> dict[str, Json]:
    """Give what is logged of an event; its data only where they are asked for, and cut at 248 KiB."""
    found = (value for key, value in event.items() if key.endswith("EventDetails"))
    details: Mapping[str, Json] = next(found, {})
    return {
        "id": str(event["id"]),
        "type": event["type"],
        "details": _cut(details) if with_data else _without_data(details),
        "previous_event_id": str(event["previousEventId"]),
        "event_timestamp": str(round(event["timestamp"] * 1000)),
        "execution_arn": record.arn,
        "redrive_count": str(record.redrive_count),
    }


def batches_of(entries: Sequence[Entry]) -> Sequence[Sequence[Entry]]:
    """Cut entries into as many requests as CloudWatch Logs wants."""
    batches: list[list[Entry]] = []
    size = BATCH_BYTES
    for entry in entries:
        own = len(entry.message.encode()) + EVENT_OVERHEAD_BYTES
        if size + own > BATCH_BYTES or len(batches[-1]) == BATCH_EVENTS:
            batches.append([])
            size = 0
        batches[-1].append(entry)
        size += own
    return batches


def _create_stream(client: Any, where: Mapping[str, str]) -> None:
    try:
        client.create_log_stream(**where)
    except Exception as problem:
        if type(problem).__name__ != "ResourceAlreadyExistsException":
            raise


def _without_data(details: Mapping[str, Json]) -> dict[str, Json]:
    left_out = {*_DATA, *(f"{name}Details" for name in _DATA), *_FURTHER_DATA}
    return {name: value for name, value in details.items() if name not in left_out}


def _cut(details: Mapping[str, Json]) -> dict[str, Json]:
    cut = dict(details)
    for name in _DATA:
        text = cut.get(name)
        if isinstance(text, str) and len(dump(text).encode()) > MAX_LOGGED_BYTES:
            cut[name] = dump(text).encode()[:MAX_LOGGED_BYTES].decode(errors="ignore")
            cut[f"{name}Details"] = {"truncated": True}
    return cut
