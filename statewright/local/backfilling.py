"""Backfills: executions that ingest all objects under a prefix, and what became of each object.

The workflow `backfill` (statemachines/backfill.asl.json) writes the outcomes of its batches to the staging
bucket: a manifest, and the files that it names, one line a batch.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from statewright.local.following import COUNTS
from statewright.local.waiting import execution_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from statewright.local.clients import Clients
    from statewright.local.names import Names

MACHINE, HANDED_OVER_TO = "backfill", "ingest"
# The workflow's own bound: what a batch takes; ingest gets the rest.
MAX_BATCHED_BYTES = 1_048_576
RESULTS = "backfills"  # the folder in the staging bucket
OUTCOMES = ("ingested", "skipped", "catalogued", "folder", "gone", "handed_over", "failed", "left")
POLL_SECONDS = (0.2, 2.0)  # the first pause and the longest
RUNNING = "RUNNING"


@dataclass(frozen=True)
class Listed:
    """What lies under a prefix: objects, their bytes, those too large for a batch, S3's folders."""

    keys: list[str]
    bytes: int
    large: int
    folders: int


@dataclass(frozen=True)
class Progress:
    """How many objects were listed so far, and how many of them are in batches that ended."""

    listed: int = 0
    done: int = 0


@dataclass
class Backfilled:
    """What became of a backfill; of objects by outcome, of records by count.

    `executions` are those of ingest that objects were handed over to, with the status of those followed.
    """

    execution: str
    status: str
    seconds: float = 0.0
    error: str | None = None
    cause: str | None = None
    objects: dict[str, int] = field(default_factory=lambda: dict.fromkeys(OUTCOMES, 0))
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))
    batches_failed: int = 0
    executions: dict[str, str | None] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """Whether every object came to a good end, as far as that is known."""
        statuses = [each for each in self.executions.values() if each is not None]
        return self.status == "SUCCEEDED" and all(each == "SUCCEEDED" for each in statuses)


def listed(clients: Clients, bucket: str, prefix: str) -> Listed:
    """List a prefix."""
    keys, sizes, folders = [], [], 0
    for page in clients("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for each in page.get("Contents", []):
            if each["Key"].endswith("/") and not each["Size"]:
                folders += 1
                continue
            keys.append(each["Key"])
            sizes.append(each["Size"])
    return Listed(keys, sum(sizes), sum(size > MAX_BATCHED_BYTES for size in sizes), folders)


def running(names: Names, clients: Clients, request: dict[str, Any]) -> str | None:
    """Return the execution that does the same already, if there is one."""
    sfn = clients("stepfunctions")
    pages = sfn.get_paginator("list_executions").paginate(
        stateMachineArn=names.state_machine_arn(MACHINE), statusFilter=RUNNING
    )
    for page in pages:
        for each in page["executions"]:
            arn = str(each["executionArn"])
            given = json.loads(sfn.describe_execution(executionArn=arn)["input"])
            if _work(given) == _work(request):
                return arn
    return None


def _work(request: dict[str, Any]) -> tuple[Any, Any]:
    return request.get("prefix"), request.get("dataset")


def start(names: Names, clients: Clients, request: dict[str, Any]) -> str:
    """Start a backfill; return its ARN."""
    answer = clients("stepfunctions").start_execution(
        stateMachineArn=names.state_machine_arn(MACHINE),
        name=f"backfill-{datetime.now(UTC):%Y-%m-%dT%H-%M-%S-%f}",
        input=json.dumps(request, ensure_ascii=False),
    )
    return str(answer["executionArn"])


def follow_backfill(clients: Clients, execution: str, tell: Callable[[Progress], None]) -> None:
    """Wait for the end of a backfill; `tell` hears how far it is."""
    sfn, pause, map_run = clients("stepfunctions"), POLL_SECONDS[0], None
    while True:
        status = sfn.describe_execution(executionArn=execution)["status"]
        map_run = map_run or _map_run(sfn, execution)
        if map_run is not None:
            tell(_progress(sfn, map_run))
        if status != RUNNING:
            return
        time.sleep(pause)
        pause = min(pause * 1.5, POLL_SECONDS[1])


def _map_run(sfn: Any, execution: str) -> str | None:
    found = sfn.list_map_runs(executionArn=execution)["mapRuns"]
    return str(found[0]["mapRunArn"]) if found else None


def _progress(sfn: Any, map_run: str) -> Progress:
    counts = sfn.describe_map_run(mapRunArn=map_run)["itemCounts"]
    ended = sum(counts[name] for name in ("succeeded", "failed", "timedOut", "aborted"))
    return Progress(counts["total"], ended)


def outcome_of(names: Names, clients: Clients, execution: str) -> Backfilled:
    """Return what a backfill that has ended says of itself and of its batches."""
    sfn = clients("stepfunctions")
    found = sfn.describe_execution(executionArn=execution)
    seconds = (found["stopDate"] - found["startDate"]).total_seconds()
    told = Backfilled(execution, found["status"], seconds, found.get("error"), found.get("cause"))
    map_run = _map_run(sfn, execution)
    if map_run is None:
        return told
    ingest = names.state_machine_arn(HANDED_OVER_TO)
    for batch in _batches(names, clients, execution, sfn.describe_map_run(mapRunArn=map_run)):
        summary = _summary(batch)
        told.batches_failed += batch.get("Status", "SUCCEEDED") != "SUCCEEDED"
        for name in OUTCOMES:
            told.objects[name] += int(summary.get(name, 0))
        for name in COUNTS:
            told.counts[name] += int(summary.get("counts", {}).get(name, 0))
        told.executions |= {execution_of(ingest, each): None for each in summary.get("executions", ())}
    return told


def _batches(
    names: Names, clients: Clients, execution: str, map_run: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """Yield the line of each batch that ended; of a backfill without results none.

    https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
    """
    s3, bucket = clients("s3"), names.bucket("staging")
    folder = f"{RESULTS}/{execution.rpartition(':')[2]}/{map_run['mapRunArn'].rpartition(':')[2]}"
    redrive = f"/Redrive-{map_run['redriveCount']}" if map_run.get("redriveCount") else ""
    body = s3.get_object(Bucket=bucket, Key=f"{folder}{redrive}/manifest.json")["Body"].read()
    files = json.loads(body)["ResultFiles"]
    for file in (*files["SUCCEEDED"], *files["FAILED"]):
        for line in s3.get_object(Bucket=bucket, Key=file["Key"])["Body"].iter_lines():
            yield json.loads(line)


def _summary(batch: dict[str, Any]) -> dict[str, Any]:
    """Return a batch's own sums: its output, or what it failed with; nothing of one that was cut off."""
    if "Status" not in batch:
        return batch
    try:
        told = json.loads(batch.get("Cause", ""))
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def follow_handed_over(clients: Clients, told: Backfilled, tell: Callable[[int], None]) -> None:
    """Wait for the executions that objects were handed over to, and add up what they did."""
    sfn, pause = clients("stepfunctions"), POLL_SECONDS[0]
    for number, arn in enumerate(told.executions):
        while (found := sfn.describe_execution(executionArn=arn))["status"] == RUNNING:
            time.sleep(pause)
            pause = min(pause * 1.5, POLL_SECONDS[1])
        told.executions[arn] = found["status"]
        counts = json.loads(found.get("output") or "{}").get("counts", {})
        for name in COUNTS:
            told.counts[name] += int(counts.get(name, 0))
        tell(number + 1)


def statuses(told: Backfilled) -> dict[str, int]:
    """Return how many of the executions that were followed ended how."""
    return dict(sorted(Counter(each for each in told.executions.values() if each is not None).items()))
