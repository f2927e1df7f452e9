"""Which calls of AWS each role makes: the workflow over a mocked AWS, along every branch that calls one.

A role is called as what acts under it: a function, a state machine, a rule, a pipe, a schedule. botocore is
where all calls of the functions and of the engine's service integrations pass; what Step Functions and
EventBridge do themselves (invoke a function, start the children of a map run, start the target of a rule) is
heard where it is done. Messages go through the workflow `stream` in streamed.py, the daily report is made in
reported.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import functools
import json
import threading
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple
from unittest import mock

from botocore.exceptions import ClientError

from pipeline import ledger, objects
from statewright.engine.map_runs import MapRun
from statewright.local.names import ACCOUNT, REGION
from statewright.local.triggers import Trigger, run_trigger
from statewright.permissions import Permission, Where, of_call
from statewright.project import read_project
from tests.faults.faults import ONE_ATTEMPT, cut_before
from tests.faults.network import ENGINE_THREADS, Strike
from tests.faults.scenarios import (
    BROKEN_SHARD,
    FANNED_OUT,
    HIDDEN,
    ORDERED,
    PLAIN,
    RECHUNKED,
    TOO_MANY_INVALID,
    Scenario,
)
from tests.faults.trials import lab
from tests.functions.cloud import HANDLERS, OUTPUT, RAW, ROOT, STAGING
from tests.functions.heard_calls import heard
from tests.functions.objects_sent import event_of_s3
from tests.terraform.backfilled import backfill
from tests.terraform.reported import report, scheduled
from tests.terraform.streamed import stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from statewright.engine import Engine
    from tests.faults.network import Call, Point
    from tests.faults.trials import Lab

Json = Any
MOTO = "123456789012"  # its account
# The names of moto's and the engine's resources that are not those of a deployment.
DEPLOYED = {
    f":{MOTO}:dead-letters": f":{MOTO}:statewright-dead_letters",
    ":stateMachine:ingest": ":stateMachine:statewright-ingest",
    ":stateMachine:stream": ":stateMachine:statewright-stream",
    ":stateMachine:backfill": ":stateMachine:statewright-backfill",
    ":stateMachine:daily_report": ":stateMachine:statewright-daily_report",
    ":execution:ingest:": ":execution:statewright-ingest:",
}
LEAST_PART = "moto.s3.models.S3_UPLOAD_PART_MIN_SIZE"
WHERE = Where(REGION, MOTO)
MACHINE, RULE = "state_machine/ingest", "rule/object_created"
STREAM, BACKFILL, PIPE = "state_machine/stream", "state_machine/backfill", "pipe/transactions"
REPORT = "state_machine/daily_report"
ENRICHMENT = "collect_messages"  # of the pipe, which invokes it itself
GONE = frozenset({"404", "NoSuchKey", "NoSuchVersion"})
NOTHING_CLAIMS_IT = Scenario("catalogued", "notes/readme.txt", b"plain words\n")
PARTS = dataclasses.replace(HIDDEN, name="pseudonyms in parts", shards=1, partitions=2)
SCENARIOS = (PLAIN, ORDERED, TOO_MANY_INVALID, PARTS, FANNED_OUT, RECHUNKED, BROKEN_SHARD, NOTHING_CLAIMS_IT)
FIRST = "first"  # the name of the execution that sets a scenario up: names of objects follow from it
PART_BYTES = 128  # so small that what is staged, and what is quarantined, is uploaded in parts


class Recorded(NamedTuple):
    """A role and what it was seen to do."""

    role: str
    permission: Permission


class Recorder:
    """Hears calls while it is installed; those outside of functions and of the engine are a test's own."""

    def __init__(self) -> None:
        self._heard: set[Recorded] = set()
        self._function: str | None = None
        self.machine = MACHINE  # whose executions run
        self.before: dict[str, Callable[[], object]] = {}  # what happens right before a function is invoked

    def heard(self) -> frozenset[Recorded]:
        """Return what was heard, with the names of a deployment."""
        return frozenset(Recorded(role, _as_deployed(permission)) for role, permission in self._heard)

    def hear(self, role: str, action: str, resource: str) -> None:
        self._heard.add(Recorded(role, Permission(action, resource)))

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        """Stand where the calls pass."""
        start = MapRun.__init__

        def started(run: MapRun, parent: Any, *rest: Any) -> None:
            self.hear(self.machine, "states:StartExecution", parent.machine.arn)
            start(run, parent, *rest)

        with (
            heard(self._answered),
            mock.patch.object(MapRun, "__init__", started),
            mock.patch.dict(HANDLERS, {name: self._invoked(name) for name in HANDLERS}),
        ):
            yield

    @contextlib.contextmanager
    def acting(self, role: str | None) -> Iterator[None]:
        """Make calls under a role; or under none, inside of a function."""
        before, self._function = self._function, role
        try:
            yield
        finally:
            self._function = before

    @contextlib.contextmanager
    def _answered(self, service: str, operation: str, parameters: Json) -> Iterator[None]:
        is_of_engine = threading.current_thread().name.startswith(ENGINE_THREADS)
        role, found = self.machine if is_of_engine else self._function, True
        try:
            yield
        except ClientError as error:
            found = error.response["Error"]["Code"] not in GONE
            raise
        finally:
            if role is not None:
                permissions = of_call(service, operation, parameters, WHERE, found=found)
                self._heard.update(Recorded(role, each) for each in permissions)

    def _invoked(self, name: str) -> Callable[[Json, Json], Json]:
        handler = HANDLERS[name]

        def invoke(event: Json, context: Json) -> Json:
            # A deployed definition names a version.
            (permission,) = of_call("lambda", "Invoke", {"FunctionName": f"statewright-{name}:1"}, WHERE)
            self.hear(PIPE if name == ENRICHMENT else self.machine, *permission)
            if name in self.before:
                self.before[name]()
            with self.acting(f"function/{name}"):
                return handler(event, context)

        return invoke


