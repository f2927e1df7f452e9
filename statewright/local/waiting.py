"""What waits for a redrive: messages of the dead-letter queues, and executions that were cut off.

Every one has an id of twelve hex digits, which follows from what it is about: an execution is there once,
however many messages tell of it, and a new start has a name that follows from it too, so that starting twice
starts once (https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import ClientError, ParamValidationError

from statewright.engine.errors import InvalidName
from statewright.engine.names import check_name
from statewright.local.ledger import file_id_of, read_items, rows_of
from statewright.local.schedules import execution_name, input_of, schedules_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from statewright.local.clients import Clients
    from statewright.local.dead_letters import Message
    from statewright.local.ledger import Row
    from statewright.local.names import Names
    from statewright.project import Rule

ID_DIGITS = 12
TOLD = "told"  # the table that keeps why messages were refused
# failed: its failure branch told of it. undelivered: an event that started nothing. cut_off: an execution
# that could not tell of its end. rejected: a message that was received so often in vain that its queue gave
# it up. poison: a message that is none of these.
Kind = Literal["failed", "undelivered", "cut_off", "rejected", "poison"]
# start: a new execution with the same input. redrive: RedriveExecution. send: back into its queue. settle:
# nothing but to remove it.
Action = Literal["start", "redrive", "send", "settle", "none"]


@dataclass(frozen=True)
class ObjectVersion:
    """An object that an execution is about; parts that are not known are None."""

    bucket: str | None = None
    key: str | None = None
    version: str | None = None
    file_id: str | None = None


@dataclass(frozen=True)
class Waiting:
    """Something that waits, and what a redrive would do about it; `since` in seconds since the epoch.

    `execution` is the one that failed or was cut off, `name` that of a new start, `input` its input as far
    as the message has it, `settled_by` the execution that has ingested the object meanwhile; `newer` says
    that the object has a newer version.
    """

    id: str
    kind: Kind
    since: float
    action: Action
    error: str | None = None
    cause: str | None = None
    file: ObjectVersion = ObjectVersion()
    execution: str | None = None
    machine: str | None = None
    name: str | None = None
    input: str | None = None
    settled_by: str | None = None
    newer: bool = False
    messages: tuple[Message, ...] = ()


def digest_of(identity: str) -> str:
    """Return 32 hex digits for what something is about."""
    return hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def restart_name(execution: str) -> str:
    """Return the name of the one new start that a failed execution may have."""
    return f"redrive-{digest_of(execution)}"


def machine_of(execution: str) -> str:
    """Return the ARN of the state machine of an execution."""
    return execution.rpartition(":")[0].replace(":execution:", ":stateMachine:", 1)


def execution_of(machine: str, name: str) -> str:
    """Return the ARN of an execution by its name."""
    return f"{machine.replace(':stateMachine:', ':execution:', 1)}:{name}"


def object_of(request: Any) -> ObjectVersion:
    """Return the object that an execution's input names, as CollectData understands it."""
    if not isinstance(request, dict):
        return ObjectVersion()
    if "s3Key" in request:
        return _object(request.get("s3Bucket"), request["s3Key"], request.get("s3VersionId"))
    detail = _mapping(request.get("detail"))
    found = _mapping(detail.get("object"))
    return _object(_mapping(detail.get("bucket")).get("name"), found.get("key"), found.get("version-id"))


def _object(bucket: Any, key: Any, version: Any) -> ObjectVersion:
    texts = [each if isinstance(each, str) else None for each in (bucket, key, version)]
    bucket, key, version = texts
    known = bucket is not None and key is not None and version is not None
    return ObjectVersion(bucket, key, version, file_id_of(bucket, key, version) if known else None)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def waiting_of(names: Names, messages: Iterable[Message]) -> list[Waiting]:
    """Return what messages tell of, the oldest first; messages of one execution are one."""
    found: dict[str, Waiting] = {}
    for message in sorted(messages, key=lambda each: each.sent):
        each = _read(names, message)
        first = found.setdefault(each.id, each)
        if first is not each:
            found[each.id] = replace(first, messages=(*first.messages, message))
    return list(found.values())


def _read(names: Names, message: Message) -> Waiting:
    if source_of(names, message.queue) is not None:
        return _rejected(message)
    try:
        body = json.loads(message.body)
        if not isinstance(body, dict):
            return _poison(message)
        return (
            _scheduled(names, message)
            or _failed(names, message, body)
            or _undelivered(names, message, body)
            or _poison(message)
        )
    except (ValueError, RecursionError):
        return _poison(message)


def _failed(names: Names, message: Message, body: dict[str, Any]) -> Waiting | None:
    """Read what the state SendToDeadLetters sends."""
    execution = body.get("execution")
    if not isinstance(execution, str) or "input" not in body or machine_of(execution) not in _machines(names):
        return None
    told, file = _mapping(body.get("file")), object_of(body["input"])
    named = _object(told.get("bucket"), told.get("key"), told.get("version"))
    return Waiting(
        id=digest_of(execution)[:ID_DIGITS],
        kind="failed",
        since=message.sent,
        action="start",
        error=_text(body.get("error")),
        cause=_text(body.get("cause")),
        file=named if named.file_id else replace(file, key=file.key or named.key),
        execution=execution,
        machine=machine_of(execution),
        name=restart_name(execution),
        input=json.dumps(body["input"], ensure_ascii=False),
        messages=(message,),
    )


