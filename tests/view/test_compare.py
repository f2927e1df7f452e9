"""Two executions side by side: who went where, what took longer, what differs in what they were given."""

from __future__ import annotations

import asyncio
import json
from copy import deepcopy

import pytest

from statewright.engine import run_with_history
from statewright.view.compare import MAX_SEARCHED_REFERENCES, compared_state, comparison, reference
from statewright.view.endpoint import Endpoint
from statewright.view.watch import Watch
from tests.view.orders import BAD, GOOD, HANDLERS, ORDERS, RELEASE
from tests.view.test_watch import Client, moment

ARN = "arn:aws:states:us-east-1:000000000000:execution:m:"


class Told(Client):
    """The endpoint of one execution, with its input and output."""

    def __init__(self, machine, value):
        RELEASE.set()
        record, history = run_with_history(machine, value, functions=HANDLERS, virtual_time=True)
        super().__init__(machine, history)
        self.status = record.status
        self.ends = {"input": json.dumps(value), "stopDate": moment(history[-1]["timestamp"])}

    def describe_execution(self, **asked):
        return super().describe_execution(**asked) | self.ends


def compared(first, second, ask):
    """Read two executions, each (machine, input); return what is asked about them."""

    clients = {"a": Told(*first), "b": Told(*second)}

    async def run():
        watches = [
            Watch(Endpoint(client, "http://127.0.0.1:1", is_local=True), ARN + name)
            for name, client in clients.items()
        ]
        try:
            for watch in watches:
                await watch.refresh()
            return ask(*watches)
        finally:
            for watch in watches:
                watch.close()

    return asyncio.run(run())


@pytest.fixture(scope="module")
def told():
    return compared((ORDERS, GOOD), (ORDERS, BAD), comparison)


def row(told, state):
    return next(each for each in told["states"] if each["state"] == state)


def test_given_two_executions_each_state_says_who_was_there(told) -> None:
    relations = {each["state"]: each["relation"] for each in told["states"]}
    assert relations["ReceiveManifest"] == "same"
    assert relations["LoadCheckpoint"] == relations["NotifySuccess"] == relations["Done"] == "only-a"
    assert relations["RecordFailure"] == relations["PipelineFailed"] == "only-b"
    assert relations["PublishTargets"] == relations["LoadWarehouse"] == "differs"
    assert relations["NothingToDo"] == "none"


def test_given_two_executions_each_edge_says_who_went_it(told) -> None:
    sides = dict(zip(map(tuple, told["edges"]), told["sides"], strict=True))
    assert sides["Start", "ReceiveManifest", False] == "both"
    assert sides["HasFiles", "LoadCheckpoint", False] == "a"
    assert sides["HasFiles", "ProcessFiles", False] == "b"
    assert sides["PublishTargets", "RecordFailure", True] == "b"
    assert sides["NotifySuccess", "RecordFailure", True] == "none"


def test_given_two_executions_states_come_as_they_were_reached_with_their_times(told) -> None:
    reached = [each["state"] for each in told["states"] if "visits" in each["a"]]
    assert reached[:3] == ["ReceiveManifest", "HasFiles", "LoadCheckpoint"]
    assert row(told, "QualityGate")["a"]["visits"] == 2
    assert row(told, "ValidateRows")["a"]["retries"] == 2
    assert row(told, "WaitForApproval")["a"]["seconds"] == pytest.approx(2, abs=0.01)
    assert "seconds" not in row(told, "WaitForApproval")["b"]
    assert row(told, "ParseFile")["depth"] == 1


def test_given_the_same_definition_nothing_is_told_as_changed(told) -> None:
    assert told["sameDefinition"]
    assert told["changed"] == {}
    assert {each["path"] for each in told["payloads"]["input"]["differences"]} == {
        "$.resume",
        "$.approved",
        "$.needs_approval",
        "$.warehouse",
    }


def test_given_another_version_of_the_definition_it_is_said_and_both_are_drawn() -> None:
    newer = deepcopy(ORDERS)
    newer["States"]["HasFiles"]["Default"] = "CountFiles"
    newer["States"]["CountFiles"] = {"Type": "Pass", "Next": "ProcessFiles"}
    del newer["States"]["LoadCheckpoint"]
    newer["States"]["HasFiles"]["Choices"].pop()
    found = compared((ORDERS, GOOD), (newer, BAD), comparison)
    assert not found["sameDefinition"]
    assert found["changed"] == {
        "LoadCheckpoint": "only-a",
        "CountFiles": "only-b",
        "HasFiles": "changed",
    }
    sides = dict(zip(map(tuple, found["edges"]), found["sides"], strict=True))
    assert sides["HasFiles", "LoadCheckpoint", False] == "a"
    assert sides["HasFiles", "CountFiles", False] == "b"
    assert 'data-state="LoadCheckpoint"' in found["svg"]
    assert 'data-state="CountFiles"' in found["svg"]


