"""The page in Debian's Chromium: what it shows, what can be done in it, what it never does.

Each test ends with no error on the console and no request to another host (see the fixture `tab`).
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.view.conftest import Cloud, Page, Tab, serving
from tests.view.orders import BAD, EMPTY, GOOD, RELEASE

pytest.importorskip("playwright", reason="playwright is not installed (make setup)")
from playwright.sync_api import expect

HOSTILE = "<img src=x onerror=alert(1)> & \"'</script><script>alert(2)</script>"
SECONDS = 1000
FAILING = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke",
    "Parameters": {"FunctionName": "validate", "Payload.$": "$"},
    "End": True,
}


@pytest.fixture(autouse=True, scope="module")
def patience():
    expect.set_options(timeout=10 * SECONDS)


def opened(tab: Tab, page_server: Page, execution: str, **members: str) -> Any:
    tab.page.goto(page_server.address(execution=execution, **members))
    expect(tab.page.locator("#status")).to_be_visible()
    return tab.page


def state(page: Any, name: str) -> Any:
    return page.locator(f'.state[data-state="{name}"]')


def test_given_a_failed_execution_it_opens_on_the_failing_state_with_its_cause(
    cloud, page_server, tab
) -> None:
    execution = cloud.ran("orders-pipeline", BAD)
    assert cloud.ended(execution) == "FAILED"
    page = opened(tab, page_server, execution)
    panel = page.locator("#panel")
    expect(panel.locator("h2")).to_have_text("LoadWarehouse")
    expect(panel).to_contain_text("WarehouseUnavailable")
    expect(panel).to_contain_text("connection to warehouse:5439 timed out")
    expect(panel.locator(".trace")).to_contain_text("raise WarehouseUnavailable")
    expect(state(page, "LoadWarehouse")).to_have_class(re.compile("s-failed.*selected"))
    expect(state(page, "PublishTargets")).to_have_class(re.compile("s-caught"))
    expect(state(page, "NotifySuccess")).to_have_class(re.compile("s-none"))
    assert page.evaluate("location.hash.includes('token')") is False


def test_given_a_failed_attempt_that_waits_for_its_retry_the_state_is_running(
    cloud, page_server, tab
) -> None:
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 60, "MaxAttempts": 1}]
    cloud.machine("retries", {"StartAt": "Again", "States": {"Again": {**FAILING, "Retry": retry}}})
    page = opened(tab, page_server, cloud.start("retries", {"key": "k", "bad": 1}))
    expect(state(page, "Again")).to_have_class(re.compile("s-running"))
    state(page, "Again").click()
    expect(page.locator("#panel .waiting")).to_contain_text("waiting for the retry")
    expect(page.locator("#panel .error").first).to_contain_text("SchemaMismatch")


def test_given_a_member_of_an_input_a_click_leads_to_the_state_that_wrote_it(cloud, page_server, tab) -> None:
    execution = cloud.ran("orders-pipeline", BAD)
    page = opened(tab, page_server, execution)
    expect(page.locator("#panel h2")).to_have_text("LoadWarehouse")
    page.get_by_role("button", name="Where file_count comes from").click()
    expect(page.locator("#panel .from")).to_have_text("from the execution's input")
    page.get_by_role("button", name="Where processed comes from").click()
    page.get_by_role("button", name="from ProcessFiles").click()
    expect(page.locator("#panel h2")).to_have_text("ProcessFiles")


def test_given_a_running_execution_the_graph_is_live(cloud, page_server, tab) -> None:
    RELEASE.clear()
    execution = cloud.start("orders-pipeline", GOOD | {"wait": True})
    page = opened(tab, page_server, execution)
    expect(page.locator("#status")).to_have_text("RUNNING")
    expect(state(page, "ValidateRows").locator(".badge")).to_contain_text("↻")
    expect(state(page, "NotifySuccess")).to_have_class(re.compile("s-running"))
    expect(page.locator("#status")).to_have_text("RUNNING")
    RELEASE.set()
    expect(page.locator("#status")).to_have_text("SUCCEEDED")
    expect(state(page, "Done")).to_have_class(re.compile("s-succeeded"))


def test_given_a_caught_error_in_an_iteration_it_can_be_looked_at_alone(cloud, page_server, tab) -> None:
    RELEASE.set()
    execution = cloud.ran("orders-pipeline", GOOD)
    assert cloud.ended(execution) == "SUCCEEDED"
    page = opened(tab, page_server, execution)
    expect(state(page, "ValidateRows")).to_have_class(re.compile("s-caught"))
    state(page, "ValidateRows").click()
    expect(page.locator("#panel .error").first).to_contain_text("SchemaMismatch")
    expect(page.locator("#panel .chip[aria-pressed=true]")).to_have_text("#1")
    unfolded = page.locator("#panel [data-part=output] .inside")
    expect(unfolded).to_contain_text("a text of JSON")
    expect(unfolded).to_contain_text('errorType: "SchemaMismatch"')
    state(page, "ProcessFiles").locator("> .name").click()
    page.get_by_role("button", name="Iterations (3)").click()
    page.locator("#dialog .chip", has_text="#0").click()
    expect(page.locator("#frame-bar")).to_contain_text("#0")
    expect(state(page, "QuarantineRows")).to_have_class(re.compile("s-none"))
    expect(state(page, "ValidateRows")).to_have_class(re.compile("s-succeeded"))
    page.get_by_role("button", name="Show all").click()
    expect(state(page, "QuarantineRows")).to_have_class(re.compile("s-succeeded"))


def test_given_an_input_an_execution_starts_from_the_page(cloud, page_server, tab) -> None:
    cloud.ended(cloud.start("orders-pipeline", EMPTY))
    page = tab.page
    page.goto(page_server.address(machine=cloud.machines["orders-pipeline"]))
    page.get_by_role("button", name="Start execution").click()
    page.get_by_label("Input", exact=True).fill("{no json")
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.locator(".problem")).to_contain_text("no JSON")
    page.get_by_label("Input", exact=True).fill(json.dumps(EMPTY))
    page.get_by_label("Name").fill("from-the-page")
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.locator("#facts")).to_contain_text("from-the-page")
    expect(page.locator("#status")).to_have_text("SUCCEEDED")
    expect(page.locator("#executions [aria-selected=true]")).to_contain_text("from-the-page")


def test_given_a_running_execution_it_is_stopped_from_the_page(cloud, page_server, tab) -> None:
    cloud.machine(
        "waits", {"StartAt": "Hold", "States": {"Hold": {"Type": "Wait", "Seconds": 900, "End": True}}}
    )
    page = opened(tab, page_server, cloud.start("waits", {}))
    expect(state(page, "Hold")).to_have_class(re.compile("s-running"))
    page.locator("#stop").click()
    page.locator("#dialog").get_by_role("button", name="Stop", exact=True).click()
    expect(page.locator("#status")).to_have_text("ABORTED")
    expect(state(page, "Hold")).to_have_class(re.compile("s-aborted"))


def test_given_a_failed_execution_it_is_redriven_from_the_page(cloud, page_server, tab) -> None:
    execution = cloud.start("orders-pipeline", BAD)
    cloud.ended(execution)
    page = opened(tab, page_server, execution)
    page.locator("#redrive").click()
    page.locator("#dialog").get_by_role("button", name="Redrive", exact=True).click()
    expect(page.locator("#dialog")).not_to_be_visible()
    assert cloud.client.describe_execution(executionArn=execution)["redriveCount"] == 1
    expect(page.locator("#status")).to_have_text("FAILED")


def test_given_a_state_it_is_tried_again_with_another_input_and_a_mock(cloud, page_server, tab) -> None:
    execution = cloud.ran("orders-pipeline", EMPTY)
    page = opened(tab, page_server, execution)
    state(page, "HasFiles").click()
    page.get_by_role("button", name="Try this state again").click()
    page.get_by_label("Input", exact=True).fill(json.dumps(GOOD))
    page.get_by_role("button", name="Try", exact=True).click()
    expect(page.locator(".outcome")).to_contain_text("goes on at LoadCheckpoint")
    page.get_by_role("button", name="Cancel").click()
    state(page, "ReceiveManifest").click()
    page.get_by_role("button", name="Try this state again").click()
    page.get_by_label("What the call gives").select_option("result")
    page.get_by_label("Result", exact=True).fill('{"Payload": {"file_count": 7}}')
    page.get_by_role("button", name="Try", exact=True).click()
    expect(page.locator(".outcome")).to_contain_text("file_count: 7")
    page.get_by_label("What the call gives").select_option("")
    page.get_by_role("button", name="Try", exact=True).click()
    expect(page.locator(".outcome")).to_contain_text("file_count: 0")


def test_given_a_state_that_waits_for_others_it_is_tried_with_a_mock_and_its_context(
    cloud, page_server, tab
) -> None:
    waits = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": {"FunctionName": "receive", "Payload": {"token.$": "$$.Task.Token"}},
        "ResultSelector": {"run.$": "$$.Execution.Name", "said.$": "$.said"},
        "TimeoutSeconds": 1,
        "End": True,
    }
    cloud.machine("token", {"StartAt": "Ask", "States": {"Ask": waits}})
    execution = cloud.start("token", {}, name="asked-1")
    page = opened(tab, page_server, execution)
    state(page, "Ask").click()
    page.get_by_role("button", name="Try this state again").click()
    expect(page.locator("#dialog")).to_contain_text("does not run what this state waits for")
    expect(page.get_by_label("What the call gives").locator("option")).to_have_count(2)
    page.get_by_label("Result", exact=True).fill('{"said": "yes"}')
    page.get_by_role("button", name="Try", exact=True).click()
    expect(page.locator(".outcome")).to_contain_text('{run: "asked-1", said: "yes"}')
    page.get_by_label("What the call gives").select_option("error")
    page.get_by_label("Error", exact=True).fill("Refused")
    page.get_by_label("Cause", exact=True).fill("not today")
    page.get_by_role("button", name="Try", exact=True).click()
    expect(page.locator(".outcome")).to_contain_text("not today")


def test_given_many_executions_they_are_searched_and_filtered(cloud, page_server, tab) -> None:
    cloud.ended(cloud.start("orders-pipeline", EMPTY, name="needle-1"))
    cloud.ended(cloud.start("orders-pipeline", BAD, name="broken-1"))
    page = tab.page
    page.goto(page_server.address(machine=cloud.machines["orders-pipeline"]))
    page.get_by_label("Search executions").fill("needle")
    expect(page.locator("#executions li")).to_have_count(1)
    page.get_by_label("Search executions").fill("")
    page.get_by_label("Status").first.select_option("FAILED")
    expect(page.locator("#executions li").first).to_contain_text("failed")
    assert all("failed" in text for text in page.locator("#executions li").all_inner_texts())


def test_given_the_event_table_its_rows_are_filtered_and_opened(cloud, page_server, tab) -> None:
    execution = cloud.ran("orders-pipeline", BAD)
    page = opened(tab, page_server, execution)
    page.get_by_role("tab", name="Events").click()
    expect(page.locator("#events tbody tr").first).to_contain_text("ExecutionStarted")
    page.get_by_label("Filter the table").fill("taskfailed")
    rows = page.locator("#events tbody tr")
    expect(rows.first).to_contain_text("TaskFailed")
    expect(rows).to_have_count(4)
    rows.last.click(position={"x": 5, "y": 5})
    expect(page.locator("#events .detail")).to_contain_text("taskFailedEventDetails")
    rows.last.get_by_role("button").or_(page.locator("#events tr.bad button")).last.click()
    expect(page.locator("#panel h2")).to_have_text("LoadWarehouse")


def test_given_the_keyboard_alone_states_are_found_walked_and_opened(cloud, page_server, tab) -> None:
    execution = cloud.ran("orders-pipeline", EMPTY)
    page = opened(tab, page_server, execution)
    expect(state(page, "Done")).to_have_class(re.compile("s-succeeded"))
    page.keyboard.press("/")
    page.keyboard.type("hasf")
    page.keyboard.press("Enter")
    expect(page.locator("#panel h2")).to_have_text("HasFiles")
    page.keyboard.press("ArrowUp")
    expect(page.locator("#panel h2")).to_have_text("ReceiveManifest")
    before = page.locator("#zoom").inner_text()
    page.keyboard.press("+")
    expect(page.locator("#zoom")).not_to_have_text(before)
    page.keyboard.press("0")
    expect(page.locator("#zoom")).to_have_text(before)
    page.keyboard.press("?")
    expect(page.locator("#dialog")).to_contain_text("find a state")


def test_given_hostile_names_and_payloads_nothing_of_them_runs(cloud, page_server, tab) -> None:
    name = HOSTILE[:70]
    body = {"Type": "Pass", "Comment": HOSTILE, "Result": {HOSTILE: HOSTILE}, "Next": "Fail"}
    failing = {"Type": "Fail", "Error": HOSTILE, "Cause": json.dumps({"errorMessage": HOSTILE, "x": HOSTILE})}
    cloud.machine("hostile", {"StartAt": name, "States": {name: body, "Fail": failing}, "Comment": HOSTILE})
    execution = cloud.start("hostile", {"a": HOSTILE, "__proto__": {"b": HOSTILE}})
    cloud.ended(execution)
    page = opened(tab, page_server, execution)
    expect(page.locator("#panel h2")).to_have_text("Fail")
    expect(page.locator("#panel .cause")).to_have_text(HOSTILE)
    page.locator(".state").first.click()
    expect(page.locator("#panel h2")).to_have_text(name)
    for tab_name in ("Events", "Input and output", "Timeline"):
        page.get_by_role("tab", name=tab_name).click()
    page.locator("#timeline button").first.click()
    assert page.locator("img, #panel script, #canvas script, #bottom script").count() == 0
    assert page.evaluate("({}).b") is None


def test_given_a_distributed_map_its_children_are_listed_filtered_and_opened(cloud, page_server, tab) -> None:
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    processor |= {"StartAt": "ValidateOne", "States": {"ValidateOne": FAILING}}
    spread = {"Type": "Map", "ItemProcessor": processor, "ToleratedFailureCount": 5, "End": True}
    cloud.machine("spread", {"StartAt": "Each", "States": {"Each": spread}})
    items = [{"key": f"{i}.csv", "rows": i, "bad": 2 if i == 3 else 0} for i in range(130)]
    execution = cloud.start("spread", items)
    assert cloud.ended(execution) == "SUCCEEDED"
    page = opened(tab, page_server, execution)
    expect(state(page, "ValidateOne")).to_have_class(re.compile("s-nodata"))
    expect(state(page, "Each").locator(".badge")).to_contain_text("129/130 ✓ 1 ✕")
    state(page, "Each").locator(".name").click()
    page.get_by_role("button", name="Child executions").click()
    expect(page.locator("#crumbs")).to_contain_text("children of Each")
    expect(page.locator("#executions li")).to_have_count(100)
    page.locator("#more-executions").click()
    expect(page.locator("#executions li")).to_have_count(130)
    expect(page.locator("#more-executions")).to_be_hidden()
    page.get_by_label("Status").first.select_option("FAILED")
    expect(page.locator("#executions li")).to_have_count(1)
    page.locator("#executions li").click()
    expect(page.locator("#panel h2")).to_have_text("ValidateOne")
    expect(page.locator("#panel")).to_contain_text("SchemaMismatch")
    page.locator("#crumbs button").click()
    expect(state(page, "Each")).to_be_visible()


def test_given_no_token_the_page_says_so_and_shows_nothing(browser, page_server) -> None:
    page = browser.new_page()
    page.goto(page_server.origin)
    expect(page.locator("#notice")).to_contain_text("token")
    expect(page.locator("#executions li")).to_have_count(0)
    page.close()


def test_given_an_endpoint_that_is_not_local_nothing_can_be_done_there(cloud: Cloud, browser) -> None:
    from dataclasses import replace

    from statewright.view.endpoint import find_endpoint

    execution = cloud.ran("orders-pipeline", BAD)
    far = replace(find_endpoint(cloud.url), is_local=False)
    with serving(far) as there:
        page = browser.new_page()
        page.goto(there.address(execution=execution))
        expect(page.locator("#panel h2")).to_have_text("LoadWarehouse")
        for name in ("start", "stop", "redrive"):
            expect(page.locator(f"#{name}")).to_be_hidden()
        expect(page.get_by_role("button", name="Try this state again")).to_have_count(0)
        page.close()
