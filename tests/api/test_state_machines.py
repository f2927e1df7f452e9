"""State machines through the API on the real engine, driven by boto3: settings, tags, validation."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest

from statewright.api import create_app
from statewright.engine import Engine, LocalFunctions
from tests.api.conftest import sfn_client
from tests.api.machines import DOUBLE, PASS, ROLE, WAITING, refused
from tests.api.serving import served


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
    assert described["encryptionConfiguration"] == {"type": "AWS_OWNED_KEY"}
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


def test_an_execution_keeps_the_definition_that_it_started_with_whatever_becomes_of_the_machine(sfn, make):
    machine = make(WAITING)
    first = sfn.update_state_machine(stateMachineArn=machine, roleArn=f"{ROLE}-2")["revisionId"]
    arn = sfn.start_execution(stateMachineArn=machine)["executionArn"]

    def told():
        described = sfn.describe_state_machine_for_execution(executionArn=arn)
        return json.loads(described["definition"]), described["roleArn"], described["revisionId"]

    started_with = (WAITING, f"{ROLE}-2", first)
    assert told() == started_with
    sfn.update_state_machine(stateMachineArn=machine, definition=json.dumps(PASS), roleArn=ROLE)
    assert told() == started_with
    sfn.stop_execution(executionArn=arn)
    assert told() == started_with
    sfn.delete_state_machine(stateMachineArn=machine)
    assert told() == started_with


def test_an_update_that_changes_nothing_makes_no_revision(sfn, make):
    machine = make()
    assert "revisionId" not in sfn.update_state_machine(stateMachineArn=machine, definition=json.dumps(PASS))
    changed = sfn.update_state_machine(stateMachineArn=machine, tracingConfiguration={"enabled": True})
    again = sfn.update_state_machine(stateMachineArn=machine, tracingConfiguration={"enabled": True})
    assert changed["revisionId"] == again["revisionId"]
    assert sfn.describe_state_machine(stateMachineArn=machine)["revisionId"] == changed["revisionId"]


def test_descriptions_tell_which_variables_a_state_refers_to(sfn, make):
    state = {"Type": "Pass", "Assign": {"b": 1, "a": 2}, "Next": "B"}
    reader = {"Type": "Pass", "Parameters": {"x.$": "$b", "y.$": "$a"}, "End": True}
    machine = make({"StartAt": "A", "States": {"A": state, "B": reader}})
    arn = sfn.start_execution(stateMachineArn=machine)["executionArn"]
    expected = {"B": ["a", "b"]}
    assert sfn.describe_state_machine(stateMachineArn=machine)["variableReferences"] == expected
    described = sfn.describe_state_machine_for_execution(executionArn=arn)
    assert described["variableReferences"] == expected
    assert "variableReferences" not in sfn.describe_state_machine(stateMachineArn=make())


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


# --- log groups ---


class LogGroups:
    """CloudWatch Logs with one group."""

    def describe_log_groups(self, **request):
        return {"logGroups": [{"logGroupName": name} for name in ("there", "there-too")]}

    def create_log_stream(self, **request):
        assert request["logGroupName"] == "there"

    def put_log_events(self, **request):
        LOGGED.extend(event["message"] for event in request["logEvents"])


LOGGED: list[str] = []


@pytest.fixture(scope="module")
def logging_sfn():
    async def make():
        engine = Engine(functions=LocalFunctions({}), clients={"logs": LogGroups()}.get)
        return create_app(engine, engine.functions), engine.close

    with served(make) as url:
        yield sfn_client(url)


def to_group(name, ending=":*"):
    arn = f"arn:aws:logs:us-east-1:000000000000:log-group:{name}{ending}"
    return {"level": "ALL", "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": arn}}]}


def test_a_log_group_must_be_there(logging_sfn):
    request = {"name": "logging", "definition": json.dumps(PASS), "roleArn": ROLE}
    missing = ("InvalidLoggingConfiguration", "Invalid Logging Configuration: Log Destination not found.")
    create = logging_sfn.create_state_machine
    assert refused(create, **request, loggingConfiguration=to_group("the")) == missing
    assert refused(create, **request, loggingConfiguration=to_group("there", ""))[0] == missing[0]
    arn = create(**request, loggingConfiguration=to_group("there"))["stateMachineArn"]
    update = logging_sfn.update_state_machine
    assert refused(update, stateMachineArn=arn, loggingConfiguration=to_group("gone")) == missing
    told = logging_sfn.describe_state_machine(stateMachineArn=arn)["loggingConfiguration"]
    assert told == {**to_group("there"), "includeExecutionData": False}


def test_an_express_execution_is_told_in_its_log(logging_sfn):
    request = {"name": "express", "definition": json.dumps(PASS), "roleArn": ROLE, "type": "EXPRESS"}
    machine = logging_sfn.create_state_machine(**request, loggingConfiguration=to_group("there"))
    arn = logging_sfn.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"]
    deadline = time.monotonic() + 10
    while not any(arn in line and "ExecutionSucceeded" in line for line in LOGGED):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_definition_that_takes_long_to_read_holds_up_nobody_else(endpoint, sfn, make):
    expressions = {f"k{index}": f"{{% $states.input.a{index} + 1 %}}" for index in range(3_000)}
    state = {"Type": "Pass", "QueryLanguage": "JSONata", "Output": expressions, "End": True}
    text = json.dumps({"StartAt": "A", "States": {"A": state}})
    answered = 0
    with ThreadPoolExecutor(1) as other:
        creating = other.submit(sfn_client(endpoint).validate_state_machine_definition, definition=text)
        while not creating.done():
            sfn.list_activities()
            answered += 1
    assert creating.result()["result"] == "OK"
    assert answered > 3
