"""Events of uploads come before the answer."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from ministack.services import s3

from statewright.local.clients import Clients
from statewright.local.emulator import Emulator
from statewright.local.ports import free_ports
from statewright.local.prompt_events import install

if TYPE_CHECKING:
    from pathlib import Path

UPLOADS = 100


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What MiniStack's own sender is asked for: its parameters by name, with the thread that asks."""
    asked: list[dict[str, Any]] = []

    def send(bucket: str, key: str, event: str, size: int, *about: Any, **more: Any) -> None:
        asked.append({"of": (bucket, key, event, size), "in": threading.current_thread(), **more})

    monkeypatch.setattr(s3, "_fire_s3_event", send)
    monkeypatch.setattr(s3, "_fire_s3_event_async", s3._fire_s3_event_async)
    monkeypatch.setattr(s3, "_bucket_notifications", {"told": "<NotificationConfiguration/>"})
    install(s3)
    return asked


def test_an_event_is_sent_by_the_one_who_keeps_the_object(sent: list[dict[str, Any]]) -> None:
    s3._fire_s3_event_async("told", "a", "s3:ObjectCreated:Put", 3, version_id="v")
    s3._fire_s3_event_async("told", "b", "s3:ObjectCreated:Put", size=4)

    assert [each["of"] for each in sent] == [
        ("told", "a", "s3:ObjectCreated:Put", 3),
        ("told", "b", "s3:ObjectCreated:Put", 4),
    ]
    assert {each["in"] for each in sent} == {threading.current_thread()}
    assert sent[0]["version_id"] == "v"
    assert sent[0]["sequencer"] < sent[1]["sequencer"]


def test_a_release_that_sends_in_another_way_is_told_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(s3, "_fire_s3_event_async")
    with pytest.raises(AttributeError, match="_fire_s3_event_async"):
        install(s3)


def test_a_bucket_that_tells_nobody_sends_nothing(sent: list[dict[str, Any]]) -> None:
    s3._fire_s3_event_async("silent", "a", "s3:ObjectCreated:Put")
    assert sent == []


def test_an_answered_upload_has_its_event_on_disk(tmp_path: Path) -> None:
    emulator = Emulator(free_ports(1)[0], tmp_path, tmp_path / "log")
    emulator.wait_until_ready()
    try:
        clients = Clients(emulator.endpoint)
        name = "told"
        url = clients("sqs").create_queue(QueueName=name)["QueueUrl"]
        said = clients("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        clients("s3").create_bucket(Bucket=name)
        clients("s3").put_bucket_notification_configuration(
            Bucket=name, NotificationConfiguration={"EventBridgeConfiguration": {}}
        )
        clients("events").put_rule(Name=name, EventPattern='{"source": ["aws.s3"]}')
        target = {"Id": "queue", "Arn": said["Attributes"]["QueueArn"]}
        clients("events").put_targets(Rule=name, Targets=[target])
        for number in range(UPLOADS):
            clients("s3").put_object(Bucket=name, Key=f"a-{number}", Body=b"{}")
            assert f"a-{number}" in (tmp_path / "state" / "sqs.json").read_text()
    finally:
        emulator.stop()
