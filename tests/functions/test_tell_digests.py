"""Alerts of messages: each told once, a few a minute one by one, the rest in a digest that counts them."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from pipeline import digests, telling, told
from pipeline.errors import Throttled
from tests.functions.cloud import REGION, ROOT, TOLD, client, ingest, invoke
from tests.functions.objects_sent import json_lines, order
from tests.functions.streams import collect, enriched, message, notify, stream, told_row, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.functions.cloud import Cloud

NOON = datetime(2026, 1, 1, 12, 0, 7, tzinfo=UTC)
MINUTE = "minute:orders:large_order:2026-01-01T12:00"
QUOTA = 20


class Clock:
    """The time as `telling` sees it."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self, _: Any) -> datetime:
        return self.at


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock(NOON)
    monkeypatch.setattr(telling, "datetime", made)
    return made


def large(first: int, count: int, sent: int = 0) -> list[dict[str, Any]]:
    """Return messages with large orders."""
    return [message(order(n, amount=5000), f"m{n}-{sent}", sent=sent) for n in range(first, first + count)]


def said(cloud: Cloud) -> list[dict[str, Any]]:
    """Take what people were told."""
    return [json.loads(each["Message"]) for each in cloud.messages()]


def singles(messages: list[dict[str, Any]]) -> list[str]:
    return [each["key"] for each in messages if each["event"] == "alert"]


def requests(cloud: Cloud) -> list[str]:
    """Return the minutes whose digests were asked for; moto keeps delayed messages for itself."""
    from moto.backends import get_backend

    queue = get_backend("sqs")["123456789012"][REGION].queues["statewright-transactions"]
    return [json.loads(each.body)["minute"] for each in queue._messages]


def digest(*minutes: str) -> int:
    answer: int = invoke("tell_digests", {"minutes": list(minutes)})["alerts"]
    return answer


def test_each_alert_of_a_message_is_told_with_what_it_is_about(cloud: Cloud, clock: Clock) -> None:
    done = stream(message(order(1, amount=5000), "m1"), message(order(2), "m2"))
    (sent,) = cloud.messages()
    told_ = json.loads(sent["Message"])
    assert sent["Subject"] == "Large order o-1"
    assert (told_["rule"], told_["dataset"], told_["group"]) == (
        "large_order",
        "orders",
        done.notified["file"]["id"],
    )
    assert (told_["key"], told_["message_id"]) == ('["o-1"]', "m1")
    assert sent["MessageAttributes"]["severity"]["Value"] == "warning"


@pytest.mark.parametrize(
    ("body", "rule", "words"),
    [
        ({"order_id": "o-1"}, "missing_data", "was refused: the contract orders/1 wants required"),
        (
            order(1, quantity=-1),
            "invalid_data",
            "was refused at /quantity: the contract orders/1 wants minimum: 0",
        ),
        ("no JSON", "invalid_data", "was refused at : not JSON"),
    ],
)
def test_a_refused_message_is_told_once_and_never_what_is_in_it(
    cloud: Cloud, clock: Clock, body: Any, rule: str, words: str
) -> None:
    stream(message(body, "m1"))
    clock.at += timedelta(hours=1)
    stream(message(body, "m1"), message(order(9), "m2"))
    (told_,) = said(cloud)
    assert told_["rule"] == rule
    assert told_["message"].startswith(f"The message m1 {words}")


def test_a_minute_has_its_quota_of_single_alerts_and_a_digest_counts_the_rest(
    cloud: Cloud, clock: Clock
) -> None:
    stream(*large(0, 15))
    stream(*large(15, 15))
    assert len(singles(said(cloud))) == QUOTA
    assert requests(cloud) == [MINUTE]

    assert digest(MINUTE) == 10
    (sent,) = cloud.messages()
    assert sent["Subject"] == "10 more alerts large_order of orders"
    assert json.loads(sent["Message"]) == {
        "event": "digest",
        "dataset": "orders",
        "rule": "large_order",
        "severity": "warning",
        "minute": "2026-01-01T12:00Z",
        "alerts": 10,
    }
    assert {name: each["Value"] for name, each in sent["MessageAttributes"].items()} == {
        "event": "digest",
        "dataset": "orders",
        "rule": "large_order",
        "severity": "warning",
    }


def test_the_next_minute_and_another_rule_have_quotas_of_their_own(cloud: Cloud, clock: Clock) -> None:
    stream(*large(0, 25))
    stream(*(message("{", f"bad-{number}") for number in range(3)))
    assert len(singles(said(cloud))) == QUOTA + 3
    clock.at += timedelta(minutes=1)
    stream(*large(25, 5))
    assert len(singles(said(cloud))) == 5


