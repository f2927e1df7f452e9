"""What executions went through: counted, what never was listed, and what no history tells kept apart."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest
from botocore.exceptions import ClientError

from statewright.view.coverage import MAX_COVERED, coverage
from statewright.view.endpoint import find_endpoint
from tests.view.orders import EMPTY, GOOD, ORDERS, RELEASE
from tests.view.test_security import ask


def covered(endpoint, machine, last=50, status=""):
    async def run():
        return [told async for told in coverage(endpoint, machine, last, status)]

    return asyncio.run(run())


def branching(**states):
    rule = {"Variable": "$.way", "StringEquals": "left", "Next": "Left"}
    choice = {"Type": "Choice", "Choices": [rule], "Default": "Right"}
    ends = {"Left": {"Type": "Pass", "End": True}, "Right": {"Type": "Fail", "Error": "Wrong"}}
    return {"StartAt": "Fork", "States": {"Fork": choice, **ends, **states}}


@pytest.fixture
def endpoint(cloud):
    return find_endpoint(cloud.url)


def ran(cloud, machine, *values):
    for value in values:
        cloud.ended(cloud.start(machine, value))


def taken(told):
    return {label: count for label, count in zip(told["labels"], told["edges"], strict=True) if label}


def test_given_executions_states_and_edges_are_counted_and_the_rest_is_never(cloud, endpoint) -> None:
    arn = cloud.machine("coverage", branching())
    ran(cloud, "coverage", {"way": "left"}, {"way": "left"}, {"way": "right"})
    first, *_, last = covered(endpoint, arn)
    assert (first["read"], first["of"], first["summary"]) == (0, 3, {"isComplete": False})
    assert (last["read"], last["summary"]) == (3, {"isComplete": True})
    assert last["states"] == {"Fork": 3, "Left": 2, "Right": 1}
    assert sorted(taken(last).values()) == [1, 2]
    assert taken(last)["default"] == 1


def test_given_a_status_or_a_number_only_those_executions_count(cloud, endpoint) -> None:
    arn = cloud.machine("chosen", branching())
    ran(cloud, "chosen", {"way": "left"}, {"way": "right"}, {"way": "right"})
    failed = covered(endpoint, arn, status="FAILED")[-1]
    assert failed["states"] == {"Fork": 2, "Left": 0, "Right": 2}
    newest = covered(endpoint, arn, last=1)[-1]
    assert (newest["of"], newest["states"]) == (1, {"Fork": 1, "Left": 0, "Right": 1})


def test_given_executions_of_another_version_what_is_still_there_is_counted_and_they_are_told(
    cloud, endpoint
) -> None:
    arn = cloud.machine("versions", branching())
    ran(cloud, "versions", {"way": "left"})
    newer = branching(Left={"Type": "Pass", "Next": "More"}, More={"Type": "Succeed"})
    cloud.client.update_state_machine(stateMachineArn=arn, definition=json.dumps(newer))
    ran(cloud, "versions", {"way": "left"})
    last = covered(endpoint, arn)[-1]
    assert last["others"] == 1
    assert last["states"] == {"Fork": 2, "Left": 2, "Right": 0, "More": 1}


@pytest.fixture(scope="module")
def many(cloud):
    """A machine whose one execution had nine children."""
    processor = branching() | {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    each = {"Type": "Map", "ItemProcessor": processor, "ToleratedFailurePercentage": 100, "End": True}
    arn = cloud.machine("many", {"StartAt": "Each", "States": {"Each": each}})
    ran(cloud, "many", [{"way": "left"}] * 8 + [{"way": "right"}])
    return arn


def test_given_a_distributed_map_some_of_its_children_are_read(many, endpoint) -> None:
    last = covered(endpoint, many)[-1]
    assert (last["children"], last["childrenThere"]) == (6, 9)  # five that succeeded, the one that failed
    assert last["states"] == {"Each": 1, "Fork": 6, "Left": 5, "Right": 1}
    assert last["hidden"] == []


def test_given_more_children_than_are_read_for_all_of_it_the_rest_is_left(
    many, endpoint, monkeypatch
) -> None:
    monkeypatch.setattr("statewright.view.coverage.MAX_COVERED_CHILDREN", 3)
    last = covered(endpoint, many)[-1]
    assert (last["children"], last["childrenThere"]) == (3, 9)
    assert last["states"] == {"Each": 1, "Fork": 3, "Left": 2, "Right": 1}


class WithoutChildren:
    """An endpoint that does not list the children of map runs, and cannot read one of the histories."""

    def __init__(self, client, refused=""):
        self._client = client
        self._refused = refused

    def __getattr__(self, name):
        return getattr(self._client, name)

    def list_executions(self, **asked):
        if "mapRunArn" in asked:
            return {"executions": []}
        return self._client.list_executions(**asked)

    def get_execution_history(self, **asked):
        if asked["executionArn"] == self._refused:
            raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "slower"}}, "History")
        return self._client.get_execution_history(**asked)


def test_given_children_that_are_not_told_their_states_are_no_data_and_never_called_never(
    many, endpoint
) -> None:
    told = covered(replace(endpoint, client=WithoutChildren(endpoint.client)), many)[-1]
    assert told["hidden"] == ["Fork", "Left", "Right"]
    assert told["states"]["Each"] == 1


def test_given_a_history_that_cannot_be_read_it_is_told_and_the_others_count(cloud, endpoint) -> None:
    arn = cloud.machine("unread", branching())
    ran(cloud, "unread", {"way": "left"}, {"way": "right"})
    newest = cloud.client.list_executions(stateMachineArn=arn)["executions"][0]["executionArn"]
    told = covered(replace(endpoint, client=WithoutChildren(endpoint.client, newest)), arn)[-1]
    assert (told["read"], told["problemCount"]) == (1, 1)
    assert "slower" in told["problems"][0]
    assert told["states"] == {"Fork": 1, "Left": 1, "Right": 0}


@pytest.mark.parametrize("last", ["0", str(MAX_COVERED + 1), "x", ""])
def test_given_more_than_is_read_at_once_it_is_refused(cloud, page_server, last) -> None:
    query = f"/api/coverage?machine={cloud.machines['orders-pipeline']}&last={last}"
    status, _, text = ask(page_server, query, {"X-Statewright-Token": page_server.token})
    assert status == 400
    assert json.loads(text)["error"]


def test_given_as_many_as_are_read_at_most_or_a_machine_that_is_not_there_it_is_answered(
    cloud, page_server
) -> None:
    RELEASE.set()
    arn = cloud.machine("covered-orders", ORDERS)
    ran(cloud, "covered-orders", EMPTY, GOOD)
    headers = {"X-Statewright-Token": page_server.token}
    status, _, text = ask(page_server, f"/api/coverage?machine={arn}&last={MAX_COVERED}", headers)
    assert status == 200
    *_, last = text.strip().split("\n\n")
    told = json.loads(last.removeprefix("data: "))
    assert told["states"]["HasFiles"] == 2
    assert told["states"]["NothingToDo"] == 1
    _, _, text = ask(page_server, f"/api/coverage?machine={arn}-none&last=5", headers)
    assert "StateMachineDoesNotExist" in text
