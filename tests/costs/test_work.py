"""What is charged follows from the plan, from what was measured, and from the numbers of the code."""

from __future__ import annotations

import dataclasses
import json
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from pipeline import items, notifying, staged_items, tables, told
from statewright.costs import calls, monthly, timing, work
from statewright.costs.bill import bill
from statewright.costs.calls import Load
from statewright.costs.facts import File, Refused, facts_of
from statewright.costs.measured import measured
from statewright.prices import prices_of, regions
from statewright.project import read_project
from tests.costs.test_calls import orders
from tests.functions import cloud as clouds
from tests.functions.cloud import ROOT

if TYPE_CHECKING:
    from tests.functions.cloud import Cloud

PROJECT = read_project(ROOT)
MACHINE = timing.Machine.of(PROJECT)
SIZE = 160


def above_floor(records: int, region: str) -> float:
    """Return how many percent above the floor a file of so many orders costs."""
    file = File("orders", records, records * SIZE)
    made = work.of_file(facts_of(PROJECT, file), file.size, Load(records), MACHINE)
    return bill(made.amounts, prices_of(region)).above_floor


@pytest.mark.parametrize("region", regions())
@pytest.mark.parametrize("records", [10_000, 200_000, 1_000_000])
def test_given_ten_thousand_records_and_more_all_but_the_writes_costs_five_percent_at_most(
    records: int, region: str
) -> None:
    assert above_floor(records, region) <= 5


def test_given_what_is_deployed_its_processor_and_memory_are_those_of_terraform_and_pipeline_json() -> None:
    assert MACHINE.processor == "arm64"
    described = json.loads((ROOT / "pipeline.json").read_bytes())["functions"]
    assert MACHINE.memory_mb["enrich"] == described["enrich"]["memory_mb"]


def test_given_numbers_of_the_functions_the_model_has_the_same() -> None:
    assert calls.TOLD_SINGLY == notifying.MAX_ALERT_MESSAGES
    assert calls.MARKED_AT_ONCE == told.WRITE_ROWS
    assert timing.WRITES == tables.WRITES
    assert timing.READERS == staged_items.READERS
    assert calls.KEPT_BYTES == staged_items.KEPT_BYTES


@pytest.mark.parametrize(
    ("dataset", "key", "body"),
    [
        ("orders", "orders/2026/11/21/part-00000.jsonl", orders(3)),
        (
            "user_activity",
            "user_activity/2026/11/21/part-00000.jsonl",
            b'{"userId":"0123456789","eventType":"page_view","timestamp":"2026-11-21T12:00:00Z"}\n' * 2,
        ),
        (
            "sales",
            "sales/2026/11/21/part-00000.csv",
            b"name,email,amount,date\nAda,ada@example.com,1,2026-11-21\n",
        ),
    ],
)
def test_given_a_file_its_items_have_the_bytes_that_the_model_takes_them_for(
    cloud: Cloud, dataset: str, key: str, body: bytes
) -> None:
    cloud.put(key, body)
    outcome = clouds.ingest(key)
    assert outcome.notified["status"] == "SUCCEEDED"
    records = outcome.notified["counts"]["read"]
    facts = facts_of(PROJECT, File(dataset, records, len(body), key.rpartition(".")[2]))
    kept = [_bytes(item) for item in cloud.items(dataset)]
    assert facts.item_bytes == pytest.approx(sum(kept) / len(kept), rel=0.15)
    assert facts.key == key


def _bytes(item: dict[str, dict[str, str]]) -> int:
    """Return the bytes of an item as DynamoDB counts them."""
    plain = {name: Decimal(value["N"]) if "N" in value else value.get("S") for name, value in item.items()}
    return sum(len(name.encode()) + items.size(value) for name, value in plain.items())


def test_given_the_ledger_its_row_takes_the_units_that_were_measured(cloud: Cloud) -> None:
    key = "orders/2026/11/21/part-00000.jsonl"
    cloud.put(key, orders(30))
    file = clouds.ingest(key).collected["file"]["id"]
    row = {
        name: Decimal(value) if isinstance(value, int) else value for name, value in cloud.row(file).items()
    }
    closed = sum(len(name.encode()) + items.size(value) for name, value in row.items())
    assert work.units(closed) == work.units(measured().ledger_closed)
    assert work.ledger_units(measured()) == 10


def test_given_ten_times_as_many_records_it_costs_hardly_more_for_each() -> None:
    few, many = (1 + above_floor(records, "us-east-1") / 100 for records in (100_000, 1_000_000))
    assert many / few < 1.02


def test_given_more_memory_a_function_is_faster_and_no_cheaper_for_each_second() -> None:
    file = File("orders", 10_000, 1_600_000)
    facts = facts_of(PROJECT, file)
    larger = dataclasses.replace(MACHINE, memory_mb=dict.fromkeys(MACHINE.memory_mb, 1769))
    ours, theirs = (work.of_file(facts, file.size, Load(10_000), each) for each in (MACHINE, larger))
    assert theirs.seconds < ours.seconds
    assert theirs["lambda.arm64_gb_seconds"] > ours["lambda.arm64_gb_seconds"]


def test_given_a_large_gzip_its_chunks_are_kept_for_a_week_beside_what_else_is_staged() -> None:
    text = 1_600_000_000
    plain, packed = File("orders", 10**7, text), File("orders", 10**7, text // 8, compression="gzip")
    staged = [
        monthly.storage(facts_of(PROJECT, each), each.records, each.size, measured())[
            "s3.storage_gb_months", "staged, a week"
        ]
        for each in (plain, packed)
    ]
    chunks = text * measured().ratios.text * monthly.STAGED_DAYS / monthly.DAYS_OF_A_MONTH / monthly.GIB
    assert staged[1] - staged[0] == pytest.approx(chunks)


@pytest.mark.parametrize(
    ("format_", "compression", "cut"),
    [
        ("jsonl", "gzip", "lines"),
        ("json", "none", "values"),
        ("csv", "none", "rows"),
        ("tsv", "gzip", "rows"),
    ],
)
def test_given_a_format_that_cannot_be_split_what_cutting_it_takes_is_measured(
    format_: str, compression: str, cut: str
) -> None:
    facts = facts_of(PROJECT, File("orders", 10**7, 10**9, format_, compression))
    assert (facts.rechunk, facts.cut, facts.unpacked) == (True, cut, compression == "gzip")
    assert 0 < measured().cutting["lines"] < measured().cutting[cut] or cut == "lines"
    assert measured().cutting["unpacked"] > 0


def test_given_a_file_that_the_functions_refuse_the_model_says_what_they_say() -> None:
    with pytest.raises(Refused, match="cut it into several"):
        facts_of(PROJECT, File("orders", 10**9, 10**13))
    with pytest.raises(Refused, match="no folder belongs to the dataset 'nothing'"):
        facts_of(PROJECT, File("nothing", 1, 1))
