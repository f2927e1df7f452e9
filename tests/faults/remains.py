"""What a run leaves behind, and how that of one run differs from that of the clean one."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.functions.cloud import FILES, OUTPUT, client
from tests.functions.streams import unpacked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.functions.cloud import Cloud

Json = Any
# Times, and which execution it was.
OF_THE_RUN = {
    *("processed_at", "processed_day", "seconds", "timestamp", "may_have_written_at"),
    *(
        "execution",
        "taken_over_from",
        "run",
        "run_before",
        "work_before",
        "shards_kept",
        "partitions_kept",
        "duplicates",
    ),
}
RUN = re.compile(r"(?<=[0-9a-f]{32}/)([0-9a-f]{12})(?:-[0-9]+)?/")
PROCESSED = "processed/"
REPORTS = "reports/"
RUN_OF_A_FILE = re.compile(rb'(?<="run":")[0-9a-f-]+')


@dataclass(frozen=True)
class Remains:
    """Items by table and key, objects of the output bucket, rows of the ledger, messages, dead letters.

    Each execution leaves objects of its own; here are those that count, under names without their execution.
    """

    items: dict[str, Json]
    objects: dict[str, bytes]
    rows: dict[str, Json]
    told: Counter[str]
    failures_told: tuple[str, ...]
    dead_letters: tuple[dict[str, Json], ...]

    def records(self) -> Counter[str]:
        """Count what is accounted for by name: items, and lines of the quarantine and of the alerts."""
        lines = (
            f"{key}: {line!r}"
            for key, body in self.objects.items()
            if key.endswith(".jsonl.gz")
            for line in gzip.decompress(body).splitlines()
        )
        return Counter(self.items.keys()) + Counter(lines)


@dataclass
class Difference:
    """What is missing, what is there twice, what is not as it was; each told in a line."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.lost or self.doubled or self.differing)

    def lines(self) -> Iterator[str]:
        for word, found in vars(self).items():
            yield from (f"{word}: {each}" for each in found)


def collect(cloud: Cloud, table: str, dead_letters: str) -> Remains:
    """Gather everything; takes the messages from their queues."""
    items = dict(_items(cloud, table))
    found = _scan(FILES)
    bodies = _counting(cloud, found)
    rows = {row["file_id"]["S"]: _lasting(row) for row in found}
    messages = [(each, json.loads(each["Message"])) for each in cloud.messages()]
    failures = tuple(said["execution"] for _, said in messages if said["event"] == "failed")
    told = Counter(_words(each, said) for each, said in messages if said["event"] != "failed")
    letters = tuple(json.loads(body) for body in _taken(dead_letters))
    return Remains(items, bodies, rows, told, failures, letters)


def _counting(cloud: Cloud, rows: list[dict[str, Json]]) -> dict[str, bytes]:
    """Return the objects of the executions whose work a row tells of; it names no others, and none twice."""
    series = {row["run"]["S"].partition("-")[0] for row in rows if "run" in row}
    bodies: dict[str, bytes] = {}
    for key in cloud.keys(OUTPUT):
        if key.startswith((PROCESSED, REPORTS, "items/")):
            # Its name follows from the file, or from its content: who writes it again replaces it.
            bodies[key] = _body(cloud, key) if key.startswith(REPORTS) else unpacked(cloud, key)
            continue
        run = RUN.search(key)
        assert run, key
        if run[1] not in series:
            continue  # an execution that failed, or was stopped, has left it
        body = RUN_OF_A_FILE.sub(b"", _body(cloud, key))
        body = _without_runs(body.decode()).encode() if key.endswith(".json") else body
        plain = _without_runs(key)
        assert bodies.setdefault(plain, body) == body, f"two executions of one work differ in {plain}"
    for row in rows:
        for each in row.get("quarantine", {}).get("L", ()):
            assert _without_runs(each["S"].removeprefix(f"s3://{OUTPUT}/")) in bodies, each
    return bodies


