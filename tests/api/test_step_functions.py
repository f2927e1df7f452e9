"""The Step Functions API on the real engine, driven by boto3's own client."""

from __future__ import annotations

import http.client
import json
import time
import uuid
from datetime import datetime
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

from statewright.api.operations import OPERATIONS
from statewright.api.service_model import service_model
from tests.api.conftest import RELEASE

ROLE = "arn:aws:iam::000000000000:role/local"
LAMBDA = "arn:aws:lambda:us-east-1:000000000000:function:"
PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
DOUBLE = {
    "StartAt": "Ready",
    "States": {
        "Ready": {"Type": "Pass", "Next": "Double"},
        "Double": {"Type": "Task", "Resource": f"{LAMBDA}double", "End": True},
    },
}
FAILING = {"StartAt": "Fail", "States": {"Fail": {"Type": "Task", "Resource": f"{LAMBDA}fail", "End": True}}}
HOLDING = {"StartAt": "Hold", "States": {"Hold": {"Type": "Task", "Resource": f"{LAMBDA}hold", "End": True}}}
MAPPING = {
    "StartAt": "Map",
    "States": {
        "Map": {
            "Type": "Map",
            "Label": "Each",
            "ItemsPath": "$.items",
            "MaxConcurrency": 2,
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": "Double",
                "States": {"Double": DOUBLE["States"]["Double"]},
            },
            "End": True,
        }
    },
}
WAITING = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 600, "End": True}}}


@pytest.fixture
def make(sfn):
    made = []

    def create(definition=PASS, **options):
        name = f"m-{uuid.uuid4().hex[:12]}"
        text = definition if isinstance(definition, str) else json.dumps(definition)
        arn = sfn.create_state_machine(name=name, definition=text, roleArn=ROLE, **options)["stateMachineArn"]
        made.append(arn)
        return arn

    yield create
    for arn in made:
        sfn.delete_state_machine(stateMachineArn=arn)


@pytest.fixture
def run(sfn, make):
    def to_the_end(definition=PASS, execution_input="{}"):
        arn = sfn.start_execution(stateMachineArn=make(definition), input=execution_input)["executionArn"]
        return ended(sfn, arn)

    return to_the_end


def ended(sfn, arn):
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        described = sfn.describe_execution(executionArn=arn)
        if described["status"] != "RUNNING":
            return described
        time.sleep(0.01)
    raise AssertionError("still running")


def refused(call, **request):
    with pytest.raises(ClientError) as caught:
        call(**request)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


# --- executions from start to history ---


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
    assert "definition" not in sfn.describe_state_machine(
        stateMachineArn=machine, includedData="METADATA_ONLY"
    )


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


# --- state machines ---


def test_creating_the_same_state_machine_again_gives_the_same_answer(sfn, make):
    arn = make()
    name = arn.rpartition(":")[2]
    again = sfn.create_state_machine(name=name, definition=json.dumps(PASS), roleArn=ROLE)
    assert again["stateMachineArn"] == arn
    code, message = refused(
        sfn.create_state_machine, name=name, definition=json.dumps(PASS, indent=1), roleArn=ROLE
    )
    assert (code, message) == ("StateMachineAlreadyExists", f"State Machine Already Exists: '{arn}'")


def test_a_state_machine_is_described_updated_and_deleted(sfn, make):
    arn = make(tags=[{"key": "team", "value": "data"}])
    described = sfn.describe_state_machine(stateMachineArn=arn)
    assert (described["status"], described["type"]) == ("ACTIVE", "STANDARD")
    assert json.loads(described["definition"]) == PASS
    updated = sfn.update_state_machine(stateMachineArn=arn, definition=json.dumps(DOUBLE))
    assert isinstance(updated["updateDate"], datetime)
    assert json.loads(sfn.describe_state_machine(stateMachineArn=arn)["definition"]) == DOUBLE
    sfn.delete_state_machine(stateMachineArn=arn)
    assert refused(sfn.describe_state_machine, stateMachineArn=arn) == (
        "StateMachineDoesNotExist",
        f"State Machine Does Not Exist: '{arn}'",
    )


def test_state_machines_are_listed_in_pages(sfn, make):
    arns = {make() for _ in range(3)}
    pages = list(sfn.get_paginator("list_state_machines").paginate(PaginationConfig={"PageSize": 2}))
    assert len(pages) >= 2
    assert arns <= {each["stateMachineArn"] for page in pages for each in page["stateMachines"]}


def test_the_state_machine_of_an_execution_is_described(sfn, run):
    execution = run(DOUBLE, '{"value": 1}')
    request = {"executionArn": execution["executionArn"]}
    described = sfn.describe_state_machine_for_execution(**request)
    assert json.loads(described["definition"]) == DOUBLE
    assert described["stateMachineArn"] == execution["stateMachineArn"]


