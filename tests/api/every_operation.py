"""One request for every operation of Step Functions, against a world that has what each of them needs."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

import botocore.session
from botocore.validate import ParamValidator

from tests.api.machines import DOUBLE, FAILING, MAPPING, PASS, ROLE, WAITING, ended

MODEL = botocore.session.Session().get_service_model("stepfunctions")
TEXT = json.dumps(PASS)
TOKEN_WORLD = ("success", "failure", "heartbeat")
METADATA = {"includedData": "METADATA_ONLY"}


class World:
    """State machines, executions, activities and the rest, made through the API that is tested."""

    def __init__(self, sfn: Any) -> None:
        self.sfn = sfn
        self.unique = uuid.uuid4().hex[:8]
        self.machine = self.make("machine", DOUBLE, publish=True)
        self.express = self.make("express", PASS, type="EXPRESS")
        self.doomed = self.make("doomed", PASS, publish=True)
        self.old_version = f"{self.doomed}:1"
        self.version = f"{self.machine}:1"
        sfn.update_state_machine(stateMachineArn=self.machine, definition=TEXT, publish=True)
        self.second_version = f"{self.machine}:2"
        self.alias = self.make_alias("LIVE")
        self.old_alias = self.make_alias("OLD")
        self.execution = self.start(self.machine, '{"value": 1}')
        self.failed = self.start(self.make("failing", FAILING))
        self.waiting = sfn.start_execution(stateMachineArn=self.make("waiting", WAITING))["executionArn"]
        self.mapping = self.start(self.make("mapping", MAPPING), '{"items": [{"value": 1}]}')
        self.map_run = sfn.list_map_runs(executionArn=self.mapping)["mapRuns"][0]["mapRunArn"]
        self.activity = sfn.create_activity(name=f"activity-{self.unique}")["activityArn"]
        self.old_activity = sfn.create_activity(name=f"old-{self.unique}")["activityArn"]
        self.tokens = self.make_tokens()

    def make(self, name: str, definition: Any, **options: Any) -> str:
        answer = self.sfn.create_state_machine(
            name=f"{name}-{self.unique}", definition=json.dumps(definition), roleArn=ROLE, **options
        )
        return answer["stateMachineArn"]

    def make_alias(self, name: str) -> str:
        routes = [{"stateMachineVersionArn": self.version, "weight": 100}]
        answer = self.sfn.create_state_machine_alias(name=name, routingConfiguration=routes)
        return answer["stateMachineAliasArn"]

    def start(self, machine: str, execution_input: str = "{}") -> str:
        arn = self.sfn.start_execution(stateMachineArn=machine, input=execution_input)["executionArn"]
        ended(self.sfn, arn)
        return arn

    def make_tokens(self) -> dict[str, str]:
        """Schedule a task of the activity for every use of a token, and one to poll for."""
        task = {"Type": "Task", "Resource": self.activity, "HeartbeatSeconds": 60, "End": True}
        worker = self.make("worker", {"StartAt": "Work", "States": {"Work": task}})
        for _ in range(len(TOKEN_WORLD) + 1):
            self.sfn.start_execution(stateMachineArn=worker)
        time.sleep(0.05)
        polled = [self.sfn.get_activity_task(activityArn=self.activity)["taskToken"] for _ in TOKEN_WORLD]
        return dict(zip(TOKEN_WORLD, polled, strict=True))

    @property
    def routes(self) -> list[dict[str, Any]]:
        return [
            {"stateMachineVersionArn": self.version, "weight": 80},
            {"stateMachineVersionArn": self.second_version, "weight": 20},
        ]

    def close(self) -> None:
        """Stop what runs."""
        for machine in self.sfn.list_state_machines()["stateMachines"]:
            if not machine["name"].endswith(self.unique) or machine["type"] == "EXPRESS":
                continue
            arn = machine["stateMachineArn"]
            for each in self.sfn.list_executions(stateMachineArn=arn, statusFilter="RUNNING")["executions"]:
                self.sfn.stop_execution(executionArn=each["executionArn"])


def name(world: World, prefix: str) -> str:
    return f"{prefix}-{world.unique}"


# Each can be sent in any order, and at the same time as the others.
REQUESTS: dict[str, Any] = {
    "CreateActivity": lambda w: {"name": name(w, "new"), "tags": [{"key": "k", "value": "v"}]},
    "CreateStateMachine": lambda w: {
        "name": name(w, "created"),
        "definition": TEXT,
        "roleArn": ROLE,
        "type": "STANDARD",
        "publish": True,
        "versionDescription": "first",
        "tags": [{"key": "k", "value": "v"}],
        "tracingConfiguration": {"enabled": False},
        "loggingConfiguration": {"level": "OFF"},
        "encryptionConfiguration": {"type": "AWS_OWNED_KEY"},
    },
    "CreateStateMachineAlias": lambda w: {
        "name": "NEW",
        "description": "d",
        "routingConfiguration": w.routes,
    },
    "DeleteActivity": lambda w: {"activityArn": w.old_activity},
    "DeleteStateMachine": lambda w: {"stateMachineArn": w.make("gone", PASS)},
    "DeleteStateMachineAlias": lambda w: {"stateMachineAliasArn": w.old_alias},
    "DeleteStateMachineVersion": lambda w: {"stateMachineVersionArn": w.old_version},
    "DescribeActivity": lambda w: {"activityArn": w.activity},
    "DescribeExecution": lambda w: {"executionArn": w.execution, **METADATA},
    "DescribeMapRun": lambda w: {"mapRunArn": w.map_run},
    "DescribeStateMachine": lambda w: {"stateMachineArn": w.version, **METADATA},
    "DescribeStateMachineAlias": lambda w: {"stateMachineAliasArn": w.alias},
    "DescribeStateMachineForExecution": lambda w: {"executionArn": w.execution, **METADATA},
    "GetActivityTask": lambda w: {"activityArn": w.activity, "workerName": "worker"},
    "GetExecutionHistory": lambda w: {
        "executionArn": w.execution,
        "reverseOrder": True,
        "includeExecutionData": False,
        "maxResults": 3,
    },
    "ListActivities": lambda w: {"maxResults": 1},
    "ListExecutions": lambda w: {
        "stateMachineArn": w.machine,
        "statusFilter": "SUCCEEDED",
        "maxResults": 1,
    },
    "ListMapRuns": lambda w: {"executionArn": w.mapping, "maxResults": 1},
    "ListStateMachineAliases": lambda w: {"stateMachineArn": w.machine, "maxResults": 1},
    "ListStateMachineVersions": lambda w: {"stateMachineArn": w.machine, "maxResults": 1},
    "ListStateMachines": lambda w: {"maxResults": 1},
    "ListTagsForResource": lambda w: {"resourceArn": w.machine},
    "PublishStateMachineVersion": lambda w: {"stateMachineArn": w.machine, "description": "d"},
    "RedriveExecution": lambda w: {"executionArn": w.failed, "clientToken": "once"},
    "SendTaskFailure": lambda w: {"taskToken": w.tokens["failure"], "error": "E", "cause": "C"},
    "SendTaskHeartbeat": lambda w: {"taskToken": w.tokens["heartbeat"]},
    "SendTaskSuccess": lambda w: {"taskToken": w.tokens["success"], "output": "{}"},
    "StartExecution": lambda w: {
        "stateMachineArn": w.alias,
        "name": "named",
        "input": '{"value": 2}',
        "traceHeader": "Root=1",
    },
    "StartSyncExecution": lambda w: {"stateMachineArn": w.express, "name": "n", "input": "{}", **METADATA},
    "StopExecution": lambda w: {"executionArn": w.waiting, "error": "E", "cause": "C"},
    "TagResource": lambda w: {"resourceArn": w.machine, "tags": [{"key": "a", "value": "b"}]},
    "TestState": lambda w: {
        "definition": json.dumps({"Type": "Pass", "End": True}),
        "roleArn": ROLE,
        "input": '{"a": 1}',
        "inspectionLevel": "DEBUG",
    },
    "UntagResource": lambda w: {"resourceArn": w.machine, "tagKeys": ["none"]},
    "UpdateMapRun": lambda w: {
        "mapRunArn": w.map_run,
        "maxConcurrency": 1,
        "toleratedFailureCount": 1,
        "toleratedFailurePercentage": 1.0,
    },
    "UpdateStateMachine": lambda w: {
        "stateMachineArn": w.express,
        "definition": json.dumps(PASS, indent=1),
        "roleArn": ROLE,
        "publish": True,
        "versionDescription": "second",
    },
    "UpdateStateMachineAlias": lambda w: {
        "stateMachineAliasArn": w.alias,
        "description": "d",
        "routingConfiguration": [{"stateMachineVersionArn": w.version, "weight": 100}],
    },
    "ValidateStateMachineDefinition": lambda w: {
        "definition": "{}",
        "type": "EXPRESS",
        "severity": "WARNING",
        "maxResults": 3,
    },
}


def faults(operation: str, answer: dict[str, Any]) -> str:
    """Say where an answer differs from the operation's output shape; empty where it does not."""
    shape = MODEL.operation_model(operation).output_shape
    members = {key: value for key, value in answer.items() if key != "ResponseMetadata"}
    unknown = sorted(members.keys() - shape.members.keys())
    report = ParamValidator().validate(members, shape).generate_report()
    return f"unknown: {unknown} {report}".strip() if unknown else report
