"""Distributed Maps: child executions, tolerance, batches, map runs."""

from __future__ import annotations

import asyncio
import json

import pytest

from statewright.engine import Engine, LocalFunctions, VirtualClock, VirtualLoop
from statewright.engine.runner import ROLE


def distributed(*, execution_type="STANDARD", states=None, **fields):
    states = states or {"P": {"Type": "Pass", "End": True}}
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": execution_type},
        "StartAt": next(iter(states)),
        "States": states,
    }
    return {"Type": "Map", "ItemProcessor": processor, **fields}


FAILS_ON_ODD = {
    "Ask": {
        "Type": "Choice",
        "Choices": [
            {"Variable": "$", "NumericEquals": 1, "Next": "Bad"},
            {"Variable": "$", "NumericEquals": 3, "Next": "Bad"},
        ],
        "Default": "Good",
    },
    "Good": {"Type": "Pass", "End": True},
    "Bad": {"Type": "Fail", "Error": "Odd"},
}


@pytest.mark.parametrize("execution_type", ["STANDARD", "EXPRESS"])
def test_every_item_becomes_a_child_execution(execute, execution_type):
    outcome = execute(distributed(execution_type=execution_type), [1, 2, 3])
    assert outcome.output == [1, 2, 3]
    assert outcome.types[2:6] == ["MapStateStarted", "MapRunStarted", "MapRunSucceeded", "MapStateSucceeded"]
    assert "PassStateEntered" not in outcome.types
    by_id = {event["id"]: event["type"] for event in outcome.history}
    (left,) = [event for event in outcome.history if event["type"] == "MapStateExited"]
    assert by_id[left["previousEventId"]] == "MapRunStarted"


def test_without_tolerance_one_failing_child_fails_the_map(execute):
    outcome = execute(distributed(states=FAILS_ON_ODD), [0, 1, 2])
    assert outcome.error == "States.ExceedToleratedFailureThreshold"
    assert outcome.cause == "The specified tolerated failure threshold was exceeded"
    assert outcome.types[-3:] == ["MapRunFailed", "MapStateFailed", "ExecutionFailed"]


@pytest.mark.parametrize(
    ("tolerance", "status"),
    [
        ({"ToleratedFailureCount": 1}, "FAILED"),
        ({"ToleratedFailureCount": 2}, "SUCCEEDED"),
        ({"ToleratedFailurePercentage": 40}, "FAILED"),
        ({"ToleratedFailurePercentage": 50}, "SUCCEEDED"),
        ({"ToleratedFailureCount": 9, "ToleratedFailurePercentage": 10}, "FAILED"),
    ],
)
def test_a_tolerance_is_how_much_may_fail(execute, tolerance, status):
    assert execute(distributed(states=FAILS_ON_ODD, **tolerance), [0, 1, 2, 3]).status == status


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("ToleratedFailureCountPath", -1, "ToleratedFailureCount cannot be negative."),
        ("ToleratedFailurePercentagePath", 101, "ToleratedFailurePercentage must be between 0 and 100."),
    ],
)
def test_a_bad_tolerance_is_told_behind_the_start(execute, field, value, sentence):
    outcome = execute(distributed(ItemsPath="$.l", **{field: "$.v"}), {"l": [], "v": value})
    assert outcome.cause.endswith(sentence)
    assert outcome.types[-2:] == ["MapStateStarted", "ExecutionFailed"]


def test_a_batcher_fills_batches_and_adds_its_input(execute):
    batcher = {"MaxItemsPerBatch": 2, "BatchInput": {"k.$": "$.k"}}
    outcome = execute(distributed(ItemsPath="$.l", ItemBatcher=batcher), {"l": [1, 2, 3], "k": "v"})
    assert outcome.output == [
        {"BatchInput": {"k": "v"}, "Items": [1, 2]},
        {"BatchInput": {"k": "v"}, "Items": [3]},
    ]


