"""Executions through the API on the real engine, driven by boto3: from start to history."""

from __future__ import annotations

import json
import urllib.request
from datetime import datetime

import pytest

from tests.api.conftest import RELEASE
from tests.api.machines import DOUBLE, FAILING, HOLDING, MAPPING, PASS, WAITING, ended, refused


def test_an_execution_runs_a_function_and_tells_all_of_it(sfn, run):
    described = run(DOUBLE, '{"value": 21}')
    assert described["status"] == "SUCCEEDED"
    assert json.loads(described["output"]) == {"value": 42}
    assert described["input"] == '{"value": 21}'
    assert described["inputDetails"] == described["outputDetails"] == {"included": True}
    assert isinstance(described["startDate"], datetime)
    assert described["startDate"] <= described["stopDate"]
    events = sfn.get_execution_history(executionArn=described["executionArn"])["events"]
    assert [event["type"] for event in events] == [
        "ExecutionStarted",
        "PassStateEntered",
        "PassStateExited",
        "TaskStateEntered",
        "LambdaFunctionScheduled",
        "LambdaFunctionStarted",
        "LambdaFunctionSucceeded",
        "TaskStateExited",
        "ExecutionSucceeded",
    ]
    assert [event["id"] for event in events] == list(range(1, 10))


def test_halves_of_surrogate_pairs_are_told_as_they_came(sfn, run):
    described = run(PASS, '{"half": "\ud800", "whole": "\U0001f600"}')
    assert described["input"] == '{"half": "\ud800", "whole": "\U0001f600"}'
    events = sfn.get_execution_history(executionArn=described["executionArn"])["events"]
    assert events[0]["executionStartedEventDetails"]["input"] == described["input"]


def test_a_failing_function_fails_its_execution_with_the_name_of_the_exception(sfn, run):
    described = run(FAILING)
    assert (described["status"], described["error"]) == ("FAILED", "OutOfStock")
    assert json.loads(described["cause"])["errorMessage"] == "nothing left"
    assert "output" not in described


def test_metadata_alone_leaves_the_payloads_out(sfn, run):
    arn = run(DOUBLE, '{"value": 1}')["executionArn"]
    described = sfn.describe_execution(executionArn=arn, includedData="METADATA_ONLY")
    assert "input" not in described
    assert "output" not in described
    assert described["inputDetails"] == {"included": False}
    machine = described["stateMachineArn"]
    told = sfn.describe_state_machine(stateMachineArn=machine, includedData="METADATA_ONLY")
    assert told["definition"] == "{}"
    then = sfn.describe_state_machine_for_execution(executionArn=arn, includedData="METADATA_ONLY")
    assert then["definition"] == "{}"


def test_a_history_comes_in_pages_and_backwards(sfn, run):
    arn = run(DOUBLE, '{"value": 1}')["executionArn"]
    pages = sfn.get_paginator("get_execution_history").paginate(
        executionArn=arn, reverseOrder=True, PaginationConfig={"PageSize": 4}
    )
    assert [event["id"] for page in pages for event in page["events"]] == list(range(9, 0, -1))


def test_a_history_without_data_has_no_inputs_and_outputs(sfn, run):
    arn = run(DOUBLE, '{"value": 1}')["executionArn"]
    full = json.dumps(sfn.get_execution_history(executionArn=arn)["events"], default=str)
    bare = json.dumps(
        sfn.get_execution_history(executionArn=arn, includeExecutionData=False)["events"], default=str
    )
    assert '"input"' in full
    assert '"output"' in full
    assert '"input"' not in bare
    assert '"output"' not in bare


def test_executions_are_listed_newest_first_by_status_and_in_pages(sfn, make):
    machine = make(DOUBLE)
    arns = []
    for value in ("1", "2", '"x"', "null"):
        start = sfn.start_execution(stateMachineArn=machine, input=f'{{"value": {value}}}')
        arns.append(start["executionArn"])
        ended(sfn, start["executionArn"])
    listed = sfn.list_executions(stateMachineArn=machine)["executions"]
    assert [each["executionArn"] for each in listed] == arns[::-1]
    failed = sfn.list_executions(stateMachineArn=machine, statusFilter="FAILED")["executions"]
    assert [each["executionArn"] for each in failed] == [arns[3]]
    pages = sfn.get_paginator("list_executions").paginate(
        stateMachineArn=machine, PaginationConfig={"PageSize": 3}
    )
    assert [each["executionArn"] for page in pages for each in page["executions"]] == arns[::-1]


