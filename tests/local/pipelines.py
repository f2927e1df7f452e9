"""A small pipeline on the emulator and a served engine: its executions do what their input says."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from statewright.local.dead_letters import FAILURES
from statewright.local.ledger import file_id_of

if TYPE_CHECKING:
    from statewright.local.clients import Clients
    from statewright.local.names import Names

EXECUTION = "$states.context.Execution"
# As in the workflow `ingest`: collect, work, and a failure branch that tells of it.
MACHINE: dict[str, Any] = {
    "QueryLanguage": "JSONata",
    "StartAt": "CollectData",
    "States": {
        "CollectData": {
            "Type": "Pass",
            "Output": {
                "file": {
                    "id": f"{{% {EXECUTION}.Input.file_id %}}",
                    "bucket": f"{{% {EXECUTION}.Input.s3Bucket %}}",
                    "key": f"{{% {EXECUTION}.Input.s3Key %}}",
                    "version": "v1",
                }
            },
            "Next": "WhatToDo",
        },
        "WhatToDo": {
            "Type": "Choice",
            "Choices": [
                {"Condition": f"{{% {EXECUTION}.Input.do = 'wait' %}}", "Next": "Work"},
                {"Condition": f"{{% {EXECUTION}.Input.do = 'fail' %}}", "Next": "SendToDeadLetters"},
                {"Condition": f"{{% {EXECUTION}.Input.do = 'fail untold' %}}", "Next": "Failed"},
            ],
            "Default": "Done",
        },
        "Work": {"Type": "Wait", "Seconds": 2, "Next": "Done"},
        "SendToDeadLetters": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage",
            "Arguments": {
                "QueueUrl": "",
                "MessageBody": f"{{% $string({{'execution': {EXECUTION}.Id, 'input': {EXECUTION}.Input,"
                " 'file': {'bucket': 'raw'}, 'error': 'Broken', 'cause': 'it broke'}) %}",
            },
            "Next": "Failed",
        },
        "Failed": {"Type": "Fail", "Error": "Broken", "Cause": "it broke"},
        "Done": {"Type": "Succeed"},
    },
}


def machine(names: Names, **changes: Any) -> str:
    """Return the definition for a project."""
    text = json.dumps({**MACHINE, **changes})
    return text.replace('"QueueUrl": ""', f'"QueueUrl": "{names.queue_url(FAILURES)}"')


@dataclass(frozen=True)
class Pipeline:
    """A deployed pipeline in the hands of a test."""

    names: Names
    clients: Clients

    @property
    def arn(self) -> str:
        return self.names.state_machine_arn("ingest")

    @property
    def sfn(self) -> Any:
        return self.clients("stepfunctions")

    def start(self, do: str, *, key: str = "orders/a.json", version: str | None = "v1", **more: Any) -> str:
        """Start an execution about an object; return its ARN."""
        request = {"s3Bucket": "raw", "s3Key": key, "do": do, "file_id": self.file_id(key), **more}
        if version:
            request["s3VersionId"] = version
        started = self.sfn.start_execution(stateMachineArn=self.arn, input=json.dumps(request))
        return str(started["executionArn"])

    def end_of(self, arn: str) -> dict[str, Any]:
        """Return the description of an execution as soon as it has ended."""
        end = time.monotonic() + 15
        while time.monotonic() < end:
            found: dict[str, Any] = self.sfn.describe_execution(executionArn=arn)
            if found["status"] != "RUNNING":
                return found
            time.sleep(0.02)
        raise AssertionError("still running")

    def failed(self, do: str = "fail", **more: Any) -> str:
        """Return an execution that has ended."""
        arn = self.start(do, **more)
        self.end_of(arn)
        return arn

    def stopped(self, **more: Any) -> str:
        """Return an execution that was stopped in the middle."""
        arn = self.start("wait", **more)
        time.sleep(0.1)
        self.sfn.stop_execution(executionArn=arn)
        return arn

    def file_id(self, key: str) -> str:
        return str(file_id_of("raw", key, "v1"))

    def put_row(self, key: str, status: str, execution: str, **more: str) -> None:
        """Write a row of the ledger."""
        texts = {"file_id": self.file_id(key), "file_key": key, "bucket_name": "raw", "version": "v1"}
        texts |= {"status": status, "execution": execution, "processed_at": "2026-11-01T00:00:00Z", **more}
        self.clients("dynamodb").put_item(
            TableName=self.names.of("files"), Item={name: {"S": text} for name, text in texts.items()}
        )

    def row(self, key: str) -> dict[str, str]:
        answer = self.clients("dynamodb").get_item(
            TableName=self.names.of("files"), Key={"file_id": {"S": self.file_id(key)}}, ConsistentRead=True
        )
        return {name: value["S"] for name, value in answer["Item"].items()}

    def send(self, body: str, queue: str = FAILURES, **attributes: str) -> None:
        """Put a message into a queue."""
        self.clients("sqs").send_message(
            QueueUrl=self.names.queue_url(queue),
            MessageBody=body,
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
            },
        )

    def waiting(self, queue: str = FAILURES) -> int:
        """Count the messages that anybody may receive now."""
        answer = self.clients("sqs").get_queue_attributes(
            QueueUrl=self.names.queue_url(queue), AttributeNames=["ApproximateNumberOfMessages"]
        )
        return int(answer["Attributes"]["ApproximateNumberOfMessages"])
