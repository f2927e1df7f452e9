"""Service integrations, against moto in this process."""

from __future__ import annotations

import json

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws

from statewright.engine.errors import InvalidDefinition
from statewright.engine.integrations.aws import sdk_dialect, service_failure
from statewright.engine.integrations.sdk import boto_service, has_action
from statewright.engine.runner import ROLE

REGION = "us-east-1"


@pytest.fixture
def cloud(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        made = {}

        def clients(service):
            if service not in made:
                made[service] = boto3.client(service, region_name=REGION)
            return made[service]

        yield clients


@pytest.fixture
def table(cloud):
    cloud("dynamodb").create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return cloud


def task(resource, **parameters):
    return {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Parameters": parameters}


KEY = {"id": {"S": "1"}}


def test_dynamodb_writes_updates_reads_and_deletes(execute, chain, table):
    definition = chain(
        task("dynamodb:putItem", TableName="t", Item={**KEY, "n": {"N": "1"}}),
        task(
            "dynamodb:updateItem",
            TableName="t",
            Key=KEY,
            UpdateExpression="SET n = n + :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
            ReturnValues="UPDATED_NEW",
        ),
        {**task("dynamodb:getItem", TableName="t", Key=KEY), "ResultSelector": {"item.$": "$.Item"}},
    )
    outcome = execute(definition, clients=table)
    assert outcome.output == {"item": {"id": {"S": "1"}, "n": {"N": "2"}}}
    assert outcome.event("TaskSucceeded")["resourceType"] == "dynamodb"
    assert execute(task("dynamodb:deleteItem", TableName="t", Key=KEY), clients=table).status == "SUCCEEDED"
    assert table("dynamodb").scan(TableName="t")["Count"] == 0


def test_a_condition_that_fails_is_named_as_aws_names_it(execute, table):
    state = task("dynamodb:putItem", TableName="t", Item=KEY, ConditionExpression="attribute_exists(id)")
    outcome = execute(state, clients=table)
    assert outcome.error == "DynamoDB.ConditionalCheckFailedException"
    assert (
        "(Service: AmazonDynamoDBv2; Status Code: 400; Error Code: ConditionalCheckFailedException;"
        in outcome.cause
    )
    sdk = {**state, "Resource": "arn:aws:states:::aws-sdk:dynamodb:putItem"}
    outcome = execute(sdk, clients=table)
    assert outcome.error == "DynamoDb.ConditionalCheckFailedException"
    assert "(Service: DynamoDb, Status Code: 400, Request ID: " in outcome.cause


def test_a_parameter_that_is_missing_or_null_is_told_in_aws_words(execute, table):
    outcome = execute(task("dynamodb:putItem", TableName="t", Item=None), clients=table)
    assert outcome.error == "DynamoDB.AmazonDynamoDBException"
    assert outcome.cause.startswith(
        "1 validation error detected: Value null at 'item' failed to satisfy constraint:"
        " Member must not be null"
    )


def test_a_parameter_that_the_service_does_not_have_is_refused_by_name(execute, table):
    outcome = execute(task("dynamodb:putItem", TableName="t", Item=KEY, Foo=1), clients=table)
    assert outcome.error == "States.Runtime"
    assert 'could not be used to start the Task: [The field "Foo" is not supported' in outcome.cause


def test_sqs_sends_text_and_objects(execute, cloud):
    url = cloud("sqs").create_queue(QueueName="q")["QueueUrl"]
    for body in ("text", {"a": 1}):
        outcome = execute(task("sqs:sendMessage", QueueUrl=url, MessageBody=body), clients=cloud)
        assert {"MD5OfMessageBody", "MessageId", "SdkHttpMetadata"} <= set(outcome.output)
    found = cloud("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert (
        sorted(message["Body"] for message in found) == ["text", '{"a":1}']
        or sorted(message["Body"] for message in found) == ["text", '{"a":1}'][::-1]
    )
    outcome = execute(task("sqs:sendMessage", QueueUrl=url), clients=cloud)
    assert outcome.error == "SQS.AmazonSQSException"


def test_sns_publishes_with_attributes(execute, cloud):
    topic = cloud("sns").create_topic(Name="t")["TopicArn"]
    attributes = {"event": {"DataType": "String", "StringValue": "failed"}}
    state = task("sns:publish", TopicArn=topic, Message={"a": 1}, Subject="s", MessageAttributes=attributes)
    assert "MessageId" in execute(state, clients=cloud).output
    outcome = execute(task("sns:publish", TopicArn=topic + "x", Message="m"), clients=cloud)
    assert outcome.error == "SNS.NotFoundException"
    assert "Error Code: NotFound;" in outcome.cause


def test_s3_errors_end_in_exception_and_bodies_are_text(execute, cloud):
    cloud("s3").create_bucket(Bucket="box")
    cloud("s3").put_object(Bucket="box", Key="k", Body=b"hello")
    outcome = execute(task("aws-sdk:s3:getObject", Bucket="box", Key="k"), clients=cloud)
    assert outcome.output["Body"] == "hello"
    assert outcome.output["ContentLength"] == 5
    outcome = execute(task("aws-sdk:s3:getObject", Bucket="box", Key="gone"), clients=cloud)
    assert outcome.error == "S3.NoSuchKeyException"
    outcome = execute(task("aws-sdk:s3:getObject", Bucket="nowhere", Key="k"), clients=cloud)
    assert outcome.error == "S3.NoSuchBucketException"


@pytest.mark.parametrize(
    ("config", "body", "items"),
    [
        ({"InputType": "JSON"}, '[1, {"a": 2}]', [1, {"a": 2}]),
        ({"InputType": "JSON", "ItemsPointer": "/x/y"}, '{"x": {"y": [3]}}', [3]),
        ({"InputType": "JSONL"}, '{"a": 1}\n\n{"a": 2}\n', [{"a": 1}, {"a": 2}]),
        (
            {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"},
            "a,b\n1,\n2,3,4\n",
            [{"a": "1", "b": ""}, {"a": "2", "b": "3"}],
        ),
        (
            {"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["h"], "CSVDelimiter": "PIPE"},
            "1|2\n",
            [{"h": "1"}],
        ),
        ({"InputType": "JSON", "MaxItems": 1}, "[1, 2]", [1]),
    ],
)
def test_an_item_reader_reads_items_from_s3(execute, cloud, config, body, items):
    cloud("s3").create_bucket(Bucket="box")
    cloud("s3").put_object(Bucket="box", Key="k", Body=body.encode())
    outcome = execute(read_map(config), clients=cloud)
    assert outcome.output == items
    assert outcome.event("MapStateStarted") == {"length": 0}


def read_map(config, resource="s3:getObject", **parameters):
    return {
        "Type": "Map",
        "ItemReader": {
            "Resource": f"arn:aws:states:::{resource}",
            "Parameters": parameters or {"Bucket": "box", "Key": "k"},
            "ReaderConfig": config,
        },
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
            "StartAt": "P",
            "States": {"P": {"Type": "Pass", "End": True}},
        },
    }


@pytest.mark.parametrize(
    ("config", "body", "cause"),
    [
        ({"InputType": "JSON"}, "1", "Attempting to map over non-iterable node."),
        (
            {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"},
            "a,a\n",
            "CSV headers cannot contain duplicates.",
        ),
    ],
)
def test_items_that_cannot_be_read_fail_the_map_run(execute, cloud, config, body, cause):
    cloud("s3").create_bucket(Bucket="box")
    cloud("s3").put_object(Bucket="box", Key="k", Body=body.encode())
    outcome = execute(read_map(config), clients=cloud)
    assert (outcome.error, outcome.cause) == ("States.ItemReaderFailed", cause)
    assert outcome.types[-3:] == ["MapRunFailed", "MapStateFailed", "ExecutionFailed"]


def test_an_item_reader_lists_objects(execute, cloud):
    cloud("s3").create_bucket(Bucket="box")
    for name in ("x/1", "x/2", "y/3"):
        cloud("s3").put_object(Bucket="box", Key=name, Body=b"..")
    outcome = execute(read_map({}, "s3:listObjectsV2", Bucket="box", Prefix="x/"), clients=cloud)
    assert [item["Key"] for item in outcome.output] == ["x/1", "x/2"]
    assert outcome.output[0]["Size"] == 2


def test_without_clients_a_service_cannot_be_called(execute):
    assert "No clients" in execute(task("dynamodb:getItem", TableName="t", Key=KEY)).cause


def test_a_service_out_of_reach_is_a_client_error(execute):
    class Client:
        class meta:  # noqa: N801
            service_model = boto3.client(
                "sqs", region_name=REGION, aws_access_key_id="x", aws_secret_access_key="x"
            ).meta.service_model

        def send_message(self, **_):
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")

    outcome = execute(task("sqs:sendMessage", QueueUrl="u", MessageBody="m"), clients=lambda _: Client())
    assert outcome.error == "SQS.SdkClientException"


@pytest.mark.parametrize(
    ("service_id", "prefix"),
    [
        ("DynamoDB", "DynamoDb"),
        ("S3", "S3"),
        ("Secrets Manager", "SecretsManager"),
        ("SFN", "Sfn"),
        ("EventBridge", "EventBridge"),
        ("CloudWatch Logs", "CloudWatchLogs"),
        ("SQS", "Sqs"),
    ],
)
def test_services_are_named_as_the_java_sdk_names_them(service_id, prefix):
    assert sdk_dialect(service_id).prefix == prefix


def test_an_error_that_the_model_does_not_have_takes_the_services_own_name(cloud):
    response = {"Error": {"Code": "Strange", "Message": "m"}, "ResponseMetadata": {"HTTPStatusCode": 418}}
    error = ClientError(response, "PutItem")
    failure = service_failure(cloud("dynamodb"), sdk_dialect("DynamoDB"), error.response)
    assert failure.error == "DynamoDb.DynamoDbException"
    assert failure.cause.startswith("m (Service: DynamoDb, Status Code: 418, Request ID: ")


def test_step_functions_names_of_services_are_known():
    assert boto_service("sfn") == "stepfunctions"
    assert boto_service("eventbridge") == "events"
    assert boto_service("cognitoidentityprovider") == "cognito-idp"
    assert boto_service("nonsense") is None
    assert has_action("dynamodb", "putItem")
    assert not has_action("dynamodb", "PutItem")
    assert not has_action("dynamodb", "flyAway")


@pytest.mark.parametrize(
    ("resource", "sentence"),
    [
        ("arn:aws:states:::dynamodb:query", "is not recognized"),
        ("arn:aws:states:::aws-sdk:dynamodb:flyAway", "is not recognized"),
        ("arn:aws:states:::sqs:sendMessage.sync", "is not recognized"),
        ("${Placeholder}", "is not recognized"),
        ("arn:aws:states:::eks:runJob.sync", "'eks:runJob' is not supported by this engine"),
        ("arn:aws:states:::elasticmapreduce:runJobFlow", "'elasticmapreduce:runJobFlow' is not supported"),
    ],
)
def test_what_the_engine_does_not_have_is_refused_at_creation(in_engine, resource, sentence):
    async def work(engine):
        definition = json.dumps(
            {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": resource, "End": True}}}
        )
        with pytest.raises(InvalidDefinition) as found:
            engine.create_state_machine("m", definition, ROLE)
        assert sentence in found.value.message
        assert found.value.message.endswith("at /States/T/Resource'")

    in_engine(work)


@pytest.mark.parametrize(
    ("resource", "sentence"),
    [
        ("arn:aws:states:::sqs:sendMessage.waitForTaskToken", "'.waitForTaskToken' service integration "),
        ("arn:aws:states:::states:startExecution.sync", "'.sync' service integration"),
        ("arn:aws:states:us-east-1:000000000000:activity:a", "Activity ARN"),
    ],
)
def test_an_express_machine_may_not_wait_for_others(in_engine, resource, sentence):
    async def work(engine):
        definition = json.dumps(
            {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": resource, "End": True}}}
        )
        with pytest.raises(InvalidDefinition, match=f"Express state machine does not support {sentence}"):
            engine.create_state_machine("m", definition, ROLE, "EXPRESS")

    in_engine(work)
