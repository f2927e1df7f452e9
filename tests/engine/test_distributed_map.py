"""Distributed Maps: child executions, tolerance, batches, map runs."""

from __future__ import annotations

import asyncio
import json

import pytest

from statewright.engine import map_runs
from statewright.engine.errors import InvalidDefinition
from statewright.engine.payloads import MAX_PAYLOAD_BYTES
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
    assert by_id[left["previousEventId"]] == "MapRunSucceeded"


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


def whole(state):
    return json.dumps({"StartAt": "M", "States": {"M": {**state, "End": True}}})


def test_a_map_run_counts_items_and_executions_and_knows_its_children(in_engine):
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


def test_stopping_an_execution_stops_its_children(in_engine):
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


@pytest.mark.parametrize("limit", [{}, {"MaxConcurrency": 9}])
def test_an_engine_of_few_functions_begins_no_more_children_than_those_can_serve(in_engine, limit):
    async def work(engine):
        engine.children_at_once = 2
        states = {"W": {"Type": "Wait", "Seconds": 10, "End": True}}
        machine = engine.create_state_machine("m", whole(distributed(states=states, **limit)), ROLE)
        started = engine.start_execution(machine.arn, json.dumps([1, 2, 3, 4]))
        record = await engine.wait_for_execution(started.arn)
        assert record.stop_date - record.start_date == pytest.approx(20, abs=1)

    in_engine(work)


def test_a_wider_limit_lets_more_children_run(in_engine):
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


# --- items ---


@pytest.mark.parametrize("language", ["JSONPath", "JSONata"])
def test_the_members_of_an_object_are_items_with_a_key(execute, language):
    items = {"Items": "{% $states.input.o %}"} if language == "JSONata" else {"ItemsPath": "$.o"}
    state = {**distributed(**items), "QueryLanguage": language}
    value = {"o": {"a": 1, "b": [2]}}
    assert execute(state, value).output == [{"Key": "a", "Value": 1}, {"Key": "b", "Value": [2]}]


def test_the_context_object_tells_of_each_item(execute):
    selector = {f"{name}.$": f"$$.Map.Item.{name}" for name in ("Index", "Key", "Value", "Source")}
    outcome = execute(distributed(ItemSelector=selector), {"a": 1, "b": 2})
    assert outcome.output == [
        {"Index": 0, "Key": "a", "Value": 1, "Source": "STATE_DATA"},
        {"Index": 1, "Key": "b", "Value": 2, "Source": "STATE_DATA"},
    ]


def test_elements_of_an_array_have_no_key(execute):
    outcome = execute(distributed(ItemSelector={"k.$": "$$.Map.Item.Key"}), [1])
    assert outcome.error == "States.Runtime"


@pytest.mark.parametrize(("more", "error"), [(0, None), (1, "States.DataLimitExceeded")])
def test_the_input_of_a_child_may_have_256_kib(execute, more, error):
    half = (MAX_PAYLOAD_BYTES - len('{"a":"","b":""}')) // 2
    rest = MAX_PAYLOAD_BYTES - len('{"a":"","b":""}') - 2 * half
    selector = {"a.$": "$$.Map.Item.Value", "b.$": "States.Format('{}{}', $$.Map.Item.Value, $.more)"}
    states = {"P": {"Type": "Pass", "Result": 1, "End": True}}
    state = distributed(states=states, ItemSelector=selector, ItemsPath="$.l")
    outcome = execute(state, {"l": ["x" * half], "more": "y" * (rest + more)})
    assert outcome.error == error
    if error:
        assert "larger than 262144 bytes" in outcome.cause


def test_an_express_child_has_its_unique_part_in_its_name_but_not_in_its_context(in_engine):
    async def work(engine):
        states = {"P": {"Type": "Pass", "Parameters": {"n.$": "$$.Execution.Name"}, "End": True}}
        state = distributed(execution_type="EXPRESS", states=states)
        machine = engine.create_state_machine("m", whole(state), ROLE)
        record = await engine.wait_for_execution(engine.start_execution(machine.arn, "[1]").arn)
        (run,) = engine.list_map_runs(record.arn)
        (child,) = engine.list_executions(map_run_arn=run.arn)
        assert child.arn.endswith(f":{child.name}")
        assert child.name.split(":")[0] == record.result[0]["n"]

    in_engine(work)


# --- batches ---


