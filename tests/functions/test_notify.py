from __future__ import annotations

import copy
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from pipeline import notifying
from pipeline.errors import ClaimLost, ConservationViolated
from pipeline.messages import plain_subject
from tests.functions.cloud import EXECUTION, STARTED_AT, ingest, invoke, small_plan
from tests.functions.objects_sent import json_lines, order

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.functions.cloud import Cloud


def ingested(cloud: Cloud) -> dict[str, Any]:
    body = json_lines(*(order(number) for number in range(10)))
    cloud.put("orders/x.jsonl", body)
    outcome = ingest("orders/x.jsonl", plan=small_plan(len(body), 3, 2))
    request = {
        "file": outcome.collected["file"],
        "shards": outcome.shards,
        "partitions": outcome.partitions,
        "execution": {"id": EXECUTION, "started_at": STARTED_AT},
    }
    return copy.deepcopy(request)


def add(place: list[str | int], number: int) -> Callable[[Any], None]:
    def change(request: Any) -> None:
        *path, last = place
        for part in path:
            request = request[part]
        request[last] += number

    return change


@pytest.mark.parametrize(
    "change",
    [
        add(["shards", 0, "read"], 1),
        add(["shards", 1, "enriched"], -1),
        add(["shards", 2, "quarantined"], 1),
        add(["partitions", 0, "written"], 1),
        add(["partitions", 1, "superseded"], 1),
        add(["shards", 0, "bytes"], 1),
        add(["shards", 2, "shard", "index"], 1),
        lambda request: request["shards"].append(request["shards"][0]),
        lambda request: request["shards"].pop(),
        lambda request: request["partitions"].append({"partition": 0, "written": 0, "superseded": 0}),
        lambda request: request["partitions"].pop(),
    ],
)
def test_a_sum_that_does_not_hold_fails_the_file(cloud: Cloud, change: Callable[[Any], None]) -> None:
    request = ingested(cloud)
    cloud.messages()
    change(request)
    with pytest.raises(ConservationViolated, match=r"= \d+, but .* = \d+"):
        invoke("notify", request)
    assert cloud.messages() == []


def test_a_row_that_another_execution_holds_is_left_alone(cloud: Cloud) -> None:
    request = ingested(cloud)
    request["execution"]["id"] = "another"
    with pytest.raises(ClaimLost):
        invoke("notify", request)


def test_quarantine_raises_the_severity_of_the_summary(cloud: Cloud) -> None:
    cloud.put("orders/x.jsonl", json_lines(order(1), order(2, quantity=-1)))
    ingest("orders/x.jsonl")
    (summary,) = cloud.messages()
    assert summary["MessageAttributes"]["severity"]["Value"] == "warning"
    assert summary["Subject"] == "statewright: 1 of 2 records written to orders"


def test_people_are_told_where_the_summary_is(cloud: Cloud) -> None:
    cloud.put("orders/x.jsonl", json_lines(order(1)))
    outcome = ingest("orders/x.jsonl")
    (told,) = cloud.messages()
    file_id = outcome.collected["file"]["id"]
    place = f"s3://statewright-output/reports/{file_id}_summary.json"
    assert json.loads(told["Message"])["summary"] == place
    assert cloud.row(file_id)["summary"] == place


@pytest.mark.parametrize(
    ("text", "subject"), [("a\nb", "a?b"), ("é", "?"), ("", "statewright"), ("x" * 120, "x" * 96 + "...")]
)
def test_a_subject_is_what_sns_takes(text: str, subject: str) -> None:
    assert plain_subject(text) == subject


def test_alerts_are_told_one_by_one_up_to_a_cap_then_summed_up(cloud: Cloud) -> None:
    records = [order(number, amount=2000 if number % 2 else 1) for number in range(50)]
    body = json_lines(*records)
    cloud.put("orders/x.jsonl", body)

    outcome = ingest("orders/x.jsonl", plan=small_plan(len(body), 5, 1))

    told = cloud.messages()
    alerts = [message for message in told if json.loads(message["Message"])["event"] == "alert"]
    (summary,) = [message for message in told if json.loads(message["Message"])["event"] == "ingested"]
    assert len(alerts) == 20
    assert sorted(json.loads(alert["Message"])["line"] for alert in alerts) == list(range(2, 42, 2))
    first = next(alert for alert in alerts if json.loads(alert["Message"])["line"] == 2)
    assert first["Subject"] == "Large order o-1"
    assert json.loads(first["Message"])["message"] == "Order o-1 of 2025-08-18: 2000 USD"
    assert first["MessageAttributes"]["severity"]["Value"] == "warning"
    assert first["MessageAttributes"]["rule"]["Value"] == "large_order"
    assert json.loads(summary["Message"])["counts"]["alerts"] == 25
    assert summary["MessageAttributes"]["event"]["Value"] == "ingested"
    assert summary["MessageAttributes"]["dataset"]["Value"] == "orders"
    assert summary["MessageAttributes"]["status"]["Value"] == "SUCCEEDED"
    item = next(item for item in cloud.items("orders") if item["order_id"]["S"] == "o-1")
    assert item["_alerts"] == {"L": [{"S": "large_order"}]}
    assert outcome.notified["counts"]["alerts"] == 25
    assert cloud.row(outcome.notified["file"]["id"])["alert_rules"] == {"large_order": 25}


def test_a_row_names_the_rules_that_raised_most_and_sums_up_the_others() -> None:
    named = Counter({f"rule_{number:02}": 50 - number for number in range(12)})

    assert notifying.by_rule(named) == named
    assert notifying.by_rule(named + Counter(rare=2, rarer=1)) == {**named, "other": 3}
    assert notifying.by_rule(named + Counter(other=40, rare=2))["other"] == 40 + 2 + named["rule_11"]
