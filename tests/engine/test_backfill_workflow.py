"""The workflow `backfill` on the engine, with the functions themselves over a mocked AWS."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.errors import MalformedFile, ServiceUnavailable
from statewright.engine import Engine, LocalFunctions, VirtualClock, VirtualLoop
from statewright.local.backfilling import MAX_BATCHED_BYTES
from statewright.local.names import camel, replace_placeholders
from tests.functions.cloud import ENVIRONMENT, FILES, HANDLERS, RAW, ROOT, STAGING, client, cloud, forget
from tests.functions.objects_sent import order

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.functions.cloud import Cloud

__all__ = ["cloud"]

ROLE = "arn:aws:iam::000000000000:role/statewright"
MACHINE = json.loads((ROOT / "statemachines/backfill.asl.json").read_text())
OBJECTS = MACHINE["States"]["Objects"]
LINE = json.dumps(order(1)).encode() + b"\n"


class Backfills:
    """Backfills over a mocked AWS; `broken` says by function and key what it raises."""

    def __init__(self, cloud: Cloud) -> None:
        self.broken: dict[tuple[str, str], Callable[[], Exception]] = {}
        self.before: dict[tuple[str, str], Callable[[], object]] = {}
        self.calls: list[tuple[str, str]] = []
        self.started: dict[str, Any] = {}
        self.ended: Any = None
        self.letters = client("sqs").create_queue(QueueName="dead-letters")["QueueUrl"]
        self.machine = json.loads(json.dumps(MACHINE))
        self.ingest = "ingest"  # the machine that objects are handed over to
        self._cloud = cloud

    def _handler(self, name: str) -> Callable[[Any, Any], Any]:
        def handle(event: Any, context: Any) -> Any:
            called = name, event.get("s3Key") or event["file"]["key"]
            self.calls.append(called)
            self.before.get(called, lambda: None)()
            if called in self.broken:
                raise self.broken[called]()
            return HANDLERS[name](event, context)

        return handle

    def run(self, **request: Any) -> Any:
        """Run one backfill; return the execution."""

        async def inside() -> None:
            functions: Mapping[str, Any] = {camel(name): self._handler(name) for name in HANDLERS}
            engine = Engine(functions=LocalFunctions(functions), clients=client, clock=VirtualClock())
            try:
                idle = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
                ingest = engine.create_state_machine("ingest", json.dumps(idle), ROLE)
                text = self._definition(ingest.arn.replace("ingest", self.ingest))
                machine = engine.create_state_machine("backfill", text, ROLE)
                started = engine.start_execution(machine.arn, json.dumps({"prefix": "", **request}), "one")
                self.ended = await engine.wait_for_execution(started.arn)
                for each in engine.list_executions(state_machine_arn=ingest.arn):
                    self.started[each.name] = json.loads(each.input)
            finally:
                await engine.close()

        with contextlib.redirect_stdout(io.StringIO()), asyncio.Runner(loop_factory=VirtualLoop) as runner:
            runner.run(inside())
        return self.ended

    def _definition(self, ingest: str) -> str:
        known = {
            "FilesTable": FILES,
            "IngestArn": ingest,
            "RawBucket": RAW,
            "StagingBucket": STAGING,
            "DeadLettersUrl": self.letters,
            "NotificationsArn": ENVIRONMENT["NOTIFICATIONS_TOPIC_ARN"],
            **{f"{camel(name)}Arn": camel(name) for name in HANDLERS},
        }
        return replace_placeholders(json.dumps(self.machine), known, "backfill.asl.json")

    def in_batches_of(self, count: int) -> None:
        """Make batches smaller than those of the definition."""
        self.machine["States"]["Objects"]["ItemBatcher"]["MaxItemsPerBatch"] = count

    def sums(self) -> dict[str, int]:
        """Return how many objects came to which end, as the batches say."""
        said: dict[str, int] = {}
        for key in self._cloud.keys(STAGING):
            if not key.startswith("backfills/one/") or not key.endswith(".jsonl"):
                continue
            body = client("s3").get_object(Bucket=STAGING, Key=key)["Body"].read()
            for line in body.splitlines():
                batch = json.loads(line)
                told = json.loads(batch["Cause"]) if "Cause" in batch else batch
                for name, count in told.items():
                    if isinstance(count, int) and count:
                        said[name] = said.get(name, 0) + count
        return said

    def dead_letters(self) -> list[Any]:
        found = client("sqs").receive_message(QueueUrl=self.letters, MaxNumberOfMessages=10)
        return [json.loads(each["Body"]) for each in found.get("Messages", [])]


@pytest.fixture
def backfills(cloud: Cloud) -> Backfills:
    return Backfills(cloud)


def put(cloud: Cloud, *names: str, folder: str = "orders/") -> None:
    for number, name in enumerate(names):
        lines = [json.dumps(order(1000 * number + each)).encode() for each in range(3)]
        cloud.put(f"{folder}{name}", b"\n".join(lines))


def statuses(cloud: Cloud) -> dict[str, str]:
    return {row["file_key"]: row["status"] for row in cloud.files.scan()["Items"]}


def test_every_object_under_the_prefix_is_ingested_and_no_other(cloud: Cloud, backfills: Backfills) -> None:
    names = [f"{number:03}.jsonl" for number in range(5)]
    put(cloud, *names)
    backfills.in_batches_of(2)
    put(cloud, "other.jsonl", folder="sales/")
    assert backfills.run(prefix="orders/").status == "SUCCEEDED"
    assert statuses(cloud) == {f"orders/{name}": "SUCCEEDED" for name in names}
    assert len(cloud.items("orders")) == 3 * len(names)
    assert backfills.sums() == {"objects": len(names), "ingested": len(names)}
    assert backfills.started == {}


def test_a_second_backfill_skips_what_is_done_and_does_what_is_not(
    cloud: Cloud, backfills: Backfills
) -> None:
    put(cloud, "a.jsonl")
    backfills.run()
    put(cloud, "b.jsonl")
    backfills.calls.clear()
    assert backfills.run().status == "SUCCEEDED"
    assert [name for name, key in backfills.calls if key == "orders/a.jsonl"] == ["collect_data"]
    assert set(statuses(cloud).values()) == {"SUCCEEDED"}


def test_an_object_that_fails_is_handed_over_to_ingest_and_keeps_no_other_from_its_end(
    cloud: Cloud, backfills: Backfills
) -> None:
    put(cloud, "a.jsonl", "b.jsonl", "c.jsonl")
    backfills.broken["enrich", "orders/b.jsonl"] = lambda: MalformedFile("nonsense")
    assert backfills.run().status == "SUCCEEDED"
    found = statuses(cloud)
    assert found == {"orders/a.jsonl": "SUCCEEDED", "orders/b.jsonl": "FAILED", "orders/c.jsonl": "SUCCEEDED"}
    (started,) = backfills.started.values()
    version = cloud.s3.head_object(Bucket=RAW, Key="orders/b.jsonl")["VersionId"]
    assert started == {"s3Bucket": RAW, "s3Key": "orders/b.jsonl", "s3VersionId": version}
    assert backfills.sums() == {"objects": 3, "ingested": 2, "failed": 1}


@pytest.mark.parametrize("function", ["collect_data", "parse_and_validate", "write_to_ddb", "notify"])
def test_a_function_that_is_away_for_a_moment_is_tried_again(
    cloud: Cloud, backfills: Backfills, function: str
) -> None:
    put(cloud, "a.jsonl")
    away = iter([lambda: ServiceUnavailable("away")])

    def once() -> None:
        for error in away:
            raise error()

    backfills.before[function, "orders/a.jsonl"] = once
    assert backfills.run().status == "SUCCEEDED"
    assert statuses(cloud) == {"orders/a.jsonl": "SUCCEEDED"}
    assert backfills.started == {}


def test_a_file_with_too_many_invalid_records_is_left_to_ingest_and_nothing_of_it_is_written(
    cloud: Cloud, backfills: Backfills, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    schemas = shutil.copytree(ROOT / "schemas", tmp_path / "schemas")
    contract = schemas / "datasets/orders/1.json"
    said = json.loads(contract.read_text())
    said["x-dataset"]["tolerance"] = {"share": 0.1}
    contract.write_text(json.dumps(said))
    monkeypatch.setenv("SCHEMAS_DIR", str(schemas))
    forget()
    cloud.put("orders/bad.jsonl", json.dumps(order(1, quantity=-1)).encode())
    assert backfills.run().status == "SUCCEEDED"
    assert cloud.items("orders") == []
    assert [each["s3Key"] for each in backfills.started.values()] == ["orders/bad.jsonl"]


def test_a_large_object_is_handed_over_before_anything_is_read(cloud: Cloud, backfills: Backfills) -> None:
    cloud.put("orders/large.jsonl", LINE * (MAX_BATCHED_BYTES // len(LINE) + 1))
    assert backfills.run().status == "SUCCEEDED"
    assert backfills.calls == []
    assert list(backfills.started.values()) == [{"s3Bucket": RAW, "s3Key": "orders/large.jsonl"}]
    assert backfills.sums() == {"objects": 1, "handed_over": 1}


def test_the_bound_of_a_batchs_objects_is_that_of_the_command() -> None:
    text = json.dumps(OBJECTS)
    assert f"size > {MAX_BATCHED_BYTES} " in text


def test_an_object_of_exactly_the_bound_is_taken(cloud: Cloud, backfills: Backfills) -> None:
    body = LINE + b"\n" * (MAX_BATCHED_BYTES - len(LINE))
    assert len(body) == MAX_BATCHED_BYTES
    cloud.put("orders/bound.jsonl", body)
    backfills.run()
    assert backfills.sums() == {"objects": 1, "ingested": 1}


def test_what_another_execution_has_in_hand_is_left_to_an_execution_that_can_wait(
    cloud: Cloud, backfills: Backfills
) -> None:
    put(cloud, "a.jsonl")
    backfills.broken["notify", "orders/a.jsonl"] = lambda: MalformedFile("nonsense")
    backfills.run()
    (row,) = cloud.files.scan()["Items"]
    held = "arn:aws:states:us-east-1:000000000000:express:backfill/Objects:x:y"
    now = datetime.now(UTC).isoformat()
    cloud.files.put_item(Item={**row, "status": "PROCESSING", "execution": held, "processed_at": now})
    backfills.started.clear()
    assert backfills.run().status == "SUCCEEDED"
    assert [each["s3Key"] for each in backfills.started.values()] == ["orders/a.jsonl"]
    assert statuses(cloud) == {"orders/a.jsonl": "PROCESSING"}


def test_folders_what_nobody_claims_and_what_is_gone_are_no_failures(
    cloud: Cloud, backfills: Backfills
) -> None:
    cloud.put("orders/", b"")
    cloud.put("notes/readme.txt", b"plain words\n")
    put(cloud, "a.jsonl")
    backfills.before["collect_data", "orders/a.jsonl"] = lambda: cloud.s3.delete_object(
        Bucket=RAW, Key="orders/a.jsonl"
    )
    assert backfills.run().status == "SUCCEEDED"
    assert backfills.sums() == {"objects": 3, "folder": 1, "catalogued": 1, "gone": 1}


def test_a_dataset_that_is_named_takes_objects_of_any_key(cloud: Cloud, backfills: Backfills) -> None:
    put(cloud, "2019.jsonl", folder="archive/")
    assert backfills.run(prefix="archive/", dataset="orders").status == "SUCCEEDED"
    assert len(cloud.items("orders")) == 3
    assert statuses(cloud) == {"archive/2019.jsonl": "SUCCEEDED"}


def test_where_most_objects_fail_the_backfill_fails_and_tells(cloud: Cloud, backfills: Backfills) -> None:
    names = [f"{number}.jsonl" for number in range(5)]
    put(cloud, *names)
    for name in names:
        backfills.broken["enrich", f"orders/{name}"] = lambda: MalformedFile("nonsense")
    ended = backfills.run(prefix="orders/")
    assert (ended.status, ended.error) == ("FAILED", "BatchesFailed")
    (letter,) = backfills.dead_letters()
    assert (letter["execution"], letter["input"]) == (ended.arn, {"prefix": "orders/"})
    (told,) = (json.loads(each["Message"]) for each in cloud.messages())
    assert (told["event"], told["error"]) == ("failed", "BatchesFailed")
    assert backfills.sums() == {"objects": 5, "failed": 5}


def test_a_backfill_ends_before_all_is_in_the_dead_letters(cloud: Cloud, backfills: Backfills) -> None:
    tolerated, size = 10, 5
    backfills.in_batches_of(size)
    backfills.machine["States"]["Objects"]["ToleratedFailureCount"] = tolerated
    for number in range(tolerated + 4 * size):
        key = f"orders/{number:04}.jsonl"
        cloud.put(key, LINE)
        backfills.broken["collect_data", key] = lambda: MalformedFile("nonsense")
    ended = backfills.run(concurrency=1)
    assert (ended.status, ended.error) == ("FAILED", "States.ExceedToleratedFailureThreshold")
    assert len(backfills.started) == tolerated + size


def test_what_cannot_be_handed_over_fails_its_batch(cloud: Cloud, backfills: Backfills) -> None:
    put(cloud, "a.jsonl", "b.jsonl")
    backfills.broken["enrich", "orders/b.jsonl"] = lambda: MalformedFile("nonsense")
    backfills.ingest = "gone"
    ended = backfills.run()
    assert (ended.status, ended.error) == ("FAILED", "BatchesFailed")
    assert backfills.sums() == {"objects": 2, "ingested": 1, "left": 1}
