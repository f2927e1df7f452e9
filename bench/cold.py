"""What a cold start costs: importing each function and its first invocation; and how large the package is.

    python -m bench cold

Each function runs in a process of its own against the stub of AWS, in the order of the workflow. Beside them
a process that imports what is usual: boto3 with the clients that ours use, all of Powertools, jsonschema and
orjson. CPU counts, without the start of Python itself.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from bench import orders
from bench.figures import Figure
from bench.pipelines import environment
from bench.side_by_side import AwsStub
from statewright.deploy import package

Json = Any
RUNS = 7
MOST = 0.45
MOST_PACKAGE_MB = 10.0
RECORDS = 100
EXECUTION = {
    "id": "arn:aws:states:us-east-1:000000000000:execution:ingest:bench",
    "started_at": "2025-08-18T19:00:00.000Z",
}
MESSAGE = {
    "messageId": "00000000-0000-4000-8000-000000000002",
    "receiptHandle": "r",
    "attributes": {"SentTimestamp": "1755543600000", "ApproximateReceiveCount": "1"},
    "messageAttributes": {},
    "eventSource": "aws:sqs",
    "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:transactions",
    "awsRegion": "us-east-1",
}


def main() -> list[Figure]:
    """Measure, in turns."""
    took: dict[str, list[float]] = {}
    usual: list[float] = []
    with AwsStub() as stub:
        stub.put("orders/cold.jsonl", orders.body("jsonl", RECORDS))
        stub.put("orders/cold.jsonl.gz", orders.body("jsonl.gz", RECORDS))
        for _ in range(RUNS):
            usual.append(_child({**os.environ, **environment(stub.port)}, "", "usual")["cpu"])
            for name, seconds in _functions(stub.port):
                took.setdefault(name, []).append(seconds)
    beside = median(usual)
    figures = []
    for name, found in took.items():
        each, imported = median(found), _import(name)
        note = f"{each * 1000:.0f} ms of {beside * 1000:.0f}; import {imported:.0f} ms by -X importtime"
        what = f"{name}: import and first invocation, the usual imports = 1"
        figures.append(Figure(what, each / beside, target=MOST, note=note))
    return [*figures, _package()]


def _functions(port: int) -> list[tuple[str, float]]:
    """Invoke each function once, each in a new process; return their seconds."""
    env, seconds = {**os.environ, **environment(port)}, list[tuple[str, float]]()

    def call(name: str, request: Json) -> Json:
        said = _child(env, json.dumps(request), name)
        seconds.append((name, said["cpu"]))
        return said["answer"]

    def collect(key: str) -> Json:
        return call("collect_data", {"s3Bucket": "raw", "s3Key": key, "execution": EXECUTION})

    collected = collect("orders/cold.jsonl")
    file, plan = collected["file"], collected["plan"]
    shard = {"index": 0, "start": 0, "end": file["size"]}
    parsed = call("parse_and_validate", {"file": file, "shard": shard})
    asked = {"file": file, "shard": shard, "partitions": plan["partitions"], "parsed": parsed}
    shards = [{**parsed, **call("enrich", asked)}]
    written = call("write_to_ddb", {"file": file, "partition": 0, "shards": shards})
    call("notify", {"file": file, "shards": shards, "partitions": [written], "execution": EXECUTION})
    packed = collect("orders/cold.jsonl.gz")
    seconds.pop()
    call("rechunk", {"file": packed["file"], "plan": packed["plan"], "round": 1})
    body = next(iter(orders.lines(1))).decode()
    call("collect_messages", [{**MESSAGE, "body": body, "md5OfBody": ""}])
    call("tell_digests", {"minutes": []})
    call("daily_report", {"date": "2025-08-18"})
    return seconds


def _child(env: dict[str, str], request: str, name: str) -> Json:
    command = [sys.executable, "-m", "bench.cold_worker", name]
    done = subprocess.run(
        command, input=request, stdout=subprocess.PIPE, text=True, check=True, cwd=orders.ROOT, env=env
    )
    return json.loads(done.stdout.splitlines()[-1])


def _import(name: str) -> float:
    """Return the milliseconds that importing a function takes, modules of its own and of others."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", f"import {name}"],
        stderr=subprocess.PIPE,
        text=True,
        check=True,
        cwd=orders.ROOT / "functions",
    )
    found = re.search(rf"\| +(\d+) \| {name}$", done.stderr, re.MULTILINE)
    if found is None:
        raise ValueError(f"-X importtime says nothing of {name}")
    return int(found[1]) / 1000


def _package() -> Figure:
    with tempfile.TemporaryDirectory() as folder:
        package.build(orders.ROOT, folder=Path(folder))
        size = (Path(folder) / "functions.zip").stat().st_size / 1e6
    return Figure("the functions' package, zipped", size, "MB", MOST_PACKAGE_MB)