def test_a_digest_that_is_asked_for_twice_tells_once_and_a_later_one_of_what_came_since(
    cloud: Cloud, clock: Clock
) -> None:
    stream(*large(0, 25))
    said(cloud)
    assert [digest(MINUTE, MINUTE), digest(MINUTE)] == [5, 0]
    stream(*large(25, 3))
    assert digest(MINUTE) == 3
    assert [each["alerts"] for each in said(cloud)] == [5, 3]


def test_a_digest_is_told_once_where_two_are_asked_for_at_once(cloud: Cloud, clock: Clock) -> None:
    stream(*large(0, QUOTA + 5))
    said(cloud)
    told.begin_digest(TOLD, MINUTE, "another", datetime.now(UTC))
    with pytest.raises(Throttled, match="is being told"):
        digest(MINUTE)
    assert said(cloud) == []

    told.end_digest(TOLD, MINUTE)
    assert (digest(MINUTE), digest(MINUTE)) == (5, 0)


def test_a_teller_that_died_keeps_nobody_from_telling(cloud: Cloud, clock: Clock) -> None:
    stream(*large(0, QUOTA + 5))
    dead = datetime.now(UTC) - timedelta(seconds=told.TELLING_SECONDS + 1)
    told.begin_digest(TOLD, MINUTE, "dead", dead)
    assert digest(MINUTE) == 5


def test_a_teller_whose_answer_was_lost_on_the_network_tells(cloud: Cloud) -> None:
    now = datetime.now(UTC)
    row = {"id": MINUTE, "rest": 3, "dataset": "orders", "rule": "large_order", "severity": "warning"}
    cloud.dynamodb.Table(TOLD).put_item(Item=row)
    first, again = (told.begin_digest(TOLD, MINUTE, "me", now) for _ in range(2))
    assert first == again


def test_a_minute_that_left_nothing_is_not_told_of(cloud: Cloud, clock: Clock) -> None:
    stream(*large(0, 2))
    said(cloud)
    assert digest(MINUTE, "minute:orders:large_order:2026-01-01T12:01") == 0
    assert said(cloud) == []


def test_the_same_alert_of_a_duplicate_is_not_told_again(cloud: Cloud, clock: Clock) -> None:
    stream(*large(0, 30))
    said(cloud)
    clock.at += timedelta(minutes=5)
    stream(*large(0, 30, sent=5))
    assert said(cloud) == []
    assert digest(MINUTE, MINUTE.replace("12:00", "12:05")) == 10


def test_another_amount_of_the_same_order_is_another_alert(cloud: Cloud, clock: Clock) -> None:
    stream(message(order(1, amount=5000), "m1"))
    stream(message(order(1, amount=6000), "m2", sent=1))
    assert len(said(cloud)) == 2


def test_files_have_the_same_quota_and_their_summary_counts_the_rest(cloud: Cloud, clock: Clock) -> None:
    stream(*large(0, QUOTA - 2))
    said(cloud)
    cloud.put("orders/x.jsonl", json_lines(*(order(n, amount=5000) for n in range(100, 105))))
    ingest("orders/x.jsonl")
    told_ = said(cloud)
    assert len(singles(told_)) == 2
    (summary,) = [each for each in told_ if each["event"] == "ingested"]
    assert (summary["counts"]["alerts"], summary["alerts_told"]) == (5, 2)
    assert requests(cloud) == []


# Who tells of an alert while it is not told yet.


def notified(*sent: dict[str, Any]) -> Callable[[], object]:
    """Run a group up to Notify; return what runs that."""
    (group,) = collect(*sent)
    shard = enriched(group)
    written = write(group, shard)
    return lambda: notify(group, shard, written)


def broken(_: object = None, *__: object, **___: object) -> Any:
    raise Throttled("broken off")


@pytest.mark.parametrize("step", ["ask", "choose", "mark", "leave_to_digest", "ask_for_digest"])
@pytest.mark.parametrize("after", [False, True])
def test_a_crash_before_and_after_each_step_leaves_no_alert_untold(
    cloud: Cloud, clock: Clock, monkeypatch: pytest.MonkeyPatch, step: str, *, after: bool
) -> None:
    work = notified(*large(0, 30))
    where = digests if step == "ask_for_digest" else told
    real = getattr(where, step)

    def crash(*arguments: Any) -> Any:
        if after:
            real(*arguments)
        return broken()

    monkeypatch.setattr(where, step, crash)
    with pytest.raises(Throttled):
        work()
    monkeypatch.setattr(where, step, real)
    work()

    messages = said(cloud)
    counted = digest(*set(requests(cloud)))
    assert len(set(singles(messages))) + counted == 30
    repeated = Counter(Counter(singles(messages)).values())
    chosen = 0 if (step, after) in {("ask", True), ("choose", False)} else QUOTA  # a quota that nobody used
    assert repeated == ({2: QUOTA} if (step, after) == ("mark", False) else {1: chosen} if chosen else {})


