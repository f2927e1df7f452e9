"""JSONata by two interpreters: what an expression yields lies in the type that was inferred for it."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from statewright.asl import jsonata
from statewright.asl.source import SourceText
from statewright.typing.findings import Findings, Where
from statewright.typing.jsonata_types import expression_value
from statewright.typing.membership import contains
from statewright.typing.schemas import Schemas
from statewright.typing.shapes import UNKNOWN
from statewright.typing.view import Variable, View
from tests.typing.jsonata_expressions import SCHEMA, expression, value_of

if TYPE_CHECKING:
    from statewright.typing.jsonata_values import Value

CASES = 1200
VALUES = 6
# Sizes that a type does not bound, as of a range between two numbers.
OF_SIZES = frozenset(["D2014", "D1001"])
INPUT = Schemas().read(SCHEMA)


def inferred(text: str) -> tuple[Value, bool]:
    findings = Findings(SourceText("{}"), "machine")
    value = expression_value(text, View(INPUT, UNKNOWN, {"v": Variable(INPUT)}, findings), Where(""))
    return value, not findings.found


@pytest.mark.parametrize("seed", range(4))
def test_an_expression_without_findings_yields_what_was_inferred_and_does_not_fail(seed: int) -> None:
    random = Random(seed)
    clean = 0
    for _ in range(CASES // 4):
        text = expression(random, random.randint(1, 3))
        try:
            compiled = jsonata.compile_expression(text)
        except jsonata.JsonataError:
            continue
        value, is_clean = inferred(text)
        clean += is_clean
        for _ in range(VALUES if is_clean else 0):
            bindings = {"states": {"input": value_of(SCHEMA, random)}, "v": value_of(SCHEMA, random)}
            try:
                found = compiled.evaluate(bindings)
            except jsonata.JsonataError as error:
                if error.code in OF_SIZES or "unsupported" in error.message:
                    continue
                raise AssertionError(text) from error
            if found is jsonata.UNDEFINED:
                assert value.may_be_absent or value.is_presumed or value.type.is_unknown, text
            else:
                assert contains(value.type, found) is not False, text
    assert clean > CASES // 40