def _as_deployed(permission: Permission) -> Permission:
    resource = permission.resource
    for name, deployed in DEPLOYED.items():
        resource = resource.replace(name, deployed)
    return Permission(permission.action, resource.replace(MOTO, ACCOUNT))


@functools.cache
def record() -> frozenset[Recorded]:
    """Run everything that calls something; return what each role did."""
    recorder = Recorder()
    with recorder.installed(), lab() as made:
        made.attempts(ONE_ATTEMPT)
        for scenario in SCENARIOS:
            made.set_up(scenario)
        _by_an_event(made)
        _after_a_failure(made)
        _after_another(made, recorder)
        _of_what_is_not_there(made)
        _of_what_is_gone(made, recorder)
        _in_parts(made)
        made.set_up(PLAIN)
        made.clear()
        recorder.machine = STREAM
        stream(recorder, PIPE, made.cloud)
        recorder.machine = MACHINE
        made.set_up(PLAIN)
        made.clear()
        recorder.machine = BACKFILL
        backfill(recorder, made.cloud)
        recorder.machine = REPORT
        report(recorder, made.dead_letters)
    scheduled(recorder, WHERE)
    asyncio.run(_by_the_rule(recorder))
    return frozenset(each for done in recorder.heard() for each in _for_each_dataset(done))


def _for_each_dataset(heard: Recorded) -> Iterator[Recorded]:
    """A dataset is data: what is done to the table of one is done to those of all."""
    tables = [f":table/statewright-{name}" for name in read_project(ROOT).datasets]
    named = [table for table in tables if heard.permission.resource.endswith(table)]
    for table in tables if named else [""]:
        resource = heard.permission.resource.removesuffix(named[0] if named else "") + table
        yield Recorded(heard.role, Permission(heard.permission.action, resource))


def _start(made: Lab, request: Json, name: str = "again", strike: Strike | None = None) -> None:
    async def work(engine: Engine, machine: str) -> None:
        await engine.wait_for_execution(engine.start_execution(machine, json.dumps(request), name).arn)

    made.run(strike, work)


def _lost(point: Point) -> Strike:
    """A call that does not arrive, however often it is sent."""
    return Strike(point, cut_before, lasts=True)


def _by_an_event(made: Lab) -> None:
    """S3's event names the version; an event of anything else is stored first."""
    made.set_up(PLAIN)
    version = made.cloud.put(PLAIN.key, PLAIN.body)
    _start(made, event_of_s3(PLAIN.key, version))
    _start(made, {"event": {"id": 1}})


