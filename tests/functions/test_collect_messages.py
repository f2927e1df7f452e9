from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest

from pipeline import collecting_messages
from pipeline.collecting_messages import (
    MAX_GROUP_MESSAGES,
    MAX_INLINE_CHARACTERS,
    MAX_NOTICES_CHARACTERS,
)
from pipeline.formats import messages
from tests.functions.cloud import RAW, STAGING
from tests.functions.objects_sent import order
from tests.functions.streams import SENT, bodies, collect, message, told_row

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.functions.cloud import Cloud

# What a target of a pipe takes: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
MAX_INPUT_CHARACTERS = 262_144


def created(key: str = "raw/by+hand%2B%C3%A9.csv", **said: Any) -> dict[str, Any]:
    """Return S3's notification of one new object."""
    found = {"key": key, "size": 1, "eTag": "e", "sequencer": "1", **said}
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": RAW}, "object": found},
    }


def noise(size: int) -> str:
    """Return a text that does not compress well."""
    return random.Random(size).randbytes(size // 2).hex()


def test_messages_of_a_queue_are_records_of_the_dataset_that_names_it(cloud: Cloud) -> None:
    (group,) = collect(message(order(1), "m1"), message(order(2), "m2"))
    assert (group["kind"], group["messages"]) == ("records", ["m1", "m2"])
    assert bodies(group) == [json.dumps(order(1)), json.dumps(order(2))]
    file = group["file"]
    assert (file["dataset"], file["contract"], file["format"]) == ("orders", "orders/1", "messages")
    assert file["day"] == "2025-08-18"
    assert file["size"] == sum(len(body) for body in bodies(group))
    assert cloud.keys(STAGING) == []


def test_an_attribute_names_another_dataset_than_the_queue(cloud: Cloud) -> None:
    sale = {"name": "A", "email": "a@example.com", "amount": 1, "date": "2025-08-18"}
    groups = collect(message(order(1), "m1"), message(sale, "m2", dataset="sales"))
    assert [(group["file"]["dataset"], group["messages"]) for group in groups] == [
        ("orders", ["m1"]),
        ("sales", ["m2"]),
    ]


@pytest.mark.parametrize(
    ("sent", "rule", "reason"),
    [
        (
            message({}, "m1", queue="arn:aws:sqs:us-east-1:0:other"),
            "dataset",
            "no dataset claims messages of the queue other",
        ),
        (message({}, "m1", dataset="nothing"), "dataset", "its attribute dataset names none of the datasets"),
        (
            message({}, "m1", statewright_digest="x" * 9999),
            "digest",
            "its attribute statewright-digest names no minute of a rule",
        ),
    ],
)
def test_what_no_dataset_claims_goes_back_and_the_reason_is_kept(
    cloud: Cloud, sent: dict[str, Any], rule: str, reason: str
) -> None:
    assert collect(sent) == [{"kind": "refused", "messages": ["m1"]}]
    row = told_row("message:m1")
    assert row is not None
    assert (row["rule"]["S"], row["reason"]["S"]) == (rule, reason)
    assert "put_aside_by" not in row


def test_a_request_for_a_digest_names_its_minute(cloud: Cloud) -> None:
    minute = "minute:orders:large_order:2025-08-18T19:00"
    requests = [message("{}", name, statewright_digest=minute) for name in ("m1", "m2")]
    assert collect(*requests) == [{"kind": "digests", "messages": ["m1", "m2"], "minutes": [minute]}]


def test_a_notification_of_s3_names_the_object_decoded_and_its_version(cloud: Cloud) -> None:
    (group,) = collect(message({"Records": [created(), created("b.csv", versionId="v1")]}, "m1"))
    assert (group["kind"], group["messages"]) == ("notices", ["m1"])
    plain, versioned = group["notices"]
    assert plain["input"] == {"s3Bucket": RAW, "s3Key": "raw/by hand+é.csv"}
    assert versioned["input"] == {"s3Bucket": RAW, "s3Key": "b.csv", "s3VersionId": "v1"}
    assert plain["name"] != versioned["name"]


def test_the_same_event_has_the_same_name_and_the_next_write_another(cloud: Cloud) -> None:
    first, again, later = (
        collect(message({"Records": [created(sequencer=sequencer)]}, name))[0]["notices"][0]["name"]
        for sequencer, name in (("1", "m1"), ("1", "m2"), ("2", "m3"))
    )
    assert first == again != later


@pytest.mark.parametrize(
    "body",
    [
        {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": RAW},
        {"Records": [{**created(), "eventName": "ObjectRemoved:Delete"}]},
        {"Records": [{**created(), "eventName": "s3:ObjectTagging:Put"}]},
    ],
)
def test_what_s3_says_beside_new_objects_is_passed_over(cloud: Cloud, body: dict[str, Any]) -> None:
    assert collect(message(body, "m1")) == []
    (group,) = collect(message(body, "m1"), message(order(1), "m2"))
    assert group["messages"] == ["m2"]


@pytest.mark.parametrize(
    "body",
    [
        '{"Records": [], "s3": 1}',
        '{"Records": "s3"}',
        '{"Event": "s3:TestEvent"}',
        json.dumps({"Records": [created(), {**created(), "eventSource": "aws:sns"}]}),
        json.dumps({"Records": [{**created(), "s3": None}]}),
        json.dumps({"Records": [{**created(), "s3": {"bucket": {"name": 7}, "object": {"key": "k"}}}]}),
        json.dumps({"Records": [{**created(), "s3": {"bucket": {"name": RAW}, "object": ["key"]}}]}),
        json.dumps({"Records": [created(versionId={"deep": 1})]}),
        '{"Records": [' + "[" * 5000 + '"s3"',
        '["s3"]',
        '"s3"',
        "not JSON of s3",
    ],
)
def test_what_only_looks_like_a_notification_is_a_record(cloud: Cloud, body: str) -> None:
    (group,) = collect(message(body, "m1"))
    assert (group["kind"], bodies(group)) == ("records", [body])


def test_a_message_that_names_its_dataset_is_a_record_whatever_is_in_it(cloud: Cloud) -> None:
    (group,) = collect(message({"Records": [created()]}, "m1", dataset="orders"))
    assert group["kind"] == "records"


def test_groups_hold_a_hundred_messages_at_most(cloud: Cloud) -> None:
    groups = collect(*(message(order(number), f"m{number}") for number in range(2 * MAX_GROUP_MESSAGES + 1)))
    assert [len(group["messages"]) for group in groups] == [MAX_GROUP_MESSAGES, MAX_GROUP_MESSAGES, 1]
    assert len({group["file"]["id"] for group in groups}) == 3


def test_the_id_of_a_group_follows_from_its_messages_alone(cloud: Cloud) -> None:
    one, two, three = (message(order(number), f"m{number}") for number in range(3))
    first, other_way, other = collect(one, two), collect(two, one), collect(one, three)
    assert first[0]["file"]["id"] == other_way[0]["file"]["id"] != other[0]["file"]["id"]
    assert collect(one, two) == first


def test_large_messages_are_staged_beside_the_group(cloud: Cloud) -> None:
    sent = [message({**order(number), "note": noise(200_000)}, f"m{number}") for number in range(3)]
    (group,) = collect(*sent)
    assert group["content"] == {"bucket": STAGING, "key": group["file"]["key"]}
    assert bodies(group) == [each["body"] for each in sent]


def test_all_groups_together_have_room_in_the_input_of_the_workflow(cloud: Cloud) -> None:
    sale = {"name": noise(900), "email": "a@example.com", "amount": 1, "date": "2025-08-18"}
    batch = [
        *(message({**order(number), "note": noise(900)}, f"o{number}") for number in range(100)),
        *(message(sale, f"s{number}", dataset="sales") for number in range(100)),
        *(message({"Records": [created(f"{number}{'é' * 500}")]}, f"n{number}") for number in range(100)),
    ]
    groups = collect(*batch)
    assert len(json.dumps(groups)) < MAX_INPUT_CHARACTERS
    inline = [len(group["content"].get("inline", "")) for group in groups if group["kind"] == "records"]
    assert 0 < sum(inline) <= MAX_INLINE_CHARACTERS
    assert sorted(name for group in groups for name in group["messages"]) == sorted(
        each["messageId"] for each in batch
    )


def told_of(objects: int, sizing: Callable[[int], str]) -> dict[str, Any]:
    return message({"Records": [created(sizing(number)) for number in range(objects)]}, "m1")


def test_notices_go_back_where_they_are_more_than_the_workflow_takes(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = told_of(3, str)
    (group,) = collect(few)
    length = len(json.dumps(group["notices"]))
    monkeypatch.setattr(collecting_messages, "MAX_NOTICES_CHARACTERS", length)
    assert collect(few)[0]["kind"] == "notices"
    monkeypatch.setattr(collecting_messages, "MAX_NOTICES_CHARACTERS", length - 1)
    assert collect(few) == [{"kind": "refused", "messages": ["m1"]}]
    monkeypatch.undo()


def test_one_message_cannot_fill_the_input_of_the_workflow(cloud: Cloud) -> None:
    many = told_of(5000, lambda number: f"k{number}")
    assert len(many["body"]) > MAX_NOTICES_CHARACTERS
    groups = collect(many, message({"Records": [created("fine")]}, "m2"))
    assert [(group["kind"], group["messages"]) for group in groups] == [
        ("notices", ["m2"]),
        ("refused", ["m1"]),
    ]


@pytest.mark.parametrize("body", ["{}", "é\n\t\u2028", "x" * 1_000_000, '"\\ud800"'])
def test_a_frame_keeps_a_message_to_the_byte(body: str) -> None:
    (found,) = messages.unframed([messages.framed("m-1", SENT, body)])
    assert (found.id, found.sent, found.body) == ("m-1", SENT, body.encode())
    assert messages.message_of(found.rank) == "m-1"


def test_ranks_grow_with_time() -> None:
    times = [1, 999_999_999_999, SENT, SENT + 1, 9_999_999_999_999]
    ranks = [messages.Framed("m", sent, b"").rank for sent in times]
    assert sorted(ranks) == ranks
