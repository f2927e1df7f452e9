"""What calls and definitions need of IAM."""

from __future__ import annotations

import json
from typing import Any

import botocore.session
import pytest

from statewright import asl
from statewright.permissions import (
    RULES,
    Permission,
    UnknownCall,
    Where,
    of_call,
    of_definition,
    of_encryption,
)

HERE = Where("eu-central-1", "000000000000")
OBJECT = {"Bucket": "b", "Key": "a/b.json"}
DYNAMODB = "arn:aws:dynamodb:eu-central-1:000000000000:table"
QUEUE = "arn:aws:sqs:eu-central-1:000000000000:letters"


def test_a_call_needs_its_action_on_the_resource_that_it_names() -> None:
    assert of_call("dynamodb", "PutItem", {"TableName": "files"}, HERE) == {
        Permission("dynamodb:PutItem", f"{DYNAMODB}/files")
    }
    assert of_call("sqs", "SendMessage", {"QueueUrl": "https://sqs/000000000000/letters"}, HERE) == {
        Permission("sqs:SendMessage", QUEUE)
    }
    assert of_call("ssm", "GetParameter", {"Name": "/project/key"}, HERE) == {
        Permission("ssm:GetParameter", "arn:aws:ssm:eu-central-1:000000000000:parameter/project/key")
    }


@pytest.mark.parametrize("table", ["files", f"{DYNAMODB}/files"])
def test_a_query_of_an_index_is_checked_against_the_index(table: str) -> None:
    query = {"TableName": table, "IndexName": "by_day"}
    assert of_call("dynamodb", "Query", query, HERE) == {
        Permission("dynamodb:Query", f"{DYNAMODB}/files/index/by_day")
    }


def test_an_arn_in_a_parameter_is_the_resource() -> None:
    topic = "arn:aws:sns:us-east-1:000000000001:elsewhere"
    assert of_call("sns", "Publish", {"TopicArn": topic}, HERE) == {Permission("sns:Publish", topic)}


def test_a_start_by_an_alias_is_checked_against_the_state_machine() -> None:
    machine = "arn:aws:states:us-east-1:000000000000:stateMachine:one"
    assert of_call("stepfunctions", "StartExecution", {"stateMachineArn": f"{machine}:live"}, HERE) == {
        Permission("states:StartExecution", machine)
    }


def test_a_batch_needs_its_action_on_each_table() -> None:
    batch = {"RequestItems": {"orders": [], "sales": []}}
    assert of_call("dynamodb", "BatchWriteItem", batch, HERE) == {
        Permission("dynamodb:BatchWriteItem", f"{DYNAMODB}/orders"),
        Permission("dynamodb:BatchWriteItem", f"{DYNAMODB}/sales"),
    }


@pytest.mark.parametrize(
    ("operation", "parameters", "found", "actions"),
    [
        ("HeadObject", OBJECT, True, {"s3:GetObject"}),
        ("HeadObject", {**OBJECT, "VersionId": "1"}, True, {"s3:GetObjectVersion"}),
        ("HeadObject", OBJECT, False, {"s3:GetObject", "s3:ListBucket"}),
        ("GetObject", {**OBJECT, "VersionId": "1"}, False, {"s3:GetObjectVersion", "s3:ListBucket"}),
        ("CompleteMultipartUpload", OBJECT, True, {"s3:PutObject"}),
        ("AbortMultipartUpload", OBJECT, True, {"s3:AbortMultipartUpload"}),
        ("ListObjectsV2", {"Bucket": "b"}, True, {"s3:ListBucket"}),
    ],
)
def test_s3_checks_other_actions_than_are_called(
    operation: str, parameters: dict[str, Any], found: bool, actions: set[str]
) -> None:
    needed = of_call("s3", operation, parameters, HERE, found=found)
    assert {each.action for each in needed} == actions
    for each in needed:
        assert each.resource == (
            "arn:aws:s3:::b" if each.action == "s3:ListBucket" else "arn:aws:s3:::b/a/b.json"
        )


def test_a_call_without_a_rule_is_refused_by_name() -> None:
    with pytest.raises(UnknownCall, match=r"s3\.PutBucketPolicy: permissions\.json has no rule for it"):
        of_call("s3", "PutBucketPolicy", {}, HERE)


def test_every_rule_is_of_an_operation_that_there_is_and_names_a_resource_of_its_parameters() -> None:
    rules = json.loads(RULES.read_bytes())
    session = botocore.session.get_session()
    for call, needs in rules["calls"].items():
        service, operation = call.split(".")
        members = session.get_service_model(service).operation_model(operation).input_shape.members
        for need in needs:
            assert need.keys() <= {"action", "resource", "with", "without", "on", "part"}
            assert {need.get("with"), need.get("without")} - {None} <= members.keys()
            fields = set(rules["resources"][need["resource"]].replace("{", "}").split("}")[1::2])
            of_parts = members["TransactItems"].member.members if "part" in need else {}
            named = of_parts[need["part"]].members if of_parts else members
            assert fields & named.keys() or "RequestItems" in named, call
    actions = {need["action"] for needs in rules["calls"].values() for need in needs}
    assert rules["encrypted"].keys() <= actions
    assert {each["resource"] for needs in rules["calls"].values() for each in needs} == rules[
        "resources"
    ].keys()


