"""What AWS asks for: the price list of the whole project, dated, with the page that each price is from.

It lies where the functions can read it too (`schemas/reports/prices.json`); an installed workbench brings it
along. Prices are before the free tier. Of prices that fall with the month's amount the first one is listed,
which is the highest.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PLACES = (HERE.parent / "schemas" / "reports" / "prices.json", HERE / "prices.json")
DEFAULT_REGION = "us-east-1"
# What `seen` says of a price, in the signs that stand beside it where prices are printed.
SIGNS = {"page": "", "offer": "~", "unconfirmed": "?"}


class UnknownRegion(Exception):  # noqa: N818 - what is wrong
    """The list has no prices of a region."""

    def __init__(self, region: str) -> None:
        super().__init__(f"no prices of {region!r}; there are those of {', '.join(regions())}")


@dataclass(frozen=True)
class Price:
    """One price: `usd` for `per` units; `seen` says where it was found (page, offer, unconfirmed)."""

    usd: float
    per: int
    unit: str
    seen: str
    source: str
    as_of: str | None = None

    @property
    def each(self) -> float:
        """USD for one unit."""
        return self.usd / self.per

    @property
    def shown(self) -> str:
        """The price as people write it, with the sign of how sure it is."""
        per = {1: "", 1000: "1,000 ", 3600: "3,600 ", 1_000_000: "million "}[self.per]
        return (
            f"{self.usd:,.10g} a {per}{SIGNS[self.seen]}".rstrip()
            if per
            else f"{self.usd:,.10g}{SIGNS[self.seen]}"
        )


@dataclass(frozen=True)
class Prices:
    """All prices of a region by `service.name`, in USD; `read_on` is the day on which they were looked up."""

    region: str
    read_on: str
    by_name: dict[str, Price]

    def __getitem__(self, name: str) -> Price:
        return self.by_name[name]


@dataclass(frozen=True)
class StepFunctionsPrices:
    """Prices of Step Functions in a region, in USD: https://aws.amazon.com/step-functions/pricing/."""

    region: str
    read_on: str
    source: str
    transition: float
    request: float
    gb_second: float
    memory_step_mb: int
    duration_step_ms: int

    def standard(self, transitions: int) -> float:
        """Return what the state transitions of STANDARD executions cost."""
        return transitions * self.transition

    def billed_gb_seconds(self, seconds: float, memory_mb: float = 1.0) -> float:
        """Return what an EXPRESS execution is charged for: duration and memory, each rounded up."""
        steps = math.ceil(round(seconds * 1000 / self.duration_step_ms, 6))
        billed_mb = math.ceil(memory_mb / self.memory_step_mb) * self.memory_step_mb
        return steps * self.duration_step_ms / 1000 * billed_mb / 1024

    def express(self, seconds: float, memory_mb: float = 1.0) -> float:
        """Return what an EXPRESS execution costs: its request, its duration and memory."""
        return self.request + self.billed_gb_seconds(seconds, memory_mb) * self.gb_second


@lru_cache(maxsize=1)
def price_list() -> dict[str, Any]:
    """Return the whole list, as the file has it."""
    place = next((place for place in PLACES if place.is_file()), PLACES[0])
    found: dict[str, Any] = json.loads(place.read_bytes())
    return found


def regions() -> list[str]:
    """Return the regions whose prices are listed."""
    return list(price_list()["regions"])


def prices_of(region: str) -> Prices:
    """Return the prices of a region; raises UnknownRegion."""
    listed = price_list()
    if region not in listed["regions"]:
        raise UnknownRegion(region)
    found = {
        f"{service}.{name}": Price(source=said["source"], **price)
        for service, said in listed["regions"][region].items()
        for name, price in said.items()
        if isinstance(price, dict) and "usd" in price
    }
    return Prices(region, listed["read_on"], found)


def step_functions_prices(region: str = DEFAULT_REGION) -> StepFunctionsPrices:
    """Return the prices of a region; of DEFAULT_REGION, which they name, where the list has not this one."""
    region = region if region in regions() else DEFAULT_REGION
    prices = prices_of(region)
    steps = price_list()["regions"][region]["step_functions"]["express_steps"]
    return StepFunctionsPrices(
        region=region,
        read_on=prices.read_on,
        source=prices["step_functions.state_transitions"].source,
        transition=prices["step_functions.state_transitions"].each,
        request=prices["step_functions.express_requests"].each,
        gb_second=prices["step_functions.express_gb_seconds"].each,
        memory_step_mb=steps["memory_mb"],
        duration_step_ms=steps["duration_ms"],
    )
