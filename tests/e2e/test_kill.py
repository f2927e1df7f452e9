"""A kill -9 of the whole local cloud: daemon, workers of the functions and data services, all at once."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from statewright.local.ports import free_ports
from tests.e2e.clouds import ROOT, Cloud, command, start_cloud, wait_for
from tests.e2e.test_local_cloud import ORDER, all_ended, processes_of

if TYPE_CHECKING:
    from pathlib import Path

# STATEWRIGHT_KILL_RECORDS=300000 takes minutes.
RECORDS = int(os.environ.get("STATEWRIGHT_KILL_RECORDS", "40000"))
FILE_BYTES = 34 * 1024 * 1024  # two shards, three partitions
KEY = "orders/many.jsonl"
END_SECONDS = 1200.0


def orders(folder: Path, count: int) -> Path:
    """Write orders, a hundredth of which come twice, and each thousandth of which is not valid."""
    path = folder / "many.jsonl"
    line = '{{"order_id":"m-{}","customer_id":"{}","order_date":"2026-01-02",{},"currency":"USD",{}}}\n'
    good, bad = '"quantity":1,"amount":2.5', '"quantity":-1,"amount":2.5'
    note = '"note":"{}"'.format("x" * max(0, FILE_BYTES // count - 110))
    names = count - count // 100
    with path.open("w") as file:
        for number in range(count):
            file.write(line.format(number % names, number, bad if number % 1000 == 999 else good, note))
    return path


def kill_all(state: Path) -> None:
    """Kill every process of a cloud: the data services first, or they would end as they should."""
    daemon, *others = processes_of(state)
    for pid in (*others, daemon):
        os.kill(pid, signal.SIGSTOP)
    for pid in (*others, daemon):
        os.kill(pid, signal.SIGKILL)
    assert all_ended([daemon, *others])


def start_patiently(state: Path) -> Cloud:
    """Start a cloud that has many changes to make again."""
    port, sfn_port = map(str, free_ports(2))
    up = command("up", "--state", state, "--port", port, "--sfn-port", sfn_port, timeout=END_SECONDS)
    assert up.returncode == 0, up.stderr
    return Cloud(state)


def items(cloud: Cloud) -> int:
    table = cloud.client("dynamodb").describe_table(TableName=cloud.env["ORDERS_TABLE"])["Table"]
    return int(table["ItemCount"])


def scanned(cloud: Cloud) -> int:
    pages = cloud.client("dynamodb").get_paginator("scan")
    found = pages.paginate(TableName=cloud.env["ORDERS_TABLE"], Select="COUNT")
    return sum(page["Count"] for page in found)


def quarantined(cloud: Cloud, uris: list[str]) -> list[dict[str, Any]]:
    """Return the records of a quarantine, whose manifest comes first."""
    lines = []
    for uri in uris[1:]:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        body = cloud.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        lines += [json.loads(line) for line in gzip.decompress(body).splitlines()]
    return lines


def test_sums_hold_after_a_kill_9_of_everything_in_the_middle_of_an_ingest(
    own_state: Path, tmp_path: Path
) -> None:
    cloud = start_cloud(own_state)
    file = orders(tmp_path, RECORDS)
    arguments = ["ingest", str(file), "--key", KEY, "--state", str(own_state)]
    with subprocess.Popen(
        [sys.executable, "-m", "statewright.cli", *arguments],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as ingest:
        written = wait_for(lambda: count if (count := items(cloud)) > RECORDS / 3 else None, END_SECONDS)
        kill_all(own_state)
        assert ingest.wait(60) != 0

    cloud = start_patiently(own_state)

    assert written <= items(cloud) < RECORDS  # nothing that was acknowledged is lost
    [row] = cloud.ledger(KEY)
    assert (row["status"], row["error"]) == ("FAILED", "Interrupted")

    redrive = command("redrive", "--all", "--wait", "--state", own_state, timeout=END_SECONDS)

    assert redrive.returncode == 0, redrive.stdout + redrive.stderr
    sums_hold(cloud)
    again = cloud.run("redrive")
    assert again.returncode == 0
    assert KEY not in again.stdout
    kill_all(own_state)  # a stop would write what nobody needs


def sums_hold(cloud: Cloud) -> None:
    """Hold ledger, table, quarantine and the day's sums against what is in the file."""
    bad = RECORDS // 1000
    [row] = cloud.client("dynamodb").scan(TableName=cloud.env["FILES_TABLE"])["Items"]
    counts = {name: int(value["N"]) for name, value in row["counts"]["M"].items()}
    assert row["status"] == {"S": "SUCCEEDED"}
    assert (counts["read"], counts["quarantined"]) == (RECORDS, bad)
    assert counts["read"] == counts["written"] + counts["superseded"] + counts["quarantined"]
    assert scanned(cloud) == counts["written"]
    lines = quarantined(cloud, [uri["S"] for uri in row["quarantine"]["L"]])
    numbers = sorted(int(json.loads(line["raw"])["customer_id"]) for line in lines)
    assert numbers == list(range(999, RECORDS, 1000))
    assert {line["rule"] for line in lines} == {"minimum"}


def test_an_upload_that_was_acknowledged_right_before_a_kill_9_is_ingested(own_state: Path) -> None:
    cloud = start_cloud(own_state)
    for number in range(5):
        cloud.put(f"orders/{number}.jsonl", ORDER % b"%d" % number)
    kill_all(own_state)

    cloud = start_cloud(own_state)

    def rows() -> list[dict[str, str]]:
        return [row for number in range(5) for row in cloud.ledger(f"orders/{number}.jsonl")]

    redriven = cloud.run("redrive", "--all", "--wait")  # those that had begun
    assert redriven.returncode == 0, redriven.stdout + redriven.stderr
    try:
        wait_for(lambda: [row["status"] for row in rows()] == ["SUCCEEDED"] * 5 or None, 60)
    except pytest.fail.Exception:
        left = cloud.run("redrive", "--list", "--json").stdout
        pytest.fail(f"{redriven.stdout}{redriven.stderr}\n{rows()}\nleft to redrive: {left}")
    assert scanned(cloud) == 5
