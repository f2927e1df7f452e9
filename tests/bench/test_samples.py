"""What is measured is the way that good records go: whole blocks of them are proven."""

from __future__ import annotations

import json

import pytest

from bench import cost, local_runs, orders, scale
from pipeline import contracts
from pipeline.formats import lines

SAMPLES = {
    "orders": b"".join(orders.lines(2_000)),
    "cost, long": b"".join(cost.lengthened(cost.orders(2_000))),
    "local-runs": local_runs.orders(2_000),
    "scale": b"".join(map(scale.line, range(1, scale.ODD))),  # the one before them is invalid
}


@pytest.mark.parametrize("text", SAMPLES.values(), ids=SAMPLES)
def test_given_a_sample_each_of_its_blocks_is_proven(text: bytes) -> None:
    proof = contracts.catalogue(orders.ROOT / "schemas").proof("orders/1")
    assert proof is not None
    found, proven = lines.split([text], 0, None, tally := lines.Tally()), 0

    while block := found.take():
        shown = proof.of_lines(block)
        proven += sum(each.records for each in shown.columns) if shown else 0

    assert proven == tally.lines == text.count(b"\n")


def test_given_long_orders_each_has_a_key_of_its_own_and_is_longer_by_known_members() -> None:
    usual = cost.orders(2_000)
    long = cost.lengthened(usual)

    assert len({json.loads(line)["order_id"] for line in long}) == len(usual)
    assert sum(map(len, long)) > 2.5 * sum(map(len, usual))
