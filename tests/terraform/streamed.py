"""Messages through the pipe and the workflow `stream` over a mocked AWS, along every branch that calls it."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import random
import time
from typing import TYPE_CHECKING, Any, Protocol

from pipeline import contracts
from pipeline.errors import MalformedFile
from statewright.engine import Engine, LocalFunctions, VirtualClock, VirtualLoop
from statewright.local import pipes
from statewright.local.names import REGION, camel, replace_placeholders
from tests.functions.cloud import ENVIRONMENT, FILES, HANDLERS, OUTPUT, RAW, ROOT, TOLD, client
from tests.functions.objects_sent import order

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from tests.functions.cloud import Cloud

Json = Any
ROLE = "arn:aws:iam::000000000000:role/statewright"
QUEUE_URL = ENVIRONMENT["TRANSACTIONS_URL"]
LARGE = [order(number, amount=5000) for number in range(100, 103 + contracts.ALERTS_PER_MINUTE)]
BAD, RESERVED = order(2, quantity=-1), order(3, _line=1)
# So large, and so hard to compress, that it fits neither into an item nor into the input of a state machine.
NOTE_CHARACTERS = 600_000
NOTICE = {
    "Records": [
        {
            "eventSource": "aws:s3",
            "eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": RAW}, "object": {"key": "orders/a.jsonl", "sequencer": "1"}},
        }
    ]
}


class Hearing(Protocol):
    """What is used of the recorder."""

    before: dict[str, Callable[[], object]]
    machine: str

    def hear(self, role: str, action: str, resource: str) -> None:
        """Hear a call that does not pass botocore."""

    def acting(self, role: str | None) -> AbstractContextManager[None]:
        """Make calls under a role."""


class HeardEngine(Engine):
    """Hears what starts executions: the pipe, or a state of `stream`."""

    heard_by: Hearing
    pipe: str

    def start_execution(self, state_machine_arn: str, *rest: Any, **more: Any) -> Any:
        """Start; what a state machine starts is heard as its own."""
        self.heard_by.hear(self.heard_by.machine, "states:StartExecution", state_machine_arn)
        return super().start_execution(state_machine_arn, *rest, **more)

    async def start_sync_execution(self, state_machine_arn: str, *rest: Any, **more: Any) -> Any:
        """Run; the pipe waits for it."""
        self.heard_by.hear(self.pipe, "states:StartSyncExecution", state_machine_arn)
        return await super().start_sync_execution(state_machine_arn, *rest, **more)


def stream(recorder: Hearing, pipe: str, cloud: Cloud) -> None:
    """Send everything that calls something; `pipe` is the pipe's role."""
    unclaimed = {"dataset": {"DataType": "String", "StringValue": "nothing"}}
    _carry(recorder, pipe, [(order(1), {}), (BAD, {}), (RESERVED, {}), (order(4), unclaimed)])
    _carry(recorder, pipe, [(each, {}) for each in LARGE])
    _carry(recorder, pipe, [(NOTICE, {}), ({}, _digest_of(cloud))])
    note = random.Random(6).randbytes(NOTE_CHARACTERS // 2).hex()
    _carry(recorder, pipe, [(order(5), {})], lambda body: {**body, "note": note})
    recorder.before = {"notify": _fail}
    _hide_for(1)
    _carry(recorder, pipe, [(order(6), {})])
    recorder.before = {}
    _hide_for(30)
    time.sleep(
        1
    )  # what failed comes again, in another group, as if it had ended before it told of its records
    for key in cloud.keys(OUTPUT):
        if key.startswith("processed/"):
            cloud.s3.delete_object(Bucket=OUTPUT, Key=key)
    _carry(recorder, pipe, [(order(7), {})])


def _hide_for(seconds: int) -> None:
    client("sqs").set_queue_attributes(QueueUrl=QUEUE_URL, Attributes={"VisibilityTimeout": str(seconds)})


def _fail() -> None:
    raise MalformedFile("nonsense")


def _digest_of(cloud: Cloud) -> Json:
    """Return the attribute of a message that asks for the digest of what was too much to be told singly."""
    rows = cloud.dynamodb.Table(TOLD).scan()["Items"]
    (minute,) = (row["id"] for row in rows if row["id"].startswith("minute:") and "rest" in row)
    return {"statewright-digest": {"DataType": "String", "StringValue": minute}}


def _carry(
    recorder: Hearing,
    pipe: str,
    messages: list[tuple[Json, Json]],
    grown: Callable[[Json], Json] = lambda body: body,
) -> None:
    """Send messages, of bodies and attributes, and let the pipe carry them; SQS has them before they grow."""
    sqs = client("sqs")
    for body, attributes in messages:
        sqs.send_message(QueueUrl=QUEUE_URL, MessageBody=json.dumps(body), MessageAttributes=attributes)

    async def inside() -> None:
        handlers: Any = {camel(name): handler for name, handler in HANDLERS.items()}
        functions = LocalFunctions(handlers)
        engine = HeardEngine(functions=functions, clients=client, clock=VirtualClock())
        engine.heard_by, engine.pipe = recorder, pipe
        try:
            idle = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
            ingest = engine.create_state_machine("ingest", idle, ROLE)
            machine = engine.create_state_machine("stream", _definition(ingest.arn), ROLE, "EXPRESS")
            route = _route(machine.arn)
            clients: Any = client
            with recorder.acting(pipe):
                (batch,) = pipes.batches(pipes.receive_batch(route, clients), route)
                batch = [{**each, "body": json.dumps(grown(json.loads(each["body"])))} for each in batch]
                await pipes._carry(route, batch, engine, functions, clients)
        finally:
            await engine.close()

    with contextlib.redirect_stdout(io.StringIO()), asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(inside())


def _route(machine: str) -> pipes.PipeRoute:
    queue = f"arn:aws:sqs:{REGION}:000000000000:statewright-transactions"
    return pipes.PipeRoute(
        "transactions", QUEUE_URL, queue, camel("collect_messages"), machine, len(LARGE), window_seconds=1
    )


def _definition(ingest: str) -> str:
    known = {
        "FilesTable": FILES,
        "ToldTable": TOLD,
        "IngestArn": ingest,
        **{f"{camel(name)}Arn": camel(name) for name in HANDLERS},
    }
    path = ROOT / "statemachines" / "stream.asl.json"
    return replace_placeholders(path.read_text(encoding="utf-8"), known, path.name)
