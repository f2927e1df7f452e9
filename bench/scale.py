"""Large runs on the local cloud: seconds, processor time, peak memory, and whether the sums are right.

    python -m bench scale --records=1000000 --way=file
    python -m bench scale --records=1000000 --way=uploads --files=10000
    python -m bench scale --records=1000000 --way=backfill --files=10000

`file`: all records in one object. `uploads`: objects whose events start an execution each. `backfill`: the
same objects by one execution of `backfill`. Each run has a fresh local cloud, which needs 4 KB a record.
One record of a thousand is invalid, one replaces the record before it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.figures import Figure
from statewright.local.clients import Clients
from statewright.local.names import Names
from statewright.local.ports import free_ports
from statewright.project import read_project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[1]
ODD = 1000  # one record in so many is invalid, and the one after the next replaces the one before it
# A look costs the emulator a scan of the ledger: so long is waited, or so many times as long as it took.
POLL_SECONDS, POLL_SHARE = 5.0, 30
SAMPLE_SECONDS = 0.5
WARM_FILES = 4
LARGE_RECORDS, LARGE_FILES = 1_000_000, 10_000
UPLOADERS = 8
TICKS = os.sysconf("SC_CLK_TCK")


def line(number: int) -> bytes:
    """Return the JSON line of an order by its number."""
    key = number - 1 if number % ODD == 2 else number
    order = {
        "order_id": f"S-{key:09}",
        "customer_id": f"C-{number % 997:04}",
        "order_date": f"2026-{number % 12 + 1:02}-{number % 28 + 1:02}",
        "quantity": -1 if number % ODD == 0 else number % 9 + 1,
        "amount": round((number % 100_000) / 101, 2),
        "currency": "EUR",
    }
    return json.dumps(order).encode() + b"\n"


def expected(records: int) -> dict[str, int]:
    """Return the sums that so many records must have."""
    invalid = len(range(0, records, ODD))
    superseded = len(range(2, records, ODD))
    written = records - invalid - superseded
    return {"read": records, "written": written, "superseded": superseded, "quarantined": invalid}


@dataclass
class Watch:
    """Peak memory (bytes) and processor time (seconds) of a local cloud's processes."""

    daemon: int
    peaks: dict[int, int] = field(default_factory=dict)
    used: dict[int, float] = field(default_factory=dict)
    roles: dict[int, str] = field(default_factory=dict)
    over: threading.Event = field(default_factory=threading.Event)

    def look(self) -> None:
        """Look at every process once."""
        for pid in [self.daemon, *_children(self.daemon)]:
            try:
                status = Path(f"/proc/{pid}/status").read_text()
                stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                self.roles[pid] = _role(pid)
            except (OSError, ProcessLookupError):
                continue
            peak = next((row.split()[1] for row in status.splitlines() if row.startswith("VmHWM")), "0")
            self.peaks[pid] = max(self.peaks.get(pid, 0), int(peak) * 1024)
            self.used[pid] = (int(stat[11]) + int(stat[12])) / TICKS

    def run(self) -> None:
        """Look until it is over."""
        while not self.over.wait(SAMPLE_SECONDS):
            self.look()

    def peak(self, role: str) -> int:
        """Return the highest peak of a role's processes."""
        return max((self.peaks[pid] for pid, found in self.roles.items() if found == role), default=0)

    def seconds(self, role: str) -> float:
        """Return the processor time of all of a role's processes."""
        return sum(self.used[pid] for pid, found in self.roles.items() if found == role)


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):  # a thread that ended meanwhile
            found += [int(each) for each in task.read_text().split()]
    return [*found, *(grandchild for child in found for grandchild in _children(child))]


def _role(pid: int) -> str:
    arguments = Path(f"/proc/{pid}/cmdline").read_text()
    names = ("emulator", "worker", "daemon")
    return next((name for name in names if f"statewright.local.{name}" in arguments), "other")


@dataclass(frozen=True)
class Cloud:
    """A fresh local cloud."""

    names: Names
    clients: Clients
    state: Path
    daemon: int


