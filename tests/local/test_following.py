"""Following an upload to its end."""

from __future__ import annotations

import hashlib
import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from statewright.local import following
from statewright.local.following import NotFollowed, NotStarted, Upload, follow, upload
from statewright.local.names import Names

if TYPE_CHECKING:
    from statewright.local.clients import Clients
    from statewright.project import Project

NOW = 1_700_000_000.0
ARN = "arn:aws:states:us-east-1:000000000000:execution:shop-ingest:one"
SUCCESS = {
    "status": "SUCCEEDED",
    "file": {"dataset": "orders"},
    "counts": {"read": 3, "written": 1, "superseded": 1, "quarantined": 1, "alerts": 2},
    "quarantine": ["s3://out/q.jsonl.gz"],
    "reasons": {"type": 1},
}


class Services:
    """Answers of DynamoDB and Step Functions in the order in which they are wanted."""

    def __init__(self, rows: list[dict[str, Any]], executions: list[dict[str, Any]]) -> None:
        self._rows = rows
        self._executions = executions
        self.listed: list[dict[str, Any]] = []

    def __call__(self, service: str) -> Services:
        return self

    def get_item(self, **_: Any) -> dict[str, Any]:
        row = self._rows.pop(0) if len(self._rows) > 1 else self._rows[0]
        return {"Item": row} if row else {}

    def describe_execution(self, **_: Any) -> dict[str, Any]:
        return self._executions.pop(0) if len(self._executions) > 1 else self._executions[0]

    def get_execution_history(self, **_: Any) -> dict[str, Any]:
        return {"events": [{"type": "TaskScheduled"}, {"stateEnteredEventDetails": {"name": "Enrich"}}]}

    def get_paginator(self, _: str) -> Services:
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return [{"executions": self.listed}]


def ended(status: str, output: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    stopped = datetime.fromtimestamp(NOW, UTC) + timedelta(seconds=1.5)
    found = {"executionArn": ARN, "status": status, "stopDate": stopped, **more}
    return {**found, "output": json.dumps(output)} if output is not None else found


ROW = {"execution": {"S": ARN}, "dataset": {"S": "orders"}}
UPLOADED = Upload(Path("a.jsonl"), "shop-raw", "orders/a.jsonl", "v1", NOW)


@pytest.fixture
def names(project: Project) -> Names:
    return Names(project, "http://127.0.0.1:4566")


def test_the_file_id_is_that_of_the_ledger() -> None:
    assert UPLOADED.file_id == hashlib.sha256(b"shop-raw\norders/a.jsonl\nv1").hexdigest()[:32]


def test_counts_quarantine_and_states_are_told(names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str] = []
    monkeypatch.setattr(following, "START_SECONDS", float("inf"))
    services: Any = Services([{}, ROW], [{"status": "RUNNING"}, ended("SUCCEEDED", SUCCESS)])

    outcome = follow(UPLOADED, names, services, heard.append, threading.Event())

    assert (outcome.status, outcome.dataset, outcome.execution) == ("SUCCEEDED", "orders", ARN)
    assert outcome.counts == SUCCESS["counts"]
    assert outcome.quarantine == ["s3://out/q.jsonl.gz"]
    assert outcome.seconds == 1.5
    assert heard == ["Enrich"]


@pytest.mark.parametrize(
    ("found", "status"),
    [
        (ended("SUCCEEDED", {"outcome": "catalogued"}), "CATALOGUED"),
        (ended("SUCCEEDED", {"outcome": "duplicate", "duplicate_of": "other"}), "ALREADY_INGESTED"),
        (ended("SUCCEEDED", {"outcome": "in_progress", "duplicate_of": "other"}), "IN_PROGRESS"),
        (ended("FAILED", error="EmptyFile", cause="nothing"), "FAILED"),
        (ended("ABORTED"), "FAILED"),
        (ended("TIMED_OUT"), "FAILED"),
    ],
)
def test_each_end_has_its_status(names: Names, found: dict[str, Any], status: str) -> None:
    services: Any = Services([ROW], [found])

    outcome = follow(UPLOADED, names, services, lambda _: None, threading.Event())

    assert outcome.status == status
    assert outcome.counts["read"] == 0


def test_an_execution_that_left_no_row_is_found_by_its_input(
    names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "SEARCH_AFTER_SECONDS", -1)
    detail = {
        "bucket": {"name": "shop-raw"},
        "object": {"key": "orders/a.jsonl", "version-id": "v1", "etag": "e"},
    }
    services: Any = Services([{}], [ended("FAILED", error="X", input=json.dumps({"detail": detail}))])
    services.listed = [{"executionArn": ARN, "startDate": datetime.fromtimestamp(NOW, UTC)}]

    assert follow(UPLOADED, names, services, lambda _: None, threading.Event()).error == "X"


def test_an_object_that_starts_nothing_is_given_up(names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "START_SECONDS", 0)
    services: Any = Services([{}], [])

    with pytest.raises(NotStarted, match=r"s3://shop-raw/orders/a\.jsonl"):
        follow(UPLOADED, names, services, lambda _: None, threading.Event())


def test_an_upload_knows_its_version(clients: Clients, tmp_path: Path) -> None:
    s3 = clients("s3")
    file = tmp_path / "a.txt"
    file.write_bytes(b"content")
    for bucket in ("plain", "versioned"):
        s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})

    plain = upload(file, "plain", "k", clients)
    versioned = upload(file, "versioned", "k", clients)

    assert plain.version == f"etag:{hashlib.md5(b'content', usedforsecurity=False).hexdigest()}"
    assert versioned.version == s3.head_object(Bucket="versioned", Key="k")["VersionId"]


def test_following_ends_at_once_when_it_is_told_to(names: Names) -> None:
    stop = threading.Event()
    services: Any = Services([ROW], [{"status": "RUNNING"}])

    with pytest.raises(NotFollowed):
        follow(UPLOADED, names, services, lambda _: stop.set(), stop)
