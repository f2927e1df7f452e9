"""Acts: where they are allowed, what they ask for, what becomes of those that an endpoint lacks."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from statewright.view.acts import ACTS, ActRefusedError, Acts
from statewright.view.definition import needs_mock
from statewright.view.endpoint import Endpoint

TOLD = {
    "start": {"machine": "arn:machine", "input": "{}"},
    "stop": {"execution": "arn:execution"},
    "redrive": {"execution": "arn:execution"},
    "try": {"definition": "{}", "state": "S", "input": "{}"},
}


class Client:
    """Remembers what it was asked; refuses all with a code where one is set."""

    def __init__(self, code: str | None = None) -> None:
        self.code = code
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, operation: str) -> Any:
        def call(**members: Any) -> dict[str, Any]:
            self.asked.append((operation, members))
            if self.code:
                raise ClientError({"Error": {"Code": self.code, "Message": "?"}}, operation)
            return {"executionArn": "arn:new", "status": "SUCCEEDED", "ResponseMetadata": {"secret": 1}}

        return call


def acts(client: Client, *, is_local: bool = True, allow_writes: bool = False) -> Acts:
    return Acts(Endpoint(client, "http://somewhere", is_local=is_local), allow_writes=allow_writes)


@pytest.mark.parametrize("name", ACTS)
def test_given_an_endpoint_that_is_not_local_no_act_reaches_it(name: str) -> None:
    client = Client()
    with pytest.raises(ActRefusedError, match="--allow-writes") as refused:
        asyncio.run(acts(client, is_local=False).do(name, TOLD[name]))
    assert refused.value.status == 403
    assert client.asked == []
    assert acts(client, is_local=False).available() == []


@pytest.mark.parametrize("name", ACTS)
@pytest.mark.parametrize("where", [{"is_local": True}, {"is_local": False, "allow_writes": True}])
def test_given_a_local_endpoint_or_allow_writes_each_act_reaches_it(name: str, where: dict) -> None:
    client = Client()
    told = asyncio.run(acts(client, **where).do(name, TOLD[name]))
    assert len(client.asked) == 1
    assert "ResponseMetadata" not in told
    assert name in acts(client, **where).available()


@pytest.mark.parametrize("code", ["500", "InvalidAction", "UnknownOperationException"])
def test_given_an_act_that_an_endpoint_does_not_have_it_is_not_offered_again(code: str) -> None:
    done = acts(Client(code))
    assert "redrive" in done.available()
    with pytest.raises(ActRefusedError, match="cannot redrive"):
        asyncio.run(done.do("redrive", TOLD["redrive"]))
    assert "redrive" not in done.available()


def test_given_an_act_that_is_refused_for_another_reason_it_is_offered_again() -> None:
    done = acts(Client("AccessDeniedException"))
    with pytest.raises(ClientError):
        asyncio.run(done.do("stop", TOLD["stop"]))
    assert "stop" in done.available()


def test_given_no_name_each_start_has_one_of_its_own() -> None:
    client = Client()
    for _ in range(2):
        asyncio.run(acts(client).do("start", TOLD["start"]))
    names = [members["name"] for _, members in client.asked]
    assert len(set(names)) == 2


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("nothing", {}),
        ("start", {"machine": "arn"}),
        ("start", {"machine": "arn", "input": "{no json"}),
        ("start", {"machine": "arn", "input": "[" * 100_000}),
        ("stop", {"execution": 3}),
        ("try", TOLD["try"] | {"mock": "text"}),
        ("try", TOLD["try"] | {"mock": {"result": "{no json"}}),
    ],
)
def test_given_an_act_that_is_not_told_right_it_is_refused(name: str, told: dict) -> None:
    client = Client()
    with pytest.raises(ActRefusedError):
        asyncio.run(acts(client).do(name, told))
    assert client.asked == []


def test_given_a_mock_it_stands_in_for_the_call_and_no_role_is_needed() -> None:
    client = Client()
    mock = {"errorOutput": {"error": "E", "cause": "c", "more": 1}}
    told = TOLD["try"] | {"mock": mock, "variables": '{"a": 1}', "context": '{"Execution": {}}'}
    asyncio.run(acts(client).do("try", told))
    operation, members = client.asked[0]
    assert operation == "test_state"
    assert members["mock"] == {"errorOutput": {"error": "E", "cause": "c"}, "fieldValidationMode": "NONE"}
    assert json.loads(members["variables"]) == {"a": 1}
    assert json.loads(members["context"]) == {"Execution": {}}
    assert "roleArn" not in members


def test_given_no_mock_a_role_is_told_and_no_context() -> None:
    client = Client()
    told = TOLD["try"] | {"role": "arn:role", "context": '{"Execution": {}}'}
    asyncio.run(acts(client).do("try", told))
    assert client.asked[0][1]["roleArn"] == "arn:role"
    assert "context" not in client.asked[0][1]


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ({"Type": "Map"}, True),
        ({"Type": "Parallel"}, True),
        ({"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2"}, True),
        ({"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken"}, True),
        ({"Type": "Task", "Resource": "arn:aws:states:eu-west-1:000000000000:activity:a"}, True),
        ({"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke"}, False),
        ({"Type": "Choice"}, False),
    ],
)
def test_given_a_state_it_is_known_whether_it_is_tried_with_a_mock_alone(body: dict, wanted: bool) -> None:
    assert needs_mock(body) is wanted
