"""Rules start state machines: events are taken from a rule's queue and each starts an execution.

On AWS the rule's target is the state machine. On the emulator it is a queue, which is read here: a message is
deleted only after its execution was accepted, so that an event survives a stop of this process between the
two. The execution's name is the event's id: an event that comes twice starts one execution. A start that can
never succeed goes to the rule's dead letters with the attributes that EventBridge sets
(https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html); one that failed for another
reason is tried again, and goes there after the queue's last attempt.
"""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from statewright.engine.errors import ApiError, ExecutionAlreadyExists, InvalidExecutionInput

if TYPE_CHECKING:
    from collections.abc import Mapping

    from statewright.local.clients import Clients
    from statewright.local.names import Names

# A long poll of one second: an event comes at once, and a stop never waits longer than this.
POLL_SECONDS = 1
BATCH = 10  # SQS's limit
# AWS would start all at once; here they would wait for the few function workers and time out meanwhile.
MAX_RUNNING = 64
RETRY_SECONDS = 1.0

AwsErrors = (BotoCoreError, ClientError)

_log = logging.getLogger(__name__)


class ExecutionStarter(Protocol):
    """What the triggers need of the engine."""

    @property
    def running(self) -> Mapping[str, Any]:
        """What runs now, by ARN."""
        ...

    def start_execution(self, state_machine_arn: str, input: str = ..., name: str | None = ...) -> Any:  # noqa: A002
        """Start an execution; raises ApiError."""
        ...


@dataclass(frozen=True)
class Trigger:
    """One rule: where its events arrive, what they start, where those go that cannot start anything."""

    rule_arn: str
    queue_url: str
    state_machine_arn: str
    dead_letters_url: str


def triggers_of(names: Names) -> list[Trigger]:
    """Return the triggers of a project's rules."""
    return [
        Trigger(
            names.rule_arn(logical),
            names.queue_url(names.events_queue(logical)),
            names.state_machine_arn(rule.state_machine),
            names.queue_url(rule.dead_letters),
        )
        for logical, rule in names.project.description.rules.items()
    ]


async def run_trigger(trigger: Trigger, engine: ExecutionStarter, clients: Clients) -> None:
    """Start executions for the events of a rule until cancelled."""
    while True:
        room = MAX_RUNNING - _count_running(engine)
        if room <= 0:
            await asyncio.sleep(0.1)
            continue
        try:
            messages = await asyncio.to_thread(_receive, clients, trigger.queue_url, min(room, BATCH))
        except AwsErrors:
            _log.exception("the queue of %s could not be read", trigger.rule_arn)
            await asyncio.sleep(RETRY_SECONDS)
            continue
        for message in messages:
            try:
                await _deliver(trigger, message, engine, clients)
            except Exception:  # noqa: BLE001 - no message may keep those after it from their executions
                # It shows itself again after its visibility timeout, and goes to the dead letters in the end.
                _log.exception("an event of %s could not be delivered", trigger.rule_arn)


def _count_running(engine: ExecutionStarter) -> int:
    """Count what runs, without the children of map runs: a large file has many, and holds up nobody."""
    return sum(each.record.map_run_arn is None for each in engine.running.values())


def _receive(clients: Clients, queue_url: str, count: int) -> list[dict[str, Any]]:
    answer = clients("sqs").receive_message(
        QueueUrl=queue_url, MaxNumberOfMessages=count, WaitTimeSeconds=POLL_SECONDS
    )
    messages: list[dict[str, Any]] = answer.get("Messages", [])
    return messages


async def _deliver(
    trigger: Trigger, message: dict[str, Any], engine: ExecutionStarter, clients: Clients
) -> None:
    body = message["Body"]
    try:
        name, event = _read(body)
        event = await asyncio.to_thread(with_version_id, event, clients)
        engine.start_execution(trigger.state_machine_arn, json.dumps(event, ensure_ascii=False), name=name)
    except ExecutionAlreadyExists:
        _log.info("event %s came again; its execution exists", name)
    except ApiError as error:
        _log.warning("no execution for an event of %s: %s: %s", trigger.rule_arn, error.code, error.message)
        await asyncio.to_thread(_bury, trigger, body, error, clients)
    await asyncio.to_thread(
        clients("sqs").delete_message,
        QueueUrl=trigger.queue_url,
        ReceiptHandle=message["ReceiptHandle"],
    )


def _read(body: str) -> tuple[str, dict[str, Any]]:
    """Return the id and the whole of an event; raises InvalidExecutionInput."""
    try:
        event = json.loads(body)
        return str(event["id"]), event
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InvalidExecutionInput("what lies in the queue is no event of EventBridge") from error


def _bury(trigger: Trigger, body: str, error: ApiError, clients: Clients) -> None:
    attributes = {
        "RULE_ARN": trigger.rule_arn,
        "TARGET_ARN": trigger.state_machine_arn,
        "ERROR_CODE": error.code,
        "ERROR_MESSAGE": error.message or error.code,
    }
    clients("sqs").send_message(
        QueueUrl=trigger.dead_letters_url,
        MessageBody=body,
        MessageAttributes={
            name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
        },
    )


def with_version_id(event: dict[str, Any], clients: Clients) -> dict[str, Any]:
    """Return an "Object Created" event with the `version-id` that S3 sends for versioned buckets.

    The emulator leaves it out. The version is the newest of the key that has the event's ETag: versions
    with one ETag have one content. An event that names no object stays as it is, and its execution fails.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
    """
    if event.get("source") != "aws.s3" or event.get("detail-type") != "Object Created":
        return event
    try:
        detail = event["detail"]
        found = detail["object"]
        bucket, key, etag = detail["bucket"]["name"], found["key"], found.get("etag", "")
    except (KeyError, TypeError, AttributeError):
        return event
    if "version-id" in found:
        return event
    try:
        version = _version_of(clients("s3"), bucket, key, etag)
    except ParamValidationError:
        return event
    if version is None:
        return event
    return {**event, "detail": {**detail, "object": {**found, "version-id": version}}}


def _version_of(s3: Any, bucket: str, key: str, etag: str) -> str | None:
    pages = s3.get_paginator("list_object_versions").paginate(
        Bucket=bucket, Prefix=key, PaginationConfig={"PageSize": 20}
    )
    for page in pages:
        for version in page.get("Versions", []):
            if version["Key"] == key and version["ETag"].strip('"') == etag:
                return None if version["VersionId"] == "null" else str(version["VersionId"])
            if version["Key"] != key:
                return None  # keys come in order, and this one's versions are over
    return None
