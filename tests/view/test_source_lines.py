"""Lines of code: handlers by the names of functions, frames of stack traces; files of the project alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from statewright.view.project_files import editor_template
from statewright.view.source_lines import handler_line, trace_lines

if TYPE_CHECKING:
    from tests.view.conftest import Shop

ARN = "arn:aws:lambda:us-east-1:000000000000:function:shop-price_order"


@pytest.mark.parametrize("name", ["price_order", "shop-price_order", ARN, f"{ARN}:PROD", "${PriceOrderArn}"])
def test_given_a_function_by_any_of_its_names_its_handler_is_found(shop: Shop, name: str) -> None:
    lines = (shop.files.project.root / "functions" / "price_order.py").read_text().splitlines()
    place = f"functions/price_order.py:{lines.index('def handler(event, context):') + 1}"
    assert handler_line(shop.files, name)["place"] == place


def test_given_a_handler_that_is_assigned_its_line_is_found(shop: Shop) -> None:
    assert handler_line(shop.files, "ship")["place"] == "functions/ship.py:5"


@pytest.mark.parametrize("name", ["unknown", "", "shop-", "price_order.py", "handler"])
def test_given_another_name_nothing_is_found(shop: Shop, name: str) -> None:
    assert handler_line(shop.files, name) is None


def test_given_frames_those_of_the_project_alone_are_told(shop: Shop) -> None:
    source = shop.files.project.root / "functions" / "price_order.py"
    frames = [
        f'  File "{source}", line 16, in handler\n',
        '  File "/var/task/price_order.py", line 3, in handler\n',
        '  File "price_order.py", line 4, in handler\n',
        '  File "functions/price_order.py", line 5, in handler\n',
        '  File "/etc/passwd", line 1, in handler\n',
        '  File "../../../../etc/passwd", line 1, in handler\n',
        '  File "a\0b.py", line 1, in handler\n',
        '  File "missing.py", line 1, in handler\n',
    ]
    told = trace_lines(shop.files, [{"errorMessage": "x", "stackTrace": frames}])
    assert [each["place"] for each in told.values()] == [
        f"functions/price_order.py:{line}" for line in (16, 3, 4, 5)
    ]
    assert told[f"{source}:16"]["url"] == f"vscode://file{source}:16"


def test_given_a_path_with_blanks_and_quotes_the_address_has_none(shop: Shop) -> None:
    folder = shop.files.project.root / 'a "b" <c>'
    folder.mkdir(exist_ok=True)
    (folder / "x.py").write_text("")
    url = shop.files.link(folder / "x.py", 3)
    assert url is not None
    assert not set('" <>') & set(url)


@pytest.mark.parametrize(
    ("given", "template"),
    [
        ("vscode", "vscode://file{path}:{line}"),
        ("pycharm", "pycharm://open?file={path}&line={line}"),
        ("myeditor://{path}#{line}", "myeditor://{path}#{line}"),
        ("none", ""),
    ],
)
def test_given_an_editor_its_addresses_are_known(given: str, template: str) -> None:
    assert editor_template(given) == template


@pytest.mark.parametrize(
    "given",
    ["vi", "javascript://{path}", "https://example.com/{path}", "data://{path}", "x://{line}", "x://{path}{q}",
     "x://{path}{", "file://{path}", "x://{path.__class__}{path}"],
)  # fmt: skip
def test_given_what_is_no_editor_it_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match=r"template|one of"):
        editor_template(given)


def test_given_no_editor_places_are_told_without_addresses(shop: Shop) -> None:
    told = handler_line(replace(shop.files, editor=""), "price_order")
    assert told["url"] is None