def _after_a_failure(made: Lab) -> None:
    """What shards and partitions said is kept; the next execution looks for it, and for what it names."""
    calls = _of(made.set_up(FANNED_OUT), "dynamodb.BatchWriteItem")
    writes = [each for each in calls if each.call.by == "write_to_ddb"]
    made.clear()
    for name, write in ((FIRST, writes[-1]), ("second", writes[0])):
        _start(made, FANNED_OUT.input, name, _lost(write))
    _empty(made, OUTPUT)
    _start(made, FANNED_OUT.input, "third")
    made.set_up(BROKEN_SHARD)
    _start(made, BROKEN_SHARD.input, "second")
    staged = [each for each in _of(made.set_up(RECHUNKED), "s3.PutObject") if each.call.by == "rechunk"]
    made.clear()
    _start(made, RECHUNKED.input, FIRST, _lost(staged[2]))
    _start(made, RECHUNKED.input, "second")


def _after_another(made: Lab, recorder: Recorder) -> None:
    """A row that an execution holds which is over; it is gone when it is to be taken over."""
    made.set_up(PLAIN)
    (row,) = made.cloud.files.scan()["Items"]
    over = f"arn:aws:states:{REGION}:{MOTO}:execution:ingest:over"
    made.cloud.files.put_item(Item={**row, "status": ledger.PROCESSING, "execution": over})
    take_over = ledger.take_over

    def gone(table: str, *rest: Any) -> Any:
        with recorder.acting(None):
            made.cloud.files.delete_item(Key={"file_id": row["file_id"]})
        return take_over(table, *rest)

    with mock.patch.object(ledger, "take_over", gone):
        _start(made, PLAIN.input)


def _of_what_is_not_there(made: Lab) -> None:
    """No such object, and no such version of one."""
    _start(made, {"s3Bucket": RAW, "s3Key": "orders/nowhere.jsonl"})
    _start(made, event_of_s3(PLAIN.key, "00000000-0000-0000-0000-000000000000"))


def _of_what_is_gone(made: Lab, recorder: Recorder) -> None:
    """What a function is to read is deleted right before: the object, what was staged, what was told."""
    for function, bucket in (
        ("rechunk", RAW),
        ("parse_and_validate", RAW),
        ("enrich", RAW),
        ("enrich", STAGING),
        ("write_to_ddb", STAGING),
        ("notify", OUTPUT),
        ("notify", STAGING),
    ):
        scenario = RECHUNKED if function == "rechunk" else PLAIN
        made.set_up(scenario)
        made.clear()
        recorder.before = {function: functools.partial(_empty, made, bucket)}
        _start(made, scenario.input)
        recorder.before = {}


def _empty(made: Lab, bucket: str) -> None:
    for page in made.cloud.s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for each in page.get("Versions", []):
            made.cloud.s3.delete_object(Bucket=bucket, Key=each["Key"], VersionId=each["VersionId"])


def _in_parts(made: Lab) -> None:
    """Objects that are written in parts, to the end and not to the end."""
    with mock.patch.object(objects, "PART_BYTES", PART_BYTES), mock.patch(LEAST_PART, 0):
        for scenario in (FANNED_OUT, RECHUNKED):
            last_of_each = {point.call: point for point in _of(made.set_up(scenario), "s3.UploadPart")}
            by_place = {_place(call): point for call, point in last_of_each.items()}
            for point in by_place.values():
                made.clear()
                _start(made, scenario.input, FIRST, _lost(point))


def _place(call: Call) -> tuple[str, str]:
    """Return which function uploads, and to which bucket."""
    return call.by, call.url.split("/")[3 if "s3.amazonaws.com/" in call.url else 2]


def _of(points: Iterable[Point], operation: str) -> list[Point]:
    return [point for point in points if point.call.operation == operation]


async def _by_the_rule(recorder: Recorder) -> None:
    """What the rule does with an event of S3."""
    event = {"id": "1", **event_of_s3(PLAIN.key, "1")}
    handled = asyncio.Event()
    machine = f"arn:aws:states:{REGION}:{MOTO}:stateMachine:ingest"

    class Starter:
        running: ClassVar[dict[str, Any]] = {}

        def start_execution(self, state_machine_arn: str, input: str = "", name: str | None = None) -> None:  # noqa: A002
            recorder.hear(RULE, "states:StartExecution", state_machine_arn)
            handled.set()

    queue = mock.Mock()
    queue.receive_message.return_value = {"Messages": [{"Body": json.dumps(event), "ReceiptHandle": "1"}]}
    clients: Any = lambda service: queue  # noqa: E731
    running = asyncio.create_task(
        run_trigger(Trigger("rule", "queue", machine, "letters"), Starter(), clients)
    )
    await handled.wait()
    running.cancel()