def test_a_transaction_needs_what_its_parts_need() -> None:
    parts = [{"Put": {"TableName": "t"}}, {"Update": {"TableName": "u"}}]
    table = "arn:aws:dynamodb:eu-central-1:000000000000:table"
    where = Where("eu-central-1", "000000000000")
    assert of_call("dynamodb", "TransactWriteItems", {"TransactItems": parts}, where) == {
        Permission("dynamodb:PutItem", f"{table}/t"),
        Permission("dynamodb:UpdateItem", f"{table}/u"),
    }
    computed = of_call("dynamodb", "TransactWriteItems", {"TransactItems": "{% $parts %}"}, where)
    assert Permission("dynamodb:ConditionCheckItem", f"{table}/*") in computed
    assert len(computed) == 4


def test_what_is_encrypted_with_a_key_needs_the_key() -> None:
    assert of_encryption("s3:GetObject") == {"kms:Decrypt"}
    assert of_encryption("sqs:SendMessage") == {"kms:Decrypt", "kms:GenerateDataKey"}
    assert of_encryption("s3:ListBucket") == frozenset()


def definition(**states: Any) -> asl.StateMachine:
    named = {name: {**state, "End": True} for name, state in states.items()}
    return asl.parse(json.dumps({"StartAt": next(iter(named)), "QueryLanguage": "JSONata", "States": named}))


def task(resource: str, **arguments: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Arguments": arguments}


def test_a_definition_needs_what_its_tasks_call() -> None:
    needed = of_definition(definition(Put=task("dynamodb:putItem", TableName="files", Item={})), "one", HERE)
    assert needed == {Permission("dynamodb:PutItem", f"{DYNAMODB}/files")}


@pytest.mark.parametrize(
    ("resource", "arguments", "permission"),
    [
        (
            "lambda:invoke",
            {"FunctionName": "work"},
            ("lambda:InvokeFunction", "arn:aws:lambda:eu-central-1:000000000000:function:work"),
        ),
        ("aws-sdk:s3:getObject", OBJECT, ("s3:GetObject", "arn:aws:s3:::b/a/b.json")),
        ("aws-sdk:dynamodb:getItem", {"TableName": "{% $table %}"}, ("dynamodb:GetItem", f"{DYNAMODB}/*")),
        (
            "sqs:sendMessage.waitForTaskToken",
            {"QueueUrl": "https://sqs/0/letters"},
            ("sqs:SendMessage", QUEUE),
        ),
        (
            "states:startExecution",
            {"StateMachineArn": "arn:aws:states:eu-central-1:000000000000:stateMachine:two"},
            ("states:StartExecution", "arn:aws:states:eu-central-1:000000000000:stateMachine:two"),
        ),
    ],
)
def test_integrations_of_every_kind_are_read(
    resource: str, arguments: dict[str, Any], permission: tuple[str, str]
) -> None:
    machine = asl.parse(
        json.dumps(
            {
                "StartAt": "A",
                "QueryLanguage": "JSONata",
                "States": {"A": {**task(resource, **arguments), "End": True}},
            }
        )
    )
    assert of_definition(machine, "one", HERE) == {Permission(*permission)}


def distributed(kind: str, **more: Any) -> asl.StateMachine:
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": kind},
        "StartAt": "Nothing",
        "States": {"Nothing": {"Type": "Pass", "End": True}},
    }
    return definition(Each={"Type": "Map", "ItemProcessor": processor, **more})


def test_a_distributed_map_starts_executions_of_its_own_state_machine() -> None:
    own = "arn:aws:states:eu-central-1:000000000000"
    start = Permission("states:StartExecution", f"{own}:stateMachine:one")
    assert of_definition(distributed("EXPRESS"), "one", HERE) == {start}
    assert of_definition(distributed("STANDARD"), "one", HERE) == {
        start,
        *(
            Permission(f"states:{action}Execution", f"{own}:execution:one/*")
            for action in ("Describe", "Redrive", "Stop")
        ),
    }


def test_a_map_run_reads_its_items_and_writes_its_results_itself() -> None:
    reader = {"Resource": "arn:aws:states:::s3:listObjectsV2", "Arguments": {"Bucket": "raw", "Prefix": "a/"}}
    file = {"Resource": "arn:aws:states:::s3:getObject", "Arguments": {"Bucket": "raw", "Key": "{% $x %}"}}
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Arguments": {"Bucket": "staging", "Prefix": "b/"}}
    listing = of_definition(distributed("EXPRESS", ItemReader=reader, ResultWriter=writer), "one", HERE)
    reading = of_definition(distributed("EXPRESS", ItemReader=file), "one", HERE)
    assert {each for each in listing if each.action.startswith("s3:")} == {
        Permission("s3:ListBucket", "arn:aws:s3:::raw"),
        Permission("s3:PutObject", "arn:aws:s3:::staging/*"),
    }
    assert Permission("s3:GetObject", "arn:aws:s3:::raw/*") in reading


def test_what_no_rule_tells_is_refused_by_name() -> None:
    with pytest.raises(UnknownCall, match=r"startJobRun\.sync: no rule tells what it needs"):
        of_definition(definition(Job=task("glue:startJobRun.sync", JobName="j")), "one", HERE)
