"""Pages about more than one execution, in Debian's Chromium: compared, covered, what they cost.

Each test ends with no error on the console and no request to another host (see the fixture `tab`).
"""

from __future__ import annotations

import json
import re
from copy import deepcopy
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.view.conftest import Page, Tab, serving
from tests.view.orders import BAD, EMPTY, GOOD, ORDERS, RELEASE

pytest.importorskip("playwright", reason="playwright is not installed (make setup)")
from playwright.sync_api import expect

HOSTILE = "<img src=x onerror=alert(1)> & \"'</script><script>alert(2)</script>"


@pytest.fixture(autouse=True, scope="module")
def patience():
    expect.set_options(timeout=10_000)


@pytest.fixture(scope="module")
def pair(cloud) -> tuple[str, str]:
    """An execution that succeeded, and one after it that failed."""
    RELEASE.set()
    cloud.machine("studied", ORDERS)
    arns = tuple(cloud.start("studied", each, name) for each, name in ((GOOD, "good"), (BAD, "bad")))
    assert [cloud.ended(arn) for arn in arns] == ["SUCCEEDED", "FAILED"]
    return arns


def shown(tab: Tab, page_server: Page, path: str, **members: str) -> Any:
    """Open a page with the token, which it then keeps to itself."""
    tab.page.goto(f"{page_server.origin}/{path}#{urlencode({'token': page_server.token, **members})}")
    return tab.page


def state(page: Any, name: str) -> Any:
    return page.locator(f'.state[data-state="{name}"]')


def test_given_two_executions_one_graph_shows_who_went_where(pair, page_server, tab) -> None:
    page = shown(tab, page_server, "compare", a=pair[0], b=pair[1])
    expect(state(page, "LoadCheckpoint")).to_have_class(re.compile("s-only-a"))
    expect(state(page, "RecordFailure")).to_have_class(re.compile("s-only-b"))
    expect(state(page, "PublishTargets")).to_have_class(re.compile("s-differs"))
    expect(state(page, "ReceiveManifest")).to_have_class(re.compile("s-same"))
    expect(state(page, "NothingToDo")).to_have_class(re.compile("s-none"))
    expect(state(page, "RecordFailure").locator("> .mark")).to_have_attribute("href", "#mark-b")
    assert page.locator(".line.only-a").count() > 3
    assert page.locator(".line.only-b").count() >= 3
    assert set(page.locator(".pip text").all_text_contents()) == {"A", "B"}
    assert "token" not in page.evaluate("location.hash")
    expect(page.locator("#notice")).to_be_hidden()


def test_given_two_executions_durations_stand_side_by_side_and_payloads_by_difference(
    pair, page_server, tab
) -> None:
    page = shown(tab, page_server, "compare", a=pair[0], b=pair[1])
    row = page.locator('#rows tr[data-state="WaitForApproval"]')
    expect(row).to_contain_text("succeeded")
    expect(row).to_contain_text("not reached")
    expect(page.locator('#rows tr[data-state="PublishTargets"]')).to_contain_text(re.compile("[−+]"))
    expect(page.locator("#panel .diff").first).to_contain_text("$.warehouse")
    page.get_by_label("Only what differs").check()
    expect(page.locator('#rows tr[data-state="ReceiveManifest"]')).to_have_count(0)
    state(page, "LoadWarehouse").click()
    expect(page.locator("#panel h2")).to_have_text("LoadWarehouse")
    expect(page.locator("#panel .error")).to_contain_text("WarehouseUnavailable")
    expect(page.locator("#panel")).to_contain_text("another status")
    assert "state=LoadWarehouse" in page.evaluate("location.hash")
    page.reload()
    expect(page.locator("#panel h2")).to_have_text("LoadWarehouse")


