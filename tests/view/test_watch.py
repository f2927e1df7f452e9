"""Following an execution: the history is read once, then only what is new; what cannot be read is said."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from statewright.engine import run_with_history
from statewright.view.endpoint import Endpoint
from statewright.view.panel import state_panel
from statewright.view.watch import FIRST_PAGE, NEXT_PAGE, Watch, processor_with
from tests.view.orders import BAD, HANDLERS, ORDERS, RELEASE

MACHINE = "arn:aws:states:us-east-1:000000000000:stateMachine:m"
ARN = "arn:aws:states:us-east-1:000000000000:execution:m:e"


def moment(seconds):
    return datetime.fromtimestamp(seconds, UTC)


class Client:
    """An endpoint that tells as much of a history as is set, and remembers what it was asked."""

    def __init__(self, definition, history) -> None:
        self.definition = json.dumps(definition)
        self.history = [event | {"timestamp": moment(event["timestamp"])} for event in history]
        self.upto = len(history)
        self.status = "RUNNING"
        self.refusal = None
        self.asked = []
        self.given = 0

    def describe_execution(self, **asked):
        told = {
            "executionArn": asked["executionArn"],
            "stateMachineArn": MACHINE,
            "name": "e",
            "status": self.status,
        }
        return told | {"startDate": moment(1), "ResponseMetadata": {"secret": 1}}

    def describe_state_machine_for_execution(self, **asked):
        return {"definition": self.definition}

    def get_execution_history(self, **asked):
        size, is_reverse = asked["maxResults"], asked.get("reverseOrder", False)
        if self.refusal:
            raise self.refusal
        events = self.history[: self.upto]
        events = events[::-1] if is_reverse else events
        start = int(asked.get("nextToken", 0))
        page = events[start : start + size]
        self.asked.append((size, is_reverse, start))
        self.given += len(page)
        more = {"nextToken": str(start + size)} if start + size < len(events) else {}
        return {"events": page, **more}


def refused(code):
    return ClientError({"Error": {"Code": code, "Message": "not here"}}, "GetExecutionHistory")


@pytest.fixture
def client():
    RELEASE.set()
    _, history = run_with_history(ORDERS, BAD, functions=HANDLERS, virtual_time=True)
    return Client(ORDERS, history)


def watched(client, steps):
    async def run():
        watch = Watch(Endpoint(client, "http://127.0.0.1:1", is_local=True), ARN)
        try:
            return await steps(watch)
        finally:
            watch.close()

    return asyncio.run(run())


def test_given_new_events_only_they_are_asked_for(client) -> None:
    async def steps(watch):
        client.upto = 40
        await watch.refresh()
        assert client.asked == [(FIRST_PAGE, False, 0)]
        client.given = 0
        client.upto = 43
        assert await watch.refresh()
        assert client.asked[1:] == [(NEXT_PAGE, True, 0)]
        assert len(watch.log) == 43
        assert not await watch.refresh()
        client.upto, client.status = len(client.history), "FAILED"
        await watch.refresh()
        assert watch.is_complete
        assert [watch.log.get(number)["id"] for number in range(1, len(watch.log) + 1)] == [
            event["id"] for event in client.history
        ]

    watched(client, steps)


def test_given_more_new_events_than_a_page_none_is_missed(client) -> None:
    async def steps(watch):
        client.upto = 3
        await watch.refresh()
        client.upto = len(client.history)
        await watch.refresh()
        assert len(watch.log) == len(client.history)

    many = {"StartAt": "M", "States": {"M": {"Type": "Map", "ItemProcessor": None, "End": True}}}
    many["States"]["M"]["ItemProcessor"] = {
        "StartAt": "P",
        "States": {"P": {"Type": "Pass", "End": True}},
    }
    _, history = run_with_history(many, list(range(120)), virtual_time=True)
    assert len(history) > 4 * NEXT_PAGE
    client = Client(many, history)
    watched(client, steps)


@pytest.mark.parametrize(
    "code", ["StateMachineTypeNotSupported", "ValidationException", "AccessDeniedException"]
)
def test_given_no_history_every_state_shows_no_data(client, code) -> None:
    async def steps(watch):
        client.refusal, client.status = refused(code), "SUCCEEDED"
        await watch.refresh()
        overlay = watch.overlay()
        assert set(overlay.statuses.values()) == {"nodata"}
        assert set(overlay.statuses) == set(watch.chart.nodes)
        assert watch.is_complete
        assert "no history" in watch.summary()["notice"]
        assert state_panel(watch, "HasFiles", None, None)["visit"] is None

    watched(client, steps)


def test_given_an_endpoint_that_throttles_or_goes_away_it_is_asked_again(client) -> None:
    async def steps(watch):
        client.refusal = refused("ThrottlingException")
        with pytest.raises(ClientError):
            await watch.refresh()
        client.refusal = EndpointConnectionError(endpoint_url="http://127.0.0.1:1")
        with pytest.raises(EndpointConnectionError):
            await watch.refresh()
        assert watch.notice is None
        client.refusal, client.status = None, "FAILED"
        await watch.refresh()
        assert watch.is_complete

    watched(client, steps)


def test_given_the_panel_of_the_failed_state_it_tells_arguments_error_and_attempts(client) -> None:
    async def steps(watch):
        client.status = "FAILED"
        await watch.refresh()
        return state_panel(watch, "LoadWarehouse", None, None), state_panel(watch, "ValidateRows", None, None)

    failed, caught = watched(client, steps)
    visit = failed["visit"]
    assert visit["status"] == "failed"
    assert visit["error"]["error"] == "WarehouseUnavailable"
    assert visit["error"]["cause"]["errorMessage"] == "connection to warehouse:5439 timed out"
    assert visit["attempts"][0]["arguments"]["value"]["FunctionName"] == "load"
    assert visit["output"] is None
    assert "differences" not in visit
    assert caught["visitCount"] == 3
    assert caught["visit"]["place"] == ["#1"]
    assert len(caught["visit"]["attempts"]) == 3
    assert [each["op"] for each in caught["visit"]["differences"]] == ["+"]


def test_given_variables_the_panel_tells_them_and_who_assigned_them() -> None:
    machine = {
        "QueryLanguage": "JSONata",
        "StartAt": "A",
        "States": {
            "A": {"Type": "Pass", "Assign": {"x": "{% $states.input.n + 1 %}", "y": [1]}, "Next": "B"},
            "B": {"Type": "Pass", "Assign": {"x": 7}, "Next": "C"},
            "C": {"Type": "Succeed"},
        },
    }
    _, history = run_with_history(machine, {"n": 1}, virtual_time=True)

    async def steps(watch):
        await watch.refresh()
        return [state_panel(watch, name, None, None)["visit"] for name in "ABC"]

    first, second, third = watched(Client(machine, history), steps)
    assert first["variables"] == {}
    assert first["assigned"] == {"x": 2, "y": [1]}
    assert second["variables"]["x"] == {"value": 2, "state": "A", "visit": 0}
    assert third["variables"]["x"] == {"value": 7, "state": "B", "visit": 1}
    assert third["variables"]["y"]["state"] == "A"


def test_given_a_child_of_a_map_run_its_processor_alone_is_drawn() -> None:
    inner = {"StartAt": "In", "States": {"In": {"Type": "Succeed"}}}
    machine = {"StartAt": "M", "States": {"M": {"Type": "Map", "ItemProcessor": inner, "End": True}}}
    assert json.loads(processor_with(json.dumps(machine), "In"))["StartAt"] == "In"
    assert processor_with(json.dumps(machine), "M") is None
    assert processor_with("no json", "In") is None
