"""A file that fans out, of which a part fails: the others finish, and a new start works on that part only."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from statewright.local.ports import free_ports
from tests.e2e.clouds import ROOT, Cloud, command
from tests.e2e.test_large_objects import RECORDS, order

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

# Beside the function that works lies what tells which parts it worked on, and which ones it shall fail.
NOTED = """

from pathlib import Path as _Path
from pipeline import {module} as _module

_worked = _module._worked
_notes = _Path(__file__).parent / "notes"


def _noted(request, settings, *more):
    part = request["shard"]["index"] if "shard" in request else request["partition"]
    name = "{module}-%s" % part
    (_notes / name).open("a").write("x")
    if (_notes / (name + ".broken")).exists():
        raise RuntimeError("{module} of part %s is broken" % part)
    return _worked(request, settings, *more)


_module._worked = _noted
"""
FUNCTIONS = {"parse_and_validate": "parsing", "enrich": "enriching", "write_to_ddb": "writing"}


class Breakable:
    """This repository's project, its functions made to note what they work on, and to fail when told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        shutil.copytree(ROOT / "functions", folder / "functions")
        for name in ("schemas", "statemachines", "pipeline.json"):
            (folder / name).symlink_to(ROOT / name)
        for name, module in FUNCTIONS.items():
            with (folder / "functions" / f"{name}.py").open("a") as file:
                file.write(NOTED.replace("{module}", module))
        self.notes = folder / "functions" / "notes"
        self.notes.mkdir()

    def set_broken(self, *parts: str) -> None:
        for part in parts:
            (self.notes / f"{part}.broken").touch()

    def heal(self) -> None:
        for each in self.notes.iterdir():
            each.unlink()

    def worked_on(self) -> dict[str, int]:
        """Return how often each part was worked on."""
        notes = [each for each in self.notes.iterdir() if not each.suffix]
        return {each.name: len(each.read_text()) for each in notes}


@pytest.fixture
def project(tmp_path: Path) -> Breakable:
    return Breakable(tmp_path / "project")


@pytest.fixture
def breakable(project: Breakable, own_state: Path) -> Cloud:
    """A local cloud of that project."""
    port, sfn_port = map(str, free_ports(2))
    where: list[str | Path] = ["--project", project.folder, "--state", own_state]
    done = command("up", *where, "--port", port, "--sfn-port", sfn_port)
    assert done.returncode == 0, done.stderr
    return Cloud(own_state)


def counts_of(execution: dict[str, Any]) -> dict[str, int]:
    counts: dict[str, int] = json.loads(execution["output"])["counts"]
    return counts


def test_a_new_start_after_a_shard_failed_works_on_that_shard_only(
    project: Breakable, breakable: Cloud
) -> None:
    key = "orders/of_two_shards.jsonl"
    lines = [order(f"part-{number}") for number in range(RECORDS)]
    lines[1], lines[-2], lines[-1] = b"{\n", b"{}\n", order("part-0", quantity=7)
    again = {"s3Bucket": breakable.env["RAW_BUCKET"], "s3Key": key}
    expected = {"read": 180, "written": 177, "superseded": 1, "quarantined": 2, "alerts": 0}

    project.set_broken("enriching-0")
    execution = breakable.ingest(key, b"".join(lines))

    assert (execution["status"], execution["error"]) == ("FAILED", "RuntimeError")
    assert "enriching of part 0 is broken" in execution["cause"]
    assert "ShardsFailed" in breakable.states_of(execution["executionArn"])
    assert {"parsing-0", "parsing-1", "enriching-1"} <= project.worked_on().keys()
    assert "writing-0" not in project.worked_on()
    assert stored(breakable) == 0

    project.heal()
    project.set_broken("writing-1")
    execution = breakable.start(again)

    assert "writing of part 1 is broken" in execution["cause"]
    assert "PartitionsFailed" in breakable.states_of(execution["executionArn"])
    worked = project.worked_on()
    assert {name for name in worked if "writing" not in name} == {"parsing-0", "enriching-0"}
    assert {f"writing-{partition}" for partition in range(5)} <= worked.keys()

    project.heal()
    execution = breakable.start(again)

    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    assert project.worked_on() == {"writing-1": 1}
    assert counts_of(execution) == expected
    assert stored(breakable) == 177
    [row] = breakable.ledger(key)
    assert (row["status"], row["shards_kept"], row["partitions_kept"]) == ("SUCCEEDED", "2", "4")
    letters = breakable.client("sqs").get_queue_attributes(
        QueueUrl=breakable.env["DEAD_LETTERS_URL"], AttributeNames=["ApproximateNumberOfMessages"]
    )
    assert letters["Attributes"]["ApproximateNumberOfMessages"] == "2"  # one for each execution that failed


def stored(cloud: Cloud) -> int:
    pages = cloud.client("dynamodb").get_paginator("scan").paginate(TableName=cloud.env["ORDERS_TABLE"])
    return sum(len(page["Items"]) for page in pages)
