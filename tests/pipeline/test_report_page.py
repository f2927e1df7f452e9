"""The report's page: nothing that came from data is more than text in it, in a real browser too."""

from __future__ import annotations

import re
import shlex
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from pipeline import report, report_charts, report_page, report_tables
from pipeline.report_charts import Part, Stack
from pipeline.report_rows import row_of
from pipeline.report_sums import sums_of
from pipeline.report_text import MAX_SHOWN, shown
from tests.pipeline.report_days import day_of_rows

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
# `make test` installs the version in tests/view/axe.
AXE = Path(sys.prefix) / "axe" / "node_modules" / "axe-core" / "axe.min.js"
DAY = "2026-11-20"
HOSTILE = (
    "<script>window.hit=1</script>",
    "\"><img src=x onerror='window.hit=1'>",
    "</title></style></svg><script>window.hit=1</script>",
    "'; onload=window.hit=1; '",
    "<svg/onload=window.hit=1>",
    "</pre></code><style>body{display:none}</style>",
    "javascript:window.hit=1",
    "$(reboot) `reboot` && reboot; '\n reboot",
    "\u202egnp.exe \u2066\u200b\x00\x1b[31m",
    "Z̷̧̢̛̻̈́͗a̸̡̛͈͗l̴̨̝͝g̷̢̈́o̵̧͝" * 20,
    "&lt;b&gt; &#60;",
    "x" * 1024,
    "a/" * 500,
    "{{7*7}} ${window.hit=1} {% raw %}",
)


def told_of(rows: list[dict[str, Any]], before: int = 3) -> dict[str, Any]:
    """Return the report of a day, after a week with so many files a day."""
    week = [
        report.summary(SCHEMAS, *sums_of(row_of(row) for row in day_of_rows(each, before, 1)))
        for each in report.days_before(DAY)
    ]
    return report.report_of(DAY, report.summary(SCHEMAS, *sums_of(row_of(row) for row in rows)), week)


def hostile_rows() -> list[dict[str, Any]]:
    """Return rows whose every text is hostile: files and groups of messages, succeeded and failed."""
    counts = {name: {"N": "9"} for name in ("read", "written", "superseded", "quarantined", "alerts")}
    rows = []
    for place, text in enumerate(HOSTILE):
        names = ("dataset", "bucket_name", "file_key", "version", "error", "cause", "execution", "etag")
        said = {name: {"S": text} for name in names}
        for status in ("SUCCEEDED", "FAILED", text):
            for source in ("files", "messages"):
                row = {
                    **said,
                    "file_id": {"S": f"{text}{place}{status}{source}"},
                    "status": {"S": status},
                    "source": {"S": source},
                    "processed_at": {"S": text if place % 2 else f"{DAY}T10:00:00.000Z"},
                    "execution": {"S": f"arn:aws:states:us-east-1:0:execution:m:{text}"},
                    "counts": {"M": counts},
                    "reasons": {"M": {text: {"N": "9"}}},
                    "alert_rules": {"M": {text: {"N": "9"}}},
                    "seconds": {"N": "1.5"},
                    "quarantine": {"L": [{"S": text}]},
                }
                rows.append(row)
    return rows


