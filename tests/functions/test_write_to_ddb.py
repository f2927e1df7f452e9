"""WriteToDdb: one item a key, whatever the plan."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.functions.cloud import (
    ingest,
    small_plan,
)
from tests.functions.objects_sent import json_lines, order

if TYPE_CHECKING:
    from tests.functions.cloud import Cloud


@pytest.mark.parametrize(("shards", "partitions"), [(1, 1), (1, 4), (7, 1), (7, 5), (40, 3)])
def test_every_plan_leaves_the_same_table(cloud: Cloud, shards: int, partitions: int) -> None:
    good = [order(number) for number in range(60)]
    again = [order(number, amount=20 + number) for number in range(0, 60, 4)]
    body = b"\xef\xbb\xbf" + json_lines(*good, order(1, quantity=-1)) + b"\nnot json\n" + json_lines(*again)
    cloud.put("orders/x.jsonl", body)

    outcome = ingest("orders/x.jsonl", plan=small_plan(len(body), shards, partitions))

    counts = outcome.notified["counts"]
    assert counts == {"read": 77, "written": 60, "superseded": 15, "quarantined": 2, "alerts": 0}
    assert outcome.notified["reasons"] == {"minimum": 1, "syntax": 1}
    items = {item["order_id"]["S"]: item for item in cloud.items("orders")}
    assert len(items) == 60
    for number in range(60):
        item = items[f"o-{number}"]
        line = 64 + number // 4 if number % 4 == 0 else number + 1
        assert item["_line"] == {"N": str(line)}
        assert Decimal(item["amount"]["N"]) == (20 + number if number % 4 == 0 else Decimal("10.5"))
        start = int(item["_offset"]["N"])
        assert json.loads(body[start:].split(b"\n")[0])["order_id"] == f"o-{number}"


def test_equal_records_of_two_objects_are_one_item(cloud: Cloud) -> None:
    cloud.put("sales/a.csv", b"name,email,amount,date\nAda,ada@example.com,1.50,2025-01-01\n")
    cloud.put(
        "sales/b.json", b'[{"date":"2025-01-01","amount":15e-1,"email":"ada@example.com","name":"Ada"}]'
    )
    ingest("sales/a.csv")
    ingest("sales/b.json")
    assert len(cloud.items("sales")) == 1
