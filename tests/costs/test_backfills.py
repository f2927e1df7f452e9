"""A backfill by the model: its states and batches are the definition's, its calls those that are made."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from pipeline import plans
from statewright.costs import backfills, calls, timing, work
from statewright.costs.bill import bill
from statewright.costs.calls import Load
from statewright.costs.facts import File, facts_of
from statewright.local.backfilling import MAX_BATCHED_BYTES
from statewright.prices import DEFAULT_REGION, prices_of
from tests.costs import counting
from tests.costs.test_calls import PROJECT, facts_of_orders, held, orders, ratios_of
from tests.engine.test_backfill_workflow import MACHINE as DEFINITION
from tests.engine.test_backfill_workflow import Backfills

if TYPE_CHECKING:
    from tests.functions.cloud import Cloud

MACHINE = timing.Machine.of(PROJECT)
RECORDS = 60
OBJECTS = DEFINITION["States"]["Objects"]
EACH = OBJECTS["ItemProcessor"]["States"]["EachObject"]["ItemProcessor"]["States"]
# How an object may go through the states of a batch when all goes well.
WAYS = {
    "ingested": [
        *("WhatIsIt", "CollectData", "WhatToDo", "ParseAndValidate"),
        *("Enrich", "WhatToWrite", "WriteToDdb", "Notify"),
    ],
    "large": ["WhatIsIt", "StartIngest", "HandedOver"],
    "released": ["WhatIsIt", "CollectData", "WhatToDo", "Release", "StartIngest", "HandedOver"],
}


def total(amounts: work.Amounts, price: str) -> float:
    return sum(amount for (name, _), amount in amounts.items() if name == price)


def of_small(files: int, records: int = 100) -> work.Amounts:
    """Return what a backfill of so many files is charged."""
    file = File("orders", records, records * 160)
    return backfills.of_files(facts_of(PROJECT, file), file.size, files, Load(records), MACHINE)


def test_given_the_definition_its_states_and_batches_are_those_of_the_model() -> None:
    state, entered = DEFINITION["StartAt"], [DEFINITION["StartAt"]]
    while not (said := DEFINITION["States"][state]).get("End") and said["Type"] != "Succeed":
        state = said.get("Next") or said["Default"]
        entered.append(state)
    assert entered == ["Objects", "ReadManifest", "HowItEnded", "Done"]
    assert len(entered) == backfills.TRANSITIONS
    assert OBJECTS["ItemBatcher"]["MaxItemsPerBatch"] == backfills.BATCH
    assert OBJECTS["ItemProcessor"]["ProcessorConfig"]["ExecutionType"] == "EXPRESS"


@pytest.mark.parametrize("way", WAYS)
def test_given_the_definition_an_object_goes_through_the_functions_of_the_model(way: str) -> None:
    for state, following in zip(WAYS[way], WAYS[way][1:], strict=False):
        assert f'"{following}"' in json.dumps(EACH[state]), state
    functions = [name for name in WAYS[way] if "lambda" in EACH[name].get("Resource", "")]
    assert len(functions) == {"ingested": 5, "large": 0, "released": 1}[way]
    assert EACH[WAYS[way][-1]]["End"]


def test_given_small_files_the_model_counts_the_calls_of_a_backfill(cloud: Cloud) -> None:
    files, body = 27, orders(RECORDS)
    for number in range(files):
        cloud.put(f"orders/{number:03}.jsonl", body)
    backfill = Backfills(cloud)
    with counting.counting() as counted:
        assert backfill.run(prefix="orders/").status == "SUCCEEDED"
    facts = facts_of_orders(body, RECORDS)
    ratios = ratios_of(cloud, facts, RECORDS * files)
    alone = calls.of_file(facts, len(body), Load(RECORDS), ratios)
    held(counted, Counter({call: files * count for call, count in alone.items()}))
    assert counted.outside == Counter(
        {operation: count for (_, operation), count in backfills.of_workflow(files).items()}
    )
    charged = backfills.of_files(facts, len(body), files, Load(RECORDS), MACHINE)
    assert counted.invocations.total() == total(charged, "lambda.requests")
    assert counted.children == total(charged, "step_functions.express_requests") == 2
    assert total(charged, "step_functions.state_transitions") == backfills.TRANSITIONS
    assert total(charged, "eventbridge.events") == 0


def test_given_more_objects_than_a_list_has_they_are_listed_in_several() -> None:
    assert [backfills.of_workflow(files)["backfill", calls.LIST] for files in (1, 1000, 1001)] == [1, 1, 2]


def test_given_a_large_file_it_is_handed_over_before_a_function_is_called(cloud: Cloud) -> None:
    body = orders(RECORDS) + b" " * MAX_BATCHED_BYTES
    cloud.put("orders/large.jsonl", body)
    backfill = Backfills(cloud)
    with counting.counting() as counted:
        backfill.run(prefix="orders/")
    assert (counted.calls, len(backfill.started)) == (Counter(), 1)
    file = File("orders", 10_000, len(body))
    facts, load = facts_of(PROJECT, file), Load(10_000)
    charged = backfills.of_files(facts, file.size, 1, load, MACHINE)
    alone = work.of_file(facts, file.size, load, MACHINE)
    assert total(charged, "lambda.requests") == alone["lambda.requests"]
    more = total(charged, "step_functions.state_transitions") - alone["step_functions.state_transitions"]
    assert more == backfills.TRANSITIONS
    assert total(charged, "step_functions.express_requests") == counted.children == 1


def test_given_a_small_file_in_partitions_the_batch_gives_it_back_to_ingest(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = orders(RECORDS)
    monkeypatch.setattr(plans, "PARTITION_BYTES", len(body) // 2)
    facts = facts_of_orders(body, RECORDS)
    assert (facts.shards, facts.partitions) == (1, 2)
    cloud.put("orders/packed.jsonl", body)
    backfill = Backfills(cloud)
    with counting.counting() as before:
        backfill.run(prefix="orders/")
    assert list(before.invocations) == ["collect_data"]
    counted = counting.again("orders/packed.jsonl", cloud)
    assert counted.status == "SUCCEEDED"
    load, ratios = Load(RECORDS), ratios_of(cloud, facts, RECORDS)
    counted.calls.update(before.calls)
    modelled = calls.of_file(facts, len(body), load, ratios) + backfills.of_release(facts, len(body))
    held(counted, modelled)
    charged = backfills.of_files(facts, len(body), 1, load, MACHINE)
    assert total(charged, "lambda.requests") == counted.invocations.total() + before.invocations.total()


def test_given_many_small_files_a_backfill_costs_less_than_uploads_and_what_both_do_is_the_same() -> None:
    files, file = 10_000, File("orders", 100, 16_000)
    uploaded = work.of_file(facts_of(PROJECT, file), file.size, Load(100), MACHINE).amounts
    found = of_small(files)
    assert bill(found, prices_of(DEFAULT_REGION)).usd < files * bill(uploaded, prices_of(DEFAULT_REGION)).usd
    for price in ("dynamodb.write_units", "lambda.requests", "lambda.arm64_gb_seconds", "sns.publishes"):
        assert total(found, price) == pytest.approx(files * total(uploaded, price))


def test_given_a_batch_of_the_largest_small_files_it_is_done_before_it_takes_no_more() -> None:
    file = File("orders", MAX_BATCHED_BYTES // 160, MAX_BATCHED_BYTES)
    ran = work.of_functions(facts_of(PROJECT, file), file.size, Load(file.records), MACHINE)[1]
    seconds = sum(each.seconds + work.STATE_SECONDS for each in ran.values())
    assert backfills.BATCH * seconds < 180
    assert "> 180000" in json.dumps(EACH["WhatIsIt"])
