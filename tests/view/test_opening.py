"""What a page opens on: the state to look at, where it can be read, and the way up from a child."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

pytest.importorskip("playwright", reason="playwright is not installed (make setup)")
from playwright.sync_api import expect

from tests.view.orders import BAD

NARROW = {"width": 700, "height": 900}
FAIL = {"Type": "Fail", "Error": "Rejected", "Cause": json.dumps({"errorMessage": "no amount"})}


@pytest.fixture(autouse=True, scope="module")
def patience():
    expect.set_options(timeout=10_000)


def bounds(page: Any, selector: str) -> dict[str, float]:
    box = page.locator(selector).first.bounding_box()
    assert box is not None, selector
    return box


def test_given_a_graph_too_large_to_be_read_it_opens_close_to_the_failing_state(
    cloud, page_server, tab
) -> None:
    steps = {f"Step{i}": {"Type": "Pass", "Next": f"Step{i + 1}"} for i in range(40)}
    cloud.machine("long", {"StartAt": "Step0", "States": steps | {"Step40": FAIL}})
    page = tab.page
    page.goto(page_server.address(execution=cloud.ran("long", {})))
    expect(page.locator("#panel h2")).to_have_text("Step40")
    expect(page.locator("#zoom")).to_have_text("75 %")
    seen, stage = bounds(page, '.state[data-state="Step40"]'), bounds(page, "#stage")
    assert stage["y"] <= seen["y"] <= seen["y"] + seen["height"] <= stage["y"] + stage["height"]
    page.get_by_role("button", name="Fit").click()
    assert bounds(page, "#canvas svg")["height"] <= stage["height"]


def test_given_a_fail_in_an_iteration_its_error_and_cause_are_told(cloud, page_server, tab) -> None:
    flow = {"StartAt": "Reject", "States": {"Reject": FAIL}}
    each = {"Type": "Map", "ItemProcessor": flow, "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Done"}]}
    states = {"Each": each | {"Next": "Done"}, "Done": {"Type": "Succeed"}}
    cloud.machine("rejecting", {"StartAt": "Each", "States": states})
    page = tab.page
    page.goto(page_server.address(execution=cloud.ran("rejecting", [1, 2]), state="Reject"))
    expect(page.locator("#panel .error strong")).to_have_text("Rejected")
    expect(page.locator("#panel .cause")).to_have_text("no amount")


def test_given_the_address_of_a_child_its_machine_is_listed_and_a_way_leads_up(
    cloud, page_server, tab
) -> None:
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    processor |= {"StartAt": "One", "States": {"One": {"Type": "Pass", "End": True}}}
    shared = {"Type": "Map", "Label": "shares", "ItemProcessor": processor, "End": True}
    cloud.machine("zz-shared", {"StartAt": "Share", "States": {"Share": shared}})
    parent = cloud.ran("zz-shared", [1])
    run = cloud.client.list_map_runs(executionArn=parent)["mapRuns"][0]["mapRunArn"]
    child = cloud.client.list_executions(mapRunArn=run)["executions"][0]["executionArn"]
    page = tab.page
    page.goto(page_server.address(execution=quote(child)))
    expect(page.locator('.state[data-state="One"]')).to_be_visible()
    expect(page.locator("#machines option:checked")).to_have_text("zz-shared")
    page.locator("#crumbs button").click()
    expect(page.locator('.state[data-state="Share"]')).to_be_visible()
    expect(page.locator("#crumbs")).to_be_hidden()


def test_given_a_narrow_window_and_long_names_everything_can_be_reached(cloud, page_server, tab) -> None:
    page = tab.page
    page.set_viewport_size(NARROW)
    page.goto(page_server.address(execution=cloud.ran("orders-pipeline", BAD)))
    expect(page.locator("#panel h2")).to_have_text("LoadWarehouse")
    for button in page.locator("header :is(button, a):visible").all():
        box = button.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= NARROW["width"], button.inner_text()
    assert bounds(page, "#stage")["height"] >= 100
    name = page.locator("#executions .name").first
    assert name.get_attribute("title") == name.inner_text()


def test_given_characters_that_turn_a_text_around_their_codes_are_shown(cloud, page_server, tab) -> None:
    body = {"Type": "Pass", "Result": {"name": "report\u202efdp.exe"}, "End": True}
    cloud.machine("turning", {"StartAt": "Turn", "States": {"Turn": body}})
    page = tab.page
    page.goto(page_server.address(execution=cloud.ran("turning", {}), state="Turn"))
    expect(page.locator("[data-part=output] .text")).to_have_text('"report\\u202efdp.exe"')