def test_given_a_definition_that_cannot_be_drawn_states_are_compared_all_the_same() -> None:
    def without_graph(a, b):
        b.chart = None
        return comparison(a, b)

    found = compared((ORDERS, GOOD), (ORDERS, BAD), without_graph)
    assert found["svg"] is None
    assert "cannot be drawn" in found["problem"]
    assert row(found, "ReceiveManifest")["b"]["visits"] == 1


def test_given_iterations_those_of_one_index_are_paired() -> None:
    files = [{"key": "b.csv", "rows": 9, "bad": 1}, {"key": "c.csv", "rows": 7}]
    other = BAD | {"files": files}
    found = compared((ORDERS, BAD), (ORDERS, other), lambda a, b: compared_state(a, b, "ValidateRows", None))
    assert found["count"] == 3
    pairs = [(pair["place"], pair["a"], pair["b"]) for pair in found["pairs"]]
    assert pairs == [
        (["#0"], "succeeded", "caught"),
        (["#1"], "caught", "succeeded"),
        (["#2"], "succeeded", None),
    ]
    assert found["index"] == 0  # the first whose statuses differ
    assert {each["path"]: each["op"] for each in found["input"]["differences"]} == {
        "$.key": "~",
        "$.rows": "~",
        "$.bad": "+",
    }
    assert found["b"]["error"]["error"] == "SchemaMismatch"
    assert found["a"]["error"] is None


def test_given_a_state_of_one_alone_the_other_has_nothing() -> None:
    found = compared((ORDERS, GOOD), (ORDERS, BAD), lambda a, b: compared_state(a, b, "Approve", None))
    assert found["b"] is None
    assert found["input"]["b"] is None
    assert "differences" not in found["input"]


def test_given_a_state_that_neither_reached_it_is_said_and_a_pair_that_is_not_there_is_refused() -> None:
    def ask(a, b):
        for state, pair in (("HasFiles", 1), ("NothingToDo", 0)):
            with pytest.raises(IndexError):
                compared_state(a, b, state, pair)
        return compared_state(a, b, "NothingToDo", None)

    found = compared((ORDERS, GOOD), (ORDERS, BAD), ask)
    assert (found["count"], found["index"]) == (0, None)


class Listed:
    """An endpoint with a list of executions that succeeded, the newest first, by pages."""

    def __init__(self, dates, page=2):
        self.dates = dates
        self.page = page
        self.asked = []

    def list_executions(self, **asked):
        self.asked.append(asked)
        start = int(asked.get("nextToken", 0))
        size = min(asked["maxResults"], self.page)
        page = self.dates[start : start + size]
        found = [{"executionArn": f"{ARN}{name}", "startDate": moment(date)} for name, date in page]
        more = {"nextToken": str(start + size)} if start + size < len(self.dates) else {}
        return {"executions": found, **more}


@pytest.mark.parametrize(
    ("dates", "found"),
    [
        ([("later", 9), ("itself", 5), ("before", 4), ("first", 1)], "before"),
        ([("later", 9), ("itself", 5)], None),
        ([], None),
    ],
)
def test_given_no_other_execution_the_last_before_it_that_succeeded_is_taken(dates, found) -> None:
    client = Listed(dates)
    assert before(client) == (found and ARN + found)
    assert {each["statusFilter"] for each in client.asked} == {"SUCCEEDED"}


@pytest.mark.parametrize(
    ("later", "is_found"), [(MAX_SEARCHED_REFERENCES - 1, True), (MAX_SEARCHED_REFERENCES, False)]
)
def test_given_many_executions_after_it_they_are_gone_back_so_far_and_no_further(later, is_found) -> None:
    client = Listed([(f"later-{i}", 9) for i in range(later)] + [("before", 4)], page=100)
    assert (before(client) is not None) == is_found


def before(client):
    """Return the reference of an execution that began at 5."""
    endpoint = Endpoint(client, "http://127.0.0.1:1", is_local=True)

    async def run():
        watch = Watch(endpoint, f"{ARN}itself")
        watch.execution = {"stateMachineArn": "arn:machine", "startDate": 5.0}
        try:
            return await reference(endpoint, watch)
        finally:
            watch.close()

    return asyncio.run(run())
