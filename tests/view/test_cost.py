"""What an execution costs: as much as its history tells, and where it tells not all, at least that."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from statewright.engine import run_with_history
from statewright.prices import step_functions_prices
from statewright.view.cost import cost_of
from tests.view.orders import BAD, HANDLERS, ORDERS, RELEASE
from tests.view.test_watch import Client, watched

PRICES = step_functions_prices()
EXPRESS = "arn:aws:states:ap-south-1:000000000000:express:m:e:1"


def cost(machine, value, hidden=()):
    """Return the cost of an execution whose history leaves out events of these beginnings."""
    RELEASE.set()
    _, history = run_with_history(machine, value, functions=HANDLERS, virtual_time=True)
    kept = [event for event in history if not event["type"].startswith(tuple(hidden))] if hidden else history
    client = Client(machine, [event | {"id": number} for number, event in enumerate(kept, 1)])

    async def steps(watch):
        await watch.refresh()
        return cost_of(watch)

    return watched(client, steps)


def test_given_a_history_its_transitions_are_counted_with_retries() -> None:
    found = cost(ORDERS, BAD)
    assert found["usd"] == pytest.approx(19 * PRICES.transition)
    assert not found["isLeast"]
    assert found["how"].startswith("19 state transitions; prices of us-east-1, read on ")


def test_given_iterations_that_are_not_told_it_is_the_least() -> None:
    inner = {"StartAt": "In", "States": {"In": {"Type": "Pass", "End": True}}}
    machine = {"StartAt": "Each", "States": {"Each": {"Type": "Map", "ItemProcessor": inner, "End": True}}}
    assert not cost(machine, [1, 2])["isLeast"]
    found = cost(machine, [1, 2], hidden=("MapStateStarted", "MapIteration", "PassState"))
    assert found["isLeast"]
    assert "iterations that are not told are not counted" in found["how"]


def test_given_an_express_execution_its_request_and_duration_are_the_least() -> None:
    watch = SimpleNamespace(arn=EXPRESS, execution={"startDate": 10.0, "stopDate": 12.0}, log=[])
    found = cost_of(watch)
    assert found["usd"] == pytest.approx(PRICES.express(2.0))
    assert found["isLeast"]
    assert "prices of us-east-1" in found["how"]  # whose they are where the region's are not listed
    watch.execution.pop("stopDate")
    assert cost_of(watch) is None


def test_given_no_history_or_one_of_another_machine_no_cost_is_told() -> None:
    standard = EXPRESS.replace("express", "execution")
    assert cost_of(SimpleNamespace(arn=standard, execution={}, log=[], is_of_another=False)) is None
    assert cost_of(SimpleNamespace(arn=standard, execution={}, log=[1], is_of_another=True)) is None
