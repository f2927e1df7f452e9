"""Files end to end, beside other ways: records per CPU second, from an object in S3 to items in DynamoDB.

    python -m bench files

Each way runs in a process of its own against the stub of S3 and DynamoDB, which runs in another one; the ways
take turns over files of 20,000 records. The tutorial's have 300: a record takes it as long in any file. Then
small files, which show what a file takes by itself; two of our workers at once; and a file of a million
records beside one of ten thousand.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from bench import orders
from bench.figures import Figure
from bench.side_by_side import AwsStub, Pipeline, Took

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RUNS = 5
RECORDS = {"ours": 20_000, "ordinary": 20_000, "tutorial": 300, "dlt": 20_000}
SMALL, SMALL_RUNS = 300, 20
TARGETS = {"ordinary": 8.0, "tutorial": 60.0}
# An environment of its own, as it pins what others need newer: python -m venv .venv/dlt; pip install dlt …
DLT = Path(".venv/dlt/bin/python")
LONG, SHORT = 1_000_000, 10_000
HALF, TURNS = 100_000, 9  # a core is not always as fast as the other
MANNER = {
    "tutorial": f"json, jsonschema.validate, boto3's resource; {RECORDS['tutorial']} records",
    "ordinary": "orjson, compiled jsonschema, batch_writer",
    "dlt": "dlt, compiled jsonschema, batch_writer",
}


def main() -> list[Figure]:
    """Measure, in turns."""
    with AwsStub() as stub:
        return [*_beside_others(stub), *_small_files(stub), *_two_workers(), *_long_file(stub)]


def _beside_others(stub: AwsStub) -> list[Figure]:
    ways = [name for name in RECORDS if name != "dlt" or DLT.exists()]
    with contextlib.ExitStack() as stack:
        pipelines = {
            name: stack.enter_context(Pipeline(name, stub, *([str(DLT)] if name == "dlt" else [])))
            for name in ways
        }
        figures = []
        for format_, ending in orders.FORMATS.items():
            for name in ways:
                stub.put(f"orders/{name}.{ending}", orders.body(ending, RECORDS[name]))
            keys = {name: f"orders/{name}.{ending}" for name in ways}
            figures += _ratios(format_, _in_turns(stub, pipelines, keys, RECORDS, RUNS), TARGETS)
    return figures


def _small_files(stub: AwsStub) -> list[Figure]:
    """Files so small that most of the time is not the records'."""
    key = "orders/small.jsonl"
    stub.put(key, orders.body("jsonl", SMALL))
    with Pipeline("ours", stub) as ours, Pipeline("ordinary", stub) as ordinary:
        ways = {"ours": ours, "ordinary": ordinary}
        took = _in_turns(stub, ways, dict.fromkeys(ways, key), dict.fromkeys(ways, SMALL), SMALL_RUNS)
    return _ratios(f"JSON Lines, {SMALL} records", took, {})


def _in_turns(
    stub: AwsStub,
    pipelines: Mapping[str, Pipeline],
    keys: Mapping[str, str],
    records: Mapping[str, int],
    runs: int,
) -> dict[str, list[Took]]:
    """Let each way ingest its object so many times, after one that warms up."""
    took: dict[str, list[Took]] = {name: [] for name in pipelines}
    for run in range(runs + 1):
        for name, pipeline in pipelines.items():
            found = pipeline.took(keys[name])
            written = stub.items()
            if found.records != records[name] or not found.records <= written:
                raise ValueError(f"{name}: {found.records} records, {written} items")
            if run:
                took[name].append(found)
    return took


def _ratios(what: str, took: Mapping[str, Sequence[Took]], targets: Mapping[str, float]) -> list[Figure]:
    each = {name: _cpu_of_a_record(found) * 1e6 for name, found in took.items()}
    return [
        Figure(
            f"{what}: our records per CPU second, {name} = 1",
            value / each["ours"],
            target=targets.get(name),
            least=True,
            note=f"{each['ours']:.1f} µs, they {value:,.1f} µs: {MANNER[name]}",
        )
        for name, value in each.items()
        if name != "ours"
    ]


def _two_workers() -> list[Figure]:
    """Files by one worker at a time, then by two at once; the clock counts.

    Each worker has a core, and on it a stub of its own: a stub for both would be a third process on two
    cores, and one worker alone would have it work beside itself for nothing.
    """
    cores = sorted(os.sched_getaffinity(0))[:2]
    if len(cores) == 1:
        raise ValueError("two workers are measured on two cores, and this machine has one")
    keys, body = [f"orders/half-{number}.jsonl" for number in range(2)], orders.body("jsonl", HALF)
    with contextlib.ExitStack() as stack:
        workers = []
        for core in cores:
            stub = stack.enter_context(AwsStub()).stay_on(core)
            for key in keys:
                stub.put(key, body)
            workers.append(stack.enter_context(Pipeline("ours", stub)).stay_on(core))
        found = []
        for run in range(TURNS + 1):
            alone = [worker.took(key) for worker in workers for key in keys]
            for worker, key in zip(workers, keys, strict=True):
                worker.begin(key)
            together = [worker.end() for worker in workers]
            if run:
                found.append(sum(map(_rate, together)) / (sum(map(_rate, alone)) / len(alone)))
    note = "a core each, and on it a stub of its own"
    return [
        Figure("two workers' records per second, one = 1", median(found), target=1.8, least=True, note=note)
    ]


def _rate(took: Took) -> float:
    return took.records / took.clock


def _long_file(stub: AwsStub) -> list[Figure]:
    """A file of a million records beside one of ten thousand, in turns."""
    stub.put("orders/long.jsonl", orders.body("jsonl", LONG))
    stub.put("orders/short.jsonl", orders.body("jsonl", SHORT))
    with Pipeline("ours", stub) as worker:
        worker.took("orders/short.jsonl")
        short, long = [], []
        for _ in range(RUNS):
            short.append(worker.took("orders/short.jsonl"))
            long.append(worker.took("orders/long.jsonl"))
    value = _cpu_of_a_record(long) / _cpu_of_a_record(short)
    note = f"{median(each.clock for each in long):.1f} s for {LONG:,} records in one process"
    return [Figure("CPU per record of 1,000,000, of 10,000 = 1", value, target=1.1, note=note)]


def _cpu_of_a_record(took: Sequence[Took]) -> float:
    """Return the median, in seconds."""
    return median(each.cpu / each.records for each in took)
