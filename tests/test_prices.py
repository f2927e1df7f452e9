"""The price list says what it holds, from where and of when, and counts as AWS's own examples do."""

from __future__ import annotations

import re
from datetime import date

import pytest

from statewright.prices import (
    DEFAULT_REGION,
    SIGNS,
    UnknownRegion,
    price_list,
    prices_of,
    regions,
    step_functions_prices,
)

PRICES = [(region, name, price) for region in regions() for name, price in prices_of(region).by_name.items()]
OFFER = re.compile(r"(AWS|Amazon)[A-Za-z0-9]+")


def test_given_the_list_it_is_dated_and_names_the_page_and_the_offer_of_each_price() -> None:
    assert date.fromisoformat(price_list()["read_on"]) >= date(2026, 11, 21)
    assert set(price_list()["seen"]) == set(SIGNS)
    for services in price_list()["regions"].values():
        for service in services.values():
            assert service["source"].startswith("https://aws.amazon.com/")
            assert OFFER.fullmatch(service.get("offer", "AmazonNone"))


@pytest.mark.parametrize(("region", "name", "price"), PRICES, ids=lambda each: str(each)[:40])
def test_given_a_price_it_says_where_it_was_seen_and_an_offer_of_when(
    region: str, name: str, price: object
) -> None:
    found = prices_of(region)[name]
    assert found == price
    assert found.usd > 0
    assert found.seen in SIGNS
    assert (found.as_of is not None) is (found.seen == "offer")
    assert found.shown.endswith(SIGNS[found.seen])


def test_given_the_regions_each_has_the_same_prices() -> None:
    assert {"us-east-1", "eu-west-1", "eu-central-1"} <= set(regions())
    assert len({frozenset(prices_of(region).by_name) for region in regions()}) == 1


def test_given_a_region_that_is_not_listed_it_is_refused_by_name_with_those_that_are() -> None:
    with pytest.raises(
        UnknownRegion, match=f"no prices of 'mars-north-1'; there are those of {DEFAULT_REGION}"
    ):
        prices_of("mars-north-1")


def test_given_a_region_that_is_not_listed_the_prices_of_step_functions_say_whose_they_are() -> None:
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