class Tags(HTMLParser):
    """Notes the elements and attributes of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in ("meta", "br", "rect"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_given_hostile_texts_the_page_has_the_elements_of_a_plain_one() -> None:
    plain = [row | {"source": {"S": "messages"}} for row in day_of_rows(DAY, 40, 1)]
    counts = {name: {"N": "1"} for name in ("read", "written", "superseded", "quarantined", "alerts")}
    lost = {"status": {"S": "SUCCEEDED"}, "counts": {"M": counts}}
    failed = {"status": {"S": "FAILED"}}
    usual = Tags(report_page.page(told_of([*day_of_rows(DAY, 400, 1), *plain, lost, failed])))

    found = Tags(report_page.page(told_of(hostile_rows())))

    assert found.open == []
    assert found.names <= usual.names
    assert found.attributes <= usual.attributes
    assert not {"script", "img", "link", "iframe", "a", "form"} & found.names
    assert not {name for name in found.attributes if name.startswith("on")} | {"style", "src", "href"} & (
        found.attributes
    )


def test_the_page_asks_for_nothing_and_says_so() -> None:
    page = report_page.page(told_of(list(day_of_rows(DAY, 20, 1))))

    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "://" not in page.replace("s3://", "")


def test_given_the_same_report_the_page_has_the_same_bytes() -> None:
    rows = list(day_of_rows(DAY, 50, 1))
    assert report_page.page(told_of(rows)) == report_page.page(told_of(rows[::-1]))


def test_a_failure_has_commands_that_a_shell_takes_as_they_stand() -> None:
    text = "a'; $(reboot) `b`\n"
    failure = {
        "execution": f"arn:aws:states:r:0:execution:m:{text}",
        "records": {"quarantined": 1},
        "file_id": text,
    }

    described, shown_, redriven = (shlex.split(each) for each in report_tables.commands_of(failure))

    assert described == [
        "aws",
        "stepfunctions",
        "describe-execution",
        "--execution-arn",
        failure["execution"],
    ]
    assert shown_ == ["statewright", "quarantine", "show", text]
    assert redriven[:2] == ["statewright", "redrive"]
    assert re.fullmatch(r"[0-9a-f]{12}", redriven[2])


def test_the_id_of_a_redrive_is_the_one_that_redrive_lists() -> None:
    from statewright.local.waiting import ID_DIGITS, digest_of

    execution = "arn:aws:states:us-east-1:000000000000:execution:statewright-ingest:a"
    failure = {"execution": execution, "records": {"quarantined": 0}, "file_id": "f"}

    assert report_tables.commands_of(failure)[-1] == f"statewright redrive {digest_of(execution)[:ID_DIGITS]}"


@pytest.mark.parametrize(
    "execution",
    ["", "00000000-0000-4000-8000-000000000001", "arn:aws:states:us-east-1:0:express:statewright-stream:a:b"],
)
def test_given_no_standard_execution_none_is_described(execution: str) -> None:
    failure = {"execution": execution, "records": {"quarantined": 0}, "file_id": "f"}

    assert report_tables.commands_of(failure) == ["statewright redrive"]


def test_what_nobody_sees_is_shown_by_its_number_and_long_text_is_cut() -> None:
    assert shown("a\u202eb\x00<\n") == "a\\u202eb\\u0000&lt;\\u000a"
    assert shown("x" * MAX_SHOWN) == "x" * MAX_SHOWN
    assert len(shown("x" * (MAX_SHOWN + 1))) == MAX_SHOWN


def test_a_small_part_of_a_column_is_seen_and_the_column_keeps_its_height() -> None:
    drawn = report_charts.columns([Stack((Part("written", 99_999), Part("rejected", 1)), "said")], "label")

    heights = [float(height) for height in re.findall(r'height="([\d.]+)"', drawn)]
    assert heights == [99.0, 1.0]


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_given_hostile_texts_no_script_runs_and_the_layout_holds(
    browser: Any, tmp_path: Path, width: int, scheme: str
) -> None:
    file = tmp_path / "report.html"
    file.write_text(report_page.page(told_of(hostile_rows())), encoding="utf-8")
    tab = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    said: list[str] = []
    asked: list[str] = []
    tab.on("console", lambda message: said.append(message.text))
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.on("dialog", lambda dialog: said.append(dialog.message))
    tab.on("request", lambda request: asked.append(request.url))

    tab.goto(file.as_uri())

    assert said == []
    assert asked == [file.as_uri()]
    assert tab.evaluate("window.hit") is None
    assert tab.evaluate("document.scripts.length") == 0
    assert tab.evaluate("document.documentElement.scrollWidth") == width
    assert "<script>window.hit=1</script>" in tab.locator("body").inner_text()
    assert tab.evaluate("getComputedStyle(document.body).display") == "block"
    tab.close()


def test_given_a_plain_day_numbers_are_right_aligned_and_the_page_fits_paper(
    browser: Any, tmp_path: Path
) -> None:
    file = tmp_path / "report.html"
    file.write_text(report_page.page(told_of(list(day_of_rows(DAY, 60, 1, 3)))), encoding="utf-8")
    tab = browser.new_page(viewport={"width": 1280, "height": 800})
    tab.goto(file.as_uri())

    aligned = tab.evaluate(
        "[...document.querySelectorAll('td.n')].map(each => getComputedStyle(each).textAlign)"
    )
    tab.emulate_media(media="print")
    tab.set_viewport_size({"width": 700, "height": 900})

    assert set(aligned) == {"right"}
    assert tab.evaluate("document.documentElement.scrollWidth") <= 700
    tab.close()


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed (make axe)")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_given_a_phone_or_a_screen_axe_finds_nothing(browser: Any, tmp_path: Path, scheme: str) -> None:
    rows = [*day_of_rows(DAY, 60, 1, 3), {"status": {"S": "FAILED"}, "dataset": {"S": "orders"}}]
    file = tmp_path / "report.html"
    file.write_text(report_page.page(told_of(rows)), encoding="utf-8")
    for width in (390, 1280):
        # The page's own policy would keep axe out.
        tab = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme, bypass_csp=True)
        tab.goto(file.as_uri())
        tab.evaluate(AXE.read_text(encoding="utf-8"))
        passes, violations = tab.evaluate(
            "axe.run().then(({passes, violations}) => [passes.length,"
            " violations.flatMap(each => each.nodes.map(node => `${each.id} ${node.html}`))])"
        )
        tab.close()
        assert passes > 20
        assert violations == []
