"""ResultWriter: AWS's layout of files in S3, transformations, and what the state returns."""

from __future__ import annotations

import asyncio
import json
import re

import pytest

from statewright.engine import LocalFunctions
from statewright.engine.errors import InvalidDefinition
from statewright.engine.runner import ROLE
from statewright.engine.states import result_writer

RUN = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
DESTINATION = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "box", "Prefix": "out"}}
FAILS_ON_ZERO = {
    "Ask": {
        "Type": "Choice",
        "Choices": [{"Variable": "$", "NumericEquals": 0, "Next": "Bad"}],
        "Default": "Good",
    },
    "Good": {"Type": "Pass", "End": True},
    "Bad": {"Type": "Fail", "Error": "Zero", "Cause": "is bad"},
}


def mapped(writer, *, kind="STANDARD", states=None, **fields):
    states = states or {"P": {"Type": "Pass", "End": True}}
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": kind},
        "StartAt": next(iter(states)),
        "States": states,
    }
    return {
        "Type": "Map",
        "Label": "Lot",
        "ItemProcessor": processor,
        "ResultWriter": writer,
        "End": True,
        **fields,
    }


def read(bucket, key):
    return json.loads(bucket.get(key))


def test_the_state_returns_where_the_manifest_is_and_the_manifest_where_the_results_are(execute, bucket):
    outcome = execute(mapped(DESTINATION), ["a", "b"], clients=bucket.clients)
    assert outcome.status == "SUCCEEDED", outcome.cause
    run = outcome.output["MapRunArn"]
    assert re.fullmatch(rf"arn:aws:states:us-east-1:000000000000:mapRun:[^/]+/Lot:{RUN}", run)
    folder = f"out/{run.rpartition(':')[2]}/"
    assert outcome.output == {
        "MapRunArn": run,
        "ResultWriterDetails": {"Bucket": "box", "Key": folder + "manifest.json"},
    }
    assert bucket.listed() == [folder + "SUCCEEDED_0.json", folder + "manifest.json"]
    size = len(bucket.get(folder + "SUCCEEDED_0.json"))
    assert read(bucket, folder + "manifest.json") == {
        "DestinationBucket": "box",
        "MapRunArn": run,
        "ResultFiles": {
            "FAILED": [],
            "PENDING": [],
            "SUCCEEDED": [{"Key": folder + "SUCCEEDED_0.json", "Size": size}],
        },
    }


@pytest.mark.parametrize("kind", ["STANDARD", "EXPRESS"])
def test_without_transformation_an_entry_is_what_is_known_of_the_child(execute, bucket, kind):
    outcome = execute(
        mapped(DESTINATION, kind=kind, states=FAILS_ON_ZERO, ToleratedFailureCount=1),
        [0, 1],
        clients=bucket.clients,
    )
    (failed,) = read(bucket, next(key for key in bucket.listed() if "FAILED_0" in key))
    (succeeded,) = read(bucket, next(key for key in bucket.listed() if "SUCCEEDED_0" in key))
    (machine,) = {each["StateMachineArn"] for each in (failed, succeeded)}
    assert machine.endswith("/Lot")
    stamp = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
    for entry, state in ((failed, "FAILED"), (succeeded, "SUCCEEDED")):
        assert list(entry) == sorted(entry)
        assert re.search(rf":{RUN}$", entry["ExecutionArn"])
        assert f":{entry['Name']}" in entry["ExecutionArn"]
        assert stamp.fullmatch(entry["StartDate"])
        assert stamp.fullmatch(entry["StopDate"])
        assert (entry["Status"], entry["RedriveCount"]) == (state, 0)
        assert entry["InputDetails"] == entry["OutputDetails"] == {"Included": True}
    assert (failed["Input"], failed["Error"], failed["Cause"]) == ("0", "Zero", "is bad")
    assert (succeeded["Input"], succeeded["Output"]) == ("1", "1")
    assert "Output" not in failed
    if kind == "STANDARD":
        assert failed["RedriveStatus"] == "REDRIVABLE_BY_MAP_RUN"
        assert succeeded["RedriveStatus"] == "NOT_REDRIVABLE"
        assert succeeded["RedriveStatusReason"] == "Execution is SUCCEEDED and cannot be redriven"
    else:
        assert failed["ExecutionArn"].endswith(f"/Lot:{failed['Name']}")
        assert "RedriveStatus" not in failed
        assert ":express:" in failed["ExecutionArn"]
    assert outcome.status == "SUCCEEDED"


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({"Transformation": "COMPACT"}, '[[1,2],3,"ä"]'),
        ({"Transformation": "FLATTEN"}, '[1,2,3,"ä"]'),
        ({"Transformation": "COMPACT", "OutputType": "JSONL"}, '[1,2]\n3\n"ä"\n'),
        ({"Transformation": "FLATTEN", "OutputType": "JSONL"}, '1\n2\n3\n"ä"\n'),
    ],
)
def test_a_writer_config_says_what_is_written(execute, bucket, config, text):
    execute(mapped({**DESTINATION, "WriterConfig": config}), [[1, 2], 3, "ä"], clients=bucket.clients)
    ending = "jsonl" if config.get("OutputType") == "JSONL" else "json"
    (key,) = [key for key in bucket.listed() if "SUCCEEDED" in key]
    assert key.endswith(f"SUCCEEDED_0.{ending}")
    assert bucket.get(key).decode() == text


