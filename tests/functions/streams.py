"""Messages, and the functions over a group of them in the order of stream.asl.json."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import zstandard

from pipeline import staging
from pipeline.formats import messages
from tests.functions.cloud import EXECUTION, OUTPUT, STARTED_AT, client, invoke

if TYPE_CHECKING:
    from tests.functions.cloud import Cloud

QUEUE = "arn:aws:sqs:us-east-1:000000000000:statewright-transactions"
SENT = 1_755_543_600_000  # 2025-08-18T19:00:00Z, in milliseconds


def message(body: Any, name: str, *, sent: int = 0, queue: str = QUEUE, **attributes: str) -> dict[str, Any]:
    """Return a message as a pipe hands it on; `sent` in milliseconds after the first one could be."""
    return {
        "messageId": name,
        "body": body if isinstance(body, str) else json.dumps(body),
        "attributes": {"SentTimestamp": str(SENT + sent), "ApproximateReceiveCount": "1"},
        "messageAttributes": {
            each.replace("_", "-"): {"stringValue": value, "dataType": "String"}
            for each, value in attributes.items()
        },
        "eventSourceARN": queue,
    }


def collect(*sent: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the groups of a batch."""
    groups: list[dict[str, Any]] = invoke("collect_messages", list(sent))
    return groups


def bodies(group: dict[str, Any]) -> list[str]:
    """Return the bodies of a group's messages."""
    return [each.body.decode() for each in messages.unframed(staging.read_lines(group["content"]))]


def lines_of(staged: Any, partition: int) -> list[bytes]:
    """Return the lines of one partition that a PartitionWriter wrote, in their order."""
    frames = staging.frames_of(staging.packed(staged, partition))
    return [line for frame in frames for line in frame.removesuffix(b"\n").split(b"\n")]


@dataclass
class Streamed:
    """What the functions said of a group."""

    shard: dict[str, Any]
    partition: dict[str, Any]
    notified: dict[str, Any]

    @property
    def counts(self) -> dict[str, int]:
        counts: dict[str, int] = self.notified["counts"]
        return counts

    @property
    def sums(self) -> tuple[int, int, int]:
        """What was written, superseded and quarantined."""
        return self.counts["written"], self.counts["superseded"], self.counts["quarantined"]

    @property
    def failures(self) -> list[str]:
        """The ids of the messages that go back."""
        return [each["message"] for each in self.shard["refusals"] + self.shard["refusals_enrich"]]


def enriched(group: dict[str, Any]) -> dict[str, Any]:
    """Run ParseAndValidate and Enrich; return their merged answers."""
    file, content = group["file"], group["content"]
    shard = {"index": 0, "start": 0, "end": file["size"]}
    parsed = invoke("parse_and_validate", {"file": file, "shard": shard, "content": content})
    request = {"file": file, "shard": shard, "partitions": 1, "parsed": parsed, "content": content}
    said = invoke("enrich", request)
    return {**parsed, **said, "quarantined": parsed["quarantined"] + said["quarantined"]}


def write(group: dict[str, Any], shard: dict[str, Any]) -> dict[str, Any]:
    written: dict[str, Any] = invoke(
        "write_to_ddb", {"file": group["file"], "partition": 0, "shards": [shard]}
    )
    return written


def notify(group: dict[str, Any], shard: dict[str, Any], written: dict[str, Any]) -> dict[str, Any]:
    execution = {"id": EXECUTION, "started_at": STARTED_AT}
    request = {"file": group["file"], "shards": [shard], "partitions": [written], "execution": execution}
    notified: dict[str, Any] = invoke("notify", request)
    return notified


def work(group: dict[str, Any]) -> Streamed:
    """Run the four functions over a group."""
    shard = enriched(group)
    written = write(group, shard)
    return Streamed(shard, written, notify(group, shard, written))


def stream(*sent: dict[str, Any]) -> Streamed:
    """Run all that becomes of messages that make one group."""
    (group,) = collect(*sent)
    return work(group)


def quarantined(cloud: Cloud) -> list[dict[str, Any]]:
    """Return every record in quarantine."""
    return [
        line
        for key in cloud.keys(OUTPUT)
        if key.startswith("quarantine/") and key.endswith(".gz")
        for line in cloud.lines({"bucket": OUTPUT, "key": key})
    ]


def processed(cloud: Cloud) -> dict[str, list[dict[str, Any]]]:
    """Return the written records that lie in S3, by key."""
    return {
        key: [json.loads(line) for line in unpacked(cloud, key).splitlines()]
        for key in cloud.keys(OUTPUT)
        if key.startswith("processed/")
    }


def unpacked(cloud: Cloud, key: str) -> bytes:
    """Return what a zstd object of the output bucket holds."""
    body = cloud.s3.get_object(Bucket=OUTPUT, Key=key)["Body"]
    return zstandard.ZstdDecompressor().stream_reader(body.read(), read_across_frames=True).read()


def told_row(name: str) -> dict[str, Any] | None:
    """Return a row of the table `told`."""
    answer = client("dynamodb").get_item(TableName="statewright-told", Key={"id": {"S": name}})
    row: dict[str, Any] | None = answer.get("Item")
    return row


def inline_bytes(staged: dict[str, Any]) -> int:
    """Return how many bytes staged data have that came inline."""
    return len(base64.b64decode(staged["inline"]))
