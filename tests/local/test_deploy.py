"""Creating what a project describes."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest

from statewright.local.deploy import DeployError, deploy
from statewright.local.names import Names
from statewright.project import Attribute, Table

if TYPE_CHECKING:
    from statewright.local.clients import Clients


def test_buckets_are_versioned_and_tell_of_their_objects(names: Names, clients: Clients) -> None:
    deploy(names, clients)

    s3 = clients("s3")
    raw, staging = names.bucket("raw"), names.bucket("staging")
    assert s3.get_bucket_versioning(Bucket=raw)["Status"] == "Enabled"
    assert "EventBridgeConfiguration" in s3.get_bucket_notification_configuration(Bucket=raw)
    assert "EventBridgeConfiguration" not in s3.get_bucket_notification_configuration(Bucket=staging)
    rule = s3.get_bucket_lifecycle_configuration(Bucket=staging)["Rules"][0]
    assert rule["Expiration"]["Days"] == 7


def test_tables_have_the_keys_indexes_and_time_to_live_that_are_described(
    names: Names, clients: Clients
) -> None:
    deploy(names, clients)

    dynamodb = clients("dynamodb")
    files = dynamodb.describe_table(TableName=names.of("files"))["Table"]
    orders = dynamodb.describe_table(TableName=names.of("orders"))["Table"]
    ttl = dynamodb.describe_time_to_live(TableName=names.of("orders"))["TimeToLiveDescription"]
    assert [index["IndexName"] for index in files["GlobalSecondaryIndexes"]] == ["by_day"]
    assert orders["KeySchema"] == [{"AttributeName": "order_id", "KeyType": "HASH"}]
    assert (ttl["AttributeName"], ttl["TimeToLiveStatus"]) == ("expires_at", "ENABLED")


def test_a_second_deployment_changes_nothing(names: Names, clients: Clients) -> None:
    deploy(names, clients)
    before = parameter(names, clients)

    deploy(names, clients)

    assert parameter(names, clients) == before
    assert len(before) == 64


def parameter(names: Names, clients: Clients) -> str:
    found = clients("ssm").get_parameter(Name=names.parameter("pseudonym_key"), WithDecryption=True)
    return str(found["Parameter"]["Value"])


def test_changed_queue_attributes_are_applied(names: Names, clients: Clients) -> None:
    deploy(names, clients)
    queues = {**names.project.description.queues, "dead_letters": type_of_queue(names)(retention_seconds=600)}

    deploy(with_description(names, queues=queues), clients)

    url = names.queue_url("dead_letters")
    attributes = clients("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["MessageRetentionPeriod"] == "600"


def test_another_key_for_a_table_that_exists_is_refused(names: Names, clients: Clients) -> None:
    deploy(names, clients)
    tables = {"files": Table(partition_key=Attribute("other"))}

    with pytest.raises(DeployError, match=r"-files exists with another key .* down --wipe"):
        deploy(with_description(names, tables=tables), clients)


def test_an_upload_reaches_the_rules_queue_and_nothing_else_does(names: Names, clients: Clients) -> None:
    deploy(names, clients)
    key = "orders/ü b+%20.json"

    clients("s3").put_object(Bucket=names.bucket("staging"), Key="x", Body=b"{}")
    clients("s3").put_object(Bucket=names.bucket("raw"), Key=key, Body=b"{}")

    events = received(names, clients)
    assert [event["detail"]["object"]["key"] for event in events] == [key]
    assert events[0]["detail-type"] == "Object Created"


def received(names: Names, clients: Clients) -> list[dict[str, Any]]:
    url = names.queue_url(names.events_queue("object_created"))
    answer = clients("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=1, MaxNumberOfMessages=10)
    return [json.loads(message["Body"]) for message in answer["Messages"]]


def type_of_queue(names: Names) -> Any:
    return type(names.project.description.queues["dead_letters"])


def with_description(names: Names, **changes: Any) -> Names:
    import msgspec

    description = msgspec.structs.replace(names.project.description, **changes)
    return Names(dataclasses.replace(names.project, description=description), names.endpoint)
