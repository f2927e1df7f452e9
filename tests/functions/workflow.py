"""The workflow itself over the mocked AWS: the engine, the production definition, the five functions."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import io
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Attr

from statewright.engine import Engine, LocalFunctions, VirtualClock, VirtualLoop
from statewright.local.names import camel, replace_placeholders
from tests.functions.cloud import ENVIRONMENT, FILES, HANDLERS, OUTPUT, RAW, ROOT, STAGING, client

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.functions.cloud import Cloud

ROLE = "arn:aws:iam::000000000000:role/statewright"


@dataclass(frozen=True)
class Run:
    """How an execution ended, the ledger's rows of its object, and the messages in the dead-letter queue."""

    status: str
    error: str | None
    output: dict[str, Any]
    rows: list[dict[str, Any]]
    dead_letters: list[dict[str, Any]]
    entered: list[str] = field(default_factory=list)


def run(
    cloud: Cloud,
    key: str,
    *,
    bucket: str = RAW,
    before: Mapping[str, Callable[[], object]] | None = None,
    name: str = "first",
) -> Run:
    """Ingest an object; `before` holds what happens right before a function is invoked."""
    queue = client("sqs").create_queue(QueueName="dead-letters")["QueueUrl"]
    request = json.dumps({"s3Bucket": bucket, "s3Key": key}, ensure_ascii=False)

    async def inside() -> tuple[Any, Any]:
        functions = {camel(each): functools.partial(_invoke, each, before or {}) for each in HANDLERS}
        engine = Engine(functions=LocalFunctions(functions), clients=client, clock=VirtualClock())
        try:
            machine = engine.create_state_machine("ingest", _definition(queue), ROLE)
            started = engine.start_execution(machine.arn, request, name)
            ended = await engine.wait_for_execution(started.arn)
            return ended, engine.get_execution_history(started.arn)
        finally:
            await engine.close()

    with contextlib.redirect_stdout(io.StringIO()), asyncio.Runner(loop_factory=VirtualLoop) as runner:
        ended, events = runner.run(inside())
    details = "stateEnteredEventDetails"
    return Run(
        ended.status,
        ended.error,
        json.loads(ended.output) if ended.output else {},
        cloud.files.scan(FilterExpression=Attr("file_key").eq(key))["Items"],
        _letters(queue),
        [event[details]["name"] for event in events if details in event],
    )


def _invoke(name: str, before: Mapping[str, Callable[[], object]], event: Any, context: Any) -> Any:
    if name in before:
        before[name]()
    return HANDLERS[name](event, context)


def _letters(queue: str) -> list[dict[str, Any]]:
    found = client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(message["Body"]) for message in found]


def _definition(dead_letters: str) -> str:
    known = {
        "FilesTable": FILES,
        "DeadLettersUrl": dead_letters,
        "NotificationsArn": ENVIRONMENT["NOTIFICATIONS_TOPIC_ARN"],
        "RawBucket": RAW,
        "StagingBucket": STAGING,
        "OutputBucket": OUTPUT,
        **{f"{camel(name)}Arn": camel(name) for name in HANDLERS},
    }
    path = "statemachines/ingest.asl.json"
    return replace_placeholders((ROOT / path).read_text(encoding="utf-8"), known, path)