@pytest.mark.parametrize(
    ("transformation", "output"),
    [("COMPACT", [[1, 2], [], 3]), ("FLATTEN", [1, 2, 3])],
)
def test_a_writer_config_alone_shapes_the_states_output_and_writes_nothing(execute, transformation, output):
    writer = {"WriterConfig": {"Transformation": transformation}}
    assert execute(mapped(writer), [[1, 2], [], 3]).output == output


def test_with_none_the_states_output_tells_all_of_the_children(execute):
    outcome = execute(mapped({"WriterConfig": {"Transformation": "NONE"}}), [7])
    (entry,) = outcome.output
    assert (entry["Input"], entry["Output"], entry["Status"]) == ("7", "7", "SUCCEEDED")


def test_a_failed_child_is_told_as_it_is_whatever_the_transformation(execute):
    writer = {"WriterConfig": {"Transformation": "FLATTEN"}}
    outcome = execute(mapped(writer, states=FAILS_ON_ZERO, ToleratedFailurePercentage=50), [0, 1])
    failed, one = outcome.output
    assert (failed["Status"], failed["Error"], one) == ("FAILED", "Zero", 1)


def test_a_map_run_that_fails_leaves_its_files_with_what_was_never_started(execute, bucket):
    states = {
        **FAILS_ON_ZERO,
        "Good": {"Type": "Wait", "Seconds": 1, "End": True},
    }
    items = [1, 1, 0, 1, 1]
    outcome = execute(mapped(DESTINATION, states=states, MaxConcurrency=1), items, clients=bucket.clients)
    assert outcome.error == "States.ExceedToleratedFailureThreshold"
    assert outcome.types[-3:] == ["MapRunFailed", "MapStateFailed", "ExecutionFailed"]
    (key,) = [key for key in bucket.listed() if key.endswith("manifest.json")]
    files = read(bucket, key)["ResultFiles"]
    found = {name: read(bucket, entry["Key"]) for name, (entry,) in files.items()}
    assert {name: len(entries) for name, entries in found.items()} == {
        "FAILED": 1,
        "PENDING": 2,
        "SUCCEEDED": 2,
    }
    assert found["PENDING"][0] == {"Input": "1", "InputDetails": {"Included": True}, "Status": "PENDING"}


def test_children_that_are_aborted_with_their_map_run_are_among_the_failed(in_engine, bucket):
    async def work(engine):
        states = {"W": {"Type": "Wait", "Seconds": 1000, "End": True}}
        definition = {"StartAt": "M", "States": {"M": mapped(DESTINATION, states=states, MaxConcurrency=2)}}
        machine = engine.create_state_machine("m", json.dumps(definition), ROLE)
        started = engine.start_execution(machine.arn, "[1, 2, 3]")
        await asyncio.sleep(5)
        await engine.stop_execution(started.arn)
        (run,) = engine.list_map_runs(started.arn)
        assert (run.status, run.item_counts.aborted, run.item_counts.pending) == ("ABORTED", 2, 1)
        assert run.item_counts.results_written == 3

    in_engine(work, clients=bucket.clients)
    (key,) = [key for key in bucket.listed() if "FAILED" in key]
    assert [entry["Status"] for entry in read(bucket, key)] == ["ABORTED", "ABORTED"]
    (key,) = [key for key in bucket.listed() if "PENDING" in key]
    assert [entry["Input"] for entry in read(bucket, key)] == ["3"]


