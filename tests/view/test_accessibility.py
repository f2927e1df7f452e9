"""Whoever does not see colours, or uses no mouse: axe finds nothing, keys alone lead through the page.

axe-core comes from npm: `make test` installs the version in tests/view/axe, and says where it cannot.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("playwright", reason="playwright is not installed (make setup)")
from playwright.sync_api import expect

from tests.view.orders import BAD, GOOD

if TYPE_CHECKING:
    from tests.view.conftest import Shop

AXE = Path(sys.prefix) / "axe" / "node_modules" / "axe-core" / "axe.min.js"
needs_axe = pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed (make axe)")

FOCUSED = "document.activeElement.id || document.activeElement.dataset.state || ''"
ASKED = """async ([part, rules]) => {
  const { passes, violations } = await axe.run(part, rules);
  const told = violations.flatMap((each) => each.nodes.map((node) =>
    `${each.id} (${each.impact}): ${node.html.slice(0, 200)}`));
  return [passes.length, told];
}"""


@pytest.fixture(autouse=True, scope="module")
def patience():
    expect.set_options(timeout=10_000)


def found(page: Any, part: str = "body") -> list[str]:
    """Ask axe about a part of the page: by all its rules, and by its contrasts once more when it is dark."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    told = []
    for scheme, rules in (("light", {}), ("dark", {"runOnly": ["color-contrast"]})):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        looked_at, violations = page.evaluate(ASKED, [part, rules | {"resultTypes": ["violations"]}])
        assert looked_at, "axe has looked at nothing"
        told += [f"{scheme}: {each}" for each in violations]
    return told


@needs_axe
def test_given_an_execution_axe_finds_nothing(cloud, page_server, tab) -> None:
    page = tab.page
    page.goto(page_server.address(execution=cloud.ran("orders-pipeline", BAD)))
    expect(page.locator("#panel h2")).to_have_text("LoadWarehouse")
    expect(page.locator("#timeline .time").first).to_be_visible()
    assert found(page) == []
    page.get_by_role("tab", name="Events").click()
    expect(page.locator("#events tbody tr").first).to_be_visible()
    assert found(page, "#bottom") == []
    for button in ("Try this state again", "Export", "Keys"):
        page.get_by_role("button", name=button).first.click()
        assert found(page, "#dialog") == []
        page.keyboard.press("Escape")
    page.locator('.state[data-state="ProcessFiles"] > .name').click()
    page.get_by_role("button", name="Iterations (3)").click()
    page.locator("#dialog .chip").first.click()
    expect(page.locator("#frame-bar")).to_be_visible()
    assert found(page, "#middle") == []


@needs_axe
def test_given_two_executions_and_the_coverage_axe_finds_nothing(cloud, page_server, tab) -> None:
    page, bad, good = tab.page, cloud.ran("orders-pipeline", BAD), cloud.ran("orders-pipeline", GOOD)
    machine = cloud.machines["orders-pipeline"]
    for path, asked in (("compare", f"a={good}&b={bad}"), ("coverage", f"machine={machine}")):
        page.goto(f"{page_server.origin}/{path}#token={page_server.token}&{asked}")
        expect(page.locator("#canvas svg")).to_be_visible()
        expect(page.locator("#panel")).not_to_be_empty()
        assert found(page) == []


@needs_axe
def test_given_a_project_beside_it_axe_finds_nothing(shop: Shop, shop_page, shop_tab) -> None:
    page = shop_tab.page
    page.goto(shop_page.address(execution=shop.failed))
    expect(page.locator(".log .line").first).to_be_visible()
    expect(page.locator("[data-slot=types]")).to_contain_text("Declared")
    assert found(page, "#panel") == []
    page.locator("#start").click()
    form = page.locator(".schema-form")
    form.get_by_label("article").fill("b")
    form.get_by_role("button", name="Add to").click()
    form.get_by_role("button", name="Add notes").click()
    expect(page.locator(".problems li").first).to_be_visible()
    assert found(page, "#dialog") == []


def test_given_no_colours_each_status_has_a_mark_of_its_own(cloud, page_server, tab) -> None:
    page = tab.page
    page.goto(page_server.address(execution=cloud.ran("orders-pipeline", BAD)))
    expect(page.locator("#panel h2")).to_have_text("LoadWarehouse")
    marks = {
        status: page.locator(f".state.s-{status} > .mark").first.get_attribute("href")
        for status in ("succeeded", "failed", "caught", "aborted")
    }
    assert marks == {status: f"#mark-{status}" for status in marks}
    shapes = [page.locator(mark).get_attribute("d") for mark in marks.values()]
    assert len(set(shapes)) == len(shapes)
    described = page.locator('.state[data-state="LoadWarehouse"]').get_attribute("aria-description")
    assert described == "failed"
    assert "failed" in page.locator("#executions [aria-selected=true]").inner_text()


def test_given_the_tabulator_alone_everything_is_reached_in_order(cloud, page_server, tab) -> None:
    page = tab.page
    page.goto(page_server.address(execution=cloud.ran("orders-pipeline", BAD)))
    expect(page.locator("#panel h2")).to_have_text("LoadWarehouse")
    page.locator("#machine-name").click()
    reached = []
    for _ in range(45):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("document.activeElement.id || document.activeElement.dataset.state || ''")
        )
    for wanted in ("redrive", "start", "machines", "executions", "ReceiveManifest", "fit", "tab-timeline"):
        assert wanted in reached
    assert reached.index("start") < reached.index("executions") < reached.index("ReceiveManifest")
    page.keyboard.press("/")
    page.keyboard.type("notifys")
    page.keyboard.press("Enter")
    expect(page.locator("#panel h2")).to_have_text("NotifySuccess")


def test_the_lock_file_of_axe_has_a_version_and_a_hash_and_no_address() -> None:
    folder = Path(__file__).parent / "axe"
    locked = json.loads((folder / "package-lock.json").read_text())["packages"]["node_modules/axe-core"]
    wanted = json.loads((folder / "package.json").read_text())["devDependencies"]["axe-core"]
    assert locked["version"] == wanted
    assert locked["integrity"].startswith("sha512-")
    assert "://" not in (folder / "package-lock.json").read_text()
