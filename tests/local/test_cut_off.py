"""Executions that could not tell of their end."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from statewright.local import cut_off as module
from statewright.local.cut_off import FAILURE_BRANCH, cut_off
from statewright.local.redriving import redrive
from statewright.local.waiting import restart_name
from tests.local.pipelines import machine

if TYPE_CHECKING:
    import pytest

    from statewright.local.waiting import Waiting
    from tests.local.pipelines import Pipeline

ROOT = Path(__file__).parents[2]


def found(pipeline: Pipeline, *known: str) -> list[Waiting]:
    return cut_off(pipeline.names, pipeline.clients, known).waiting


def test_the_failure_branch_is_what_the_workflow_runs_after_a_failure() -> None:
    states = json.loads((ROOT / "statemachines/ingest.asl.json").read_text())["States"]
    reached, ahead = set(), ["RecordFailure"]
    while ahead:
        name = ahead.pop()
        reached.add(name)
        state = states[name]
        following = [state.get("Next"), *(each["Next"] for each in state.get("Catch", []))]
        ahead += [each for each in following if each and each not in reached]

    assert reached == FAILURE_BRANCH


def test_a_stopped_execution_goes_on_from_where_it_stood(pipeline: Pipeline) -> None:
    arn = pipeline.stopped()
    pipeline.put_row("orders/a.json", "PROCESSING", arn)

    [waiting] = found(pipeline)

    assert (waiting.kind, waiting.action, waiting.execution) == ("cut_off", "redrive", arn)
    assert waiting.cause == "the execution ended ABORTED in the state Work"
    assert waiting.file.key == "orders/a.json"


def test_an_execution_that_ran_out_of_time_goes_on_too(pipeline: Pipeline) -> None:
    pipeline.sfn.update_state_machine(
        stateMachineArn=pipeline.arn, definition=machine(pipeline.names, TimeoutSeconds=1)
    )
    arn = pipeline.failed("wait")

    [waiting] = found(pipeline)

    assert (waiting.action, waiting.execution, waiting.error) == ("redrive", arn, "TIMED_OUT")


def test_one_that_failed_without_a_dead_letter_is_started_anew(pipeline: Pipeline) -> None:
    arn = pipeline.failed("fail untold")

    [waiting] = found(pipeline)

    assert (waiting.action, waiting.execution, waiting.error) == ("start", arn, "Broken")
    assert waiting.name == restart_name(arn)


def test_one_with_a_dead_letter_is_left_to_its_message(pipeline: Pipeline) -> None:
    pipeline.failed("fail")

    assert found(pipeline) == []


def test_one_whose_message_was_read_is_not_there_twice(pipeline: Pipeline) -> None:
    assert found(pipeline, pipeline.stopped()) == []


def test_one_whose_file_was_ingested_or_is_in_other_hands_is_left_out(pipeline: Pipeline) -> None:
    for key, status in (("orders/a", "SUCCEEDED"), ("orders/b", "PROCESSING"), ("orders/c", "CATALOGUED")):
        pipeline.stopped(key=key)
        pipeline.put_row(key, status, pipeline.start("wait", key="another"))

    assert found(pipeline) == []


def test_the_version_that_was_chosen_counts_where_the_input_names_none(pipeline: Pipeline) -> None:
    pipeline.stopped(version=None)
    pipeline.put_row("orders/a.json", "SUCCEEDED", "arn:another")

    assert found(pipeline) == []


def test_one_that_was_started_anew_is_left_to_its_new_start(pipeline: Pipeline) -> None:
    pipeline.failed("fail untold")
    [waiting] = found(pipeline)
    again = json.dumps({**json.loads(str(waiting.input)), "do": "nothing"})
    pipeline.sfn.start_execution(stateMachineArn=pipeline.arn, name=waiting.name, input=again)

    assert found(pipeline) == []


def test_one_whose_new_start_waited_for_it_in_vain_is_started_once_more(pipeline: Pipeline) -> None:
    arn = pipeline.failed("fail untold")
    pipeline.put_row("orders/a.json", "PROCESSING", arn)
    [waiting] = found(pipeline)
    again = json.dumps({**json.loads(str(waiting.input)), "do": "nothing"})
    done = pipeline.sfn.start_execution(stateMachineArn=pipeline.arn, name=waiting.name, input=again)
    pipeline.end_of(done["executionArn"])

    [next_] = found(pipeline)

    assert (next_.id, next_.name) == (waiting.id, restart_name(done["executionArn"]))


def test_a_row_whose_new_start_runs_or_waits_itself_is_left_to_it(pipeline: Pipeline) -> None:
    execution = pipeline.arn.replace("stateMachine", "execution") + ":forgotten"
    pipeline.put_row("orders/a.json", "PROCESSING", execution)
    [waiting] = found(pipeline)
    request = {"s3Bucket": "raw", "s3Key": "orders/a.json", "file_id": "", "s3VersionId": "v1"}
    started = pipeline.sfn.start_execution(
        stateMachineArn=pipeline.arn, name=waiting.name, input=json.dumps({**request, "do": "wait"})
    )["executionArn"]

    running = found(pipeline)
    pipeline.sfn.stop_execution(executionArn=started)
    [stopped] = found(pipeline)

    assert running == []
    assert (stopped.execution, stopped.action) == (started, "redrive")


def test_that_not_all_executions_were_looked_at_is_known(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_EXECUTIONS", 2)
    complete = []
    for _ in range(3):
        pipeline.failed("fail untold")
        complete.append(cut_off(pipeline.names, pipeline.clients, ()).complete)

    assert complete == [True, True, False]


def test_a_row_of_an_execution_that_nobody_knows_is_started_from_the_row(pipeline: Pipeline) -> None:
    execution = pipeline.arn.replace("stateMachine", "execution") + ":forgotten"
    pipeline.put_row("orders/a.json", "FAILED", execution, error="Interrupted")
    pipeline.put_row("orders/b.json", "PROCESSING", "a-request-id")
    pipeline.put_row("orders/c.json", "PROCESSING", pipeline.start("wait", key="orders/c.json"))
    pipeline.put_row("orders/d.json", "FAILED", execution, error="CorruptGzip")

    [waiting] = found(pipeline)

    assert (waiting.action, waiting.error, waiting.file.key) == ("start", "Interrupted", "orders/a.json")
    assert json.loads(str(waiting.input)) == {
        "s3Bucket": "raw",
        "s3Key": "orders/a.json",
        "s3VersionId": "v1",
    }


def test_a_row_of_a_batch_that_is_over_is_started_by_itself(pipeline: Pipeline) -> None:
    batch = pipeline.arn.replace("stateMachine", "express").replace("ingest", "backfill/Objects") + ":a:b"
    just_now = datetime.now(UTC).isoformat()
    pipeline.put_row("orders/a.json", "PROCESSING", batch, dataset="orders")
    pipeline.put_row("orders/b.json", "PROCESSING", batch, dataset="orders")
    pipeline.put_row("orders/c.json", "PROCESSING", batch, processed_at=just_now)

    waiting = found(pipeline)

    assert {each.file.key for each in waiting} == {"orders/a.json", "orders/b.json"}
    assert len({each.name for each in waiting}) == 2
    done = [redrive(each, pipeline.names, pipeline.clients) for each in waiting]
    inputs = [pipeline.sfn.describe_execution(executionArn=each.execution)["input"] for each in done]
    assert sorted(inputs) == sorted(
        json.dumps({"s3Bucket": "raw", "s3Key": key, "s3VersionId": "v1", "dataset": "orders"})
        for key in ("orders/a.json", "orders/b.json")
    )
