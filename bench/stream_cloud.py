"""A local cloud for the benchmark `stream`: started afresh, fed, and counted from outside.

Nothing is taken from what the pipeline says of itself alone: the ledger, the table, the quarantine, the dead
letters and what people were told are each read and counted on their own.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import zstandard

from statewright.local.clients import Clients
from statewright.local.ports import free_ports
from statewright.local.sending import MAX_BATCH, Plan, send

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from statewright.local.sample_events import Mix

ROOT = Path(__file__).parents[1]
PROJECT = ("functions", "schemas", "statemachines", "pipeline.json")
TOLD = "told-to-people"
PROCESSES = {
    "local.emulator_process": "data services",
    "local.worker": "functions",
    "local.daemon": "pipe and workflow",
}
LOOK_SECONDS = 0.5
Json = Any


class NotInTime(Exception):  # noqa: N818 - what happened
    """What was waited for did not come."""


@dataclass(frozen=True)
class Cloud:
    """A local cloud that is up."""

    state: Path
    project: Path
    ports: list[int]

    @cached_property
    def env(self) -> dict[str, str]:
        """The variables that `statewright env` exports."""
        found: dict[str, str] = json.loads(self.run("env", "--json"))
        return found

    @cached_property
    def clients(self) -> Clients:
        """Clients of its services."""
        return Clients(self.env["AWS_ENDPOINT_URL"], self.env["AWS_ENDPOINT_URL_SFN"])

    @property
    def place(self) -> tuple[str, ...]:
        """The options by which a command finds it."""
        return ("--project", str(self.project), "--state", str(self.state))

    def run(self, command: str, *arguments: str) -> str:
        """Run a command of `statewright`; return what it prints."""
        ran = subprocess.run(
            [sys.executable, "-m", "statewright.cli", command, *self.place, *arguments],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        if ran.returncode:
            raise RuntimeError(f"statewright {command} ended with {ran.returncode}: {ran.stderr}")
        return ran.stdout

    def up(self) -> None:
        """Start it."""
        port, sfn_port = map(str, self.ports)
        self.run("up", "--port", port, "--sfn-port", sfn_port)

    def processor_seconds(self) -> dict[str, float]:
        """Return the processor time of its processes since they began, as Linux tells it, by what they do."""
        daemon = int(json.loads((self.state / "cloud.json").read_bytes())["pid"])
        found = dict.fromkeys([*PROCESSES.values(), "others"], 0.0)
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
                command = (stat.parent / "cmdline").read_text()
            except OSError:  # it has ended
                continue
            if daemon in (int(stat.parent.name), int(fields[1])):
                module = next((name for name in PROCESSES if name in command), "")
                ticks = int(fields[11]) + int(fields[12])
                found[PROCESSES.get(module, "others")] += ticks / os.sysconf("SC_CLK_TCK")
        return {name: seconds for name, seconds in found.items() if seconds}

    def send(self, count: int, mix: Mix, rate: float = 0) -> float:
        """Send events to the queue of transactions; return the seconds that it took."""
        started = time.monotonic()
        plan = Plan(self.env["TRANSACTIONS_URL"], count, MAX_BATCH, rate, mix)
        send(plan, self.clients("sqs"), self.state / "sent.json", lambda _: None)
        return time.monotonic() - started

    def hide_for(self, seconds: int) -> None:
        """Set for how long a message is hidden that a request receives which begins from now on."""
        attributes = {"VisibilityTimeout": str(seconds)}
        self.clients("sqs").set_queue_attributes(QueueUrl=self.env["TRANSACTIONS_URL"], Attributes=attributes)

    def waiting(self, url: str = "TRANSACTIONS_URL") -> Counter[str]:
        """Return how many messages a queue has: `visible`, `hidden`, `delayed`."""
        names = {"visible": "", "hidden": "NotVisible", "delayed": "Delayed"}
        said = self.clients("sqs").get_queue_attributes(QueueUrl=self.env[url], AttributeNames=["All"])
        return Counter(
            {
                name: int(said["Attributes"][f"ApproximateNumberOfMessages{suffix}"])
                for name, suffix in names.items()
            }
        )

    def rows(self, table: str) -> Iterator[dict[str, Json]]:
        """Yield the rows of a table, by its variable, as DynamoDB has them."""
        pages = self.clients("dynamodb").get_paginator("scan").paginate(TableName=self.env[table])
        return (row for page in pages for row in page["Items"])

    def ledger(self) -> Counter[str]:
        """Return the sums over all groups of messages; `failed` counts those that failed."""
        found: Counter[str] = Counter()
        for row in self.rows("FILES_TABLE"):
            if row.get("source", {}).get("S") == "messages":
                found["failed"] += row["status"]["S"] == "FAILED"
                counts = row.get("counts", {"M": {}})["M"]
                found.update({name: int(value["N"]) for name, value in counts.items()})
        return found

    def objects(self, prefix: str) -> Iterator[bytes]:
        """Yield the objects of the output bucket under a prefix."""
        s3, bucket = self.clients("s3"), self.env["OUTPUT_BUCKET"]
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for found in page.get("Contents", []):
                yield s3.get_object(Bucket=bucket, Key=found["Key"])["Body"].read()

    def quarantined(self) -> list[dict[str, Json]]:
        """Return what is in quarantine."""
        packed = (each for each in self.objects("quarantine/") if each.startswith(b"\x1f\x8b"))
        return [json.loads(line) for each in packed for line in gzip.decompress(each).splitlines()]

    def processed(self) -> Iterator[bytes]:
        """Yield the processed records, a line each."""
        for packed in self.objects("processed/"):
            with zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True) as lines:
                yield from lines.read().splitlines()

    def listen(self) -> None:
        """Keep what people are told from now on in a queue."""
        sqs = self.clients("sqs")
        url = sqs.create_queue(QueueName=TOLD)["QueueUrl"]
        said = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
        topic = self.env["NOTIFICATIONS_TOPIC_ARN"]
        self.clients("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=said["QueueArn"])

    def told(self) -> list[dict[str, Json]]:
        """Take what people were told."""
        sqs = self.clients("sqs")
        url = sqs.get_queue_url(QueueName=TOLD)["QueueUrl"]
        found = []
        while taken := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            found += [json.loads(json.loads(message["Body"])["Message"]) for message in taken]
            entries = [{"Id": each["MessageId"], "ReceiptHandle": each["ReceiptHandle"]} for each in taken]
            sqs.delete_message_batch(QueueUrl=url, Entries=entries)
        return found


@contextlib.contextmanager
def started(prepare: Callable[[Path], None] | None = None, *, hidden_seconds: int = 1800) -> Iterator[Cloud]:
    """Start a local cloud of a copy of the project, which `prepare` may change; remove it in the end."""
    with tempfile.TemporaryDirectory(prefix="statewright-bench-") as folder:
        project = Path(folder) / "project"
        project.mkdir()
        for name in PROJECT:
            copy: Any = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, project / name)
        _hide_for(project, hidden_seconds)
        if prepare is not None:
            prepare(project)
        cloud = Cloud(Path(folder) / "state", project, free_ports(2))
        cloud.up()
        try:
            cloud.listen()
            yield cloud
        finally:
            cloud.run("down")


def _hide_for(project: Path, seconds: int) -> None:
    """Say for how long the queue hides a message that was received, from the first receive on."""
    description = project / "pipeline.json"
    said: Any = json.loads(description.read_text())
    said["queues"]["transactions"]["visibility_seconds"] = seconds
    description.write_text(json.dumps(said))


def wait_until(is_so: Callable[[], bool], seconds: float, what: str) -> float:
    """Wait; return the seconds that it took; raises NotInTime."""
    begun = time.monotonic()
    print(f"waiting: {what}", file=sys.stderr)  # noqa: T201 - it takes minutes
    while not is_so():
        if time.monotonic() - begun > seconds:
            raise NotInTime(f"{what}: not within {seconds:.0f} s")
        time.sleep(LOOK_SECONDS)
    return time.monotonic() - begun


def receives(sqs: Any, url: str) -> dict[str, int]:
    """Return how often each message of a queue was received before this look, by its id."""
    receipts: list[str] = []
    found: dict[str, int] = {}
    while taken := sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["ApproximateReceiveCount"]
    ).get("Messages"):
        for each in taken:
            found[each["MessageId"]] = int(each["Attributes"]["ApproximateReceiveCount"]) - 1
            receipts.append(each["ReceiptHandle"])
    for receipt in receipts:  # whoever reads them next is to find them
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=receipt, VisibilityTimeout=0)
    return found
