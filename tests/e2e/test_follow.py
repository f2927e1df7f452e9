"""From a record in quarantine, and from an item, to the state and the bytes, on a local cloud."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from statewright.local.place_options import Connection
from statewright.local.places import Places, read_record
from statewright.project import read_project
from statewright.view.endpoint import find_endpoint
from tests.e2e.clouds import ROOT, Cloud
from tests.view.conftest import Page, serving
from tests.view.test_accessibility import found as found_by_axe
from tests.view.test_accessibility import needs_axe
from tests.view.test_security import ask

if TYPE_CHECKING:
    from collections.abc import Iterator

HOSTILE = "<img src=x onerror=alert(1)>"
HEADER = "order_id,customer_id,order_date,quantity,amount,currency\n"
ROWS = [
    "f-1,1,2026-01-01,1,11.77,USD\n",
    f"f-2,1,2026-01-01,{HOSTILE},11.77,USD\n",
    "f-3,1,no date,1,11.77,USD\n",
]
KEY = f"orders/followed {HOSTILE}.csv"


@pytest.fixture(scope="module")
def followed(cloud: Cloud) -> dict[str, Any]:
    """An execution of a file of which two records were refused."""
    execution = cloud.ingest(KEY, (HEADER + "".join(ROWS)).encode())
    assert execution["status"] == "SUCCEEDED"
    return execution


@pytest.fixture(scope="module")
def page(cloud: Cloud) -> Iterator[Page]:
    record = read_record(Places(cloud.state))
    assert record is not None
    connection = Connection.to(read_project(ROOT), record)
    with serving(find_endpoint(record.sfn_endpoint), deployment=lambda _: connection) as page:
        yield page


def told(page: Page, path: str) -> dict[str, Any]:
    status, _, text = ask(page, f"/api/{path}", {"X-Statewright-Token": page.token})
    found: dict[str, Any] = json.loads(text)
    assert status == 200, found
    return found


def test_given_a_quarantined_record_its_way_leads_to_the_state_the_shard_and_the_bytes(
    page: Page, followed: dict[str, Any]
) -> None:
    listed = next(each for each in told(page, "follow/files")["files"] if each["key"] == KEY)
    found = told(page, f"follow/file?q={listed['id'][:12]}")
    assert found["file"]["execution"] == followed["executionArn"]
    first, second = found["records"]
    assert (first["line"], first["offset"], first["shard"]) == (3, len(HEADER + ROWS[0]), 0)
    assert (first["rule"], first["pointer"], first["raw"]) == ("type", "/quantity", ROWS[1].rstrip("\n"))
    assert (second["line"], second["rule"]) == (4, "format")
    place = told(page, f"follow/place?execution={followed['executionArn']}&stage={first['stage']}&shard=0")
    assert (place["execution"], place["state"]) == (followed["executionArn"], "ParseAndValidate")


def test_given_an_execution_its_file_is_followed(page: Page, followed: dict[str, Any]) -> None:
    found = told(page, f"follow/file?execution={followed['executionArn']}")
    assert found["file"]["key"] == KEY
    assert len(found["records"]) == 2


def test_given_as_far_as_records_are_paged_through_the_page_is_empty(
    page: Page, followed: dict[str, Any]
) -> None:
    found = told(page, f"follow/file?execution={followed['executionArn']}&offset=100000")
    assert (found["records"], found["more"]) == ([], False)


def test_given_an_item_its_lineage_leads_to_its_execution_and_to_the_line_in_the_raw_object(
    page: Page, followed: dict[str, Any]
) -> None:
    found = told(page, "follow/item?dataset=orders&key=%5B%22f-1%22%5D")
    assert found["row"]["execution"] == followed["executionArn"]
    assert found["lineage"]["_s3_key"] == KEY
    row = found["row"]
    query = f"bucket={row['bucket_name']}&key=orders/followed%20%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E.csv"
    raw = told(page, f"follow/raw?{query}&version={row['version']}&offset={found['lineage']['_offset']}")
    assert raw == {"text": ROWS[0].rstrip("\n"), "isWhole": True}
    for stage, state in (("enrich", "Enrich"), ("write", "WriteToDdb")):
        place = told(page, f"follow/place?execution={row['execution']}&stage={stage}&offset=57")
        assert place["state"] == state


@pytest.mark.parametrize(
    "path",
    [
        "file?q=ffffffffffff",
        "file?q=orders/none.csv",
        "file?execution=arn:aws:states:us-east-1:000000000000:execution:statewright-ingest:none",
        "file?q=ab&offset=100001",
        "item?dataset=orders&key=%5B%22nobody%22%5D",
        "item?dataset=orders&key=%5B%5D",
        "item?dataset=orders&key=7",
        "item?dataset=unknown&key=%5B%22a%22%5D",
        "place?execution=x&stage=unknown",
    ],
)
def test_given_what_leads_nowhere_it_is_said(page: Page, path: str) -> None:
    status, _, text = ask(page, f"/api/follow/{path}", {"X-Statewright-Token": page.token})
    assert status in (400, 502)
    assert json.loads(text)["error"]


def test_given_another_bucket_its_objects_are_not_read(page: Page) -> None:
    found = told(page, "follow/raw?bucket=statewright-output&key=quarantine/x&offset=0")
    assert "not this deployment's bucket" in found["problem"]
    found = told(page, "follow/raw?bucket=statewright-raw&key=orders/a.csv.gz&offset=0")
    assert "compressed" in found["problem"]


@pytest.fixture
def tab(page: Page, browser: Any) -> Iterator[Any]:
    """A page in the browser, in which no error is written and from which no other host is asked."""
    problems: list[str] = []
    hosts: set[str] = set()
    made = browser.new_page(viewport={"width": 1600, "height": 1000})
    made.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
    made.on("pageerror", lambda error: problems.append(str(error)))
    made.on("dialog", lambda dialog: problems.append(f"a dialog opened: {dialog.message}"))
    made.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    yield made
    made.close()
    assert problems == []
    assert hosts == {page.origin.removeprefix("http://")}


def test_given_the_page_a_record_is_followed_into_the_graph_and_nothing_of_it_runs(
    page: Page, tab: Any, followed: dict[str, Any]
) -> None:
    from playwright.sync_api import expect

    tab.goto(page.address(execution=followed["executionArn"]))
    expect(tab.locator("#status")).to_have_text("SUCCEEDED")
    tab.locator('.state[data-state="ParseAndValidate"]').click()
    expect(tab.get_by_role("link", name="Follow its records")).to_be_visible()
    tab.get_by_role("link", name="Follow the data").click()
    expect(tab.locator("#rows h2")).to_have_text(KEY)
    expect(tab.locator("#rows tbody tr")).to_have_count(2)
    expect(tab.locator("#panel .raw")).to_have_text(ROWS[1].rstrip("\n"))
    expect(tab.locator("#panel .state-link")).to_have_text("ParseAndValidate")
    tab.get_by_label("order_id").fill("f-1")
    tab.get_by_role("button", name="Find the item").click()
    expect(tab.locator("#panel .raw")).to_have_text(ROWS[0].rstrip("\n"))
    assert "dataset=orders" in tab.evaluate("location.hash")
    tab.reload()
    tab.get_by_role("link", name="Enrich").click()
    expect(tab.locator("#panel h2")).to_have_text("Enrich")
    expect(tab.locator("#status")).to_have_text("SUCCEEDED")
    assert tab.locator("img").count() == 0


@needs_axe
def test_given_the_page_axe_finds_nothing(page: Page, tab: Any, followed: dict[str, Any]) -> None:
    from playwright.sync_api import expect

    tab.goto(f"{page.origin}/follow#token={page.token}&execution={followed['executionArn']}")
    expect(tab.locator("#panel .state-link")).to_have_text("ParseAndValidate")
    assert found_by_axe(tab) == []
    tab.get_by_label("order_id").fill("f-1")
    tab.get_by_role("button", name="Find the item").click()
    expect(tab.locator("#panel .state-link")).to_have_count(2)
    assert found_by_axe(tab) == []
