"""The demo, on a few samples of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from statewright.local.control import stop_cloud
from statewright.local.places import Places
from tests.e2e.clouds import ROOT, command, wait_for
from tests.e2e.test_local_cloud import all_ended, below

NONE = dict.fromkeys(("read", "written", "superseded", "quarantined", "alerts"), 0)
ORDER = {
    "file": "order.json",
    "key": "orders/order.json",
    "status": "SUCCEEDED",
    **NONE,
    "read": 1,
    "written": 1,
}
BROKEN = {
    "file": "broken.json",
    "key": "orders/broken.json",
    "status": "FAILED",
    **NONE,
    "error": "MalformedFile",
}
NOTES = {"file": "notes.txt", "key": "elsewhere/notes.txt", "status": "CATALOGUED", **NONE}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """This repository's project with three samples."""
    for name in ("pipeline.json", "functions", "schemas", "statemachines"):
        (tmp_path / name).symlink_to(ROOT / name)
    samples = tmp_path / "samples"
    samples.mkdir()
    (samples / "order.json").write_bytes((ROOT / "samples/good/order.json").read_bytes())
    (samples / "broken.json").write_bytes(b'{"order_id": ')
    (samples / "notes.txt").write_bytes(b"hello")
    expect(tmp_path, [ORDER, BROKEN, NOTES])
    return tmp_path


def expect(project: Path, expected: list[dict[str, Any]]) -> None:
    (project / "samples" / "expected.json").write_text(json.dumps(expected))


@pytest.fixture(autouse=True)
def temporary(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder for temporary files that no other test's demo uses at the same time."""
    monkeypatch.setenv("TMPDIR", str(tmp_path_factory.mktemp("temporary")))


def left_behind() -> set[Path]:
    return set(Path(os.environ["TMPDIR"]).glob("statewright-demo-*"))


def test_the_demo_shows_every_outcome_and_the_sum_and_leaves_nothing(project: Path) -> None:
    before = left_behind()

    done = command("demo", "--project", project)

    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert any(line.split()[:5] == ["orders/order.json", "orders", "SUCCEEDED", "1", "1"] for line in lines)
    assert lines[-1].startswith("3 files in ")
    assert lines[-1].endswith("read 1 = written 1 + superseded 0 + quarantined 0")
    assert left_behind() == before


def test_the_demo_fails_where_an_outcome_is_not_the_expected_one(project: Path) -> None:
    expect(project, [{**ORDER, "written": 2}, {**BROKEN, "error": "EmptyFile"}, NOTES])

    done = command("demo", "--project", project)

    assert done.returncode == 1
    assert "orders/order.json: written is 1, expected 2" in done.stderr
    assert "orders/broken.json: error is MalformedFile, expected EmptyFile" in done.stderr


def test_the_demo_without_samples_is_unusable(project: Path) -> None:
    expect(project, [{**ORDER, "file": "missing.json"}])

    done = command("demo", "--project", project)

    assert done.returncode == 2
    assert "there is no missing.json" in done.stderr


def test_the_demo_can_leave_its_cloud_up(project: Path) -> None:
    done = command("demo", "--keep", "--project", project)

    state = Path(done.stdout.split("--state ")[1].split()[0])
    try:
        assert command("status", "--state", state).returncode == 0
    finally:
        stop_cloud(Places(state))
        shutil.rmtree(state)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_demo_that_is_cut_short_leaves_no_process(project: Path, number: signal.Signals) -> None:
    before = left_behind()
    with subprocess.Popen(
        [sys.executable, "-m", "statewright.cli", "demo", "--project", str(project)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as demo:
        processes = wait_for(lambda: found if len(found := below(demo.pid)) > 1 else None, 30)

        os.kill(demo.pid, number)

        assert demo.wait(15) != 0  # less than executions that run are given by a stop
    assert all_ended(processes)
    left = left_behind() - before
    for folder in left:
        shutil.rmtree(folder)
    assert not left or number == signal.SIGKILL