def _scheduled(names: Names, message: Message) -> Waiting | None:
    """Read what a schedule could not start; what it was to start follows from pipeline.json and the time.

    https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html
    """
    told = message.attributes
    for schedule in schedules_of(names):
        if told.get("SCHEDULE_ARN") != schedule.arn or "SCHEDULED_TIME" not in told:
            continue
        at = datetime.fromisoformat(told["SCHEDULED_TIME"]).astimezone(UTC)
        name = execution_name(schedule, at)
        return Waiting(
            id=digest_of(f"{schedule.state_machine_arn}\n{name}")[:ID_DIGITS],
            kind="undelivered",
            since=message.sent,
            action="start",
            error=told.get("ERROR_CODE", "Undelivered"),
            cause=told.get("ERROR_MESSAGE", "no start was answered, however often it was tried"),
            machine=schedule.state_machine_arn,
            name=name,
            input=input_of(schedule, at, name),
            messages=(message,),
        )
    return None


def _undelivered(names: Names, message: Message, body: dict[str, Any]) -> Waiting | None:
    """Read an event that a rule could not deliver.

    Its attributes: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
    """
    rule = _rule_of(names, message)
    wanted = (("id", str), ("source", str), ("detail-type", str), ("detail", dict))
    if rule is None or not all(isinstance(body.get(name), kind) for name, kind in wanted):
        return None
    try:
        check_name(body["id"])  # no rule starts an execution without one
    except InvalidName:
        return None
    machine = names.state_machine_arn(rule.state_machine)
    return Waiting(
        id=digest_of(f"{machine}\n{body['id']}")[:ID_DIGITS],
        kind="undelivered",
        since=message.sent,
        action="start",
        error=message.attributes.get("ERROR_CODE", "Undelivered"),
        cause=message.attributes.get("ERROR_MESSAGE", "no start was answered, however often it was tried"),
        file=object_of(body),
        machine=machine,
        name=body["id"],
        input=message.body,
        messages=(message,),
    )


def source_of(names: Names, dead_letters: str) -> str | None:
    """Return the queue whose messages end in this one, None where that is none."""
    for logical, queue in names.project.description.queues.items():
        if queue.dead_letters == dead_letters:
            return logical
    return None


def _rejected(message: Message) -> Waiting:
    return Waiting(
        id=digest_of(f"{message.queue}\n{message.id}")[:ID_DIGITS],
        kind="rejected",
        since=message.sent,
        action="send",
        error="Rejected",
        cause="no reason was kept: its batches failed as a whole",
        messages=(message,),
    )


def with_reasons(names: Names, clients: Clients, found: Iterable[Waiting]) -> list[Waiting]:
    """Return the same, where rejected messages have the reason that the pipeline has kept beside them."""
    listed = list(found)
    ids = [each.messages[0].id for each in listed if each.kind == "rejected"]
    if TOLD not in names.tables():
        return listed
    rows = read_items(clients, names.of(TOLD), "id", (f"message:{each}" for each in ids))
    return [_with_reason(each, rows) for each in listed]


def _with_reason(waiting: Waiting, rows: Mapping[str, Any]) -> Waiting:
    row = rows.get(f"message:{waiting.messages[0].id}") if waiting.kind == "rejected" else None
    if row is None:
        return waiting
    rule, pointer, reason = (row[name]["S"] for name in ("rule", "pointer", "reason"))
    return replace(waiting, error=rule, cause=f"{pointer}: {reason}" if pointer else reason)


def _poison(message: Message) -> Waiting:
    return Waiting(
        id=digest_of(f"{message.queue}\n{message.id}")[:ID_DIGITS],
        kind="poison",
        since=message.sent,
        action="none",
        error="Poison",
        cause=f"the message in {message.queue} tells of no execution and is no event of this project's rules",
        messages=(message,),
    )


def _rule_of(names: Names, message: Message) -> Rule | None:
    rules = names.project.description.rules
    wanted = message.attributes.get("RULE_ARN")
    for logical, rule in rules.items():
        if rule.dead_letters == message.queue and wanted in (None, names.rule_arn(logical)):
            return rule
    return None


def _machines(names: Names) -> set[str]:
    return {names.state_machine_arn(each) for each in names.project.description.state_machines}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def settled(names: Names, clients: Clients, found: Iterable[Waiting]) -> list[Waiting]:
    """Return the same, where those whose object was ingested meanwhile are only to be removed."""
    listed = list(found)
    rows = rows_of(names, clients, (each.file.file_id for each in listed if each.file.file_id))
    return [_settled(each, rows.get(each.file.file_id or "")) for each in listed]


def with_newer(clients: Clients, waiting: Waiting) -> Waiting:
    """Return the same, and whether its object has a newer version by now."""
    file = waiting.file
    if waiting.action not in ("start", "redrive") or file.bucket is None or file.key is None:
        return waiting
    if file.version is None or file.version.startswith("etag:"):
        return waiting
    try:
        newest = clients("s3").head_object(Bucket=file.bucket, Key=file.key).get("VersionId")
    except (ClientError, ParamValidationError):
        return waiting  # it is deleted, or its name is none: the execution will tell
    return replace(waiting, newer=newest not in (None, file.version))


def _settled(waiting: Waiting, row: Row | None) -> Waiting:
    if row is None or row.status != "SUCCEEDED" or waiting.kind == "poison":
        return waiting
    return replace(waiting, action="settle", settled_by=row.execution)
