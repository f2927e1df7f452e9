"""The command `redrive`: what it lists, what it does, how it ends."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from statewright.cli import statewright
from statewright.local import cut_off, dead_letters, locks, redrive_command
from statewright.local.places import CloudRecord, Places, write_record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.local.pipelines import Pipeline


@pytest.fixture
def run(pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Run the command on the pipeline, as if it were a local cloud that is up."""
    monkeypatch.setattr(dead_letters, "POLL_SECONDS", 0)
    places = Places(tmp_path / "state")
    places.make()
    endpoint = pipeline.clients._endpoints["stepfunctions"]
    with locks.held(places.lock):
        write_record(places, CloudRecord(os.getpid(), pipeline.names.endpoint, endpoint, "now"))
        options = ["--project", str(pipeline.names.project.root), "--state", str(places.folder)]
        yield lambda *arguments: CliRunner().invoke(statewright, ["redrive", *options, *map(str, arguments)])


def listed(run: Callable[..., Result]) -> list[dict[str, Any]]:
    result = run("--json")
    assert result.exit_code == 0, result.output
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def test_where_nothing_waits_that_is_said(run: Callable[..., Result]) -> None:
    result = run()

    assert (result.exit_code, result.output) == (0, "nothing waits for a redrive\n")


def test_where_not_all_executions_were_looked_at_that_is_said(
    run: Callable[..., Result], pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (cut_off, redrive_command):
        monkeypatch.setattr(module, "MAX_EXECUTIONS", 1)
    pipeline.failed("fail untold")
    assert "newest" not in run().stderr
    pipeline.failed("fail untold", key="orders/b.json")

    result = run()

    assert result.stderr == "of executions only the newest 1 of each end were looked at\n"
    assert result.stdout.endswith("1 waiting: 1 cut off\n")


def test_a_list_tells_cause_age_file_and_what_would_be_done_and_takes_nothing(
    run: Callable[..., Result], pipeline: Pipeline
) -> None:
    arn = pipeline.failed()
    pipeline.stopped(key="orders/b.json")
    pipeline.send("rub\u202ebish")

    result = run()

    assert result.exit_code == 0
    assert "ago: orders/a.json" in result.output
    assert "  Broken: it broke\n" in result.output
    assert f"  execution: {arn}\n  to do: start it anew with its input" in result.output
    assert "  to do: let it go on from where it stood" in result.output
    assert r"  body: rub\u202ebish" in result.output
    assert result.output.endswith("3 waiting: 1 failed, 1 poison, 1 cut off\n")
    assert pipeline.waiting() == 2
    assert run("--list").output.count("to do:") == 3


def test_a_dry_run_does_nothing(run: Callable[..., Result], pipeline: Pipeline) -> None:
    pipeline.failed()
    pipeline.send("rubbish")
    [failed, _] = listed(run)

    result = run("--dry-run", failed["id"])

    assert result.exit_code == 0
    assert result.output.count("to do:") == 1
    assert run("--dry-run", "--all").output.count("to do:") == 2
    assert pipeline.waiting() == 2
    assert len(pipeline.sfn.list_executions(stateMachineArn=pipeline.arn)["executions"]) == 1


def test_all_is_redriven_and_followed_to_its_end(run: Callable[..., Result], pipeline: Pipeline) -> None:
    pipeline.stopped()

    result = run("--all", "--wait")

    assert result.exit_code == 0, result.output
    assert "goes on: " in result.output
    assert "orders/a.json: " in result.output
    assert result.output.endswith("1 redriven\n")
    assert run().output == "nothing waits for a redrive\n"


def test_an_execution_that_fails_again_is_told_by_the_exit_code_and_waits_again(
    run: Callable[..., Result], pipeline: Pipeline
) -> None:
    pipeline.failed()
    [first] = listed(run)

    result = run("--json", "--wait", first["id"][:6])

    assert result.exit_code == 1
    [done] = json.loads(result.stdout)
    assert (done["done"], done["outcome"]["status"], done["outcome"]["error"]) == (
        "started",
        "FAILED",
        "Broken",
    )
    [second] = listed(run)
    assert second["execution"] == done["execution_now"]


def test_without_wait_the_end_is_not_waited_for(run: Callable[..., Result], pipeline: Pipeline) -> None:
    pipeline.failed()

    result = run("--all")

    assert result.exit_code == 0
    assert result.output.endswith("1 started\n")


def test_what_is_refused_stays_and_the_exit_code_says_so(
    run: Callable[..., Result], pipeline: Pipeline
) -> None:
    pipeline.send("rubbish")
    pipeline.failed()

    result = run("--all")

    assert result.exit_code == 1
    assert "refused, it stays: nobody knows what to do with it" in result.output
    assert "1 refused, 1 started" in result.output


def test_what_was_ingested_meanwhile_is_told_and_removed(
    run: Callable[..., Result], pipeline: Pipeline
) -> None:
    pipeline.failed()
    pipeline.put_row("orders/a.json", "SUCCEEDED", "arn:another")

    assert "  ingested meanwhile: arn:another\n  to do: nothing but to remove it" in run().output
    result = run("--all")

    assert result.exit_code == 0
    assert "removed, ingested meanwhile by arn:another" in result.output
    assert run().output == "nothing waits for a redrive\n"


def test_poison_goes_only_where_it_is_named_and_a_copy_stays(
    run: Callable[..., Result], pipeline: Pipeline, tmp_path: Path
) -> None:
    pipeline.send("rubbish")
    [poison] = listed(run)
    assert poison["messages"][0]["body"] == "rubbish"

    result = run("--discard", poison["id"], "--keep", tmp_path / "kept")

    assert result.exit_code == 0, result.output
    assert [each.read_text() for each in (tmp_path / "kept").iterdir()] == ["rubbish"]
    assert listed(run) == []


def test_an_object_with_a_newer_version_is_told_of(run: Callable[..., Result], pipeline: Pipeline) -> None:
    bucket = pipeline.names.bucket("raw")
    put = pipeline.clients("s3").put_object
    version = put(Bucket=bucket, Key="orders/a.json", Body=b"1")["VersionId"]
    put(Bucket=bucket, Key="orders/a.json", Body=b"2")
    request = {"s3Bucket": bucket, "s3Key": "orders/a.json", "s3VersionId": version}
    execution = pipeline.arn.replace("stateMachine", "execution") + ":one"
    pipeline.send(json.dumps({"execution": execution, "input": request}))

    assert "the object has a newer version" in run().output
    assert listed(run)[0]["newer_version"]


def test_a_terminal_gets_the_first_and_json_all(
    run: Callable[..., Result], pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redrive_command, "LISTED", 1)
    for number in range(3):
        pipeline.send(f"rubbish {number}")

    assert "… and 2 more; --json has them all\n3 waiting: 3 poison\n" in run().output
    assert len(listed(run)) == 3


def test_a_queue_that_holds_more_than_is_read_is_told_of(
    run: Callable[..., Result], pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dead_letters, "MAX_MESSAGES", 10)
    for number in range(11):
        pipeline.send(str(number))

    assert "dead_letters: 10 messages were read; the others come next time" in run().stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["abcdef123456"], "names nothing that waits"),
        (["--all", "abcdef123456"], "not both"),
        (["--all", "--list"], "--dry-run says what --all would do"),
        (["--all", "--discard", "abcdef123456"], "--discard goes alone"),
        (["--keep", "somewhere"], "--keep says where"),
        (["--discard", "abcdef123456"], "names nothing that waits"),
    ],
)
def test_what_cannot_be_used_is_said_and_nothing_is_done(
    run: Callable[..., Result], pipeline: Pipeline, arguments: list[str], said: str
) -> None:
    pipeline.send("rubbish")

    result = run(*arguments)

    assert result.exit_code == 2
    assert said in result.output
    assert pipeline.waiting() == 1


def test_an_id_that_is_cut_too_short_names_nothing(run: Callable[..., Result], pipeline: Pipeline) -> None:
    pipeline.send("rubbish")
    [poison] = listed(run)

    assert run("--dry-run", poison["id"][:3]).exit_code == 2
    assert run("--dry-run", poison["id"][:4]).exit_code == 0