@pytest.mark.parametrize("language", ["JSONPath", "JSONata"])
def test_both_limits_of_a_batch_may_come_from_the_input(execute, language):
    if language == "JSONata":
        batcher = {
            "MaxItemsPerBatch": "{% $states.input.n %}",
            "MaxInputBytesPerBatch": "{% $states.input.b %}",
            "BatchInput": {"k": "{% $states.input.n %}"},
        }
        items = {"Items": "{% $states.input.l %}"}
    else:
        batcher = {
            "MaxItemsPerBatchPath": "$.n",
            "MaxInputBytesPerBatchPath": "$.b",
            "BatchInput": {"k.$": "$.n"},
        }
        items = {"ItemsPath": "$.l"}
    state = {**distributed(ItemBatcher=batcher, **items), "QueryLanguage": language}
    value = {"l": ["x", "x", "x", "x" * 20, "x"], "n": 2, "b": 58}
    assert [batch["Items"] for batch in execute(state, value).output] == [
        ["x", "x"],
        ["x"],
        ["x" * 20],
        ["x"],
    ]


@pytest.mark.parametrize(
    ("field", "number", "words"),
    [
        ("MaxItemsPerBatchPath", 0, "MaxItemsPerBatch must be a positive integer"),
        ("MaxInputBytesPerBatchPath", 0, "MaxInputBytesPerBatch must be between 1 and 262144"),
        ("MaxInputBytesPerBatchPath", 262_145, "MaxInputBytesPerBatch must be between 1 and 262144"),
    ],
)
def test_limits_of_a_batch_that_mean_nothing_fail_the_map_run(execute, field, number, words):
    outcome = execute(distributed(ItemBatcher={field: "$.n"}, ItemsPath="$.l"), {"l": [1], "n": number})
    assert words in outcome.cause


@pytest.mark.parametrize(("limit", "error"), [(34, None), (33, "States.DataLimitExceeded")])
def test_an_item_that_alone_is_too_large_for_a_batch_fails_the_map_run(execute, limit, error):
    text = "ä" * 10
    assert len(f'{{"Items":["{text}"]}}'.encode()) == 34
    outcome = execute(distributed(ItemBatcher={"MaxInputBytesPerBatch": limit}), ["a", text, "b"])
    assert outcome.error == error
    if error is None:
        assert [batch["Items"] for batch in outcome.output] == [["a"], [text], ["b"]]


@pytest.mark.parametrize(("more", "counts"), [(0, [256]), (1, [255, 1])])
def test_batches_without_a_size_are_filled_up_to_256_kib(execute, more, counts):
    states = {"P": {"Type": "Pass", "Parameters": {"n.$": "States.ArrayLength($.Items)"}, "End": True}}
    state = distributed(states=states, ItemBatcher={"MaxItemsPerBatch": 1000}, ItemsPath="$.l")
    state["ItemSelector"] = {"v.$": "States.Format('{}{}', $$.Map.Item.Value, $.more)"}
    # Each is {"v":"…"} and a comma; {"Items":[]} around them has one comma less.
    own, around = len('{"v":""},'), len('{"Items":[]}') - 1
    size = (MAX_PAYLOAD_BYTES - around) // 256 - own
    rest = MAX_PAYLOAD_BYTES - around - 256 * (size + own)
    items = ["x" * size] * 255 + ["x" * (size + rest + more)]
    assert [each["n"] for each in execute(state, {"l": items, "more": ""}).output] == counts


# --- concurrency and tolerance ---


@pytest.mark.parametrize(
    "limit", [{"MaxConcurrencyPath": "$.c"}, {"MaxConcurrency": "{% $states.input.c %}"}]
)
def test_max_concurrency_may_come_from_the_input(execute, limit):
    states = {"W": {"Type": "Wait", "Seconds": 10, "End": True}}
    is_jsonata = "MaxConcurrency" in limit
    items = {"Items": "{% $states.input.l %}"} if is_jsonata else {"ItemsPath": "$.l"}
    state = {**distributed(states=states, **limit, **items)}
    state["QueryLanguage"] = "JSONata" if is_jsonata else "JSONPath"
    outcome = execute(state, {"l": [1, 2, 3, 4], "c": 2})
    assert outcome.seconds == pytest.approx(20, abs=1)