def test_a_batcher_bounds_the_bytes_of_a_batch(execute):
    outcome = execute(distributed(ItemBatcher={"MaxInputBytesPerBatch": 60}), ["x" * 20] * 5)
    assert [len(batch["Items"]) for batch in outcome.output] == [2, 2, 1]
    assert all(len(json.dumps(batch, separators=(",", ":"))) <= 60 for batch in outcome.output)


def test_variables_are_not_seen_by_children(execute, chain):
    states = {
        "P": {
            "Type": "Choice",
            "Choices": [{"Variable": "$x", "IsPresent": True, "Next": "Bad"}],
            "Default": "Good",
        },
        "Good": {"Type": "Pass", "End": True},
        "Bad": {"Type": "Fail"},
    }
    definition = chain({"Type": "Pass", "Assign": {"x": 1}}, distributed(states=states))
    assert execute(definition, [1]).status == "SUCCEEDED"


def test_max_concurrency_bounds_the_children(execute):
    states = {"W": {"Type": "Wait", "Seconds": 10, "End": True}}
    assert execute(distributed(states=states, MaxConcurrency=2), [1, 2, 3, 4]).seconds == pytest.approx(
        20, abs=1
    )


def in_engine(work):
    async def inside():
        engine = Engine(functions=LocalFunctions({}), clock=VirtualClock())
        try:
            return await work(engine)
        finally:
            await engine.close()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(inside())


def whole(state):
    return json.dumps({"StartAt": "M", "States": {"M": {**state, "End": True}}})


def test_a_map_run_counts_items_and_executions_and_knows_its_children():
    async def work(engine):
        state = distributed(
            states=FAILS_ON_ODD, ToleratedFailureCount=5, ItemBatcher={"MaxItemsPerBatch": 1}, Label="Lot"
        )
        state.pop("ItemBatcher")
        machine = engine.create_state_machine("m", whole(state), ROLE)
        record = await engine.wait_for_execution(engine.start_execution(machine.arn, "[0, 1, 2]").arn)
        (run,) = engine.list_map_runs(record.arn)
        assert ":mapRun:m/Lot:" in run.arn
        assert (run.status, run.item_counts.succeeded, run.item_counts.failed, run.item_counts.total) == (
            "SUCCEEDED",
            2,
            1,
            3,
        )
        children = engine.list_executions(map_run_arn=run.arn)
        assert len(children) == 3
        assert sorted(child.status for child in children) == ["FAILED", "SUCCEEDED", "SUCCEEDED"]
        assert engine.get_execution_history(children[0].arn)[0]["type"] == "ExecutionStarted"
        assert engine.list_executions(state_machine_arn=machine.arn) == [record]

    in_engine(work)


def test_stopping_an_execution_stops_its_children():
    async def work(engine):
        states = {"W": {"Type": "Wait", "Seconds": 1000, "End": True}}
        machine = engine.create_state_machine("m", whole(distributed(states=states)), ROLE)
        started = engine.start_execution(machine.arn, "[1, 2]")
        await asyncio.sleep(5)
        assert len(engine.running) == 3
        (run,) = engine.list_map_runs(started.arn)
        assert run.execution_counts.running == 2
        stopped = await engine.stop_execution(started.arn, "Enough", "of it")
        assert (stopped.status, stopped.error, stopped.cause) == ("ABORTED", "Enough", "of it")
        assert engine.running == {}
        assert {child.status for child in engine.list_executions(map_run_arn=run.arn)} == {"ABORTED"}
        assert engine.describe_map_run(run.arn).status == "ABORTED"

    in_engine(work)


def test_a_wider_limit_lets_more_children_run():
    async def work(engine):
        states = {"W": {"Type": "Wait", "Seconds": 10, "End": True}}
        machine = engine.create_state_machine("m", whole(distributed(states=states, MaxConcurrency=1)), ROLE)
        started = engine.start_execution(machine.arn, json.dumps(list(range(10))))
        await asyncio.sleep(1)
        (run,) = engine.list_map_runs(started.arn)
        engine.update_map_run(run.arn, max_concurrency=9)
        record = await engine.wait_for_execution(started.arn)
        assert record.stop_date - record.start_date < 30

    in_engine(work)
