"""Running a machine in a test: in this process, on virtual time."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from moto import mock_aws

from statewright import asl
from statewright.engine import (
    Engine,
    ExecutionRecord,
    LocalFunctions,
    VirtualClock,
    VirtualLoop,
    run_with_history,
)


@dataclass(frozen=True)
class Outcome:
    """What came of an execution."""

    record: ExecutionRecord
    history: list[dict[str, Any]]

    @property
    def status(self) -> str:
        return self.record.status

    @property
    def output(self) -> Any:
        return self.record.result

    @property
    def error(self) -> str | None:
        return self.record.error

    @property
    def cause(self) -> str:
        return self.record.cause or ""

    @property
    def seconds(self) -> float:
        assert self.record.stop_date is not None
        return self.record.stop_date - self.record.start_date

    @property
    def types(self) -> list[str]:
        return [event["type"] for event in self.history]

    @property
    def states(self) -> list[str]:
        """The names of the states in the order in which they were entered."""
        return [
            event["stateEnteredEventDetails"]["name"]
            for event in self.history
            if "stateEnteredEventDetails" in event
        ]

    @property
    def told(self) -> list[tuple[int, int, str, dict[str, Any]]]:
        """The history as (id, previousEventId, type, details) without what says that nothing was cut."""
        return [
            (event["id"], event["previousEventId"], event["type"], details_of(event))
            for event in self.history
        ]

    def event(self, kind: str) -> dict[str, Any]:
        """The first event of a type, its details alone."""
        found = next(event for event in self.history if event["type"] == kind)
        return next((value for key, value in found.items() if key.endswith("EventDetails")), {})


UNCUT = {"inputDetails", "outputDetails", "assignedVariablesDetails"}


def details_of(event: dict[str, Any]) -> dict[str, Any]:
    details = next((value for key, value in event.items() if key.endswith("EventDetails")), {})
    assert all(details[key] == {"truncated": False} for key in details.keys() & UNCUT)
    return {key: value for key, value in details.items() if key not in UNCUT}


def machine(*states: dict[str, Any] | tuple[str, dict[str, Any]], **top: Any) -> dict[str, Any]:
    """Chain states: given without Next or End, each leads to the one after it. Unnamed ones are A, B, C."""
    named = [
        each if isinstance(each, tuple) else (chr(65 + index), each) for index, each in enumerate(states)
    ]
    made = {}
    for index, (name, state) in enumerate(named):
        ends = state["Type"] in ("Choice", "Succeed", "Fail") or "Next" in state or "End" in state
        follower = named[index + 1][0] if index + 1 < len(named) else None
        made[name] = state if ends else {**state, **({"Next": follower} if follower else {"End": True})}
    return {"StartAt": named[0][0], "States": made, **top}


@pytest.fixture
def chain():
    """Make a machine of states that follow one another."""
    return machine


@pytest.fixture
def refused():
    """Give where a definition, or a single state, is refused, and why: `{pointer: message}`."""

    def try_it(definition: dict[str, Any]) -> dict[str, str]:
        whole = definition if "States" in definition else machine(definition)
        with pytest.raises(asl.InvalidDefinition) as problem:
            asl.parse(json.dumps(whole))
        return {each.pointer: each.message for each in problem.value.diagnostics}

    return try_it


@pytest.fixture
def execute():
    """Run a definition, or a single state, to its end."""

    def run_it(definition: dict[str, Any], value: Any = None, **options: Any) -> Outcome:
        whole = definition if "States" in definition else machine(definition)
        record, history = run_with_history(whole, value, virtual_time=True, **options)
        check_history(history)
        return Outcome(record, list(history))

    return run_it


def check_history(history: Any) -> None:
    """Hold a history to what every history keeps."""
    for position, event in enumerate(history, 1):
        assert event["id"] == position
        assert 0 <= event["previousEventId"] < position
        for key in ("input", "output"):
            for details in event.values():
                if isinstance(details, dict) and key in details:
                    json.loads(details[key])
    moments = [event["timestamp"] for event in history]
    assert moments == sorted(moments)


@pytest.fixture
def well_formed():
    return check_history


@pytest.fixture
def in_engine():
    """Run a coroutine function on an engine of its own, on virtual time."""

    def run_it(work: Any, **options: Any) -> Any:
        async def inside() -> Any:
            engine = Engine(**{"functions": LocalFunctions({}), "clock": VirtualClock(), **options})
            try:
                return await work(engine)
            finally:
                await engine.close()

        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            return runner.run(inside())

    return run_it


class Bucket:
    """A bucket named "box", in moto; `clients` is what an engine wants."""

    def __init__(self) -> None:
        self.client = boto3.client("s3", region_name="us-east-1")
        self.client.create_bucket(Bucket="box")

    def clients(self, service: str) -> Any:
        assert service == "s3"
        return self.client

    def put(self, key: str, body: bytes | str) -> None:
        self.client.put_object(Bucket="box", Key=key, Body=body.encode() if isinstance(body, str) else body)

    def get(self, key: str) -> bytes:
        return self.client.get_object(Bucket="box", Key=key)["Body"].read()

    def listed(self, prefix: str = "") -> list[str]:
        listed = self.client.list_objects_v2(Bucket="box", Prefix=prefix).get("Contents", ())
        return [each["Key"] for each in listed]


@pytest.fixture
def bucket(monkeypatch):
    """Give an empty bucket."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield Bucket()