def test_a_tolerance_may_be_an_expression(execute):
    state = distributed(
        Items="{% $states.input.l %}",
        ToleratedFailurePercentage="{% $states.input.p %}",
        ToleratedFailureCount="{% $states.input.n %}",
        states={"F": {"Type": "Fail", "Error": "No"}},
    )
    state["QueryLanguage"] = "JSONata"
    assert execute(state, {"l": [1, 2], "p": 100, "n": 2}).status == "SUCCEEDED"
    assert execute(state, {"l": [1, 2], "p": 99, "n": 2}).status == "FAILED"
    assert execute(state, {"l": [1, 2], "p": 100, "n": 1}).status == "FAILED"


def test_a_percentage_is_of_all_items_also_of_those_that_were_not_read_yet(execute, bucket, monkeypatch):
    monkeypatch.setattr(map_runs, "READ_AHEAD", 2)
    bucket.put("k", "\n".join(["1", *["0"] * 99]))
    reader = {
        "Resource": "arn:aws:states:::s3:getObject",
        "Parameters": {"Bucket": "box", "Key": "k"},
        "ReaderConfig": {"InputType": "JSONL"},
    }
    state = distributed(states=FAILS_ON_ODD, ItemReader=reader, ToleratedFailurePercentage=1)
    assert execute(state, clients=bucket.clients).status == "SUCCEEDED"
    bucket.put("k", "\n".join(["1", "1", *["0"] * 98]))
    assert execute(state, clients=bucket.clients).status == "FAILED"


def test_a_failed_child_is_told_in_the_states_output(execute):
    outcome = execute(distributed(states=FAILS_ON_ODD, ToleratedFailureCount=1), [0, 1])
    succeeded, failed = outcome.output
    assert succeeded == 0
    assert (failed["Status"], failed["Error"], failed["Input"]) == ("FAILED", "Odd", "1")


def test_counts_are_right_at_all_times_in_items_and_in_executions(in_engine):
    async def work(engine):
        states = {
            "Ask": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.Items[0]", "NumericEquals": 2, "Next": "Bad"}],
                "Default": "W",
            },
            "W": {"Type": "Wait", "Seconds": 10, "End": True},
            "Bad": {"Type": "Fail", "Error": "Two"},
        }
        state = distributed(
            states=states,
            ItemBatcher={"MaxItemsPerBatch": 2},
            MaxConcurrency=1,
            ToleratedFailureCount=2,
        )
        machine = engine.create_state_machine("m", whole(state), ROLE)
        started = engine.start_execution(machine.arn, "[0, 1, 2, 3, 4]")
        await asyncio.sleep(1)
        seen = []
        while (run := engine.list_map_runs(started.arn)[0]).status == "RUNNING":
            for counts, total in ((run.item_counts, 5), (run.execution_counts, 3)):
                parts = (counts.pending, counts.running, counts.succeeded, counts.failed)
                assert sum(parts) == counts.total == total
            seen.append((run.item_counts.pending, run.item_counts.running, run.item_counts.failed))
            await asyncio.sleep(1)
        assert sorted(set(seen), reverse=True) == [(3, 2, 0), (0, 1, 2)]
        assert (run.item_counts.succeeded, run.execution_counts.succeeded) == (3, 2)
        assert (run.item_counts.failed, run.execution_counts.failed) == (2, 1)
        assert (run.item_counts.results_written, run.execution_counts.results_written) == (5, 3)

    in_engine(work)


def test_a_changed_concurrency_leaves_the_tolerance_as_it_was(in_engine):
    async def work(engine):
        states = {"W": {"Type": "Wait", "Seconds": 10, "Next": "F"}, "F": {"Type": "Fail", "Error": "No"}}
        state = distributed(states=states, MaxConcurrency=1, ToleratedFailureCount=3)
        machine = engine.create_state_machine("m", whole(state), ROLE)
        started = engine.start_execution(machine.arn, "[1, 2, 3]")
        await asyncio.sleep(1)
        (run,) = engine.list_map_runs(started.arn)
        engine.update_map_run(run.arn, max_concurrency=2)
        assert (await engine.wait_for_execution(started.arn)).status == "SUCCEEDED"

    in_engine(work)