def with_cloud(work: Callable[[Cloud], dict[str, Any]]) -> dict[str, Any]:
    """Run something with a fresh local cloud."""
    with tempfile.TemporaryDirectory(prefix="statewright-scale-") as folder:
        state, (port, sfn_port) = Path(folder), free_ports(2)
        _command("up", "--state", folder, "--port", str(port), "--sfn-port", str(sfn_port))
        try:
            found = json.loads(_command("status", "--state", folder, "--json"))
            ends = found["endpoints"]
            names = Names(read_project(ROOT), ends["aws"])
            return work(Cloud(names, Clients(ends["aws"], ends["sfn"]), state, found["pid"]))
        finally:
            _command("down", "--state", folder)


def _command(*arguments: str) -> str:
    command = [sys.executable, "-m", "statewright.cli", *arguments]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def measure(way: str, records: int, files: int) -> dict[str, Any]:
    """Return the figures of one run."""

    def work(cloud: Cloud) -> dict[str, Any]:
        _warm_up(cloud)
        watch = Watch(cloud.daemon)
        watch.look()
        idle = {role: watch.peak(role) for role in ("worker", "daemon", "emulator")}
        before = {role: watch.seconds(role) for role in idle}
        thread = threading.Thread(target=watch.run)
        thread.start()
        started = time.monotonic()
        try:
            WAYS[way](cloud, records, files)
            seconds = time.monotonic() - started
        finally:
            watch.over.set()
            thread.join()
        watch.look()
        return {
            "way": way,
            "records": records,
            "files": 1 if way == "file" else files,
            "seconds": round(seconds, 1),
            "cpu_seconds": {role: round(watch.seconds(role) - before[role], 1) for role in idle},
            "peak_mb": {role: round(watch.peak(role) / 1e6) for role in idle},
            "idle_mb": {role: round(size / 1e6) for role, size in idle.items()},
            "load": [round(each, 1) for each in os.getloadavg()],
            **_sums(cloud, records),
        }

    return with_cloud(work)


def _warm_up(cloud: Cloud) -> None:
    """Let both workers have worked: what is compared is memory at rest."""
    for number in range(WARM_FILES):
        _put(
            cloud,
            f"user_activity/warm-{number}.jsonl",
            b'{"userId":"u","eventType":"e","timestamp":"2026-01-01T00:00:00Z"}\n',
        )
    _until(lambda: _rows(cloud).get("SUCCEEDED", 0) >= WARM_FILES)


def _put(cloud: Cloud, key: str, body: bytes | Any) -> None:
    cloud.clients("s3").put_object(Bucket=cloud.names.bucket("raw"), Key=key, Body=body)


def _in_one_file(cloud: Cloud, records: int, files: int) -> None:  # noqa: ARG001 - one way among others
    with tempfile.TemporaryFile() as body:
        body.writelines(line(number) for number in range(records))
        body.seek(0)
        _put(cloud, "orders/all.jsonl", body)
    _until_ended(cloud, 1)


