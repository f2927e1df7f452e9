"""Expressions with the answers of JSONata 2.0.6 itself (`$d` is the document), and where ours differ."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from statewright.asl.jsonata import UNDEFINED, JsonataError, compile_expression

REFERENCE = json.loads((Path(__file__).parent / "jsonata_2_0_6.json").read_text(encoding="utf-8"))


def answer(expression: str) -> dict[str, Any]:
    try:
        value = compile_expression(expression).evaluate({"d": REFERENCE["document"]})
    except JsonataError as error:
        return {"error": error.code} if error.code else {"function": True}
    return {"undefined": True} if value is UNDEFINED else {"value": value}


@pytest.mark.parametrize("case", REFERENCE["cases"], ids=lambda case: case["expression"])
def test_expressions_answer_as_the_reference_implementation(case: dict[str, Any]) -> None:
    expected = {key: value for key, value in case.items() if key != "expression"}
    found = answer(case["expression"])
    assert found == expected
    # The order of an object's members is part of the answer; and true is not 1.
    assert json.dumps(found, sort_keys=False) == json.dumps(expected)


@pytest.mark.parametrize(
    ("expression", "ours"),
    [
        # The reference gives Infinity, which JSON writes as null: a division by zero would vanish.
        ("5 / 0", {"error": "D1001"}),
        # The reference gives NaN, or rolls over to March: no such day is no moment.
        ("$toMillis('2017-13-30')", {"error": "D3110"}),
        ("$toMillis('2017-02-31')", {"error": "D3110"}),
        # Outside of the years 1 to 9999.
        ("$fromMillis(1e15)", {"error": "D3110"}),
        ("$fromMillis(-62167219200000)", {"error": "D3110"}),
        # The reference leaves out the function `next` where the match becomes JSON.
        ("/a/('banana')", {"function": True}),
        # The reference gives ".0".
        ("$formatNumber(0, '#.#')", {"value": "0"}),
    ],
)
def test_where_the_reference_hides_an_error_ours_shows_it(expression: str, ours: dict[str, Any]) -> None:
    assert answer(expression) == ours