def test_a_running_execution_keeps_the_definition_that_it_started_with(sfn, make):
    machine = make(WAITING)
    arn = sfn.start_execution(stateMachineArn=machine)["executionArn"]
    sfn.update_state_machine(stateMachineArn=machine, definition=json.dumps(PASS))
    described = sfn.describe_state_machine_for_execution(executionArn=arn)
    assert json.loads(described["definition"]) == WAITING
    sfn.stop_execution(executionArn=arn)
    code, message = refused(sfn.describe_state_machine_for_execution, executionArn=arn)
    assert code == "UnsupportedOperationException"
    assert "started before the last update" in message


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
    assert machine["label"] == "Each"


# --- tags and settings ---


def test_tags_are_added_taken_and_listed(sfn, make):
    arn = make(tags=[{"key": "a", "value": "1"}])
    sfn.tag_resource(resourceArn=arn, tags=[{"key": "a", "value": "2"}, {"key": "b", "value": "3"}])
    sfn.untag_resource(resourceArn=arn, tagKeys=["b", "absent"])
    assert sfn.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "a", "value": "2"}]
    missing = f"{arn}-absent"
    assert refused(sfn.list_tags_for_resource, resourceArn=missing) == (
        "ResourceNotFound",
        f"Resource not found: '{missing}'",
    )
    too_many = [{"key": f"k{number}", "value": ""} for number in range(51)]
    assert refused(sfn.tag_resource, resourceArn=arn, tags=too_many)[0] == "TooManyTags"


def test_settings_that_are_not_honoured_are_refused_by_name(sfn):
    request = {"name": "n", "definition": json.dumps(PASS), "roleArn": ROLE}
    unsupported = "UnsupportedOperationException"
    assert refused(sfn.create_state_machine, **request, publish=True) == (
        unsupported,
        "publish of CreateStateMachine is not supported by this endpoint yet",
    )
    key = {"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "k"}
    assert refused(sfn.create_state_machine, **request, encryptionConfiguration=key)[0] == unsupported
    assert refused(sfn.create_state_machine, **request, versionDescription="v") == (
        "ValidationException",
        "Version description can only be set when publish is true",
    )


def test_logging_needs_exactly_one_destination(sfn):
    group = {"cloudWatchLogsLogGroup": {"logGroupArn": "arn:aws:logs:us-east-1:000000000000:log-group:g:*"}}
    for configuration in ({"level": "ALL"}, {"level": "ERROR", "destinations": [group, group]}):
        assert refused(
            sfn.create_state_machine,
            name="n",
            definition=json.dumps(PASS),
            roleArn=ROLE,
            loggingConfiguration=configuration,
        ) == (
            "InvalidLoggingConfiguration",
            "Invalid Logging Configuration: Must specify exactly one Log Destination.",
        )


# --- definitions ---


def test_a_definition_is_validated_without_being_created(sfn):
    before = sfn.list_state_machines()["stateMachines"]
    sound = sfn.validate_state_machine_definition(definition=json.dumps(PASS))
    assert (sound["result"], sound["diagnostics"], sound["truncated"]) == ("OK", [], False)
    broken = sfn.validate_state_machine_definition(definition="{}")
    assert broken["result"] == "FAIL"
    assert broken["diagnostics"] == [
        {
            "severity": "ERROR",
            "code": "SCHEMA_VALIDATION_FAILED",
            "message": "These fields are required: [States, StartAt]",
            "location": "/",
        }
    ]
    assert sfn.list_state_machines()["stateMachines"] == before


def test_a_hostile_definition_is_refused_before_anything_walks_it(sfn):
    deep = '{"a":' * 5_000 + "1" + "}" * 5_000
    assert sfn.validate_state_machine_definition(definition=deep)["result"] == "FAIL"
    code, message = refused(sfn.create_state_machine, name="deep", definition=deep, roleArn=ROLE)
    assert code == "InvalidDefinition"
    assert "nests deeper than 200 levels" in message


def test_an_invalid_definition_is_refused_with_the_place(sfn):
    broken = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}})
    code, message = refused(sfn.create_state_machine, name="broken", definition=broken, roleArn=ROLE)
    assert code == "InvalidDefinition"
    assert message.startswith("Invalid State Machine Definition: '")
    assert "/States/A" in message


# --- the protocol ---


