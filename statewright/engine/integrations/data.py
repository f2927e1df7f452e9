"""The optimised integrations with data services: DynamoDB, SQS, SNS, EventBridge.

https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from statewright.engine.errors import StateFailure
from statewright.engine.integrations.aws import Dialect, perform
from statewright.engine.payloads import dump

if TYPE_CHECKING:
    from statewright.engine.integrations.call import TaskCall

Json = Any

DYNAMODB = Dialect("DynamoDB", "AmazonDynamoDBv2", "AmazonDynamoDBException")
SQS = Dialect("SQS", "AmazonSQS", "AmazonSQSException")
SNS = Dialect("SNS", "AmazonSNS", "AmazonSNSException")
EVENTS = Dialect("EventBridge", "AmazonCloudWatchEvents", "AmazonCloudWatchEventsException")


async def dynamodb(call: TaskCall) -> Json:
    """Perform `dynamodb:getItem` and its like."""
    return await perform(call.engine, "dynamodb", call.resource.action, call.arguments, DYNAMODB)


async def sqs(call: TaskCall) -> Json:
    """Perform `sqs:sendMessage`; a body that is no text is sent as JSON."""
    if call.arguments.get("MessageBody") is None:
        raise StateFailure(
            "SQS.AmazonSQSException",
            "The request must contain the parameter MessageBody. (Service: AmazonSQS; Status Code: 400;"
            " Error Code: MissingParameter; Request ID: 00000000-0000-0000-0000-000000000000; Proxy: null)",
        )
    return await perform(call.engine, "sqs", call.resource.action, call.arguments, SQS)


async def sns(call: TaskCall) -> Json:
    """Perform `sns:publish`; a message that is no text is sent as JSON."""
    return await perform(call.engine, "sns", call.resource.action, call.arguments, SNS)


async def events(call: TaskCall) -> Json:
    """Perform `events:putEvents`; the execution and its machine are added to each entry's resources."""
    record = call.execution.record
    own = [record.arn, record.state_machine_arn]
    entries = [
        {**entry, "Resources": [*entry.get("Resources", ()), *own]} if isinstance(entry, dict) else entry
        for entry in call.arguments.get("Entries", ())
    ]
    answer = await perform(call.engine, "events", "putEvents", {**call.arguments, "Entries": entries}, EVENTS)
    if answer.get("FailedEntryCount"):
        raise StateFailure(
            "EventBridge.FailedEntry",
            dump({"Entries": answer["Entries"], "FailedEntryCount": answer["FailedEntryCount"]}),
        )
    return answer
