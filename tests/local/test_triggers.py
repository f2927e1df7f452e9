"""Events start executions, once each."""

from __future__ import annotations

import asyncio
import json
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from statewright.engine.errors import ExecutionAlreadyExists, StateMachineDoesNotExist
from statewright.local import triggers
from statewright.local.deploy import deploy
from statewright.local.triggers import run_trigger, triggers_of, with_version_id

if TYPE_CHECKING:
    from statewright.local.clients import Clients
    from statewright.local.names import Names


@pytest.fixture(autouse=True)
def _short_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(triggers, "POLL_SECONDS", 0)


class Starts:
    """An engine that notes what it is asked to start."""

    def __init__(self, *errors: Exception | None) -> None:
        self.running: dict[str, object] = {}
        self.calls: list[tuple[str, dict[str, Any], str | None]] = []
        self._errors = list(errors)

    def start_execution(self, state_machine_arn: str, input: str = "{}", name: str | None = None) -> None:  # noqa: A002
        self.calls.append((state_machine_arn, json.loads(input), name))
        error = self._errors.pop(0) if self._errors else None
        if error is not None:
            raise error


def run_until(engine: Starts, names: Names, clients: Clients, *, calls: int, seconds: float = 5.0) -> None:
    """Run the project's trigger until the engine was asked `calls` times, and a little longer."""

    async def scenario() -> None:
        task = asyncio.create_task(run_trigger(triggers_of(names)[0], engine, clients))
        end = time.monotonic() + seconds
        while len(engine.calls) < calls and time.monotonic() < end:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.3)
        task.cancel()
        await asyncio.wait([task])

    asyncio.run(scenario())


def waiting(names: Names, clients: Clients, queue: str) -> int:
    answer = clients("sqs").get_queue_attributes(QueueUrl=names.queue_url(queue), AttributeNames=["All"])
    found = answer["Attributes"]
    return int(found["ApproximateNumberOfMessages"]) + int(found["ApproximateNumberOfMessagesNotVisible"])


def put(names: Names, clients: Clients, key: str = "orders/a.json", body: bytes = b"{}") -> str:
    return str(clients("s3").put_object(Bucket=names.bucket("raw"), Key=key, Body=body)["VersionId"])


def test_an_upload_starts_the_rules_state_machine_with_the_event_that_aws_sends(
    names: Names, clients: Clients
) -> None:
    deploy(names, clients)
    engine = Starts()
    version = put(names, clients)

    run_until(engine, names, clients, calls=1)

    [(arn, event, name)] = engine.calls
    assert arn == names.state_machine_arn("ingest")
    assert name == event["id"]
    assert event["detail"]["object"]["key"] == "orders/a.json"
    assert event["detail"]["object"]["version-id"] == version
    assert waiting(names, clients, "object_created_events") == 0


def test_an_event_whose_execution_exists_is_done_with(names: Names, clients: Clients) -> None:
    deploy(names, clients)
    engine = Starts(ExecutionAlreadyExists("there"))
    put(names, clients)

    run_until(engine, names, clients, calls=1)

    assert waiting(names, clients, "object_created_events") == 0
    assert waiting(names, clients, "undelivered_events") == 0


def test_a_start_that_fails_for_good_goes_to_the_rules_dead_letters(names: Names, clients: Clients) -> None:
    deploy(names, clients)
    engine = Starts(StateMachineDoesNotExist("no such machine"))
    put(names, clients)

    run_until(engine, names, clients, calls=1)

    answer = clients("sqs").receive_message(
        QueueUrl=names.queue_url("undelivered_events"), MessageAttributeNames=["All"]
    )
    [message] = answer["Messages"]
    attributes = {name: each["StringValue"] for name, each in message["MessageAttributes"].items()}
    assert json.loads(message["Body"])["detail"]["object"]["key"] == "orders/a.json"
    assert attributes == {
        "RULE_ARN": names.rule_arn("object_created"),
        "TARGET_ARN": names.state_machine_arn("ingest"),
        "ERROR_CODE": "StateMachineDoesNotExist",
        "ERROR_MESSAGE": "no such machine",
    }
    assert waiting(names, clients, "object_created_events") == 0