def post(endpoint, target, body, headers=()):
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=20)
    sent = {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.0", **dict(headers)}
    connection.request("POST", "/", body, sent)
    response = connection.getresponse()
    text = response.read()
    connection.close()
    return response, json.loads(text)


def test_answers_are_aws_json_with_a_request_id_and_seconds(endpoint, make):
    body = json.dumps({"stateMachineArn": make()})
    response, answer = post(endpoint, "AWSStepFunctions.DescribeStateMachine", body)
    assert response.status == 200
    assert response.getheader("Content-Type") == "application/x-amz-json-1.0"
    assert uuid.UUID(response.getheader("x-amzn-RequestId"))
    assert isinstance(answer["creationDate"], float)


def test_errors_carry_their_type_in_body_and_header(endpoint):
    response, answer = post(endpoint, "AWSStepFunctions.DescribeStateMachine", '{"stateMachineArn": "x"}')
    assert response.status == 400
    assert response.getheader("x-amzn-ErrorType") == "InvalidArn"
    assert answer == {"__type": "InvalidArn", "message": "Invalid Arn: 'Invalid ARN prefix: x'"}


@pytest.mark.parametrize(
    ("target", "body", "code"),
    [
        ("AWSStepFunctions.NoSuchThing", "{}", "UnknownOperationException"),
        ("DynamoDB_20120810.ListTables", "{}", "UnknownOperationException"),
        ("", "{}", "UnknownOperationException"),
        ("AWSStepFunctions.ListStateMachines", "{", "SerializationException"),
        ("AWSStepFunctions.ListStateMachines", "[]", "SerializationException"),
        ("AWSStepFunctions.ListStateMachines", b"\xff", "SerializationException"),
        ("AWSStepFunctions.ListStateMachines", "[" * 100_000, "SerializationException"),
        ("AWSStepFunctions.ListStateMachines", '{"nextToken": "nonsense"}', "InvalidToken"),
    ],
)
def test_what_is_no_request_is_refused(endpoint, target, body, code):
    response, answer = post(endpoint, target, body)
    assert (response.status, answer["__type"]) == (400, code)


def test_a_body_above_four_megabytes_is_refused(endpoint):
    response, answer = post(endpoint, "AWSStepFunctions.ListStateMachines", b" " * (4 * 1024 * 1024 + 1))
    assert (response.status, answer["__type"]) == (413, "RequestEntityTooLargeException")


def minimal(shape):
    """Give a value that has all that a shape requires and breaks none of its constraints."""
    match shape.type_name:
        case "structure":
            return {name: minimal(shape.members[name]) for name in shape.required_members}
        case "list":
            return [minimal(shape.member)]
        case "string" if shape.metadata.get("enum"):
            return shape.metadata["enum"][0]
        case "string":
            return "some-name"
        case "boolean":
            return False
        case _:
            return shape.metadata.get("min", 0)


@pytest.mark.parametrize("operation", service_model().operation_names)
def test_each_operation_of_the_service_is_answered_or_refused_by_name(endpoint, operation):
    request = minimal(service_model().operation_model(operation).input_shape)
    response, answer = post(endpoint, f"AWSStepFunctions.{operation}", json.dumps(request))
    if operation not in OPERATIONS:
        assert response.status == 501
        assert answer["message"] == f"{operation} is not supported by this endpoint yet"
    elif response.status == 200:
        report = ParamValidator().validate(answer, service_model().operation_model(operation).output_shape)
        assert not report.has_errors(), report.generate_report()
    else:
        known = {error.name for error in service_model().operation_model(operation).error_shapes}
        assert answer["__type"] in known | {"ValidationException"}


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("DescribeStateMachine", lambda machine, execution: {"stateMachineArn": machine}),
        ("ListStateMachines", lambda machine, execution: {}),
        ("DescribeExecution", lambda machine, execution: {"executionArn": execution}),
        ("ListExecutions", lambda machine, execution: {"stateMachineArn": machine}),
        ("GetExecutionHistory", lambda machine, execution: {"executionArn": execution}),
        ("DescribeStateMachineForExecution", lambda machine, execution: {"executionArn": execution}),
        ("ListMapRuns", lambda machine, execution: {"executionArn": execution}),
        ("ListTagsForResource", lambda machine, execution: {"resourceArn": machine}),
        ("UpdateStateMachine", lambda machine, execution: {"stateMachineArn": machine, "roleArn": ROLE}),
        ("StartExecution", lambda machine, execution: {"stateMachineArn": machine}),
        ("StopExecution", lambda machine, execution: {"executionArn": execution}),
    ],
)
def test_answers_pass_botocores_output_model(endpoint, run, operation, request_):
    execution = run(FAILING)
    body = json.dumps(request_(execution["stateMachineArn"], execution["executionArn"]))
    response, answer = post(endpoint, f"AWSStepFunctions.{operation}", body)
    assert response.status == 200, answer
    report = ParamValidator().validate(answer, service_model().operation_model(operation).output_shape)
    assert not report.has_errors(), report.generate_report()