def test_pages_of_executions_stay_as_they_are_while_others_start_and_end(sfn, make):
    machine = make(WAITING)
    arns = [sfn.start_execution(stateMachineArn=machine)["executionArn"] for _ in range(4)][::-1]
    request = {"stateMachineArn": machine, "statusFilter": "RUNNING", "maxResults": 2}
    first = sfn.list_executions(**request)
    sfn.start_execution(stateMachineArn=machine)
    sfn.stop_execution(executionArn=arns[1])  # the last one of the first page
    second = sfn.list_executions(**request, nextToken=first["nextToken"])
    assert [each["executionArn"] for each in first["executions"]] == arns[:2]
    assert [each["executionArn"] for each in second["executions"]] == arns[2:]
    assert "nextToken" not in second


def test_only_children_of_a_map_run_can_wait_to_be_redriven(sfn, make):
    assert (
        refused(sfn.list_executions, stateMachineArn=make(), statusFilter="PENDING_REDRIVE")[0]
        == "ValidationException"
    )


def test_a_running_execution_is_idempotent_by_name_and_input(sfn, make):
    RELEASE.clear()
    machine = make(HOLDING)
    request = {"stateMachineArn": machine, "name": "once", "input": '{"a": 1}'}
    first = sfn.start_execution(**request)
    again = sfn.start_execution(**request)
    assert first["executionArn"] == again["executionArn"]
    assert first["startDate"] == again["startDate"]
    code, message = refused(sfn.start_execution, **{**request, "input": '{"a": 2}'})
    assert (code, message) == (
        "ExecutionAlreadyExists",
        f"Execution Already Exists: '{first['executionArn']}'",
    )
    RELEASE.set()
    assert ended(sfn, first["executionArn"])["status"] == "SUCCEEDED"
    assert refused(sfn.start_execution, **request)[0] == "ExecutionAlreadyExists"


def test_an_execution_whose_time_is_over_has_timed_out_without_an_error(run):
    described = run({**WAITING, "TimeoutSeconds": 1})
    assert described["status"] == "TIMED_OUT"
    assert "error" not in described
    assert "cause" not in described


def test_a_stopped_execution_is_aborted_with_error_and_cause(sfn, make):
    start = sfn.start_execution(stateMachineArn=make(WAITING))
    stopped = sfn.stop_execution(executionArn=start["executionArn"], error="Enough", cause="of it")
    described = sfn.describe_execution(executionArn=start["executionArn"])
    assert (described["status"], described["error"], described["cause"]) == ("ABORTED", "Enough", "of it")
    assert described["stopDate"] == stopped["stopDate"]


@pytest.mark.parametrize(
    ("execution_input", "words"),
    [
        ("", "Invalid execution input."),
        (
            "{'not': 'json'}",
            "Unexpected character (''' (code 39)): was expecting double-quote to start field name",
        ),
        (
            "not some json",
            "Unrecognized token 'not': was expecting "
            "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')",
        ),
    ],
)
def test_an_input_that_is_not_json_is_refused_in_aws_words(sfn, make, execution_input, words):
    assert refused(sfn.start_execution, stateMachineArn=make(), input=execution_input) == (
        "InvalidExecutionInput",
        f"Invalid State Machine Execution Input: '{words}'",
    )


def test_an_input_that_nests_too_deep_is_refused(sfn, make):
    code, message = refused(sfn.start_execution, stateMachineArn=make(), input="[" * 100_000 + "]" * 100_000)
    assert code == "InvalidExecutionInput"
    assert "nests deeper than" in message


def test_an_input_as_deep_as_allowed_goes_through(run):
    text = "[" * 200 + "]" * 200
    assert run(PASS, text)["output"] == text


def test_an_execution_name_with_forbidden_characters_is_refused(sfn, make):
    assert refused(sfn.start_execution, stateMachineArn=make(), name="a b") == (
        "InvalidName",
        "Invalid Name: 'a b'",
    )


# --- express ---


def test_an_express_execution_answers_at_once_with_its_bill(sfn, make):
    machine = make(DOUBLE, type="EXPRESS")
    answer = sfn.start_sync_execution(stateMachineArn=machine, input='{"value": 4}', name="n")
    assert (answer["status"], json.loads(answer["output"])) == ("SUCCEEDED", {"value": 8})
    assert answer["name"] == "n"
    assert answer["billingDetails"]["billedMemoryUsedInMB"] == 64
    assert answer["billingDetails"]["billedDurationInMilliseconds"] % 100 == 0