def _body(cloud: Cloud, key: str) -> bytes:
    body: bytes = cloud.s3.get_object(Bucket=OUTPUT, Key=key)["Body"].read()
    return body


def _without_runs(text: str) -> str:
    return RUN.sub("", text)


def compare(clean: Remains, found: Remains) -> Difference:
    """Say what is lost, doubled or different; messages may come twice, rows of failed attempts may stay."""
    difference = Difference()
    wanted, got = clean.records(), found.records()
    difference.lost += [f"record {each}" for each in wanted - got]
    difference.doubled += [f"record {each}" for each in got - wanted]
    difference.lost += [f"message {each}" for each in clean.told.keys() - found.told.keys()]
    difference.differing += [f"message {each}" for each in found.told.keys() - clean.told.keys()]
    difference.lost += [f"object {key}" for key in clean.objects.keys() - found.objects.keys()]
    difference.doubled += [f"object {key}" for key in found.objects.keys() - clean.objects.keys()]
    for key in clean.items.keys() & found.items.keys():
        if clean.items[key] != found.items[key]:
            difference.differing.append(f"item {key}: {_changes(clean.items[key], found.items[key])}")
    for key in clean.objects.keys() & found.objects.keys():
        if clean.objects[key] != found.objects[key]:
            difference.differing.append(f"bytes of {key}")
    difference.lost += [f"row {key}" for key in clean.rows.keys() - found.rows.keys()]
    for key, row in found.rows.items():
        if key not in clean.rows and not _is_of_an_attempt(key, row):
            difference.doubled.append(f"row {row}")
        elif key in clean.rows and row != clean.rows[key]:
            difference.differing.append(f"row {_changes(clean.rows[key], row)}")
    return difference


def _is_of_an_attempt(key: str, row: dict[str, Json]) -> bool:
    """Say whether a row tells of an execution that failed before it knew its object."""
    return key.startswith("execution:") and row["status"] == {"S": "FAILED"}


def _changes(clean: dict[str, Json], found: dict[str, Json]) -> str:
    names = sorted({name for name in clean.keys() | found.keys() if clean.get(name) != found.get(name)})
    return ", ".join(f"{name}: {found.get(name)} instead of {clean.get(name)}" for name in names)


def _items(cloud: Cloud, table: str) -> Iterator[tuple[str, Json]]:
    names = [each["AttributeName"] for each in cloud.dynamodb.Table(table).key_schema]
    for item in _scan(table):
        yield f"{table} {[item[name] for name in names]}", item


def _scan(table: str) -> list[dict[str, Json]]:
    pages = client("dynamodb").get_paginator("scan").paginate(TableName=table)
    return [item for page in pages for item in page["Items"]]


def _lasting(row: dict[str, Json]) -> dict[str, Json]:
    lasting = {name: value for name, value in row.items() if name not in OF_THE_RUN}
    if "quarantine" in lasting:
        lasting["quarantine"] = [_without_runs(each["S"]) for each in lasting["quarantine"]["L"]]
    for name in {"cause", "shard_cause"} & lasting.keys():
        lasting[name] = {"S": _of_any_invocation(row[name]["S"])}
    return lasting


def _of_any_invocation(cause: str) -> str:
    """Return a cause as it is whichever invocation it came from: a function's without id and stack."""
    try:
        said = json.loads(cause)
    except ValueError:
        return cause
    return json.dumps({name: said[name] for name in ("errorType", "errorMessage")})


def _words(envelope: dict[str, Json], said: dict[str, Json]) -> str:
    about = {name: each["Value"] for name, each in envelope["MessageAttributes"].items()}
    lasting = {name: value for name, value in said.items() if name not in OF_THE_RUN}
    return _without_runs(json.dumps([envelope.get("Subject"), about, lasting], sort_keys=True))


def _taken(queue: str) -> Iterator[str]:
    sqs = client("sqs")
    while found := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        for message in found:
            yield message["Body"]
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