def test_results_written_are_counted_in_items_and_executions(in_engine, bucket):
    async def work(engine):
        state = mapped(DESTINATION, ItemBatcher={"MaxItemsPerBatch": 2})
        definition = json.dumps({"StartAt": "M", "States": {"M": state}})
        machine = engine.create_state_machine("m", definition, ROLE)
        record = await engine.wait_for_execution(engine.start_execution(machine.arn, "[1, 2, 3]").arn)
        (run,) = engine.list_map_runs(record.arn)
        assert (run.item_counts.results_written, run.execution_counts.results_written) == (3, 2)
        assert (run.item_counts.total, run.execution_counts.total) == (3, 2)

    in_engine(work, clients=bucket.clients)


@pytest.mark.parametrize(
    ("limit", "items", "sizes"),
    [(7, [1, 2, 3, 456], [7, 5]), (6, [1, 2, 345, 6], [5, 5, 3]), (1, [1, 2], [3, 3])],
)
def test_a_file_ends_where_it_would_be_too_large(execute, bucket, monkeypatch, limit, items, sizes):
    monkeypatch.setattr(result_writer, "MAX_RESULT_FILE_BYTES", limit)
    config = {"WriterConfig": {"Transformation": "COMPACT"}}
    outcome = execute(mapped({**DESTINATION, **config}), items, clients=bucket.clients)
    manifest = read(bucket, outcome.output["ResultWriterDetails"]["Key"])
    listed = manifest["ResultFiles"]["SUCCEEDED"]
    assert [entry["Size"] for entry in listed] == sizes
    assert [entry["Key"][-16:] for entry in listed] == [f"SUCCEEDED_{i}.json" for i in range(len(sizes))]
    assert [value for entry in listed for value in read(bucket, entry["Key"])] == items


@pytest.mark.parametrize("prefix", ["", "a/b", "a/b/"])
def test_a_prefix_may_end_in_a_slash_or_be_absent(execute, bucket, prefix):
    parameters = {"Bucket": "box", **({"Prefix": prefix} if prefix else {})}
    writer = {**DESTINATION, "Parameters": parameters}
    key = execute(mapped(writer), [1], clients=bucket.clients).output["ResultWriterDetails"]["Key"]
    assert re.fullmatch(("a/b/" if prefix else "") + RUN + "/manifest.json", key)


def test_the_destination_is_taken_from_the_input(execute, bucket):
    parameters = {"Bucket.$": "$.b", "Prefix.$": "$.p"}
    state = mapped({**DESTINATION, "Parameters": parameters}, ItemsPath="$.l")
    outcome = execute(state, {"b": "box", "p": "q", "l": [1]}, clients=bucket.clients)
    assert outcome.output["ResultWriterDetails"]["Key"].startswith("q/")


def test_a_jsonata_destination_is_in_arguments(execute, bucket):
    writer = {
        "Resource": DESTINATION["Resource"],
        "Arguments": {"Bucket": "{% $states.input.b %}", "Prefix": "x"},
    }
    state = {**mapped(writer, Items="{% $states.input.l %}"), "QueryLanguage": "JSONata"}
    outcome = execute(state, {"b": "box", "l": [1]}, clients=bucket.clients)
    assert outcome.output["ResultWriterDetails"]["Key"].startswith("x/")


def test_a_bucket_that_is_not_there_fails_the_map_run_before_a_child_runs(execute, bucket):
    called = []
    states = {
        "T": {
            "Type": "Task",
            "Resource": "arn:aws:lambda:us-east-1:000000000000:function:f",
            "End": True,
        }
    }
    writer = {**DESTINATION, "Parameters": {"Bucket": "nowhere"}}
    outcome = execute(
        mapped(writer, states=states),
        [1],
        clients=bucket.clients,
        functions={"f": lambda event, _: called.append(event)},
    )
    assert outcome.error == "States.ResultWriterFailed"
    assert outcome.cause.startswith(
        "An error occurred while executing the state 'A' (entered at the event id #2)."
        " Failed to write a test manifest into the specified output bucket. | Message from S3: "
    )
    assert outcome.types[-3:] == ["MapRunFailed", "MapStateFailed", "ExecutionFailed"]
    assert called == []


def test_a_failure_of_the_writer_can_be_caught(execute, chain, bucket):
    writer = {**DESTINATION, "Parameters": {"Bucket": "nowhere"}}
    state = {**mapped(writer), "Catch": [{"ErrorEquals": ["States.ResultWriterFailed"], "Next": "B"}]}
    assert execute(chain(state, {"Type": "Pass"}), [1], clients=bucket.clients).status == "SUCCEEDED"


