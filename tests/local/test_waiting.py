"""What messages tell of, and what would be done about it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from statewright.local.dead_letters import Message
from statewright.local.waiting import (
    Waiting,
    object_of,
    restart_name,
    settled,
    waiting_of,
    with_newer,
)

if TYPE_CHECKING:
    from statewright.local.names import Names
    from tests.local.pipelines import Pipeline

EVENT = {
    "id": "e-1",
    "source": "aws.s3",
    "detail-type": "Object Created",
    "detail": {"bucket": {"name": "raw"}, "object": {"key": "orders/a b+c.json", "version-id": "v1"}},
}


def message(body: Any, *, queue: str = "dead_letters", number: int = 1, **attributes: str) -> Message:
    text = body if isinstance(body, str) else json.dumps(body)
    return Message(queue, f"m-{number}", f"r-{number}", float(number), text, attributes)


def failed(names: Names, name: str = "one", **changes: Any) -> dict[str, Any]:
    execution = f"{names.state_machine_arn('ingest').replace('stateMachine', 'execution')}:{name}"
    file = {"id": "x", "bucket": "raw", "key": "orders/a.json", "version": "v1"}
    plain = {"execution": execution, "file": file, "input": {"s3Key": "orders/a.json"}, "error": "E"}
    return {**plain, "cause": "C", **changes}


def only(names: Names, *messages: Message) -> Waiting:
    [found] = waiting_of(names, messages)
    return found


def test_a_failed_execution_is_started_anew_under_a_name_of_its_own(names: Names) -> None:
    body = failed(names)

    found = only(names, message(body))

    assert (found.kind, found.action, found.error, found.cause) == ("failed", "start", "E", "C")
    assert (found.execution, found.machine) == (body["execution"], names.state_machine_arn("ingest"))
    assert found.name == restart_name(body["execution"])
    assert found.name.removeprefix("redrive-").startswith(found.id)
    assert (found.file.key, found.file.version) == ("orders/a.json", "v1")


def test_messages_of_one_execution_are_one_of_the_oldest_message(names: Names) -> None:
    twice = [message(failed(names), number=2), message(failed(names), number=1)]

    found = only(names, *twice)

    assert [each.id for each in found.messages] == ["m-1", "m-2"]
    assert found.since == 1.0


def test_the_object_comes_from_the_input_where_the_message_names_no_version(names: Names) -> None:
    body = failed(names, file={"id": "execution:one", "bucket": "unknown", "key": "unknown"}, input=EVENT)

    assert only(names, message(body)).file == object_of(EVENT)


def test_an_event_is_started_as_its_rule_would_have(names: Names) -> None:
    rule = names.rule_arn("object_created")

    found = only(
        names, message(EVENT, queue="undelivered_events", RULE_ARN=rule, ERROR_CODE="X", ERROR_MESSAGE="gone")
    )

    assert (found.kind, found.action, found.name) == ("undelivered", "start", "e-1")
    assert (found.error, found.cause, found.file.key) == ("X", "gone", "orders/a b+c.json")
    assert found.machine == names.state_machine_arn("ingest")


@pytest.mark.parametrize(
    "body",
    [
        "",
        "rubbish",
        "[" * 100_000,
        "[]",
        "{}",
        "1e400",
        {"execution": 5, "input": {}},
        {"execution": "arn:aws:states:us-east-1:000000000000:execution:others:one", "input": {}},
        {"execution": "\udc00", "input": {}},
        EVENT,  # in a queue of no rule
        {**EVENT, "id": 7},
    ],
)
def test_what_is_neither_is_poison(names: Names, body: Any) -> None:
    found = only(names, message(body))

    assert (found.kind, found.action) == ("poison", "none")


@pytest.mark.parametrize("depth", [500, 990, 100_000])
def test_an_input_of_any_depth_is_read_or_poison(names: Names, depth: int) -> None:
    body = failed(names)
    deep = "[" * depth + "]" * depth

    found = only(names, message(json.dumps(body).replace('{"s3Key": "orders/a.json"}', deep)))

    assert (found.kind, found.input) in (("failed", deep), ("poison", None))


@pytest.mark.parametrize("id_", ["", "x" * 81, "a/b", "a b", "a\n"])
def test_an_event_whose_id_names_no_execution_is_poison(names: Names, id_: str) -> None:
    event = message(
        {**EVENT, "id": id_}, queue="undelivered_events", RULE_ARN=names.rule_arn("object_created")
    )

    assert only(names, event).kind == "poison"


def test_an_event_of_another_rule_is_poison(names: Names) -> None:
    found = only(names, message(EVENT, queue="undelivered_events", RULE_ARN="arn:aws:events:x:1:rule/other"))

    assert found.kind == "poison"


@pytest.mark.parametrize(
    "request_",
    [None, [], {"s3Key": 5}, {"detail": []}, {"detail": {"bucket": 1, "object": {"key": []}}}, {"event": {}}],
)
def test_an_input_that_names_no_object_names_none(request_: Any) -> None:
    assert object_of(request_).file_id is None


def test_what_was_ingested_meanwhile_is_only_to_be_removed(pipeline: Pipeline) -> None:
    request = {"s3Bucket": "raw", "s3Key": "orders/a.json", "s3VersionId": "v1"}
    messages = [
        message(failed(pipeline.names, key, input={**request, "s3Key": f"orders/{key}"}, file={}), number=at)
        for at, key in enumerate(("good", "bad", "unknown"))
    ]
    pipeline.put_row("orders/good", "SUCCEEDED", "arn:other")
    pipeline.put_row("orders/bad", "FAILED", "arn:mine")

    found = settled(pipeline.names, pipeline.clients, waiting_of(pipeline.names, messages))

    assert [(each.action, each.settled_by) for each in found] == [
        ("settle", "arn:other"),
        ("start", None),
        ("start", None),
    ]


def test_an_object_with_a_newer_version_is_told_of(pipeline: Pipeline) -> None:
    s3, bucket = pipeline.clients("s3"), pipeline.names.bucket("raw")
    versions = [s3.put_object(Bucket=bucket, Key="k", Body=body)["VersionId"] for body in (b"1", b"2")]
    requests = [{"s3Bucket": bucket, "s3Key": "k", "s3VersionId": each} for each in (*versions, "etag:1")]
    requests.append({"s3Bucket": bucket, "s3Key": "gone", "s3VersionId": "v"})
    found = waiting_of(
        pipeline.names,
        [
            message(failed(pipeline.names, str(at), input=request, file={}), number=at)
            for at, request in enumerate(requests)
        ],
    )

    assert [with_newer(pipeline.clients, each).newer for each in found] == [True, False, False, False]
