"""A pipe carries batches of messages to a state machine, and takes out of the queue what succeeded."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from statewright.engine.functions import FunctionResult
from statewright.local import pipes
from statewright.local.deploy import deploy
from statewright.local.names import Names
from statewright.local.pipes import (
    MAX_BATCH_BYTES,
    PipeFailed,
    batches,
    pipes_of,
    receive_batch,
    record_of,
    reported_failures,
    run_pipe,
)
from statewright.project import InvalidDescription, read_project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from statewright.local.clients import Clients
    from statewright.local.pipes import PipeRoute

STREAM: dict[str, Any] = {
    "functions": {"collect_messages": {}},
    "queues": {
        "dead_letters": {},
        "undelivered_events": {},
        "orders": {"visibility_seconds": 1, "dead_letters": "rejected", "max_receives": 3},
        "rejected": {},
    },
    "state_machines": {
        "ingest": {"definition": "statemachines/ingest.asl.json"},
        "stream": {"definition": "statemachines/ingest.asl.json", "type": "EXPRESS"},
    },
    "pipes": {
        "orders": {
            "queue": "orders",
            "enrichment": "collect_messages",
            "state_machine": "stream",
            "batch_size": 20,
        }
    },
}


@pytest.fixture(autouse=True)
def _short_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipes, "POLL_SECONDS", 0)
    monkeypatch.setattr(pipes, "POLLERS", 1)


@pytest.fixture
def piped(
    names: Names, clients: Clients, write_project: Callable[..., Path], request: pytest.FixtureRequest
) -> Names:
    """Names of a project with a pipe, whose queues are there."""
    unique = f"pipe{abs(hash(request.node.nodeid)) % 10**8}"
    found = Names(read_project(write_project(name=unique, **STREAM)), names.endpoint)
    deploy(found, clients)
    return found


class Target:
    """Functions and state machine in one: notes each batch, answers as it is told."""

    def __init__(self, answer: Callable[[list[Any]], Any] = lambda _: {"batchItemFailures": []}) -> None:
        self.batches: list[list[str]] = []
        self.inputs: list[Any] = []
        self.enriched: Callable[[list[Any]], Any] = lambda batch: [
            {"bodies": [each["body"] for each in batch]}
        ]
        self.function_error: str | None = None
        self.status = "SUCCEEDED"
        self._answer = answer
        self._batch: list[Any] = []

    async def invoke(self, function: str, payload: bytes, **_: Any) -> FunctionResult:
        assert function.endswith(":function:" + function.rpartition(":")[2])
        self._batch = json.loads(payload)
        self.batches.append([each["body"] for each in self._batch])
        return FunctionResult(200, json.dumps(self.enriched(self._batch)).encode(), self.function_error)

    async def start_sync_execution(self, _arn: str, input: str = "{}", _name: str | None = None) -> Any:  # noqa: A002
        self.inputs.append(json.loads(input))
        output = json.dumps(self._answer(self._batch))
        return SimpleNamespace(arn="arn", status=self.status, output=output, error="E", cause="C")


def send(names: Names, clients: Clients, *bodies: str) -> None:
    for at in range(0, len(bodies), 10):
        clients("sqs").send_message_batch(
            QueueUrl=names.queue_url("orders"),
            Entries=[
                {"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies[at : at + 10])
            ],
        )


def left(names: Names, clients: Clients, queue: str = "orders") -> int:
    said = clients("sqs").get_queue_attributes(QueueUrl=names.queue_url(queue), AttributeNames=["All"])
    found = said["Attributes"]
    return int(found["ApproximateNumberOfMessages"]) + int(found["ApproximateNumberOfMessagesNotVisible"])


def run_until(names: Names, clients: Clients, target: Target, done: Callable[[], bool]) -> None:
    async def scenario() -> None:
        task = asyncio.create_task(run_pipe(pipes_of(names)[0], target, target, clients))
        end = time.monotonic() + 15
        while not done() and time.monotonic() < end:
            await asyncio.sleep(0.02)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    asyncio.run(scenario())
    assert done()


def pipe_of(names: Names) -> PipeRoute:
    return pipes_of(names)[0]


def test_a_batch_that_succeeded_is_taken_out_of_the_queue(piped: Names, clients: Clients) -> None:
    target = Target()
    send(piped, clients, *(f"body {number}" for number in range(25)))

    run_until(piped, clients, target, lambda: left(piped, clients) == 0)

    assert sorted(body for batch in target.batches for body in batch) == sorted(
        f"body {number}" for number in range(25)
    )
    assert max(map(len, target.batches)) <= 20
    assert target.inputs[0] == [{"bodies": target.batches[0]}]


def test_a_message_has_the_form_that_a_pipe_gives_it(piped: Names, clients: Clients) -> None:
    clients("sqs").send_message(
        QueueUrl=piped.queue_url("orders"),
        MessageBody="{}",
        MessageAttributes={"dataset": {"DataType": "String", "StringValue": "orders"}},
    )

    (message,) = receive_batch(pipe_of(piped), clients)
    record = record_of(message, pipe_of(piped))

    assert record["body"] == "{}"
    assert record["eventSource"] == "aws:sqs"
    assert record["eventSourceARN"] == piped.queue_arn("orders")
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert int(record["attributes"]["SentTimestamp"]) > 1_700_000_000_000
    assert record["messageAttributes"] == {"dataset": {"stringValue": "orders", "dataType": "String"}}


def test_messages_that_failed_go_back_alone_and_are_given_up_after_three_receives(
    piped: Names, clients: Clients
) -> None:
    def broken_alone(batch: list[Any]) -> Any:
        return {
            "batchItemFailures": [
                {"itemIdentifier": each["messageId"]} for each in batch if each["body"] == "broken"
            ]
        }

    target = Target(broken_alone)
    send(piped, clients, "good", "broken", "good too")

    run_until(piped, clients, target, lambda: left(piped, clients, "rejected") == 1)

    seen = [body for batch in target.batches for body in batch]
    assert sorted(seen) == ["broken", "broken", "broken", "good", "good too"]
    assert left(piped, clients) == 0


@pytest.mark.parametrize(
    "fail",
    [
        {"function_error": "Unhandled"},
        {"status": "FAILED"},
        {"status": "TIMED_OUT"},
        {"enriched": lambda _: ["x" * 262_143]},
        {"enriched": lambda batch: batch[0]["unknown"]},
    ],
)
def test_a_batch_that_failed_stays_in_the_queue(piped: Names, clients: Clients, fail: dict[str, Any]) -> None:
    target = Target()
    for name, value in fail.items():
        setattr(target, name, value)
    send(piped, clients, "one", "two")

    run_until(piped, clients, target, lambda: len(target.batches) >= 1)

    assert left(piped, clients) == 2


def test_a_batch_of_which_the_enrichment_leaves_nothing_is_done(piped: Names, clients: Clients) -> None:
    target = Target()
    target.enriched = lambda _: []
    send(piped, clients, "passed over")

    run_until(piped, clients, target, lambda: left(piped, clients) == 0)

    assert target.inputs == []


@pytest.mark.parametrize(
    "output", [None, {}, [], "x", {"batchItemFailures": None}, {"batchItemFailures": []}]
)
def test_an_answer_that_names_nothing_is_a_success(output: Any) -> None:
    assert reported_failures(output, {"a"}) == set()


@pytest.mark.parametrize(
    "named", [[{}], [{"itemIdentifier": "b"}], [{"itemIdentifier": ""}], ["a"], [{"itemIdentifier": None}]]
)
def test_an_answer_that_names_what_was_not_there_fails_the_whole_batch(named: Any) -> None:
    with pytest.raises(PipeFailed):
        reported_failures({"batchItemFailures": named}, {"a"})


def test_a_batch_has_no_more_bytes_than_an_invocation_takes(piped: Names) -> None:
    pipe = pipe_of(piped)
    messages = [
        {"MessageId": str(number), "ReceiptHandle": "r", "Body": "é" * 400_000, "Attributes": {}}
        for number in range(6)
    ]

    found = batches(messages, pipe)

    assert [each["messageId"] for batch in found for each in batch] == [str(number) for number in range(6)]
    assert all(len(json.dumps(batch)) <= MAX_BATCH_BYTES for batch in found)
    assert len(found) == 3


def test_a_window_waits_for_more(write_project: Callable[..., Path], piped: Names, clients: Clients) -> None:
    pipe = pipe_of(piped)
    waiting = type(pipe)(**{**vars(pipe), "window_seconds": 0.5})
    send(piped, clients, "one")

    started = time.monotonic()
    assert [each["Body"] for each in receive_batch(waiting, clients)] == ["one"]
    assert 0.4 < time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"queue": "none"}, "pipes.orders: no queue named 'none'"),
        ({"enrichment": "none"}, "pipes.orders: no function named 'none'"),
        ({"state_machine": "ingest"}, "pipes.orders: no EXPRESS state machine named 'ingest'"),
    ],
)
def test_a_pipe_that_leads_nowhere_is_refused(
    write_project: Callable[..., Path], changes: dict[str, str], reason: str
) -> None:
    pipe = {**STREAM["pipes"]["orders"], **changes}
    with pytest.raises(InvalidDescription, match=reason.replace(".", r"\.")):
        read_project(write_project(**{**STREAM, "pipes": {"orders": pipe}}))


def test_a_queue_whose_dead_letters_are_none_is_refused(write_project: Callable[..., Path]) -> None:
    queues = {**STREAM["queues"], "orders": {"dead_letters": "none"}}
    with pytest.raises(InvalidDescription, match="no queue named 'none'"):
        read_project(write_project(**{**STREAM, "queues": queues}))
