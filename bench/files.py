"""Files end to end, beside other ways: records per CPU second, from an object in S3 to items in DynamoDB.

    python -m bench files

Each way runs in a process of its own against the stub of S3 and DynamoDB, which runs in another one; the ways
take turns. Then the same with two of our workers at once, and with a file a hundred times as long.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from statistics import median

from bench import orders
from bench.figures import Figure
from bench.side_by_side import AwsStub, Pipeline, Took

RUNS = 5
RECORDS = {"ours": 20_000, "ordinary": 2_000, "tutorial": 300, "dlt": 2_000}
TARGETS = {"ordinary": 8.0, "tutorial": 60.0}
# An environment of its own, as it pins what others need newer: python -m venv .venv/dlt; pip install dlt …
DLT = Path(".venv/dlt/bin/python")
LONG, SHORT = 1_000_000, 10_000
HALF, TURNS = 100_000, 9  # a core is not always as fast as the other
MANNER = {
    "tutorial": "json, jsonschema.validate, boto3's resource",
    "ordinary": "orjson, compiled jsonschema, batch_writer",
    "dlt": "dlt, compiled jsonschema, batch_writer",
}


def main() -> list[Figure]:
    """Measure, in turns."""
    with AwsStub() as stub:
        return [*_beside_others(stub), *_two_workers(), *_long_file(stub)]


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
            took: dict[str, list[Took]] = {name: [] for name in ways}
            for run in range(RUNS + 1):
                for name, pipeline in pipelines.items():
                    found = pipeline.took(f"orders/{name}.{ending}")
                    _check(stub, name, found)
                    if run:  # the first one warms up
                        took[name].append(found)
            figures += _ratios(format_, took)
    return figures


def _check(stub: AwsStub, name: str, found: Took) -> None:
    written = stub.items()
    if found.records != RECORDS.get(name, found.records) or not found.records <= written:
        raise ValueError(f"{name}: {found.records} records, {written} items")


def _ratios(format_: str, took: dict[str, list[Took]]) -> list[Figure]:
    each = {name: median(one.cpu / one.records * 1e6 for one in found) for name, found in took.items()}
    return [
        Figure(
            f"{format_}: our records per CPU second, {name} = 1",
            value / each["ours"],
            target=TARGETS.get(name),
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
    """A file of a million records beside those of ten thousand."""
    stub.put("orders/long.jsonl", orders.body("jsonl", LONG))
    stub.put("orders/short.jsonl", orders.body("jsonl", SHORT))
    with Pipeline("ours", stub) as worker:
        worker.took("orders/short.jsonl")
        short = [worker.took("orders/short.jsonl") for _ in range(RUNS)]
        long = worker.took("orders/long.jsonl")
        short += [worker.took("orders/short.jsonl") for _ in range(RUNS)]
    each = median(one.cpu / one.records for one in short)
    value = long.cpu / long.records / each
    note = f"{long.clock:.1f} s for {LONG:,} records in one process"
    return [Figure("CPU per record of 1,000,000, of 10,000 = 1", value, target=1.1, note=note)]