def test_express_executions_have_no_descriptions_and_standard_ones_no_answers(sfn, make):
    express, standard = make(type="EXPRESS"), make()
    arn = sfn.start_execution(stateMachineArn=express)["executionArn"]
    wrong = ("InvalidArn", "Invalid Arn: 'Resource type not valid in this context: express'")
    assert refused(sfn.describe_execution, executionArn=arn) == wrong
    assert refused(sfn.get_execution_history, executionArn=arn) == wrong
    assert refused(sfn.stop_execution, executionArn=arn) == wrong
    other = (
        "StateMachineTypeNotSupported",
        "This operation is not supported by this type of state machine",
    )
    assert refused(sfn.list_executions, stateMachineArn=express) == other
    assert refused(sfn.start_sync_execution, stateMachineArn=standard) == other


def test_an_express_execution_whose_time_is_over_has_timed_out(sfn, make):
    slow = make({**WAITING, "TimeoutSeconds": 1}, type="EXPRESS")
    answer = sfn.start_sync_execution(stateMachineArn=slow)
    assert answer["status"] == "TIMED_OUT"
    assert not {"output", "error"} & set(answer)


def test_a_synchronous_answer_leaves_its_payloads_out_where_only_metadata_is_wanted(sfn, make):
    answer = sfn.start_sync_execution(
        stateMachineArn=make(type="EXPRESS"), includedData="METADATA_ONLY", traceHeader="Root=1-2-3"
    )
    assert answer["inputDetails"] == answer["outputDetails"] == {"included": False}
    assert not {"input", "output"} & set(answer)
    assert answer["traceHeader"] == "Root=1-2-3"


def test_the_trace_in_a_requests_header_comes_before_the_one_in_its_body(endpoint, make):
    body = json.dumps({"stateMachineArn": make(type="EXPRESS"), "traceHeader": "Root=body"}).encode()

    def answer(**headers):
        sent = {"X-Amz-Target": "AWSStepFunctions.StartSyncExecution", **headers}
        with urllib.request.urlopen(urllib.request.Request(endpoint, body, sent)) as response:
            return json.load(response)

    assert answer()["traceHeader"] == "Root=body"
    assert answer(**{"X-Amzn-Trace-Id": "Root=header"})["traceHeader"] == "Root=header"


def test_an_express_execution_of_the_same_name_starts_again(sfn, make):
    machine = make(type="EXPRESS")
    request = {"stateMachineArn": machine, "name": "twice", "input": "{}"}
    arns = {sfn.start_execution(**request)["executionArn"] for _ in range(2)}
    assert len(arns) == 2
    assert all(":express:" in arn and ":twice:" in arn for arn in arns)


# --- map runs ---


def test_a_map_run_and_its_child_executions_are_told(sfn, run):
    execution = run(MAPPING, '{"items": [{"value": 1}, {"value": 2}, {"value": 3}]}')
    assert execution["status"] == "SUCCEEDED", execution
    runs = sfn.list_map_runs(executionArn=execution["executionArn"])["mapRuns"]
    assert [each["executionArn"] for each in runs] == [execution["executionArn"]]
    described = sfn.describe_map_run(mapRunArn=runs[0]["mapRunArn"])
    assert (described["status"], described["maxConcurrency"]) == ("SUCCEEDED", 2)
    assert described["itemCounts"]["succeeded"] == described["itemCounts"]["total"] == 3
    children = sfn.list_executions(mapRunArn=runs[0]["mapRunArn"])["executions"]
    assert len(children) == 3
    child = sfn.describe_execution(executionArn=children[0]["executionArn"])
    assert (child["status"], child["mapRunArn"]) == ("SUCCEEDED", runs[0]["mapRunArn"])
    machine = sfn.describe_state_machine_for_execution(executionArn=children[0]["executionArn"])
    assert json.loads(machine["definition"]) == MAPPING
    assert (machine["label"], machine["mapRunArn"]) == ("Each", runs[0]["mapRunArn"])
    assert machine["stateMachineArn"] == f"{execution['stateMachineArn']}/Each"


def test_express_children_of_a_map_run_are_listed_and_described(sfn, run):
    mapping = json.loads(json.dumps(MAPPING))
    mapping["States"]["Map"]["ItemProcessor"]["ProcessorConfig"]["ExecutionType"] = "EXPRESS"
    execution = run(mapping, '{"items": [{"value": 4}]}')
    (map_run,) = sfn.list_map_runs(executionArn=execution["executionArn"])["mapRuns"]
    (child,) = sfn.list_executions(mapRunArn=map_run["mapRunArn"])["executions"]
    assert ":express:" in child["executionArn"]
    described = sfn.describe_execution(executionArn=child["executionArn"])
    assert (described["status"], json.loads(described["output"])) == ("SUCCEEDED", {"value": 8})
    assert refused(sfn.get_execution_history, executionArn=child["executionArn"])[0] == "InvalidArn"