@pytest.mark.parametrize("body", ["not json", "[]", "{}", '"text"', "[" * 100_000])
def test_what_is_no_event_goes_to_the_dead_letters_too(names: Names, clients: Clients, body: str) -> None:
    deploy(names, clients)
    engine = Starts()
    url = names.queue_url("object_created_events")
    clients("sqs").send_message(QueueUrl=url, MessageBody=body)
    put(names, clients)

    run_until(engine, names, clients, calls=1)

    assert len(engine.calls) == 1
    assert waiting(names, clients, "undelivered_events") == 1


OBJECT_CREATED = {"id": "1", "source": "aws.s3", "detail-type": "Object Created"}


@pytest.mark.parametrize(
    "detail",
    [
        {},
        "text",
        None,
        {"object": []},
        {"bucket": {"name": "raw"}, "object": {}},
        {"bucket": {"name": "no name"}, "object": {"key": "k"}},
        {"bucket": {"name": "raw"}, "object": {"key": 1}},
    ],
)
def test_an_event_that_names_no_object_starts_an_execution_that_tells_of_it(
    names: Names, clients: Clients, detail: object
) -> None:
    deploy(names, clients)
    engine = Starts()
    event = {**OBJECT_CREATED, "detail": detail}
    clients("sqs").send_message(
        QueueUrl=names.queue_url("object_created_events"), MessageBody=json.dumps(event)
    )

    run_until(engine, names, clients, calls=1)

    assert engine.calls == [(names.state_machine_arn("ingest"), event, "1")]


def test_an_event_that_breaks_its_delivery_does_not_keep_the_next_from_its_execution(
    names: Names, clients: Clients
) -> None:
    deploy(names, clients)
    engine = Starts(RuntimeError("a defect"))
    put(names, clients, "orders/a.json")
    put(names, clients, "orders/b.json")

    run_until(engine, names, clients, calls=2)

    assert {event["detail"]["object"]["key"] for _, event, _ in engine.calls} == {
        "orders/a.json",
        "orders/b.json",
    }
    assert waiting(names, clients, "object_created_events") == 1


def test_events_wait_in_their_queue_while_too_much_runs(
    names: Names, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(triggers, "MAX_RUNNING", 2)
    deploy(names, clients)
    engine = Starts()
    engine.running = {"a": running(), "b": running()}
    put(names, clients)

    run_until(engine, names, clients, calls=1, seconds=0.5)

    assert engine.calls == []
    assert waiting(names, clients, "object_created_events") == 1


def test_children_of_a_map_run_hold_up_no_event(
    names: Names, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(triggers, "MAX_RUNNING", 1)
    deploy(names, clients)
    engine = Starts()
    engine.running = {"child": running(map_run_arn="arn:map"), "other": running(map_run_arn="arn:map")}
    put(names, clients)

    run_until(engine, names, clients, calls=1)

    assert len(engine.calls) == 1


def running(map_run_arn: str | None = None) -> Any:
    return SimpleNamespace(record=SimpleNamespace(map_run_arn=map_run_arn))


def test_each_of_two_quick_uploads_keeps_its_own_version(names: Names, clients: Clients) -> None:
    deploy(names, clients)
    engine = Starts()
    versions = [put(names, clients, body=body) for body in (b"{}", b"[]")]

    run_until(engine, names, clients, calls=2)

    assert [event["detail"]["object"]["version-id"] for _, event, _ in engine.calls] == versions


def test_keys_that_begin_alike_are_told_apart(names: Names, clients: Clients) -> None:
    deploy(names, clients)
    put(names, clients, key="orders/a.json.gz")
    event = {
        "source": "aws.s3",
        "detail-type": "Object Created",
        "detail": {"bucket": {"name": names.bucket("raw")}, "object": {"key": "orders/a.json", "etag": "0"}},
    }

    assert with_version_id(event, clients) == event


def test_other_events_pass_as_they_are(clients: Clients) -> None:
    event = {"source": "shop", "detail-type": "Order Placed", "detail": {}}

    assert with_version_id(event, clients) is event
