"""docs/costs.md has the figures of the cost model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.bill import ROOT, work_of
from statewright.costs import work
from tests.docs.cost_tables import TABLES, by_backfill

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BACKFILL = (ROOT / "docs" / "backfill.md").read_text(encoding="utf-8")
PAGE = (ROOT / "docs" / "costs.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
def test_given_a_table_of_the_page_the_model_has_its_figures(table: Callable[[], Iterator[str]]) -> None:
    assert "\n".join(table()) in PAGE, "python -m tests.docs.cost_tables prints the tables"


def test_given_the_page_of_backfills_it_has_the_figures_of_this_one() -> None:
    uploads, backfill = [line.split(" | ")[1] for line in list(by_backfill())[2:]]
    assert f"[{backfill} instead of {uploads} USD](costs.md#how-much)" in BACKFILL


def test_given_the_page_its_counts_of_a_file_are_those_of_the_model() -> None:
    made = work_of(10_000)
    logged = made["cloudwatch.log_gb"] * work.GIB / 1000

    assert f"| state transitions (STANDARD) | {made['step_functions.state_transitions']:.0f} |" in PAGE
    assert f"| invocations of functions | {made['lambda.requests']:.0f} |" in PAGE
    assert f"| write units of the ledger | {made.amounts['dynamodb.write_units', 'ledger']:.0f}: " in PAGE
    assert f"| requests of S3 | {made['s3.writes']:.0f} writes and {made['s3.reads']:.0f} reads |" in PAGE
    assert f"| logs of functions | {logged:.1f} kB with Lambda's own lines |" in PAGE
