"""Every member of every request: an operation reads it, or refuses it by name."""

from __future__ import annotations

import asyncio
import json

import pytest

from statewright.api.errors import ApiError
from statewright.api.operations import OPERATIONS
from statewright.api.service_model import check_request, service_model
from statewright.engine import Engine
from statewright.engine.errors import ApiError as EngineError
from statewright.engine.functions import LocalFunctions
from statewright.engine.records import Route
from tests.api.machines import DOUBLE, MAPPING, PASS, ROLE

OWNED_KEY = {"type": "AWS_OWNED_KEY"}
LOGGING = {"level": "OFF", "includeExecutionData": False, "destinations": []}
TRACING = {"enabled": False}
TAGS = [{"key": "k", "value": "v"}]
TEXT = json.dumps(PASS)


class Watched(dict):
    """A request that knows which of its members were asked for, at any depth."""

    def __init__(self, value, seen, path=""):
        super().__init__({key: watched(each, seen, f"{path}{key}.") for key, each in value.items()})
        self._seen, self._path = seen, path

    def __getitem__(self, key):
        self._seen.add(self._path + key)
        return super().__getitem__(key)

    def get(self, key, default=None):
        self._seen.add(self._path + key)
        return super().get(key, default)

    def __contains__(self, key):
        self._seen.add(self._path + key)
        return super().__contains__(key)


def watched(value, seen, path):
    return Watched(value, seen, path) if isinstance(value, dict) else value


class World:
    """An engine with one of everything."""

    @property
    def routes(self):
        return [{"stateMachineVersionArn": self.version, "weight": 100}]

    async def build(self):
        self.engine = Engine(functions=LocalFunctions({"double": lambda event, context: event}))
        self.machine = self.engine.create_state_machine("machine", TEXT, ROLE).arn
        self.express = self.engine.create_state_machine("express", TEXT, ROLE, "EXPRESS").arn
        mapping = self.engine.create_state_machine("mapping", json.dumps(MAPPING), ROLE).arn
        self.activity = self.engine.activities.create("activity", ()).arn
        started = self.engine.start_execution(mapping, json.dumps({"items": [{"value": 1}]}))
        self.execution = started.arn
        await self.engine.wait_for_execution(started.arn)
        self.map_run = self.engine.list_map_runs(started.arn)[0].arn
        self.version = self.engine.versions.publish(self.machine).arn
        self.alias = self.engine.aliases.create("LIVE", [Route(self.version, 100)]).arn
        return self


PAGE = {"maxResults": 1, "nextToken": "t"}
SETTINGS = {
    "loggingConfiguration": LOGGING,
    "tracingConfiguration": TRACING,
    "encryptionConfiguration": OWNED_KEY,
    "publish": False,
}
START = {"name": "n", "input": "{}", "traceHeader": "Root=1"}
TOKEN = {"taskToken": "t"}
METADATA = {"includedData": "METADATA_ONLY"}

