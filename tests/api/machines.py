"""State machines that the tests run, and what tests ask of every call."""

from __future__ import annotations

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

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


def ended(sfn: Any, arn: str) -> Any:
    """Wait until an execution has ended; give its description."""
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        described = sfn.describe_execution(executionArn=arn)
        if described["status"] != "RUNNING":
            return described
        time.sleep(0.01)
    raise AssertionError("still running")


def refused(call: Any, **request: Any) -> tuple[str, str]:
    """Make a call that must be refused; give the error's code and message."""
    with pytest.raises(ClientError) as caught:
        call(**request)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]