def test_a_tolerance_may_be_narrowed_while_the_map_run_runs(in_engine):
    async def work(engine):
        states = {"W": {"Type": "Wait", "Seconds": 10, "Next": "F"}, "F": {"Type": "Fail", "Error": "No"}}
        state = distributed(states=states, MaxConcurrency=1, ToleratedFailureCount=3)
        machine = engine.create_state_machine("m", whole(state), ROLE)
        started = engine.start_execution(machine.arn, "[1, 2, 3]")
        await asyncio.sleep(11)
        (run,) = engine.list_map_runs(started.arn)
        engine.update_map_run(run.arn, tolerated_failure_count=0)
        record = await engine.wait_for_execution(started.arn)
        assert record.error == "States.ExceedToleratedFailureThreshold"
        assert record.stop_date - record.start_date < 12

    in_engine(work)


def test_a_reader_that_fails_later_ends_what_runs_already(execute, bucket, monkeypatch):
    monkeypatch.setattr(map_runs, "READ_AHEAD", 1)
    bucket.put("k", "1\n" * 200 + "x")
    reader = {
        "Resource": "arn:aws:states:::s3:getObject",
        "Parameters": {"Bucket": "box", "Key": "k"},
        "ReaderConfig": {"InputType": "JSONL"},
    }
    outcome = execute(distributed(ItemReader=reader, MaxConcurrency=3), clients=bucket.clients)
    assert outcome.error == "States.ItemReaderFailed"
    assert outcome.types[-3:] == ["MapRunFailed", "MapStateFailed", "ExecutionFailed"]


# --- many ---


@pytest.mark.parametrize("kind", ["STANDARD", "EXPRESS"])
def test_ten_thousand_children_run_without_being_in_memory_at_once(in_engine, kind):
    async def work(engine):
        most = 0
        begin = map_runs.MapRun._begin

        def counted(run, batch):
            nonlocal most
            begin(run, batch)
            most = max(most, len(engine.running))

        map_runs.MapRun._begin = counted
        try:
            states = {"P": {"Type": "Pass", "Result": 1, "End": True}}
            state = distributed(execution_type=kind, states=states)
            machine = engine.create_state_machine("m", whole(state), ROLE)
            items = json.dumps([0] * 10_000, separators=(",", ":"))
            record = await engine.wait_for_execution(engine.start_execution(machine.arn, items).arn)
        finally:
            map_runs.MapRun._begin = begin
        assert record.result == [1] * 10_000
        assert most < 200
        (run,) = engine.list_map_runs(record.arn)
        assert run.execution_counts.succeeded == run.item_counts.total == 10_000
        assert len(engine.list_executions(map_run_arn=run.arn)) == 10_000

    in_engine(work)


def test_items_are_read_only_as_far_as_children_need_them(in_engine, bucket, monkeypatch):
    monkeypatch.setattr(map_runs, "READ_AHEAD", 10)
    bucket.put("k", "1\n" * 5_000)
    reader = {
        "Resource": "arn:aws:states:::s3:getObject",
        "Parameters": {"Bucket": "box", "Key": "k"},
        "ReaderConfig": {"InputType": "JSONL"},
    }

    async def work(engine):
        states = {"W": {"Type": "Wait", "Seconds": 1000, "End": True}}
        state = distributed(states=states, ItemReader=reader, MaxConcurrency=5)
        machine = engine.create_state_machine("m", whole(state), ROLE)
        started = engine.start_execution(machine.arn)
        await asyncio.sleep(10)
        (run,) = engine.list_map_runs(started.arn)
        assert run.execution_counts.running == 5
        assert 10 <= run.execution_counts.pending <= 11
        await engine.stop_execution(started.arn)

    in_engine(work, clients=bucket.clients)


# --- restrictions ---


@pytest.mark.parametrize(
    ("inner", "words"),
    [
        (
            {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync", "End": True},
            "does not support '.sync'",
        ),
        (
            {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "End": True},
            "does not support '.waitForTaskToken'",
        ),
        (
            {"Type": "Task", "Resource": "arn:aws:states:us-east-1:000000000000:activity:a", "End": True},
            "does not support Activity",
        ),
        ({**distributed(), "End": True}, "does not support Distributed Map"),
    ],
)
def test_express_children_have_the_restrictions_of_express_machines(execute, inner, words):
    with pytest.raises(InvalidDefinition, match=words):
        execute(distributed(execution_type="EXPRESS", states={"X": inner}), [1])


def test_a_child_may_have_a_distributed_map_of_its_own(execute):
    inner = {**distributed(), "End": True}
    assert execute(distributed(states={"M": inner}), [[1, 2], []]).output == [[1, 2], []]
