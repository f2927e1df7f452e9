"""A trial: the workflow over one object while a call fails, what an operator does then, the comparison."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import io
import json
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from pipeline import aws, plans, pseudonyms, tables, writing
from statewright.engine import Engine, LocalFunctions, VirtualClock, VirtualLoop
from statewright.engine.errors import ExecutionDoesNotExist
from statewright.lambda_runtime import RuntimeFault
from statewright.local.names import camel, replace_placeholders
from tests.faults import remains
from tests.faults.network import Network, Strike, WorkerKilled
from tests.functions.cloud import (
    ENVIRONMENT,
    FILES,
    HANDLERS,
    OUTPUT,
    RAW,
    ROOT,
    STAGING,
    TOLD,
    client,
    forget,
    mocked,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import ThreadPoolExecutor

    from pipeline.flights import Task
    from statewright.engine import ExecutionRecord
    from tests.faults.faults import Fault
    from tests.faults.network import Point
    from tests.faults.remains import Difference, Remains
    from tests.faults.scenarios import Scenario
    from tests.functions.cloud import Cloud

Json = Any
ROLE = "arn:aws:iam::000000000000:role/statewright"
CLIENTS = (aws.s3, aws.dynamodb, aws.sns, aws.sqs, aws.ssm, aws.step_functions)


@dataclass(frozen=True)
class Trial:
    """What came of one point: how it differs from the clean run, and whether it had to be started anew."""

    difference: Difference
    struck: int
    started_anew: int


class Lab:
    """A cloud, the workflow's definition, and the network between; one scenario after the other."""

    def __init__(self, cloud: Cloud, network: Network, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cloud = cloud
        self.network = network
        self.dead_letters = client("sqs").create_queue(QueueName="dead-letters")["QueueUrl"]
        self._folder = folder
        self._monkeypatch = monkeypatch
        self._definition = _definition(self.dead_letters)
        self.scenario: Scenario | None = None
        self.clean: dict[str, Remains] = {}

    def set_up(self, scenario: Scenario) -> list[Point]:
        """Upload the object, run it cleanly; return the points of that run."""
        self.scenario = scenario
        self._monkeypatch.setenv("SCHEMAS_DIR", str(scenario.schemas(self._folder)))
        forget()
        self.cloud.put(scenario.key, scenario.body)
        size = len(scenario.body)
        plan = functools.partial(
            PLAN, shard_bytes=-(-size // scenario.shards), partition_bytes=-(-size // scenario.partitions)
        )
        self._monkeypatch.setattr(plans, "plan", plan)
        self._monkeypatch.setattr(plans, "MAX_SHARD_BYTES", 0 if scenario.chunk_bytes else MAX_SHARD_BYTES)
        self._monkeypatch.setattr(plans, "CHUNK_BYTES", scenario.chunk_bytes or CHUNK_BYTES)
        self._hand_over(every=FEW if scenario.hands_over else None)
        self.clear()
        ended = self.run(None, self._once)
        assert ended.status == scenario.ends, (ended.error, ended.cause)
        self.clean[scenario.name] = self.collect()
        return list(self.network.points)

    def _hand_over(self, every: int | None) -> None:
        """Let each writer put so many items, one batch, and hand over."""
        self._monkeypatch.setattr(tables, "BATCH_ITEMS", every or BATCH_ITEMS)
        self._monkeypatch.setattr(tables, "WRITES", 1 if every else WRITES)
        self._monkeypatch.setattr(tables, "_write", _written if every else WRITE)
        self._monkeypatch.setattr(writing, "_ending", AfterABatch if every else ENDING)

    def attempts(self, attempts: int) -> None:
        """Let botocore try each call so often from here on."""
        self._monkeypatch.setattr(aws, "ATTEMPTS", attempts)
        for made in CLIENTS:
            made.cache_clear()

    def try_point(self, point: Point, fault: Fault) -> Trial:
        """Strike one point; start the execution anew where it failed; compare."""
        assert self.scenario is not None
        self.clear()
        anew = self.run(Strike(point, fault.act, fault.lasts), self._with_an_operator)
        left = self.collect()
        difference = remains.compare(self.clean[self.scenario.name], left)
        if anew and not fault.lasts:
            difference.differing.append(f"failed of one fault: {anew[0].error}, {anew[0].cause}")
        for failed in anew:
            if not self._is_told(failed, left):
                difference.lost.append(f"the failed execution {failed.name}: no dead letter, nobody told")
        return Trial(difference, self.network.struck, len(anew))

    def collect(self) -> Remains:
        assert self.scenario is not None
        return remains.collect(self.cloud, self.scenario.table, self.dead_letters)

    def clear(self) -> None:
        """Empty all but the raw bucket; forget how slowly a table was written to that throttled."""
        tables._pace.cache_clear()
        for bucket in (STAGING, OUTPUT):
            keys = [{"Key": key} for key in self.cloud.keys(bucket)]
            if keys:
                self.cloud.s3.delete_objects(Bucket=bucket, Delete={"Objects": keys})
        assert self.scenario is not None
        for name in (FILES, TOLD, self.scenario.table, "statewright-sales"):
            empty(name)

    def _is_told(self, failed: ExecutionRecord, left: Remains) -> bool:
        """Say whether an operator would know of a failure: by a dead letter, without one by a message."""
        letters = [letter for letter in left.dead_letters if letter["execution"] == failed.arn]
        if letters:
            return all(letter["input"] == json.loads(failed.input) for letter in letters)
        return failed.arn in left.failures_told

    def run(
        self,
        strike: Strike | None,
        work: Callable[[Engine, str], Any],
        executor: ThreadPoolExecutor | None = None,
    ) -> Any:
        """Run a coroutine on a fresh engine, in virtual time; functions run here, or in threads."""
        pseudonyms.pseudonym_key.cache_clear()

        async def inside() -> Any:
            handlers = {camel(name): self.function(name) for name in HANDLERS}
            functions = LocalFunctions(handlers, executor=executor)
            # The functions' own clock is the real one.
            clock = VirtualClock(time.time())
            engine = Engine(functions=functions, clients=_engine_client, clock=clock)
            self.network.status_of = functools.partial(_status, engine)
            try:
                machine = engine.create_state_machine("ingest", self._definition, ROLE)
                return await work(engine, machine.arn)
            finally:
                await engine.close()
                if executor is not None:
                    executor.shutdown()

        with (
            self.network.watched(strike),
            contextlib.redirect_stdout(io.StringIO()),
            asyncio.Runner(loop_factory=VirtualLoop) as runner,
        ):
            return runner.run(inside())

    async def _once(self, engine: Engine, machine: str, name: str = "first") -> ExecutionRecord:
        return await engine.wait_for_execution(self.start(engine, machine, name))

    def start(self, engine: Engine, machine: str, name: str) -> str:
        """Start an execution over the scenario's object; return its ARN."""
        assert self.scenario is not None
        return engine.start_execution(machine, json.dumps(self.scenario.input), name).arn

    async def _with_an_operator(self, engine: Engine, machine: str) -> list[ExecutionRecord]:
        """Run; where it ends otherwise than the clean run, start it anew, with all well again."""
        ended = await self._once(engine, machine)
        assert self.scenario is not None
        self.network.heal()
        if ended.status == "SUCCEEDED" or self._is_as_clean(ended):
            return []
        again = await self._once(engine, machine, "anew")
        assert again.status == self.scenario.ends, (again.error, again.cause)
        return [ended]

    def _is_as_clean(self, ended: ExecutionRecord) -> bool:
        """Say whether an execution failed as the clean one does, and the ledger knows."""
        assert self.scenario is not None
        clean = self.clean[self.scenario.name]
        if ended.error not in {letter["error"] for letter in clean.dead_letters}:
            return False
        table = self.cloud.dynamodb.Table(FILES)
        rows = [row for row in table.scan()["Items"] if row["file_id"] in clean.rows]
        return all(row["status"] == ended.status and row["error"] == ended.error for row in rows)

    def patch(self, where: Any, name: str, value: Any) -> None:
        """Put something in the place of an attribute, as long as the lab lasts."""
        self._monkeypatch.setattr(where, name, value)

    def function(self, name: str) -> Callable[[Json, Json], Json]:
        """Return a function whose calls are seen, and whose worker may be killed."""

        def invoke(event: Json, context: Json) -> Json:
            with self.network.worker(name):
                try:
                    return HANDLERS[name](event, context)
                except WorkerKilled:
                    pseudonyms.pseudonym_key.cache_clear()
                    words = "Error: Runtime exited with error: signal: killed"
                    raise RuntimeFault(
                        "Runtime.ExitError", f"RequestId: {context.aws_request_id} {words}"
                    ) from None

        return invoke


class AfterABatch:
    """Says that a writer's time is over when it has put a batch."""

    def __init__(self, *_: object) -> None:
        self.has_put = False

    def __call__(self) -> bool:
        return self.has_put


def _written(table: str, batch: tables.Batch, is_over: Any) -> Task[int]:
    items = yield from WRITE(table, batch, is_over)
    is_over.has_put = True
    return items


@functools.cache
def _keys_of(table: str) -> list[str]:
    described = client("dynamodb").describe_table(TableName=table)["Table"]
    return [each["AttributeName"] for each in described["KeySchema"]]


def empty(table: str) -> None:
    dynamodb, names = client("dynamodb"), _keys_of(table)
    items = dynamodb.scan(TableName=table)["Items"]
    deletes = [{"DeleteRequest": {"Key": {name: item[name] for name in names}}} for item in items]
    for start in range(0, len(deletes), 25):
        dynamodb.batch_write_item(RequestItems={table: deletes[start : start + 25]})


PLAN, MAX_SHARD_BYTES, CHUNK_BYTES = plans.plan, plans.MAX_SHARD_BYTES, plans.CHUNK_BYTES
BATCH_ITEMS, WRITES, WRITE, ENDING = tables.BATCH_ITEMS, tables.WRITES, tables._write, writing._ending
# Items of a writer that hands over after one batch: its partition has several times as many.
FEW = 3


@contextlib.contextmanager
def lab() -> Iterator[Lab]:
    """Make a cloud and what lies between it and the functions.

    botocore neither sleeps between its tries nor runs out of its quota of them, which would only make it give
    up earlier.
    """
    network = Network()
    waits = SimpleNamespace(sleep=lambda seconds: None, monotonic=time.monotonic)
    with (
        pytest.MonkeyPatch.context() as monkeypatch,
        tempfile.TemporaryDirectory() as folder,
        mocked(monkeypatch) as cloud,
        network.installed(),
        mock.patch("botocore.endpoint.time", waits),
        mock.patch("pipeline.flights.time", waits),
        mock.patch("pipeline.ready_calls.time", waits),
        mock.patch("botocore.retries.quota.RetryQuota.acquire", return_value=True),
    ):
        try:
            yield Lab(cloud, network, Path(folder), monkeypatch)
        finally:
            for made in CLIENTS:
                made.cache_clear()


def _definition(dead_letters: str) -> str:
    known = {
        "FilesTable": FILES,
        "DeadLettersUrl": dead_letters,
        "NotificationsArn": ENVIRONMENT["NOTIFICATIONS_TOPIC_ARN"],
        "OutputBucket": OUTPUT,
        "StagingBucket": STAGING,
        "RawBucket": RAW,
        **{f"{camel(name)}Arn": camel(name) for name in HANDLERS},
    }
    text = (ROOT / "statemachines" / "ingest.asl.json").read_text(encoding="utf-8")
    return replace_placeholders(text, known, "ingest.asl.json")


@functools.cache
def _engine_client(service: str) -> Any:
    """Return a client of the engine's: one attempt, its Retry is the workflow's own."""
    import boto3
    from botocore.config import Config

    config = Config(retries={"mode": "standard", "total_max_attempts": 1})
    return boto3.client(service, os.environ["AWS_REGION"], config=config)  # type: ignore[call-overload]


def _status(engine: Engine, arn: str) -> str | None:
    try:
        return engine.describe_execution(arn).status
    except ExecutionDoesNotExist:
        return None
