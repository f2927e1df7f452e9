"""Whole pipelines, each in a process of its own: from an object in S3 to items in DynamoDB, over the stub.

Ours are the functions' handlers in the order of the workflow. Those of others are our own writing in their
manner: what a tutorial does, what a careful engineer would do with the usual libraries, and dlt.

python -m bench.pipelines WAY PORT     reads keys from stdin; for each prints its seconds and records
"""

from __future__ import annotations

import gzip
import importlib
import io
import json
import os
import sys
import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from bench.context import Context
from bench.orders import ROOT, SCHEMA

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RAW, TABLE = "raw", "statewright-orders"
NAMES: dict[str, str] = {"USD": "US dollar"}


def environment(port: int) -> dict[str, str]:
    """Return what the pipelines find in their environment."""
    return {
        "RAW_BUCKET": RAW,
        "STAGING_BUCKET": "staging",
        "OUTPUT_BUCKET": "output",
        "FILES_TABLE": "files",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "TOLD_TABLE": "told",
        "TRANSACTIONS_URL": "https://sqs.us-east-1.amazonaws.com/000000000000/transactions",
        "TABLE_PREFIX": "statewright-",
        "NOTIFICATIONS_TOPIC_ARN": "arn:aws:sns:us-east-1:000000000000:notifications",
        "PSEUDONYM_KEY_PARAMETER": "/statewright/pseudonym_key",
        "SCHEMAS_DIR": str(ROOT / "schemas"),
        "POWERTOOLS_LOG_LEVEL": "CRITICAL",
        "POWERTOOLS_METRICS_DISABLED": "true",
    }


def ours() -> Callable[[str], int]:
    """Return the functions, one after the other."""
    sys.path.insert(0, str(ROOT / "functions"))
    states = ("collect_data", "parse_and_validate", "enrich", "write_to_ddb", "notify")
    handlers = {name: importlib.import_module(name).handler for name in states}
    execution = {
        "id": "arn:aws:states:us-east-1:000000000000:execution:ingest:bench",
        "started_at": "2025-08-18T19:00:00.000Z",
    }

    def call(name: str, request: Any) -> Any:
        return handlers[name](request, Context())

    def ingest(key: str) -> int:
        collected = call("collect_data", {"s3Bucket": RAW, "s3Key": key, "execution": execution})
        file, plan = collected["file"], collected["plan"]
        shards, size = [], plan["shard_bytes"] if plan["shards"] > 1 else file["size"]
        for index in range(plan["shards"]):
            shard = {"index": index, "start": index * size, "end": min((index + 1) * size, file["size"])}
            parsed = call("parse_and_validate", {"file": file, "shard": shard})
            request = {"file": file, "shard": shard, "partitions": plan["partitions"], "parsed": parsed}
            enriched = call("enrich", request)
            both = parsed["quarantined"] + enriched["quarantined"]
            shards.append({**parsed, **enriched, "quarantined": both})
        written = [
            call("write_to_ddb", {"file": file, "partition": number, "shards": shards})
            for number in range(plan["partitions"])
        ]
        request = {"file": file, "shards": shards, "partitions": written, "execution": execution}
        return int(call("notify", request)["counts"]["written"])

    return ingest


def tutorial() -> Callable[[str], int]:
    """Return what a tutorial does: json, jsonschema.validate for each record, boto3's resource."""
    import boto3
    import jsonschema

    s3, table = boto3.client("s3"), boto3.resource("dynamodb").Table(TABLE)
    schema = json.loads(SCHEMA.read_bytes())

    def ingest(key: str) -> int:
        text = _text(s3.get_object(Bucket=RAW, Key=key)["Body"].read(), key)
        count = 0
        with table.batch_writer() as batch:
            for count, record in enumerate(_records(text, key, json.loads), 1):
                jsonschema.validate(record, schema)
                batch.put_item(Item=_enriched(record, key, count))
        return count

    return ingest


def ordinary() -> Callable[[str], int]:
    """Return what is good practice: orjson, a validator compiled once, batch_writer, a stream of lines."""
    import boto3
    import jsonschema
    import orjson

    s3, table = boto3.client("s3"), boto3.resource("dynamodb").Table(TABLE)
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_bytes()), format_checker=checker)

    def ingest(key: str) -> int:
        text = _text(s3.get_object(Bucket=RAW, Key=key)["Body"].read(), key)
        count = 0
        with table.batch_writer() as batch:
            for count, record in enumerate(_records(text, key, orjson.loads), 1):
                validator.validate(record)
                batch.put_item(Item=_enriched(record, key, count))
        return count

    return ingest


def dlt() -> Callable[[str], int]:
    """Return dlt: its extract, normalize and load, a destination that writes batches to the same table."""
    import boto3
    import dlt as library  # type: ignore[import-not-found]  # in an environment of its own
    import jsonschema
    import orjson

    s3, table = boto3.client("s3"), boto3.resource("dynamodb").Table(TABLE)
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_bytes()), format_checker=checker)

    def write(items: Any, _: Any) -> None:
        with table.batch_writer() as batch:
            for item in items:
                batch.put_item(Item={name: _exact(value) for name, value in item.items()})

    def ingest(key: str) -> int:
        count = 0

        def found() -> Iterator[Any]:
            nonlocal count
            text = _text(s3.get_object(Bucket=RAW, Key=key)["Body"].read(), key)
            for record in _records(text, key, orjson.loads):
                count += 1
                validator.validate(record)
                yield {**record, "currency_name": NAMES.get(record["currency"], "unknown"), "s3_key": key}

        options = {"batch_size": 1000, "loader_file_format": "typed-jsonl", "naming_convention": "direct"}
        target = library.destination(write, name="dynamodb", **options)
        name = f"bench_{time.monotonic_ns()}"
        pipeline = library.pipeline(name, destination=target, dataset_name="orders")
        pipeline.run(found(), table_name="orders", write_disposition="append")
        return count

    return ingest


def _text(body: bytes, key: str) -> str:
    return (gzip.decompress(body) if key.endswith(".gz") else body).decode()


def _records(text: str, key: str, loads: Callable[[str], Any]) -> Iterator[dict[str, Any]]:
    if key.endswith(".csv"):
        import csv

        for row in csv.DictReader(io.StringIO(text)):
            yield {**row, "quantity": int(row["quantity"]), "amount": float(row["amount"])}
        return
    for line in text.splitlines():
        yield loads(line)


def _enriched(record: dict[str, Any], key: str, line: int) -> dict[str, Any]:
    return {
        **record,
        "amount": _exact(record["amount"]),
        "currency_name": NAMES.get(record["currency"], "unknown"),
        "_s3_key": key,
        "_line": line,
        "_contract": "orders/1",
    }


def _exact(value: Any) -> Any:
    return Decimal(str(value)) if isinstance(value, float) else value


WAYS: dict[str, Callable[[], Callable[[str], int]]] = {
    "ours": ours,
    "tutorial": tutorial,
    "ordinary": ordinary,
    "dlt": dlt,
}


def main() -> None:
    """Answer each line of stdin, a key, with a line of JSON."""
    way, port = sys.argv[1], int(sys.argv[2])
    os.environ.update(environment(port))
    out = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what libraries print
    ingest = WAYS[way]()
    for line in sys.stdin:
        used, started = time.process_time(), time.perf_counter()
        records = ingest(line.strip())
        said = {"cpu": time.process_time() - used, "clock": time.perf_counter() - started, "records": records}
        out.write(json.dumps(said) + "\n")
        out.flush()


if __name__ == "__main__":
    main()
