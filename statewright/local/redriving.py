"""Redrives what waits: goes on with an execution, or starts a new one, and then removes the messages.

A message is removed only after Step Functions has accepted its redrive. A process that ends between the two
does no harm: the name of a new start follows from what it is about, so the second start finds the first.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import ClientError, ParamValidationError

from statewright.local.dead_letters import remove
from statewright.local.following import Upload
from statewright.local.ledger import claim_again, mark_redriven
from statewright.local.waiting import execution_of, source_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from statewright.local.clients import Clients
    from statewright.local.names import Names
    from statewright.local.waiting import Waiting

DISCARDED = "discarded"  # the folder in the output bucket
ROOM_SECONDS = 0.2
Done = Literal["started", "redriven", "sent", "settled", "refused", "discarded"]


@dataclass(frozen=True)
class Redrive:
    """What was done about something that waited; `execution` is the one that runs now, `at` when it began.

    `reason` says why it was refused, where a body was kept, or what else is to be known.
    """

    waiting: Waiting
    done: Done
    execution: str | None = None
    reason: str | None = None
    at: float = 0.0

    @property
    def upload(self) -> Upload:
        """The object as those know it that follow uploads."""
        file = self.waiting.file
        return Upload(Path(file.key or ""), file.bucket or "", file.key or "", file.version or "", self.at)


def redrive_all(found: Iterable[Waiting], names: Names, clients: Clients) -> Iterator[Redrive]:
    """Redrive one after the other, as soon as there is room for it; raises botocore's errors."""
    room = 0
    for waiting in found:
        if waiting.action in ("start", "redrive"):
            room = room - 1 if room > 1 else _wait_for_room(waiting, clients)
        yield redrive(waiting, names, clients)


def _wait_for_room(waiting: Waiting, clients: Clients) -> int:
    """Return how many executions may be started: more would wait for function workers until they time out."""
    from statewright.local.triggers import MAX_RUNNING

    while True:
        running = clients("stepfunctions").list_executions(
            stateMachineArn=waiting.machine, statusFilter="RUNNING", maxResults=MAX_RUNNING
        )["executions"]
        if len(running) < MAX_RUNNING:
            return MAX_RUNNING - len(running)
        time.sleep(ROOM_SECONDS)


def redrive(waiting: Waiting, names: Names, clients: Clients) -> Redrive:
    """Do what is to be done about one, and remove its messages where that was accepted."""
    if waiting.action == "none":
        return Redrive(waiting, "refused", reason="nobody knows what to do with it; see --discard")
    at = time.time()
    try:
        done, execution = _act(waiting, names, clients)
    except ClientError as error:
        found = error.response["Error"]
        return Redrive(waiting, "refused", reason=f"{found['Code']}: {found.get('Message', '')}".rstrip(": "))
    except ParamValidationError as error:  # an event without a name, for example
        return Redrive(waiting, "refused", reason=" ".join(str(error).split()))
    gone = [remove(names, clients, message) for message in waiting.messages]
    reason = None if all(gone) else "another reader has its message now; it is settled when it comes again"
    return Redrive(waiting, done, execution, reason, at)


def _act(waiting: Waiting, names: Names, clients: Clients) -> tuple[Done, str | None]:
    if waiting.action == "settle":
        _mark(waiting, waiting.settled_by, names, clients)
        return "settled", waiting.settled_by
    if waiting.action == "redrive" and waiting.execution is not None:
        if waiting.file.file_id is not None:
            claim_again(names, clients, waiting.file.file_id, waiting.execution)
        clients("stepfunctions").redrive_execution(executionArn=waiting.execution)
        return "redriven", waiting.execution
    if waiting.action == "send":
        _send_again(waiting, names, clients)
        return "sent", None
    started = _start(waiting, clients)
    _mark(waiting, started, names, clients)
    return "started", started


def _mark(waiting: Waiting, successor: str | None, names: Names, clients: Clients) -> None:
    if waiting.execution is not None and successor is not None:
        mark_redriven(names, clients, waiting.execution, successor)


def _send_again(waiting: Waiting, names: Names, clients: Clients) -> None:
    """Send messages to the queue that they came from: a new message each, as old as its sending.

    One that is sent twice changes nothing; one whose order is older than what the table has gives way to it.
    """
    for message in waiting.messages:
        queue = source_of(names, message.queue)
        clients("sqs").send_message(
            QueueUrl=names.queue_url(str(queue)),
            MessageBody=message.body,
            MessageAttributes={
                name: {"DataType": "String", "StringValue": text} for name, text in message.attributes.items()
            },
        )


def _start(waiting: Waiting, clients: Clients) -> str:
    """Start the execution that stands in for this one; where it was started before, that is the one."""
    sfn, machine, name = clients("stepfunctions"), str(waiting.machine), str(waiting.name)
    try:
        answer = sfn.start_execution(stateMachineArn=machine, name=name, input=_input(waiting, clients))
    except ClientError as error:
        if error.response["Error"]["Code"] != "ExecutionAlreadyExists":
            raise
        return execution_of(machine, name)
    return str(answer["executionArn"])


def _input(waiting: Waiting, clients: Clients) -> str:
    """Return the input as the execution had it: the message holds its numbers as JSONata writes them."""
    if waiting.kind == "undelivered":
        return _event(waiting, clients)
    if waiting.execution is None:  # a batch of a backfill, which nobody keeps
        return str(waiting.input)
    try:
        described = clients("stepfunctions").describe_execution(executionArn=waiting.execution)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ExecutionDoesNotExist":
            raise
        return str(waiting.input)
    return str(described["input"])


def _event(waiting: Waiting, clients: Clients) -> str:
    """Return the event as the rule's trigger would have given it to its execution."""
    from statewright.local.triggers import with_version_id

    event: dict[str, Any] = with_version_id(json.loads(str(waiting.input)), clients)
    return json.dumps(event, ensure_ascii=False)


def discard(waiting: Waiting, names: Names, clients: Clients, keep: Path | None) -> Redrive:
    """Write the bodies of its messages to a folder, or to the output bucket, and then remove them.

    Raises OSError and botocore's errors.
    """
    if not waiting.messages:
        reason = "it is an execution without a message; it is forgotten 14 days after its end"
        return Redrive(waiting, "refused", reason=reason)
    places, gone = [], list[bool]()
    for message in waiting.messages:
        name = f"{message.queue}-{message.id}.txt"
        body = message.body.encode("utf-8", "surrogatepass")
        places.append(
            _keep_in_folder(keep / name, body) if keep else _keep_in_bucket(names, clients, name, body)
        )
        gone.append(remove(names, clients, message))
    kept = f"kept in {', '.join(places)}"
    if not all(gone):
        return Redrive(waiting, "refused", reason=f"another reader has its message now; it is {kept}")
    return Redrive(waiting, "discarded", reason=kept)


def _keep_in_folder(file: Path, body: bytes) -> str:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(body)
    return str(file)


def _keep_in_bucket(names: Names, clients: Clients, name: str, body: bytes) -> str:
    bucket, key = names.bucket("output"), f"{DISCARDED}/{name}"
    clients("s3").put_object(Bucket=bucket, Key=key, Body=body, ContentType="text/plain; charset=utf-8")
    return f"s3://{bucket}/{key}"
