"""Redrives: what is started, what goes on, and which messages are removed."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest

from statewright.local import dead_letters, redriving, triggers
from statewright.local.cut_off import cut_off
from statewright.local.dead_letters import give_back, read_queue
from statewright.local.redriving import discard, redrive, redrive_all
from statewright.local.waiting import settled, waiting_of

if TYPE_CHECKING:
    from pathlib import Path

    from statewright.local.redriving import Redrive
    from statewright.local.waiting import Waiting
    from tests.local.pipelines import Pipeline


@pytest.fixture(autouse=True)
def _short_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dead_letters, "POLL_SECONDS", 0)


def messages_of(pipeline: Pipeline, queue: str = "dead_letters") -> list[Waiting]:
    messages = read_queue(pipeline.names, pipeline.clients, queue).messages
    return settled(pipeline.names, pipeline.clients, waiting_of(pipeline.names, messages))


def redriven(pipeline: Pipeline, waiting: Waiting) -> Redrive:
    return redrive(waiting, pipeline.names, pipeline.clients)


def left(pipeline: Pipeline, *found: Waiting) -> int:
    """Count their messages that are still there after the reader has gone."""
    ours = [message for each in found for message in each.messages]
    give_back(pipeline.names, pipeline.clients, ours)
    there = {each.id for each in read_queue(pipeline.names, pipeline.clients, "dead_letters").messages}
    return len(there & {each.id for each in ours})


def started(pipeline: Pipeline) -> list[str]:
    listed = pipeline.sfn.list_executions(stateMachineArn=pipeline.arn)["executions"]
    return [each["name"] for each in listed if each["name"].startswith("redrive-")]


def test_a_failed_execution_is_started_with_its_own_input_and_its_message_removed(
    pipeline: Pipeline,
) -> None:
    first = pipeline.failed(number=0.1000000000000000055, long="12345678901234567890")
    [waiting] = messages_of(pipeline)

    done = redriven(pipeline, waiting)

    assert done.done == "started"
    assert done.execution != first
    new, old = (pipeline.sfn.describe_execution(executionArn=arn) for arn in (done.execution, first))
    assert new["input"] == old["input"]
    assert left(pipeline, waiting) == 0


def test_an_execution_that_is_forgotten_is_started_with_what_the_message_has(pipeline: Pipeline) -> None:
    execution = pipeline.arn.replace("stateMachine", "execution") + ":forgotten"
    pipeline.send(json.dumps({"execution": execution, "input": {"s3Key": "ü"}, "error": "E", "cause": ""}))
    [waiting] = messages_of(pipeline)

    done = redriven(pipeline, waiting)

    described = pipeline.sfn.describe_execution(executionArn=done.execution)
    assert json.loads(described["input"]) == {"s3Key": "ü"}


def test_two_messages_of_one_execution_start_once_and_go_both(pipeline: Pipeline) -> None:
    pipeline.failed()
    [once] = messages_of(pipeline)
    pipeline.send(once.messages[0].body)
    give_back(pipeline.names, pipeline.clients, once.messages)
    [waiting] = messages_of(pipeline)

    redriven(pipeline, waiting)

    assert len(waiting.messages) == 2
    assert len(started(pipeline)) == 1
    assert left(pipeline, waiting) == 0


@pytest.mark.parametrize("ended", [True, False])
def test_a_crash_between_start_and_removal_does_no_harm(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, *, ended: bool
) -> None:
    def crash(*_: Any) -> bool:
        raise KeyboardInterrupt

    pipeline.failed()
    [waiting] = messages_of(pipeline)
    with monkeypatch.context() as patched:
        patched.setattr(redriving, "remove", crash)
        with pytest.raises(KeyboardInterrupt):
            redriven(pipeline, waiting)
    [name] = started(pipeline)
    if ended:
        pipeline.end_of(f"{pipeline.arn.replace('stateMachine', 'execution')}:{name}")

    done = redriven(pipeline, waiting)

    assert done.done == "started"
    assert str(done.execution).endswith(name)
    assert started(pipeline) == [name]


def test_what_step_functions_refuses_stays_with_its_reason(pipeline: Pipeline) -> None:
    pipeline.failed()
    [waiting] = messages_of(pipeline)
    gone = dataclasses.replace(waiting, machine=f"{waiting.machine}-gone")

    done = redriven(pipeline, gone)

    assert done.done == "refused"
    assert str(done.reason).startswith("StateMachineDoesNotExist: ")
    assert left(pipeline, waiting) == 1


def test_what_was_ingested_meanwhile_is_removed_and_not_run(pipeline: Pipeline) -> None:
    pipeline.failed()
    pipeline.put_row("orders/a.json", "SUCCEEDED", "arn:another")
    [waiting] = messages_of(pipeline)

    done = redriven(pipeline, waiting)

    assert (done.done, done.execution) == ("settled", "arn:another")
    assert started(pipeline) == []
    assert left(pipeline, waiting) == 0


def test_a_message_that_another_reader_has_is_told_of(pipeline: Pipeline) -> None:
    pipeline.failed()
    [ours] = messages_of(pipeline)
    give_back(pipeline.names, pipeline.clients, ours.messages)
    [theirs] = messages_of(pipeline)

    done = redriven(pipeline, ours)

    assert done.done == "started"
    assert "another reader" in str(done.reason)
    assert redriven(pipeline, theirs).execution == done.execution
    assert len(started(pipeline)) == 1


def test_an_event_starts_as_its_rule_would_have_started_it(pipeline: Pipeline) -> None:
    s3, bucket = pipeline.clients("s3"), pipeline.names.bucket("raw")
    put = s3.put_object(Bucket=bucket, Key="orders/e.json", Body=b"{}")
    event = {
        "id": "event-1",
        "source": "aws.s3",
        "detail-type": "Object Created",
        "detail": {
            "bucket": {"name": bucket},
            "object": {"key": "orders/e.json", "etag": put["ETag"].strip('"')},
        },
    }
    pipeline.send(json.dumps(event), "undelivered_events")
    [waiting] = messages_of(pipeline, "undelivered_events")

    done = redriven(pipeline, waiting)

    assert str(done.execution).endswith(":event-1")
    described = pipeline.sfn.describe_execution(executionArn=done.execution)
    assert json.loads(described["input"])["detail"]["object"]["version-id"] == put["VersionId"]


@pytest.mark.parametrize("id_", ["event-1", ""])
def test_an_event_that_names_nothing_keeps_no_other_from_its_redrive(pipeline: Pipeline, id_: str) -> None:
    event = {"id": id_, "source": "aws.s3", "detail-type": "Object Created", "detail": {}}
    pipeline.send(json.dumps(event), "undelivered_events")
    pipeline.failed()
    found = [*messages_of(pipeline, "undelivered_events"), *messages_of(pipeline)]

    done = list(redrive_all(found, pipeline.names, pipeline.clients))

    assert [each.done for each in done] == ["started" if id_ else "refused", "started"]


def test_the_row_of_an_execution_that_knew_no_object_names_the_one_that_stands_in(pipeline: Pipeline) -> None:
    pipeline.failed()
    pipeline.failed(key="orders/b.json")
    unknown, known = messages_of(pipeline)
    name = str(unknown.execution).rpartition(":")[2]
    of_other = {"file_id": {"S": "execution:other"}, "status": {"S": "FAILED"}}
    own = {"file_id": {"S": f"execution:{name}"}, "execution": {"S": unknown.execution}, **of_other}
    own["file_id"] = {"S": f"execution:{name}"}
    for row in (own, of_other):
        pipeline.clients("dynamodb").put_item(TableName=pipeline.names.of("files"), Item=row)

    first, second = redriven(pipeline, unknown), redriven(pipeline, known)

    assert (first.done, second.done) == ("started", "started")
    rows = pipeline.clients("dynamodb").scan(TableName=pipeline.names.of("files"))["Items"]
    marked = {**own, "status": {"S": "REDRIVEN"}, "redriven_by": {"S": first.execution}}
    assert sorted(rows, key=str) == sorted([marked, of_other], key=str)


def test_a_cut_off_execution_goes_on_with_its_claim(pipeline: Pipeline) -> None:
    arn = pipeline.stopped()
    pipeline.put_row("orders/a.json", "FAILED", arn, error="Interrupted", cause="cut off")
    [waiting] = cut_off(pipeline.names, pipeline.clients, ()).waiting

    done = redriven(pipeline, waiting)

    assert (done.done, done.execution) == ("redriven", arn)
    row = pipeline.row("orders/a.json")
    assert (row["status"], row.get("error"), row.get("cause")) == ("PROCESSING", None, None)
    assert pipeline.end_of(arn)["status"] == "SUCCEEDED"


def test_a_row_that_failed_of_itself_is_no_claim(pipeline: Pipeline) -> None:
    arn = pipeline.stopped()
    pipeline.put_row("orders/a.json", "FAILED", arn, error="Broken")
    [waiting] = cut_off(pipeline.names, pipeline.clients, ()).waiting

    redriven(pipeline, waiting)

    assert pipeline.row("orders/a.json")["error"] == "Broken"


def test_poison_is_never_redriven(pipeline: Pipeline) -> None:
    pipeline.send("rubbish")
    [waiting] = messages_of(pipeline)

    assert redriven(pipeline, waiting).done == "refused"
    assert left(pipeline, waiting) == 1


def test_no_more_run_at_once_than_there_is_room_for(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(triggers, "MAX_RUNNING", 2)
    execution = pipeline.arn.replace("stateMachine", "execution")
    for number in range(4):
        request = {"do": "wait", "file_id": "", "s3Bucket": "", "s3Key": ""}
        pipeline.send(json.dumps({"execution": f"{execution}:{number}", "input": request}))
    running = []

    for done in redrive_all(messages_of(pipeline), pipeline.names, pipeline.clients):
        assert done.done == "started", done.reason
        listed = pipeline.sfn.list_executions(stateMachineArn=pipeline.arn, statusFilter="RUNNING")
        running.append(len(listed["executions"]))

    assert max(running) == 2


def test_what_is_discarded_is_kept_in_a_folder_before_it_goes(pipeline: Pipeline, tmp_path: Path) -> None:
    pipeline.send("rubbish ü")
    [waiting] = messages_of(pipeline)

    done = discard(waiting, pipeline.names, pipeline.clients, tmp_path / "kept")

    [file] = (tmp_path / "kept").iterdir()
    assert done.done == "discarded"
    assert str(file) in str(done.reason)
    assert file.read_text(encoding="utf-8") == "rubbish ü"
    assert left(pipeline, waiting) == 0


def test_what_another_reader_has_is_not_said_to_be_discarded(pipeline: Pipeline, tmp_path: Path) -> None:
    pipeline.send("rubbish")
    [ours] = messages_of(pipeline)
    give_back(pipeline.names, pipeline.clients, ours.messages)
    messages_of(pipeline)

    done = discard(ours, pipeline.names, pipeline.clients, tmp_path / "kept")

    assert done.done == "refused"
    assert "another reader" in str(done.reason)
    assert len(list((tmp_path / "kept").iterdir())) == 1


def test_what_cannot_be_kept_is_not_removed(pipeline: Pipeline, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    pipeline.send("rubbish")
    [waiting] = messages_of(pipeline)

    with pytest.raises(OSError, match="file"):
        discard(waiting, pipeline.names, pipeline.clients, tmp_path / "file")

    assert left(pipeline, waiting) == 1


def test_what_is_discarded_is_kept_in_the_output_bucket(pipeline: Pipeline) -> None:
    bucket = pipeline.names.bucket("output")
    pipeline.clients("s3").create_bucket(Bucket=bucket)
    pipeline.send("rubbish")
    [waiting] = messages_of(pipeline)

    discard(waiting, pipeline.names, pipeline.clients, None)

    [kept] = pipeline.clients("s3").list_objects_v2(Bucket=bucket)["Contents"]
    assert kept["Key"].startswith("discarded/dead_letters-")
    assert pipeline.clients("s3").get_object(Bucket=bucket, Key=kept["Key"])["Body"].read() == b"rubbish"


def test_an_execution_without_a_message_cannot_be_discarded(pipeline: Pipeline) -> None:
    pipeline.stopped()
    [waiting] = cut_off(pipeline.names, pipeline.clients, ()).waiting

    assert discard(waiting, pipeline.names, pipeline.clients, None).done == "refused"
