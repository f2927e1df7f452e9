"""The price list says what it holds, from where and of when, and counts as AWS's own examples do."""

from __future__ import annotations

from datetime import date

import pytest

from statewright.prices import DEFAULT_REGION, price_list, step_functions_prices


def test_given_the_list_it_is_dated_and_names_the_page_of_each_price() -> None:
    assert date.fromisoformat(price_list()["read_on"]) >= date(2026, 11, 21)
    for services in price_list()["regions"].values():
        for service in services.values():
            assert service["source"].startswith("https://aws.amazon.com/")


def test_given_a_region_that_is_not_listed_the_prices_say_whose_they_are() -> None:
    assert step_functions_prices("mars-north-1").region == DEFAULT_REGION


def test_given_transitions_each_costs_the_same() -> None:
    assert step_functions_prices().standard(1000) == pytest.approx(0.025)


@pytest.mark.parametrize(
    ("seconds", "memory_mb", "billed_seconds", "billed_mb"),
    [(10, 62.85, 10, 64), (0.001, 1, 0.1, 64), (0.1, 64, 0.1, 64), (0.101, 64.1, 0.2, 128), (0, 1, 0, 64)],
)
def test_given_an_express_execution_duration_and_memory_are_rounded_up(
    seconds: float, memory_mb: float, billed_seconds: float, billed_mb: float
) -> None:
    duration = billed_seconds * billed_mb / 1024 * 0.06 / 3600
    assert step_functions_prices().express(seconds, memory_mb) == pytest.approx(1e-6 + duration)
