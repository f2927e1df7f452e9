"""What the cost model is fed with: processor time, logs and staged bytes of the functions, measured.

    python -m bench cost            writes statewright/costs/measured.json

The functions run in this process, against the data services of a local cloud that is started for it: so the
processor time is theirs alone (with botocore's), however busy the machine is. Each figure is the median of
alternating runs over files of one order, of many, and of many that are long.
"""

from __future__ import annotations

import contextlib
import gzip
import importlib
import io
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import process_time
from typing import TYPE_CHECKING, Any

import boto3
from rich.console import Console
from rich.table import Table

from bench.context import Context
from statewright.costs.facts import File, facts_of
from statewright.local.environment import function_environment
from statewright.local.names import Names
from statewright.local.ports import free_ports
from statewright.project import read_project

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
PLACE = ROOT / "statewright" / "costs" / "measured.json"
RUNS = 5
MANY = 10_000
# The longest text that the contract takes, and the members that have one.
LONG_TEXT = 128
LONG_MEMBERS = ("order_id", "customer_id")
TEXT = """the order was packed by hand and left the warehouse in the afternoon; a note for the courier says
to ring twice, leave it with the neighbours on the left, or bring it again on the morning of the next day"""
WORDS = TEXT.split()
FUNCTIONS = ("collect_data", "parse_and_validate", "enrich", "write_to_ddb", "notify")
BATCH = 100
# How often the samples' orders are in a text that is cut into chunks: some 35 MB.
REPEATED = 4
LOG = io.StringIO()


