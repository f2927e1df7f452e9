"""What types tell of a state, and whether the project's file is what ran."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from statewright.local.names import Names
from statewright.view.definition import read_chart
from statewright.view.typed import TypesOfStates

if TYPE_CHECKING:
    from tests.view.conftest import Shop


def told(shop: Shop, definition: str, state: str, machine: str | None = None) -> dict:
    node = read_chart(definition).nodes[state]
    return TypesOfStates(shop.files).of(machine or shop.machine, definition, node)


@pytest.fixture
def deployed(shop: Shop) -> str:
    return Names(shop.files.project, "").definition("sell")


def test_given_what_the_project_deploys_findings_lead_to_lines_of_its_file(shop: Shop, deployed: str) -> None:
    found = told(shop, deployed, "IsCheap")
    assert found["isSame"]
    assert [each["code"] for each in found["findings"]] == ["SW101"]
    assert found["findings"][0]["place"].startswith("statemachines/sell.asl.json:")
    assert found["inferred"]["input"]["words"] == "{price: integer}"


def test_given_the_same_on_one_line_and_with_other_arns_it_is_the_same(shop: Shop, deployed: str) -> None:
    elsewhere = json.dumps(json.loads(deployed)).replace("us-east-1:000000000000", "eu-west-1:000000000000")
    found = told(shop, elsewhere, "IsCheap")
    assert found["isSame"]
    assert found["findings"] == told(shop, deployed, "IsCheap")["findings"]


def test_given_another_definition_it_is_said_and_no_line_is_told(shop: Shop, deployed: str) -> None:
    found = told(shop, deployed.replace('"Type": "Succeed"', '"Type": "Succeed", "Comment": "c"'), "IsCheap")
    assert not found["isSame"]
    assert found["file"] == "statemachines/sell.asl.json"
    assert found["findings"][0]["place"] is None


def test_given_a_task_its_functions_signature_is_told(shop: Shop, deployed: str) -> None:
    found = told(shop, deployed, "PriceOrder")
    assert found["function"]["name"] == "price_order"
    assert found["function"]["output"] == "{article: string, price: integer}"
    assert found["findings"] == []


def test_given_a_machine_that_is_not_the_projects_its_input_is_unknown(shop: Shop, deployed: str) -> None:
    machine = "arn:aws:states:us-east-1:000000000000:stateMachine:other"
    found = told(shop, deployed, "PriceOrder", machine)
    assert found["file"] is None
    assert found["inferred"]["input"]["words"] == "unknown"


def test_given_a_schema_that_cannot_be_read_it_is_said(shop: Shop, deployed: str) -> None:
    file = shop.files.schemas / "functions" / "price_order.json"
    before = file.read_text()
    try:
        file.write_text('{"input": 3}')
        assert "price_order.json" in told(shop, deployed, "PriceOrder")["problem"]
    finally:
        file.write_text(before)


def test_given_a_definition_that_aws_would_refuse_it_is_told_what_is_wrong(shop: Shop, deployed: str) -> None:
    found = told(shop, deployed.replace('"Next": "IsCheap"', '"Next": "Nowhere"'), "PriceOrder")
    assert any(each["severity"] == "error" for each in found["findings"])
