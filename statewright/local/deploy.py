"""Creates what a project describes on the emulator. Doing so again changes nothing; nothing is deleted.

DeployError   what exists cannot become what is described, without losing data
"""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from statewright.local.clients import Clients
    from statewright.local.names import Names
    from statewright.project import Bucket, Table

# An event whose start fails this often without an answer goes to the rule's dead letters, instead of round.
MAX_RECEIVES = 10
VISIBILITY_SECONDS = 30  # a start takes milliseconds; after this another attempt is made


class DeployError(Exception):
    """A resource that exists differs in a way that cannot be changed."""


def deploy(names: Names, clients: Clients) -> None:
    """Create or adapt the buckets, tables, queues, topics, parameters and rules; raises DeployError."""
    description = names.project.description
    for logical, bucket in description.buckets.items():
        _deploy_bucket(clients("s3"), names.bucket(logical), bucket)
    for logical, table in names.tables().items():
        _deploy_table(clients("dynamodb"), names.of(logical), table)
    # Those that others name as their dead letters come first: SQS wants them to exist.
    for logical in sorted(
        description.queues, key=lambda each: description.queues[each].dead_letters is not None
    ):
        _deploy_queue(clients("sqs"), names.of(logical), **queue_attributes(names, logical))
    for logical in description.topics:
        clients("sns").create_topic(Name=names.of(logical))
    for logical, parameter in description.parameters.items():
        _deploy_parameter(clients("ssm"), names.parameter(logical), parameter.random_bytes)
    for logical in description.rules:
        _deploy_rule(names, clients, logical)


def _deploy_bucket(s3: Any, name: str, bucket: Bucket) -> None:
    existing = {each["Name"] for each in s3.list_buckets()["Buckets"]}
    if name not in existing:
        s3.create_bucket(Bucket=name)
    if bucket.versioned:
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    events: dict[str, Any] = {"EventBridgeConfiguration": {}} if bucket.events else {}
    s3.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration=events)
    if bucket.expire_after_days is not None:
        s3.put_bucket_lifecycle_configuration(
            Bucket=name, LifecycleConfiguration={"Rules": [_expiry(bucket.expire_after_days)]}
        )


def _expiry(days: int) -> dict[str, Any]:
    return {
        "ID": "expire",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "Expiration": {"Days": days},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": days},
    }


def _deploy_table(dynamodb: Any, name: str, table: Table) -> None:
    wanted = _table_request(name, table)
    try:
        found = dynamodb.describe_table(TableName=name)["Table"]
    except dynamodb.exceptions.ResourceNotFoundException:
        dynamodb.create_table(**wanted)
        dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
        found = None
    if found is not None:
        _check_table(name, found, wanted)
    if table.ttl is not None:
        _set_time_to_live(dynamodb, name, table.ttl)


def _table_request(name: str, table: Table) -> dict[str, Any]:
    attributes = {table.partition_key.name: table.partition_key.type}
    if table.sort_key:
        attributes[table.sort_key.name] = table.sort_key.type
    request: dict[str, Any] = {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": _key_schema(table),
    }
    for index, key in table.indexes.items():
        attributes[key.partition_key.name] = key.partition_key.type
        if key.sort_key:
            attributes[key.sort_key.name] = key.sort_key.type
        request.setdefault("GlobalSecondaryIndexes", []).append(
            {"IndexName": index, "KeySchema": _key_schema(key), "Projection": {"ProjectionType": "ALL"}}
        )
    request["AttributeDefinitions"] = [
        {"AttributeName": attribute, "AttributeType": kind} for attribute, kind in attributes.items()
    ]
    return request


def _key_schema(key: Any) -> list[dict[str, str]]:
    schema = [{"AttributeName": key.partition_key.name, "KeyType": "HASH"}]
    if key.sort_key:
        schema.append({"AttributeName": key.sort_key.name, "KeyType": "RANGE"})
    return schema


def _check_table(name: str, found: dict[str, Any], wanted: dict[str, Any]) -> None:
    types = {each["AttributeName"]: each["AttributeType"] for each in found["AttributeDefinitions"]}
    types_wanted = {each["AttributeName"]: each["AttributeType"] for each in wanted["AttributeDefinitions"]}
    indexes = {each["IndexName"] for each in found.get("GlobalSecondaryIndexes", [])}
    indexes_wanted = {each["IndexName"] for each in wanted.get("GlobalSecondaryIndexes", [])}
    if found["KeySchema"] != wanted["KeySchema"] or types != types_wanted or indexes != indexes_wanted:
        raise DeployError(
            f"table {name} exists with another key or other indexes than are described now;"
            " `statewright down --wipe` removes the local state, and the next `up` creates it anew"
        )


def _set_time_to_live(dynamodb: Any, name: str, attribute: str) -> None:
    found = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    if found.get("AttributeName") == attribute and found["TimeToLiveStatus"] in ("ENABLED", "ENABLING"):
        return
    dynamodb.update_time_to_live(
        TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": attribute}
    )


def queue_attributes(names: Names, logical: str) -> dict[str, str]:
    """Return the attributes of a described queue, as SQS has them."""
    queue = names.project.description.queues[logical]
    attributes = {
        "MessageRetentionPeriod": str(queue.retention_seconds),
        "VisibilityTimeout": str(queue.visibility_seconds),
        "MaximumMessageSize": str(queue.max_message_bytes),
    }
    if queue.dead_letters is not None:
        redrive = {
            "deadLetterTargetArn": names.queue_arn(queue.dead_letters),
            "maxReceiveCount": queue.max_receives,
        }
        attributes["RedrivePolicy"] = json.dumps(redrive)
    return attributes


def _deploy_queue(sqs: Any, name: str, **attributes: str) -> None:
    try:
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    except sqs.exceptions.QueueDoesNotExist:
        sqs.create_queue(QueueName=name, Attributes=attributes)
    else:
        sqs.set_queue_attributes(QueueUrl=url, Attributes=attributes)


def _deploy_parameter(ssm: Any, path: str, size: int) -> None:
    """Fill the parameter once: another key would give every pseudonym another value."""
    try:
        ssm.put_parameter(Name=path, Value=secrets.token_hex(size), Type="SecureString", Overwrite=False)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ParameterAlreadyExists":
            raise


def _deploy_rule(names: Names, clients: Clients, logical: str) -> None:
    rule = names.project.description.rules[logical]
    queue = names.events_queue(logical)
    redrive = {"deadLetterTargetArn": names.queue_arn(rule.dead_letters), "maxReceiveCount": MAX_RECEIVES}
    _deploy_queue(
        clients("sqs"),
        names.of(queue),
        RedrivePolicy=json.dumps(redrive),
        VisibilityTimeout=str(VISIBILITY_SECONDS),
    )
    events = clients("events")
    events.put_rule(Name=names.of(logical), EventPattern=json.dumps(names.pattern(logical)), State="ENABLED")
    answer = events.put_targets(
        Rule=names.of(logical), Targets=[{"Id": "triggers", "Arn": names.queue_arn(queue)}]
    )
    if answer["FailedEntryCount"]:
        raise DeployError(f"rule {names.of(logical)}: {answer['FailedEntries']}")