@dataclass
class Seen:
    """What the runs over one kind of file showed, by function: processor time, bytes and lines logged."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    log_bytes: dict[str, int] = field(default_factory=dict)
    log_lines: dict[str, int] = field(default_factory=dict)


def main() -> None:
    """Measure, write the file, print its table."""
    with local_cloud() as environment:
        os.environ.update(environment)
        sys.path.insert(0, str(ROOT / "functions"))
        with contextlib.redirect_stdout(LOG):  # the logger keeps the stream that it finds first
            measured = measure()
    PLACE.write_text(json.dumps(measured, indent=2) + "\n", encoding="utf-8")
    table = Table("function", "ms an invocation", "µs a record", "ns a byte", title="Processor time")
    for name, cpu in measured["functions"].items():
        table.add_row(
            name,
            f"{cpu['seconds'] * 1e3:,.2f}",
            f"{cpu['seconds_per_record'] * 1e6:,.2f}",
            f"{cpu['seconds_per_byte'] * 1e9:,.2f}",
        )
    Console(width=100).print(table)


@contextlib.contextmanager
def local_cloud() -> Iterator[dict[str, str]]:
    """Start a local cloud of its own; give the environment of its functions."""
    with tempfile.TemporaryDirectory() as state:
        port, sfn_port = free_ports(2)
        command = [sys.executable, "-m", "statewright.cli"]
        ports = ["--port", str(port), "--sfn-port", str(sfn_port)]
        subprocess.run([*command, "up", "--state", state, *ports], cwd=ROOT, check=True, capture_output=True)
        try:
            names = Names(read_project(ROOT), f"http://127.0.0.1:{port}")
            yield function_environment(names, f"http://127.0.0.1:{sfn_port}")
        finally:
            subprocess.run([*command, "down", "--state", state], cwd=ROOT, check=False, capture_output=True)


def orders(count: int) -> list[bytes]:
    """Return the first orders of the samples."""
    with gzip.open(ROOT / "samples/good/orders.jsonl.gz") as packed:
        return packed.read().splitlines(keepends=True)[:count]


def lengthened(lines: list[bytes]) -> list[bytes]:
    """Return the same orders, some members as long as may be: another member would make them other work."""
    return [_lengthened(line, number) for number, line in enumerate(lines)]


def _lengthened(line: bytes, number: int) -> bytes:
    order = json.loads(line)
    longer = {
        name: f"{order[name]} {_words(number + place)}"[:LONG_TEXT] for place, name in enumerate(LONG_MEMBERS)
    }
    return json.dumps(order | longer, separators=(",", ":")).encode() + b"\n"


def _words(number: int) -> str:
    return " ".join(
        WORDS[(number * 7 + place * place * (1 + number % 13)) % len(WORDS)] for place in range(LONG_TEXT)
    )


def measure() -> dict[str, Any]:
    """Run the functions over each kind of file; return what measured.json holds."""
    lines = orders(MANY)
    bodies = {"one": lines[0], "many": b"".join(lines), "long": b"".join(lengthened(lines))}
    handlers = {
        name: importlib.import_module(name).handler for name in (*FUNCTIONS, "collect_messages", "rechunk")
    }
    seen = {kind: Seen() for kind in (*bodies, "batch")}
    run_file(handlers, Seen(), "orders/warm.jsonl", lines[0])  # clients, contracts
    rows: dict[str, int] = {}
    sizes: dict[str, int] = {}
    for number in range(RUNS):
        for kind, body in bodies.items():
            said = run_file(handlers, seen[kind], f"orders/{kind}-{number}.jsonl", body)
            rows, sizes = said if kind == "many" else (rows, sizes)
        run_batch(handlers, seen["batch"], number, lines[number * BATCH : (number + 1) * BATCH])
    times = {
        name: fitted(name, seen, {kind: len(body) for kind, body in bodies.items()}) for name in FUNCTIONS
    }
    times["collect_messages"] = of_batches(seen["batch"])
    cutting = measure_cutting(handlers)
    times["rechunk"] = cutting.invocation
    seen["many"].log_bytes |= cutting.seen.log_bytes
    seen["many"].log_lines |= cutting.seen.log_lines
    left = {kind: round(size / _staged(kind, lines), 4) for kind, size in sizes.items()}
    return {
        "measured_on": datetime.now(UTC).date().isoformat(),
        "machine": f"{_processor()}, Python {platform.python_version()}",
        "records": MANY,
        "functions": times,
        "rechunk_seconds_per_byte": cutting.seconds_per_byte,
        "bytes_left_by_zstd": {**left, "text": cutting.left_by_zstd},
        "log_bytes": {
            name: seen["many"].log_bytes.get(name, seen["batch"].log_bytes.get(name)) for name in times
        },
        "log_lines": {
            name: seen["many"].log_lines.get(name, seen["batch"].log_lines.get(name)) for name in times
        },
        "ledger_bytes": rows,
    }


def fitted(name: str, seen: dict[str, Seen], sizes: dict[str, int]) -> dict[str, float]:
    """Return what an invocation takes, and what each record and each byte adds."""
    one, many, long = (median(seen[kind].seconds[name]) for kind in ("one", "many", "long"))
    per_byte = max(0.0, (long - many) / (sizes["long"] - sizes["many"]))
    per_record = max(0.0, (many - one - per_byte * (sizes["many"] - sizes["one"])) / (MANY - 1))
    if name in ("collect_data", "notify"):
        return {"seconds": one, "seconds_per_record": 0.0, "seconds_per_byte": 0.0}
    return {"seconds": one, "seconds_per_record": per_record, "seconds_per_byte": per_byte}


def of_batches(seen: Seen) -> dict[str, float]:
    """Return the same of CollectMessages, which has no file: all of it by the message."""
    return {
        "seconds": 0.0,
        "seconds_per_record": median(seen.seconds["collect_messages"]) / BATCH,
        "seconds_per_byte": 0.0,
    }


@dataclass
class Cutting:
    """What cutting into chunks takes: an invocation, a byte of each kind of text; and what zstd leaves."""

    invocation: dict[str, float]
    seconds_per_byte: dict[str, float]
    left_by_zstd: float
    seen: Seen


def measure_cutting(handlers: dict[str, Any]) -> Cutting:
    """Cut the samples' orders as lines, rows and values; unpack them from gzip without cutting."""
    lines = orders(sys.maxsize)
    texts = texts_of(lines * REPEATED)
    seen = {kind: Seen() for kind in ("one", *texts)}
    unpacking: list[float] = []
    left: list[float] = []
    for number in range(RUNS):
        run_rechunk(handlers, seen["one"], f"orders/one-{number}.jsonl", lines[0])
        for kind, (suffix, text) in texts.items():
            staged = run_rechunk(handlers, seen[kind], f"orders/{kind}-{number}.{suffix}", text)
            left += [staged / len(text)] if kind == "lines" else []
        unpacking.append(unpack(f"orders/packed-{number}.jsonl.gz", texts["lines"][1]))
    one = median(seen["one"].seconds["rechunk"])
    by_byte = {
        kind: (median(seen[kind].seconds["rechunk"]) - one) / len(text) for kind, (_, text) in texts.items()
    }
    by_byte["unpacked"] = median(unpacking) / len(texts["lines"][1])
    invocation = {"seconds": one, "seconds_per_record": 0.0, "seconds_per_byte": 0.0}
    return Cutting(invocation, by_byte, round(median(left), 4), seen["lines"])