# Every operation with all members of its request that can be given at once.
REQUESTS = {
    "CreateActivity": lambda w: {"name": "a", "tags": TAGS, "encryptionConfiguration": OWNED_KEY},
    "CreateStateMachine": lambda w: {
        "name": "m", "definition": TEXT, "roleArn": ROLE, "type": "STANDARD", "tags": TAGS, **SETTINGS
    },
    "CreateStateMachineAlias": lambda w: {
        "name": "PROD", "description": "d", "routingConfiguration": w.routes
    },
    "DeleteActivity": lambda w: {"activityArn": w.activity},
    "DeleteStateMachine": lambda w: {"stateMachineArn": w.machine},
    "DeleteStateMachineAlias": lambda w: {"stateMachineAliasArn": w.alias},
    "DeleteStateMachineVersion": lambda w: {"stateMachineVersionArn": w.version},
    "DescribeActivity": lambda w: {"activityArn": w.activity},
    "DescribeExecution": lambda w: {"executionArn": w.execution, **METADATA},
    "DescribeMapRun": lambda w: {"mapRunArn": w.map_run},
    "DescribeStateMachine": lambda w: {"stateMachineArn": w.machine, **METADATA},
    "DescribeStateMachineAlias": lambda w: {"stateMachineAliasArn": w.alias},
    "DescribeStateMachineForExecution": lambda w: {"executionArn": w.execution, **METADATA},
    "GetExecutionHistory": lambda w: {
        "executionArn": w.execution, "reverseOrder": True, "includeExecutionData": False, "maxResults": 1
    },
    "ListActivities": lambda w: {"maxResults": 1},
    "ListExecutions": lambda w: {
        "stateMachineArn": w.machine, "statusFilter": "FAILED", "redriveFilter": "REDRIVEN", "maxResults": 1
    },
    "ListMapRuns": lambda w: {"executionArn": w.execution, "maxResults": 1},
    "ListStateMachineAliases": lambda w: {"stateMachineArn": w.machine, "maxResults": 1},
    "ListStateMachineVersions": lambda w: {"stateMachineArn": w.machine, "maxResults": 1},
    "ListStateMachines": lambda w: {"maxResults": 1},
    "ListTagsForResource": lambda w: {"resourceArn": w.machine},
    "PublishStateMachineVersion": lambda w: {
        "stateMachineArn": w.machine, "revisionId": "INITIAL", "description": "d"
    },
    "RedriveExecution": lambda w: {"executionArn": w.execution, "clientToken": "t"},
    "SendTaskFailure": lambda w: {**TOKEN, "error": "E", "cause": "C"},
    "SendTaskHeartbeat": lambda w: TOKEN,
    "SendTaskSuccess": lambda w: {**TOKEN, "output": "{}"},
    "StartExecution": lambda w: {"stateMachineArn": w.machine, **START},
    "StartSyncExecution": lambda w: {"stateMachineArn": w.express, **START, **METADATA},
    "StopExecution": lambda w: {"executionArn": w.execution, "error": "E", "cause": "C"},
    "TagResource": lambda w: {"resourceArn": w.machine, "tags": TAGS},
    "TestState": lambda w: {
        "definition": json.dumps(DOUBLE),
        "stateName": "Double",
        "roleArn": ROLE,
        "input": "{}",
        "inspectionLevel": "INFO",
        "revealSecrets": False,
        "variables": "{}",
        "context": "{}",
        "mock": {"result": "{}"},
        "stateConfiguration": {"retrierRetryCount": 0},
    },
    "UntagResource": lambda w: {"resourceArn": w.machine, "tagKeys": ["k"]},
    "UpdateMapRun": lambda w: {
        "mapRunArn": w.map_run,
        "maxConcurrency": 1,
        "toleratedFailureCount": 1,
        "toleratedFailurePercentage": 1.0,
    },
    "UpdateStateMachine": lambda w: {
        "stateMachineArn": w.machine, "definition": TEXT, "roleArn": ROLE, **SETTINGS
    },
    "UpdateStateMachineAlias": lambda w: {
        "stateMachineAliasArn": w.alias, "description": "d", "routingConfiguration": w.routes
    },
    "ValidateStateMachineDefinition": lambda w: {
        "definition": TEXT, "type": "EXPRESS", "severity": "WARNING", "maxResults": 3
    },
}  # fmt: skip
# It waits a minute for a task; tests/api/test_activities.py covers it.
REQUESTS["GetActivityTask"] = lambda w: {"activityArn": "arn:none", "workerName": "w"}
# Asked for with the others, these end the request.
ALONE = {
    "CreateStateMachine": {"versionDescription": "v"},
    "UpdateStateMachine": {"versionDescription": "v"},
    "ListExecutions": {"mapRunArn": "arn:none"},
    **{
        name: {"nextToken": "t"}
        for name in REQUESTS
        if name.startswith("List") or name == "GetExecutionHistory"
    },
}
ALONE["ListExecutions"] = {"nextToken": "t", "mapRunArn": "arn:none"}
del ALONE["ListTagsForResource"]


def seen_by(operation, change):
    """Send a request of all members; give the names of those that the operation asked for."""

    async def send():
        world = await World().build()
        request = check_request(operation, {**REQUESTS[operation](world), **change})
        seen = set()
        try:
            await OPERATIONS[operation](world.engine, Watched(request, seen))
        except (ApiError, EngineError):
            pass
        finally:
            await world.engine.close()
        return set(request), seen

    return asyncio.run(send())


@pytest.mark.parametrize("operation", OPERATIONS)
def test_each_member_of_a_request_is_read(operation):
    given, seen = seen_by(operation, {})
    later, seen_later = seen_by(operation, ALONE.get(operation, {}))
    model = service_model().operation_model(operation).input_shape
    assert given | later == set(model.members), "the table lacks members that the service has"
    assert given | later <= seen | seen_later


@pytest.mark.parametrize("operation", ["CreateStateMachine", "UpdateStateMachine", "CreateActivity"])
@pytest.mark.parametrize("setting", [{"kmsKeyId": "k"}, {"kmsDataKeyReusePeriodSeconds": 60}])
def test_settings_of_a_customers_key_beside_awss_own_are_refused_by_name(operation, setting):
    async def send():
        world = await World().build()
        request = {**REQUESTS[operation](world), "encryptionConfiguration": {**OWNED_KEY, **setting}}
        try:
            with pytest.raises(ApiError, match=next(iter(setting))) as caught:
                await OPERATIONS[operation](world.engine, check_request(operation, request))
            assert caught.value.code == "InvalidEncryptionConfiguration"
        finally:
            await world.engine.close()

    asyncio.run(send())
