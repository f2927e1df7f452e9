"""Runs of one file in shards through a local cloud, as the simulation is held to them.

    python -m bench local-runs      writes bench/local_runs.json

The project is copied, with shards and partitions so small that a file of some megabytes has as many as one of
gigabytes; each number of workers gets a local cloud of its own. How long each invocation took is what the
functions' logs report, as on AWS.
"""

from __future__ import annotations

import json
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from statewright.local.clients import Clients
from statewright.local.names import Names
from statewright.local.ports import free_ports
from statewright.project import read_project

ROOT = Path(__file__).parents[1]
PLACE = Path(__file__).with_suffix(".json")
RECORDS = 140_000
CUT = {
    "SHARD_BYTES = 32 * MIB": "SHARD_BYTES = 2 * MIB",
    "PARTITION_BYTES = 8 * MIB": "PARTITION_BYTES = 2 * MIB",
}
WORKERS = (1, 2)
PARTS = ("pipeline.json", "functions", "schemas", "statemachines")
KEY = "orders/simulated.jsonl"
POLL_SECONDS, END_SECONDS = 0.5, 1800.0
REPORT = re.compile(r"^REPORT RequestId: \S+\s+Duration: ([\d.]+) ms", re.MULTILINE)


def main() -> None:
    """Run the file with each number of workers; write what was measured."""
    runs = [run(workers) for workers in WORKERS]
    said = {
        "measured_on": datetime.now(UTC).date().isoformat(),
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "records": RECORDS,
        "runs": runs,
    }
    PLACE.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    for each in runs:
        sys.stdout.write(f"{each['workers']} workers: {each['seconds']:.1f} s\n")


def orders(records: int = RECORDS) -> bytes:
    """Return the file: orders with keys of their own, none with a member that the contract does not know."""
    return b"".join(
        b'{"order_id":"S-%09d","customer_id":"C-%04d","order_date":"2026-%02d-%02d","quantity":%d,"amount":%d.25,'
        b'"currency":"EUR"}\n'
        % (number, number % 997, number % 12 + 1, number % 28 + 1, number % 9 + 1, number % 900)
        for number in range(records)
    )


def run(workers: int) -> dict[str, Any]:
    """Run the file on a fresh local cloud with so many workers; return seconds by function, and in all."""
    with tempfile.TemporaryDirectory() as folder:
        project, state = _copy(Path(folder) / "project"), Path(folder) / "state"
        port, sfn_port = free_ports(2)
        command = [sys.executable, "-m", "statewright.cli"]
        places = ["--project", str(project), "--state", str(state)]
        ports = ["--port", str(port), "--sfn-port", str(sfn_port), "--workers", str(workers)]
        subprocess.run([*command, "up", *places, *ports], cwd=ROOT, check=True, capture_output=True)
        try:
            endpoint, sfn_endpoint = (f"http://127.0.0.1:{each}" for each in (port, sfn_port))
            seconds = _ingest(Names(read_project(project), endpoint), Clients(endpoint, sfn_endpoint))
        finally:
            subprocess.run([*command, "down", *places], cwd=ROOT, check=False, capture_output=True)
        durations = {
            path.stem.partition("-")[2]: [
                float(each) / 1000 for each in REPORT.findall(path.read_text("utf-8"))
            ]
            for path in sorted((state / "logs").glob("statewright-*.log"))
        }
    return {"workers": workers, "seconds": seconds, "durations": durations}


def _copy(place: Path) -> Path:
    for name in PARTS:
        source, target = ROOT / name, place / name
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    plans = place / "functions" / "pipeline" / "plans.py"
    text = plans.read_text(encoding="utf-8")
    for long, short in CUT.items():
        if long not in text:
            raise ValueError(f"{plans.name} says no {long!r} any more")
        text = text.replace(long, short)
    plans.write_text(text, encoding="utf-8")
    return place


def _ingest(names: Names, clients: Clients) -> float:
    """Start an execution over the file; return how long it took."""
    bucket, machine = names.bucket("staging"), names.state_machine_arn("ingest")  # nothing is triggered there
    clients("s3").put_object(Bucket=bucket, Key=KEY, Body=orders())
    sfn = clients("stepfunctions")
    asked = json.dumps({"s3Bucket": bucket, "s3Key": KEY})
    arn = sfn.start_execution(stateMachineArn=machine, input=asked)["executionArn"]
    end = time.monotonic() + END_SECONDS
    while time.monotonic() < end:
        found = sfn.describe_execution(executionArn=arn)
        if found["status"] != "RUNNING":
            if found["status"] != "SUCCEEDED":
                raise RuntimeError(f"{found['status']}: {found.get('error')}, {found.get('cause')}")
            return float((found["stopDate"] - found["startDate"]).total_seconds())
        time.sleep(POLL_SECONDS)
    raise TimeoutError(f"the execution did not end within {END_SECONDS:.0f} s")