def test_results_that_cannot_be_written_in_the_end_fail_the_map_run(execute, bucket):
    def delete_bucket(event, _):
        for key in bucket.listed():
            bucket.client.delete_object(Bucket="box", Key=key)
        bucket.client.delete_bucket(Bucket="box")

    states = {
        "T": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:000000000000:function:f", "End": True}
    }
    outcome = execute(
        mapped(DESTINATION, states=states),
        [1],
        clients=bucket.clients,
        functions={"f": delete_bucket},
    )
    assert outcome.error == "States.ResultWriterFailed"
    assert "Failed to write the results into the specified output bucket." in outcome.cause


@pytest.mark.parametrize("parameters", [{}, {"Bucket": 1}, {"Bucket": "box", "Prefix": 2}, "box"])
def test_a_destination_that_is_none_fails_the_state(execute, bucket, parameters):
    outcome = execute(mapped({**DESTINATION, "Parameters": parameters}), [1], clients=bucket.clients)
    assert outcome.error == "States.ResultWriterFailed"
    assert "must be a String" in outcome.cause


def test_parameters_that_s3_does_not_have_fail_the_state(execute, bucket):
    writer = {**DESTINATION, "Parameters": {"Bucket": "box", "Bukkit": "x"}}
    outcome = execute(mapped(writer), [1], clients=bucket.clients)
    assert outcome.error == "States.ResultWriterFailed"
    assert 'The field "Bukkit" is not supported' in outcome.cause


@pytest.mark.parametrize(
    ("writer", "words"),
    [
        ({}, "WriterConfig, Resource"),
        ({"Parameters": {"Bucket": "b"}}, "Resource"),
        ({"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b"}}, "not recognized"),
        ({"WriterConfig": {"Transformation": "SHORT"}}, "NONE, COMPACT, FLATTEN"),
        ({"WriterConfig": {"OutputType": "JSONL"}}, "JSONL"),
    ],
)
def test_a_writer_that_means_nothing_is_refused_at_creation(execute, writer, words):
    with pytest.raises(InvalidDefinition, match=words):
        execute(mapped(writer), [1])


def test_the_output_of_many_children_may_be_larger_than_a_payload_when_it_is_written(execute, bucket):
    items = ["x" * 1000] * 300
    states = {"P": {"Type": "Pass", "Result": "x" * 1000, "End": True}}
    small = list(range(len(items)))
    assert execute(mapped(DESTINATION, states=states), small, clients=bucket.clients).status == "SUCCEEDED"
    outcome = execute(mapped({"WriterConfig": {"Transformation": "COMPACT"}}, states=states), small)
    assert outcome.error == "States.DataLimitExceeded"
    assert outcome.types[-3:] == ["MapRunFailed", "MapStateFailed", "ExecutionFailed"]


def test_a_redrive_writes_beside_what_was_written_and_names_the_earlier_successes(in_engine, bucket):
    broken = {2}

    def work_on(event, _):
        if event in broken:
            raise RuntimeError(event)
        return event

    states = {
        "T": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:000000000000:function:f", "End": True}
    }

    async def work(engine):
        state = mapped(DESTINATION, states=states, MaxConcurrency=1)
        definition = json.dumps({"StartAt": "M", "States": {"M": state}})
        machine = engine.create_state_machine("m", definition, ROLE)
        record = await engine.wait_for_execution(engine.start_execution(machine.arn, "[1, 2, 3]").arn)
        (run,) = engine.list_map_runs(record.arn)
        assert (record.status, run.item_counts.results_written) == ("FAILED", 3)
        broken.clear()
        await asyncio.sleep(1)
        engine.redrives.redrive(record.arn)
        again = await engine.wait_for_execution(record.arn)
        (run,) = engine.list_map_runs(record.arn)
        assert (again.status, run.item_counts.results_written) == ("SUCCEEDED", 3)
        return run.arn.rpartition(":")[2], again.result["ResultWriterDetails"]["Key"]

    run, key = in_engine(work, clients=bucket.clients, functions=LocalFunctions({"f": work_on}))
    assert key == f"out/{run}/Redrive-1/manifest.json"
    first = read(bucket, f"out/{run}/manifest.json")["ResultFiles"]
    second = read(bucket, key)["ResultFiles"]
    assert [len(first[name]) for name in ("SUCCEEDED", "FAILED", "PENDING")] == [1, 1, 1]
    assert second["SUCCEEDED"][0] == first["SUCCEEDED"][0]
    assert second["FAILED"] == second["PENDING"] == []
    entries = [read(bucket, entry["Key"]) for entry in second["SUCCEEDED"]]
    assert [sorted(each["Input"] for each in found) for found in entries] == [["1"], ["2", "3"]]
    assert {each["Input"]: each["RedriveCount"] for each in entries[1]} == {"2": 1, "3": 0}