def test_a_group_whose_row_failed_does_not_tell_again(
    cloud: Cloud, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = notified(*large(0, 30))
    with monkeypatch.context() as patched:
        patched.setattr("pipeline.ledger.put", broken)
        with pytest.raises(Throttled):
            work()
    work()
    assert len(singles(said(cloud))) == QUOTA
    assert digest(MINUTE) == 10


def test_what_another_group_is_about_to_tell_of_is_left_to_it_until_it_must_be_dead(
    cloud: Cloud, clock: Clock
) -> None:
    lease = timedelta(seconds=told.LEASE_SECONDS)
    assert told.claim(TOLD, ["a"], "first", NOON) == ([], ["a"], [])
    assert told.claim(TOLD, ["a"], "second", NOON + lease) == ([], [], [])
    assert told.claim(TOLD, ["a"], "first", NOON + lease) == ([], ["a"], [])
    told.choose(TOLD, ["a"])
    assert told.claim(TOLD, ["a"], "second", NOON + 2 * lease + timedelta(seconds=1)) == (["a"], [], [])
    told.mark(TOLD, ["a"], "second", NOON)
    told.choose(TOLD, ["a"])  # a call that comes late
    tomorrow = NOON + timedelta(days=1)
    assert told.claim(TOLD, ["a"], "second", tomorrow) == ([], [], ["a"])
    for other in ("first", "third"):
        assert told.claim(TOLD, ["a"], other, tomorrow) == ([], [], [])


def test_two_groups_with_the_same_records_at_once_tell_of_each_once(cloud: Cloud, clock: Clock) -> None:
    first, second = notified(*large(0, 30)), notified(*large(0, 30, sent=5))
    first()
    second()
    assert len(singles(said(cloud))) == QUOTA
    assert digest(MINUTE) == 10


def test_what_was_told_meanwhile_is_not_counted_for_the_digest(cloud: Cloud) -> None:
    about = {"dataset": "orders", "rule": "large_order", "severity": "warning"}
    alerts = [f"a{number}" for number in range(250)]
    told.mark(TOLD, alerts[::10], "other", NOON)
    for _ in range(2):
        told.leave_to_digest(TOLD, MINUTE, about, alerts, "run", NOON)
    (minute,) = told.read_minutes(TOLD, [MINUTE])
    assert (minute.rest, minute.told) == (225, 0)


def test_transactions_that_meet_are_tried_again(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    reasons = [{"Code": "ConditionalCheckFailed"}, {"Code": "TransactionConflict"}]
    error = ClientError(
        {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons},  # type: ignore[typeddict-item]
        "TransactWriteItems",
    )
    with pytest.raises(Throttled):
        told._still_untold(error, ["a"])


def test_a_request_comes_when_no_function_can_leave_anything_to_the_digest_any_more() -> None:
    functions = json.loads((ROOT / "pipeline.json").read_text())["functions"]
    assert functions["notify"]["timeout_seconds"] <= digests.GRACE_SECONDS


@pytest.mark.parametrize(("second", "delay"), [(0, 120), (59, 61)])
def test_a_request_waits_for_the_end_of_its_minute(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, second: int, delay: int
) -> None:
    sent = []
    monkeypatch.setattr(
        digests, "sqs", lambda: type("Queue", (), {"send_message": lambda _, **said: sent.append(said)})()
    )
    digests.ask_for_digest("url", MINUTE, NOON.replace(second=second))
    assert sent[0]["DelaySeconds"] == delay
    assert digests.MINUTE.fullmatch(sent[0]["MessageAttributes"][digests.ATTRIBUTE]["StringValue"])


def test_rows_of_the_table_expire(cloud: Cloud, clock: Clock) -> None:
    stream(*large(0, 25), message("{", "bad"))
    rows = client("dynamodb").scan(TableName=TOLD)["Items"]
    assert {row["id"]["S"].partition(":")[0] for row in rows} == {"alert", "minute", "message"}
    assert all(int(row["expires_at"]["N"]) > NOON.timestamp() for row in rows)
    assert told_row("message:bad") in rows
