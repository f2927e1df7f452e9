"""100,000 records of mixed badness: the sums are those that were generated, and memory stays flat."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

FEW, MANY = 10_000, 100_000
MIB = 1024 * 1024
# Measured: 1.3 MiB more for ten times as many records in shards and partitions of 1 MiB; 20 MiB more where
# all are one shard and one partition, of which the writer holds the keys and a reader one range of 8 MiB.
FLAT_KIB, ONE_SHARD_KIB = 8 * 1024, 32 * 1024


def run(count: int, shard_bytes: int) -> dict[str, Any]:
    """Run the functions over so many records in a process of its own; hold its sums against the expected."""
    command = [sys.executable, "-m", "tests.functions.volume", str(count), str(shard_bytes)]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, check=True)
    said: dict[str, Any] = json.loads(done.stdout)
    counts, expected = said["counts"], said["expected"]
    # Of those that share one key, the last is written.
    assert counts["written"] == said["sent"] == expected["written"] + 1
    assert counts["superseded"] == expected["superseded"] - 1
    bad = ("invalid", "unreadable", "reserved", "repeated_key")
    assert counts["quarantined"] == sum(expected[kind] for kind in bad)
    assert counts["read"] == count == sum(expected.values())
    return said


def test_given_ten_times_as_many_records_the_sums_hold_and_memory_stays_flat() -> None:
    few = run(FEW, MIB)
    assert run(MANY, MIB)["peak"] - few["peak"] < FLAT_KIB
    assert run(MANY, 32 * MIB)["peak"] - few["peak"] < ONE_SHARD_KIB
