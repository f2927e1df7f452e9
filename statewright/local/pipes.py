"""Pipes carry batches of a queue's messages through their enrichment to a state machine, and wait for it.

As EventBridge Pipes does for a standard queue: messages are deleted where their batch succeeded; where
the state machine's answer names those that failed (`batchItemFailures`), only the others are. What is not
deleted shows itself again after the queue's visibility timeout, and goes to the queue's dead letters
after its last receive. An answer that names what was not in the batch is a failure of the whole batch.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-sqs.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from statewright.engine.errors import ApiError
from statewright.engine.functions import FunctionError
from statewright.local.names import REGION

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from statewright.engine.functions import FunctionBackend
    from statewright.local.clients import Clients
    from statewright.local.names import Names

RECEIVE = 10  # SQS's limit of messages in one request
# A long poll of one second: a message comes at once, and a stop never waits longer than this.
POLL_SECONDS = 1
PAUSE_SECONDS = 0.1  # between two looks into the queue while a window is open
RETRY_SECONDS = 1.0
# What an invocation of Lambda takes, and what the answer of an enrichment may have.
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html
MAX_BATCH_BYTES = 6_291_456
# What a state machine takes as input.
MAX_TARGET_CHARACTERS = 262_144
# Pipes poll with up to 1,250 pollers; here their batches share two function workers.
POLLERS = 3

_log = logging.getLogger(__name__)
AwsErrors = (BotoCoreError, ClientError)


class PipeFailed(Exception):  # noqa: N818 - what happened
    """A batch did not succeed; all its messages stay in the queue."""


class SyncStarter(Protocol):
    """What pipes need of the engine."""

    async def start_sync_execution(
        self,
        state_machine_arn: str,
        input: str = ...,  # noqa: A002
        name: str | None = ...,
    ) -> Any:
        """Run an EXPRESS execution to its end; raises ApiError."""
        ...


@dataclass(frozen=True)
class PipeRoute:
    """One pipe: the queue it reads, its enrichment, the state machine that gets what that answers."""

    name: str
    queue_url: str
    queue_arn: str
    function_arn: str
    state_machine_arn: str
    batch_size: int
    window_seconds: float


def pipes_of(names: Names) -> list[PipeRoute]:
    """Return the pipes of a project."""
    return [
        PipeRoute(
            names.of(logical),
            names.queue_url(pipe.queue),
            names.queue_arn(pipe.queue),
            names.function_arn(pipe.enrichment),
            names.state_machine_arn(pipe.state_machine),
            pipe.batch_size,
            pipe.window_seconds,
        )
        for logical, pipe in names.project.description.pipes.items()
    ]


async def run_pipe(
    pipe: PipeRoute, engine: SyncStarter, functions: FunctionBackend, clients: Clients
) -> None:
    """Carry batches until cancelled."""
    await asyncio.gather(*(_poll(pipe, engine, functions, clients) for _ in range(POLLERS)))


async def _poll(pipe: PipeRoute, engine: SyncStarter, functions: FunctionBackend, clients: Clients) -> None:
    while True:
        try:
            messages = await asyncio.to_thread(receive_batch, pipe, clients)
        except AwsErrors:
            _log.exception("the queue of the pipe %s could not be read", pipe.name)
            await asyncio.sleep(RETRY_SECONDS)
            continue
        for batch in batches(messages, pipe):
            await _carry(pipe, batch, engine, functions, clients)


def receive_batch(pipe: PipeRoute, clients: Clients) -> list[dict[str, Any]]:
    """Receive until the batch is full, in number or in bytes, or its window is over; [] of an empty queue."""
    messages = _receive(pipe, clients, pipe.batch_size, POLL_SECONDS)
    end = time.monotonic() + pipe.window_seconds
    while messages and len(messages) < pipe.batch_size and _bytes_of(messages) < MAX_BATCH_BYTES // 2:
        more = _receive(pipe, clients, pipe.batch_size - len(messages), 0)
        messages += more
        left = end - time.monotonic()
        if left <= 0:
            break
        if not more:
            time.sleep(min(PAUSE_SECONDS, left))
    return messages


def _receive(pipe: PipeRoute, clients: Clients, count: int, seconds: int) -> list[dict[str, Any]]:
    answer = clients("sqs").receive_message(
        QueueUrl=pipe.queue_url,
        MaxNumberOfMessages=min(RECEIVE, count),
        WaitTimeSeconds=seconds,
        AttributeNames=["All"],
        MessageAttributeNames=["All"],
    )
    received: list[dict[str, Any]] = answer.get("Messages", [])
    return received


def _bytes_of(messages: Iterable[dict[str, Any]]) -> int:
    return sum(len(each["Body"]) for each in messages)


def batches(messages: Sequence[dict[str, Any]], pipe: PipeRoute) -> list[list[dict[str, Any]]]:
    """Cut what was received into batches of records that an invocation takes."""
    found: list[list[dict[str, Any]]] = []
    size = MAX_BATCH_BYTES
    for message in messages:
        record = record_of(message, pipe)
        length = len(json.dumps(record)) + 1
        if size + length > MAX_BATCH_BYTES - 2:
            found.append([])
            size = 0
        found[-1].append(record)
        size += length
    return found


def record_of(message: dict[str, Any], pipe: PipeRoute) -> dict[str, Any]:
    """Return a message of SQS as a pipe hands it on.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-sqs.html
    """
    attributes = {
        name: {"stringValue": value.get("StringValue"), "dataType": value["DataType"]}
        for name, value in message.get("MessageAttributes", {}).items()
    }
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "messageAttributes": attributes,
        "md5OfBody": message.get("MD5OfBody", ""),
        "eventSource": "aws:sqs",
        "eventSourceARN": pipe.queue_arn,
        "awsRegion": REGION,
    }


async def _carry(
    pipe: PipeRoute,
    batch: list[dict[str, Any]],
    engine: SyncStarter,
    functions: FunctionBackend,
    clients: Clients,
) -> None:
    try:
        failed = await failures_of(pipe, batch, engine, functions)
    except (ApiError, FunctionError, PipeFailed) as error:
        _log.warning("the pipe %s: a batch of %d messages failed: %s", pipe.name, len(batch), error)
        return
    except Exception:  # noqa: BLE001
        # No batch may keep those after it from being carried; its messages show themselves again.
        _log.exception("the pipe %s: a batch of %d messages failed", pipe.name, len(batch))
        return
    done = [each["receiptHandle"] for each in batch if each["messageId"] not in failed]
    try:
        await asyncio.to_thread(_delete, pipe, done, clients)
    except AwsErrors:  # they come again, and change nothing
        _log.exception("the pipe %s: messages could not be deleted", pipe.name)


async def failures_of(
    pipe: PipeRoute, batch: list[dict[str, Any]], engine: SyncStarter, functions: FunctionBackend
) -> set[str]:
    """Run a batch; return the ids of the messages that failed alone; raises PipeFailed where all did."""
    answer = await functions.invoke(pipe.function_arn, json.dumps(batch).encode())
    if answer.function_error:
        raise PipeFailed(f"its enrichment failed: {answer.payload.decode()}")
    enriched = json.loads(answer.payload)
    if not enriched:
        return set()  # an enrichment that answers nothing has filtered the batch
    text = json.dumps(enriched, ensure_ascii=False, separators=(",", ":"))
    if len(text) > MAX_TARGET_CHARACTERS:
        raise PipeFailed(f"its enrichment answered {len(text)} characters; a state machine takes 262,144")
    ended = await engine.start_sync_execution(pipe.state_machine_arn, text)
    if ended.status != "SUCCEEDED":
        raise PipeFailed(f"{ended.arn} ended {ended.status}: {ended.error}: {ended.cause}")
    return reported_failures(json.loads(ended.output), {each["messageId"] for each in batch})


def reported_failures(output: Any, ids: set[str]) -> set[str]:
    """Return the messages that an answer names; raises PipeFailed where it names what was not there."""
    named = output.get("batchItemFailures") if isinstance(output, dict) else None
    if not named:
        return set()
    try:
        found = {each["itemIdentifier"] for each in named}
    except (KeyError, TypeError) as error:
        raise PipeFailed("its answer has batchItemFailures without itemIdentifier") from error
    if not found <= ids:
        raise PipeFailed("its answer names messages that were not in the batch")
    return found


def _delete(pipe: PipeRoute, receipts: Sequence[str], clients: Clients) -> None:
    for at in range(0, len(receipts), RECEIVE):
        answer = clients("sqs").delete_message_batch(
            QueueUrl=pipe.queue_url,
            Entries=[
                {"Id": str(number), "ReceiptHandle": receipt}
                for number, receipt in enumerate(receipts[at : at + RECEIVE])
            ],
        )
        for each in answer.get("Failed", []):
            _log.warning("the pipe %s: a message could not be deleted: %s", pipe.name, each.get("Message"))