def test_given_the_keyboard_alone_the_compared_graph_is_walked_and_moved(pair, page_server, tab) -> None:
    page = shown(tab, page_server, "compare", a=pair[0], b=pair[1], state="HasFiles")
    expect(page.locator("#panel h2")).to_have_text("HasFiles")
    page.keyboard.press("ArrowUp")
    expect(page.locator("#panel h2")).to_have_text("ReceiveManifest")
    before = page.locator("#zoom").inner_text()
    page.keyboard.press("+")
    expect(page.locator("#zoom")).not_to_have_text(before)
    page.keyboard.press("0")
    expect(page.locator("#zoom")).to_have_text(before)
    page.keyboard.press("t")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_given_iterations_a_pair_of_them_is_chosen(pair, page_server, tab) -> None:
    page = shown(tab, page_server, "compare", a=pair[0], b=pair[1], state="ParseFile")
    expect(page.locator("#panel .chip")).to_have_text(["#0", "#1", "#2"])
    page.locator("#panel .chip").nth(2).click()
    expect(page.locator("#panel .chip").nth(2)).to_have_attribute("aria-pressed", "true")
    page.locator("#panel .payload summary").first.click()
    expect(page.locator("#panel .payload .json").first).to_contain_text("c.csv")


def test_given_an_execution_it_is_compared_with_the_last_that_succeeded_or_with_one_that_is_chosen(
    pair, cloud, page_server, tab
) -> None:
    page = shown(tab, page_server, "", execution=pair[1])
    page.get_by_role("link", name="Compare").click()
    expect(page.locator("#side-a")).to_contain_text("good")
    expect(page.locator("#side-b")).to_contain_text("bad")
    page.locator("#swap").click()
    expect(page.locator("#side-a")).to_contain_text("bad")
    page.locator("#side-b").click()
    page.get_by_label("Search executions").fill("bad")
    expect(page.locator("#dialog .pick")).to_have_count(1)
    page.locator("#dialog .pick").click()
    expect(page.locator("#side-b")).to_contain_text("bad")
    expect(page.locator("#sums")).to_contain_text("0 of them not alike")
    page.locator("#panel a").first.click()
    expect(page.locator("#panel h2")).to_have_text("LoadWarehouse")


def test_given_another_version_of_the_definition_the_page_says_so(cloud, page_server, tab) -> None:
    arn = cloud.machine("versioned", deepcopy(ORDERS))
    first = cloud.start("versioned", EMPTY)
    cloud.ended(first)
    newer = deepcopy(ORDERS)
    newer["States"]["NothingToDo"]["Next"] = "Inserted"
    newer["States"]["Inserted"] = {"Type": "Pass", "Next": "Done"}
    cloud.client.update_state_machine(stateMachineArn=arn, definition=json.dumps(newer))
    second = cloud.start("versioned", EMPTY)
    cloud.ended(second)
    page = shown(tab, page_server, "compare", a=first, b=second)
    expect(page.locator("#notice")).to_contain_text("1 state only in B, 1 state defined differently")
    expect(state(page, "Inserted")).to_have_class(re.compile("s-only-b"))
    expect(state(page, "NothingToDo").locator(".badge")).to_contain_text("Δ")


def test_given_executions_coverage_lists_and_draws_what_was_never_taken(
    pair, cloud, page_server, tab
) -> None:
    page = shown(tab, page_server, "coverage", machine=cloud.machines["studied"])
    expect(page.locator("#facts")).to_contain_text("executions read")
    expect(state(page, "NothingToDo")).to_have_class(re.compile("s-never"))
    expect(state(page, "HasFiles")).to_have_class(re.compile("s-covered"))
    expect(page.locator("#panel")).to_contain_text("HasFiles → NothingToDo file_count = 0")
    assert page.locator(".line.never").count() > 0
    page.get_by_label("Status").select_option("FAILED")
    expect(page.locator("#facts")).to_contain_text("1 execution read")
    expect(state(page, "NotifySuccess")).to_have_class(re.compile("s-never"))
    page.locator("#panel").get_by_role("button", name="NotifySuccess", exact=True).click()
    expect(state(page, "NotifySuccess")).to_have_class(re.compile("selected"))
    cloud.ended(cloud.start("studied", EMPTY))
    page.get_by_label("Status").select_option("")
    expect(state(page, "NothingToDo")).to_have_class(re.compile("s-covered"))


def test_given_the_list_each_execution_says_how_long_it_took_and_what_it_cost(pair, page_server, tab) -> None:
    page = shown(tab, page_server, "", execution=pair[0])
    row = page.locator("#executions li", has_text="good")
    expect(row.locator(".took")).to_contain_text(" s")
    expect(row.locator(".cost")).to_have_text(re.compile(r"≈ \$0\.000\d\d\d"))
    expect(row.locator(".cost")).to_have_attribute("title", re.compile(r"state transitions.*us-east-1.*2026"))
    expect(page.locator("#read-costs")).to_be_hidden()


