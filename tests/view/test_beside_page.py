"""The page beside a project, in Chromium: code, logs, types, and the form of an input's schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("playwright", reason="playwright is not installed (make setup)")
from playwright.sync_api import expect

from statewright.view.endpoint import find_endpoint
from tests.view.conftest import serving, shop_of, tab_of
from tests.view.shop import write_shop

if TYPE_CHECKING:
    from tests.view.conftest import Shop, Tab


@pytest.fixture(autouse=True, scope="module")
def patience():
    expect.set_options(timeout=10_000)


def opened(tab: Tab, page: Any, execution: str, **members: str) -> Any:
    tab.page.goto(page.address(execution=execution, **members))
    expect(tab.page.locator("#panel h2")).to_be_visible()
    return tab.page


def test_given_a_failed_function_its_handler_its_trace_and_its_log_lead_to_the_code(
    shop: Shop, shop_page, shop_tab
) -> None:
    page = opened(shop_tab, shop_page, shop.failed)
    panel = page.locator("#panel")
    source = shop.files.project.root / "functions" / "price_order.py"
    line = source.read_text().splitlines().index("def handler(event, context):") + 1
    handler = panel.locator(".handler a")
    expect(handler).to_have_text(f"functions/price_order.py:{line}")
    expect(handler).to_have_attribute("href", f"vscode://file{source}:{line}")
    raised = source.read_text().splitlines().index('        raise UnknownArticle("no price for none")') + 1
    expect(panel.locator(".trace a").first).to_have_attribute("href", f"vscode://file{source}:{raised}")
    expect(panel.locator(".trace a").first).to_have_text(f"functions/price_order.py:{raised}")
    expect(panel.locator(".log")).to_contain_text("WARNING pricing none")
    expect(panel.locator(".log a").first).to_have_text(f"functions/price_order.py:{raised}")
    expect(panel.locator(".log summary").first).to_have_text("INFO structured")
    expect(panel.locator(".log")).to_contain_text("REPORT RequestId")


def test_given_a_project_the_panel_tells_types_and_findings(shop: Shop, shop_page, shop_tab) -> None:
    page = opened(shop_tab, shop_page, shop.sold)
    panel = page.locator("#panel")
    expect(panel.locator("h2")).to_have_text("IsCheap")
    finding = panel.locator(".finding")
    expect(finding).to_contain_text("SW101")
    expect(finding).to_contain_text("did you mean 'price'?")
    expect(finding.locator("a")).to_have_attribute("href", rule_line(shop))
    expect(panel.locator("[data-slot=types]")).to_contain_text("{price: integer}")
    page.locator('.state[data-state="PriceOrder"]').click()
    expect(panel.locator("[data-slot=types]")).to_contain_text("Declared input")
    expect(panel.locator("[data-slot=types]")).to_contain_text("how?: 'courier' | 'post'")
    expect(panel.locator("[data-slot=types]")).to_contain_text("finds nothing here")


def rule_line(shop: Shop) -> str:
    file = shop.files.project.root / "statemachines" / "sell.asl.json"
    lines = file.read_text().splitlines()
    return f"vscode://file{file}:{next(i for i, text in enumerate(lines) if 'prize' in text)}"


def test_given_a_schema_an_execution_starts_from_its_form(shop: Shop, shop_page, shop_tab) -> None:
    page = opened(shop_tab, shop_page, shop.sold)
    page.locator("#start").click()
    dialog = page.locator("#dialog")
    area = dialog.get_by_label("Input", exact=True)
    form = dialog.locator(".schema-form")
    expect(form.get_by_label("article")).to_have_value("a1")
    form.get_by_label("article").fill("b")
    expect(dialog.locator(".problems")).to_contain_text("/article")
    expect(form.get_by_label("article")).to_have_attribute("aria-invalid", "true")
    expect(dialog.get_by_role("button", name="Start anyway")).to_be_visible()
    form.get_by_label("article").fill("b7")
    form.get_by_label("count").fill("12345678901234567890")
    form.get_by_label("how").select_option('"post"')
    form.get_by_label("gift").select_option("true")
    form.get_by_role("button", name="Add notes").click()
    form.get_by_role("button", name="Add an item").click()
    form.get_by_label("item 0", exact=True).fill("ring twice")
    form.get_by_role("button", name="Add to").click()
    form.get_by_label("city").fill("Ulm")
    expect(dialog.get_by_role("button", name="Start", exact=True)).to_be_visible()
    wanted = '"count": 12345678901234567890'
    assert wanted in area.input_value()
    given = json.loads(area.input_value())
    assert given == {
        "article": "b7", "count": 12345678901234567890, "how": "post", "gift": True,
        "notes": ["ring twice"], "to": {"city": "Ulm"},
    }  # fmt: skip
    area.fill('{"article": "c9", "extra": 1}')
    expect(form.get_by_label("article")).to_have_value("c9")
    expect(form).to_contain_text("in the JSON too: extra")
    expect(dialog.locator(".problems")).to_contain_text("extra")
    area.fill('{"article": "c9"}')
    dialog.get_by_label("Name", exact=True).fill("by-form")
    dialog.get_by_role("button", name="Start", exact=True).click()
    expect(page.locator("#facts")).to_contain_text("by-form")
    page.reload()
    expect(page.locator("#facts")).to_contain_text("by-form")
    page.locator("#start").click()
    dialog.get_by_label("Earlier inputs").select_option("0")
    expect(area).to_have_value('{"article": "c9"}')


def test_given_an_execution_it_is_saved_as_one_file_also_without_values(
    shop: Shop, shop_page, shop_tab
) -> None:
    page = opened(shop_tab, shop_page, shop.failed)

    def saved(kind: str, *, is_redacted: bool = False) -> str:
        page.locator("#export").click()
        page.get_by_label("What").select_option(kind)
        if is_redacted:
            page.get_by_label("Without values").check()
        with page.expect_download() as download:
            page.get_by_role("button", name="Save").click()
        assert download.value.suggested_filename.endswith(f".{kind}")
        return Path(download.value.path()).read_text(encoding="utf-8")

    whole = saved("html")
    assert "no price for none" in whole
    redacted = saved("html", is_redacted=True)
    assert "UnknownArticle" in redacted
    assert "no price" not in redacted
    assert "string of 4" in redacted
    assert 's-failed" data-state="PriceOrder"' in saved("svg")
    alone = shop_tab.page.context.new_page()
    alone.set_content(whole)
    expect(alone.locator("summary").first).to_have_text("input")
    alone.close()


def test_given_hostile_names_logs_and_schemas_nothing_of_them_runs(
    browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    hostile = "<img src=x onerror=alert(1)>\"'</script><script>alert(2)</script>"
    root = tmp_path_factory.mktemp("hostile").resolve()
    write_shop(root)
    (root / "functions" / "price_order.py").write_text(
        f"def handler(event, context):\n    print({hostile!r})\n    raise ValueError({hostile!r})\n"
    )
    named = {hostile: {"enum": [hostile], "description": hostile}}
    schema = {"type": "object", "properties": named, "required": [hostile]}
    (root / "schemas" / "statemachines" / "sell.json").write_text(json.dumps({"input": schema}))
    with shop_of(root) as shop, serving(find_endpoint(shop.cloud.url), files=shop.files) as server:
        for tab in tab_of(browser, server):
            page = opened(tab, server, shop.failed)
            expect(page.locator("#panel .cause").first).to_have_text(hostile)
            expect(page.locator(".log")).to_contain_text(hostile)
            page.locator("#start").click()
            expect(page.locator(".schema-form")).to_contain_text(hostile)
            expect(page.locator(".problems li").first).to_contain_text("<img src=x")
            assert page.locator("img, #panel script, #dialog script").count() == 0