def texts_of(lines: list[bytes]) -> dict[str, tuple[str, bytes]]:
    """Return the orders as lines of JSON, as rows of CSV, as values of an array, each with its suffix."""
    records = [json.loads(line) for line in lines]
    rows = [",".join(map(str, record.values())) for record in records]
    array = b",\n".join(line.rstrip(b"\n") for line in lines)
    return {
        "lines": ("jsonl", b"".join(lines)),
        "rows": ("csv", "\n".join([",".join(records[0]), *rows, ""]).encode()),
        "values": ("json", b"[" + array + b"]\n"),
    }


def run_rechunk(handlers: dict[str, Any], seen: Seen, key: str, body: bytes) -> int:
    """Cut one text into chunks, whether or not its plan asks for it; return the bytes that were staged."""
    collected = _collected(handlers, key, body)
    answer = invoke(handlers, seen, "rechunk", {**collected, "round": 1})
    place = answer["file"]["chunks"]
    found = boto3.client("s3").list_objects_v2(Bucket=place["bucket"], Prefix=place["prefix"])["Contents"]
    return int(sum(each["Size"] for each in found))


def unpack(key: str, text: bytes) -> float:
    """Return the processor time of reading a gzip from its start, as one does that goes on in it."""
    handlers = {"collect_data": importlib.import_module("collect_data").handler}
    file = _collected(handlers, key, gzip.compress(text))["file"]
    gzip_stream = importlib.import_module("pipeline.formats.gzip_stream")
    pieces = importlib.import_module("pipeline.objects").read_version(file, 0, file["size"])
    started = process_time()
    size = sum(map(len, gzip_stream.decompress(pieces)))
    if size != len(text):
        raise RuntimeError(f"{size} bytes came out of a gzip of {len(text)}")
    return process_time() - started


def _collected(handlers: dict[str, Any], key: str, body: bytes) -> dict[str, Any]:
    """Upload an object; return its file and its plan."""
    bucket = os.environ["STAGING_BUCKET"]  # nothing is triggered there
    boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=body)
    answer = invoke(
        handlers, Seen(), "collect_data", {"s3Bucket": bucket, "s3Key": key, "execution": _of(key)}
    )
    return {"file": answer["file"], "plan": answer["plan"]}


def _of(key: str) -> dict[str, str]:
    """Return an execution of its own for a key."""
    return {
        "id": f"arn:aws:states:us-east-1:000000000000:execution:statewright-ingest:{key}",
        "started_at": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }


def run_file(
    handlers: dict[str, Any], seen: Seen, key: str, body: bytes
) -> tuple[dict[str, int], dict[str, int]]:
    """Run the functions in the workflow's order; return bytes of the ledger's row, and of what was staged."""
    s3 = boto3.client("s3")
    s3.put_object(Bucket=os.environ["STAGING_BUCKET"], Key=key, Body=body)  # nothing is triggered there
    where = {"s3Bucket": os.environ["STAGING_BUCKET"], "s3Key": key}
    execution = _of(key)
    collected = invoke(handlers, seen, "collect_data", {**where, "execution": execution})
    claimed = _row_bytes(collected["file"]["id"])
    file, shard = collected["file"], {"index": 0, "start": 0, "end": len(body)}
    parsed = invoke(handlers, seen, "parse_and_validate", {"file": file, "shard": shard})
    request = {"file": file, "shard": shard, "partitions": 1, "parsed": parsed}
    enriched = invoke(handlers, seen, "enrich", request)
    outcome = {**parsed, **enriched, "quarantined": parsed["quarantined"] + enriched["quarantined"]}
    written = invoke(handlers, seen, "write_to_ddb", {"file": file, "partition": 0, "shards": [outcome]})
    ending = {"file": file, "shards": [outcome], "partitions": [written], "execution": execution}
    invoke(handlers, seen, "notify", ending)
    sizes = {
        kind: s3.head_object(Bucket=place["bucket"], Key=place["key"])["ContentLength"]
        for kind, place in (("parsed", parsed["staged"]), ("enriched", enriched["staged"]))
    }
    folder = f"processed/dataset=orders/day={file['day']}/{file['id']}"
    found = s3.list_objects_v2(Bucket=os.environ["OUTPUT_BUCKET"], Prefix=folder)["Contents"]
    sizes["processed"] = sum(each["Size"] for each in found)
    return {"claimed": claimed, "closed": _row_bytes(file["id"])}, sizes


def run_batch(handlers: dict[str, Any], seen: Seen, number: int, lines: list[bytes]) -> None:
    """Hand a batch of messages to CollectMessages."""
    messages = [
        {
            "messageId": f"{number}-{place}",
            "body": line.decode(),
            "attributes": {"SentTimestamp": "1755543600000", "ApproximateReceiveCount": "1"},
            "messageAttributes": {},
            "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:statewright-transactions",
        }
        for place, line in enumerate(lines)
    ]
    invoke(handlers, seen, "collect_messages", messages)


def invoke(handlers: dict[str, Any], seen: Seen, name: str, request: Any) -> Any:
    """Call a handler, JSON to JSON; note its processor time and what it logs."""
    request = json.loads(json.dumps(request))
    before = LOG.tell()
    started = process_time()
    answer = handlers[name](request, Context())
    seen.seconds[name].append(process_time() - started)
    logged = LOG.getvalue()[before:]
    seen.log_bytes[name] = len(logged.encode())
    seen.log_lines[name] = logged.count("\n")
    return json.loads(json.dumps(answer))


def _row_bytes(file_id: str) -> int:
    """Return the bytes of a row of the ledger, as DynamoDB counts them."""
    items = importlib.import_module("pipeline.items")
    deserialize = importlib.import_module("boto3.dynamodb.types").TypeDeserializer().deserialize
    answer = boto3.client("dynamodb").get_item(
        TableName=os.environ["FILES_TABLE"], Key={"file_id": {"S": file_id}}, ConsistentRead=True
    )
    row = {name: deserialize(value) for name, value in answer["Item"].items()}
    return int(sum(len(name.encode()) + items.size(value) for name, value in row.items()))


def _staged(kind: str, lines: list[bytes]) -> int:
    """Return how many bytes the model takes the staged lines of these orders for, before zstd."""
    facts = facts_of(read_project(ROOT), File("orders", len(lines), sum(map(len, lines))))
    return int(getattr(facts, f"{kind}_bytes")) * len(lines)


def _processor() -> str:
    """Return what the machine calls its processor."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return " ".join(line.partition(":")[2].split())
    return platform.machine()