def test_given_an_endpoint_that_is_not_local_costs_are_read_by_a_click_alone(pair, cloud, browser) -> None:
    from dataclasses import replace

    from statewright.view.endpoint import find_endpoint

    with serving(replace(find_endpoint(cloud.url), is_local=False)) as there:
        page = browser.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(there.address(execution=pair[0]))
        row = page.locator("#executions li", has_text="bad")
        expect(row).to_be_visible()
        expect(page.locator("#status")).to_have_text("SUCCEEDED")
        assert not [url for url in asked if "/api/cost" in url]
        page.get_by_role("button", name="What they cost").click()
        expect(row.locator(".cost")).to_contain_text("$")
        page.close()


def test_given_a_field_deep_inside_a_click_leads_to_the_state_that_wrote_it(pair, page_server, tab) -> None:
    page = shown(tab, page_server, "", execution=pair[1])
    expect(page.locator("#panel h2")).to_have_text("LoadWarehouse")
    page.get_by_role("button", name="Where processed[1].quarantined comes from").click()
    page.get_by_role("button", name="from QuarantineRows").click()
    expect(page.locator("#panel h2")).to_have_text("QuarantineRows")
    page.get_by_role("button", name="Where rows comes from").click()
    expect(page.locator("#panel .from")).to_have_text("from the execution's input")


def test_given_hostile_names_and_payloads_nothing_of_them_runs_where_executions_are_compared(
    cloud, page_server, tab
) -> None:
    name = HOSTILE[:70]
    failing = {"Type": "Fail", "Error": HOSTILE, "Cause": json.dumps({"errorMessage": HOSTILE, "x": HOSTILE})}
    body = {"Type": "Pass", "Comment": HOSTILE, "Result": {HOSTILE: HOSTILE}, "Next": "Fail"}
    arn = cloud.machine("hostile-pair", {"StartAt": name, "States": {name: body, "Fail": failing}})
    first = cloud.start("hostile-pair", {"a": HOSTILE, "__proto__": {"b": HOSTILE}})
    second = cloud.start("hostile-pair", {"b": [HOSTILE]})
    cloud.ended(first)
    cloud.ended(second)
    page = shown(tab, page_server, "compare", a=first, b=second)
    expect(page.locator("#panel .diff").first).to_contain_text("<img src=x onerror=alert(1)>")
    page.locator("#rows button", has_text="Fail").click()
    expect(page.locator("#panel .cause").first).to_have_text(HOSTILE)
    page.locator(".state").first.click()
    expect(page.locator("#panel h2")).to_have_text(name)
    page.get_by_label("Only what differs").check()
    page = shown(tab, page_server, "coverage", machine=arn, status="SUCCEEDED")
    page.reload()
    expect(page.locator("#panel")).to_contain_text("onerror")
    page.locator("#panel button", has_text="onerror").first.click()
    assert page.locator("img, main script").count() == 0
    assert page.evaluate("({}).b") is None


def test_given_nothing_to_compare_the_page_says_so(page_server, tab) -> None:
    page = shown(tab, page_server, "compare")
    expect(page.locator("#notice")).to_contain_text("nothing to compare with yet")
    page.locator("#side-a").click()
    expect(page.locator("#notice")).to_contain_text("Open an execution first")


@pytest.mark.parametrize("path", ["compare", "coverage", "follow"])
def test_given_no_token_each_page_says_so_and_shows_nothing(browser, page_server, path) -> None:
    page = browser.new_page()
    page.goto(f"{page_server.origin}/{path}#a=x&b=y")
    expect(page.locator("#notice")).to_contain_text("token")
    assert page.locator(".state").count() == 0
    page.close()


def test_given_an_unknown_deployment_the_way_to_follow_is_not_shown_and_its_page_says_why(
    pair, page_server, tab
) -> None:
    page = shown(tab, page_server, "", execution=pair[0])
    expect(page.locator("#status")).to_have_text("SUCCEEDED")
    expect(page.locator("#follow")).to_be_hidden()
    tab.problems.clear()
    page = shown(tab, page_server, "follow")
    expect(page.locator("#notice")).to_contain_text("not known")
    assert [each for each in tab.problems if "400" not in each] == []
    tab.problems.clear()  # the browser itself writes of the refusal
