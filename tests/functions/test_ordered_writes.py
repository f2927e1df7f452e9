"""WriteToDdb where the contract names an ordering attribute: no item gives way to an older record."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from tests.functions.cloud import RAW, ROOT, ingest, invoke, small_plan
from tests.functions.objects_sent import json_lines, order

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.functions.cloud import Cloud


@pytest.fixture
def ordered_by(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Give the contract of orders a property, and an order by it."""

    def change(name: str, type_: str) -> None:
        schemas = tmp_path / "schemas"
        shutil.copytree(ROOT / "schemas", schemas)
        contract = schemas / "datasets/orders/1.json"
        said = json.loads(contract.read_text())
        said["properties"][name] = {}
        said["x-dataset"]["order"] = {"name": name, "type": type_}
        contract.write_text(json.dumps(said))
        monkeypatch.setenv("SCHEMAS_DIR", str(schemas))

    return change


def counts(outcome: Any) -> tuple[int, int, int]:
    found = outcome.notified["counts"]
    return found["written"], found["superseded"], found["quarantined"]


def test_an_older_version_that_comes_late_leaves_the_newer_items(
    cloud: Cloud, ordered_by: Callable[[str, str], None]
) -> None:
    ordered_by("updated", "S")
    older = cloud.put(
        "orders/x.jsonl", json_lines(*(order(n, updated="2025-01-01", amount=1) for n in (1, 2)))
    )
    cloud.put("orders/x.jsonl", json_lines(order(1, updated="2025-01-02", amount=2)))

    newer = ingest("orders/x.jsonl")
    request = {"s3Bucket": RAW, "s3Key": "orders/x.jsonl", "s3VersionId": older}
    late = ingest("", request=request, execution="late")

    assert counts(newer) == (1, 0, 0)
    assert counts(late) == (1, 1, 0)
    amounts = {item["order_id"]["S"]: item["amount"]["N"] for item in cloud.items("orders")}
    assert amounts == {"o-1": "2", "o-2": "1"}


@pytest.mark.parametrize("partitions", [1, 3])
def test_of_the_records_of_one_file_the_newest_stays_and_of_equals_the_last(
    cloud: Cloud, ordered_by: Callable[[str, str], None], partitions: int
) -> None:
    ordered_by("revision", "N")
    body = json_lines(
        order(1, revision=10, amount=1),
        order(1, revision=9, amount=2),
        order(2, revision=1, amount=1),
        order(2, revision=1.0, amount=2),
    )
    cloud.put("orders/x.jsonl", body)

    outcome = ingest("orders/x.jsonl", plan=small_plan(len(body), 2, partitions))

    assert counts(outcome) == (2, 2, 0)
    amounts = {item["order_id"]["S"]: item["amount"]["N"] for item in cloud.items("orders")}
    assert amounts == {"o-1": "1", "o-2": "2"}


def test_writing_again_changes_nothing_and_counts_alike(
    cloud: Cloud, ordered_by: Callable[[str, str], None]
) -> None:
    ordered_by("updated", "S")
    cloud.put("orders/x.jsonl", json_lines(*(order(n, updated="2025-01-01") for n in range(60))))
    first = ingest("orders/x.jsonl")
    items = sorted(map(str, cloud.items("orders")))
    cloud.files.delete_item(Key={"file_id": first.collected["file"]["id"]})

    again = ingest("orders/x.jsonl")

    assert counts(first) == counts(again) == (60, 0, 0)
    assert sorted(map(str, cloud.items("orders"))) == items


@pytest.mark.parametrize("value", [None, 5, "", {"a": 1}, "x" * 1025])
def test_a_record_without_its_place_in_the_order_is_quarantined(
    cloud: Cloud, ordered_by: Callable[[str, str], None], value: Any
) -> None:
    ordered_by("updated", "S")
    record = order(1, updated=value) if value is not None else order(1)
    cloud.put("orders/x.jsonl", json_lines(record, order(2, updated="2025-01-01")))

    outcome = ingest("orders/x.jsonl")

    assert counts(outcome) == (1, 0, 1)
    assert outcome.notified["reasons"] == {"order": 1}


def test_an_item_from_before_there_was_an_order_gives_way(
    cloud: Cloud, ordered_by: Callable[[str, str], None]
) -> None:
    cloud.put("orders/x.jsonl", json_lines(order(1, amount=1)))
    ingest("orders/x.jsonl")
    ordered_by("updated", "S")
    cloud.put("orders/x.jsonl", json_lines(order(1, updated="2025-01-01", amount=2)))

    from pipeline.settings import settings

    settings.cache_clear()
    assert counts(ingest("orders/x.jsonl", execution="second")) == (1, 0, 0)
    (item,) = cloud.items("orders")
    assert item["amount"] == {"N": "2"}


def test_items_that_have_a_rank_are_not_handed_over(
    cloud: Cloud, ordered_by: Callable[[str, str], None]
) -> None:
    ordered_by("revision", "N")
    cloud.put("orders/x.jsonl", json_lines(*(order(number, revision=1) for number in range(60))))
    done = ingest("orders/x.jsonl")
    request = {"file": done.collected["file"], "partition": 0, "shards": done.shards}

    long_ago = {**request, "started_at": "2025-08-18T19:00:00.000Z", "done": 0}

    assert invoke("write_to_ddb", long_ago) == {"partition": 0, "written": 60, "superseded": 0}
