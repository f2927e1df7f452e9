"""A backfill over a mocked AWS, along every branch that calls it."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
from typing import TYPE_CHECKING, Any

from pipeline.errors import MalformedFile
from statewright.engine import LocalFunctions, VirtualClock, VirtualLoop
from statewright.local.names import camel, replace_placeholders
from tests.functions.cloud import ENVIRONMENT, FILES, HANDLERS, RAW, ROOT, STAGING, client
from tests.functions.objects_sent import order
from tests.terraform.streamed import ROLE, HeardEngine

if TYPE_CHECKING:
    from tests.functions.cloud import Cloud
    from tests.terraform.streamed import Hearing


def backfill(recorder: Hearing, cloud: Cloud) -> None:
    """Backfill objects that end well, and so many that fail that the backfill fails."""
    letters = client("sqs").get_queue_url(QueueName="dead-letters")["QueueUrl"]
    _put(cloud, "orders/good/")
    _run(recorder, letters)
    _put(cloud, "orders/bad/")
    recorder.before = {"notify": _fail}
    _run(recorder, letters, "orders/bad/")
    recorder.before = {}


def _put(cloud: Cloud, folder: str) -> None:
    for number in range(5):  # more than half of a batch, and no fewer than five, must fail
        cloud.put(f"{folder}{number}.jsonl", json.dumps(order(number)).encode())


def _fail() -> None:
    raise MalformedFile("nonsense")


def _run(recorder: Hearing, letters: str, prefix: str = "") -> None:
    async def inside() -> None:
        handlers: Any = {camel(name): handler for name, handler in HANDLERS.items()}
        engine = HeardEngine(functions=LocalFunctions(handlers), clients=client, clock=VirtualClock())
        engine.heard_by, engine.pipe = recorder, ""
        try:
            idle = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
            ingest = engine.create_state_machine("ingest", idle, ROLE)
            machine = engine.create_state_machine("backfill", _definition(ingest.arn, letters), ROLE)
            # By itself: what starts a backfill is a person.
            started = super(HeardEngine, engine).start_execution(machine.arn, json.dumps({"prefix": prefix}))
            await engine.wait_for_execution(started.arn)
        finally:
            await engine.close()

    with contextlib.redirect_stdout(io.StringIO()), asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(inside())


def _definition(ingest: str, letters: str) -> str:
    known = {
        "FilesTable": FILES,
        "IngestArn": ingest,
        "RawBucket": RAW,
        "StagingBucket": STAGING,
        "DeadLettersUrl": letters,
        "NotificationsArn": ENVIRONMENT["NOTIFICATIONS_TOPIC_ARN"],
        **{f"{camel(name)}Arn": camel(name) for name in HANDLERS},
    }
    path = ROOT / "statemachines" / "backfill.asl.json"
    return replace_placeholders(path.read_text(encoding="utf-8"), known, path.name)