def _uploaded(cloud: Cloud, records: int, files: int, folder: str = "orders/") -> None:
    def put(file: int) -> None:
        numbers = range(file * records // files, (file + 1) * records // files)
        _put(cloud, f"{folder}{file:06}.jsonl", b"".join(map(line, numbers)))

    with ThreadPoolExecutor(UPLOADERS) as threads:
        for _ in threads.map(put, range(files)):
            pass


def _by_uploads(cloud: Cloud, records: int, files: int) -> None:
    _uploaded(cloud, records, files)
    _until_ended(cloud, files)


def _by_backfill(cloud: Cloud, records: int, files: int) -> None:
    """The objects are there before anybody listens: the rule is switched off while they are uploaded."""
    cloud.clients("events").disable_rule(Name=cloud.names.of("object_created"))
    _uploaded(cloud, records, files)
    uri = f"s3://{cloud.names.bucket('raw')}/orders/"
    _command("backfill", uri, "--state", str(cloud.state), "--wait", "--json")


WAYS: dict[str, Callable[[Cloud, int, int], None]] = {
    "file": _in_one_file,
    "uploads": _by_uploads,
    "backfill": _by_backfill,
}


def _until_ended(cloud: Cloud, files: int) -> None:
    """Wait until so many files have succeeded; raises RuntimeError where one has failed."""

    def has_ended() -> bool:
        rows = _rows(cloud)
        if rows.get("FAILED"):
            raise RuntimeError(f"files failed: {rows}")
        return rows.get("SUCCEEDED", 0) >= files + WARM_FILES

    _until(has_ended)


def _rows(cloud: Cloud) -> dict[str, int]:
    """Return how many rows the ledger has, by status."""
    found: dict[str, int] = {}
    for row in _ledger(cloud, "#status"):
        status = row["status"]["S"]
        found[status] = found.get(status, 0) + 1
    return found


def _ledger(cloud: Cloud, attributes: str) -> Iterator[dict[str, Any]]:
    named = {f"#{each.lstrip('#')}": each.lstrip("#") for each in attributes.split(",")}
    pages = (
        cloud.clients("dynamodb")
        .get_paginator("scan")
        .paginate(
            TableName=cloud.names.of("files"),
            ProjectionExpression=", ".join(named),
            ExpressionAttributeNames=named,
        )
    )
    for page in pages:
        yield from page["Items"]


def _until(look: Callable[[], bool]) -> None:
    while True:
        before = time.monotonic()
        if look():
            return
        time.sleep(max(POLL_SECONDS, POLL_SHARE * (time.monotonic() - before)))


def _sums(cloud: Cloud, records: int) -> dict[str, Any]:
    sums, statuses = dict.fromkeys(expected(records), 0), dict[str, int]()
    for row in _ledger(cloud, "status,dataset,counts"):
        if row.get("dataset", {}).get("S") != "orders":
            continue
        statuses[row["status"]["S"]] = statuses.get(row["status"]["S"], 0) + 1
        for name in sums:
            sums[name] += int(row["counts"]["M"][name]["N"]) if "counts" in row else 0
    # A scan of a million items takes the emulator longer than writing them; it counts them as they are.
    table = cloud.clients("dynamodb").describe_table(TableName=cloud.names.of("orders"))
    items = table["Table"]["ItemCount"]
    wanted = expected(records)
    right = sums == wanted and items == wanted["written"] and set(statuses) == {"SUCCEEDED"}
    return {"rows": statuses, "sums": sums, "items": items, "right": right}


def large() -> list[Figure]:
    """Measure a million records in each way; raises ValueError where the sums are wrong."""
    return [_figure(measure(way, LARGE_RECORDS, LARGE_FILES)) for way in WAYS]


def _figure(found: dict[str, Any]) -> Figure:
    if not found["right"]:
        raise ValueError(f"the sums are wrong: {found}")
    cpu, peak, idle = found["cpu_seconds"], found["peak_mb"], found["idle_mb"]
    note = (
        f"workers {cpu['worker']:,.0f} s of processor, {peak['worker']} MB at most (idle {idle['worker']}), "
        f"emulator {cpu['emulator']:,.0f} s, daemon {cpu['daemon']:,.0f} s; sums right"
    )
    files = f"{found['files']:,} file{'s' if found['files'] > 1 else ''}"
    by = {"file": "an upload", "uploads": "uploads", "backfill": "a backfill"}[found["way"]]
    return Figure(f"{found['records']:,} records as {files}, by {by}", found["seconds"], unit="s", note=note)


def main() -> None:
    """Measure one way, or all of them with few records; print JSON, and fail where the sums are wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m bench scale",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--files", type=int, default=100)
    parser.add_argument("--way", choices=[*WAYS], action="append")
    asked = parser.parse_args([each for each in sys.argv[1:] if each.startswith("-")])
    wrong = False
    for way in asked.way or WAYS:
        figures = measure(way, asked.records, asked.files)
        sys.stdout.write(json.dumps(figures, indent=2) + "\n")
        sys.stdout.flush()
        wrong = wrong or not figures["right"]
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
