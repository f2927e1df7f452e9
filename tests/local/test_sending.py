"""Events are the same for the same seed, and all of them are sent, whatever comes in between."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from statewright.local import sending
from statewright.local.sample_events import MAX_EVENT_BYTES, Mix, event
from statewright.local.send_events_command import send_events
from statewright.local.sending import MAX_BATCH_BYTES, NotSent, Plan, batches, send

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from statewright.local.clients import Clients

MIX = Mix(seed=7, large=0.1, broken=0.1, duplicate=0.2)


class Queue:
    """Stands in for SQS: keeps bodies, and fails where it is told to."""

    def __init__(self, *answers: Any) -> None:
        self.bodies: dict[str, list[str]] = {}
        self._answers = list(answers)

    def send_message_batch(self, QueueUrl: str, Entries: list[dict[str, str]]) -> Any:  # noqa: N803
        answer = self._answers.pop(0) if self._answers else {}
        if isinstance(answer, Exception):
            raise answer
        failed = {each["Id"] for each in answer.get("Failed", [])}
        for entry in Entries:
            if entry["Id"] not in failed:
                self.bodies.setdefault(entry["Id"], []).append(entry["MessageBody"])
        return answer


def plan(count: int = 100, rate: float = 0, mix: Mix = MIX) -> Plan:
    return Plan("http://127.0.0.1/queue", count, 10, rate, mix)


def test_the_same_number_is_the_same_event_and_another_seed_another() -> None:
    assert [event(number, MIX) for number in range(50)] == [event(number, MIX) for number in range(50)]
    assert event(3, MIX) != event(3, Mix(seed=8))


def test_shares_are_kept_and_kinds_are_what_they_say() -> None:
    events = [event(number, MIX) for number in range(4000)]
    kinds = Counter(each.kind for each in events)
    assert {kind: round(count / 4000, 1) for kind, count in kinds.items()} == {
        "good": 0.6,
        "large": 0.1,
        "broken": 0.1,
        "duplicate": 0.2,
    }
    seen: dict[str, str] = {}
    for each in events:
        if each.kind == "duplicate":
            assert seen[each.order_id] == each.body
        elif each.kind in ("good", "large"):
            assert (json.loads(each.body)["amount"] > 1000) == (each.kind == "large")
        seen[each.order_id] = each.body


@given(st.integers(0, 3000), st.sampled_from([0, 100, 1000, 200 * 1024, MAX_EVENT_BYTES]))
def test_an_event_has_the_size_that_is_wanted(number: int, size: int) -> None:
    found = event(number, Mix(broken=0, duplicate=0, target_bytes=size))
    assert len(found.body.encode()) == max(size, len(event(number, Mix(broken=0, duplicate=0)).body))
    assert json.loads(found.body)["order_id"] == found.order_id


def test_batches_are_what_sqs_takes() -> None:
    big = plan(20, mix=Mix(target_bytes=200 * 1024))
    found = list(batches(big, 0))
    assert [each.number for batch in found for each in batch] == list(range(20))
    assert {len(batch) for batch in found} == {5}
    assert all(sum(len(each.body) for each in batch) <= MAX_BATCH_BYTES for batch in found)


def test_what_sqs_did_not_take_is_sent_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "SENDERS", 1)
    failed = {"Failed": [{"Id": "3", "SenderFault": False, "Code": "InternalError"}]}
    queue = Queue(failed, failed)

    sent = send(plan(20), queue, tmp_path / "saved", lambda _: None)

    assert {number: len(bodies) for number, bodies in queue.bodies.items()} == {
        str(number): 1 for number in range(20)
    }
    assert (sent.next, sum(sent.kinds.values())) == (20, 20)


def test_what_sqs_refuses_is_an_error_that_names_the_event(tmp_path: Path) -> None:
    refused = {
        "Failed": [{"Id": "3", "SenderFault": True, "Code": "InvalidMessageContents", "Message": "no"}]
    }
    with pytest.raises(NotSent, match="event 3: InvalidMessageContents: no"):
        send(plan(20), Queue(refused), tmp_path / "saved", lambda _: None)


def test_an_interrupted_sending_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "SENDERS", 1)
    saved = tmp_path / "folder" / "saved.json"
    queue = Queue({}, {}, {}, ConnectionError("gone"))
    with pytest.raises(ConnectionError):
        send(plan(100), queue, saved, lambda _: None)

    sent = send(plan(100), queue, saved, lambda _: None)

    assert {number: bodies[0] for number, bodies in queue.bodies.items()} == {
        str(number): event(number, MIX).body for number in range(100)
    }
    assert sum(sent.kinds.values()) < 100
    assert not saved.exists()


def test_another_plan_does_not_go_on_with_this_one(tmp_path: Path) -> None:
    saved = tmp_path / "saved.json"
    with pytest.raises(ConnectionError):
        send(plan(100), Queue({}, ConnectionError("gone")), saved, lambda _: None)

    other = plan(30, mix=Mix(seed=9))
    assert sum(send(other, Queue(), saved, lambda _: None).kinds.values()) == 30


def test_a_saved_file_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    (tmp_path / "saved.json").write_text("[{")
    assert sum(send(plan(10), Queue(), tmp_path / "saved.json", lambda _: None).kinds.values()) == 10


def test_the_rate_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    monkeypatch.setattr(time, "monotonic", lambda: 0.0)
    send(plan(100, rate=50), Queue(), tmp_path / "saved", lambda _: None)
    assert waited == [number / 50 for number in range(0, 100, 10)]


def test_the_command_sends_to_a_queue_on_loopback_and_tells_what(
    clients: Clients, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    url = clients("sqs").create_queue(QueueName="events-of-the-command")["QueueUrl"]

    ran = CliRunner().invoke(send_events, ["--queue-url", url, "--count", "40", "--json"])

    assert ran.exit_code == 0, ran.output
    told = json.loads(ran.stdout)
    assert told["sent"] == 40 == sum(told[kind] for kind in ("good", "large", "broken", "duplicate"))
    said = clients("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    assert said["Attributes"]["ApproximateNumberOfMessages"] == "40"


def test_a_command_that_was_killed_goes_on_where_it_was(clients: Clients, tmp_path: Path) -> None:
    url = clients("sqs").create_queue(QueueName="events-of-the-killed-command")["QueueUrl"]
    command = [sys.executable, "-m", "statewright.cli", "send-events", "--queue-url", url, "--count", "1000"]
    killed = subprocess.Popen([*command, "--rate", "150"], cwd=tmp_path)
    while not list(tmp_path.glob(".statewright/send-events/*.json")) or not _next(tmp_path):
        assert killed.poll() is None
        time.sleep(0.02)
    killed.kill()
    killed.wait()
    before = _next(tmp_path)

    ran = subprocess.run([*command, "--json"], cwd=tmp_path, capture_output=True, text=True, check=True)

    assert 0 < before < 1000
    assert json.loads(ran.stdout)["resumed_after"] == before
    wanted = Counter(event(number, Mix(day=_today())).body for number in range(1000))
    found = Counter(bodies_in(clients, url))
    assert not wanted - found
    assert (found - wanted).total() <= 300  # what was sent between the last save and the kill


def _next(folder: Path) -> int:
    (saved,) = folder.glob(".statewright/send-events/*.json")
    return int(json.loads(saved.read_text())["next"])


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def bodies_in(clients: Clients, url: str) -> Iterator[str]:
    while taken := clients("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        yield from (each["Body"] for each in taken)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--queue-url", "transactions"], "no URL of a queue"),
        (["--queue-url", "http://127.0.0.1:1/q", "--broken", "0.9", "--large", "0.2"], "more than all"),
        (["--queue-url", "http://127.0.0.1:1/q", "--batch-size", "11"], "1<=x<=10"),
        (["--queue-url", "http://127.0.0.1:1/q", "--target-kb", "1025"], "0<=x<=1024"),
    ],
)
def test_what_cannot_be_sent_is_refused(arguments: list[str], reason: str) -> None:
    ran = CliRunner().invoke(send_events, arguments)
    assert ran.exit_code == 2
    assert reason in ran.output
