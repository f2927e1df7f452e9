"""Nothing that failed is lost: it waits, is listed with its cause, and is run once more."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from statewright.local.control import stop_cloud
from statewright.local.places import Places
from tests.e2e.clouds import ROOT, Cloud, command, many_orders, start_cloud, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

MANY = 20_000
SALES = ROOT / "samples/good/sales.csv"
NOTHING = "nothing waits for a redrive\n"


@pytest.fixture(scope="module")
def own_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A local cloud in which nothing else fails."""
    state = tmp_path_factory.mktemp("redrive")
    try:
        yield start_cloud(state)
    finally:
        stop_cloud(Places(state))


def count(cloud: Cloud, dataset: str) -> int:
    table = cloud.env[f"{dataset.upper()}_TABLE"]
    pages = cloud.client("dynamodb").get_paginator("scan").paginate(TableName=table, Select="COUNT")
    return sum(page["Count"] for page in pages)


def take_away(cloud: Cloud, table: str) -> dict[str, Any]:
    """Delete a table; return the request that makes it anew."""
    dynamodb = cloud.client("dynamodb")
    found = dynamodb.describe_table(TableName=table)["Table"]
    dynamodb.delete_table(TableName=table)
    kept = {name: found[name] for name in ("TableName", "KeySchema", "AttributeDefinitions")}
    return {**kept, "BillingMode": "PAY_PER_REQUEST"}


def begin(cloud: Cloud, key: str, state: str) -> str:
    """Upload many orders; return their execution as soon as it has come to a state."""
    cloud.put(key, many_orders(MANY))
    arn = str(cloud.execution_of(key)["executionArn"])
    wait_for(lambda: True if state in cloud.states_of(arn) else None, 30)
    return arn


def test_a_file_that_failed_is_redriven_when_its_cause_is_gone(own_cloud: Cloud) -> None:
    cloud = own_cloud
    table = take_away(cloud, cloud.env["SALES_TABLE"])
    failed = cloud.run("ingest", "--json", "--dataset", "sales", SALES)
    assert failed.returncode == 1, failed.stdout
    cloud.client("dynamodb").create_table(**table)

    dry = cloud.run("redrive", "--all", "--dry-run")
    assert dry.returncode == 0
    assert f"ago: {json.loads(failed.stdout)[0]['key']}" in dry.stdout
    assert "to do: start it anew with its input" in dry.stdout
    assert count(cloud, "sales") == 0
    done = cloud.run("redrive", "--all", "--wait", "--json")

    assert done.returncode == 0, done.stderr
    [redriven] = json.loads(done.stdout)
    counts = redriven["outcome"]["counts"]
    assert (redriven["done"], redriven["outcome"]["status"]) == ("started", "SUCCEEDED")
    assert counts["read"] == counts["written"] + counts["superseded"] + counts["quarantined"] > 0
    assert count(cloud, "sales") == counts["written"]
    assert cloud.run("redrive").stdout == NOTHING


def test_an_execution_that_was_stopped_goes_on(own_cloud: Cloud) -> None:
    cloud = own_cloud
    arn = begin(cloud, "orders/stopped.jsonl.gz", "WriteToDdb")
    cloud.client("stepfunctions").stop_execution(executionArn=arn)

    listed = cloud.run("redrive").stdout
    assert "cut off" in listed
    assert "to do: let it go on from where it stood" in listed
    done = cloud.run("redrive", "--all", "--wait")

    assert done.returncode == 0, done.stderr
    assert f"read {MANY:,} = written {MANY:,} + superseded 0 + quarantined 0" in done.stdout
    assert cloud.states_of(arn).count("ParseAndValidate") == 1
    assert count(cloud, "orders") == MANY
    [row] = cloud.ledger("orders/stopped.jsonl.gz")
    assert (row["status"], row["execution"]) == ("SUCCEEDED", arn)
    assert cloud.run("redrive").stdout == NOTHING


def test_what_a_kill_cut_off_goes_on_after_the_next_start(own_state: Any) -> None:
    cloud = start_cloud(own_state)
    arn = begin(cloud, "orders/killed.jsonl.gz", "WriteToDdb")
    os.kill(json.loads(Places(own_state).record.read_text())["pid"], signal.SIGKILL)
    wait_for(lambda: None if command("status", "--state", own_state).returncode == 0 else True, 10)
    cloud = start_cloud(own_state)

    done = cloud.run("redrive", "--all", "--wait")

    assert done.returncode == 0, done.stderr
    assert f"goes on: {arn}" in done.stdout
    assert f"read {MANY:,} = written {MANY:,} + superseded 0 + quarantined 0" in done.stdout
    assert count(cloud, "orders") == MANY
    [row] = cloud.ledger("orders/killed.jsonl.gz")
    assert (row["status"], row.get("error")) == ("SUCCEEDED", None)
    assert cloud.run("redrive").stdout == NOTHING
