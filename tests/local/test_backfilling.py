"""Backfills as the command sees them: what runs, how far it is, what became of the objects."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import pytest
from botocore.response import StreamingBody

from statewright.local import backfill_command
from statewright.local.backfill_command import _lines_of, _request
from statewright.local.backfilling import (
    Backfilled,
    follow_handed_over,
    listed,
    outcome_of,
    running,
    statuses,
)
from statewright.local.names import Names
from statewright.local.place_options import Connection
from statewright.project import read_project

NAMES = Names(read_project(Path(__file__).parents[2]), "http://127.0.0.1")
EXECUTION = "arn:aws:states:us-east-1:000000000000:execution:statewright-backfill:one"
MAP_RUN = "arn:aws:states:us-east-1:000000000000:mapRun:statewright-backfill/Objects:run"
THEN = datetime(2026, 1, 1, tzinfo=UTC)
DONE = {
    "objects": 3,
    "ingested": 2,
    "handed_over": 1,
    "executions": ["backfill-a"],
    "counts": {"read": 20, "written": 19, "superseded": 0, "quarantined": 1, "alerts": 0},
}
LEFT = {"objects": 2, "ingested": 1, "left": 1, "executions": [], "counts": {"read": 5, "written": 5}}


class Pages:
    """A paginator of one page."""

    def __init__(self, page: Any) -> None:
        self.page = page

    def paginate(self, **_: Any) -> list[Any]:
        return [self.page]


class Account:
    """Answers of Step Functions and of S3."""

    def __init__(self) -> None:
        self.executions: dict[str, Any] = {EXECUTION: self.ended("SUCCEEDED")}
        self.map_runs = [{"mapRunArn": MAP_RUN}]
        self.redrives = 0
        self.objects: dict[str, bytes] = {}
        self.page: Any = {}

    @staticmethod
    def ended(status: str, **more: Any) -> dict[str, Any]:
        return {"status": status, "startDate": THEN, "stopDate": THEN, "input": "{}", **more}

    def clients(self, _: str) -> Any:
        return self

    def describe_execution(self, executionArn: str) -> Any:  # noqa: N803 - botocore's
        return self.executions[executionArn]

    def list_map_runs(self, executionArn: str) -> Any:  # noqa: N803
        return {"mapRuns": self.map_runs}

    def describe_map_run(self, mapRunArn: str) -> Any:  # noqa: N803
        return {"mapRunArn": mapRunArn, "redriveCount": self.redrives}

    def get_object(self, Bucket: str, Key: str) -> Any:  # noqa: N803
        assert Bucket == "statewright-staging"
        body = self.objects[Key]
        return {"Body": StreamingBody(io.BytesIO(body), len(body))}

    def get_paginator(self, _: str) -> Pages:
        return Pages(self.page)

    def results(self, folder: str, succeeded: list[Any], failed: list[Any]) -> None:
        """Write what the Map writes."""
        files = {}
        for name, batches in (("SUCCEEDED", succeeded), ("FAILED", failed)):
            key = f"{folder}{name}_0.jsonl"
            self.objects[key] = b"".join(json.dumps(each).encode() + b"\n" for each in batches)
            files[name] = [{"Key": key, "Size": 1}] if batches else []
        manifest = {"ResultFiles": {**files, "PENDING": []}}
        self.objects[f"{folder}manifest.json"] = json.dumps(manifest).encode()


@pytest.fixture
def account() -> Account:
    return Account()


def told(account: Account) -> Backfilled:
    return outcome_of(NAMES, account.clients, EXECUTION)  # type: ignore[arg-type]


def test_the_outcomes_of_all_batches_are_added_up(account: Account) -> None:
    failed = {"Status": "FAILED", "Error": "ObjectsLeft", "Cause": json.dumps(LEFT)}
    cut_off = {"Status": "TIMED_OUT"}
    account.results("backfills/one/run/", [DONE, DONE | {"executions": []}], [failed, cut_off])
    found = told(account)
    assert {name: count for name, count in found.objects.items() if count} == {
        "ingested": 5,
        "handed_over": 2,
        "left": 1,
    }
    assert (found.counts["read"], found.counts["written"], found.batches_failed) == (45, 43, 2)
    assert list(found.executions) == [
        "arn:aws:states:us-east-1:000000000000:execution:statewright-ingest:backfill-a"
    ]


def test_after_a_redrive_its_own_manifest_counts(account: Account) -> None:
    account.results("backfills/one/run/", [], [LEFT])
    account.results("backfills/one/run/Redrive-1/", [DONE], [])
    account.redrives = 1
    assert told(account).objects["ingested"] == 2


def test_one_that_failed_before_its_map_run_has_no_outcomes(account: Account) -> None:
    account.map_runs = []
    account.executions[EXECUTION] = account.ended("FAILED", error="States.Runtime", cause="why")
    found = told(account)
    assert (found.status, found.error, sum(found.objects.values())) == ("FAILED", "States.Runtime", 0)


@pytest.mark.parametrize(("status", "is_whole"), [("SUCCEEDED", True), ("FAILED", False), ("ABORTED", False)])
def test_what_was_handed_over_decides_with(account: Account, status: str, is_whole: bool) -> None:
    account.results("backfills/one/run/", [DONE], [])
    found = told(account)
    (ingest,) = found.executions
    output = json.dumps({"counts": {"read": 1, "written": 1}})
    account.executions[ingest] = account.ended(status, output=output if is_whole else None)
    follow_handed_over(account.clients, found, lambda _: None)  # type: ignore[arg-type]
    assert (statuses(found), found.is_whole) == ({status: 1}, is_whole)
    assert found.counts["read"] == 20 + is_whole


def test_an_execution_that_does_the_same_is_found(account: Account) -> None:
    account.page = {"executions": [{"executionArn": EXECUTION}]}
    account.executions[EXECUTION]["input"] = json.dumps({"prefix": "a/", "concurrency": 3})
    clients: Any = account.clients
    assert running(NAMES, clients, {"prefix": "a/", "concurrency": 8}) == EXECUTION
    assert running(NAMES, clients, {"prefix": "b/"}) is None
    assert running(NAMES, clients, {"prefix": "a/", "dataset": "orders"}) is None


def test_a_listing_tells_small_large_and_folders_apart(account: Account) -> None:
    sizes = {"a/": 0, "a/1": 1_048_576, "a/2": 1_048_577, "a/3": 0}
    account.page = {"Contents": [{"Key": key, "Size": size} for key, size in sizes.items()]}
    clients: Any = account.clients
    found = listed(clients, "raw", "a/")
    assert (found.keys, found.bytes, found.large, found.folders) == (["a/1", "a/2", "a/3"], 2_097_153, 1, 1)


@pytest.mark.parametrize(
    ("uri", "dataset", "reason"),
    [
        ("orders/", None, "is no s3://bucket/prefix"),
        ("s3:///orders/", None, "is no s3://bucket/prefix"),
        ("s3://elsewhere/orders/", None, "may read s3://statewright-raw alone"),
        ("s3://statewright-raw/orders/", "nothing", "no dataset named 'nothing'"),
    ],
)
def test_what_cannot_be_backfilled_is_refused(uri: str, dataset: str | None, reason: str) -> None:
    clients: Any = None
    with pytest.raises(click.UsageError, match=reason):
        _request(uri, dataset, Connection(NAMES, clients))


def test_a_prefix_may_be_empty() -> None:
    clients: Any = None
    assert _request("s3://statewright-raw", "orders", Connection(NAMES, clients)) == {
        "prefix": "",
        "dataset": "orders",
    }


def test_every_outcome_has_words(account: Account) -> None:
    account.results("backfills/one/run/", [DONE | dict.fromkeys(backfill_command.WORDS, 1)], [LEFT])
    found = told(account)
    assert set(found.objects) == set(backfill_command.WORDS)
    text = "\n".join(_lines_of(found))
    assert all(words in text for words in backfill_command.WORDS.values())
    assert "read 25 = written 24" in text
